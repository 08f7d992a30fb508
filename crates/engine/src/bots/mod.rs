//! Calls in which a bot talks.
//!
//! The page of such a call tells the carrier to open a media stream ([`pages`]); whoever opens it shows the page's token, once
//! ([`opening`]); then the stream and the model are each other's, through the core's bridge ([`session`]). What is said is
//! journaled as it is heard ([`writing`]), and never waited for by the sound. What the bot asks for is done in [`tools`], and
//! what it is told of itself is in [`briefing`]; its talk is recorded in [`taping`].
//!
//! What a bot *is* meets this in four places and nowhere else: which one answers a number (`Inner::routed`; a call that is
//! placed bears it in its `Request`), whether it is still there (`has_bot`), what the model is told at the beginning of a stream
//! (`stream_brief`), and what a tool answers (`use_tool`).
//!
//! Nothing of this is needed after a crash but the journal: the carrier asks what comes next when its stream breaks, and a new
//! stream begins with everything that was said.

mod briefing;
mod opening;
mod pages;
mod session;
mod taping;
mod tools;
mod writing;

pub use briefing::Bots;
pub use opening::{MediaLine, OpenError, StreamOpened};
pub(crate) use taping::Tapes;
