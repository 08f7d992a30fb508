//! Feeds the store: journal → SQL in batches, the cursor moved in the same transaction. Never on a call's path.
//!
//! The store may be slow, locked, replaced or gone for a day: the projector tries again within a second, says so once
//! per change, and when the store is back goes on where the cursor stands. It performs no effects.

use crate::batch::Batch;
use crate::engine::Inner;
use crate::history::{Run, put, runs};
use crate::live::{Handle, Health, Origin};
use crate::parked::Parked;
use crate::reading::{History, Part};
use crate::spans;
use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tracing::Instrument;
use trunkline_core::call::Call;
use trunkline_core::campaign::Wish;
use trunkline_core::id::CallId;
use trunkline_core::queue::{Job, JobRefused, News};
use trunkline_journal::{Lsn, ReadError, Reader, Record};
use trunkline_store::{Away, Cursor, JobNews, Position, Projected, Projection, Store, StoreError};

/// A batch is at most so many records and bytes.
const BATCH_RECORDS: usize = 4_000;
const BATCH_BYTES: usize = 4 << 20;
/// A store that was too slow for a batch is given half of it next, and never less than this.
const LEAST_RECORDS: usize = 50;
/// Events are let gather this long, so that a batch is worth its transaction.
const GATHER: Duration = Duration::from_millis(50);
/// Under load they are let gather longer: many events of one call then cost one row, and readers see live calls anyway.
const GATHER_UNDER_LOAD: Duration = Duration::from_millis(250);
/// So many records since the last look are load.
const LOAD: usize = 200;
/// Between two tries to reach a store that is away.
const RETRY: Duration = Duration::from_millis(500);
/// The words of so many calls are kept at once that had none.
const WORDS_AT_ONCE: u16 = 500;
/// How often the store is told to sync and the journal to let go of old segments.
const UPKEEP: Duration = Duration::from_secs(10);

/// The store as the engine sees it: there, or away with a reason.
pub(crate) struct StoreFeed {
    store: RwLock<Option<Store>>,
    away: Mutex<Option<(String, Timestamp)>>,
    position: AtomicU64,
    /// Up to where readers have seen the store. One that came back with less, since a crash took back what was not on its
    /// disk yet, is not shown before it has that much again.
    seen: AtomicU64,
    /// A reader has met a store that does not answer.
    doubted: Notify,
    /// How many records the next batch may have.
    batch_records: AtomicUsize,
    /// When the last projected event was received, in microseconds.
    eaten_at: AtomicI64,
    /// Calls that the store refuses.
    pub parked: Parked,
    /// Why rows go to a table's default partition, if they do.
    unparted: Mutex<Option<String>>,
    /// Whether other nodes feed the store as well.
    pub shared: AtomicBool,
}

/// The projector's own word for a store that can't go on.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the journal can't be read: {0}")]
    Journal(#[from] ReadError),
}

impl StoreFeed {
    pub fn new(now: Timestamp) -> Self {
        Self {
            store: RwLock::new(None),
            away: Mutex::new(Some(("not connected yet".to_owned(), now))),
            position: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            doubted: Notify::new(),
            batch_records: AtomicUsize::new(BATCH_RECORDS),
            eaten_at: AtomicI64::new(now.as_microsecond()),
            parked: Parked::default(),
            unparted: Mutex::default(),
            shared: AtomicBool::new(false),
        }
    }

    /// The store, if it is there.
    pub fn store(&self) -> Option<Store> {
        self.store.read().clone()
    }

    /// Up to where the store has eaten.
    pub fn position(&self) -> Lsn {
        Lsn::new(self.position.load(Ordering::Acquire))
    }

    /// The store has eaten up to here: from now on readers may see it, unless they have seen more.
    fn has_eaten(&self, store: &Store, upto: Position) {
        self.position.store(upto.0, Ordering::Release);
        if self.seen.fetch_max(upto.0, Ordering::AcqRel) <= upto.0 && self.store.read().is_none() {
            *self.store.write() = Some(store.clone());
        }
    }

    /// A reader got no answer: the projector looks at once instead of at its next turn.
    pub fn is_doubted(&self) {
        self.doubted.notify_one();
    }

    /// A batch went in, or took too long.
    fn batch_was<T>(&self, done: &Result<T, StoreError>) {
        let records = self.batch_records.load(Ordering::Relaxed);
        let next = match done {
            Ok(_) => (records * 2).min(BATCH_RECORDS),
            Err(StoreError::Unavailable { why: Away::Silent, .. }) => (records / 2).max(LEAST_RECORDS),
            Err(_) => records,
        };
        self.batch_records.store(next, Ordering::Relaxed);
    }

