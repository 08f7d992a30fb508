//! Calls that have had their time go whole, by themselves: what `prune` does by hand, by the same rule and with the same
//! effects, in bites that are small enough to let everybody else in between.
//!
//! Recordings first, then the rows. Where the journal is the store: the keys of those who are in no other call, then the word
//! in the journal, by which the projector takes the rows out of the index; and in a later round the oldest files of the
//! journal, once nothing in them is kept. A round that is cut off is made good by the next one.

use crate::engine::Inner;
use crate::history::PrunedRecord;
use crate::imported;
use crate::operating::{Ground, HeldError, all_suppressions};
use crate::reader::Unavailable;
use crate::record::{RecordError, kind};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use trunkline_core::call::{Call, RecordingState};
use trunkline_core::id::{CallId, TenantId};
use trunkline_journal::{AppendError, Class, FileError, Lsn};
use trunkline_media::RecordingName;
use trunkline_store::{Import, Pruned, Pruning, Store, StoreError};

/// How often somebody looks.
const EVERY: Duration = Duration::from_secs(900);
/// After a start: later than recordings are looked at, which have a shorter time as a rule.
const FIRST: Duration = Duration::from_secs(120);
/// So many calls go in one transaction of a database.
const BITE: u16 = 50;
/// And by one record of a journal: each rewrites the key file.
const BITE_OF_JOURNAL: u16 = 500;
/// So many jobs of a closed campaign go at once.
const JOBS: u16 = 200;
/// So long a bite may wait for its turn at the database.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two bites: whoever answers calls comes first. In real time.
const BREATH: Duration = Duration::from_millis(50);
/// So much longer a call stays whose recording is in the folder of another node, which sees to it; then that node is gone.
const OTHERS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Why a round ended early. The next one goes on.
#[derive(Debug, thiserror::Error)]
enum CutShort {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Folder(#[from] HeldError),
    #[error(transparent)]
    Journal(#[from] AppendError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("the journal: {0}")]
    File(#[from] FileError),
    #[error("a task died")]
    Died,
}

impl Inner {
    /// Removes calls that have had their time, until the server stops.
    pub(crate) async fn retire_calls(self: Arc<Self>) {
        if self.config.keep_calls.is_for_ever() {
            return;
        }
        // Whoever forgets keys must know for whom something was sealed that the index may not show yet: in a round all that
        // the journal had a round ago is in the index, and who was sealed for since keeps the key.
        let mut known = self.journal.durable();
        self.codec.turn();
        let mut wait = FIRST;
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.clock.really(wait)) => {}
                () = self.stop.cancelled() => return,
            }
            wait = EVERY;
            self.codec.turn();
            let had = std::mem::replace(&mut known, self.journal.durable());
            // While the database is away or behind nobody knows what is old: there is another round.
            if self.projection.position() < had {
                continue;
            }
            let mut gone = Pruned::default();
            match self.retire_round(&mut gone).await {
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(%error, "retention.cut_short: old calls go in the next round");
                }
            }
            if gone.calls > 0 {
                tracing::info!(calls = gone.calls, "retention.calls_removed: they had had their time");
            }
        }
    }

    async fn retire_round(self: &Arc<Self>, gone: &mut Pruned) -> Result<(), CutShort> {
        // What went in the round before: the index has heard of it by now.
        if self.config.database.is_index() {
            // Of a call that the index refuses it does not know whose keys it needs.
            if self.projection.parked.len() > 0 {
                return Ok(());
            }
            self.cut_journal().await?;
        }
        let rows = self.ask_store(async |store| store.tenants().await).await?;
        let tenants =
            rows.into_iter().chain(self.all_tenants()).chain(self.config.keep_calls.each.keys().cloned());
        for tenant in tenants.collect::<BTreeSet<_>>() {
            if let Some(before) = self.config.keep_calls.before(&tenant, self.clock.now()) {
                self.retire_calls_of(&tenant, before, gone).await?;
            }
        }
        Ok(())
    }

    async fn retire_calls_of(
        self: &Arc<Self>,
        tenant: &TenantId,
        before: Timestamp,
        gone: &mut Pruned,
    ) -> Result<(), CutShort> {
        let rule = Pruning { before, status: None, tenant: Some(tenant.clone()) };
        let bite = if self.config.database.is_index() { BITE_OF_JOURNAL } else { BITE };
        let mut after = None;
        while !self.stop.is_cancelled() {
            let page =
                self.ask_store(async |store| store.outlived_after(tenant, before, after, bite).await).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.id));
            let mut going = Vec::with_capacity(page.len());
            for call in page {
                if self.may_go(&call, before).await {
                    going.push(call);
                }
            }
            gone.calls += self.let_calls_go(&rule, &going).await?;
            tokio::time::sleep(BREATH).await;
        }
        if !self.config.database.is_index() {
            self.retire_campaigns_of(tenant, before).await?;
        }
        Ok(())
    }

    /// Whether nobody sees to a call any more, and its recordings are gone. They go by this.
    async fn may_go(&self, call: &Call, before: Timestamp) -> bool {
        if self.live.get(call.id).is_some() || self.projection.parked.contains(call.id) {
            return false;
        }
        let is_for_others = self.projection.shared.load(Ordering::Relaxed)
            && self.recordings.bucket().is_none()
            && call.ended_at().is_some_and(|ended| ended >= before - OTHERS);
        let id = call.id.to_string();
        for (_, recording) in call.recordings() {
            let Some(name) = RecordingName::new(&id, recording.id.as_str()) else { continue };
            match self.recordings.remove(&name).await {
                Ok(Some(_)) => {}
                Ok(None) if is_for_others && matches!(recording.state, RecordingState::Stored { .. }) => {
                    return false;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(call = %call.id, %error, "recordings.not_removed: the call stays until the next round");
                    return false;
                }
            }
        }
        true
    }

    /// Takes these calls out, as far as the rule still takes them; how many.
    async fn let_calls_go(self: &Arc<Self>, rule: &Pruning, calls: &[Call]) -> Result<u64, CutShort> {
        if calls.is_empty() {
            return Ok(0);
        }
        let folder = self.config.recordings.clone();
        let synced = tokio::task::spawn_blocking(move || {
            std::fs::File::open(folder).and_then(|folder| folder.sync_all())
        });
        if !matches!(synced.await, Ok(Ok(()))) {
            tracing::warn!("recordings.not_synced: a power cut may bring files of old calls back");
        }
        let ids: Vec<CallId> = calls.iter().map(|call| call.id).collect();
        if !self.config.database.is_index() {
            let pruned = self.ask_store_within(PATIENCE, async |store| store.prune(rule, &ids).await).await;
            return Ok(pruned?.calls);
        }
        let store = self.connected()?;
        let unwanted = self.ground().in_no_other(&store, calls).await?;
        let inner = self.clone();
        let forgotten = tokio::task::spawn_blocking(move || inner.codec.forget_idle(&unwanted));
        forgotten.await.map_err(|_| CutShort::Died)?.map_err(RecordError::from)?;
        let went = u64::try_from(ids.len()).unwrap_or(0);
        let record = PrunedRecord::new(self.clock.now(), rule, ids);
        let payload = serde_json::to_vec(&record).map_err(RecordError::from)?;
        self.journal.append(kind::PRUNED, payload, Class::Event)?.await?;
        Ok(went)
    }

    /// Campaigns that were closed before that, with their jobs and attempts. Of lists people stay.
    async fn retire_campaigns_of(&self, tenant: &TenantId, before: Timestamp) -> Result<(), CutShort> {
        let closed = self.ask_store(async |store| store.closed_before(before, Some(tenant)).await).await?;
        for campaign in closed {
            loop {
                let retired = self
                    .ask_store_within(PATIENCE, async |store| store.retire_campaign(campaign, JOBS).await)
                    .await?;
                if retired.campaigns > 0 || retired.jobs == 0 || self.stop.is_cancelled() {
                    break;
                }
                tokio::time::sleep(BREATH).await;
            }
        }
        Ok(())
    }

    /// Removes the journal's oldest files, up to the first in which something is kept.
    async fn cut_journal(self: &Arc<Self>) -> Result<(), CutShort> {
        let (store, eaten) = (self.connected()?, self.projection.position());
        let segments = self.journal.segments();
        let Some(open) = segments.last().filter(|_| segments.len() > 1) else { return Ok(()) };
        // What the index has not heard of is kept, and so is everything while it refuses a call.
        if self.projection.parked.len() > 0 {
            return Ok(());
        }
        let end = Lsn::new(eaten.get().saturating_add(1)).min(*open);
        let upto = self.ground().first_kept(&store, end, &mut |_| {}).await?.before();
        if self.journal.would_let_go(upto) == 0 {
            return Ok(());
        }
        // What is small and holds for ever goes on behind them. Of two words about a number the later one counts, so what is
        // said meanwhile is not undone.
        let kept = Import { suppressions: all_suppressions(&store).await?, ..Import::default() };
        let records = imported::records(&self.codec, &kept)?.into_iter();
        let pending: Result<Vec<_>, AppendError> =
            records.map(|payload| self.journal.append(kind::IMPORTED, payload, Class::Event)).collect();
        for pending in pending? {
            pending.await?;
        }
        let inner = self.clone();
        let retired = tokio::task::spawn_blocking(move || inner.journal.let_go(upto));
        let retired = retired.await.map_err(|_| CutShort::Died)??;
        tracing::info!(segments = retired.segments, bytes = retired.bytes, "journal.retired");
        Ok(())
    }

    fn ground(&self) -> Ground<'_> {
        Ground { journal: &self.journal, codec: &self.codec }
    }

    fn connected(&self) -> Result<Store, Unavailable> {
        self.projection.store().ok_or_else(|| self.unavailable("it is not connected"))
    }
}
