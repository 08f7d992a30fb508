//! Telnyx: by TeXML, calls that are led by voice documents which Telnyx fetches from us, as Twilio does; or by Call Control
//! ([`control`]), calls that are led by commands of ours.
//!
//! - `client`: the account, and what all requests share · `create`: the one create request · `calls`: fetch, list, hang
//!   up, send elsewhere · `account`: recordings, phone numbers, standing
//! - [`signature`]: is a request the carrier's? · `words`: its words, one by one
//!
//! Why TeXML is the usual one: `docs/decisions/0013`.

mod account;
mod calls;
mod client;
pub mod control;
mod create;
pub mod signature;
pub(crate) mod words;

pub use client::{Telnyx, TelnyxSettings};

/// How accounts at it are named.
pub const NAME: &str = "telnyx";

/// Telnyx names accounts and recordings so.
pub(crate) fn is_uuid(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match dashes.contains(&at) {
            true => byte == b'-',
            false => byte.is_ascii_hexdigit(),
        })
}

/// Whether this is the name of a leg, its call control id: `v3:` and URL-safe base64. It becomes a part of addresses.
pub(crate) fn is_call_id(text: &str) -> bool {
    let Some((version, id)) = text.split_once(':') else { return false };
    let is_version = version.strip_prefix('v').is_some_and(|number| {
        (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
    is_version && (8..=200).contains(&id.len()) && id.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_what_could_lead_an_address_elsewhere() {
        assert!(is_call_id("v3:9X2vxPDFY2RHSJ1EdMS0RHRksMTg7ldNxdjWbVr9zBjbGjGsSe-aiQ"));
        assert!(is_call_id("v2:7V3r4VFCGLTzKLOveE0-7vM9dX17-NRQgU1byo-uuOIX9JcDadLLKw"));
        for wrong in ["", "v3:", "v3:../../x/..", "v3:abcdefgh?x=1", "x3:abcdefgh", "v3:abc def gh", "CA1"] {
            assert!(!is_call_id(wrong), "{wrong}");
        }
        assert!(is_uuid("f5586561-8ff0-4291-a51b-c7dfe4139ff9"));
        for wrong in ["", "f5586561-8ff0-4291-a51b-c7dfe4139ff", "f5586561x8ff0-4291-a51b-c7dfe4139ff9"] {
            assert!(!is_uuid(wrong), "{wrong}");
        }
    }
}