    /// How long the store has been behind: since the last event it has eaten was received.
    pub fn lag_ms(&self, durable: Lsn, now: Timestamp) -> u64 {
        if durable <= self.position() {
            return 0;
        }
        let eaten = self.eaten_at.load(Ordering::Relaxed);
        u64::try_from((now.as_microsecond() - eaten) / 1_000).unwrap_or(0)
    }

    /// Up to where the store has everything of a call.
    pub fn complete_to(&self, call: CallId) -> Lsn {
        self.parked.complete_to(call).unwrap_or_else(|| self.position())
    }

    pub fn history(&self) -> History {
        match &*self.away.lock() {
            Some((reason, since)) => History::Unavailable { reason: reason.clone(), since: *since },
            None => History::Available,
        }
    }

    pub fn health(&self, detail: String) -> Part {
        match &*self.away.lock() {
            Some((reason, since)) => Part::Degraded { reason: reason.clone(), since: *since },
            None => Part::Ok { detail },
        }
    }

    async fn close(&self) {
        let store = self.store.write().take();
        if let Some(store) = store {
            store.close().await;
        }
    }

    fn is_away(&self, reason: String, now: Timestamp) {
        let mut away = self.away.lock();
        match &mut *away {
            Some((known, _)) => {
                if *known != reason {
                    tracing::warn!(%reason, "database.away: calls go on, history waits");
                }
                *known = reason;
            }
            None => {
                tracing::warn!(%reason, "database.away: calls go on, history waits");
                *away = Some((reason, now));
            }
        }
    }

    /// It takes batches again, and is not where the journal is: told as progress, logged when it is there.
    fn catches_up(&self, behind: u64) {
        if let Some((reason, _)) = &mut *self.away.lock() {
            *reason = format!("the database is back and catches up: {behind} events to go");
        }
    }

    /// Says once when rows begin to go to a default partition, and when they no longer do.
    fn is_unparted(&self, why: Option<String>) {
        let mut known = self.unparted.lock();
        if *known == why {
            return;
        }
        match &why {
            Some(why) => tracing::warn!(
                why,
                "database.default_partition: rows of a month stay there; nothing is lost, but pages slow down as it grows"
            ),
            None => tracing::info!("database.partitions: each month has its own again"),
        }
        *known = why;
    }

    fn is_back(&self) {
        if self.away.lock().take().is_some() {
            tracing::info!("database.available");
        }
    }
}

