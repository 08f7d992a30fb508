//! Refusals, with Twilio's codes and body.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RestError {
    pub(crate) http: StatusCode,
    pub(crate) code: u32,
    pub(crate) message: String,
}

impl RestError {
    pub(crate) const UNAUTHORIZED: Self =
        Self { http: StatusCode::UNAUTHORIZED, code: 20_003, message: String::new() };

    /// A request that is wrong in itself.
    pub(crate) fn bad(code: u32, message: impl Into<String>) -> Self {
        Self { http: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        let message = format!("The requested resource {what} was not found");
        Self { http: StatusCode::NOT_FOUND, code: 20_404, message }
    }

    pub(crate) fn throttled() -> Self {
        Self { http: StatusCode::TOO_MANY_REQUESTS, code: 20_429, message: "Too Many Requests".into() }
    }

    pub(crate) fn server_error() -> Self {
        Self {
            http: StatusCode::INTERNAL_SERVER_ERROR,
            code: 20_500,
            message: "An internal server error has occurred".into(),
        }
    }

    pub(crate) fn unavailable() -> Self {
        Self { http: StatusCode::SERVICE_UNAVAILABLE, code: 20_503, message: "Service unavailable".into() }
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let message = if self.code == 20_003 { "Authenticate" } else { &self.message };
        let body = json!({
            "code": self.code,
            "message": message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.http.as_u16(),
        });
        (self.http, Json(body)).into_response()
    }
}
