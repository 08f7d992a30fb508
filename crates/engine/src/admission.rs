//! When a call may be dialed. One task asks the pure gates of the core, in order, for every call that waits.

use crate::engine::Inner;
use crate::live::Handle;
use crate::slots::Count;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;
use trunkline_core::call::{Call, Direction, Gate, OnLeg, Source, State, What};
use trunkline_core::dial::gates::{
    Candidate, Closed, DialLimits, SamePair, Server, Snapshot, Suppressed, admit,
};
use trunkline_core::dial::pace;
use trunkline_core::id::{AccountId, CallId, TenantId};
use trunkline_journal::Taking;

/// How often is looked whether the journal has room again: it tells nobody.
pub(crate) const LOOK_FOR_ROOM: Duration = Duration::from_millis(500);

/// Whether a call has its turn in the pace of its account already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It asks for one.
    Asked,
    /// The queue has kept one for it when it was picked.
    Kept,
}

/// When it is worth trying again.
#[derive(Clone, Copy)]
enum Opens {
    At(Timestamp),
    /// When the journal has room.
    WithRoom,
    /// When something changes that wakes.
    WhenWoken,
}

/// The calls that wait for their turn, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    calls: Mutex<Order>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Order {
    by_age: BTreeMap<(Timestamp, CallId), ()>,
    ages: HashMap<CallId, Timestamp>,
}

impl Waiting {
    /// Brings the queue in step with a call that has just changed.
    pub fn update(&self, call: &Call) {
        if call.direction != Direction::Outbound {
            return;
        }
        if call.state() != State::Queued {
            return self.remove(call.id);
        }
        let age = call.leg().queued_at;
        let mut order = self.calls.lock();
        if order.ages.insert(call.id, age).is_none() {
            order.by_age.insert((age, call.id), ());
            drop(order);
            self.wake();
        }
    }

    pub fn remove(&self, call: CallId) {
        let mut order = self.calls.lock();
        if let Some(age) = order.ages.remove(&call) {
            order.by_age.remove(&(age, call));
        }
    }

    /// Something changed that may open a gate.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    pub fn len(&self) -> usize {
        self.calls.lock().ages.len()
    }

    fn oldest_first(&self) -> Vec<CallId> {
        self.calls.lock().by_age.keys().map(|(_, call)| *call).collect()
    }
}

