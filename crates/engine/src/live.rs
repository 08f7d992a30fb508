//! The live calls: one owner each, decided for in memory, in order.
//!
//! A call is here from its first event until it is settled and its last event is in the store. Each has its own lock;
//! events of one call are applied and handed to the journal under it, so their order in memory is their order on disk.

use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use trunkline_core::call::Call;
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::{AccountId, CallId, CarrierCallId, LegNo};
use trunkline_journal::Lsn;

const SHARDS: usize = 64;

/// A call in memory, with what only this process knows of it.
#[derive(Debug)]
pub(crate) struct Live {
    /// The fold of its events. Shared with whoever reads it or writes it to the store; the next event makes a copy of its
    /// own only if one of them still does.
    pub call: Arc<Call>,
    /// Where its first event is in the journal.
    pub first: Lsn,
    /// Where its last event is.
    pub last: Lsn,
    /// Hashes of the event keys seen, so that a repeat is not journaled again.
    pub seen: Vec<u64>,
    /// For when the timer is set, if it is.
    pub armed: Option<Timestamp>,
    /// When the carrier last confirmed the state without news.
    pub heard_at: Option<Timestamp>,
    /// When the carrier was last asked.
    pub asked_at: Option<Timestamp>,
    /// How many of its carrier ids are findable.
    pub indexed: usize,
    /// The gate that holds it back, while it waits.
    pub gate: Option<Closed>,
    /// The attempt that will be posted as soon as the journal has room to say so.
    pub held_up: Option<LegNo>,
    /// Whether memory is the truth of it.
    pub health: Health,
    /// What its fold was made from.
    pub origin: Origin,
}

/// What a fold in memory was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This journal has it from its first event, or from the moment it was taken over.
    Journal,
    /// The store's rows: it had left memory, or was another node's until it was over.
    Rows,
}

/// Whether memory agrees with the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It does.
    Sound,
    /// An append failed after the event was applied: the call is to be folded again.
    Ahead,
    /// Another node has taken it over: what is told of it here goes where it is now.
    GivenUp,
    /// It is settled and in the store, and has left memory. Whoever holds it still reaches for it anew: what came to be applied
    /// here would be in no fold that the store is given.
    Left,
}

impl Health {
    /// Whether events are applied here.
    pub fn is_here(self) -> bool {
        matches!(self, Self::Sound | Self::Ahead)
    }
}

impl Live {
    pub fn new(call: Call, first: Lsn) -> Self {
        Self {
            call: Arc::new(call),
            first,
            last: first,
            seen: Vec::new(),
            armed: None,
            heard_at: None,
            asked_at: None,
            indexed: 0,
            gate: None,
            held_up: None,
            health: Health::Sound,
            origin: Origin::Journal,
        }
    }
}

/// One call's lock.
pub(crate) type Handle = Arc<Mutex<Live>>;

/// All live calls, by id.
#[derive(Debug)]
pub(crate) struct LiveCalls {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    count: AtomicUsize,
    by_carrier: Mutex<HashMap<(AccountId, CarrierCallId), CallId>>,
}

/// A part of the live calls.
#[derive(Debug, Default)]
struct Shard {
    calls: HashMap<CallId, Handle>,
    /// How many have left it.
    departures: Departures,
}

/// How many calls had left a part of memory at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Departures(u64);