impl Inner {
    /// Projects until the server stops.
    pub(crate) async fn project(self: Arc<Self>) {
        loop {
            let stuck = tokio::select! {
                stuck = self.project_until_stuck() => stuck,
                () = self.stop.cancelled() => break,
            };
            self.projection.is_away(stuck.to_string(), self.clock.now());
            // Dialing comes last at a start, and does not come after a database that is not there.
            self.ownership.cancel();
            self.let_dial();
            self.projection.close().await;
            self.make_index_anew(&stuck);
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = self.stop.cancelled() => break,
            }
        }
        self.projection.close().await;
    }

    fn let_dial(&self) {
        if !self.may_dial.swap(true, Ordering::AcqRel) {
            self.waiting.wake();
        }
    }

    /// An index that can't be used is thrown away: the journal has everything.
    fn make_index_anew(&self, stuck: &Stuck) {
        let database = &self.config.database;
        let Stuck::Store(error) = stuck else { return };
        if !database.is_index() || !error.is_unusable() {
            return;
        }
        match database.discard_index() {
            Ok(()) => tracing::warn!(%error, "index.discarded: it is made anew from the journal"),
            Err(why) => tracing::error!(%error, %why, "index.not_discarded: remove it by hand"),
        }
    }

    async fn project_until_stuck(self: &Arc<Self>) -> Stuck {
        match self.project_on().await {
            Ok(never) => match never {},
            Err(stuck) => stuck,
        }
    }

    async fn project_on(self: &Arc<Self>) -> Result<std::convert::Infallible, Stuck> {
        let store = Store::open(&self.config.database).await?;
        match self.feed(&store).await {
            Ok(never) => match never {},
            Err(stuck) => {
                // Readers may never have had it.
                store.close().await;
                Err(stuck)
            }
        }
    }

    /// Projects what there is now, once; whether all of it went in. For a command that ends with it.
    pub(crate) async fn project_once(self: &Arc<Self>) -> bool {
        let once = async {
            let store = Store::open(&self.config.database).await?;
            let Cursor { position, .. } = store.cursor(&self.ident).await?;
            self.projection.has_eaten(&store, position);
            let mut reader = self.reader_after(Lsn::new(position.0))?;
            let drained = self.drain(&store, &mut reader).await;
            self.projection.close().await;
            drained.map(drop)
        };
        let done: Result<(), Stuck> = once.await;
        if let Err(stuck) = &done {
            tracing::warn!(%stuck, "database.away: the next start brings in what the journal has");
        }
        done.is_ok()
    }

    async fn feed(self: &Arc<Self>, store: &Store) -> Result<std::convert::Infallible, Stuck> {
        self.campaigns.look(store).await?;
        let Cursor { position, .. } = store.cursor(&self.ident).await?;
        // The cursor stands before them: they are met again.
        self.projection.parked.clear();
        self.looks_for_neighbours(store).await?;
        // Before anybody is dialed.
        self.learns_suppressions(store).await?;
        self.joins(store).await?;
        self.ownership.cancel();
        self.projection.has_eaten(store, position);
        let mut reader = self.reader_after(Lsn::new(position.0))?;
        let mut upkeep = tokio::time::interval(UPKEEP);
        let mut first = true;
        // Calls that were there before there was an index of words: some at a time, when there is nothing else to do.
        let (mut wordless, mut after) = (true, None);
        // And talks of bots that were there before they were counted.
        let (mut uncounted, mut counted) = (true, None);
        loop {
            let drained = self.drain(store, &mut reader).await?;
            self.projection.is_back();
            if first {
                // Calls that the journal's tail brought back and the store has had for long.
                self.live.all().iter().for_each(|handle| self.let_go_of(handle, reader.position()));
                first = false;
            }
            self.let_dial();
            if wordless && drained < LOAD {
                after = store.keep_words_after(after, WORDS_AT_ONCE).await?;
                wordless = after.is_some();
            }
            if uncounted && drained < LOAD {
                counted = store.count_talks_after(counted, WORDS_AT_ONCE).await?;
                uncounted = counted.is_some();
            }
            let gather = if drained < LOAD { GATHER } else { GATHER_UNDER_LOAD };
            tokio::select! {
                _ = self.journal.changed(reader.position()) => tokio::time::sleep(gather).await,
                () = std::future::ready(()), if wordless || uncounted => {}
                () = self.projection.doubted.notified() => drop(store.sync(&self.ident).await?),
                _ = upkeep.tick() => {
                    if store.moved() {
                        return Err(StoreError::Unavailable { doing: "looking at it", why: Away::Moved }.into());
                    }
                    let synced = store.sync(&self.ident).await?;
                    self.retire(Lsn::new(synced.0)).await;
                    self.projection.is_unparted(store.unparted());
                    self.looks_for_neighbours(store).await?;
                    self.learns_suppressions(store).await?;
                    // Calls that a late webhook or a reader brought back, and that no new event will take out.
                    self.live.all().iter().for_each(|handle| self.let_go_of(handle, reader.position()));
                }
            }
        }
    }

    /// Takes in whom other nodes were told not to call, and what was imported.
    async fn learns_suppressions(&self, store: &Store) -> Result<(), StoreError> {
        store.all_suppressions().await?.into_iter().for_each(|entry| self.suppressed.has_stood(entry));
        Ok(())
    }

    async fn looks_for_neighbours(&self, store: &Store) -> Result<(), StoreError> {
        let others = store.fed_by().await?.len() > 1;
        if self.projection.shared.swap(others, Ordering::AcqRel) != others {
            tracing::info!(others, "database.shared: whether other nodes feed it too");
        }
        Ok(())
    }

    /// The journal from there on. An index begins with the oldest record that is kept.
    fn reader_after(&self, eaten: Lsn) -> Result<Reader, ReadError> {
        match self.journal.reader(eaten) {
            Err(ReadError::Gone { oldest, .. }) if self.config.database.is_index() => {
                tracing::warn!(%oldest, "index.begins_late: older calls were pruned, or are in the database that was used \
                    before, which `trunkline export` reads");
                self.journal.reader(oldest.before())
            }
            read => read,
        }
    }

    /// Projects what there is, batch by batch, to the end; how many records there were.
    async fn drain(self: &Arc<Self>, store: &Store, reader: &mut Reader) -> Result<usize, Stuck> {
        let mut drained = 0;
        loop {
            let most = self.projection.batch_records.load(Ordering::Relaxed);
            let records = tokio::task::block_in_place(|| reader.next_batch(most, BATCH_BYTES))?;
            let Some(last) = records.last().map(|record| record.lsn) else { return Ok(drained) };
            drained += records.len();
            for run in runs(&records) {
                match run {
                    Run::News(records) => {
                        self.project_news(store, records)
                            .instrument(spans::projecting(records.len()))
                            .await?;
                    }
                    Run::History(records) => {
                        put(&self.codec, &self.ident, store, records).await?;
                        if let Some(last) = records.last() {
                            self.projection.has_eaten(store, Position(last.lsn.get()));
                        }
                    }
                }
            }
            self.projection.catches_up(self.journal.durable().get().saturating_sub(last.get()));
        }
    }

    async fn project_news(self: &Arc<Self>, store: &Store, records: &[Record]) -> Result<(), Stuck> {
        let Some(last) = records.last().map(|record| record.lsn) else { return Ok(()) };
        let batch = self.gather(store, records).await?;
        let calls: Vec<CallId> = batch.calls.keys().copied().collect();
        let eaten_at = batch.events.last().map(|projected| projected.event.received_at.as_microsecond());
        let deliveries = self.deliveries(store, records).await?;
        let is_to_be_sent = !deliveries.is_empty();
        self.write(store, Projection { deliveries, ..batch.projection(&self.ident, last)? }).await?;
        if is_to_be_sent {
            self.outgoing.wakes();
        }
        if let Some(eaten_at) = eaten_at {
            self.projection.eaten_at.store(eaten_at, Ordering::Relaxed);
        }
        self.projection.has_eaten(store, Position(last.get()));
        calls
            .into_iter()
            .filter_map(|call| self.live.get(call))
            .for_each(|handle| self.let_go_of(&handle, last));
        Ok(())
    }

    /// Decodes a batch and takes the folds that the engine has, or makes them.
    async fn gather(self: &Arc<Self>, store: &Store, records: &[Record]) -> Result<Batch, Stuck> {
        let mut batch = Batch::of(&self.codec, records);
        let (missing, seen) = self.folds_in_memory(batch.ids(), &mut batch);
        // A fold may be ahead of this batch, but never of the disk.
        let _ = self.journal.wait_durable(seen).await;
        batch.fold(store, &missing).await?;
        batch.tell_jobs(&self.campaigns, |call| self.end_news(call));
        Ok(batch)
    }

    /// What the end of a call means for its job, if it is over and has one.
    pub(crate) fn end_news(&self, call: &Call) -> Option<News> {
        let is_suppressed = self.suppressed.contains(&call.tenant, call.party.person(call.direction));
        let wish = if is_suppressed { Wish::OptOut } else { Wish::None };
        let script = call.script.as_ref().and_then(|ran| self.scripts.version(ran.version.parse().ok()?));
        News::end_of(call, wish, script.as_deref())
    }

    /// A call that was given up turned up after all, and its job is being tried again: nobody owns it.
    fn hang_up_strays(self: &Arc<Self>, news: &[JobNews], told: &[Result<Job, JobRefused>]) {
        for (news, told) in news.iter().zip(told) {
            if let (Err(JobRefused::Stray), Some(call)) = (told, news.call) {
                tracing::warn!(%call, job = %news.job, "queue.stray: a later attempt has taken its place");
                let inner = self.clone();
                self.tasks.spawn(async move { inner.hang_up_for_queue(call).await });
            }
        }
    }

    /// Takes the folds of live calls; returns the calls that are not in memory, and the last record that the folds hold.
    fn folds_in_memory(&self, ids: BTreeSet<CallId>, batch: &mut Batch) -> (Vec<CallId>, Lsn) {
        let (mut missing, mut last) = (Vec::new(), Lsn::ZERO);
        for id in ids {
            match self.live.get(id) {
                Some(handle) => {
                    let live = handle.lock();
                    last = last.max(live.last);
                    if live.origin == Origin::Rows {
                        batch.made_from_rows.insert(id);
                    }
                    batch.calls.insert(id, live.call.clone());
                }
                None => missing.push(id),
            }
        }
        (missing, last)
    }

    /// Writes a batch. What the store refuses is halved until the call that is to blame stands alone, and is set aside.
    async fn write(self: &Arc<Self>, store: &Store, batch: Projection) -> Result<(), Stuck> {
        let (parked, upto) = (&self.projection.parked, batch.upto);
        let mut open = vec![batch];
        while let Some(mut piece) = open.pop() {
            parked.leave_out(&mut piece);
            // The cursor moves with the last piece only.
            let moves_to = if open.is_empty() { upto } else { Position(self.projection.position().get()) };
            piece.upto = parked.hold(moves_to);
            let done = store.project(&piece).await;
            self.projection.batch_was(&done);
            match done {
                Ok(projected) => {
                    self.hang_up_strays(&piece.jobs, &projected.told);
                    self.looks_for_reopened(&piece, &projected);
                    self.give_up_all(projected.lost).await;
                }
                Err(error) if error.is_poison() && piece.calls.len() > 1 => {
                    let (one, other) = halve(piece);
                    open.extend([other, one]);
                }
                Err(error) if error.is_poison() => open.push(self.without_poison(piece, &error)),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// A call that was over, and goes on by what was heard of it here, is this node's, which does not have it in memory.
    fn looks_for_reopened(&self, piece: &Projection, projected: &Projected) {
        let is_open = |call: &Call| {
            !call.is_over()
                && piece.made_from_rows.contains(&call.id)
                && !projected.lost.contains_key(&call.id)
        };
        if piece.calls.iter().any(|call| is_open(call)) {
            self.lease.looks_again();
        }
    }

    /// What is left of a batch of one call that the store refuses.
    fn without_poison(&self, piece: Projection, error: &StoreError) -> Projection {
        let calls = self.projection.parked.set_aside(&piece);
        tracing::error!(%error, ?calls, "projector.parked: the store refuses this call");
        let mut rest = Projection::empty(self.ident.clone(), piece.upto);
        if !calls.is_empty() {
            // They came along with it and are not to blame.
            rest.suppressions = piece.suppressions;
            rest.jobs = piece.jobs;
        }
        rest
    }

    /// A call that owes nothing more and whose last event is in the store leaves memory.
    fn let_go_of(self: &Arc<Self>, handle: &Handle, upto: Lsn) {
        let mut live = handle.lock();
        // One that is ahead of the journal is folded again first.
        let may_leave = live.health == Health::Sound && live.call.is_settled() && live.last <= upto;
        if may_leave && !self.projection.parked.contains(live.call.id) {
            self.bound.bury(&live.call, self.clock.now());
            self.forget(&mut live);
            self.cache_left(&live);
        }
    }

    async fn retire(self: &Arc<Self>, synced: Lsn) {
        // Where the journal is the store, nothing goes by itself.
        let retention =
            if self.config.database.is_index() { Duration::MAX } else { self.config.journal_retention };
        let inner = self.clone();
        let retired = tokio::task::spawn_blocking(move || {
            inner.journal.retire(synced, crate::clock::system_now(), retention)
        });
        match retired.await {
            Ok(Ok(retired)) if retired.segments > 0 => {
                tracing::info!(segments = retired.segments, bytes = retired.bytes, "journal.retired");
            }
            Ok(Ok(_)) | Err(_) => {}
            Ok(Err(error)) => tracing::warn!(%error, "journal.not_retired: tried again"),
        }
    }
}

/// Two halves, split between calls so that one call's rows stay together.
fn halve(mut batch: Projection) -> (Projection, Projection) {
    // The calls stand in the order of their ids.
    let calls = batch.calls.split_off(batch.calls.len() / 2);
    let middle = calls.first().map(|call| call.id);
    let (events, rest) = batch.events.into_iter().partition(|event| Some(event.call) >= middle);
    batch.events = rest;
    let (deliveries, rest) = batch.deliveries.into_iter().partition(|one| Some(one.call) >= middle);
    batch.deliveries = rest;
    let (journal, turns) = (batch.journal.clone(), batch.turns.clone());
    let made_from_rows = batch.made_from_rows.clone();
    let other = Projection {
        calls,
        events,
        turns,
        deliveries,
        made_from_rows,
        ..Projection::empty(journal, batch.upto)
    };
    (batch, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catching_up_is_told_as_progress_until_it_is_done() {
        let feed = StoreFeed::new(Timestamp::UNIX_EPOCH);
        let reason = || match feed.history() {
            History::Unavailable { reason, since } => (reason, since),
            History::Available => ("available".to_owned(), Timestamp::UNIX_EPOCH),
        };
        assert_eq!(reason().0, "not connected yet");
        feed.catches_up(1_500);
        assert_eq!(
            reason(),
            ("the database is back and catches up: 1500 events to go".to_owned(), Timestamp::UNIX_EPOCH)
        );
        feed.is_back();
        feed.catches_up(7);
        assert_eq!(reason().0, "available", "a few events behind is every day's work");
    }
}
