//! The demo, killed with `kill -9` three times in the middle and started again on the same folder: every answer given
//! before is there once, every call has ended, nobody was called twice. Seen from outside: the program's own lines, its
//! folder, and what the simulated carrier remembers.
//!
//! `TRUNKLINE_SEED=7` repeats a run; `TRUNKLINE_ROUNDS=20` plays that many, each with the next seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story fails by panicking")]
#![allow(clippy::print_stderr, reason = "the seed by which a run is repeated")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

const KILLS: u64 = 3;
/// The next line comes sooner than this, or something hangs.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_demo_killed_three_times_loses_no_answer_and_calls_nobody_twice() {
    is_killed_and_goes_on("twilio");
}

#[test]
fn a_demo_through_telnyx_that_is_killed_three_times_goes_on_too() {
    is_killed_and_goes_on("telnyx");
}

#[test]
fn a_demo_whose_calls_are_led_by_commands_that_is_killed_three_times_goes_on_too() {
    is_killed_and_goes_on("telnyx-call-control");
}

fn is_killed_and_goes_on(speaks: &'static str) {
    let first = number("TRUNKLINE_SEED", 1);
    for seed in first..first + number("TRUNKLINE_ROUNDS", 1) {
        eprintln!("TRUNKLINE_SEED={seed}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo");
        let mut told = Told::of(speaks);
        for kill in 0..KILLS {
            told.listen_and_kill(&path, seed, lines_until(seed, kill));
        }
        let summary = told.listen_to_the_end(&path, seed);
        assert_eq!(summary["called_twice"], Value::Array(Vec::new()));
        every_call_has_ended(&summary);
        every_answer_is_there_once(&told, &summary, &path);
        let twice = called_twice(&path);
        assert!(twice.is_empty(), "called twice: {twice:?}");
    }
}

/// The control: the judge must see it when the server forgets.
#[test]
fn the_judge_notices_when_the_journal_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo");
    let mut told = Told::of("twilio");
    told.listen_and_kill(&path, 1, 25);
    fs::remove_dir_all(path.join("journal")).unwrap();
    for file in ["identity.json", "persons.keys", "trunkline.db", "trunkline.db-wal", "trunkline.db-shm"] {
        let _ = fs::remove_file(path.join(file));
    }
    let mut demo = Demo::start(&path, 1, "twilio");
    while demo.line().is_some() {}
    assert!(!demo.child.wait().unwrap().success(), "the demo itself says so");
    assert!(!called_twice(&path).is_empty());
}

/// What the lives of one demo have told.
#[derive(Default)]
struct Told {
    /// Whose API their carrier has.
    speaks: &'static str,
    /// (number, question) → the answer.
    answers: BTreeMap<(String, u64), String>,
    /// Recording → (number, question).
    recordings: BTreeMap<String, (String, u64)>,
}

impl Told {
    fn of(speaks: &'static str) -> Self {
        Self { speaks, ..Self::default() }
    }

    /// Lives until so many things have happened.
    fn listen_and_kill(&mut self, path: &Path, seed: u64, lines: u64) {
        let mut demo = Demo::start(path, seed, self.speaks);
        for _ in 0..lines {
            let line = demo.line().expect("it was to be killed in the middle");
            assert_ne!(line["event"], "summary", "it was to be killed in the middle");
            self.hear(&line);
        }
        demo.child.kill().unwrap();
        demo.child.wait().unwrap();
        // What it had said before it died counts.
        while let Some(line) = demo.line() {
            self.hear(&line);
        }
    }

    fn listen_to_the_end(&mut self, path: &Path, seed: u64) -> Value {
        let mut demo = Demo::start(path, seed, self.speaks);
        let mut last = Value::Null;
        while let Some(line) = demo.line() {
            self.hear(&line);
            last = line;
        }
        assert!(demo.child.wait().unwrap().success());
        assert_eq!(last["event"], "summary");
        last
    }

