//! When may an unclear attempt be ruled "never placed"?
//!
//! A carrier may accept a request whose answer we never saw, and its listings may lag. So: not before the settle time
//! after the intent, and only after two listings, a gap apart and both after the settle time, that show nothing.

use crate::call::{Leg, Timing};
use jiff::{SignedDuration, Timestamp};

/// What to do next about an unclear attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// List the carrier's calls at this time.
    List {
        /// When.
        at: Timestamp,
    },
    /// The carrier never got it: rule so, from this time on.
    NotPlaced {
        /// Since when that is certain.
        at: Timestamp,
    },
}

/// What to do next about an unclear attempt, and when.
///
/// Before the settle time a listing can only find the call, never prove that there is none.
pub fn rule(leg: &Leg, timing: &Timing) -> Ruling {
    let gap = SignedDuration::from_secs(i64::from(timing.listing_gap_secs));
    let intent = leg.post_begun_at.or(leg.dial_started_at).unwrap_or(leg.queued_at);
    let settled = plus(intent, SignedDuration::from_secs(i64::from(timing.settle_secs)));
    let mut counting = leg.empty_listings.iter().copied().filter(|at| *at >= settled);
    let first = counting.next();
    let second = first.and_then(|first| counting.find(|at| *at >= plus(first, gap)));
    match (first, second) {
        (_, Some(second)) => Ruling::NotPlaced { at: second },
        (Some(first), None) => Ruling::List { at: plus(first, gap) },
        (None, None) => {
            let soon = match leg.empty_listings.last() {
                Some(last) => plus(*last, gap),
                None => leg.unclear_at.unwrap_or(intent),
            };
            Ruling::List { at: soon.min(settled) }
        }
    }
}

/// Whether a call in a carrier's listing can be the one of this attempt: created no earlier than five seconds before
/// the intent (clocks differ), and not bound to another attempt. `to` and `from` were the listing's own filters.
pub fn matches_attempt(
    leg: &Leg,
    created_at: Option<Timestamp>,
    is_bound_elsewhere: impl FnOnce() -> bool,
) -> bool {
    let intent = leg.dial_started_at.unwrap_or(leg.queued_at);
    let earliest = intent.checked_sub(SignedDuration::from_secs(5)).unwrap_or(intent);
    created_at.is_none_or(|created| created >= earliest) && !is_bound_elsewhere()
}

fn plus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
