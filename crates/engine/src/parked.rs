//! Calls that the store refuses: set aside, so that the rest goes on.
//!
//! A call that is set aside stays in memory and in the journal: the cursor in the store is held before its first event that
//! is not in there. So a restart, or a store that was away and is back, tries it again, and the journal keeps what it needs
//! for that. What is projected twice meanwhile changes nothing.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use trunkline_core::id::CallId;
use trunkline_journal::Lsn;
use trunkline_store::{Position, Projection};

/// The calls, each with its first event that is not in the store.
#[derive(Default)]
pub(crate) struct Parked(Mutex<BTreeMap<CallId, Position>>);

impl Parked {
    /// How many there are.
    pub fn len(&self) -> u64 {
        u64::try_from(self.0.lock().len()).unwrap_or(u64::MAX)
    }

    pub fn contains(&self, call: CallId) -> bool {
        self.0.lock().contains_key(&call)
    }

    /// Up to where the store has everything of this call, if it is set aside.
    pub fn complete_to(&self, call: CallId) -> Option<Lsn> {
        self.0.lock().get(&call).map(|first| Lsn::new(before(*first).0))
    }

    /// All are tried again.
    pub fn clear(&self) {
        self.0.lock().clear();
    }

    /// Sets all calls of a refused batch aside; which they are.
    pub fn set_aside(&self, batch: &Projection) -> Vec<CallId> {
        let mut parked = self.0.lock();
        for event in &batch.events {
            let first = parked.entry(event.call).or_insert(event.position);
            *first = event.position.min(*first);
        }
        parked.keys().copied().filter(|call| batch.events.iter().any(|event| event.call == *call)).collect()
    }

    /// Their events wait.
    pub fn leave_out(&self, batch: &mut Projection) {
        let parked = self.0.lock();
        if !parked.is_empty() {
            batch.calls.retain(|call| !parked.contains_key(&call.id));
            batch.events.retain(|event| !parked.contains_key(&event.call));
            batch.deliveries.retain(|one| !parked.contains_key(&one.call));
        }
    }

    /// How far the cursor may move of this.
    pub fn hold(&self, upto: Position) -> Position {
        self.0.lock().values().map(|first| before(*first)).min().map_or(upto, |held| held.min(upto))
    }
}

fn before(first: Position) -> Position {
    Position(first.0.saturating_sub(1))
}
