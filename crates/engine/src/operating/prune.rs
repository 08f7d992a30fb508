//! History that has had its time: its recordings first, then its rows, in batches that are small enough to let a running
//! server in between.
//!
//! A batch that is cut off between the two leaves rows whose recordings are gone: the next run takes them too. Calls that
//! are not over are never looked at, nor are those that a job which is not settled goes by. Campaigns that were closed
//! before the time go after their calls, with their jobs and attempts; people stay. So do appointments
//! that began before it. Who prunes by status keeps them.

use super::folder::Folder;
use super::held::{Held, HeldError};
use super::{PAGE, Tick, recordings};
use crate::patience::with_patience;
use serde::Serialize;
use trunkline_core::call::Status;
use trunkline_core::id::CallId;
use trunkline_journal::Options;
use trunkline_media::PlaceError;
use trunkline_store::{Pruned, Pruning, Retired, Store, StoreError, Target};

/// So many jobs go at once.
const JOBS: u16 = 1_000;

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
    /// Campaigns that were closed.
    pub campaigns: u64,
    /// Their jobs.
    pub jobs: u64,
    /// Their attempts.
    pub attempts: u64,
    /// Appointments that were before.
    pub appointments: u64,
    /// Files of recordings.
    pub recordings: u64,
    /// Their length.
    pub recording_bytes: u64,
    /// Bytes of the journal, where that is the store.
    pub journal_bytes: u64,
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
    /// The folder of recordings.
    #[error("the recordings: {0}")]
    Folder(#[from] std::io::Error),
    /// A recording.
    #[error("the recordings: {0}")]
    Recordings(#[from] PlaceError),
    /// The folder is not to be had, or not to be written to.
    #[error(transparent)]
    Held(#[from] HeldError),
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
    let by = match how {
        How::Done => By::Database,
        How::Counted => By::Nobody,
    };
    each_page(folder, store, wanted, by, tick).await
}

/// The same in a folder without a database, and so that its next index does not bring back what went. No server may run
/// on it.
///
/// # Errors
/// As [`prune`]; or another process has the folder, or the journal can't be written.
pub async fn prune_journal(
    folder: &Folder,
    options: Options,
    index: &Target,
    wanted: &Wanted,
    at: jiff::Timestamp,
    tick: Tick<'_>,
) -> Result<Removed, PruneError> {
    let held = Held::open(folder, options)?;
    let store = held.index(index, tick).await?;
    let done = async {
        let mut removed = each_page(folder, &store, wanted, By::Journal(&held, at), tick).await?;
        removed.journal_bytes = held.let_go(&store, tick).await?;
        Ok(removed)
    };
    let done = done.await;
    store.close().await;
    held.close();
    done
}

/// Who sees to it that calls go and stay away.
#[derive(Clone, Copy)]
enum By<'a> {
    /// Nobody: they are only counted.
    Nobody,
    /// The database that keeps them.
    Database,
    /// The journal that keeps them, at this time.
    Journal(&'a Held, jiff::Timestamp),
}

async fn each_page(
    folder: &Folder,
    store: &Store,
    wanted: &Wanted,
    by: By<'_>,
    tick: Tick<'_>,
) -> Result<Removed, PruneError> {
    let mut removed = Removed::default();
    let statuses: Vec<Option<Status>> = match wanted.statuses.as_slice() {
        [] => vec![None],
        some => some.iter().copied().map(Some).collect(),
    };
    for status in statuses {
        let what = Pruning { before: wanted.before, status, tenant: None };
        let mut after = None;
        loop {
            let page = with_patience(|| store.prunable_after(&what, after, PAGE)).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for name in page.iter().flat_map(recordings::named) {
                let bytes = match by {
                    By::Nobody => recordings::length(folder, &name).await?,
                    By::Database | By::Journal(..) => recordings::remove(folder, &name).await?,
                };
                removed.recordings += u64::from(bytes.is_some());
                removed.recording_bytes += bytes.unwrap_or(0);
            }
            let ids: Vec<CallId> = page.iter().map(|call| call.id).collect();
            let rows = match by {
                By::Nobody => store.weigh(&page).await?,
                By::Database => {
                    recordings::sync(folder)?;
                    with_patience(|| store.prune(&what, &ids)).await?
                }
                By::Journal(held, at) => {
                    recordings::sync(folder)?;
                    let noted = held.goes(store, &what, &page, at).await?;
                    let rows = store.prune(&what, &ids).await?;
                    held.has_eaten(store, noted).await?;
                    rows
                }
            };
            removed.add(rows);
            tick(removed.calls);
        }
    }
    if wanted.statuses.is_empty() && !matches!(by, By::Journal(..)) {
        removed.queue(store, wanted.before, by).await?;
        removed.appointments(store, wanted.before, by).await?;
    }
    Ok(removed)
}

impl Removed {
    async fn queue(&mut self, store: &Store, before: jiff::Timestamp, by: By<'_>) -> Result<(), PruneError> {
        for campaign in with_patience(|| store.closed_before(before, None)).await? {
            if matches!(by, By::Nobody) {
                self.add_retired(store.weigh_campaign(campaign).await?);
                continue;
            }
            loop {
                let retired = with_patience(|| store.retire_campaign(campaign, JOBS)).await?;
                self.add_retired(retired);
                if retired.campaigns > 0 || retired.jobs == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Appointments that began before the time: whoever prunes by status keeps them.
    async fn appointments(
        &mut self,
        store: &Store,
        before: jiff::Timestamp,
        by: By<'_>,
    ) -> Result<(), PruneError> {
        if matches!(by, By::Nobody) {
            self.appointments = store.appointments_before(before).await?;
            return Ok(());
        }
        loop {
            match with_patience(|| store.prune_appointments(before, JOBS)).await? {
                0 => return Ok(()),
                gone => self.appointments += gone,
            }
        }
    }

    fn add_retired(&mut self, retired: Retired) {
        self.campaigns += retired.campaigns;
        self.jobs += retired.jobs;
        self.attempts += retired.attempts;
    }

    fn add(&mut self, rows: Pruned) {
        self.calls += rows.calls;
        self.events += rows.events;
        self.turns += rows.turns;
        self.legs += rows.legs;
    }
}
