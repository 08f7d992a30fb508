//! History that has had its time: its recordings first, then its rows, in batches that are small enough to let a running
//! server in between.
//!
//! A batch that is cut off between the two leaves rows whose recordings are gone: the next run takes them too. Calls that
//! are not over are never looked at.

use super::folder::Folder;
use super::{PAGE, Tick, recordings};
use crate::patience::with_patience;
use serde::Serialize;
use trunkline_core::call::Status;
use trunkline_core::id::CallId;
use trunkline_store::{Pruned, Pruning, Store, StoreError};

/// What is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Calls that ended before this.
    pub before: jiff::Timestamp,
    /// Only with one of these statuses; any, if there is none.
    pub statuses: Vec<Status>,
}

/// What went, or would go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Calls.
    pub calls: u64,
    /// Events.
    pub events: u64,
    /// Turns.
    pub turns: u64,
    /// Legs.
    pub legs: u64,
    /// Files of recordings.
    pub recordings: u64,
    /// Their length.
    pub recording_bytes: u64,
}

/// Whether it is done, or only counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Done.
    Done,
    /// Counted only.
    Counted,
}

/// Why pruning stopped. What went before stays gone; a second run goes on.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The database.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// The recordings.
    #[error("the recordings: {0}")]
    Recordings(#[from] std::io::Error),
}

/// Deletes calls that ended before a time, with everything that is theirs; or counts them.
///
/// # Errors
/// The database went away, or a recording can't be removed.
pub async fn prune(
    folder: &Folder,
    store: &Store,
    wanted: &Wanted,
    how: How,
    tick: Tick<'_>,
) -> Result<Removed, PruneError> {
    let mut removed = Removed::default();
    let statuses: Vec<Option<Status>> = match wanted.statuses.as_slice() {
        [] => vec![None],
        some => some.iter().copied().map(Some).collect(),
    };
    for status in statuses {
        let what = Pruning { before: wanted.before, status };
        let mut after = None;
        loop {
            let page = with_patience(|| store.prunable_after(what, after, PAGE)).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for name in page.iter().flat_map(recordings::named) {
                let bytes = match how {
                    How::Done => recordings::remove(folder, &name)?,
                    How::Counted => recordings::length(folder, &name)?,
                };
                removed.recordings += u64::from(bytes.is_some());
                removed.recording_bytes += bytes.unwrap_or(0);
            }
            let rows = match how {
                How::Counted => store.weigh(&page).await?,
                How::Done => {
                    recordings::sync(folder)?;
                    let ids: Vec<CallId> = page.iter().map(|call| call.id).collect();
                    with_patience(|| store.prune(what, &ids)).await?
                }
            };
            removed.add(rows);
            tick(removed.calls);
        }
    }
    Ok(removed)
}

impl Removed {
    fn add(&mut self, rows: Pruned) {
        self.calls += rows.calls;
        self.events += rows.events;
        self.turns += rows.turns;
        self.legs += rows.legs;
    }
}
