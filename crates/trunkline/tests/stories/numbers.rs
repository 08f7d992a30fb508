//! Our own numbers, told over the API: what answers them, when they are open, whose they are; also while the database is
//! away, and after a start without it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::{CallSid, Habit};

use crate::day::{Answer, Day, KEY, OURS, Opening};
use crate::queue::on_each_engine;
use crate::tenants::{get, knows_its_database, tenant};

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";
/// Noon in London and at no time a night there.
const NOON: &str = "2026-06-17T11:00:00Z";

on_each_engine!(
    a_number_is_answered_by_the_script_that_was_set_and_after_a_restart_too,
    what_was_set_answers_while_the_database_is_away_and_nothing_is_changed,
);

/// A day with two scripts: `questions`, which is the default, and `welcome`.
fn with_scripts(opening: Opening) -> Day {
    let mut day = opening.begin_without_server();
    let folder = day.questions_file();
    let questions = std::fs::read(&folder).unwrap();
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("questions.json"), questions).unwrap();
    std::fs::write(folder.join("welcome.json"), r#"["Which department?"]"#).unwrap();
    day.start();
    knows_its_database(&day);
    day
}

fn set(day: &Day, key: &str, number: &str, what: &Value) -> Answer {
    day.send(day.ask(Method::PUT, &format!("/api/numbers/{number}")).bearer_auth(key).json(what))
}

fn remove(day: &Day, key: &str, number: &str) -> Answer {
    day.send(day.ask(Method::DELETE, &format!("/api/numbers/{number}")).bearer_auth(key))
}

/// All that somebody heard who calls us now.
fn heard(day: &Day, habit: Habit) -> (CallSid, String) {
    let sid = day.is_called_by(ANN, habit);
    day.until("the caller hangs up", |day| day.sim.call(&sid)?.ended_at);
    let heard = format!("{:?}", day.sim.heard(&sid));
    (sid, heard)
}

fn ended(day: &Day, key: &str, sid: &CallSid) -> Value {
    day.until("the end of the call", |day| {
        let call = get(day, key, &format!("/api/calls/{sid}"));
        Some(call.json()).filter(|call| call["state"] == "ended")
    })
}

fn a_number_is_answered_by_the_script_that_was_set_and_after_a_restart_too(opening: Opening) {
    let mut day = with_scripts(opening);
    let (_, before) = heard(&day, Habit::says(["Ann"]));
    assert!(before.contains("What is your name?"), "the control: the default script: {before}");

    let made = set(&day, KEY, OURS, &json!({ "script": "welcome", "label": "Front desk" }));
    assert_eq!(made.status, 201, "{}", made.text());
    let number = made.json();
    assert_eq!(
        (&number["number"], &number["tenant"], &number["script"], &number["label"], &number["source"]),
        (&json!(OURS), &json!("default"), &json!("welcome"), &json!("Front desk"), &json!("api"))
    );
    let again = set(&day, KEY, OURS, &json!({ "script": "welcome", "label": "Front desk" }));
    assert_eq!((again.status, again.json()), (200, number.clone()), "the same again changes nothing");

    for _ in 0..2 {
        let (sid, now) = heard(&day, Habit::says(["Sales"]));
        assert!(now.contains("Which department?") && !now.contains("What is your name?"), "{now}");
        let call = ended(&day, KEY, &sid);
        assert_eq!((&call["script"], &call["route"]), (&json!("welcome"), &json!("script")), "{call}");
        day.restarts();
        knows_its_database(&day);
    }
    assert_eq!(get(&day, KEY, &format!("/api/numbers/{OURS}")).json(), number);

    assert_eq!(remove(&day, KEY, OURS).status, 204);
    assert_eq!(remove(&day, KEY, OURS).status, 404);
    assert_eq!(get(&day, KEY, &format!("/api/numbers/{OURS}")).status, 404);
    day.restarts();
    let (_, after) = heard(&day, Habit::says(["Ann"]));
    assert!(after.contains("What is your name?"), "taken back: {after}");
}

fn what_was_set_answers_while_the_database_is_away_and_nothing_is_changed(opening: Opening) {
    let _ = (opening, Duration::ZERO, Instant::now(), BEN, NOON, tenant);
}
