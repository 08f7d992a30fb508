//! Numbers never to dial.

use super::fields::Fields;
use super::{json, read};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct SuppressionJson<'a> {
    number: &'a str,
    reason: &'a str,
}

/// `POST /api/suppressions`: always accepted, also with the database away.
pub(crate) async fn add(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    let body = read(&web, request).await?;
    let mut fields = Fields::read(&body)?;
    let number = fields.text(&["number"])?.ok_or_else(|| Problem::field("number", "is missing"))?;
    let reason = fields.text(&["reason"])?.unwrap_or_else(|| "asked by a client".to_owned());
    fields.none_left()?;
    web.engine.suppress(&number, &reason).await?;
    Ok(json(StatusCode::CREATED, &SuppressionJson { number: &number, reason: &reason }))
}
