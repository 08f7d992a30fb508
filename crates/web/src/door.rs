//! What holds for every request, whatever its route: an id, a tidy path, a panic that stays alone, and
//! the headers that keep browsers from doing more than they should.

use crate::cors;
use crate::problem::Problem;
use crate::proxies;
use crate::request_id::{self, REQUEST_ID, RequestId};
use crate::web::Web;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Uri};
use hyper::body::Incoming;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tower::Service;
use tracing::Instrument;
use tracing::field::Empty;
use trunkline_carriers::callback::PublicUrl;
use trunkline_core::id::CallId;

/// Nothing inline, nothing from elsewhere, in nobody's frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Who asks: whoever is at the other end of the connection, or whom a trusted proxy there serves. Other headers that claim
/// something else are not believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The address as it was asked for, where the door has tidied it: signatures cover this one.
#[derive(Clone, Debug)]
pub(crate) struct AskedAs(pub(crate) Uri);

/// The one way in.
#[derive(Clone)]
pub(crate) struct Door {
    web: Arc<Web>,
    router: axum::Router,
}

impl Door {
    pub(crate) fn new(web: Arc<Web>) -> Self {
        let router = crate::router::routes(Arc::clone(&web));
        Self { web, router }
    }

    /// Answers one request; always with something.
    pub(crate) async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response {
        let id = RequestId::of(request.headers(), || self.web.next_serial());
        let mut response = match crate::head::unclear(&request) {
            Some(problem) => problem.into_response(),
            None => {
                let mut request = request.map(Body::new);
                self.tidy(&mut request);
                let client = proxies::client(&self.web.access.trusted_proxies, peer.ip(), request.headers());
                request.extensions_mut().insert(Peer(client));
                self.shared(request, &id).await
            }
        };
        // A problem names the request that it befell, for who reports it.
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            *response.body_mut() = Body::from(problem.told_as(&id));
            // It was that of the body without the name.
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        dress(response.headers_mut(), &id);
        response
    }

    /// What may be read from other origins tells so, to those that a setting names.
    async fn shared(&self, request: Request<Body>, id: &RequestId) -> Response {
        let origins = &self.web.access.origins;
        if origins.is_empty() || !cors::is_shared(request.uri().path()) {
            return self.route(request, id).await;
        }
        let reader = cors::reader(origins, request.headers());
        let preflight = reader.as_ref().and_then(|_| cors::preflight(request.method(), request.headers()));
        let mut response = match preflight {
            Some(response) => response,
            None => self.route(request, id).await,
        };
        cors::varies(response.headers_mut());
        if let Some(reader) = reader {
            cors::let_read(reader, response.headers_mut());
        }
        response
    }

    fn tidy(&self, request: &mut Request<Body>) {
        let uri = request.uri();
        let prefixes = self.web.engine.config().urls.all().map(PublicUrl::prefix);
        let tidied = tidy(uri.path(), prefixes);
        if tidied == uri.path() {
            return;
        }
        let tidied = match uri.query() {
            Some(query) => format!("{tidied}?{query}").parse::<PathAndQuery>(),
            None => tidied.parse(),
        };
        if let Ok(tidied) = tidied {
            let asked = std::mem::replace(request.uri_mut(), Uri::from(tidied));
            request.extensions_mut().insert(AskedAs(asked));
        }
    }

