//! A client's wish to have a call placed, and what became of it.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;
use trunkline_core::call::{Call, Metadata};
use trunkline_core::private::Private;

/// A call somebody wants placed, as it came in: nothing checked yet.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Whom to call, as written by a person.
    pub to: Private<String>,
    /// The caller id; the configured number if absent.
    pub from: Option<Private<String>>,
    /// The carrier to ask first, by its name; by the server's own choice if absent.
    pub carrier: Option<String>,
    /// The script's name; the default script if absent.
    pub script: Option<String>,
    /// The bot that talks; the script is then what goes on if it can't.
    pub bot: Option<String>,
    /// Where software of the client's listens that the person is to talk with; the script, if one is named, goes on after it.
    pub stream_url: Option<Private<String>>,
    /// The person's name.
    pub name: Option<Private<String>>,
    /// Values for the script's `{{…}}`.
    pub variables: Private<BTreeMap<String, String>>,
    /// Free JSON kept with the call.
    pub metadata: Private<Metadata>,
    /// The client's own conversation.
    pub session_id: Option<String>,
    /// Ring timeout in seconds, 5 to 600.
    pub ring_timeout_secs: Option<u32>,
    /// Maximum length in seconds, 10 to 14,400.
    pub time_limit_secs: Option<u32>,
    /// Not before this time.
    pub not_before: Option<Timestamp>,
    /// The client's Idempotency-Key with the hash of its request's body.
    pub idempotency: Option<trunkline_core::call::Idempotency>,
}

/// A call that was taken on.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The call.
    pub call: Arc<Call>,
    /// Whether it is new.
    pub novelty: Novelty,
    /// Things to know that are no errors, such as a number in an unassigned range.
    pub warnings: Vec<String>,
}

/// Whether an order made a new call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// It did.
    New,
    /// The same order was taken before: this is that call.
    Repeated,
}

/// Why an order was not taken on. Nothing was journaled, nobody will be called.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// A field is wrong.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field of the order.
        field: &'static str,
        /// Why, in words for the reader.
        why: String,
    },
    /// The number is on a suppression list.
    #[error("to: this number is suppressed and will not be called")]
    Suppressed,
    /// The same Idempotency-Key came with another body.
    #[error("the idempotency key was used before with another request")]
    KeyReused,
    /// The same Idempotency-Key is being worked on.
    #[error("a request with this idempotency key is still being worked on")]
    KeyInFlight,
    /// The server takes no new calls now.
    #[error("no new calls are taken now: {0}")]
    Closed(String),
    /// The journal did not take it.
    #[error(transparent)]
    Journal(#[from] crate::IntakeError),
}

/// Why a call could not be ended.
#[derive(Debug, Error)]
pub enum EndError {
    /// No such call.
    #[error("no such call")]
    NotFound,
    /// It is over.
    #[error("the call is already over ({0})")]
    Over(&'static str),
    /// It is not in memory, and history can't be read now; or another server carries it.
    #[error(transparent)]
    History(#[from] crate::Unavailable),
    /// The journal did not take it.
    #[error(transparent)]
    Journal(#[from] crate::IntakeError),
}
