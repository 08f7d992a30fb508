//! Remembers: a segmented, append-only, group-committed journal of opaque records.
//!
//! It knows bytes, lengths, kinds and sequence numbers, not calls. What goes in is a payload with a kind and a [`Class`]; what comes
//! out is its [`Lsn`] once it is durable, and later the same bytes in the same order.
//!
//! The promise: **an acknowledged record is never lost**, neither by `kill -9` nor a power cut nor a full disk; and
//! what was lost all the same (a damaged disk) is never passed over in silence. So:
//! * one thread writes, and syncs before it acknowledges; all that wait share one sync ([`Journal::append`], [`Pending`]);
//! * a failed sync poisons the journal: everybody who waits fails, and the process must exit ([`Journal::fatal`]);
//! * a full disk costs what could not be written, and leaves a reserve for endings ([`Class`]);
//! * recovery cuts what was torn and refuses what was damaged ([`Journal::open`], [`Recovered`], [`OpenError`]).
//!
//! **The limit.** Damage in the very last acknowledged batch, when nothing was written after it, can't be told from a torn tail: it
//! is cut, and reported as such. After 0.1 s of idleness, at every checkpoint, and at a close, a note is made that
//! closes this gap up to there. And a failed disk that lies about its syncs can't be outwitted by any file format.
//!
//! It leaves to others: what the records mean (the core), folding and replaying them (the engine), and the current time,
//! which is an argument wherever it is needed.
//!
//! Segments are appended to, not preallocated: measured on ext4, `fallocate` made a lone fdatasync 1.1 to 1.5 times faster and
//! written zeros no faster at all, while under load grouping decides. That did not buy a second way to end a file.

mod checkpoint;
mod error;
mod folder;
mod frame;
mod inspect;
mod journal;
pub mod keys;
mod lsn;
mod options;
mod queue;
mod reader;
mod recover;
mod repair;
mod segment;
mod shared;
mod survey;
mod walk;
mod writer;

pub use checkpoint::Checkpoint;
pub use error::{AppendError, CheckpointError, Damage, FileError, OpenError, ReadError};
pub use folder::{Files, FolderLock, files, hold};
pub use frame::{Flaw, MAX_PAYLOAD};
pub use inspect::{Cat, Finding, Verdict, Verification, VerifiedSegment, verify};
pub use journal::{Journal, Retired};
pub use lsn::{Class, Lsn, Position, Record};
pub use options::{Options, Sync};
pub use queue::Pending;
pub use reader::Reader;
pub use recover::{Recovered, TornTail};
pub use repair::{Repaired, repair};
pub use shared::{Status, Taking};
