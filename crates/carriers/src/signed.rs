//! A request as it reached us, and why it may not be the carrier's: what the signatures of all carriers share.

use crate::callback::Scheme;
use crate::form::NotAForm;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap};
use thiserror::Error;

/// A request as it reached us.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// How it was made.
    pub method: &'a Method,
    /// Path and query, byte for byte as received.
    pub path_and_query: &'a str,
    /// Requests, or the opening of a socket.
    pub scheme: Scheme,
    /// Its headers; only the carrier's own and the content type are read.
    pub headers: &'a HeaderMap,
    /// Its body, byte for byte.
    pub body: &'a [u8],
}

/// Why a request is not the carrier's. All of them are a 403, and none says more to who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// No signature.
    #[error("the request has no signature")]
    Missing,
    /// More than one, or one that is no text.
    #[error("the request's signature headers can't be read")]
    Header,
    /// A key that we don't have, or an algorithm we don't know.
    #[error("the signature's key or algorithm is unknown")]
    UnknownKey,
    /// Neither GET nor POST.
    #[error("the carrier doesn't make such requests")]
    Method,
    /// The path is not one.
    #[error("the request has no path")]
    Path,
    /// The form can't be read.
    #[error("the signed form can't be read: {0}")]
    Form(#[from] NotAForm),
    /// A charset that the carrier never uses.
    #[error("the form's charset is not UTF-8")]
    Charset,
    /// A body that nothing in the signature binds.
    #[error("the body is not covered by the signature")]
    UnsignedBody,
    /// The body is not the one that was signed.
    #[error("the body differs from its signed hash")]
    BodyHash,
    /// Signed too long ago, or in the future.
    #[error("the signature is not of this time")]
    NotNow,
    /// The signature is another one.
    #[error("the signature is wrong")]
    Wrong,
}

/// The one value of a header; `None` if there is none.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, SignatureError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| SignatureError::Header),
        (Some(_), Some(_)) => Err(SignatureError::Header),
    }
}

/// Whether the body is a form, in the only charset that carriers use.
pub(crate) fn is_form(headers: &HeaderMap) -> Result<bool, SignatureError> {
    let Some(content_type) = single(headers, CONTENT_TYPE.as_str())? else { return Ok(false) };
    let mut parts = content_type.split(';').map(str::trim);
    let is_form =
        parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    if is_form && !parts.all(is_utf8) {
        return Err(SignatureError::Charset);
    }
    Ok(is_form)
}

/// No parameter, or the charset that every form of the carrier has.
fn is_utf8(parameter: &str) -> bool {
    match parameter.split_once('=') {
        None => parameter.is_empty(),
        Some((name, value)) => {
            name.trim().eq_ignore_ascii_case("charset")
                && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
    }
}
