//! Answering machines, as a campaign wants them treated: whoever picks up, and whether the carrier says so in time, late or
//! never. People are never hung up on, and the verdict is kept as evidence whenever it comes.

use serde_json::{Value, json};
use trunkline_sim::{FaultKind, Habit};

use crate::day::Day;
use crate::queue::{campaign, is_finished, job, number};

const TEXT: &str = "Please call us back";

fn hang_up() -> Value {
    json!({ "machine": "hang_up" })
}

fn wait() -> Value {
    json!({ "machine": "wait_for_verdict", "at_most_ms": 8000 })
}

fn leave_message() -> Value {
    json!({ "machine": "leave_message", "text": TEXT })
}

fn person() -> Habit {
    Habit::says(["Ann", "Tuesday", "no"])
}

/// What came of one call to somebody.
struct Met {
    /// What they heard.
    heard: Vec<String>,
    /// The attempt, as the job tells it.
    attempt: Value,
    /// The call's evidence of who picked up.
    verdict: Value,
}

impl Met {
    fn heard_the_script(&self) -> bool {
        self.heard.iter().any(|text| text.contains("Anything else"))
    }
}

/// Calls one after the other: each is met by who picks up, in the order of `habits`.
fn calls(machine: &Value, habits: &[Habit], fault: Option<FaultKind>) -> Vec<Met> {
    // The silence of a person is counted in seconds: no faster than a busy machine can follow.
    let day = Day::with().at_speed(10.0).set("TRUNKLINE_LIMITS_UNCLEAR_AFTER_SECS", "60").begin();
    let people: Vec<String> = (0..habits.len()).map(number).collect();
    for (number, habit) in people.iter().zip(habits) {
        day.person(number, habit.clone());
        if let Some(kind) = fault {
            day.fault(kind, number);
        }
    }
    let more =
        json!({ "machine": machine, "retry": { "by_class": {}, "by_disposition": {}, "unfinished": [] } });
    let (id, jobs) = campaign(&day, "machines", &more, &people);
    is_finished(&day, &id);
    day.is_quiet();
    // Jobs are listed in no order that the people have.
    let met = |number: &String| {
        let of_them = |id: &String| {
            let attempt = job(&day, id)["attempts"][0].clone();
            let call = day.look_at(attempt["call_id"].as_str().unwrap());
            (call["to"] == number.as_str()).then_some((attempt, call))
        };
        let (attempt, call) = jobs.iter().find_map(of_them).expect("everybody has a job");
        Met { heard: day.heard_by(number), verdict: call["evidence"]["amd"].clone(), attempt }
    };
    let met: Vec<Met> = people.iter().map(met).collect();
    assert!(met.iter().all(|one| !one.attempt["disposition"].is_null()), "the control: all were called");
    met
}

#[test]
fn without_a_policy_whoever_picks_up_hears_the_script_and_nobody_is_judged() {
    let met = calls(&json!({ "machine": "talk_first" }), &[Habit::Voicemail, person()], None);
    assert!(met.iter().all(Met::heard_the_script), "{:?}", met[0].heard);
    assert!(met.iter().all(|one| one.verdict.is_null()), "{}", met[0].verdict);
    assert_eq!(met[0].attempt["disposition"], "completed");
}

#[test]
pub fn a_machine_and_a_fax_are_hung_up_on_and_a_person_is_not() {
    let met = calls(&hang_up(), &[Habit::Voicemail, Habit::Fax, person()], None);
    assert!(!met[0].heard_the_script() && !met[1].heard_the_script(), "{:?}", met[0].heard);
    assert!(met[2].heard_the_script(), "{:?}", met[2].heard);
    let dispositions: Vec<_> = met.iter().map(|one| one.attempt["disposition"].as_str().unwrap()).collect();
    assert_eq!(dispositions, ["voicemail", "fax", "completed"]);
    let verdicts: Vec<_> = met.iter().map(|one| one.verdict.as_str().unwrap()).collect();
    assert_eq!(verdicts, ["machine", "fax", "human"]);
}

#[test]
pub fn a_machine_hears_the_message_a_fax_nothing_and_a_person_the_script() {
    let met = calls(&leave_message(), &[Habit::Voicemail, Habit::Fax, person()], None);
    assert_eq!(met[0].heard.last().map(String::as_str), Some(TEXT), "{:?}", met[0].heard);
    assert!(!met[1].heard.iter().any(|text| text == TEXT), "{:?}", met[1].heard);
    assert!(met[2].heard_the_script() && !met[2].heard.iter().any(|text| text == TEXT), "{:?}", met[2].heard);
}

#[test]
pub fn nothing_is_said_before_it_is_known_who_answered() {
    let met = calls(&wait(), &[Habit::Voicemail, person()], None);
    assert!(met[0].heard.is_empty(), "{:?}", met[0].heard);
    assert_eq!(met[0].attempt["disposition"], "voicemail");
    assert!(met[1].heard_the_script(), "{:?}", met[1].heard);
}

#[test]
pub fn who_is_never_judged_hears_the_script_whatever_the_policy() {
    for machine in [hang_up(), wait(), leave_message()] {
        let met = calls(&machine, &[person()], Some(FaultKind::VerdictLost));
        assert!(met[0].heard_the_script(), "{machine}: {:?}", met[0].heard);
        assert_eq!(met[0].attempt["disposition"], "completed", "{machine}");
        assert_eq!(met[0].verdict, Value::Null, "{machine}");
    }
}

#[test]
pub fn who_is_judged_late_to_be_a_machine_is_hung_up_on_then() {
    let met = calls(&wait(), &[Habit::Voicemail, person()], Some(FaultKind::VerdictLate { secs: 12 }));
    assert!(!met[0].heard.is_empty(), "the silence was long enough for a person");
    assert_eq!((&met[0].attempt["disposition"], &met[0].verdict), (&json!("voicemail"), &json!("machine")));
    assert!(!met[0].heard_the_script(), "{:?}", met[0].heard);
    assert!(met[1].heard_the_script(), "{:?}", met[1].heard);
}

/// A verdict that comes after the end is kept, and opens nothing again.
#[test]
pub fn a_verdict_after_the_end_is_kept_with_the_call() {
    let day = Day::begin();
    day.person(&number(0), person()).fault(FaultKind::VerdictLate { secs: 900 }, &number(0));
    let (id, jobs) = campaign(&day, "late", &json!({ "machine": hang_up() }), &[number(0)]);
    is_finished(&day, &id);
    let attempt = job(&day, &jobs[0])["attempts"][0].clone();
    let call = attempt["call_id"].as_str().unwrap();
    assert_eq!(day.look_at(call)["evidence"]["amd"], Value::Null, "the control");
    day.until("the verdict is kept", |day| (day.look_at(call)["evidence"]["amd"] == "human").then_some(()));
    let kept = day.look_at(call);
    assert_eq!((&kept["state"], &kept["disposition"]), (&json!("ended"), &json!("completed")));
    assert_eq!(job(&day, &jobs[0])["done"]["done"], "reached");
}
