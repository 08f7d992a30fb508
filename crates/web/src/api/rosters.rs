//! Who is in a conversation of an app's users, and whom a user blocks. Members are the tenant's software to say; whom a user blocks they
//! say themselves, or the tenant's software for them.

pub(crate) mod spec;

use super::fields::Fields;
use super::{Asker, Mine, Named, json, not_found, read};
use crate::asking;
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use trunkline_core::id::{AppUserId, ConversationId};
use trunkline_core::roster::{Change, Roster};
use trunkline_engine::{Desk, RosterError};

/// What is said wherever a user's name can't be one.
const NO_USER: &str = "give 1 to 128 characters, without control characters and space around it";

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Members")]
struct MembersJson<'a> {
    conversation_id: &'a str,
    /// The users, in the order of their names.
    members: Vec<&'a str>,
    /// Counted up with every change.
    version: u64,
    updated_at: Timestamp,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Blocks")]
struct BlocksJson<'a> {
    /// Who blocks.
    user_id: &'a str,
    /// Whom, in the order of their names.
    blocked: Vec<&'a str>,
    /// When it was changed last; null: never.
    updated_at: Option<Timestamp>,
}

fn names(roster: &Roster) -> Vec<&str> {
    roster.users.iter().map(AppUserId::as_str).collect()
}

/// `GET /api/conversations/{id}/members`
pub(crate) async fn members(
    Mine(desk): Mine,
    Named(conversation): Named<String>,
) -> Result<Response, Problem> {
    let known = ConversationId::parse(&conversation).and_then(|id| desk.members(&id));
    let roster = known.ok_or_else(|| not_found().detail("nobody has said who is in this conversation"))?;
    Ok(shown(&conversation, &roster))
}

/// `PUT /api/conversations/{id}/members`
pub(crate) async fn set_members(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(conversation): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = ConversationId::parse(&conversation).ok_or_else(not_found)?;
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let users = match fields.take(&["members"]) {
        Some(Value::Array(users)) => users.into_iter().map(user).collect::<Option<BTreeSet<_>>>(),
        Some(_) => return Err(Problem::field("members", "must be a list")),
        None => return Err(Problem::field("members", "is missing")),
    };
    fields.none_left()?;
    let users = users.ok_or_else(|| Problem::field("members", &format!("of each: {NO_USER}")))?;
    let roster = desk.set_members(id, users).await?;
    Ok(shown(&conversation, &roster))
}

fn shown(conversation: &str, roster: &Roster) -> Response {
    let body = MembersJson {
        conversation_id: conversation,
        members: names(roster),
        version: roster.version,
        updated_at: roster.updated_at,
    };
    json(StatusCode::OK, &body)
}

/// A name that some apps have as a number.
fn user(name: Value) -> Option<AppUserId> {
    match name {
        Value::String(name) => AppUserId::parse(&name),
        Value::Number(number) if number.is_u64() => AppUserId::parse(&number.to_string()),
        _ => None,
    }
}

/// `GET /api/blocks`
pub(crate) async fn blocks(asker: Asker, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let (desk, user) = whose(&asker, query.as_deref())?;
    Ok(told(&user, desk.blocked_by(&user).as_deref()))
}

/// `PUT /api/blocks/{user}`
pub(crate) async fn block(
    State(web): State<Arc<Web>>,
    asker: Asker,
    Named(other): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (desk, user) = whose(&asker, query.as_deref())?;
    let other = AppUserId::parse(&other).ok_or_else(not_found)?;
    if other == user {
        return Err(Problem::new(Code::InvalidQuery).detail("nobody can block themselves"));
    }
    is_not_too_often(&web, &asker)?;
    let roster = desk.block(user.clone(), Change::With(other)).await?;
    Ok(told(&user, Some(&roster)))
}

/// `DELETE /api/blocks/{user}`
pub(crate) async fn unblock(
    State(web): State<Arc<Web>>,
    asker: Asker,
    Named(other): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (desk, user) = whose(&asker, query.as_deref())?;
    let other = AppUserId::parse(&other).ok_or_else(not_found)?;
    // Who never blocked anybody gets no roster by unblocking.
    if desk.blocked_by(&user).is_some_and(|roster| roster.users.contains(&other)) {
        is_not_too_often(&web, &asker)?;
        desk.block(user, Change::Without(other)).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A user's change is written down whole: who makes them all day long waits. With a key it is the tenant's software.
fn is_not_too_often(web: &Web, asker: &Asker) -> Result<(), Problem> {
    let Asker::User(desk) = asker else { return Ok(()) };
    let mark = format!("{}/{}", desk.user().tenant, desk.user().id.as_str());
    let standing = web.asking.to_block(&mark, web.engine.now());
    match standing.wait {
        Some(wait) => Err(asking::too_often(&standing, wait)),
        None => Ok(()),
    }
}

fn told(user: &AppUserId, roster: Option<&Roster>) -> Response {
    let body = BlocksJson {
        user_id: user.as_str(),
        blocked: roster.map(names).unwrap_or_default(),
        updated_at: roster.map(|roster| roster.updated_at),
    };
    json(StatusCode::OK, &body)
}

/// Whose list is meant: a user's own, or with a key the one that the query names.
fn whose(asker: &Asker, query: Option<&str>) -> Result<(Desk, AppUserId), Problem> {
    let mut named = None;
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "user_id" => named = Some(value.into_owned()),
            other => return Err(Problem::query(other, "means nothing here")),
        }
    }
    match (asker, named) {
        (Asker::User(desk), None) => Ok((desk.tenants(), desk.user().id.clone())),
        (Asker::User(_), Some(_)) => {
            Err(Problem::query("user_id", "a user's token names its own list; leave it out"))
        }
        (Asker::Key(desk), Some(named)) => {
            let user = AppUserId::parse(&named).ok_or_else(|| Problem::query("user_id", NO_USER))?;
            Ok((desk.clone(), user))
        }
        (Asker::Key(_), None) => Err(Problem::query("user_id", "is missing: say whose list is meant")),
    }
}

impl From<RosterError> for Problem {
    fn from(error: RosterError) -> Self {
        match error {
            RosterError::TooMany(_) | RosterError::Full { .. } => {
                Self::new(Code::RosterFull).detail(error.to_string())
            }
            RosterError::Conflict => Self::new(Code::Conflict).detail(error.to_string()),
            RosterError::Journal(error) => error.into(),
        }
    }
}
