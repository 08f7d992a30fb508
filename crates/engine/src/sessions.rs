//! Which calls in memory belong to which conversation of a client, and which of them the client carries itself: an index
//! over the live calls, kept in step with them under the call's own lock.

use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap, HashSet};
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, SessionId, TenantId};

/// The calls of each session, and the registered calls that are not over.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Index>);

#[derive(Debug, Default)]
struct Index {
    sessions: HashMap<(TenantId, SessionId), Session>,
    registered: HashSet<CallId>,
}

/// Where a call stands among those of its session.
type Place = (Timestamp, CallId);

/// A session of which a call is in memory.
#[derive(Debug, Default)]
struct Session {
    calls: BTreeSet<Place>,
    /// Those that were the newest of all when this process saw them begin.
    begun: BTreeSet<Place>,
    /// The newest of those that have left memory since.
    left: Option<Place>,
}

impl Sessions {
    /// Brings the index in step with a call that has just changed.
    pub fn update(&self, call: &Call) {
        let Some(session) = &call.session else { return };
        let mut index = self.0.lock();
        let place = (call.created_at, call.id);
        index.sessions.entry((call.tenant.clone(), session.clone())).or_default().calls.insert(place);
        if call.registered.is_some() && !call.is_over() {
            index.registered.insert(call.id);
        } else {
            index.registered.remove(&call.id);
        }
    }

    /// A call has just begun, at this time: no call of its session that exists already is newer.
    pub fn begun(&self, call: &Call, at: Timestamp) {
        let Some(session) = call.session.as_ref().filter(|_| call.created_at == at) else { return };
        let mut index = self.0.lock();
        if let Some(session) = index.sessions.get_mut(&(call.tenant.clone(), session.clone())) {
            session.begun.insert((call.created_at, call.id));
        }
    }

    /// Takes a call out, whatever its state.
    pub fn remove(&self, call: &Call) {
        let Some(session) = &call.session else { return };
        let mut index = self.0.lock();
        index.registered.remove(&call.id);
        let key = (call.tenant.clone(), session.clone());
        if let Some(session) = index.sessions.get_mut(&key) {
            let place = (call.created_at, call.id);
            session.calls.remove(&place);
            session.begun.remove(&place);
            session.left = session.left.max(Some(place));
            if session.calls.is_empty() {
                index.sessions.remove(&key);
            }
        }
    }

    /// The calls of a session, the newest last.
    pub fn of(&self, tenant: &TenantId, session: &SessionId) -> Vec<CallId> {
        let index = self.0.lock();
        let session = index.sessions.get(&(tenant.clone(), session.clone()));
        session.into_iter().flat_map(|session| &session.calls).map(|(_, call)| *call).collect()
    }

    /// The newest call of a session, with its place among them.
    pub fn newest(&self, tenant: &TenantId, session: &SessionId) -> Option<(Timestamp, CallId)> {
        let index = self.0.lock();
        index.sessions.get(&(tenant.clone(), session.clone()))?.calls.last().copied()
    }

    /// Whether the newest call in memory is the newest of all, as far as this process can know: it saw it begin, and saw
    /// none begin after it.
    pub fn knows_the_newest(&self, tenant: &TenantId, session: &SessionId) -> bool {
        let index = self.0.lock();
        let session = index.sessions.get(&(tenant.clone(), session.clone()));
        session.is_some_and(|session| {
            let newest = session.calls.last();
            newest.is_some_and(|newest| session.begun.contains(newest)) && session.left.as_ref() < newest
        })
    }

    /// How many registered calls are not over.
    pub fn registered(&self) -> usize {
        self.0.lock().registered.len()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use trunkline_core::call::{Event, Party, Registration, Source, What};
    use trunkline_core::id::{AccountId, CarrierCallId, EventKey};

    pub(crate) fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_000 + secs).unwrap()
    }

    pub(crate) fn tenant() -> TenantId {
        TenantId::default_tenant()
    }

    /// A call that a client carries itself, of the conversation `s`.
    pub(crate) fn call(n: u8, secs: i64) -> Call {
        let registration = Registration {
            tenant: tenant(),
            account: AccountId::registered("twilio", &tenant()),
            call_id: CarrierCallId::new(format!("CA{n}")),
            session: SessionId::new("s"),
            direction: trunkline_core::call::Direction::Outbound,
            party: Party::default(),
        };
        let event = Event {
            call: CallId::from_bytes([n; 16]),
            key: EventKey::new("registered"),
            received_at: at(secs),
            occurred_at: None,
            source: Source::Api,
            what: What::Registered(Box::new(registration)),
        };
        Call::begin(&event).unwrap().0
    }

    #[test]
    fn the_newest_is_known_only_of_a_call_that_was_seen_to_begin_and_to_stay_the_newest() {
        let sessions = Sessions::default();
        let known = || sessions.knows_the_newest(&tenant(), &SessionId::new("s"));
        let [old, new, newer] = [call(1, 1), call(2, 2), call(3, 3)];
        assert!(!known(), "nothing is there");
        sessions.update(&old);
        assert!(!known(), "it was brought back");
        sessions.update(&new);
        sessions.begun(&new, at(2));
        assert!(known());
        sessions.update(&newer);
        assert!(!known(), "a newer one was brought back");
        sessions.remove(&newer);
        assert!(!known(), "a newer one has been here and is gone");
        sessions.remove(&old);
        assert!(!known());
    }

    #[test]
    fn one_that_is_said_to_have_begun_earlier_may_have_newer_ones() {
        let sessions = Sessions::default();
        let call = call(1, 1);
        sessions.update(&call);
        sessions.begun(&call, at(50));
        assert!(!sessions.knows_the_newest(&tenant(), &SessionId::new("s")));
    }
}
