//! Numbers never to dial.

pub(crate) mod spec;

use super::fields::Fields;
use super::{Mine, json, read};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SuppressionAdded")]
struct AddedJson<'a> {
    number: &'a str,
    reason: &'a str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Suppressions")]
struct SuppressionsJson<'a> {
    suppressions: Vec<SuppressionJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Suppression")]
struct SuppressionJson<'a> {
    number: &'a str,
    reason: &'a str,
    since: Timestamp,
}

/// `POST /api/suppressions`: always accepted, also with the database away.
pub(crate) async fn add(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    request: Request,
) -> Result<Response, Problem> {
    let body = read(&web, request).await?;
    let mut fields = Fields::read(&body)?;
    let number = fields.text(&["number"])?.ok_or_else(|| Problem::field("number", "is missing"))?;
    let reason = fields.text(&["reason"])?.unwrap_or_else(|| "asked by a client".to_owned());
    fields.none_left()?;
    desk.suppress(&number, &reason).await?;
    Ok(json(StatusCode::CREATED, &AddedJson { number: &number, reason: &reason }))
}

/// `GET /api/suppressions`
pub(crate) async fn list(Mine(desk): Mine) -> Response {
    let all = desk.suppressions();
    let suppressions = all
        .iter()
        .map(|(number, reason, since)| SuppressionJson { number: number.reveal(), reason, since: *since })
        .collect();
    json(StatusCode::OK, &SuppressionsJson { suppressions })
}
