//! What an operator does to a data folder and its database from outside, mostly while no server runs on them.
//!
//! - [`verify()`]: the journal against the database, the database against itself, and the recordings
//! - [`backup()`], [`restore()`]: one file that holds it all
//! - [`erase()`]: a person, forgotten
//! - [`prune()`]: history that has had its time; [`prune_journal()`]: the same where the journal is the store
//! - [`Held`]: a folder open for nobody else · [`Mirror`]: whom to trust, in a folder without a database

mod archive;
mod backup;
mod erase;
mod folder;
mod held;
mod mirror;
mod prune;
mod recordings;
pub(crate) mod replay;
mod report;
mod restore;
mod retiring;
mod verify;
mod verify_appointments;
mod verify_numbers;
mod verify_queue;

pub use archive::{ArchiveError, Inside};
pub use backup::{Backup, backup};
pub use erase::{EraseError, Erasure, Whom, erase};
pub use folder::{Folder, FolderTrouble};
pub use held::{Held, HeldError};
pub use mirror::Mirror;
pub use prune::{How, PruneError, Removed, Wanted, prune, prune_journal};
pub use report::{Fault, Loose, Report, Share};
pub use restore::{Places, Restored, adopt, inspect, restore};
pub(crate) use retiring::{Ground, all_suppressions};
pub use verify::{Beside, VerifyError, verify};

/// Told how much is done, now and then.
pub type Tick<'a> = &'a mut (dyn FnMut(u64) + Send);

/// How many calls are looked at together.
const PAGE: u16 = 200;