impl LiveCalls {
    pub fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            count: AtomicUsize::new(0),
            by_carrier: Mutex::default(),
        }
    }

    fn shard(&self, id: CallId) -> &Mutex<Shard> {
        // The remainder is below the number of shards.
        let index = usize::try_from(self.hasher.hash_one(id) % SHARDS as u64).unwrap_or(0);
        &self.shards[index]
    }

    pub fn get(&self, id: CallId) -> Option<Handle> {
        self.shard(id).lock().calls.get(&id).cloned()
    }

    /// Puts a call in, unless it is there. `first` is done before anybody else can see it: nothing of a call may be
    /// journaled before its first event.
    pub fn insert<E>(
        &self,
        mut live: Live,
        first: impl FnOnce(&mut Live) -> Result<(), E>,
    ) -> Result<Inserted, E> {
        let mut shard = self.shard(live.call.id).lock();
        if let Some(known) = shard.calls.get(&live.call.id) {
            return Ok(Inserted::Known(known.clone()));
        }
        first(&mut live)?;
        Ok(Inserted::New(self.enter(&mut shard, live)))
    }

    fn enter(&self, shard: &mut Shard, mut live: Live) -> Handle {
        self.index(&mut live);
        let id = live.call.id;
        let handle = Arc::new(Mutex::new(live));
        shard.calls.insert(id, handle.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        handle
    }

    /// Puts a call in that the journal has, unless it is there. Nothing is told of it yet.
    pub fn put_back(&self, live: Live) -> Handle {
        let mut shard = self.shard(live.call.id).lock();
        let known = shard.calls.get(&live.call.id).cloned();
        known.unwrap_or_else(|| self.enter(&mut shard, live))
    }

    /// To be asked before a call is read from the store's rows.
    pub fn departures(&self, id: CallId) -> Departures {
        self.shard(id).lock().departures
    }

    /// Puts a call in that was read from the store's rows, unless it is there. `None`: calls have left since, and it may have been
    /// here meanwhile, told something, and left again: what was read may be old.
    pub fn put_back_read(&self, live: Live, before: Departures) -> Option<Handle> {
        let mut shard = self.shard(live.call.id).lock();
        match shard.calls.get(&live.call.id) {
            Some(known) => Some(known.clone()),
            None if shard.departures == before => Some(self.enter(&mut shard, live)),
            None => None,
        }
    }

    pub fn remove(&self, call: &Call) {
        let mut shard = self.shard(call.id).lock();
        let was_there = shard.calls.remove(&call.id).is_some();
        shard.departures.0 += u64::from(was_there);
        drop(shard);
        if was_there {
            self.count.fetch_sub(1, Ordering::Relaxed);
            let mut by_carrier = self.by_carrier.lock();
            for leg in &call.legs {
                if let Some(id) = &leg.carrier_call_id {
                    by_carrier.remove(&(leg.account.clone(), id.clone()));
                }
            }
        }
    }

    /// Makes new carrier ids of a call findable.
    pub fn index(&self, live: &mut Live) {
        let bound = live.call.legs.iter().filter(|leg| leg.carrier_call_id.is_some()).count();
        if bound == live.indexed {
            return;
        }
        live.indexed = bound;
        let mut by_carrier = self.by_carrier.lock();
        for leg in &live.call.legs {
            if let Some(id) = &leg.carrier_call_id {
                by_carrier.insert((leg.account.clone(), id.clone()), live.call.id);
            }
        }
    }

    pub fn by_carrier(&self, account: &AccountId, id: &CarrierCallId) -> Option<CallId> {
        self.by_carrier.lock().get(&(account.clone(), id.clone())).copied()
    }

    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Every live call at this moment; calls that come or go meanwhile may be missed.
    pub fn all(&self) -> Vec<Handle> {
        self.shards
            .iter()
            .flat_map(|shard| shard.lock().calls.values().cloned().collect::<Vec<_>>())
            .collect()
    }
}

/// Whether a call was put in or was there.
pub(crate) enum Inserted {
    New(Handle),
    Known(Handle),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::tests::call;

    #[test]
    fn what_was_read_before_a_call_was_here_and_left_again_is_not_put_back() {
        let (calls, call) = (LiveCalls::new(), call(1, 0));
        let before = calls.departures(call.id);
        // Another reads it too, is faster, and it leaves with what it was told.
        calls.put_back_read(Live::new(call.clone(), Lsn::ZERO), before).unwrap();
        calls.remove(&call);
        assert!(calls.put_back_read(Live::new(call.clone(), Lsn::ZERO), before).is_none());
        let now = calls.departures(call.id);
        assert!(calls.put_back_read(Live::new(call.clone(), Lsn::ZERO), now).is_some());
        let known = calls.get(call.id).unwrap();
        let again = calls.put_back_read(Live::new(call, Lsn::ZERO), before).unwrap();
        assert!(Arc::ptr_eq(&known, &again), "who is there is there");
    }
}
