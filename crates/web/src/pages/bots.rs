//! The page of bots: what each says and may do, and what is wrong with its file.

use super::frame::{Frame, Section};
use super::show::Pill;
use super::texts::Texts;
use super::{Reader, page};
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;
use trunkline_core::bot::{Bot, Tool};
use trunkline_core::script::ScriptName;
use trunkline_engine::BotInfo;

#[derive(Template)]
#[template(path = "bots.html")]
struct BotsPage {
    frame: Frame,
    t: Texts,
    bots: Vec<BotView>,
}

struct BotView {
    name: String,
    pill: Pill,
    problem: Option<String>,
    definition: Option<DefinitionView>,
}

struct DefinitionView {
    title: String,
    version: String,
    language: String,
    voice: Option<String>,
    opening: String,
    instructions: String,
    tools: String,
    transfer: String,
    limits: String,
    fallback: String,
}

/// `GET /bots`
pub(crate) async fn list(State(web): State<Arc<Web>>, reader: Reader) -> Response {
    let t = reader.t;
    let bots = web.engine.bots(reader.desk.tenant()).iter().map(|bot| BotView::of(t, bot)).collect();
    let frame = Frame::of(&web, &reader, Section::Bots).await;
    page(StatusCode::OK, &BotsPage { frame, t, bots })
}

impl BotView {
    fn of(t: Texts, info: &BotInfo) -> Self {
        let (tone, word) =
            if info.problem.is_none() { ("is-good", "bots-well") } else { ("is-bad", "bots-broken") };
        Self {
            name: info.name.clone(),
            pill: Pill { tone, text: t.get(word) },
            problem: info.problem.clone(),
            definition: info.bot.as_deref().map(|bot| DefinitionView::of(t, bot)),
        }
    }
}

impl DefinitionView {
    fn of(t: Texts, bot: &Bot) -> Self {
        let may: Vec<String> = bot
            .tools
            .iter()
            .filter(|tool| **tool != Tool::EndCall)
            .map(|tool| t.get(&format!("tool-{}", tool.as_str())))
            .collect();
        let people: Vec<&str> = bot.transfer_to.iter().map(|person| person.name.as_str()).collect();
        let limits = &bot.limits;
        let words = [
            ("seconds", limits.seconds.to_string()),
            ("turns", limits.turns.to_string()),
            ("tools", limits.tool_calls.to_string()),
        ];
        let words: Vec<(&str, &str)> = words.iter().map(|(name, word)| (*name, word.as_str())).collect();
        Self {
            title: bot.title.clone(),
            version: bot.version.to_string(),
            language: bot.language.to_string(),
            voice: bot.voice.clone(),
            opening: format!("{} {}", bot.disclosure, bot.greeting.as_str()),
            instructions: bot.instructions.as_str().to_owned(),
            tools: if may.is_empty() { t.get("bots-nothing") } else { may.join(", ") },
            transfer: people.join(", "),
            limits: t.with_all("bots-limit-text", &words),
            fallback: bot
                .fallback_script
                .as_ref()
                .map_or_else(|| t.get("bots-message"), |script| ScriptName::as_str(script).to_owned()),
        }
    }
}
