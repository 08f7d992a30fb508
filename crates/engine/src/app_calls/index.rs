//! Which calls between users are live, by user: an index over the live calls, kept in step with them under the call's own
//! lock.

use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap, HashSet};
use trunkline_core::call::{Call, Side};
use trunkline_core::id::{AppUserId, CallId, TenantId};

/// The app calls that are not over.
#[derive(Debug, Default)]
pub(crate) struct AppIndex(Mutex<Index>);

#[derive(Debug, Default)]
struct Index {
    users: HashMap<(TenantId, AppUserId), BTreeSet<CallId>>,
    live: HashSet<CallId>,
}

impl AppIndex {
    /// Brings the index in step with a call that has just changed.
    pub fn update(&self, call: &Call) {
        if call.app.is_none() {
            return;
        }
        if call.is_over() {
            return self.remove(call);
        }
        let mut index = self.0.lock();
        if index.live.insert(call.id) {
            for user in users(call) {
                index.users.entry(user).or_default().insert(call.id);
            }
        }
    }

    /// Takes a call out, whatever its state.
    pub fn remove(&self, call: &Call) {
        let mut index = self.0.lock();
        if !index.live.remove(&call.id) {
            return;
        }
        for user in users(call) {
            if let Some(calls) = index.users.get_mut(&user) {
                calls.remove(&call.id);
                if calls.is_empty() {
                    index.users.remove(&user);
                }
            }
        }
    }

    /// A user's calls, the oldest first.
    pub fn of(&self, tenant: &TenantId, user: &AppUserId) -> Vec<CallId> {
        let index = self.0.lock();
        index.users.get(&(tenant.clone(), user.clone())).into_iter().flatten().copied().collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.lock().live.len()
    }
}

fn users(call: &Call) -> impl Iterator<Item = (TenantId, AppUserId)> {
    Side::ALL.into_iter().filter_map(|side| Some((call.tenant.clone(), call.app_user(side)?)))
}
