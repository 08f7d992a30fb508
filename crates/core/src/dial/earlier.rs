//! Earlier calls to the same person: is this one a duplicate, and has the person been called often enough?
//!
//! A call whose create request is not ruled yet counts as just placed, however old it is: it may ring at this moment.

use crate::dial::gates::Closed;
use crate::id::CallId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU16;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// An earlier attempt to reach the same person, by any campaign or single call of the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Which call.
    pub call: CallId,
    /// When its intent was written.
    pub at: Timestamp,
    /// What is known of it.
    pub standing: Standing,
}

/// What is known of an earlier attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Intent written, no carrier id, and not ruled: it may be ringing.
    Unruled,
    /// The carrier had it.
    Placed,
    /// It never reached the carrier, was refused by it, or was ruled so.
    NeverPlaced,
}

/// Whether an attempt from another job or a single call holds this one back as a duplicate. `earlier` leaves out the
/// job's own attempts: those are the retry policy's.
pub fn duplicate(earlier: &[Earlier], window: SignedDuration, now: Timestamp) -> Option<Closed> {
    if let Some(unruled) = earlier.iter().find(|it| it.standing == Standing::Unruled) {
        return Some(Closed::Duplicate { of: unruled.call, opens_at: None });
    }
    let placed = earlier.iter().filter(|it| it.standing == Standing::Placed);
    let last = placed.max_by_key(|it| it.at)?;
    let opens_at = plus(last.at, window);
    (opens_at > now).then_some(Closed::Duplicate { of: last.call, opens_at: Some(opens_at) })
}

/// How often one person may be called, by all campaigns of a tenant together. Periods slide: "a day" is the last 24
/// hours, so that no midnight lets six calls stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonBudget {
    /// Calls within 24 hours.
    pub per_day: Option<NonZeroU16>,
    /// Calls within seven days.
    pub per_week: Option<NonZeroU16>,
    /// Seconds from one attempt to the next.
    pub min_gap_secs: u32,
}

impl Default for PersonBudget {
    fn default() -> Self {
        Self { per_day: NonZeroU16::new(4), per_week: NonZeroU16::new(10), min_gap_secs: 60 }
    }
}

impl PersonBudget {
    /// The first moment, from `now` on, at which one more attempt keeps every limit. `earlier` holds all attempts to the
    /// person within the last week, the job's own included, in any order.
    pub fn opens_at(&self, earlier: &[Earlier], now: Timestamp) -> Timestamp {
        let mut times: Vec<Timestamp> =
            earlier.iter().filter(|it| it.standing != Standing::NeverPlaced).map(|it| it.at).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let gap = SignedDuration::from_secs(i64::from(self.min_gap_secs));
        let after_gap = times.first().map(|last| plus(*last, gap));
        // With a limit of n, the n-th newest attempt must have left the period.
        let leaves = |limit: Option<NonZeroU16>, period| {
            let nth = times.get(usize::from(limit?.get()) - 1)?;
            Some(plus(*nth, period))
        };
        [after_gap, leaves(self.per_day, DAY), leaves(self.per_week, WEEK)]
            .into_iter()
            .flatten()
            .fold(now, Timestamp::max)
    }
}

fn plus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
