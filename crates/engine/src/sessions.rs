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
    calls: HashMap<(TenantId, SessionId), BTreeSet<(Timestamp, CallId)>>,
    registered: HashSet<CallId>,
}

impl Sessions {
    /// Brings the index in step with a call that has just changed.
    pub fn update(&self, call: &Call) {
        let Some(session) = &call.session else { return };
        let mut index = self.0.lock();
        let place = (call.created_at, call.id);
        index.calls.entry((call.tenant.clone(), session.clone())).or_default().insert(place);
        if call.registered.is_some() && !call.is_over() {
            index.registered.insert(call.id);
        } else {
            index.registered.remove(&call.id);
        }
    }

    /// Takes a call out, whatever its state.
    pub fn remove(&self, call: &Call) {
        let Some(session) = &call.session else { return };
        let mut index = self.0.lock();
        index.registered.remove(&call.id);
        let key = (call.tenant.clone(), session.clone());
        if let Some(calls) = index.calls.get_mut(&key) {
            calls.remove(&(call.created_at, call.id));
            if calls.is_empty() {
                index.calls.remove(&key);
            }
        }
    }

    /// The calls of a session, the newest last.
    pub fn of(&self, tenant: &TenantId, session: &SessionId) -> Vec<CallId> {
        let index = self.0.lock();
        let calls = index.calls.get(&(tenant.clone(), session.clone()));
        calls.into_iter().flatten().map(|(_, call)| *call).collect()
    }

    /// The newest call of a session, with its place among them.
    pub fn newest(&self, tenant: &TenantId, session: &SessionId) -> Option<(Timestamp, CallId)> {
        let index = self.0.lock();
        index.calls.get(&(tenant.clone(), session.clone()))?.last().copied()
    }

    /// How many registered calls are not over.
    pub fn registered(&self) -> usize {
        self.0.lock().registered.len()
    }
}
