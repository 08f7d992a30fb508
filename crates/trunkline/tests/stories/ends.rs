//! How calls end: the disposition, the flat status, and the evidence beside it.

use serde_json::json;
use trunkline_sim::{Habit, Heard};

use crate::day::Day;

const ANN: &str = "+15550100601";

#[test]
pub fn each_way_a_phone_is_not_answered_has_its_own_name() {
    // Habit, disposition, status, SIP code, whether it rang.
    let table = [
        (Habit::Busy, "busy", "busy", json!(486)),
        (Habit::NoAnswer, "no_answer", "no_answer", json!(487)),
        (Habit::Refuses, "rejected", "rejected", json!(603)),
        (Habit::Unreachable, "unreachable", "failed", json!(480)),
        (Habit::NotInService, "invalid_number", "failed", json!(404)),
    ];
    let day = Day::begin();
    let calls: Vec<_> = table
        .into_iter()
        .enumerate()
        .map(|(n, (habit, disposition, status, sip))| {
            let number = format!("+1555010061{n}");
            day.person(&number, habit);
            (day.call(&number), disposition, status, sip)
        })
        .collect();
    for (call, disposition, status, sip) in &calls {
        let ended = day.ended(call);
        assert_eq!(
            (&ended["disposition"], &ended["status"]),
            (&json!(disposition), &json!(status)),
            "{ended}"
        );
        assert_eq!(&ended["evidence"]["sip_code"], sip, "{ended}");
        assert!(ended["answered_at"].is_null() && ended["answer_count"] == 0, "{ended}");
        let rang = if matches!(*disposition, "no_answer" | "rejected") { "yes" } else { "no" };
        assert_ne!(ended["evidence"]["rang"], if rang == "yes" { "no" } else { "yes" }, "{ended}");
        assert_eq!(ended["ringing_at"].is_string(), rang == "yes", "{ended}");
    }
}

#[test]
pub fn a_phone_that_rang_is_told_from_one_that_did_not() {
    let day = Day::begin();
    day.person(ANN, Habit::NoAnswer);
    let call = day.call_with(&json!({ "to": ANN, "ring_timeout_secs": 20 }));
    let ended = day.ended(&call);
    assert_eq!(ended["evidence"]["rang"], "yes", "{ended}");
    let ring_ms = ended["evidence"]["ring_ms"].as_u64().unwrap();
    assert!((15_000..60_000).contains(&ring_ms), "{ring_ms} ms of twenty seconds");
}

#[test]
pub fn a_call_can_be_ended_while_it_rings() {
    let day = Day::with().at_speed(20.0).begin();
    day.person(ANN, Habit::NoAnswer);
    let call = day.call_with(&json!({ "to": ANN, "ring_timeout_secs": 300 }));
    day.is(&call, "ringing");
    assert_eq!(day.end(&call).status, 202);
    let ended = day.ended(&call);
    assert_eq!((&ended["disposition"], &ended["hangup_by"]), (&json!("canceled"), &json!("us")), "{ended}");
    day.is_quiet();
    assert_eq!(day.sim.call(&day.sid(ANN)).unwrap().status.as_str(), "canceled");
}

#[test]
pub fn a_call_can_be_ended_while_a_person_talks() {
    let day = Day::with().at_speed(5.0).begin();
    let call = day.call(ANN);
    day.has_answered(ANN, 1);
    assert_eq!(day.end(&call).status, 202);
    let ended = day.ended(&call);
    assert_eq!((&ended["disposition"], &ended["hangup_by"]), (&json!("completed"), &json!("us")), "{ended}");
    day.is_quiet();
    let asked = |heard: &Heard| matches!(heard, Heard::Asked { question: 3, .. });
    assert!(!day.sim.heard(&day.sid(ANN)).iter().any(asked), "the rest was not asked");
    assert_eq!(day.turns(&call)[0]["recordings"].as_array().unwrap().len(), 1, "what was said is kept");
}

#[test]
pub fn a_call_can_be_ended_before_it_was_begun() {
    let day = Day::with().at_most(1).at_speed(10.0).begin();
    day.person(ANN, Habit::NoAnswer);
    let first = day.call(ANN);
    day.is(&first, "ringing");
    let queued = day.call("+15550100602");
    assert_eq!(day.look_at(&queued)["state"], "queued");
    assert_eq!(day.end(&queued).status, 202);
    assert_eq!(day.disposition(&queued), "canceled");
    day.ended(&first);
    day.is_quiet();
    assert_eq!(day.dialed("+15550100602"), 0);
}

#[test]
pub fn ending_a_call_that_is_over_tells_how_it_had_ended() {
    let day = Day::begin();
    day.person(ANN, Habit::NotInService);
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "invalid_number");
    let again = day.end(&call);
    assert_eq!(again.status, 409);
    let told = again.json();
    assert_eq!((&told["state"], &told["call_status"]), (&json!("ended"), &json!("failed")), "{told}");
    assert_eq!(day.end("01a1fcf4-0000-7000-8000-000000000000").status, 404);
}

#[test]
pub fn a_call_that_lasts_too_long_is_cut() {
    let day = Day::with()
        .questions(r#"{"questions": ["One?", "Two?", "Three?"], "limits": {"silence_secs": 60, "asks": 5}}"#)
        .begin();
    day.person(ANN, Habit::Silent);
    let call = day.call_with(&json!({ "to": ANN, "time_limit_secs": 60 }));
    let ended = day.ended(&call);
    assert_eq!(
        (&ended["disposition"], &ended["status"]),
        (&json!("time_limit"), &json!("completed")),
        "{ended}"
    );
}
