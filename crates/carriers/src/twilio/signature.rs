//! `X-Twilio-Signature`: was this request made by the carrier, for this address, with these fields?
//!
//! The signed text is the address as the carrier was told it (query byte for byte, no fragment), then, for a form,
//! every name and value, sorted, a repeated pair once. A body that is no form is bound by its hash in the signed
//! address. Signed with HMAC-SHA1 by the account's token, or with HMAC-SHA256 by a shared key that a second header
//! names.
//!
//! The address is made of our settings and the path that was requested, never of the `Host` header: a stranger may
//! write that. All spellings are tried, and all of them always, in constant time each.
//!
//! What no check of ours can mend: names and values are signed without a border between them, so one who holds a
//! signed request could move it ("Digits=12" to "Digit=s12"). That needs a request read in the clear, and gives no
//! field a value that it did not nearly have; ids are checked for their form when the fields are read.

use crate::callback::PublicUrls;
use crate::form::Form;
pub use crate::signed::{SignatureError, SignedRequest};
use crate::signed::{is_form, single};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use subtle::{Choice, ConstantTimeEq};

/// The header with the signature.
pub const SIGNATURE: &str = "x-twilio-signature";
/// The header that names a shared key.
pub const SETTINGS: &str = "x-twilio-webhooks-signature-settings";
const BODY_HASH: &str = "bodySHA256";

/// Checks signatures of one account. Its secrets do not print.
#[derive(Debug)]
pub struct Verifier {
    urls: PublicUrls,
    /// The account's token and, while it is being replaced, the one before.
    tokens: Vec<SecretString>,
    shared: BTreeMap<String, SecretString>,
}

impl Verifier {
    /// A verifier for requests to `urls`, signed with the account's token.
    pub fn new(urls: PublicUrls, token: SecretString) -> Self {
        Self { urls, tokens: vec![token], shared: BTreeMap::new() }
    }

    /// Takes the other token too, while one replaces the other.
    #[must_use]
    pub fn with_token(mut self, token: SecretString) -> Self {
        self.tokens.push(token);
        self
    }

    /// Takes signatures by a shared key too.
    #[must_use]
    pub fn with_shared_key(mut self, id: impl Into<String>, secret: SecretString) -> Self {
        self.shared.insert(id.into(), secret);
        self
    }

    /// The form that the carrier signed; `None` if the request is the carrier's and its body is no form.
    ///
    /// # Errors
    /// [`SignatureError`] says why it is not the carrier's: for the log and a counter, not for the one who asked.
    pub fn verify(&self, request: &SignedRequest<'_>) -> Result<Option<Form>, SignatureError> {
        let given = single(request.headers, SIGNATURE)?.ok_or(SignatureError::Missing)?;
        if !request.path_and_query.starts_with('/') {
            return Err(SignatureError::Path);
        }
        let fields = signed_fields(request)?;
        let hash_fits = body_hash_fits(request, fields.is_some())?;
        let tail = tail(fields.as_ref());
        let algorithm = self.algorithm(single(request.headers, SETTINGS)?)?;
        let mut fits = Choice::from(0);
        for url in self.urls.spellings(request.scheme, request.path_and_query) {
            for expected in algorithm.signatures(&url, &tail) {
                fits |= expected.as_bytes().ct_eq(given.as_bytes());
            }
        }
        match (bool::from(fits), bool::from(hash_fits)) {
            (true, true) => Ok(fields),
            (true, false) => Err(SignatureError::BodyHash),
            (false, _) => Err(SignatureError::Wrong),
        }
    }

    /// Which algorithm and whose key. A request that names a shared key is not let in by the token: the carrier signs
    /// with one of them.
    fn algorithm(&self, settings: Option<&str>) -> Result<Algorithm<'_>, SignatureError> {
        let Some(settings) = settings.filter(|settings| !settings.trim().is_empty()) else {
            return Ok(Algorithm::Sha1(&self.tokens));
        };
        let parts: Vec<(&str, &str)> = settings
            .split(',')
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let only = |wanted: &str| {
            let mut values = parts.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value);
            let first = values.next();
            if values.next().is_some() { Err(SignatureError::Header) } else { Ok(first) }
        };
        let key = only("key")?;
        match only("algorithm")?.map(str::to_ascii_uppercase).as_deref() {
            Some("HMAC_SHA256") => {
                let secret = key.and_then(|key| self.shared.get(key)).ok_or(SignatureError::UnknownKey)?;
                Ok(Algorithm::Sha256(secret))
            }
            Some("HMAC_SHA1") | None if key.is_none() => Ok(Algorithm::Sha1(&self.tokens)),
            _ => Err(SignatureError::UnknownKey),
        }
    }
}

enum Algorithm<'a> {
    Sha1(&'a [SecretString]),
    Sha256(&'a SecretString),
}

impl Algorithm<'_> {
    fn signatures(&self, url: &str, tail: &str) -> Vec<String> {
        match self {
            Self::Sha1(tokens) => {
                tokens.iter().filter_map(|token| sign::<Hmac<Sha1>>(token, url, tail)).collect()
            }
            Self::Sha256(secret) => sign::<Hmac<Sha256>>(secret, url, tail).into_iter().collect(),
        }
    }
}

/// `None` for an empty secret: everybody knows it, so it signs nothing.
fn sign<M: Mac + KeyInit>(secret: &SecretString, url: &str, tail: &str) -> Option<String> {
    let secret = Some(secret.expose_secret().as_bytes()).filter(|secret| !secret.is_empty())?;
    let mut mac = <M as KeyInit>::new_from_slice(secret).ok()?;
    mac.update(url.as_bytes());
    mac.update(tail.as_bytes());
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

/// The fields that are part of the signed text; `None` when the body is no form.
fn signed_fields(request: &SignedRequest<'_>) -> Result<Option<Form>, SignatureError> {
    match *request.method {
        Method::GET if request.body.is_empty() => Ok(None),
        Method::GET => Err(SignatureError::UnsignedBody),
        Method::POST if is_form(request.headers)? => Ok(Some(Form::parse(request.body)?)),
        Method::POST => Ok(None),
        _ => Err(SignatureError::Method),
    }
}

/// Whether the body is the one that the signed address names. A body that is neither a form nor named is nobody's.
fn body_hash_fits(request: &SignedRequest<'_>, is_form: bool) -> Result<Choice, SignatureError> {
    let query = request.path_and_query.split_once('?').map_or("", |(_, query)| query);
    let mut hashes = query.split('&').filter_map(|pair| match pair.split_once('=') {
        Some((BODY_HASH, hash)) => Some(hash),
        Some(_) => None,
        None => (pair == BODY_HASH).then_some(""),
    });
    match (hashes.next(), hashes.next()) {
        (None, _) if is_form || request.body.is_empty() => Ok(Choice::from(1)),
        (None, _) => Err(SignatureError::UnsignedBody),
        (Some(_), Some(_)) => Err(SignatureError::BodyHash),
        (Some(hash), None) => Ok(hex_sha256(request.body).as_bytes().ct_eq(hash.as_bytes())),
    }
}

fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Names and values as they are signed: sorted, each pair once.
fn tail(form: Option<&Form>) -> String {
    let mut pairs: Vec<(&str, &str)> = form.into_iter().flat_map(Form::pairs).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let length = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
    let mut tail = String::with_capacity(length);
    pairs.iter().flat_map(|(name, value)| [name, value]).for_each(|text| tail.push_str(text));
    tail
}
