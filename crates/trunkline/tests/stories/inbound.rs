//! People who call us.

use serde_json::json;
use trunkline_sim::Habit;

use crate::day::{Day, OURS};

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
