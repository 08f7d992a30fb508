//! Webhooks to tenants' software: one event as one signed request, and what came of it.
//!
//! - `reach`: to which addresses anything is sent at all, looked at when a connection is made
//! - `secret`: what signs, as Standard Webhooks has it · `post`: the request, and its bounded answer
//!
//! Nothing is tried twice here and nothing is kept: when again is the core's to say.

mod post;
mod reach;
mod secret;

pub use post::{Message, NoClient, Poster};
pub use reach::{BadUrl, Plain, Reach};
pub use secret::Secret;
