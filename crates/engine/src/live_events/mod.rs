//! Live events: what happened to a tenant's calls, told to whoever listens, as soon as it is durable and never before.
//!
//! ```text
//! journal → teller → tail (the newest, in memory) ─┬→ subscription → web
//!              journal, for who stands further back ┘
//! ```
//!
//! The journal's order is the order of events, and a place in it is where a listener goes on: after a cut connection, a
//! kill or a day of absence, as long as the journal keeps its files. A listener has no queue here, only a place. A slow
//! one falls out of the tail and reads on in the journal, at its own pace; one that stands before the journal's oldest
//! record is told that it has missed something ([`Lost`]).
//!
//! What is told of an event was journaled with it ([`Became`]), so that whoever hears of it later hears the same. Nothing
//! that is sealed in a record is opened on this way: no number, name or answer can be told by it.
//!
//! How an event looks is `json`'s; how it travels is web's.

mod became;
mod cursor;
mod event;
mod json;
mod name;
mod subscription;
mod tail;
mod teller;

pub(crate) use became::Became;
pub use cursor::{BadCursor, Cursor};
pub use event::LiveEvent;
pub use name::EventName;
pub use subscription::{About, Lost, Subscription};
pub(crate) use tail::Tail;
pub(crate) use teller::HISTORY_READERS;
