//! Reading calls: lists, one call, its history, its turns.

pub(crate) mod spec;

use super::call_json::{CallJson, carrier_of};
use super::query::Filters;
use super::turn_json::TurnsJson;
use super::{CallRef, Mine, Named, etag, json, no_such_call};
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
use trunkline_engine::{Desk, Entry, History, Scope};

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
pub(crate) async fn list(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    page(&desk, Filters::parse(query.as_deref().unwrap_or_default())?).await
}

/// `GET /api/calls/active`
pub(crate) async fn active(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let mut filters = Filters::parse(query.as_deref().unwrap_or_default())?;
    filters.query.active = Scope::Active;
    page(&desk, filters).await
}

async fn page(desk: &Desk, filters: Filters) -> Result<Response, Problem> {
    let listing = desk.calls(&filters.query).await?;
    let body = CallsJson {
        calls: listing
            .calls
            .iter()
            .filter(|call| filters.admits(call))
            .map(|call| CallJson::of(call))
            .collect(),
        next: listing.next.as_deref(),
        as_of: listing.as_of,
        history: &listing.history,
    };
    Ok(json(StatusCode::OK, &body))
}

/// `GET /api/calls/{id}`: who polls and has it as it is gets no body.
pub(crate) async fn show(
    Mine(desk): Mine,
    Named(id): Named<CallRef>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let call = find(&desk, &id).await?;
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
    Ok(json(StatusCode::OK, &TurnsJson::of(&call)))
}

/// `GET /api/calls/{id}/events`
pub(crate) async fn events(Mine(desk): Mine, Named(id): Named<CallRef>) -> Result<Response, Problem> {
    let history = desk.history(id.as_str()).await?.ok_or_else(no_such_call)?;
    Ok(json(StatusCode::OK, &EventsJson { events: &history }))
}

async fn find(desk: &Desk, id: &CallRef) -> Result<Arc<Call>, Problem> {
    desk.call(id.as_str()).await?.ok_or_else(no_such_call)
}

impl Filters {
    /// What the engine's query can't say: a page may come out shorter than its limit, and is still followed by `next`.
    fn admits(&self, call: &Call) -> bool {
        self.carrier.as_ref().is_none_or(|carrier| carrier_of(&call.account) == carrier)
    }
}
