//! The end of service, asked for from outside.

pub(crate) mod spec;

use crate::web::Web;
use axum::extract::State;
use http::StatusCode;
use std::sync::Arc;

/// `POST /api/drain`: no new calls from now on; those that live are finished. Watch `/readyz` for how far it is.
pub(crate) async fn drain(State(web): State<Arc<Web>>) -> StatusCode {
    web.engine.drain().await;
    StatusCode::ACCEPTED
}
