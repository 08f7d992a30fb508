//! The dashboard: pages for people, written by the server, complete without JavaScript and live with it.
//!
//! A page is a struct with a template of the same name in `templates/`. It shows what the engine says at that moment;
//! `assets/live.js` asks for the same page again when the stream tells of a change, and puts in the parts that differ.
//!
//! - `session`, `forgery`: who may · `texts`: in which language · `frame`: what surrounds every page
//! - `login` · `account` · `dashboard` · `call` · `campaigns` · `numbers` · `appointments` · `bots` · `settings_check` · `docs`: the pages · `stream`: news for the live ones · `show`: how values look

pub(crate) mod account;
pub(crate) mod analytics;
pub(crate) mod appointments;
pub(crate) mod assets;
mod bot_figures;
pub(crate) mod bots;
pub(crate) mod call;
pub(crate) mod campaigns;
pub(crate) mod dashboard;
pub(crate) mod deliveries;
pub(crate) mod docs;
mod forgery;
mod frame;
mod legs;
pub(crate) mod login;
pub(crate) mod numbers;
pub(crate) mod session;
pub(crate) mod settings_check;
mod show;
pub(crate) mod softphone;
pub(crate) mod stream;
pub(crate) mod texts;
mod timeline;
mod transcript;
mod turns;

use crate::problem::{Code, Problem};
use crate::web::Web;
use askama::Template;
use axum::extract::FromRequestParts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, Uri};
use session::{Session, cookie};
use std::sync::Arc;
use texts::{Language, Texts};
use trunkline_core::tenancy::{Act, Caller};
use trunkline_engine::Desk;

/// Somebody signed in, and how to talk to them.
pub(crate) struct Reader {
    pub(crate) session: Session,
    /// Whose calls they see, and what they may.
    pub(crate) caller: Caller,
    /// Their tenant's calls and nobody else's.
    pub(crate) desk: Desk,
    pub(crate) t: Texts,
    /// The address asked for, to come back to.
    pub(crate) here: String,
}

impl FromRequestParts<Arc<Web>> for Reader {
    type Rejection = Response;

    /// Whoever is not signed in is asked to, and then gets the page; software that wants no page gets a 401.
    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Response> {
        if let Some((session, caller)) = session_of(web, &parts.headers) {
            let desk = web.engine.of(&caller.tenant);
            let t = texts_of(&parts.headers);
            let reader = Self { session, caller, desk, t, here: here(&parts.uri) };
            // What a route does stands beside it; those that say nothing show something.
            let act = parts.extensions.get::<Act>().copied().unwrap_or(Act::Look);
            return match reader.caller.may(act) {
                Ok(()) => Ok(reader),
                Err(denied) => Err(reader.trouble(web, &denied.into()).await),
            };
        }
        let wants_page = parts.headers.get(http::header::ACCEPT).is_none_or(|accept| {
            accept.to_str().is_ok_and(|accept| accept.contains("text/html") || accept.contains("*/*"))
        });
        if !wants_page {
            return Err(Problem::unauthorized().into_response());
        }
        let next = if parts.method == http::Method::GET { here(&parts.uri) } else { "/".to_owned() };
        let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        Err(Redirect::to(&format!("/login?next={next}")).into_response())
    }
}

/// The session of a request and whose it is, if it is good, was not left, and its key still opens something.
fn session_of(web: &Web, headers: &HeaderMap) -> Option<(Session, Caller)> {
    let value = cookie(headers, cookie_name(web))?;
    let session = Session::unseal(&web.access, value, web.engine.now())?;
    let caller = web.admitted(session.mark())?;
    (!web.engine.has_left(session.name(), session.expires())).then_some((session, caller))
}

/// Over TLS the name itself makes browsers insist on Secure and on this very host.
fn cookie_name(web: &Web) -> &'static str {
    if web.is_https() { "__Host-trunkline" } else { "trunkline" }
}

fn texts_of(headers: &HeaderMap) -> Texts {
    Texts { language: Language::of_reader(headers) }
}

fn here(uri: &Uri) -> String {
    uri.path_and_query().map_or("/", |path| path.as_str()).to_owned()
}

/// An address on this server, or the front page: nobody is sent elsewhere by a link to us.
fn local(path: Option<&str>) -> &str {
    let is_local = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    path.filter(is_local).unwrap_or("/")
}

/// Writes a page.
fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            Problem::new(Code::Internal).into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    frame: frame::Frame,
    t: Texts,
    title: String,
    detail: String,
}

impl Reader {
    /// A page that says what went wrong.
    async fn trouble(&self, web: &Web, problem: &Problem) -> Response {
        let frame = frame::Frame::of(web, self, frame::Section::None).await;
        let title = self.t.or(&format!("problem-{}", problem.word()), problem.title());
        let detail = problem.why().unwrap_or_default().to_owned();
        page(problem.status(), &TroublePage { frame, t: self.t, title, detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_us_leads_nowhere_else() {
        assert_eq!(local(Some("/calls/1?a=b")), "/calls/1?a=b");
        for elsewhere in
            ["//evil.example", "https://evil.example", "/\\evil.example", "", "evil", "/a\r\nX: y"]
        {
            assert_eq!(local(Some(elsewhere)), "/", "{elsewhere:?}");
        }
        assert_eq!(local(None), "/");
    }
}
