//! The carrier's REST API, `/2010-04-01/Accounts/{AccountSid}/…`, as Twilio's own client libraries speak it; Telnyx's is
//! in `telnyx.rs` (TeXML, the application, the numbers) and `call_control.rs`, over the same calls.
//!
//! One file for each resource; who may ask is decided here, before any of them.

mod call_control;
mod calls;
mod create;
mod error;
mod form;
mod list;
mod numbers;
mod recordings;
mod telnyx;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::exchange::Exchange;
use crate::faults::{FaultKind, Moment};
use crate::mouth::Mouth;
use crate::rest::error::RestError;

const API_VERSION: &str = "2010-04-01";

/// All routes of the API.
pub(crate) fn router(exchange: Arc<Exchange>) -> Router {
    match exchange.mouth {
        Mouth::Twilio => twilio(exchange),
        Mouth::Telnyx => telnyx::router(exchange),
    }
}

fn twilio(exchange: Arc<Exchange>) -> Router {
    Router::new()
        .route("/2010-04-01/Accounts/{account}", get(account))
        .route("/2010-04-01/Accounts/{account}/Calls.json", get(list::calls).post(create::call))
        .route("/2010-04-01/Accounts/{account}/Calls/{call}", get(calls::fetch).post(calls::update))
        .route("/2010-04-01/Accounts/{account}/Calls/{call}/Recordings.json", get(recordings::of_call))
        .route("/2010-04-01/Accounts/{account}/Recordings/{recording}", get(recordings::fetch))
        .route("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json", get(numbers::list))
        .route(
            "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{number}",
            get(numbers::fetch).post(numbers::update),
        )
        .fallback(async || RestError::not_found("resource"))
        .layer(middleware::from_fn_with_state(Arc::clone(&exchange), admit))
        .with_state(exchange)
}

/// Lets in who has the account's credentials and asks for that account.
async fn admit(State(exchange): State<Arc<Exchange>>, request: Request, next: Next) -> Response {
    if let Some(FaultKind::SlowAnswers { millis }) = exchange.faults.strike(Moment::Rest, "*", None) {
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
    }
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if !header.is_some_and(|header| is_ours(&exchange, header)) {
        return RestError::UNAUTHORIZED.into_response();
    }
    let account = request.uri().path().split('/').nth(3).map(|part| part.trim_end_matches(".json"));
    if account != Some(exchange.account_sid.as_str()) {
        return RestError::not_found("account").into_response();
    }
    next.run(request).await
}

fn is_ours(exchange: &Exchange, header: &str) -> bool {
    let credentials = header.strip_prefix("Basic ").and_then(|encoded| STANDARD.decode(encoded.trim()).ok());
    credentials
        .is_some_and(|given| given == format!("{}:{}", exchange.account_sid, exchange.auth_token).as_bytes())
}

async fn account(State(exchange): State<Arc<Exchange>>, Path(_): Path<String>) -> Response {
    Json(json!({
        "sid": exchange.account_sid,
        "owner_account_sid": exchange.account_sid,
        "friendly_name": "Simulated account",
        "status": "active",
        "type": "Full",
        "auth_token": null,
        "date_created": null,
        "date_updated": null,
        "uri": format!("/{API_VERSION}/Accounts/{}.json", exchange.account_sid),
        "subresource_uris": {},
    }))
    .into_response()
}

/// The id in a path's last part, without the extension that clients add.
fn sid_of(part: &str) -> &str {
    part.strip_suffix(".json").unwrap_or(part)
}
