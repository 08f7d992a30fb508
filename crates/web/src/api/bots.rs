//! The voice bots there are: what they say, and what they may do. Their files are their authors'; here they are read.

pub(crate) mod spec;

use super::{Mine, Named, json, not_found};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use trunkline_core::bot::{Bot, Limits, Person, Tool};
use trunkline_core::script::{ScriptName, Template};
use trunkline_engine::BotInfo;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Bots")]
struct BotsJson<'a> {
    bots: Vec<BotJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Bot")]
struct BotJson<'a> {
    name: &'a str,
    /// Why its file can't be read as it stands; the last good version is used meanwhile, if there was one.
    problem: Option<&'a str>,
    /// What is used; null: nothing of it could be read yet.
    definition: Option<DefinitionJson<'a>>,
}

/// A bot as it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BotDefinition")]
struct DefinitionJson<'a> {
    /// The hash of its file: a live call goes on with the version it began with.
    version: String,
    title: &'a str,
    /// What it speaks, as a tag.
    language: &'a str,
    voice: Option<&'a str>,
    instructions: &'a str,
    /// Said first.
    disclosure: &'a str,
    /// Said after that, to somebody whose appointment is known.
    greeting: &'a str,
    greeting_unknown: Option<&'a str>,
    tools: &'a BTreeSet<Tool>,
    transfer_to: &'a [Person],
    limits: Limits,
    /// Whether its talks are recorded, which the disclosure says.
    record: bool,
    fallback_script: Option<&'a str>,
}

impl<'a> BotJson<'a> {
    fn of(info: &'a BotInfo) -> Self {
        Self {
            name: &info.name,
            problem: info.problem.as_deref(),
            definition: info.bot.as_deref().map(DefinitionJson::of),
        }
    }
}

impl<'a> DefinitionJson<'a> {
    fn of(bot: &'a Bot) -> Self {
        Self {
            version: bot.version.to_string(),
            title: &bot.title,
            language: bot.language.as_str(),
            voice: bot.voice.as_deref(),
            instructions: bot.instructions.as_str(),
            disclosure: &bot.disclosure,
            greeting: bot.greeting.as_str(),
            greeting_unknown: bot.greeting_unknown.as_ref().map(Template::as_str),
            tools: &bot.tools,
            transfer_to: &bot.transfer_to,
            limits: bot.limits,
            record: bot.records,
            fallback_script: bot.fallback_script.as_ref().map(ScriptName::as_str),
        }
    }
}

/// `GET /api/bots`
pub(crate) async fn list(State(web): State<Arc<Web>>, Mine(desk): Mine) -> Response {
    let bots = web.engine.bots(desk.tenant());
    json(StatusCode::OK, &BotsJson { bots: bots.iter().map(BotJson::of).collect() })
}

/// `GET /api/bots/{name}`
pub(crate) async fn show(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    let bots = web.engine.bots(desk.tenant());
    let found = bots.iter().find(|bot| bot.name == name).ok_or_else(not_found)?;
    Ok(json(StatusCode::OK, &BotJson::of(found)))
}
