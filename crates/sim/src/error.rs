//! What can go wrong with the simulator itself, as opposed to what it does wrong on request.

use std::path::PathBuf;

/// The simulator's own errors.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The listener has no address.
    #[error("listener has no local address")]
    Listener(#[source] std::io::Error),
    /// The state file cannot be read or written.
    #[error("state file {} cannot be used", path.display())]
    StateFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Somebody called a number that the account does not have.
    #[error("the number called is not one of the account's")]
    NotOurNumber,
    /// Somebody called a number that nobody answers for.
    #[error("the number called has no usable voice url")]
    NoVoiceUrl,
}
