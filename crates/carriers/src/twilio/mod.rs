//! Twilio, and whoever speaks its REST API: the simulator, and compatible carriers by `TWILIO_API_BASE`.
//!
//! - `client`: the account, and what all requests share · `create`: the one create request · `calls`: fetch, list, hang
//!   up · `account`: recordings, phone numbers, standing
//! - [`signature`]: is a request the carrier's? · `words`: its words, one by one

mod account;
mod calls;
mod client;
mod create;
pub mod signature;
pub(crate) mod words;

pub use crate::http::BadSettings;
pub use client::{Twilio, TwilioSettings};

/// How accounts at it are named.
pub const NAME: &str = "twilio";

/// Whether this is an id of Twilio's: two letters that name the kind, then 32 hex digits.
pub(crate) fn is_sid(text: &str, kind: &str) -> bool {
    let digits = text.strip_prefix(kind).unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
