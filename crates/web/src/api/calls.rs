//! Reading calls: lists, one call, its history, its turns.

use super::call_json::CallJson;
use super::query;
use super::turn_json::TurnsJson;
use super::{CallRef, Mine, Named, json, no_such_call};
use crate::problem::Problem;
use axum::extract::RawQuery;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use trunkline_core::call::Call;
use trunkline_engine::{Desk, Entry, History, Query, Scope};

/// A page of calls.
#[derive(Serialize)]
struct CallsJson<'a> {
    calls: Vec<CallJson<'a>>,
    /// What to send as `cursor` for the page after; null on the last.
    next: Option<&'a str>,
    as_of: Timestamp,
    #[serde(flatten)]
    history: &'a History,
}

#[derive(Serialize)]
struct EventsJson<'a> {
    events: &'a [Entry],
}

/// `GET /api/calls`
pub(crate) async fn list(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    page(&desk, &query::parse(query.as_deref().unwrap_or_default())?).await
}

/// `GET /api/calls/active`
pub(crate) async fn active(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let asked = query::parse(query.as_deref().unwrap_or_default())?;
    page(&desk, &Query { active: Scope::Active, ..asked }).await
}

async fn page(desk: &Desk, query: &Query) -> Result<Response, Problem> {
    let listing = desk.calls(query).await?;
    let body = CallsJson {
        calls: listing.calls.iter().map(|call| CallJson::of(call)).collect(),
        next: listing.next.as_deref(),
        as_of: listing.as_of,
        history: &listing.history,
    };
    Ok(json(StatusCode::OK, &body))
}

/// `GET /api/calls/{id}`
pub(crate) async fn show(Mine(desk): Mine, Named(id): Named<CallRef>) -> Result<Response, Problem> {
    let call = find(&desk, &id).await?;
    Ok(json(StatusCode::OK, &CallJson::of(&call)))
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