impl Inner {
    /// Lets waiting calls through their gates, until the server stops.
    pub(crate) async fn admit_calls(self: Arc<Self>) {
        loop {
            let wait = match self.admit_all().await {
                Opens::At(at) => self.clock.until(at),
                Opens::WithRoom => LOOK_FOR_ROOM,
                Opens::WhenWoken => Duration::from_secs(60),
            };
            tokio::select! {
                () = self.waiting.changed.notified() => {}
                () = tokio::time::sleep(wait) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Tries every waiting call once; returns when the next gate opens.
    async fn admit_all(self: &Arc<Self>) -> Opens {
        let mut opens = Opens::WhenWoken;
        for id in self.waiting.oldest_first() {
            // Whoever placed it sees to it.
            if self.under_way.has(id) {
                continue;
            }
            let Some(handle) = self.live.get(id) else {
                self.waiting.remove(id);
                continue;
            };
            match self.try_admit(&handle, Turn::Asked).await {
                Ok(()) => {}
                Err(closed) => {
                    match (&closed, opens) {
                        (Closed::JournalFull, _) => opens = Opens::WithRoom,
                        (Closed::NotBefore { opens_at } | Closed::Cps { opens_at }, Opens::At(known)) => {
                            opens = Opens::At(known.min(*opens_at));
                        }
                        (Closed::NotBefore { opens_at } | Closed::Cps { opens_at }, _) => {
                            opens = Opens::At(*opens_at);
                        }
                        _ => {}
                    }
                    let whole_server =
                        matches!(closed, Closed::Draining | Closed::CatchingUp | Closed::JournalFull);
                    handle.lock().gate = Some(closed);
                    if whole_server {
                        break;
                    }
                }
            }
        }
        opens
    }

    /// The limits that hold for a tenant's calls.
    pub(crate) fn limits_of(&self, tenant: &TenantId) -> DialLimits {
        self.config.queue.allowance(tenant).limits(&self.config.dial_limits)
    }

    /// Lets a call through, if its gates are open.
    pub(crate) async fn try_admit(self: &Arc<Self>, handle: &Handle, turn: Turn) -> Result<(), Closed> {
        let now = self.clock.now();
        let (id, account, on, verdict) = {
            let live = handle.lock();
            let leg = live.call.leg();
            if leg.state() != State::Queued {
                return Ok(());
            }
            let candidate = Candidate { account: leg.account.clone(), not_before: leg.not_before };
            let limits = self.limits_of(&live.call.tenant);
            let verdict = self.slots.take_if(&live.call, |open| {
                let mut snapshot = self.snapshot_of(&live.call, &open);
                if turn == Turn::Kept {
                    snapshot.last_dial_at = None;
                }
                admit(&candidate, &snapshot, &limits, now)
            });
            (live.call.id, live.call.account.clone(), OnLeg { leg: leg.no, fence: leg.fence }, verdict)
        };
        let what = match verdict {
            Ok(()) => What::DialStarted(on),
            Err(Closed::Suppressed) => What::Gated { gate: Gate::Suppressed },
            Err(closed) => return Err(closed),
        };
        if verdict.is_ok() {
            handle.lock().gate = None;
            if turn == Turn::Asked {
                self.paces.lock().insert(account, now);
            }
        }
        let key = format!("admitted:{}", on.leg);
        let event = self.own_event(id, key, Source::Engine, what);
        if let Err(error) = self.observe_on(handle, event).await {
            tracing::warn!(call = %id, %error, "call.not_dialed: its intent could not be journaled");
            self.slots.update(&handle.lock().call);
            return Err(Closed::JournalFull);
        }
        Ok(())
    }

    /// Waits for the turn of the next attempt of the queue, in the order of asking, and takes it.
    pub(crate) async fn take_turn(&self, account: &AccountId) {
        let turns = self.turns.lock().entry(account.clone()).or_default().clone();
        let _next = turns.lock().await;
        loop {
            let now = self.clock.now();
            let due = {
                let mut paces = self.paces.lock();
                match pace::turn(paces.get(account).copied(), self.config.dial_limits.cps, now) {
                    Ok(taken) => {
                        paces.insert(account.clone(), taken);
                        return;
                    }
                    Err(due) => due,
                }
            };
            tokio::time::sleep(self.clock.until(due)).await;
        }
    }

    /// What the gates look at, counted at this moment.
    pub(crate) fn snapshot(&self, call: &Call) -> Snapshot {
        self.snapshot_of(call, &self.slots.count(call))
    }

    pub(crate) fn snapshot_of(&self, call: &Call, open: &Count) -> Snapshot {
        let suppressed = self.suppressed.contains(&call.tenant, call.party.person(call.direction));
        Snapshot {
            system: open.system,
            carrier: open.account,
            tenant: open.tenant,
            tenant_outbound: open.tenant_outbound,
            live: u32::try_from(self.live.len()).unwrap_or(u32::MAX),
            last_dial_at: self.paces.lock().get(&call.account).copied(),
            suppressed: if suppressed { Suppressed::Yes } else { Suppressed::No },
            same_pair: if open.pair > 0 { SamePair::Open } else { SamePair::None },
            server: self.server_gate(),
        }
    }

    pub(crate) fn server_gate(&self) -> Server {
        if self.draining.load(Ordering::Relaxed) {
            Server::Draining
        } else if !self.may_dial.load(Ordering::Relaxed) {
            Server::CatchingUp
        } else if self.journal.status().taking != Taking::All {
            Server::JournalFull
        } else {
            Server::Dialing
        }
    }
}

/// Held, of each account, by the attempt of the queue whose turn is next there: the pace of one keeps nobody from another.
pub(crate) type Turns = Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<()>>>>;

/// When the last attempt on each account began.
pub(crate) type Paces = Mutex<HashMap<AccountId, Timestamp>>;
