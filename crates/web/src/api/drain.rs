//! The end of service, asked for from outside.

pub(crate) mod spec;

use super::By;
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::State;
use http::StatusCode;
use std::sync::Arc;

/// `POST /api/drain`: no new calls from now on; those that live are finished. Watch `/readyz` for how far it is.
pub(crate) async fn drain(State(web): State<Arc<Web>>, By(caller): By) -> Result<StatusCode, Problem> {
    if !caller.runs_the_server() {
        return Err(Problem::new(Code::Forbidden).detail("this needs a key of the role system_admin"));
    }
    web.engine.drain().await;
    Ok(StatusCode::ACCEPTED)
}
