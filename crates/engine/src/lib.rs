//! Does. Owns live calls, admission, effects, dialing, projection and recovery.

mod order;
mod reading;
mod webhook;

pub use order::{EndError, Novelty, Order, PlaceError, Placed};
pub use reading::{Counts, Entry, Health, History, Listing, Part, Query, Scope};
pub use webhook::{Bearing, MachineReport, RecordingReport, StatusReport, TranscriptReport, VoiceFetch};

/// Why an event was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The journal has no room: nothing was acknowledged.
    #[error("the journal has no room")]
    Full,
    /// The journal failed: the process is about to exit.
    #[error("the journal failed: {0}")]
    Failed(String),
}
