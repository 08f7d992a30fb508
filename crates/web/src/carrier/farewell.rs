//! The last words of this room: when no step can be told from a request, and when something of ours broke.

use crate::web::Web;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use trunkline_carriers::Dialect;
use trunkline_carriers::voice::{Document, page};
use trunkline_core::id::AccountId;
use trunkline_core::script::{Language, Page};

/// Writes a voice document as the carrier reads it. Always 200: whatever went wrong, a person is to hear it.
pub(super) fn speak(account: &AccountId, document: &Document) -> Response {
    let text = document.to_xml(Dialect::of(account));
    let mut response = (StatusCode::OK, text).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    response
}

/// Good-bye, then the line is closed.
pub(super) fn goodbye(web: &Web, account: &AccountId) -> Response {
    speak(account, &page::closing(&Page::goodbye(&language(web))))
}

/// An apology, then the line is closed.
pub(crate) fn apology(web: &Web, account: &AccountId) -> Response {
    speak(account, &page::closing(&Page::apology(&language(web))))
}

/// What most calls of this server are spoken in, as far as one can tell without a call.
fn language(web: &Web) -> Language {
    let first = web.engine.scripts().into_iter().next();
    first.and_then(|script| script.language.parse().ok()).unwrap_or_else(Language::english)
}
