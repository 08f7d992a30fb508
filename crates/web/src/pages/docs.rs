//! The reference of the API for people: the OpenAPI document and the list of errors, as pages. No key is needed: it says
//! how this program is used, and nothing of what this server holds.

use super::frame::{Frame, Section};
use super::texts::Texts;
use super::{page, texts_of};
use crate::code::Code;
use crate::openapi::{REFERENCE, Reference};
use askama::Template;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    frame: Frame,
    t: Texts,
    reference: &'static Reference,
}

#[derive(Template)]
#[template(path = "docs_errors.html")]
struct ErrorsPage {
    frame: Frame,
    t: Texts,
    codes: &'static [Code],
}

/// `GET /docs`
pub(crate) async fn show(headers: HeaderMap) -> Response {
    let t = texts_of(&headers);
    let frame = Frame::plain(t, "/docs", Section::None);
    page(StatusCode::OK, &DocsPage { frame, t, reference: &REFERENCE })
}

/// `GET /docs/errors`
pub(crate) async fn errors(headers: HeaderMap) -> Response {
    let t = texts_of(&headers);
    let frame = Frame::plain(t, "/docs/errors", Section::None);
    page(StatusCode::OK, &ErrorsPage { frame, t, codes: Code::ALL })
}
