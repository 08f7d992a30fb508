//! What carriers send: webhooks, signature first.
//!
//! A request that the carrier did not sign gets a 403 and is neither parsed nor journaled. One that it did sign is
//! answered politely whatever it holds: a person may be listening.
//!
//! - `signed`: from bytes to a signed form · `voice`: what is said next · `callbacks`: what happened · `farewell`: last words
//! - `timing`: how fast all that was

pub(crate) mod callbacks;
mod farewell;
mod signed;
mod timing;
pub(crate) mod voice;

pub(crate) use farewell::apology;
pub(crate) use signed::Refused;
pub(crate) use timing::{Histogram, Timing};
