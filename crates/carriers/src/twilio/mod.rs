//! Twilio, and whoever speaks its REST API: the simulator, and compatible carriers by `TWILIO_API_BASE`.
//!
//! - `client`: the account, and what all requests share · `create`: the one create request · `calls`: fetch, list, hang
//!   up · `account`: recordings, phone numbers, standing
//! - [`signature`]: is a request the carrier's? · [`form`]: its fields · [`webhook`]: what they mean · `words`: word by word
//!
//! To add a webhook: a type and a function in `webhook.rs`, a row in its table of keys.

mod account;
mod calls;
mod client;
mod create;
pub mod form;
pub mod signature;
pub mod webhook;
mod words;

pub(crate) use client::ask_error;
pub use client::{BadSettings, Twilio, TwilioSettings};
pub use words::UnknownWord;

/// Whether this is an id of Twilio's: two letters that name the kind, then 32 hex digits.
fn is_sid(text: &str, kind: &str) -> bool {
    let digits = text.strip_prefix(kind).unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
