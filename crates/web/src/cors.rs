//! Which pages of other origins may read what the API answers: the ones that a setting names, to the letter, and nobody
//! else. They send a key like anybody; cookies are never meant, so no answer ever allows credentials.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;
use url::Url;

/// An origin, as browsers write it: `https://app.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// What is no origin, or everybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("give an origin such as https://app.example.com, without a path; neither * nor null")]
pub struct BadOrigin;

impl FromStr for Origin {
    type Err = BadOrigin;

    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let url = Url::parse(text).map_err(|_| BadOrigin)?;
        // A name with a star in it would be taken for a pattern, and matches nothing.
        let is_web = matches!(url.scheme(), "http" | "https") && !text.contains('*');
        let origin = url.origin().ascii_serialization();
        if is_web && origin == text.trim_end_matches('/') { Ok(Self(origin)) } else { Err(BadOrigin) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether what is asked for here may be read from elsewhere at all.
pub(crate) fn is_shared(path: &str) -> bool {
    path.starts_with("/api/") || path == "/openapi.json"
}

/// The origin of a request, if it is one that may read.
pub(crate) fn reader(allowed: &[Origin], headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    allowed.iter().any(|allowed| allowed.0.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// What a browser hears that asks whether it may ask; `None` if this is no such question.
pub(crate) fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let is_asked = method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    is_asked.then(|| {
        let told = [
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
            (
                ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type, idempotency-key, if-none-match, last-event-id, x-request-id, traceparent",
            ),
            (ACCESS_CONTROL_MAX_AGE, "600"),
        ];
        (StatusCode::NO_CONTENT, told).into_response()
    })
}

/// Lets an origin read an answer.
pub(crate) fn let_read(origin: HeaderValue, headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "etag, location, retry-after, x-request-id, ratelimit-limit, ratelimit-remaining, ratelimit-reset",
        ),
    );
}

/// Who reads decides what is told: a cache must know. Only where a setting lets anybody.
pub(crate) fn varies(headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_11_an_origin_is_exact_and_never_everybody_s() {
        for good in ["https://app.example.com", "http://localhost:5173", "https://app.example.com/"] {
            assert_eq!(good.parse::<Origin>().unwrap().to_string(), good.trim_end_matches('/'));
        }
        for bad in [
            "*",
            "null",
            "",
            "app.example.com",
            "https://*.example.com",
            "https://app.example.com/x",
            "file:///x",
            "https://u:p@app.example.com",
            "HTTPS://app.example.com",
        ] {
            assert_eq!(bad.parse::<Origin>(), Err(BadOrigin), "{bad}");
        }
    }

    #[test]
    fn s_11_only_the_named_origins_may_read() {
        let allowed = ["https://app.example.com".parse().unwrap()];
        let of = |origin: &'static str| {
            let headers: HeaderMap = [(ORIGIN, HeaderValue::from_static(origin))].into_iter().collect();
            reader(&allowed, &headers)
        };
        assert!(of("https://app.example.com").is_some(), "the control");
        for other in [
            "https://app.example.com.evil.example",
            "http://app.example.com",
            "null",
            "*",
            "https://app.example.com:444",
            "https://evil.example",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(reader(&allowed, &HeaderMap::new()), None);
    }
}
