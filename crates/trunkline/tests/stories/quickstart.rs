//! The programs in `docs/quickstart.md`: each has Ann called, waits for the end, and prints what she said.

use std::process::{Command, Output, Stdio};

use trunkline_sim::Habit;

use crate::day::{Day, KEY};
use crate::pages::block;

const PAGE: &str = include_str!("../../../../docs/quickstart.md");
const ANN: &str = "+14155550123";
/// Seconds of the clock in the programs are real ones, and a call of three answers lasts some twenty of the server's.
const SPEED: f64 = 20.0;

fn run(day: &Day, key: &str, command: &mut Command) -> Output {
    command.env("TRUNKLINE_URL", day.url("")).env("TRUNKLINE_API_KEY", key).env("NO_PROXY", "127.0.0.1");
    command.output().unwrap()
}

/// Has Ann called by the program, and gives what it printed.
fn has_ann_called(command: &mut Command) -> String {
    let day = Day::with().at_speed(SPEED).begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let ran = run(&day, KEY, command);
    let printed = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{printed}{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(day.dialed(ANN), 1);
    printed
}

/// What a program says when its key opens nothing.
fn is_told_of_a_wrong_key(command: &mut Command) {
    let day = Day::begin();
    let ran = run(&day, "wrong", command);
    assert!(!ran.status.success());
    assert!(String::from_utf8_lossy(&ran.stderr).contains("401"), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(day.dialed(ANN), 0);
}

fn shell() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &block(PAGE, "sh", "set -eu")]);
    command
}

fn python() -> Command {
    let python = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.args(["-c", &block(PAGE, "python", "def trunkline")]);
    command
}

#[test]
fn the_shell_program_has_somebody_called_and_prints_the_answers() {
    let printed = has_ann_called(&mut shell());
    assert_eq!(printed.matches(r#""type":"recorded""#).count(), 3, "{printed}");
}

#[test]
#[ignore = "needs Python; cargo xtask test runs it"]
fn the_python_program_has_somebody_called_and_prints_the_answers() {
    let printed = has_ann_called(&mut python());
    assert!(printed.starts_with("completed completed "), "{printed}");
    assert_eq!(printed.matches("-> recorded").count(), 3, "{printed}");
    is_told_of_a_wrong_key(&mut python());
}

#[test]
#[ignore = "needs Node, where there is one; cargo xtask test runs it"]
fn the_javascript_program_has_somebody_called_and_prints_the_answers() {
    if Command::new("node").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("not told: there is no Node here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("quickstart.mjs");
    std::fs::write(&program, block(PAGE, "js", "async function trunkline")).unwrap();
    let node = || {
        let mut command = Command::new("node");
        command.arg(&program);
        command
    };
    let printed = has_ann_called(&mut node());
    assert!(printed.starts_with("completed completed "), "{printed}");
    assert_eq!(printed.matches("-> recorded").count(), 3, "{printed}");
    is_told_of_a_wrong_key(&mut node());
}
