//! Recordings that have had their time go, and nothing else does.

use std::time::Duration;

use serde_json::{Value, json};

use super::in_folder;
use crate::day::Day;

const ANN: &str = "+15550100421";

fn a_call(day: &Day) -> String {
    let call = day.call(ANN);
    day.ended(&call);
    day.keeps_recordings(&call);
    call
}

fn first_state(day: &Day, call: &str) -> Value {
    day.turns(call)[0]["recordings"][0].clone()
}

fn is_removed(day: &Day, call: &str) {
    day.until("its recordings have had their time", |day| {
        let turns = day.turns(call);
        let all = |turn: &Value| turn["recordings"][0]["state"] == "removed";
        (turns.len() == 3 && turns.iter().all(all)).then_some(())
    });
}

#[test]
fn after_its_days_the_audio_goes_and_the_call_says_so() {
    let mut day = Day::with().long_ago().begin();
    let call = a_call(&day);
    assert_eq!(in_folder(&day), 3);
    day.set("TRUNKLINE_RECORDINGS_KEEP_DAYS", "30");
    day.stops().four_months_pass().start();
    is_removed(&day, &call);
    assert_eq!(in_folder(&day), 0);
    let recording = first_state(&day, &call);
    assert_eq!((&recording["why"], &recording["href"]), (&json!("retention"), &Value::Null), "{recording}");
    let gone = day.get(&format!("/api/calls/{call}/recordings/0"));
    assert_eq!(
        (gone.status, gone.json()["code"].as_str()),
        (410, Some("recording_removed")),
        "{}",
        gone.text()
    );
    let link = day.post(&format!("/api/calls/{call}/recordings/0/link"), &Value::Null);
    assert_eq!(link.status, 410, "{}", link.text());
    assert_eq!(day.look_at(&call)["answer_count"], 3, "the answers are there still");
    day.until("all three are counted", |day| {
        day.get("/metrics").text().contains("trunkline_recordings_removed_total 3").then_some(())
    });
    // It is in the journal and in the database: a restart changes nothing.
    day.restarts();
    is_removed(&day, &call);
}

/// The control, and who has a time of their own.
#[test]
fn who_keeps_them_for_ever_or_longer_has_them_still() {
    let mut day = Day::with().long_ago().begin();
    let call = a_call(&day);
    let kept = |day: &Day| {
        let later = day.now() + Duration::from_secs(300);
        day.until("somebody has looked", |day| (day.now() > later).then_some(()));
        assert_eq!((&first_state(day, &call)["state"], in_folder(day)), (&json!("stored"), 3));
    };
    day.stops().four_months_pass().start();
    kept(&day);
    day.set("TRUNKLINE_RECORDINGS_KEEP_DAYS", "30");
    day.set("TRUNKLINE_RECORDINGS_KEEP_DAYS_OF", "default:3000,acme:1");
    day.stops().start();
    kept(&day);
    day.set("TRUNKLINE_RECORDINGS_KEEP_DAYS_OF", "default:60");
    day.stops().start();
    is_removed(&day, &call);
}
