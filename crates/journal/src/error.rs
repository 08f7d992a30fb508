//! What can go wrong, by what was asked: open, append, read, checkpoint, retire, repair.

use std::{io, path::PathBuf};

use crate::{frame::Flaw, lsn::Lsn};

/// A place where the files are not what was once acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is damaged at byte {offset} ({flaw})", file.display())]
pub struct Damage {
    /// The file that was damaged.
    pub file: PathBuf,
    /// The first byte of the batch or header that can't be trusted.
    pub offset: u64,
    /// What is wrong there.
    pub flaw: Flaw,
}

/// A file operation that failed, and on what.
#[derive(Debug, thiserror::Error)]
#[error("could not {what} {}", file.display())]
pub struct FileError {
    /// The operation, as a verb.
    pub what: &'static str,
    /// The file or folder it was done to.
    pub file: PathBuf,
    /// The system's answer.
    pub source: io::Error,
}

impl FileError {
    /// Whether the disk (or a quota, or a limit on file size) is full: space may return.
    #[must_use]
    pub fn is_full(&self) -> bool {
        is_full(&self.source)
    }
}

pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// Adds to an [`io::Error`] what was done to which file.
pub(crate) trait Doing<T> {
    fn doing(self, what: &'static str, file: &std::path::Path) -> Result<T, FileError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &'static str, file: &std::path::Path) -> Result<T, FileError> {
        self.map_err(|source| FileError { what, file: file.to_owned(), source })
    }
}

/// Why a journal did not open. Nothing was changed on disk.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the folder.
    #[error("another process uses the journal in {}", .0.display())]
    Locked(PathBuf),
    /// Acknowledged data is damaged. To go on without it is a person's decision.
    #[error(
        "acknowledged data is lost: {damage}; nothing was changed; to cut there and set the rest aside run \
         `trunkline journal repair {}`", dir.display()
    )]
    Damaged {
        /// The journal's folder.
        dir: PathBuf,
        /// Where.
        damage: Damage,
    },
    /// The records before the oldest segment are covered by no readable checkpoint.
    #[error(
        "no readable checkpoint in {} covers the records before {oldest}, where the oldest segment begins; restore \
         one from a backup", dir.display()
    )]
    NoCheckpoint {
        /// The journal's folder.
        dir: PathBuf,
        /// The first sequence number that is there.
        oldest: Lsn,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The writer thread could not be started.
    #[error("could not start the journal's writer thread")]
    Thread(#[source] io::Error),
    /// The system gave no random salt for a new segment.
    #[error("the system gave no randomness: {0}")]
    Randomness(getrandom::Error),
}

/// Why a record was not taken. It is not, and will not be, in the journal, except after [`AppendError::Poisoned`], where nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The disk is full. Endings are still taken while the reserve lasts; try again when space returns.
    #[error("the journal's disk is full")]
    Full,
    /// Too much is not yet projected, and this class of records has to wait.
    #[error("the journal's backlog is full")]
    Backlog,
    /// The disk is slower than what comes in, and the queue in memory is full.
    #[error("the journal's queue is full")]
    Queue,
    /// The payload is longer than [`crate::MAX_PAYLOAD`].
    #[error("a record of {0} bytes is too large for the journal")]
    TooLarge(usize),
    /// A write or sync failed: the process must exit, and recovery will tell what is durable.
    #[error("the journal is poisoned by a failed write")]
    Poisoned,
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
}

/// Why a checkpoint was not made. The one before is still in place.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It would cover records that are not durable: memory would survive what the journal forgot.
    #[error("checkpoint covers {covers}, only {durable} is durable")]
    NotDurable {
        /// What it would cover.
        covers: Lsn,
        /// What is durable.
        durable: Lsn,
    },
    /// A newer one is there already.
    #[error("checkpoint covers {covers}, there is one that covers {newest}")]
    Older {
        /// What it would cover.
        covers: Lsn,
        /// What the newest one covers.
        newest: Lsn,
    },
    /// The journal is poisoned.
    #[error("the journal is poisoned by a failed write")]
    Poisoned,
    /// A file operation failed; after a failed sync the journal is poisoned as well.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// What was asked for has been retired.
    #[error("records after {after} were asked for, the oldest that is kept is {oldest}")]
    Gone {
        /// The sequence number that was asked for.
        after: Lsn,
        /// The oldest that is kept.
        oldest: Lsn,
    },
    /// The file is damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}
