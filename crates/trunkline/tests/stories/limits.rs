//! How many at once: limits are never passed, and a slot that is freed is used.

use serde_json::json;
use trunkline_sim::Habit;

use crate::day::Day;

#[test]
pub fn no_more_calls_are_live_than_allowed_and_a_freed_slot_is_used_at_once() {
    let day = Day::with().at_most(2).begin();
    let people: Vec<String> = (0..7).map(|n| format!("+1555010070{n}")).collect();
    let calls: Vec<String> = people
        .iter()
        .map(|number| {
            day.person(number, Habit::NoAnswer);
            day.call(number)
        })
        .collect();
    for call in &calls {
        assert_eq!(day.disposition(call), "no_answer");
    }
    day.is_quiet();
    assert_eq!(day.sim.most_at_once(), 2, "never more, and the control: never fewer");
    let made = day.sim.calls();
    for (nth, call) in made.iter().enumerate().skip(2) {
        let mut freed: Vec<_> = made[..nth].iter().filter_map(|call| call.ended_at).collect();
        freed.sort();
        // The slot that this call took is the one freed so many calls before it.
        let waited = call.created_at.duration_since(freed[nth - 2]).as_secs_f64();
        assert!(waited < 180.0, "within a moment, not {waited} s at sixty times the pace");
    }
}

#[test]
fn the_limit_holds_across_a_restart() {
    let mut day = Day::with().at_most(2).at_speed(20.0).begin();
    let calls: Vec<String> = (0..5).map(|n| day.call(&format!("+1555010071{n}"))).collect();
    day.until("two are under way", |day| (day.sim.live() == 2).then_some(()));
    day.restarts();
    for call in &calls {
        assert_eq!(day.disposition(call), "completed");
    }
    assert_eq!(day.sim.most_at_once(), 2);
    assert!(day.sim.dialed().values().all(|times| *times == 1));
}

#[test]
pub fn the_same_person_is_never_called_twice_at_once() {
    let day = Day::begin();
    let number = "+15550100721";
    let calls = [day.call(number), day.call(number)];
    for call in &calls {
        assert_eq!(day.disposition(call), "completed");
    }
    assert_eq!((day.dialed(number), day.sim.most_at_once()), (2, 1));
}

#[test]
fn calls_begin_no_faster_than_the_carrier_granted() {
    let day = Day::with().set("TRUNKLINE_LIMITS_CPS", "0.5").begin();
    let calls: Vec<String> = (0..5).map(|n| day.call(&format!("+1555010073{n}"))).collect();
    for call in &calls {
        day.ended(call);
    }
    let begun: Vec<_> = calls
        .iter()
        .map(|call| {
            day.look_at(call)["legs"][0]["dialed_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap()
        })
        .collect();
    let span = begun.iter().max().unwrap().duration_since(*begun.iter().min().unwrap()).as_secs_f64();
    assert!(span >= 4.0 * 2.0 - 3.0, "five calls within {span} s");
}

#[test]
fn what_waits_too_long_expires_and_is_not_dialed() {
    let day = Day::with().at_most(1).set("TRUNKLINE_LIMITS_QUEUE_EXPIRY_SECS", "20").begin();
    let (first, second) = ("+15550100741", "+15550100742");
    day.person(first, Habit::NoAnswer);
    let ringing = day.call_with(&json!({ "to": first, "ring_timeout_secs": 120 }));
    day.is(&ringing, "ringing");
    let waiting = day.call(second);
    assert_eq!(day.disposition(&waiting), "expired");
    day.ended(&ringing);
    assert_eq!(day.dialed(second), 0);
}

#[test]
fn a_server_that_drains_begins_no_call_and_finishes_those_it_has() {
    let day = Day::with().at_speed(20.0).begin();
    let number = "+15550100751";
    let call = day.call(number);
    day.has_answered(number, 1);
    assert_eq!(day.post("/api/drain", &json!({})).status, 202);
    assert_eq!(day.post("/api/calls", &json!({ "to": "+15550100752" })).status, 503);
    assert_eq!(day.get("/readyz").status, 503);
    assert_eq!((day.disposition(&call).as_str(), day.answers(&call).len()), ("completed", 3));
}
