//! Telnyx, by Call Control: calls that are led by commands of ours, and of which events tell.
//!
//! The account, its key, its signature, its ids and its numbers are those of TeXML ([`super::Telnyx`]); what differs is who
//! performs a voice document. There it is Telnyx, here it is we: a [`Performance`] plays a document verb by verb, says which
//! [`Command`] comes next, and hears the [`Told`] events. It does no I/O and knows no clock; who shows it the events, sends
//! its commands and fetches its pages is the engine.
//!
//! - `client`: the account asked so · `create`: the one create request · `calls`: one call, and those between two numbers
//! - `command`: what can be asked of a leg · `event`: what is told of one · `mark`: which verb both belong to
//! - `listening`: what of speech is listened for, and who recognizes it
//! - `performance`: from a document and events to commands
//!
//! Why it is done this way: `docs/decisions/0017`.

mod calls;
mod client;
mod command;
mod create;
mod event;
mod listening;
mod mark;
mod performance;

pub use client::CallControl;
pub use command::{Command, Obeyed};
pub use event::{Happened, Saved, Told, read};
pub use listening::Listening;
pub use mark::Mark;
pub use performance::{Asked, Heard, Performance, Step};

#[cfg(test)]
mod asked;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod told;
