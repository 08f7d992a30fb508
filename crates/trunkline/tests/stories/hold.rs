//! A person is put on hold and comes back: the script goes on where it stood, nothing that was said is lost, and no hang-up,
//! crash or refusal in between leaves anything stuck.

use serde_json::{Value, json};
use trunkline_sim::{FaultKind, Habit};

use crate::day::{Answer, Day, Opening};

const ANN: &str = "+15550100001";
const HOLD: &str = "Please hold the line.";

/// No faster than a busy machine can follow.
fn slow() -> Opening {
    Day::with().at_speed(20.0)
}

fn ann() -> Habit {
    Habit::says(["Ann", "Tuesday", "no", "Tuesday", "no"])
}

pub fn ask(day: &Day, call: &str, what: &str) -> Answer {
    day.post(&format!("/api/calls/{call}/{what}"), &Value::Null)
}

pub fn is_taken(day: &Day, call: &str, what: &str) {
    let answer = ask(day, call, what);
    assert_eq!(answer.status, 202, "{what}: {}", answer.text());
}

/// The carrier's words for what the server was asked beside the script.
pub fn kinds(day: &Day, call: &str) -> Vec<String> {
    let events = day.get(&format!("/api/calls/{call}/events")).json();
    let all = events["events"].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(|event| event["kind"].as_str().map(str::to_owned)).collect()
}

pub fn count(kinds: &[String], kind: &str) -> usize {
    kinds.iter().filter(|known| *known == kind).count()
}

/// A call whose person has given one answer, and hears the second question.
fn asked_twice(day: &Day) -> String {
    day.person(ANN, ann());
    let call = day.call(ANN);
    day.until("the second question", |day| (day.look_at(&call)["question"] == 1).then_some(()));
    call
}

#[test]
fn whoever_was_on_hold_is_asked_the_open_question_again_and_no_answer_is_lost() {
    let day = slow().begin();
    let call = asked_twice(&day);
    is_taken(&day, &call, "hold");
    day.is(&call, "on_hold");
    assert_eq!(ask(&day, &call, "hold").json()["state"], "on_hold");
    day.until("they hear it again and again", |day| {
        (day.heard_by(ANN).iter().filter(|text| *text == HOLD).count() > 2).then_some(())
    });
    is_taken(&day, &call, "resume");
    let over = day.ended(&call);
    assert_eq!((&over["status"], &over["outcome"]), (&json!("completed"), &json!("finished")), "{over}");
    assert_eq!(over["answer_count"], 3);
    let heard = day.heard_by(ANN);
    let questions: Vec<&String> = heard.iter().filter(|text| text.ends_with('?')).collect();
    assert_eq!(
        questions,
        ["What is your name?", "Which day suits you?", "Which day suits you?", "Anything else?"]
    );
    assert_eq!(count(&kinds(&day, &call), "action_begun"), 2, "each began once");
}