    fn hear(&mut self, line: &Value) {
        let who = || (text(&line["number"]), line["question"].as_u64().unwrap());
        match line["event"].as_str() {
            Some("answers") => {
                let (answer, known) = (text(&line["answer"]), self.answers.get(&who()));
                assert!(known.is_none_or(|known| same(known, &answer)), "{known:?} became {answer}");
                self.answers.insert(who(), answer);
            }
            Some("kept") => drop(self.recordings.insert(text(&line["recording"]), who())),
            _ => {}
        }
    }
}

fn every_call_has_ended(summary: &Value) {
    let people = summary["people"].as_array().unwrap();
    assert_eq!(people.len(), 12);
    for person in people {
        assert!(person["disposition"].is_string(), "not over: {person}");
    }
}

fn every_answer_is_there_once(told: &Told, summary: &Value, path: &Path) {
    assert!(!told.answers.is_empty(), "nothing was answered before the kills: the test tests nothing");
    for ((number, question), answer) in &told.answers {
        let there = of(summary, number, "answers", *question);
        assert_eq!(there.len(), 1, "answer {question} of {number}: {there:?}");
        assert!(same(answer, &text(&there[0]["answer"])), "{answer} became {}", there[0]);
    }
    for (recording, (number, question)) in &told.recordings {
        let there = of(summary, number, "recordings", *question);
        let times = there.iter().filter(|kept| kept["recording"] == recording.as_str()).count();
        assert_eq!(times, 1, "recording {recording} of question {question} of {number}: {there:?}");
        assert!(is_sound(&path.join("recordings"), recording), "recording {recording}");
    }
}

/// What the summary says of a question to somebody.
fn of(summary: &Value, number: &str, what: &str, question: u64) -> Vec<Value> {
    let people = summary["people"].as_array().unwrap();
    let person = people.iter().find(|person| person["number"] == number).unwrap();
    let all = person[what].as_array().unwrap();
    all.iter().filter(|one| one["question"] == question).cloned().collect()
}

/// How long a recorded answer is may be known only later.
fn same(before: &str, after: &str) -> bool {
    before == after || (before == "recorded" && after.starts_with("recorded"))
}

/// Whether a recording is somewhere in the folder, and sound.
fn is_sound(folder: &Path, recording: &str) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return is_sound(&path, recording);
        }
        let named = path.file_name().unwrap().to_string_lossy().contains(recording);
        named && fs::read(&path).unwrap().starts_with(b"RIFF")
    })
}

/// Whom the carrier was asked to call more than once, by its own memory.
fn called_twice(path: &Path) -> Vec<String> {
    let mut dialed: BTreeMap<String, u32> = BTreeMap::new();
    for line in fs::read_to_string(path.join("simulator.jsonl")).unwrap().lines() {
        // A line can be torn by a kill.
        let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
        if line["was"] == "created" {
            *dialed.entry(text(&line["to"])).or_default() += 1;
        }
    }
    dialed.into_iter().filter(|(_, times)| *times > 1).map(|(number, _)| number).collect()
}

/// After how many lines the demo is killed: somewhere from the first ring to well within the calls.
fn lines_until(seed: u64, kill: u64) -> u64 {
    let mut state = seed.wrapping_mul(KILLS).wrapping_add(kill).wrapping_add(1);
    for _ in 0..3 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    2 + state % 18
}

/// One life of the demo.
struct Demo {
    child: Child,
    lines: Receiver<String>,
}

impl Demo {
    fn start(path: &Path, seed: u64, speaks: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        command.args(["demo", "--json", "--speed", "60", "--seed"]).arg(seed.to_string());
        command.args(["--speaks", speaks, "--folder"]).arg(path);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (said, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self { child, lines }
    }

    /// The next line; `None` when it has said its last.
    fn line(&mut self) -> Option<Value> {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        match self.lines.recv_timeout(PATIENCE) {
            // A line that a kill has torn.
            Ok(line) => Some(serde_json::from_str(&line).unwrap_or(Value::Null)),
            Err(Disconnected) => None,
            Err(Timeout) => panic!("it hangs"),
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().unwrap())
}
