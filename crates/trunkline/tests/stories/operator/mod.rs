//! What an operator does beside the server, or when it is down: take history out and in, check it, keep it small, keep
//! it safe, and forget a person.

mod backup;
mod erase;
mod exchange;
mod from_redis;
mod none;
mod prune;
mod queue;
mod recover;
mod retention;
mod verify;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use trunkline_sim::Habit;

use crate::day::Day;

pub use verify::spoil;

pub const ANN: &str = "+15550100123";
pub const BEN: &str = "+15550100124";
pub const EVE: &str = "+15550100125";

/// A day on which two people answered everything and one was busy; the database has it all, and the server is down.
pub fn a_day_gone_by() -> Day {
    gone_by(Day::begin())
}

/// The same, four months ago.
pub fn a_day_of_long_ago() -> Day {
    gone_by(Day::with().long_ago().begin())
}

pub fn gone_by(mut day: Day) -> Day {
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"])).person(BEN, Habit::says(["Ben", "Monday", "yes"]));
    day.person(EVE, Habit::Busy);
    let orders = [(ANN, "=Ann()"), (BEN, "Ben"), (EVE, "Eve")];
    let calls = orders.map(|(to, name)| day.call_with(&json!({ "to": to, "name": name })));
    for call in &calls {
        day.ended(call);
        day.keeps_recordings(call);
    }
    day.post("/api/suppressions", &json!({ "number": "+15550100199", "reason": "asked by letter" }));
    is_projected(&day);
    day.stops();
    day
}

/// Waits until the database has everything.
pub fn is_projected(day: &Day) {
    day.until("the database has everything", |day| {
        (day.get("/readyz").json()["lag_events"] == 0).then_some(())
    });
}

/// Runs a command on a day's folder.
pub fn run(day: &Day, arguments: &[&str]) -> Output {
    on(&day.folder(), arguments)
}

/// Runs a command on a data folder.
pub fn on(folder: &Path, arguments: &[&str]) -> Output {
    with(folder, arguments, &[])
}

/// Runs a command on a data folder, with these settings in its environment.
pub fn with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args(arguments)
        .arg("--data-dir")
        .arg(folder)
        .current_dir(folder.parent().unwrap())
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// What a command that went well says in JSON.
pub fn told(output: &Output) -> Value {
    assert_eq!(code(output), 0, "{}{}", stdout(output), stderr(output));
    serde_json::from_str(&stdout(output)).unwrap()
}
