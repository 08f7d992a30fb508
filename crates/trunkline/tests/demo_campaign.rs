//! A crowd is called by the demo: everybody's end is told, nobody is called more often than the policy says, nobody is asked
//! twice what was answered, and whoever hung up is asked on. Seen from outside: the program's own lines, and what the
//! simulated carrier remembers.
//!
//! `TRUNKLINE_PEOPLE=1000 TRUNKLINE_ROUNDS=20` plays the full dose, `TRUNKLINE_SEED=7` repeats a run.
#![allow(clippy::print_stderr, reason = "a run tells its seed")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// The policy of a crowd tries three times.
const MOST: u64 = 3;

#[test]
fn a_crowd_is_called_by_the_policy_and_asked_nothing_twice() {
    let (first, people) = (number("TRUNKLINE_SEED", 1), number("TRUNKLINE_PEOPLE", 60));
    // Most of a demo is waiting for people: small ones are played at the same time.
    let at_once = if people > 100 { 1 } else { 3 };
    let seeds: Vec<u64> = (first..first + number("TRUNKLINE_ROUNDS", 3)).collect();
    for seeds in seeds.chunks(at_once) {
        std::thread::scope(|scope| {
            for seed in seeds {
                scope.spawn(|| a_crowd_is_called(*seed, people));
            }
        });
    }
}

fn a_crowd_is_called(seed: u64, people: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo");
    let begun = std::time::Instant::now();
    let (summary, answers) = played(&path, people, seed);
    eprintln!("TRUNKLINE_SEED={seed}: {people} people in {:.0?}", begun.elapsed());
    for list in ["called_twice", "asked_twice", "not_resumed", "misheard"] {
        assert_eq!(summary[list], json!([]), "{list}");
    }
    let all = summary["people"].as_array().unwrap();
    assert_eq!(all.len() as u64, people);
    let dialed = dialed(&path);
    for person in all {
        let (number, calls) = (person["number"].as_str().unwrap(), person["calls"].as_u64().unwrap());
        assert!(person["disposition"].is_string(), "not over: {person}");
        assert_eq!(dialed.get(number), Some(&calls), "the carrier knows better: {person}");
        assert!((1..=MOST).contains(&calls), "{person}");
    }
    assert!(all.iter().any(|person| person["calls"] != 1), "nobody was called again: nothing is tested");
    every_answer_is_summed_up(all, &answers);
}

/// What was told while it ran stands in the summary.
fn every_answer_is_summed_up(people: &[Value], told: &BTreeMap<(String, u64), u64>) {
    assert!(!told.is_empty());
    assert!(told.values().all(|times| *times == 1), "an answer was told twice");
    let summed: usize = people.iter().map(|person| person["answers"].as_array().unwrap().len()).sum();
    assert_eq!(summed, told.len());
    for person in people {
        for answer in person["answers"].as_array().unwrap() {
            let who = (person["number"].as_str().unwrap().to_owned(), answer["question"].as_u64().unwrap());
            assert!(told.contains_key(&who), "nobody heard it: {who:?}");
        }
    }
}

#[test]
fn a_bot_calls_people_about_their_appointments_and_each_comes_out_as_it_should() {
    let demo =
        Command::new(env!("CARGO_BIN_EXE_trunkline")).args(["demo", "--bot", "--json"]).output().unwrap();
    let text = String::from_utf8(demo.stdout).unwrap();
    assert!(demo.status.success(), "{}: {text}{}", demo.status, String::from_utf8_lossy(&demo.stderr));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ends: Vec<&Value> = lines.iter().filter(|line| line["appointment"].is_string()).collect();
    assert_eq!(ends.len(), 7, "{text}");
    assert_eq!(
        (&ends[1]["outcome"], &ends[1]["appointment"]),
        (&json!("rescheduled"), &json!("rescheduled"))
    );
    assert!(
        lines.iter().any(|line| line["who"] == "caller" && line["text"] == "Yes, I will come."),
        "{text}"
    );
}

/// The summary, and how often each answer was told: by number and question.
fn played(path: &Path, people: u64, seed: u64) -> (Value, BTreeMap<(String, u64), u64>) {
    let questions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../questions.json");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    demo.args(["demo", "--json", "--speed", "60", "--people"]).arg(people.to_string());
    demo.arg("--seed").arg(seed.to_string()).arg("--folder").arg(path);
    if seed.is_multiple_of(2) {
        demo.arg("--questions").arg(questions);
    }
    let output = demo.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut answers = BTreeMap::new();
    for line in lines.iter().filter(|line| line["event"] == "answers") {
        let who = (line["number"].as_str().unwrap().to_owned(), line["question"].as_u64().unwrap());
        *answers.entry(who).or_default() += 1;
    }
    let summary = lines.into_iter().next_back().unwrap();
    assert_eq!(summary["event"], "summary");
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    (summary, answers)
}

/// How often the carrier was asked to call whom, by its own memory.
fn dialed(path: &Path) -> BTreeMap<String, u64> {
    let mut dialed = BTreeMap::new();
    for line in fs::read_to_string(path.join("simulator.jsonl")).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["was"] == "created" {
            *dialed.entry(line["to"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    dialed
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().unwrap())
}
