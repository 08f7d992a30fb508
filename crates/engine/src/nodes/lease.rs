//! The lease: for how long the others leave this node's calls alone.

use crate::clock::uptime;
use crate::engine::Inner;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use trunkline_journal::Lsn;
use trunkline_store::{Store, StoreError};

/// So long a node is left alone after it was last heard of, by the engine's clock.
const LEASE: Duration = Duration::from_secs(15);
/// So often, by the engine's clock, a node looks whether the database gives it a call that it does not know of: whatever two nodes
/// and a database did to each other meanwhile, nobody's call is nobody's for longer.
const LOOK: Duration = Duration::from_secs(60);
/// Never shorter than this in real time, however fast the engine's clock runs: machines stall.
const SHORTEST: Duration = Duration::from_secs(2);
/// A node without others holds its lease so many times as long: nobody waits for it, and an outage shall not stop it.
const ALONE: u32 = 20;
/// A beat is due three times in a lease. A node stops a third before its end, and the others wait a third beyond it.
const PARTS: u32 = 3;

/// What this node knows of its lease. All times are of the machine's own clock since it was switched on, which goes on
/// while a process is stopped.
#[derive(Debug)]
pub(crate) struct Lease {
    shortest: Duration,
    /// How long it may be until it is looked again, also when nobody asked for it.
    longest_unseen: Duration,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// Which life of the node, by the database.
    epoch: Option<u64>,
    until: Duration,
    /// Since when every beat was confirmed in time: an outage of the database makes all others look silent.
    steady_since: Option<Duration>,
    others: u64,
    /// There may be calls of this node in the database that its journal does not have.
    looks: bool,
    /// When it was looked for such calls.
    looked_at: Duration,
    /// Where the journal was when a look became due.
    mark: Option<Lsn>,
}

impl Lease {
    /// Not held yet. Both are in real time: its length, and how long it may be between looks.
    fn of(lease: Duration, longest_unseen: Duration) -> Self {
        let shortest = lease.max(SHORTEST);
        Self { shortest, longest_unseen: longest_unseen.max(SHORTEST), held: Mutex::default() }
    }

    pub fn new(clock: &crate::Clock) -> Self {
        Self::of(clock.really(LEASE), clock.really(LOOK))
    }

    /// Whether it is held.
    fn holds(&self, now: Duration) -> bool {
        let held = self.held.lock();
        held.epoch.is_some() && now < held.until
    }

    /// The length to ask for.
    fn wanted(&self) -> Duration {
        if self.held.lock().others == 0 { self.shortest * ALONE } else { self.shortest }
    }

    /// The database confirmed a beat that was sent at `sent`.
    fn confirmed(&self, epoch: u64, sent: Duration, length: Duration, others: u64) {
        let mut held = self.held.lock();
        if held.epoch != Some(epoch) || sent >= held.until {
            held.steady_since = None;
        }
        held.steady_since.get_or_insert(sent);
        held.epoch = Some(epoch);
        held.others = others;
        held.until = sent + length - length / PARTS;
    }

    fn ended(&self) {
        self.held.lock().epoch = None;
    }

    /// A beat failed.
    fn stumbled(&self) {
        self.held.lock().steady_since = None;
    }

    /// Whether others that seem silent are: they have had as long as this node to say that they are alive.
    fn may_count_out(&self, now: Duration) -> bool {
        let since = self.held.lock().steady_since;
        since.is_some_and(|since| now.saturating_sub(since) >= self.shortest + self.shortest / PARTS)
    }

    pub fn epoch(&self) -> u64 {
        self.held.lock().epoch.unwrap_or(0)
    }

    /// There may be something to take up.
    pub fn looks_again(&self) {
        self.held.lock().looks = true;
    }

    /// Whether it is time to look what is to be taken up: not before the database has what the journal had when the look became
    /// due, else it shows calls that are over as open.
    fn may_look(&self, projected: Lsn, durable: Lsn, now: Duration) -> bool {
        let mut held = self.held.lock();
        if !held.looks && now.saturating_sub(held.looked_at) < self.longest_unseen {
            return false;
        }
        let Some(mark) = held.mark else {
            held.mark = Some(durable);
            return false;
        };
        let may = projected >= mark;
        if may {
            (held.looks, held.looked_at, held.mark) = (false, now, None);
        }
        may
    }
}

impl Inner {
    /// Whether nobody can have taken over what this node carries.
    pub(crate) fn holds_lease(&self) -> bool {
        !self.config.database.is_shared() || self.lease.holds(uptime())
    }

