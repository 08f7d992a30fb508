//! Who was called a moment ago: the outbound calls in memory, by the person called. The store knows the older ones.

use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;
use trunkline_core::call::{Call, Direction};
use trunkline_core::dial::earlier::{Earlier, Standing};
use trunkline_core::id::{CallId, TenantId};
use trunkline_core::private::Address;
use trunkline_store::EarlierCall;

/// The outbound calls of late, by person. One that has left memory stays until [`Persons::forget_before`]: a reader of the
/// store may have looked just before it was there.
#[derive(Debug, Default)]
pub(crate) struct Persons(Mutex<HashMap<(TenantId, Address), HashMap<CallId, Kept>>>);

/// The calls to one person.
pub(super) type PersonCalls = Vec<EarlierCall>;

#[derive(Clone, Debug)]
struct Kept {
    call: EarlierCall,
    left_at: Option<Timestamp>,
}

impl Persons {
    /// Brings the index in step with a call that has just changed.
    pub fn update(&self, call: &Call) {
        if call.direction != Direction::Outbound || !call.has_carrier() {
            return;
        }
        let kept = Kept { call: earlier(call), left_at: None };
        let person = (call.tenant.clone(), call.party.to.clone());
        self.0.lock().entry(person).or_default().insert(call.id, kept);
    }

    /// A call has left memory.
    pub fn left(&self, call: &Call, now: Timestamp) {
        let person = (call.tenant.clone(), call.party.to.clone());
        if let Some(kept) = self.0.lock().get_mut(&person).and_then(|calls| calls.get_mut(&call.id)) {
            kept.left_at = Some(now);
        }
    }

    /// Forgets what left memory before this time.
    pub fn forget_before(&self, then: Timestamp) {
        self.0.lock().retain(|_, calls| {
            calls.retain(|_, kept| kept.left_at.is_none_or(|left| left >= then));
            !calls.is_empty()
        });
    }

    /// The attempts to reach a person.
    pub fn of(&self, tenant: &TenantId, number: &Address) -> PersonCalls {
        let calls = self.0.lock();
        let calls = calls.get(&(tenant.clone(), number.clone()));
        calls.into_iter().flat_map(|calls| calls.values()).map(|kept| kept.call.clone()).collect()
    }
}

/// What a call is to those who want to call the same person.
fn earlier(call: &Call) -> EarlierCall {
    let standing = if call.legs.iter().any(|leg| leg.carrier_call_id.is_some()) {
        Standing::Placed
    } else if call.is_over() {
        Standing::NeverPlaced
    } else {
        Standing::Unruled
    };
    let earlier = Earlier { call: call.id, at: call.created_at, standing };
    let fault_of = call.leg().carrier_fault().map(|_| call.account.clone());
    EarlierCall { earlier, job: call.job.as_ref().map(|of| of.job), fault_of }
}
