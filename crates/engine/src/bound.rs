//! Carrier ids of calls that have left memory, kept for a day: so that a listing never binds an old call to a new attempt.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::{HashSet, VecDeque};
use trunkline_core::call::Call;
use trunkline_core::id::{AccountId, CarrierCallId};

const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The tombstones of ended calls.
#[derive(Debug, Default)]
pub(crate) struct Bound(Mutex<Ids>);

#[derive(Debug, Default)]
struct Ids {
    known: HashSet<(AccountId, CarrierCallId)>,
    by_age: VecDeque<(Timestamp, AccountId, CarrierCallId)>,
}

impl Bound {
    /// Buries a call's carrier ids.
    pub fn bury(&self, call: &Call, now: Timestamp) {
        for leg in &call.legs {
            if let Some(id) = &leg.carrier_call_id {
                self.add(now, leg.account.clone(), id.clone());
            }
        }
    }

    pub fn add(&self, at: Timestamp, account: AccountId, id: CarrierCallId) {
        let mut ids = self.0.lock();
        if ids.known.insert((account.clone(), id.clone())) {
            ids.by_age.push_back((at, account, id));
        }
        while let Some((oldest, _, _)) = ids.by_age.front() {
            if at.duration_since(*oldest) < KEPT {
                break;
            }
            if let Some((_, account, id)) = ids.by_age.pop_front() {
                ids.known.remove(&(account, id));
            }
        }
    }

    pub fn contains(&self, account: &AccountId, id: &CarrierCallId) -> bool {
        self.0.lock().known.contains(&(account.clone(), id.clone()))
    }

    pub fn all(&self) -> Vec<(Timestamp, AccountId, CarrierCallId)> {
        self.0.lock().by_age.iter().cloned().collect()
    }
}
