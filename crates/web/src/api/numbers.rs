//! Our own numbers: whose they are, and what answers them. Whoever looks sees their tenant's.

pub(crate) mod spec;

use super::fields::Fields;
use super::{By, Named, etag, json, read};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trunkline_core::bot::BadBotName;
use trunkline_core::id::TenantId;
use trunkline_core::numbers::{AfterHours, Answer, Answering, OpeningHours};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::script::{Language, ScriptName};
use trunkline_core::window::Opening;
use trunkline_engine::{NewAnswering, NumberNovelty, NumberSource, OurNumber};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Numbers")]
struct NumbersJson<'a> {
    numbers: Vec<NumberJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Number")]
struct NumberJson<'a> {
    /// In E.164.
    number: &'a str,
    /// Whose calls those to it are.
    tenant: &'a TenantId,
    label: Option<&'a str>,
    /// The script that answers while it is open; null: it forwards.
    script: Option<&'a ScriptName>,
    /// The number that callers are put through to while it is open; null: a script answers.
    forward: Option<&'a str>,
    /// The bot that answers while it is open; null: a script does, or it forwards.
    bot: Option<&'a str>,
    /// When it is open; null: always.
    opening_hours: Option<&'a OpeningHours>,
    /// What answers at other times, and who is put through to nobody; null: a sentence that says so.
    after_hours: Option<AfterHoursJson<'a>>,
    /// Whether it is open now.
    open: bool,
    /// When that changes, if it does within a year.
    changes_at: Option<Timestamp>,
    /// Where it is said: numbers of the settings are changed there.
    source: NumberSource,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

/// What answers while it is closed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AfterHours")]
struct AfterHoursJson<'a> {
    /// What is said; in front of the script, if there is one.
    message: Option<&'a str>,
    /// In which language the message is said, as a tag; null: the script's.
    language: Option<&'a str>,
    /// The script that is run; null: the call ends.
    script: Option<&'a ScriptName>,
}

impl<'a> NumberJson<'a> {
    fn of(number: &'a OurNumber, now: Timestamp) -> Self {
        let Answering { answer, opening_hours, after_hours } = &number.answering;
        let (script, forward, bot) = match answer {
            Answer::Script(script) => (Some(script), None, None),
            Answer::Forward(to) => (None, Some(to.as_str()), None),
            Answer::Bot(bot) => (None, None, Some(bot.as_str())),
        };
        let (open, changes_at) = match opening_hours.as_ref().map(|hours| hours.opening(now)) {
            None => (true, None),
            Some(Opening::Open { until }) => (true, Some(until)),
            Some(Opening::OpensAt(at)) => (false, Some(at)),
            Some(Opening::Never(_)) => (false, None),
        };
        Self {
            number: number.number.as_str(),
            tenant: &number.tenant,
            label: number.label.as_deref(),
            script,
            forward,
            bot,
            opening_hours: opening_hours.as_ref(),
            after_hours: after_hours.as_ref().map(AfterHoursJson::from),
            open,
            changes_at,
            source: number.source,
            created_at: number.created_at,
            updated_at: number.updated_at,
        }
    }
}

impl<'a> From<&'a AfterHours> for AfterHoursJson<'a> {
    fn from(after: &'a AfterHours) -> Self {
        Self {
            message: after.message.as_deref(),
            language: after.language.as_ref().map(Language::as_str),
            script: after.script.as_ref(),
        }
    }
}

/// `GET /api/numbers?tenant=…`
pub(crate) async fn list(
    State(web): State<Arc<Web>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let numbers = web.engine.numbers(&caller, super::tenancy::of(query.as_deref())?.as_ref())?;
    let now = web.engine.now();
    let numbers = numbers.iter().map(|number| NumberJson::of(number, now)).collect();
    Ok(json(StatusCode::OK, &NumbersJson { numbers }))
}

/// `GET /api/numbers/{number}`
pub(crate) async fn show(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(number): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let number = web.engine.number(&caller, &number)?;
    let body = serde_json::to_vec(&NumberJson::of(&number, web.engine.now()))
        .map_err(|_| Problem::new(Code::Internal))?;
    let version = etag::of(&body);
    let about = [(ETAG, version.clone()), (CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    if etag::is_known(&headers, &version) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    Ok((about, [(CONTENT_TYPE, "application/json")], body).into_response())
}

/// `PUT /api/numbers/{number}`: all that is said of it; what is left out is no more.
pub(crate) async fn set(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(number): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let asked = asked(&web, &mut fields)?;
    fields.none_left()?;
    let (number, novelty) = web.engine.set_number(&caller, &number, asked).await?;
    let status = match novelty {
        NumberNovelty::New => StatusCode::CREATED,
        NumberNovelty::Changed => StatusCode::OK,
    };
    Ok(json(status, &NumberJson::of(&number, web.engine.now())))
}

/// `DELETE /api/numbers/{number}`
pub(crate) async fn remove(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(number): Named<String>,
) -> Result<Response, Problem> {
    web.engine.remove_number(&caller, &number).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn asked(web: &Web, fields: &mut Fields) -> Result<NewAnswering, Problem> {
    let answer = match (fields.text(&["script"])?, fields.text(&["forward"])?, fields.text(&["bot"])?) {
        (Some(script), None, None) => Answer::Script(named("script", &script)?),
        (None, None, Some(bot)) => {
            let bot = bot.parse().map_err(|bad: BadBotName| Problem::field("bot", &bad.to_string()));
            Answer::Bot(bot?)
        }
        (None, Some(to), None) => {
            let parsed = PhoneNumber::parse(&to, web.engine.config().default_country);
            Answer::Forward(parsed.map_err(|bad| Problem::field("forward", &bad.to_string()))?.number)
        }
        (None, None, None) => {
            return Err(Problem::field("script", "is missing: give script, forward or bot"));
        }
        _ => return Err(Problem::field("forward", "give one of script, forward and bot")),
    };
    let opening_hours = nested::<OpeningHours>(fields, "opening_hours")?;
    let after_hours =
        nested::<AskedAfterHours>(fields, "after_hours")?.map(AfterHours::try_from).transpose()?;
    Ok(NewAnswering {
        tenant: fields.text(&["tenant"])?.map(TenantId::new),
        label: fields.text(&["label"])?,
        answering: Answering { answer, opening_hours, after_hours },
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedAfterHours {
    message: Option<String>,
    language: Option<String>,
    script: Option<String>,
}

impl TryFrom<AskedAfterHours> for AfterHours {
    type Error = Problem;

    fn try_from(asked: AskedAfterHours) -> Result<Self, Problem> {
        let language = asked.language.map(|tag| tag.parse::<Language>()).transpose();
        Ok(Self {
            message: asked.message,
            language: language.map_err(|bad| Problem::field("after_hours", &bad.to_string()))?,
            script: asked.script.map(|name| named("after_hours", &name)).transpose()?,
        })
    }
}

fn named(field: &'static str, name: &str) -> Result<ScriptName, Problem> {
    name.parse().map_err(|bad: trunkline_core::script::BadScriptName| Problem::field(field, &bad.to_string()))
}

fn nested<T: serde::de::DeserializeOwned>(
    fields: &mut Fields,
    name: &'static str,
) -> Result<Option<T>, Problem> {
    let read = fields.take(&[name]).map(serde_json::from_value).transpose();
    read.map_err(|error| Problem::field(name, &error.to_string()))
}
