//! Reading calls: lists, one call, its history, its turns.

pub(crate) mod spec;

use super::call_json::CallJson;
use super::query;
use super::turn_json::TurnsJson;
use super::{Asker, CallRef, Mine, Named, etag, json, no_such_call};
use crate::problem::{Code, Problem};
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use trunkline_core::call::Call;
use trunkline_core::id::AccountId;
use trunkline_engine::{Desk, Entry, History, Listing, Query, Scope};

/// A page of calls.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CallPage")]
struct CallsJson<'a> {
    calls: Vec<CallJson<'a>>,
    /// What to send as `cursor` for the page after; null on the last.
    next: Option<&'a str>,
    as_of: Timestamp,
    #[serde(flatten)]
    history: &'a History,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Events")]
struct EventsJson<'a> {
    events: &'a [Entry],
}

/// `GET /api/calls`
pub(crate) async fn list(asker: Asker, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = query.as_deref().unwrap_or_default();
    match asker {
        Asker::Key(desk) => page(&desk, &of_tenant(query)?).await,
        Asker::User(desk) => {
            let (with, rest) = query::with(query)?;
            let asked = query::parse(&rest)?;
            let listing = match with {
                Some(other) => desk.calls_with(&other, &asked).await?,
                None => desk.calls(&asked).await?,
            };
            Ok(written(&listing))
        }
    }
}

/// `GET /api/calls/active`
pub(crate) async fn active(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let asked = of_tenant(query.as_deref().unwrap_or_default())?;
    page(&desk, &Query { active: Scope::Active, ..asked }).await
}

/// What a tenant's software asks: calls of a user of its app are calls between users.
fn of_tenant(query: &str) -> Result<Query, Problem> {
    let (with, rest) = query::with(query)?;
    let asked = query::parse(&rest)?;
    Ok(match with {
        Some(user) => {
            let number = Some(user.as_str().to_owned());
            Query { number, carrier: Some(AccountId::APP.to_owned()), ..asked }
        }
        None => asked,
    })
}

async fn page(desk: &Desk, query: &Query) -> Result<Response, Problem> {
    Ok(written(&desk.calls(query).await?))
}

fn written(listing: &Listing) -> Response {
    let body = CallsJson {
        calls: listing.calls.iter().map(|call| CallJson::of(call)).collect(),
        next: listing.next.as_deref(),
        as_of: listing.as_of,
        history: &listing.history,
    };
    json(StatusCode::OK, &body)
}

/// `GET /api/calls/{id}`: who polls and has it as it is gets no body.
pub(crate) async fn show(
    asker: Asker,
    Named(id): Named<CallRef>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let call = match asker {
        Asker::Key(desk) => find(&desk, &id).await?,
        Asker::User(desk) => desk.call(id.as_str()).await?.ok_or_else(no_such_call)?,
    };
    let body = serde_json::to_vec(&CallJson::of(&call)).map_err(|_| Problem::new(Code::Internal))?;
    let version = etag::of(&body);
    // It may be kept, and is asked for each time: a call changes at any moment.
    let about = [(ETAG, version.clone()), (CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    if etag::is_known(&headers, &version) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    Ok((about, [(CONTENT_TYPE, "application/json")], body).into_response())
}

/// `GET /api/calls/{id}/turns`
pub(crate) async fn turns(Mine(desk): Mine, Named(id): Named<CallRef>) -> Result<Response, Problem> {
    let call = find(&desk, &id).await?;
    Ok(json(StatusCode::OK, &TurnsJson::of(&call, desk.now())))
}

/// `GET /api/calls/{id}/events`
pub(crate) async fn events(Mine(desk): Mine, Named(id): Named<CallRef>) -> Result<Response, Problem> {
    let history = desk.history(id.as_str()).await?.ok_or_else(no_such_call)?;
    Ok(json(StatusCode::OK, &EventsJson { events: &history }))
}

async fn find(desk: &Desk, id: &CallRef) -> Result<Arc<Call>, Problem> {
    desk.call(id.as_str()).await?.ok_or_else(no_such_call)
}
