//! `telnyx-signature-ed25519`: was this request made by the carrier, just now, with this body?
//!
//! The signed text is the time in `telnyx-timestamp`, a bar, and the body byte for byte. Telnyx signs with its private key;
//! we hold the public one, so nothing that we could lose forges a webhook.
//!
//! What is not signed is the address. A body that was signed for one of our addresses fits any other for five minutes, so
//! nothing may be believed of an address but what its sealed state says, and a request by GET has nothing signed at all and
//! is refused.

use crate::form::Form;
use crate::http::BadSettings;
use crate::signed::{SignatureError, SignedRequest, is_form, single};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use ring::signature::{ED25519, UnparsedPublicKey};
use std::fmt;

/// The header with the signature.
pub const SIGNATURE: &str = "telnyx-signature-ed25519";
/// The header with the time, in seconds since 1970.
pub const TIMESTAMP: &str = "telnyx-timestamp";
/// How far our clock and theirs may be apart, a request's way included: what Telnyx's own libraries allow.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

/// Checks signatures of one account.
pub struct Verifier {
    key: [u8; 32],
}

impl Verifier {
    /// A verifier for requests that were signed with the other half of this key, written in base64.
    ///
    /// # Errors
    /// [`BadSettings::PublicKey`] when it is no such key.
    pub fn new(public_key: &str) -> Result<Self, BadSettings> {
        let bytes = STANDARD.decode(public_key.trim()).map_err(|_| BadSettings::PublicKey)?;
        Ok(Self { key: bytes.try_into().map_err(|_| BadSettings::PublicKey)? })
    }

    /// The form that the carrier signed; `None` if the request is the carrier's and its body is no form.
    ///
    /// # Errors
    /// [`SignatureError`] says why it is not the carrier's.
    pub fn verify(
        &self,
        request: &SignedRequest<'_>,
        now: Timestamp,
    ) -> Result<Option<Form>, SignatureError> {
        let given = single(request.headers, SIGNATURE)?.ok_or(SignatureError::Missing)?;
        let time = single(request.headers, TIMESTAMP)?.ok_or(SignatureError::Missing)?;
        if *request.method != Method::POST {
            return Err(SignatureError::Method);
        }
        let signature = STANDARD.decode(given).map_err(|_| SignatureError::Header)?;
        let mut text = Vec::with_capacity(time.len() + 1 + request.body.len());
        text.extend_from_slice(time.as_bytes());
        text.push(b'|');
        text.extend_from_slice(request.body);
        let key = UnparsedPublicKey::new(&ED25519, self.key);
        key.verify(&text, &signature).map_err(|_| SignatureError::Wrong)?;
        if !is_now(time, now) {
            return Err(SignatureError::NotNow);
        }
        if is_form(request.headers)? { Ok(Some(Form::parse(request.body)?)) } else { Ok(None) }
    }
}

/// Digits only: what a looser reader would take for the same number would be another text.
fn is_now(time: &str, now: Timestamp) -> bool {
    let is_plain = !time.is_empty() && time.len() <= 12 && time.bytes().all(|byte| byte.is_ascii_digit());
    let then = time.parse().ok().filter(|_| is_plain).and_then(|secs| Timestamp::from_second(secs).ok());
    then.is_some_and(|then| now.duration_since(then).abs() <= TOLERANCE)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}
