//! A sweep, asked for from outside: every live call is asked about at the carrier now.

pub(crate) mod spec;

use super::fields::Fields;
use super::{json, read};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::Value;
use std::sync::Arc;
use trunkline_engine::Sweeping;

/// `POST /api/recover`: what the server does by itself at its start and when a call has been silent for too long.
/// `{"dry_run": true}` only asks and counts.
pub(crate) async fn recover(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let how = match fields.take(&["dry_run"]) {
        Some(Value::Bool(true)) => Sweeping::Looking,
        Some(Value::Bool(false)) | None => Sweeping::Closing,
        Some(_) => return Err(Problem::field("dry_run", "give true or false")),
    };
    fields.none_left()?;
    Ok(json(StatusCode::OK, &web.engine.sweep(how).await))
}
