//! Reading what a client sends, never more and never longer than is good: a body has a bound in bytes and in time.

use crate::problem::{Code, Problem};
use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;

/// How much of a body is read, and how long for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

/// Reads the whole body. A packed body is refused unread: nobody needs one here, and a small one may unpack to gigabytes.
pub(crate) async fn read(headers: &HeaderMap, body: Body, bound: Bound) -> Result<Bytes, Problem> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Problem::new(Code::UnsupportedMediaType).detail("the body must not be compressed"));
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > bound.bytes as u64) {
        return Err(too_large(bound));
    }
    let reading = Limited::new(body, bound.bytes).collect();
    match tokio::time::timeout(bound.time, reading).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(bound)),
        Ok(Err(_)) => Err(Problem::new(Code::BadRequest).detail("the body broke off")),
        Err(_) => Err(Problem::new(Code::RequestTimeout)),
    }
}

fn too_large(bound: Bound) -> Problem {
    Problem::new(Code::PayloadTooLarge).detail(format!("at most {} bytes", bound.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue, StatusCode};

    const BOUND: Bound = Bound { bytes: 8, time: Duration::from_secs(1) };

    async fn refusal(header: Option<(HeaderName, &'static str)>, body: Body) -> StatusCode {
        let headers = header.map(|(name, value)| (name, HeaderValue::from_static(value)));
        read(&headers.into_iter().collect(), body, BOUND).await.unwrap_err().status()
    }

    #[tokio::test]
    async fn a_body_up_to_the_bound_is_read() {
        let body = Body::from("12345678");
        assert_eq!(read(&HeaderMap::new(), body, BOUND).await.unwrap(), "12345678");
    }

    #[tokio::test]
    async fn a_larger_body_is_refused_announced_or_not() {
        let announced = Some((CONTENT_LENGTH, "9"));
        assert_eq!(refusal(announced, Body::empty()).await, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(refusal(None, Body::from("123456789")).await, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_packed_body_is_refused_unread() {
        let packed = Some((CONTENT_ENCODING, "gzip"));
        assert_eq!(refusal(packed, Body::empty()).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[tokio::test]
    async fn a_body_that_never_comes_is_given_up() {
        let stalled = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let bound = Bound { time: Duration::from_millis(5), ..BOUND };
        let problem = read(&HeaderMap::new(), stalled, bound).await.unwrap_err();
        assert_eq!(problem.status(), StatusCode::REQUEST_TIMEOUT);
    }
}
