//! Forms that change something are ours, not another site's: the browser says where a form comes from, and the form
//! carries its session's token.

use super::session::Session;
use crate::body::{self, Bound};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::body::Body;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Request};
use std::collections::BTreeMap;

/// How many bytes a form of ours may have.
const FORM_BYTES: usize = 64 * 1024;

/// A form's fields, by name; of several with one name the first counts.
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// The trimmed value of a field; `None` if it is absent or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A field as it was typed, space included, as passwords are; empty if it is absent.
    pub(crate) fn whole(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            if value.contains('\0') {
                return Err(Problem::field(&name, "must not contain NUL"));
            }
            fields.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        Ok(Self(fields))
    }
}

/// Reads a form that needs no session, from a page of ours.
pub(crate) async fn open_form(web: &Web, request: Request<Body>) -> Result<Form, Problem> {
    if !is_ours(request.headers(), &web.origin) {
        return Err(forged());
    }
    let (parts, body) = request.into_parts();
    let bound = Bound { bytes: FORM_BYTES, time: web.limits.body };
    Form::parse(&body::read(&parts.headers, body, bound).await?)
}

/// Reads a form of somebody signed in.
pub(crate) async fn form(web: &Web, session: &Session, request: Request<Body>) -> Result<Form, Problem> {
    let form = open_form(web, request).await?;
    let token = form.get("token").unwrap_or_default();
    if session.admits_form(&web.access, token) { Ok(form) } else { Err(forged()) }
}

fn forged() -> Problem {
    Problem::new(Code::Forbidden).detail("this form was not sent from a page of this server")
}

/// Whether the browser says that a request comes from a page of ours. Software that says nothing at all is no browser
/// that could be tricked.
fn is_ours(headers: &HeaderMap, public: &str) -> bool {
    let text = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or("?"));
    if let Some(site) = text(http::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    match text(ORIGIN) {
        None => true,
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            origin == public || (host.is_some() && host == text(HOST))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn ours(headers: &[(&'static str, &'static str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_ours(&headers, "https://calls.example.com")
    }

    #[test]
    fn a_page_of_ours_may_send_forms() {
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("origin", "https://calls.example.com"), ("host", "10.0.0.1:3000")]));
        assert!(ours(&[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")]));
        assert!(ours(&[("host", "127.0.0.1:3000")]));
    }

    #[test]
    fn another_site_may_not() {
        assert!(!ours(&[("sec-fetch-site", "cross-site"), ("origin", "https://calls.example.com")]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(!ours(&[("sec-fetch-site", "none")]));
        assert!(!ours(&[("origin", "https://evil.example"), ("host", "127.0.0.1:3000")]));
        assert!(!ours(&[("origin", "null"), ("host", "127.0.0.1:3000")]));
        assert!(!ours(&[("origin", "https://calls.example.com.evil.example"), ("host", "x")]));
        assert!(!ours(&[("origin", "http://calls.example.com"), ("host", "x")]));
    }

    #[test]
    fn fields_are_trimmed_and_the_first_of_a_name_counts() {
        let form = Form::parse(b"to=+%2B1555+&to=2&name=+").unwrap();
        assert_eq!(form.get("to"), Some("+1555"));
        assert_eq!(form.get("name"), None);
        assert!(Form::parse(b"to=%00").is_err());
    }
}
