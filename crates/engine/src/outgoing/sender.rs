//! Sends: looks what is due, claims lines, and lets each be worked through. How much at once is bounded, for each endpoint and
//! in all; one that does not answer holds a single line until it does.

use super::{Webhooks, line};
use crate::engine::Inner;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use trunkline_carriers::outgoing::{NoClient, Poster};
use trunkline_core::id::WebhookId;
use trunkline_core::outgoing::{Answer, Verdict};
use trunkline_store::{Store, StoreError, StoredEndpoint, WebhookLine};

/// So many lines are worked on at once in all, and of one endpoint.
const AT_ONCE: usize = 128;
const OF_ENDPOINT: usize = 8;
/// For how long a line is claimed: each attempt claims it anew.
pub(super) const CLAIM: Duration = Duration::from_secs(90);
/// So often it is looked although nobody said that there is something.
const LOOK: Duration = Duration::from_secs(1);
/// Never more often than this: a thousand lines that end at once are one look.
const BREATH: Duration = Duration::from_millis(15);
/// So often it is looked whether somebody has died with a line in hand, and whether something is too old.
const SWEEP: Duration = Duration::from_secs(10);
/// So many deliveries are deleted at once.
const PRUNED: u16 = 1_000;

/// What is being sent.
pub(crate) struct Outgoing {
    pub(super) poster: Poster,
    retention: Duration,
    wake: Notify,
    free: Arc<Semaphore>,
    busy: Mutex<HashMap<WebhookId, Busy>>,
    /// Claimed, and not worked through: the database was away in the middle.
    broken_off: Mutex<Vec<WebhookLine>>,
    counted: Mutex<BTreeMap<&'static str, u64>>,
    /// Whether what this node had claimed in an earlier life was freed.
    is_begun: AtomicBool,
}

/// An endpoint that something is being sent to, or that did not answer lately.
#[derive(Debug, Default)]
struct Busy {
    lines: usize,
    is_slow: bool,
}

impl Outgoing {
    pub fn new(of: &Webhooks) -> Result<Self, NoClient> {
        Ok(Self {
            poster: Poster::new(of.reach.clone(), of.timeout)?,
            retention: of.retention,
            wake: Notify::new(),
            free: Arc::new(Semaphore::new(AT_ONCE)),
            busy: Mutex::default(),
            broken_off: Mutex::default(),
            counted: Mutex::default(),
            is_begun: AtomicBool::new(false),
        })
    }

    /// There may be something to send.
    pub fn wakes(&self) {
        self.wake.notify_one();
    }

    /// Attempts since the start, by what came of them.
    pub fn counted(&self) -> BTreeMap<&'static str, u64> {
        self.counted.lock().clone()
    }

    /// How many lines are being worked on.
    pub fn under_way(&self) -> usize {
        AT_ONCE.saturating_sub(self.free.available_permits())
    }

    /// An attempt was made.
    pub(super) fn was_answered(&self, endpoint: WebhookId, answer: Answer) {
        let word = match answer.verdict() {
            Verdict::Taken => "taken",
            Verdict::Gone => "gone",
            Verdict::Failed if answer.is_slow() => "timeout",
            Verdict::Failed => "failed",
        };
        *self.counted.lock().entry(word).or_default() += 1;
        if let Some(busy) = self.busy.lock().get_mut(&endpoint) {
            busy.is_slow = answer.is_slow();
        }
    }

    /// How many more lines of an endpoint may be worked on.
    fn room(&self, endpoint: WebhookId) -> usize {
        let (lines, most) = match self.busy.lock().get(&endpoint) {
            Some(busy) => (busy.lines, if busy.is_slow { 1 } else { OF_ENDPOINT }),
            None => (0, OF_ENDPOINT),
        };
        most.saturating_sub(lines).min(self.free.available_permits())
    }

    fn begins(&self, endpoint: WebhookId) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        self.busy.lock().entry(endpoint).or_default().lines += 1;
        Some(permit)
    }

    fn ends(&self, endpoint: WebhookId) {
        let mut all = self.busy.lock();
        if let Some(busy) = all.get_mut(&endpoint) {
            busy.lines = busy.lines.saturating_sub(1);
            if busy.lines == 0 && !busy.is_slow {
                all.remove(&endpoint);
            }
        }
        drop(all);
        self.wakes();
    }
}

/// A line that is worked on, until it is dropped: also by a panic.
struct UnderWay {
    inner: Arc<Inner>,
    endpoint: WebhookId,
    _permit: OwnedSemaphorePermit,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.inner.outgoing.ends(self.endpoint);
    }
}

