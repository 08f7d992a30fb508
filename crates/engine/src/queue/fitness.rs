//! How fit the means of calling are, from what they did of late: the carrier account, and each number that calls are shown
//! as. Kept in memory: a new process begins with trust.

use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, VecDeque};
use trunkline_carriers::PostAnswer;
use trunkline_core::call::{Call, Direction, Disposition, RefusalClass};
use trunkline_core::campaign::Sent;
use trunkline_core::dial::breaker::{Answered, Breaker};
use trunkline_core::dial::gates::Circuit;
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Address;

/// So many calls of a number tell how it stands.
const OF_LATE: usize = 100;

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Fitness {
    carrier: Mutex<Breaker>,
    /// Of each number: whether its last calls were refused without ringing.
    numbers: Mutex<HashMap<Address, VecDeque<bool>>>,
}

impl Fitness {
    /// The carrier has answered a create request, or failed to.
    pub fn answered(&self, answer: &PostAnswer, now: Timestamp) {
        let answered = match answer {
            PostAnswer::Placed(_) => Answered::Fit,
            PostAnswer::Refused(refusal) => match refusal.class {
                RefusalClass::InvalidNumber | RefusalClass::Blocked | RefusalClass::Unreachable => {
                    Answered::Fit
                }
                RefusalClass::Configuration | RefusalClass::TooMany | RefusalClass::NotSent => {
                    Answered::Failed
                }
            },
            PostAnswer::NotSent(_) | PostAnswer::Unclear(_) => Answered::Failed,
        };
        let mut carrier = self.carrier.lock();
        *carrier = carrier.after(answered, now);
    }

    /// Whether the carrier account may be asked.
    pub fn circuit(&self) -> Circuit {
        self.carrier.lock().circuit()
    }

    /// A call is over.
    pub fn ended(&self, call: &Call) {
        let Some(disposition) = call.disposition() else { return };
        if call.direction != Direction::Outbound || call.registered.is_some() {
            return;
        }
        let mut numbers = self.numbers.lock();
        let calls = numbers.entry(call.party.from.clone()).or_default();
        calls.push_back(disposition == Disposition::Blocked);
        if calls.len() > OF_LATE {
            calls.pop_front();
        }
    }

    /// What became of the calls shown as these numbers.
    pub fn of_late(&self, pool: &[PhoneNumber]) -> BTreeMap<PhoneNumber, Sent> {
        let numbers = self.numbers.lock();
        let sent = |number: &PhoneNumber| {
            let calls = numbers.get(&Address::new(number.as_str()))?;
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let blocked = calls.iter().filter(|blocked| **blocked).count();
            Some((number.clone(), Sent { calls: count(calls.len()), blocked: count(blocked) }))
        };
        pool.iter().filter_map(sent).collect()
    }
}
