//! Somebody's own account: changing the password they sign in with.

use super::frame::{Frame, Section};
use super::login::{self, keep_session};
use super::session::Session;
use super::texts::Texts;
use super::{Reader, forgery, page};
use crate::access::{self, Admitted};
use crate::api::not_found;
use crate::asking::secs;
use crate::door::Peer;
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{Redirect, Response};
use http::StatusCode;
use std::sync::Arc;
use trunkline_core::id::UserId;
use trunkline_core::private::Private;
use trunkline_core::tenancy::PASSWORD_CHARS_MIN;
use trunkline_engine::TenancyError;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    t: Texts,
    error: Option<String>,
    least: usize,
}

/// `GET /account`
pub(crate) async fn show(State(web): State<Arc<Web>>, reader: Reader) -> Response {
    match person(&reader) {
        Ok(_) => form(&web, &reader, StatusCode::OK, None).await,
        Err(problem) => reader.trouble(&web, &problem).await,
    }
}

/// `POST /account`: the session goes on under another name, and all others of the old password end.
pub(crate) async fn change(
    State(web): State<Arc<Web>>,
    Extension(Peer(peer)): Extension<Peer>,
    reader: Reader,
    request: Request,
) -> Response {
    match changed(&web, peer, &reader, request).await {
        Ok(Ok(session)) => keep_session(&web, &session, Redirect::to("/")),
        Ok(Err((status, error))) => form(&web, &reader, status, Some(error)).await,
        Err(problem) => reader.trouble(&web, &problem).await,
    }
}

/// The new session; or what is to be said on the form.
async fn changed(
    web: &Web,
    peer: std::net::IpAddr,
    reader: &Reader,
    request: Request,
) -> Result<Result<Session, (StatusCode, String)>, Problem> {
    let fields = forgery::form(web, &reader.session, request).await?;
    let user = person(reader)?;
    let [old, new, again] = ["old", "new", "again"].map(|name| fields.whole(name).to_owned());
    let t = reader.t;
    if new != again {
        return Ok(Err((StatusCode::BAD_REQUEST, t.get("account-not-the-same"))));
    }
    let now = web.engine.now();
    // Whoever sits down at an open page must not guess here what they can't guess at the door.
    if let Err(wait) = web.asking.guess(peer, Some(user.as_str()), now) {
        let said = t.with("login-too-many", "secs", &secs(wait).to_string());
        return Ok(Err((StatusCode::TOO_MANY_REQUESTS, said)));
    }
    match web.engine.change_password(&user, Private::new(old), Private::new(new)).await {
        Ok(person) => {
            web.asking.was_right(peer, Some(user.as_str()));
            Ok(Ok(login::session(web, &Admitted::from(person))?))
        }
        Err(TenancyError::WrongPassword) => Ok(Err((StatusCode::FORBIDDEN, t.get("account-wrong")))),
        Err(TenancyError::Invalid { .. }) => {
            web.asking.was_right(peer, Some(user.as_str()));
            Ok(Err((
                StatusCode::BAD_REQUEST,
                t.with("account-too-weak", "least", &PASSWORD_CHARS_MIN.to_string()),
            )))
        }
        Err(error) => Err(error.into()),
    }
}

/// Who is signed in, if it is a person: a key has no password.
fn person(reader: &Reader) -> Result<UserId, Problem> {
    access::user(reader.session.mark()).ok_or_else(not_found)
}

async fn form(web: &Web, reader: &Reader, status: StatusCode, error: Option<String>) -> Response {
    let frame = Frame::of(web, reader, Section::None).await;
    page(status, &AccountPage { frame, t: reader.t, error, least: PASSWORD_CHARS_MIN })
}
