//! What carriers send: webhooks, signature first.
//!
//! A request that the carrier did not sign gets a 403 and is neither parsed nor journaled. One that it did sign is
//! answered politely whatever it holds: a person may be listening.
//!
//! - `signed`: from bytes to a signed form · `voice`: what is said next · `callbacks`: what happened · `farewell`: last words

pub(crate) mod callbacks;
mod farewell;
mod signed;
pub(crate) mod voice;

pub(crate) use farewell::apology;
pub(crate) use signed::Refused;
