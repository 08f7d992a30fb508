//! Voice documents performed by us, on the legs of a carrier whose calls are led by commands.
//!
//! At other carriers the carrier fetches a page, performs it, and asks for the next one. Here each leg has a *stage* on which
//! we do the same: a page is asked for in this process, by the code that answers a carrier's fetch, and performed verb by verb
//! (`trunkline_carriers::telnyx::control::Performance` says what comes next). Calls, scripts, bots and actions know nothing
//! of it.
//!
//! - this file: the stages, and the turns by which performances are told apart
//! - `events`: what the carrier tells, as the facts that any carrier tells, and to whose stage it goes
//! - `acting`: steps done: commands in their order, pages, waits
//! - `beginning`: where a leg's performance begins, and begins anew: after a restart, or where the call is to go on elsewhere
//! - `handing`: the other leg of a transfer
//! - `meanwhile`: what was said while nobody led the call
//!
//! A stage is in memory alone. What it knows and a restart loses is where in a page the carrier is: the page for where the call
//! stands is performed anew, with what was answered meanwhile.

mod acting;
mod beginning;
mod events;
mod handing;
mod meanwhile;

use crate::clock::wall_now;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use trunkline_carriers::telnyx::control::{Command, Mark, Performance};
use trunkline_core::call::OnLeg;
use trunkline_core::id::{AccountId, ActionNo, CallId, CarrierCallId};

/// How the calls of a server's accounts are led.
#[derive(Clone, Copy, Debug)]
pub struct WaysOfLeading {
    /// By pages that a carrier fetches.
    pub by_pages: bool,
    /// By commands of ours.
    pub by_commands: bool,
}

/// Whose leg a stage is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// A call's own.
    Own(CallId, OnLeg),
    /// Somebody's to whom a call may be handed by this action.
    Child(CallId, OnLeg, ActionNo),
}

impl Of {
    fn call(self) -> CallId {
        match self {
            Self::Own(call, _) | Self::Child(call, ..) => call,
        }
    }
}

/// One leg, and what is performed on it.
#[derive(Debug)]
pub(super) struct Stage {
    account: AccountId,
    leg: CarrierCallId,
    playing: tokio::sync::Mutex<Playing>,
    /// Commands in the order in which they are to be sent.
    outbox: Mutex<VecDeque<(Command, Mark)>>,
    /// Held by whoever sends them.
    sending: tokio::sync::Mutex<()>,
    /// The performance that counts: commands of an earlier one are not tried again.
    turn: AtomicU64,
}

/// What is performed on a leg.
#[derive(Debug, Default)]
pub(super) struct Playing {
    of: Option<Of>,
    performance: Option<Performance>,
    /// The number of the wait that counts.
    wait: u64,
    /// When the performance began.
    since: Timestamp,
    /// The wait for keys that was given up last: if they are told after all, and the call is still at that question, they count.
    missed: Option<Mark>,
    /// Whether the line is closed.
    is_closed: bool,
}

/// The stages of all legs that are led by commands.
#[derive(Debug)]
pub(crate) struct Stages {
    all: Mutex<HashMap<(AccountId, CarrierCallId), Arc<Stage>>>,
    turns: AtomicU64,
    /// The first turn of this process.
    first: u64,
    /// Accounts that refused to listen when they were asked last.
    deaf: Mutex<HashSet<AccountId>>,
}

impl Stages {
    /// No stage. Turns begin at the world's time, so that none of an earlier process comes again.
    pub fn new() -> Self {
        let first = u64::try_from(wall_now().as_microsecond()).unwrap_or(1);
        Self { all: Mutex::default(), turns: AtomicU64::new(first), first, deaf: Mutex::default() }
    }

    /// Whether a mark is of a performance of an earlier process.
    fn is_of_before(&self, mark: &Mark) -> bool {
        mark.turn != 0 && mark.turn < self.first
    }

    /// An account refuses to listen; whether that is news.
    fn is_newly_deaf(&self, account: &AccountId) -> bool {
        self.deaf.lock().insert(account.clone())
    }

    /// An account listens.
    fn listens(&self, account: &AccountId) {
        self.deaf.lock().remove(account);
    }

    fn next_turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    fn get(&self, account: &AccountId, leg: &CarrierCallId) -> Option<Arc<Stage>> {
        self.all.lock().get(&(account.clone(), leg.clone())).cloned()
    }

    /// A stage for a leg that has none; `None` if it has one.
    fn open(&self, account: &AccountId, leg: &CarrierCallId) -> Option<Arc<Stage>> {
        let mut all = self.all.lock();
        let key = (account.clone(), leg.clone());
        if all.contains_key(&key) {
            return None;
        }
        let stage = Arc::new(Stage {
            account: account.clone(),
            leg: leg.clone(),
            playing: tokio::sync::Mutex::default(),
            outbox: Mutex::default(),
            sending: tokio::sync::Mutex::default(),
            turn: AtomicU64::new(0),
        });
        all.insert(key, stage.clone());
        Some(stage)
    }

    /// The stage of a leg, new or not.
    fn of(&self, account: &AccountId, leg: &CarrierCallId) -> Option<Arc<Stage>> {
        self.open(account, leg).or_else(|| self.get(account, leg))
    }

    fn close(&self, stage: &Stage) {
        self.all.lock().remove(&(stage.account.clone(), stage.leg.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_an_account_does_not_listen_is_news_once_until_it_listens_again() {
        let stages = Stages::new();
        let (ours, other) = (AccountId::new("telnyx:one:1"), AccountId::new("telnyx:two:2"));
        assert_eq!([0, 1].map(|_| stages.is_newly_deaf(&ours)), [true, false]);
        assert!(stages.is_newly_deaf(&other), "each account by itself");
        stages.listens(&ours);
        assert_eq!([0, 1].map(|_| stages.is_newly_deaf(&ours)), [true, false]);
        assert!(!stages.is_newly_deaf(&other));
    }
}
