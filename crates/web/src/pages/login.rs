//! Signing in with an API key, signing out, and choosing a language.

use super::forgery;
use super::frame::{Frame, Section};
use super::session::Session;
use super::texts::{Language, Texts};
use super::{Reader, cookie_name, local, page, session_of, texts_of};
use crate::door::Peer;
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use std::sync::Arc;

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

/// `POST /login`
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
    let now = web.engine.now();
    if !web.attempts.may_try(peer, now) {
        let mut response = form(t, next, Some(t.get("login-too-many")), StatusCode::TOO_MANY_REQUESTS);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
        return response;
    }
    let Some(admitted) = fields.get("key").and_then(|key| web.admit(key)) else {
        web.attempts.was_wrong(peer, now);
        return form(t, next, Some(t.get("login-wrong")), StatusCode::FORBIDDEN);
    };
    let session = Session::open(&web.access, &admitted, web.next_serial(), now);
    let lifetime = web.access.session_lifetime.as_secs();
    keep(&web, &session.seal(&web.access), lifetime, Redirect::to(next))
}

/// `POST /logout`
pub(crate) async fn leave(State(web): State<Arc<Web>>, reader: Reader, request: Request) -> Response {
    if let Err(problem) = forgery::form(&web, &reader.session, request).await {
        return reader.trouble(&web, &problem).await;
    }
    web.revoked.add(&reader.session, web.engine.now());
    keep(&web, "", 0, Redirect::to("/login"))
}

/// `GET /language/{code}?back=…`
pub(crate) async fn language(
    State(web): State<Arc<Web>>,
    Path(code): Path<String>,
    Query(onward): Query<Onward>,
) -> Response {
    let Some(language) = Language::of_tag(&code) else {
        return Problem::new(crate::problem::Code::NotFound).into_response();
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
