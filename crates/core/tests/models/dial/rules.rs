//! The guard and the ruling, case by case.

use super::world::{minute, new_call};
use jiff::{SignedDuration, Timestamp};
use trunkline_core::call::*;
use trunkline_core::dial::{Ruling, Withheld, guard, matches_attempt, rule};
use trunkline_core::id::{CarrierCallId, Fence};

fn at(secs: i64) -> Timestamp {
    minute(0) + SignedDuration::from_secs(secs)
}

/// The attempt whose request was begun at 0 s and unclear at 10 s, after these empty listings.
fn unclear(empty_listings: &[i64]) -> Leg {
    Leg {
        dial_started_at: Some(at(0)),
        post_begun_at: Some(at(0)),
        unclear_at: Some(at(10)),
        empty_listings: empty_listings.iter().map(|secs| at(*secs)).collect(),
        ..new_call().legs.remove(0)
    }
}

#[test]
fn it_is_ruled_after_the_settle_time_and_two_listings_apart() {
    let list = |secs| Ruling::List { at: at(secs) };
    let cases: [(&[i64], Ruling); 9] = [
        (&[], list(10)),
        (&[12], list(42)),
        (&[12, 42, 72, 102, 132, 162], list(180)),
        (&[170, 179], list(180)),
        (&[180], list(210)),
        (&[180, 195], list(210)),
        (&[180, 195, 209], list(210)),
        (&[181, 211], Ruling::NotPlaced { at: at(211) }),
        (&[12, 400, 500, 600], Ruling::NotPlaced { at: at(500) }),
    ];
    for (listings, ruling) in cases {
        assert_eq!(rule(&unclear(listings), &Timing::default()), ruling, "{listings:?}");
    }
}

#[test]
fn the_settle_time_counts_from_the_request_not_the_intent() {
    let slow = Leg { post_begun_at: Some(at(100)), ..unclear(&[]) };
    let ruled = Leg { empty_listings: vec![at(200), at(240)], ..slow.clone() };
    assert_eq!(rule(&ruled, &Timing::default()), Ruling::List { at: at(270) });
    let unsent = Leg { post_begun_at: None, empty_listings: vec![at(200), at(240)], ..slow };
    assert_eq!(rule(&unsent, &Timing::default()), Ruling::NotPlaced { at: at(240) });
}

#[test]
fn the_guard_lets_one_request_through() {
    let leg = Leg { dial_started_at: Some(at(0)), ..new_call().legs.remove(0) };
    let hang_up = Some(HangUp { at: at(1), reason: HangUpReason::Asked });
    let queued = Leg { dial_started_at: None, ..leg.clone() };
    let accepted = Leg { carrier_call_id: Some(CarrierCallId::new("CA1")), ..leg.clone() };
    assert_eq!(guard(&leg, leg.fence), Ok(()));
    for (leg, why) in [
        (Leg { fence: Fence(2), ..leg.clone() }, Withheld::OldFence),
        (Leg { fence: Fence(0), ..leg.clone() }, Withheld::OldFence),
        (Leg { post_begun_at: Some(at(1)), ..leg.clone() }, Withheld::AlreadyPosted),
        (Leg { unclear_at: Some(at(1)), ..leg.clone() }, Withheld::AlreadyPosted),
        (Leg { hang_up, ..leg.clone() }, Withheld::Withdrawn),
        (queued, Withheld::NotDialing(State::Queued)),
        (accepted, Withheld::NotDialing(State::Initiated)),
    ] {
        assert_eq!(guard(&leg, Fence::FIRST), Err(why));
    }
}

#[test]
fn a_listed_call_matches_from_five_seconds_before_the_intent_and_if_nobody_has_it() {
    let leg = unclear(&[]);
    assert!(matches_attempt(&leg, Some(at(-5)), || false));
    assert!(!matches_attempt(&leg, Some(at(-6)), || false));
    assert!(matches_attempt(&leg, None, || false), "a call that the carrier still queues has no time");
    assert!(!matches_attempt(&leg, Some(at(1)), || true));
}