    /// Says that this node is alive and looks after those that are not, until the server stops.
    pub(crate) async fn keep_lease(self: Arc<Self>) {
        if !self.config.database.is_shared() {
            return;
        }
        loop {
            if let Some(store) = self.projection.store()
                && let Err(error) = self.beats(&store).await
            {
                tracing::debug!(%error, "node.not_heard: tried again");
                self.lease.stumbled();
                self.projection.is_doubted();
            }
            tokio::select! {
                () = tokio::time::sleep(self.lease.shortest / PARTS) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn beats(self: &Arc<Self>, store: &Store) -> Result<(), StoreError> {
        let (node, epoch) = (self.node(), self.lease.epoch());
        let (sent, length) = (uptime(), self.lease.wanted());
        match store.beat(&node, epoch, length).await? {
            Some(life) => self.lease.confirmed(epoch, sent, length, life.others),
            None => return self.begins_again(store).await,
        }
        self.listens(store).await?;
        if self.lease.may_count_out(uptime()) {
            let grace = self.lease.shortest / PARTS;
            // Stopped since the beat, it may be the one that was silent.
            let Some(silent) = store.take_over(&node, epoch, grace, self.clock.now()).await? else {
                return self.begins_again(store).await;
            };
            for from in silent {
                tracing::warn!(%from, "node.taken_over: it is silent, and its calls are this node's");
                self.lease.looks_again();
            }
        }
        if self.lease.may_look(self.projection.position(), self.journal.durable(), uptime())
            && let Err(error) = self.take_up(store).await
        {
            self.lease.looks_again();
            return Err(error);
        }
        Ok(())
    }

    async fn begins_again(self: &Arc<Self>, store: &Store) -> Result<(), StoreError> {
        tracing::warn!("node.counted_out: it was silent for too long, and others have taken over its calls");
        self.lease.ended();
        self.joins(store).await
    }

    /// Begins a life among the others: what they have taken is given up before the lease holds.
    pub(crate) async fn joins(self: &Arc<Self>, store: &Store) -> Result<(), StoreError> {
        if !self.config.database.is_shared() {
            return Ok(());
        }
        let (sent, length) = (uptime(), self.lease.shortest);
        let life = store.join(&self.node(), length).await?;
        self.yield_taken(store).await?;
        self.lease.confirmed(life.epoch, sent, length, life.others);
        self.lease.looks_again();
        tracing::info!(epoch = life.epoch, others = life.others, "node.joined");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_lease_is_given_up_by_its_own_clock_well_before_the_others_may_think_so() {
        let lease = Lease::of(S * 15, S * 60);
        assert!(!lease.holds(Duration::ZERO), "not before the database has confirmed it");
        lease.confirmed(1, S * 100, S * 15, 1);
        assert!(lease.holds(S * 109) && !lease.holds(S * 110), "counted from when the beat was sent");
        lease.ended();
        assert!(!lease.holds(S * 101));
    }

    #[test]
    fn a_node_without_others_holds_its_lease_for_minutes() {
        let lease = Lease::of(S * 15, S * 60);
        assert_eq!(lease.wanted(), S * 300);
        lease.confirmed(1, Duration::ZERO, S * 15, 1);
        assert_eq!(lease.wanted(), S * 15);
        assert_eq!(Lease::of(S / 10, S).shortest, SHORTEST);
    }

    #[test]
    fn after_an_outage_of_the_database_the_others_have_as_long_to_come_back() {
        let lease = Lease::of(S * 15, S * 60);
        let beat = |at: u32| lease.confirmed(1, S * at, S * 15, 1);
        beat(100);
        assert!(!lease.may_count_out(S * 119));
        beat(105);
        assert!(lease.may_count_out(S * 120));
        lease.stumbled();
        beat(121);
        assert!(!lease.may_count_out(S * 140) && lease.may_count_out(S * 141));
        beat(150);
        assert!(!lease.may_count_out(S * 169), "this process was stopped meanwhile, and heard nobody");
    }

    #[test]
    fn nothing_is_taken_up_before_the_database_has_caught_up() {
        let lease = Lease::of(S * 15, S * 60);
        let look =
            |projected, durable, at: u32| lease.may_look(Lsn::new(projected), Lsn::new(durable), S * at);
        assert!(!look(9, 9, 1), "nothing was asked for");
        lease.looks_again();
        assert!(!look(8, 9, 2));
        assert!(!look(8, 20, 3), "what came since is not waited for, but what was there is");
        assert!(look(9, 30, 4));
        assert!(!look(30, 30, 5), "once");
    }

    #[test]
    fn it_is_looked_now_and_then_although_nobody_asked() {
        let lease = Lease::of(S * 15, S * 60);
        let looks = |at: u32| lease.may_look(Lsn::new(1), Lsn::new(1), S * at);
        assert!(!looks(59) && !looks(60) && looks(61));
        assert!(!looks(120) && !looks(121) && looks(122));
    }
}
