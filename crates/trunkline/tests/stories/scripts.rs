//! The questions file while the server runs: edited, missing, broken.

use std::fs;

use serde_json::{Value, json};

use crate::day::Day;

const ANN: &str = "+15550101001";
const BEN: &str = "+15550101002";

fn health(day: &Day) -> Value {
    day.get("/readyz").json()["parts"]["scripts"].clone()
}

fn asked(day: &Day, call: &str) -> Vec<String> {
    day.turns(call).iter().map(|turn| turn["question"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_edited_file_is_asked_from_the_next_call_on_and_a_running_call_keeps_its_own() {
    let day = Day::with().at_speed(20.0).begin();
    let running = day.call(ANN);
    day.has_answered(ANN, 1);
    fs::write(day.questions_file(), r#"["מה שלומך?", "New?"]"#).unwrap();
    day.until("the new questions are there", |day| {
        (day.get("/api/scripts").json()["scripts"][0]["questions"] == 2).then_some(())
    });
    let next = day.call(BEN);
    day.ended(&next);
    day.ended(&running);
    assert_eq!(asked(&day, &next), ["מה שלומך?", "New?"]);
    assert_eq!(asked(&day, &running).len(), 3);
    assert!(day.heard_by(BEN).iter().any(|text| text == "מה שלומך?"));
}

#[test]
fn without_the_file_the_built_in_questions_are_asked_and_the_file_is_named() {
    let day = Day::begin();
    fs::remove_file(day.questions_file()).unwrap();
    let file = day.questions_file().display().to_string();
    day.until("the loss is told", |day| (health(day)["state"] == "degraded").then_some(()));
    assert!(health(&day)["reason"].as_str().unwrap().contains(&file), "{}", health(&day));
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed");
    assert!(!asked(&day, &call).is_empty());

    fs::write(day.questions_file(), r#"["Back?"]"#).unwrap();
    day.until("it is well again", |day| (health(day)["state"] == "ok").then_some(()));
    let call = day.call(BEN);
    day.ended(&call);
    assert_eq!(asked(&day, &call), ["Back?"]);
}

#[test]
fn a_broken_file_is_named_with_the_place_and_calls_go_on() {
    let day = Day::begin();
    fs::write(day.questions_file(), "[\"One?\",\n 2]").unwrap();
    day.until("the slip is told", |day| (health(day)["state"] == "degraded").then_some(()));
    let reason = health(&day)["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("questions.json: line 2, column 2"), "{reason}");
    let call = day.call(ANN);
    let ended = day.ended(&call);
    assert_eq!(
        (&ended["disposition"], ended["answer_count"].as_u64() > Some(0)),
        (&json!("completed"), true)
    );
}

#[test]
fn a_call_in_mid_script_goes_on_with_its_questions_after_an_edit_and_a_restart() {
    let mut day = Day::with().at_speed(20.0).begin();
    let call = day.call(ANN);
    day.has_answered(ANN, 1);
    day.power_fails();
    fs::write(day.questions_file(), r#"["Other?"]"#).unwrap();
    day.start();
    assert_eq!(day.disposition(&call), "completed");
    assert_eq!(asked(&day, &call), ["What is your name?", "Which day suits you?", "Anything else?"]);
    assert_eq!(day.answers(&call).len(), 3);
}
