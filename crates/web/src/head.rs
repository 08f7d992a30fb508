//! What must hold of a request's head before anybody looks further: its border to the next request on the connection is
//! the same for every reader, a proxy in front of us included. What can be read in two ways is refused, and the
//! connection with it.

use crate::problem::{Code, Problem};
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Request, Version};

/// Headers by which some servers take one method for another. Who sends one means another server, or means ill.
const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// Why a request goes no further; `None` if it may.
pub(crate) fn unclear<B>(request: &Request<B>) -> Option<Problem> {
    let problem = if request.method() == Method::CONNECT {
        // What follows is meant for a tunnel, and must not be read as requests.
        Problem::new(Code::MethodNotAllowed)
    } else if request.version() == Version::HTTP_11 && request.headers().get_all(HOST).iter().count() != 1 {
        Problem::new(Code::BadRequest).detail("there must be one Host header")
    } else if OVERRIDES.iter().any(|name| request.headers().contains_key(*name)) {
        Problem::new(Code::BadRequest)
            .detail("the method is the one of the request line; no header overrides it")
    } else if !is_framed(request.headers()) {
        Problem::new(Code::BadRequest).detail("the only transfer encoding is `chunked`, once")
    } else {
        return None;
    };
    Some(problem.header(CONNECTION, HeaderValue::from_static("close")))
}

/// The server's parser takes any list that ends in `chunked`. Others may not, and would see another border.
fn is_framed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, &'static str)]) -> Request<()> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn a_plain_request_goes_on() {
        for headers in [&[("host", "x")][..], &[("host", "x"), ("transfer-encoding", "Chunked")]] {
            assert!(unclear(&request(headers)).is_none(), "{headers:?}");
        }
        let mut old = request(&[]);
        *old.version_mut() = Version::HTTP_10;
        assert!(unclear(&old).is_none());
    }

    #[test]
    fn what_two_readers_could_read_in_two_ways_is_refused_and_the_connection_with_it() {
        for headers in [
            &[][..],
            &[("host", "x"), ("host", "x")],
            &[("host", "x"), ("x-http-method-override", "DELETE")],
            &[("host", "x"), ("transfer-encoding", "gzip, chunked")],
            &[("host", "x"), ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
        ] {
            let problem = unclear(&request(headers)).unwrap();
            let response = axum::response::IntoResponse::into_response(problem);
            assert_eq!(
                (response.status().as_u16(), &response.headers()[CONNECTION]),
                (400, &HeaderValue::from_static("close"))
            );
        }
    }
}
