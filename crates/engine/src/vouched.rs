//! What this process can vouch for in the cache: for each call that left memory, which writing of it was the last.
//!
//! The cache holds the calls, this holds the proof: a few words for each. A call that came back, or of which something
//! is known that it was not told, is vouched for no more. What is not here is not believed, so that forgetting is safe.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, CarrierCallId, SessionId, TenantId};

/// So many calls, the last that left memory, are vouched for.
const MOST: usize = 100_000;

/// A name of which a tenant may have several calls, one of them the newest.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Name<'a> {
    Session(&'a SessionId),
    Carrier(&'a CarrierCallId),
}

/// Where a call stands among those of its name.
pub(crate) type Place = (Timestamp, CallId);

/// The calls that are vouched for.
#[derive(Debug)]
pub(crate) struct Vouched(Mutex<Ledger>);

#[derive(Debug)]
struct Ledger {
    /// Calls that began before may be missing here: of a name whose newest began earlier, the newest is not known.
    since: Timestamp,
    calls: HashMap<CallId, Left>,
    order: VecDeque<(CallId, u64)>,
    newest: HashMap<u64, Place>,
    hasher: RandomState,
    most: usize,
}

#[derive(Debug)]
struct Left {
    number: u64,
    is_vouched: bool,
    created_at: Timestamp,
    names: Vec<u64>,
}

impl Vouched {
    /// Nothing; the process began to live then.
    pub fn new(since: Timestamp) -> Self {
        Self::of_at_most(since, MOST)
    }

    fn of_at_most(since: Timestamp, most: usize) -> Self {
        Self(Mutex::new(Ledger {
            since,
            calls: HashMap::new(),
            order: VecDeque::new(),
            newest: HashMap::new(),
            hasher: RandomState::new(),
            most,
        }))
    }

    /// A call left memory, and this is its last writing.
    pub fn left(&self, call: &Call, number: u64) {
        let mut ledger = self.0.lock();
        let session = call.session.iter().map(Name::Session);
        let legs = call.legs.iter().filter_map(|leg| leg.carrier_call_id.as_ref()).map(Name::Carrier);
        let names: Vec<u64> = session.chain(legs).map(|name| ledger.hash(&call.tenant, name)).collect();
        let place = (call.created_at, call.id);
        for name in &names {
            let newest = ledger.newest.entry(*name).or_insert(place);
            *newest = place.max(*newest);
        }
        let left = Left { number, is_vouched: true, created_at: call.created_at, names };
        ledger.calls.insert(call.id, left);
        ledger.order.push_back((call.id, number));
        ledger.forget_the_oldest();
    }

    /// Something is known of a call that its last writing does not hold, or may soon be.
    pub fn withdraw(&self, call: CallId) {
        if let Some(left) = self.0.lock().calls.get_mut(&call) {
            left.is_vouched = false;
        }
    }

    /// Whether a call is vouched for in any writing.
    pub fn has(&self, call: CallId) -> bool {
        self.0.lock().calls.get(&call).is_some_and(|left| left.is_vouched)
    }

    /// Whether this is a call's last writing.
    pub fn is_last(&self, call: CallId, number: u64) -> bool {
        self.0.lock().calls.get(&call).is_some_and(|left| left.is_vouched && left.number == number)
    }

    /// The newest call of a name, of all that are over and out of memory; `None` if that can't be known.
    pub fn newest(&self, tenant: &TenantId, name: Name<'_>) -> Option<CallId> {
        self.place(tenant, name).map(|(_, call)| call)
    }

    /// The same, with its place.
    pub fn place(&self, tenant: &TenantId, name: Name<'_>) -> Option<Place> {
        let ledger = self.0.lock();
        let newest = ledger.newest.get(&ledger.hash(tenant, name)).copied();
        newest.filter(|(created_at, _)| *created_at >= ledger.since)
    }
}

impl Ledger {
    fn hash(&self, tenant: &TenantId, name: Name<'_>) -> u64 {
        self.hasher.hash_one((tenant, name))
    }

    fn forget_the_oldest(&mut self) {
        while self.order.len() > self.most {
            let Some((call, number)) = self.order.pop_front() else { return };
            // It may have left once more since.
            if self.calls.get(&call).is_none_or(|left| left.number != number) {
                continue;
            }
            let Some(left) = self.calls.remove(&call) else { continue };
            let after = left.created_at + SignedDuration::from_micros(1);
            self.since = self.since.max(after);
            for name in left.names {
                if self.newest.get(&name).is_some_and(|(_, newest)| *newest == call) {
                    self.newest.remove(&name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::tests::{at, call, tenant};

    fn session() -> SessionId {
        SessionId::new("s")
    }

    #[test]
    fn only_the_last_writing_is_vouched_for_until_more_is_known() {
        let vouched = Vouched::new(at(0));
        let call = call(1, 1);
        assert!(!vouched.has(call.id));
        vouched.left(&call, 1);
        vouched.left(&call, 2);
        assert_eq!([1, 2, 3].map(|number| vouched.is_last(call.id, number)), [false, true, false]);
        vouched.withdraw(call.id);
        assert!(!vouched.has(call.id) && !vouched.is_last(call.id, 2));
        vouched.left(&call, 3);
        assert!(vouched.is_last(call.id, 3));
    }

    #[test]
    fn the_newest_of_a_name_is_the_one_that_began_last_also_when_it_left_first() {
        let vouched = Vouched::new(at(0));
        let (old, new) = (call(1, 1), call(2, 2));
        vouched.left(&new, 1);
        vouched.left(&old, 2);
        assert_eq!(vouched.newest(&tenant(), Name::Session(&session())), Some(new.id));
        vouched.withdraw(new.id);
        assert_eq!(vouched.newest(&tenant(), Name::Session(&session())), Some(new.id), "never an older one");
        assert_eq!(vouched.newest(&tenant(), Name::Carrier(&CarrierCallId::new("CA1"))), Some(old.id));
        assert_eq!(vouched.newest(&tenant(), Name::Carrier(&CarrierCallId::new("s"))), None);
        assert_eq!(vouched.newest(&TenantId::new("other"), Name::Session(&session())), None);
    }

    #[test]
    fn of_a_call_that_began_in_an_earlier_life_it_is_not_known_whether_it_is_the_newest() {
        let vouched = Vouched::new(at(5));
        let old = call(1, 1);
        vouched.left(&old, 1);
        assert!(vouched.is_last(old.id, 1));
        assert_eq!(vouched.newest(&tenant(), Name::Session(&session())), None);
    }

    #[test]
    fn forgetting_never_makes_an_older_call_the_newest() {
        let vouched = Vouched::of_at_most(at(0), 2);
        let (old, new) = (call(1, 1), call(2, 2));
        vouched.left(&new, 1);
        vouched.left(&call(3, 3), 2);
        vouched.left(&call(4, 4), 3);
        assert!(!vouched.has(new.id), "it is forgotten");
        vouched.left(&old, 4);
        let ledger = vouched.0.lock();
        assert_eq!((ledger.calls.len(), ledger.order.len()), (2, 2));
        drop(ledger);
        // Of the session, 4 is the newest and there; had it been forgotten too, 1 would not be named in its place.
        vouched.left(&old, 5);
        vouched.left(&old, 6);
        assert_eq!(vouched.newest(&tenant(), Name::Session(&session())), None);
        assert!(vouched.is_last(old.id, 6));
    }
}