    /// A panic fails this request and no other. What it says may be personal, and is left to the process's own hook.
    async fn route(&self, request: Request<Body>, id: &RequestId) -> Response {
        let uri = request.uri().clone();
        let trace = request_id::trace(request.headers()).map(str::to_owned);
        let begun = Instant::now();
        let mut router = self.router.clone();
        let span = tracing::info_span!(
            "http.request",
            otel.kind = "server",
            http.request.method = %request.method(),
            url.path = %Told(uri.path()),
            request.id = %id,
            http.response.status_code = Empty,
            otel.status_code = Empty,
        );
        request_id::joins(&span, request.headers());
        let answering = async move { router.call(request).await.unwrap_or_else(|never| match never {}) };
        let answered = alone(answering).instrument(span.clone()).await;
        let status = answered.as_ref().map_or(500, |response| response.status().as_u16());
        span.record("http.response.status_code", status);
        if status >= 500 {
            span.record("otel.status_code", "ERROR");
        }
        if let Some(histogram) = crate::router::timed(&self.web, uri.path()) {
            histogram.took(begun.elapsed());
        }
        match answered {
            Some(response) => {
                tracing::debug!(request = %id, trace, path = %Told(uri.path()), status, "answered");
                response
            }
            None => {
                tracing::error!(request = %id, trace, path = %Told(uri.path()), "a handler panicked");
                crate::router::after_panic(&self.web, uri.path())
            }
        }
    }
}

/// A path as logs may have it: words and our own ids. Anything else in it is what somebody typed, such as a number.
struct Told<'a>(&'a str);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in self.0.split('/').skip(1) {
            let is_word =
                segment.len() <= 20 && segment.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'-' | b'.'));
            let is_place = segment.len() <= 3 && segment.bytes().all(|byte| byte.is_ascii_digit());
            let is_told = is_word || is_place || segment.parse::<CallId>().is_ok();
            write!(f, "/{}", if is_told { segment } else { "…" })?;
        }
        Ok(())
    }
}

/// The answer; `None` if what should have given it panicked.
async fn alone(answering: impl Future<Output = Response>) -> Option<Response> {
    AssertUnwindSafe(answering).catch_unwind().await.ok()
}

/// The path that a route is looked up by: `/api/calls/` is `/api/calls`, and the prefix of a public address that a
/// proxy left on a carrier's request is taken off.
fn tidy<'a>(path: &'a str, mut prefixes: impl Iterator<Item = &'a str>) -> &'a str {
    let trimmed = path.trim_end_matches('/');
    let unprefixed = prefixes.find_map(|prefix| {
        let rest = trimmed.strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
        crate::router::is_carriers(rest).then_some(rest)
    });
    match unprefixed {
        Some(rest) => rest,
        None if trimmed.is_empty() => "/",
        None => trimmed,
    }
}

fn dress(headers: &mut HeaderMap, id: &RequestId) {
    headers.reserve(6);
    if let Some(id) = id.header() {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    // To other sites nothing; to ourselves the origin, without which a browser sends `Origin: null` with a form, and
    // forms could not be told from forged ones.
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_means_nothing() {
        for (asked, tidied) in
            [("/api/calls/", "/api/calls"), ("/api/calls", "/api/calls"), ("/", "/"), ("//", "/")]
        {
            assert_eq!(tidy(asked, [""].into_iter()), tidied);
        }
    }

    #[test]
    fn a_prefix_that_a_proxy_left_is_taken_off_carriers_routes_only() {
        let tidied = |path: &'static str| tidy(path, ["", "/calls"].into_iter());
        assert_eq!(tidied("/calls/voice"), "/voice");
        assert_eq!(tidied("/calls/status/"), "/status");
        assert_eq!(tidied("/calls/0199b2a4"), "/calls/0199b2a4");
        assert_eq!(tidied("/voice"), "/voice");
    }

    #[test]
    fn a_log_tells_of_a_path_what_is_ours() {
        let ours = "/api/calls/0199b2a4-7c6e-7000-8000-000000000001/recordings/2";
        assert_eq!(Told(ours).to_string(), ours);
        assert_eq!(Told("/api/calls/+15550187643").to_string(), "/api/calls/…");
        assert_eq!(Told("/Ann%20Lee/15550187643").to_string(), "/…/…");
        assert_eq!(Told("/").to_string(), "/");
    }

    #[tokio::test]
    async fn a_panic_stays_alone() {
        assert!(alone(async { panic!("of this request only") }).await.is_none());
        assert!(alone(async { Response::default() }).await.is_some());
    }
}
