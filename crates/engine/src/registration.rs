//! What a client says of a call that it carries itself, as it came in, and why it was not taken.

use crate::{IntakeError, Unavailable};
use jiff::Timestamp;
use std::sync::Arc;
use thiserror::Error;
use trunkline_core::call::{Call, Direction, Metadata, Refused, Status};
use trunkline_core::id::CallId;
use trunkline_core::private::Private;

/// A call that is to be kept here: nothing checked yet.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The client's name of it, mostly the carrier's: 1 to 128 visible ASCII characters, unique for ever.
    pub call_id: String,
    /// The client's conversation: 1 to 255 characters.
    pub session_id: String,
    /// Who connects it: a word such as `twilio`.
    pub provider: String,
    /// Which way it goes.
    pub direction: Direction,
    /// Who calls; empty if nobody said.
    pub from: Private<String>,
    /// Who is called; empty if nobody said.
    pub to: Private<String>,
    /// Free JSON kept with the call.
    pub metadata: Private<Metadata>,
    /// When it began, if that was before now.
    pub began_at: Option<Timestamp>,
}

/// Where the call is, by its client's word.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the word means.
    pub status: Status,
    /// The word as it came.
    pub word: String,
    /// Metadata to merge.
    pub metadata: Private<Metadata>,
    /// What makes two reports one.
    pub id: ReportId,
    /// When it was so, if that was before now.
    pub at: Option<Timestamp>,
}

/// What makes two reports one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportId {
    /// The client's own name of the event.
    Event(String),
    /// A hash of what it said.
    Body(String),
}

/// What became of a report.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The call as it is now.
    pub call: Arc<Call>,
    /// Why the word moved nothing, if it did not.
    pub refused: Option<Refused>,
}

/// Why a client's word was not taken. Nothing was journaled.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// A field is wrong.
    #[error("{field}: {why}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, in words for the reader.
        why: String,
    },
    /// No such call.
    #[error("no such call")]
    NotFound,
    /// This server carries the call itself: a client's word does not move it.
    #[error("{call} is carried by this server, not registered with it")]
    NotRegistered {
        /// Which.
        call: CallId,
    },
    /// The same id was registered with other facts.
    #[error("{call} is registered with another {field}")]
    RegisteredOtherwise {
        /// Which.
        call: CallId,
        /// What differs.
        field: &'static str,
    },
    /// The server takes no more calls now.
    #[error("no more calls are taken now: {0}")]
    Closed(String),
    /// It may be a call that is over, and history can't be read now.
    #[error(transparent)]
    History(#[from] Unavailable),
    /// The journal did not take it.
    #[error(transparent)]
    Journal(#[from] IntakeError),
}
