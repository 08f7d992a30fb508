//! `/softphone`: a page that places and takes calls between users of an app, small enough to copy. It holds nothing of this server:
//! whoever opens it needs a user's token to do anything.

use super::frame::{Frame, Section};
use super::texts::Texts;
use super::{page, texts_of};
use askama::Template;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

#[derive(Template)]
#[template(path = "softphone.html")]
struct SoftphonePage {
    frame: Frame,
    t: Texts,
}

/// `GET /softphone`
pub(crate) async fn show(headers: HeaderMap) -> Response {
    let t = texts_of(&headers);
    page(StatusCode::OK, &SoftphonePage { frame: Frame::plain(t, "/softphone", Section::None), t })
}
