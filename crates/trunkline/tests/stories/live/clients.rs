//! The programs in `docs/events.md`, as somebody would copy them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use trunkline_sim::Habit;

use crate::day::{Day, KEY};
use crate::pages::block;

const PAGE: &str = include_str!("../../../../../docs/events.md");
const ANN: &str = "+15550100123";
const PATIENCE: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(200);

/// A program of the page, until it is dropped.
struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    fn start(day: &Day, command: &mut Command) -> Self {
        let command = command.env("TRUNKLINE_URL", day.url("")).env("TRUNKLINE_API_KEY", KEY);
        let mut child = command.env("NO_PROXY", "127.0.0.1").stdout(Stdio::piped()).spawn().unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap());
        let (say, lines) = channel();
        std::thread::spawn(move || {
            for line in printed.lines().map_while(Result::ok) {
                if say.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// What it prints about a call, up to its end.
    fn prints(&self, call: &str) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        while said.last().is_none_or(|word| word != "call.ended") {
            let line = self.lines.recv_timeout(PATIENCE).expect("it goes on");
            said.extend(line.strip_suffix(call).map(|word| word.trim_end().to_owned()));
        }
        said
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hears_a_call_and_a_restart(command: &mut Command) {
    let mut day = Day::begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let program = Program::start(&day, command);
    // It takes a while to start, and calls are made until it hears of one.
    day.until("it listens", |day| {
        day.ended(&day.call(ANN));
        program.lines.recv_timeout(LOOK).ok()
    });
    day.power_fails().start();
    let call = day.call(ANN);
    let said = program.prints(&call);
    assert_eq!(said[0], "call.initiated", "{said:?}");
    assert_eq!(said.iter().filter(|word| *word == "answer.recorded").count(), 3, "{said:?}");
}

#[test]
#[ignore = "needs Python; cargo xtask test runs it"]
fn the_python_program_of_the_page_hears_a_call_and_a_restart() {
    let python = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    hears_a_call_and_a_restart(Command::new(python).args(["-c", &block(PAGE, "python", "def events")]));
}

#[test]
#[ignore = "needs Node, where there is one; cargo xtask test runs it"]
fn the_javascript_program_of_the_page_hears_a_call_and_a_restart() {
    if Command::new("node").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("not told: there is no Node here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("events.mjs");
    std::fs::write(&program, block(PAGE, "js", "async function* events")).unwrap();
    hears_a_call_and_a_restart(Command::new("node").arg(&program));
}
