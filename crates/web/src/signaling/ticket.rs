//! A ticket for one socket of a user: a token that lives long has no business in an address.

use crate::api::{AsUser, json};
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;

use crate::live::ticket::TicketJson;
use crate::user_tokens::UserToken;

/// `POST /api/calls/ticket`
pub(crate) async fn sell(
    State(web): State<Arc<Web>>,
    AsUser(_): AsUser,
    Extension(token): Extension<UserToken>,
) -> Result<Response, Problem> {
    let (ticket, expires_at) = web.user_tickets.sell(&web.access, token, web.next_serial(), web.engine.now());
    Ok(json(StatusCode::CREATED, &TicketJson { ticket, expires_at }))
}