impl Inner {
    /// Sends until the server stops.
    pub(crate) async fn send_webhooks(self: Arc<Self>) {
        if self.config.database.is_index() {
            return;
        }
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            let next = match self.projection.store() {
                Some(store) if self.holds_lease() => self.send_due(&store).await.unwrap_or_else(|error| {
                    tracing::debug!(%error, "webhooks.not_looked: tried again");
                    LOOK
                }),
                _ => LOOK,
            };
            tokio::select! {
                () = tokio::time::sleep(next.min(LOOK)) => {}
                () = self.outgoing.wake.notified() => {}
                _ = sweep.tick() => self.sweep_webhooks().await,
                () = self.stop.cancelled() => return,
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Claims what is due and lets it be sent; how long it is until the next.
    async fn send_due(self: &Arc<Self>, store: &Store) -> Result<Duration, StoreError> {
        if !self.outgoing.is_begun.load(Ordering::Acquire) {
            store.free_lines_of(&self.node()).await?;
            self.outgoing.is_begun.store(true, Ordering::Release);
        }
        self.let_go_of_broken_off(store).await?;
        let mut next = LOOK;
        for due in store.due_endpoints().await? {
            let now = self.clock.now();
            if due.due > now {
                next = next.min(self.clock.until(due.due));
            } else if self.trust.is_open(&due.stored.endpoint.tenant) && self.may_sign(&due.stored, now) {
                self.send_to(store, due.stored, now).await?;
            }
        }
        Ok(next)
    }

    /// What the database took away in the middle is free again before its claim ends.
    async fn let_go_of_broken_off(&self, store: &Store) -> Result<(), StoreError> {
        loop {
            let Some(line) = self.outgoing.broken_off.lock().last().copied() else { return Ok(()) };
            store.let_go(&line, self.clock.now()).await?;
            self.outgoing.broken_off.lock().retain(|other| *other != line);
        }
    }

    /// Whether an attempt of this node is worth making: what it can't sign another may be able to.
    fn may_sign(&self, to: &StoredEndpoint, now: Timestamp) -> bool {
        !self.projection.shared.load(Ordering::Acquire) || self.signing(&to.endpoint, now).is_some()
    }

    async fn send_to(
        self: &Arc<Self>,
        store: &Store,
        to: StoredEndpoint,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let endpoint = to.endpoint.id;
        let Ok(room) = u16::try_from(self.outgoing.room(endpoint)) else { return Ok(()) };
        if room == 0 {
            return Ok(());
        }
        let to = Arc::new(to);
        for line in store.claim_lines(&self.node(), endpoint, room, now, CLAIM).await? {
            let Some(permit) = self.outgoing.begins(endpoint) else { return Ok(()) };
            let (store, to) = (store.clone(), Arc::clone(&to));
            let under_way = UnderWay { inner: Arc::clone(self), endpoint, _permit: permit };
            self.tasks.spawn(async move {
                if let Err(error) = line::work(&under_way.inner, &store, &to, line).await {
                    // What was sent and not written down is sent again.
                    tracing::debug!(%error, "webhooks.line_broke_off");
                    under_way.inner.outgoing.broken_off.lock().push(line);
                }
            });
        }
        Ok(())
    }

    /// Frees what somebody died with, and lets go of what is too old.
    async fn sweep_webhooks(&self) {
        let Some(store) = self.projection.store() else { return };
        let retention =
            jiff::SignedDuration::try_from(self.outgoing.retention).unwrap_or(jiff::SignedDuration::MAX);
        let before = self.clock.now().checked_sub(retention).unwrap_or(Timestamp::MIN);
        let swept = async {
            let freed = store.free_silent_lines().await?;
            if freed > 0 {
                tracing::info!(lines = freed, "webhooks.freed: their sender was silent");
            }
            while store.prune_deliveries(before, PRUNED).await? == u64::from(PRUNED) {}
            Ok::<_, StoreError>(())
        };
        if let Err(error) = swept.await {
            tracing::debug!(%error, "webhooks.not_swept: tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_core::outgoing::Trouble;

    fn outgoing() -> Outgoing {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Outgoing::new(&Webhooks::default()).unwrap()
    }

    #[test]
    fn an_endpoint_that_hangs_holds_one_line_until_it_answers() {
        let outgoing = outgoing();
        let endpoint = WebhookId::minted(Timestamp::UNIX_EPOCH, [1; 10]);
        let other = WebhookId::minted(Timestamp::UNIX_EPOCH, [2; 10]);
        assert_eq!(outgoing.room(endpoint), OF_ENDPOINT);
        let held: Vec<_> = (0..OF_ENDPOINT).map(|_| outgoing.begins(endpoint).unwrap()).collect();
        assert_eq!((outgoing.room(endpoint), outgoing.room(other)), (0, OF_ENDPOINT), "others have theirs");
        outgoing.was_answered(endpoint, Answer::Trouble(Trouble::Timeout));
        drop(held);
        (0..OF_ENDPOINT).for_each(|_| outgoing.ends(endpoint));
        assert_eq!(outgoing.room(endpoint), 1);
        let _line = outgoing.begins(endpoint).unwrap();
        outgoing.was_answered(endpoint, Answer::Status(500));
        assert_eq!(outgoing.room(endpoint), OF_ENDPOINT - 1, "who answers is not slow");
    }
}
