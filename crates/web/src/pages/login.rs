//! Signing in with a password or an API key, signing out, and choosing a language.

use super::forgery;
use super::frame::{Frame, Section};
use super::session::Session;
use super::texts::{Language, Texts};
use super::{Reader, cookie_name, local, page, session_of, texts_of};
use crate::access::Admitted;
use crate::asking::secs;
use crate::door::Peer;
use crate::problem::{Code, Problem};
use crate::web::Web;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use trunkline_core::private::Private;
use trunkline_engine::HashError;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    t: Texts,
    next: String,
    error: Option<String>,
}

/// Where to go afterwards.
#[derive(Deserialize)]
pub(crate) struct Onward {
    next: Option<String>,
    back: Option<String>,
}

/// `GET /login`
pub(crate) async fn ask(
    State(web): State<Arc<Web>>,
    Query(onward): Query<Onward>,
    headers: HeaderMap,
) -> Response {
    let next = local(onward.next.as_deref());
    if session_of(&web, &headers).is_some() {
        return Redirect::to(next).into_response();
    }
    form(texts_of(&headers), next, None, StatusCode::OK)
}

/// `POST /login`: with a key, or with a login name and a password. A wrong one is answered as an unknown one is.
pub(crate) async fn enter(
    State(web): State<Arc<Web>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response {
    let t = texts_of(request.headers());
    let fields = match forgery::open_form(&web, request).await {
        Ok(fields) => fields,
        Err(problem) => return problem.into_response(),
    };
    let next = local(fields.get("next"));
    let login = fields.get("login");
    if let Err(wait) = web.asking.guess(peer, login, web.engine.now()) {
        return wait_first(t, next, secs(wait));
    }
    let admitted = match login {
        None => Ok(fields.get("key").and_then(|key| web.admit(key))),
        Some(login) => {
            let password = Private::new(fields.whole("password").to_owned());
            web.engine.sign_in(login, password).await.map(|person| person.map(Admitted::from))
        }
    };
    let admitted = match admitted {
        Ok(Some(admitted)) => admitted,
        Ok(None) => {
            let wrong = if login.is_some() { "login-wrong-password" } else { "login-wrong" };
            return form(t, next, Some(t.get(wrong)), StatusCode::FORBIDDEN);
        }
        Err(HashError::Busy) => return wait_first(t, next, 2),
        Err(HashError::Failed) => return Problem::new(Code::Internal).into_response(),
    };
    web.asking.was_right(peer, login);
    match session(&web, &admitted) {
        Ok(session) => keep_session(&web, &session, Redirect::to(next)),
        Err(problem) => problem.into_response(),
    }
}

fn wait_first(t: Texts, next: &str, secs: u32) -> Response {
    let said = t.with("login-too-many", "secs", &secs.to_string());
    let mut response = form(t, next, Some(said), StatusCode::TOO_MANY_REQUESTS);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(secs));
    response
}

/// A new session: no two have one name, and none goes on from before somebody signed in.
pub(super) fn session(web: &Web, by: &Admitted) -> Result<Session, Problem> {
    let chance = web.engine.chance().map_err(|error| {
        tracing::error!(%error, "a session could not be opened");
        Problem::new(Code::Internal)
    })?;
    Ok(Session::open(&web.access, by, chance, web.engine.now()))
}

/// Gives a session to the browser.
pub(super) fn keep_session(web: &Web, session: &Session, response: Redirect) -> Response {
    keep(web, &session.seal(&web.access), web.access.session_lifetime.as_secs(), response)
}

/// `POST /logout`
pub(crate) async fn leave(State(web): State<Arc<Web>>, reader: Reader, request: Request) -> Response {
    if let Err(problem) = forgery::form(&web, &reader.session, request).await {
        return reader.trouble(&web, &problem).await;
    }
    web.engine.leave(reader.session.name(), reader.session.expires()).await;
    keep(&web, "", 0, Redirect::to("/login"))
}

/// `GET /language/{code}?back=…`
pub(crate) async fn language(
    State(web): State<Arc<Web>>,
    Path(code): Path<String>,
    Query(onward): Query<Onward>,
) -> Response {
    let Some(language) = Language::of_tag(&code) else {
        return Problem::new(Code::NotFound).into_response();
    };
    let secure = if web.is_https() { "; Secure" } else { "" };
    let cookie = format!("lang={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}", language.tag());
    with_cookie(&cookie, Redirect::to(local(onward.back.as_deref())))
}

fn form(t: Texts, next: &str, error: Option<String>, status: StatusCode) -> Response {
    let frame = Frame::plain(t, "/login", Section::None);
    page(status, &LoginPage { frame, t, next: next.to_owned(), error })
}

fn keep(web: &Web, value: &str, lifetime_secs: i64, response: Redirect) -> Response {
    let secure = if web.is_https() { "; Secure" } else { "" };
    let name = cookie_name(web);
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={lifetime_secs}; HttpOnly; SameSite=Strict{secure}");
    with_cookie(&cookie, response)
}

fn with_cookie(cookie: &str, response: Redirect) -> Response {
    let mut response = response.into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
