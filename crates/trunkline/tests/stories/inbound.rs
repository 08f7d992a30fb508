//! People who call us.

use serde_json::json;
use trunkline_sim::{Habit, Mouth};

use crate::day::{Day, OURS, through};

const ANN: &str = "+15550100901";

fn only_call(day: &Day) -> serde_json::Value {
    day.until("the call", |day| {
        let calls = day.get("/api/calls?direction=inbound").json()["calls"].clone();
        calls.get(0).filter(|call| call["state"] == "ended").cloned()
    })
}

#[test]
pub fn who_calls_us_is_asked_the_script_of_the_number() {
    let day = Day::with().set("TRUNKLINE_SCRIPTS_NUMBERS", &format!("{OURS}=questions")).begin();
    day.is_called_by(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = only_call(&day);
    assert_eq!(
        (&call["from"], &call["to"], &call["script"]),
        (&json!(ANN), &json!(OURS), &json!("questions"))
    );
    assert_eq!((&call["disposition"], &call["answer_count"]), (&json!("completed"), &json!(3)));
    assert_eq!(day.answers(call["id"].as_str().unwrap()), ["Ann", "Tuesday", "no"]);
    assert_eq!(day.dialed(ANN), 0);
}

#[test]
pub fn who_calls_us_when_there_is_no_room_is_told_so() {
    let day = Day::with().set("TRUNKLINE_LIMITS_TENANT_CALLS", "1").at_most(1).at_speed(10.0).begin();
    day.person("+15550100902", Habit::NoAnswer);
    let outbound = day.call("+15550100902");
    day.is(&outbound, "ringing");
    let sid = day.is_called_by(ANN, Habit::answers());
    let call = only_call(&day);
    assert_eq!(
        (&call["disposition"], &call["status"]),
        (&json!("rejected_capacity"), &json!("failed")),
        "{call}"
    );
    let heard = format!("{:?}", day.sim.heard(&sid));
    assert!(heard.contains("lines are busy") && !heard.contains("What is your name?"), "{heard}");
}

#[test]
pub fn who_calls_us_and_is_cut_off_by_a_restart_is_asked_on() {
    let mut day = Day::with().at_speed(20.0).begin();
    let sid = day.is_called_by(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    day.until("an answer", |day| format!("{:?}", day.sim.heard(&sid)).contains("Spoke").then_some(()));
    day.restarts();
    let call = only_call(&day);
    assert_eq!(call["disposition"], "completed");
    assert_eq!(day.answers(call["id"].as_str().unwrap()), ["Ann", "Tuesday", "no"]);
}

/// Of every verdict there is, and of none.
fn verdicts_are_shown_and_nothing_follows_from_them() {
    let day = Day::begin();
    let verdicts = [
        (None, json!(null)),
        (Some("TN-Validation-Passed-A"), json!("full")),
        (Some("TN-Validation-Passed-B"), json!("partial")),
        (Some("TN-Validation-Passed-C"), json!("gateway")),
        (Some("TN-Validation-Failed-A"), json!("failed")),
        (Some("No-TN-Validation"), json!("unsigned")),
    ];
    let sids: Vec<String> = verdicts
        .iter()
        .map(|(verstat, _)| {
            let habit = Habit::says(["Ann", "Tuesday", "no"]);
            let sid = match verstat {
                Some(verstat) => day.is_called_by_vouched(ANN, habit, verstat),
                None => day.is_called_by(ANN, habit),
            };
            sid.as_str().to_owned()
        })
        .collect();
    let calls: Vec<_> = sids.iter().map(|sid| day.ended(sid)).collect();
    for ((verstat, ours), call) in verdicts.iter().zip(&calls) {
        assert_eq!(&call["attestation"], ours, "{verstat:?}");
        // All else that a caller can have of us is the same, whatever is vouched for.
        for what in ["disposition", "outcome", "answer_count", "script", "route", "from", "name", "tenant"] {
            assert_eq!(call[what], calls[0][what], "{what} {verstat:?}");
        }
        assert_eq!((&call["disposition"], &call["answer_count"]), (&json!("completed"), &json!(3)), "{call}");
    }
    let heard: Vec<_> = sids.iter().map(|sid| spoken(&day, sid)).collect();
    assert!(!heard[0].is_empty() && heard.iter().all(|other| *other == heard[0]), "{heard:?}");
}

fn spoken(day: &Day, sid: &str) -> Vec<String> {
    let said = |heard| match heard {
        trunkline_sim::Heard::Said { text } => Some(text),
        _ => None,
    };
    day.sim.heard(&sid.to_owned().into()).into_iter().filter_map(said).collect()
}

#[test]
fn s_23_what_the_network_vouches_for_is_shown_and_nobody_is_treated_by_it() {
    for carrier in [Mouth::Twilio, Mouth::Telnyx] {
        through(carrier, verdicts_are_shown_and_nothing_follows_from_them);
    }
}
