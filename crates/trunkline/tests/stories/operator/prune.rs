//! Old history goes, with all that is its own; nothing else does.

use std::fs;

use serde_json::{Value, json};

use super::verify::recordings;
use super::{EVE, a_day_gone_by, a_day_of_long_ago, code, run, stderr, told};
use crate::day::Day;

fn pruned(day: &Day, more: &[&str]) -> Value {
    told(&run(day, &[&["prune", "--json"], more].concat()))["removed"].clone()
}

#[test]
fn what_is_young_stays() {
    let day = a_day_gone_by();
    let none = json!({ "calls": 0, "events": 0, "turns": 0, "legs": 0, "recordings": 0, "recording_bytes": 0,
            "journal_bytes": 0, "campaigns": 0, "jobs": 0, "attempts": 0, "appointments": 0 });
    assert_eq!(pruned(&day, &["--older-than", "1d"]), none);
    assert_eq!(recordings(&day).len(), 6);
    let refused = run(&day, &["prune", "--older-than", "0d"]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("give a day at least"), "{}", stderr(&refused));
}

#[test]
fn what_is_old_goes_with_its_events_turns_legs_counts_and_recordings() {
    let day = a_day_of_long_ago();
    let counted = pruned(&day, &["--older-than", "90d", "--dry-run"]);
    assert_eq!(
        (&counted["calls"], &counted["turns"], &counted["recordings"]),
        (&3.into(), &6.into(), &6.into())
    );
    assert_eq!(recordings(&day).len(), 6, "only counted");
    assert_eq!(pruned(&day, &["--older-than", "90d", "--dry-run"]), counted);

    assert_eq!(pruned(&day, &["--older-than", "90d", "--status", "failed"])["calls"], 0, "another status");
    let gone = pruned(&day, &["--older-than", "90d", "--status", "completed", "--status", "failed"]);
    assert_eq!((&gone["calls"], &gone["recordings"]), (&2.into(), &6.into()));
    assert!(recordings(&day).is_empty());
    let out = day.folder().with_file_name("all.jsonl");
    let left = told(&run(&day, &["export", out.to_str().unwrap(), "--json"]));
    assert_eq!((&left["calls"], &left["suppressions"]), (&1.into(), &1.into()), "{left}");
    assert!(fs::read_to_string(&out).unwrap().contains(EVE), "the busy one has another status");

    let report = told(&run(&day, &["verify", "--json"]));
    assert_eq!(report["pruned"], 2, "the journal has them still, and nothing is wrong: {report}");
    assert_eq!(report["loose"], json!({ "events": 0, "turns": 0, "legs": 0, "recordings": 0 }));
    assert_eq!(pruned(&day, &["--older-than", "90d"])["calls"], 1);
    assert_eq!(told(&run(&day, &["verify", "--json"]))["pruned"], 3);
    assert_eq!(pruned(&day, &["--older-than", "90d"])["calls"], 0, "done once");
}

#[test]
fn beside_a_running_server_what_is_old_goes_and_calls_go_on() {
    let mut day = a_day_of_long_ago();
    day.start();
    let call = day.call(EVE);
    assert_eq!(pruned(&day, &["--older-than", "90d", "--status", "completed"])["calls"], 2);
    assert_eq!(day.disposition(&call), "busy");
    assert_eq!(told(&run(&day, &["verify", "--json"]))["sound"], true);
}
