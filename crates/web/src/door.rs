//! What holds for every request, whatever its route: an id, a tidy path, clear framing, a panic that stays alone, and
//! the headers that keep browsers from doing more than they should.

use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, REFERRER_POLICY, TRANSFER_ENCODING,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use hyper::body::Incoming;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tower::Service;

/// Nothing inline, nothing from elsewhere, in nobody's frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who is at the other end of the connection. Headers that claim something else are not believed.
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
        let id = self.web.next_serial();
        let mut request = request.map(Body::new);
        let mut response = if has_two_lengths(request.headers()) {
            Problem::new(Code::BadRequest).detail("the length of the body is given twice").into_response()
        } else {
            tidy(&mut request);
            request.extensions_mut().insert(Peer(peer.ip()));
            self.route(request, id).await
        };
        dress(response.headers_mut(), id);
        response
    }

    /// A panic fails this request and no other. What it says may be personal, and is left to the process's own hook.
    async fn route(&self, request: Request<Body>, id: u64) -> Response {
        let uri = request.uri().clone();
        let mut router = self.router.clone();
        let answering = AssertUnwindSafe(async move { router.call(request).await });
        match answering.catch_unwind().await {
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                tracing::debug!(request = %format_args!("{id:x}"), path = uri.path(), status, "answered");
                response
            }
            Ok(Err(never)) => match never {},
            Err(_) => {
                tracing::error!(request = %format_args!("{id:x}"), path = uri.path(), "a handler panicked");
                crate::router::after_panic(uri.path())
            }
        }
    }
}

/// A body with both a length and chunks is how requests are smuggled past proxies.
fn has_two_lengths(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH)
}

/// `/api/calls/` is `/api/calls`.
fn tidy(request: &mut Request<Body>) {
    let path = request.uri().path();
    if path.len() < 2 || !path.ends_with('/') {
        return;
    }
    let trimmed = path.trim_end_matches('/');
    let trimmed = if trimmed.is_empty() { "/" } else { trimmed };
    let tidied = match request.uri().query() {
        Some(query) => format!("{trimmed}?{query}").parse::<PathAndQuery>(),
        None => trimmed.parse(),
    };
    if let Ok(tidied) = tidied {
        let asked = std::mem::replace(request.uri_mut(), Uri::from(tidied));
        request.extensions_mut().insert(AskedAs(asked));
    }
}

fn dress(headers: &mut HeaderMap, id: u64) {
    if let Ok(id) = HeaderValue::from_str(&format!("{id:x}")) {
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

    fn tidied(uri: &str) -> (String, Option<String>) {
        let mut request = Request::builder().uri(uri).body(Body::empty()).unwrap();
        tidy(&mut request);
        let asked = request.extensions().get::<AskedAs>().map(|asked| asked.0.to_string());
        (request.uri().to_string(), asked)
    }

    #[test]
    fn a_trailing_slash_means_nothing_and_is_remembered() {
        assert_eq!(tidied("/api/calls/?q=1"), ("/api/calls?q=1".into(), Some("/api/calls/?q=1".into())));
        assert_eq!(tidied("/api/calls"), ("/api/calls".into(), None));
        assert_eq!(tidied("/"), ("/".into(), None));
        assert_eq!(tidied("//"), ("/".into(), Some("//".into())));
    }

    #[test]
    fn a_body_with_two_lengths_is_noticed() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("3"));
        assert!(!has_two_lengths(&headers));
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        assert!(has_two_lengths(&headers));
    }
}
