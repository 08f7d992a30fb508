//! A database that comes back older than it was: a backup is restored, a standby that lagged takes over. The cursor is in
//! it, so the journal is projected again from there, and nothing is missing or there twice. F-10.

use std::fs;

use trunkline_sim::Habit;
use trunkline_testkit::proxy::Weather;

use crate::beneath::{Beneath, Kind, Trouble, is_well};
use crate::day::Day;

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";

#[test]
fn an_older_sqlite_file_is_filled_up_from_the_journal() {
    let mut day = Day::with().at_speed(30.0).in_its_own_process().begin();
    let (file, backup) = (day.folder().join("trunkline.db"), day.folder().join("backup.db"));
    let before = a_call(&day, ANN, ["Ann", "Tuesday", "no"]);
    assert_eq!(day.is_told_to_stop().code(), Some(0));
    fs::copy(&file, &backup).unwrap();
    day.start();
    let after = a_call(&day, BEN, ["Ben", "Monday", "yes"]);
    let listed_before = listed(&day);

    // While the server runs: it notices that the file is another one.
    fs::rename(&backup, &file).unwrap();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(day.folder().join(format!("trunkline.db{end}")));
    }

    is_whole(&day, &before, &after, &listed_before);
}

#[test]
fn an_older_postgresql_is_filled_up_from_the_journal() {
    let beneath = Beneath::of_kind(Kind::Postgres, Trouble::None);
    let server = beneath.server();
    let day = beneath.of(Day::with().at_speed(30.0)).in_its_own_process().begin();
    let before = a_call(&day, ANN, ["Ann", "Tuesday", "no"]);
    server.stop().unwrap();
    server.keep_a_copy().unwrap();
    server.begin().unwrap();
    is_well(&day);
    let after = a_call(&day, BEN, ["Ben", "Monday", "yes"]);
    let listed_before = listed(&day);

    server.kill().unwrap();
    server.go_back_to_the_copy().unwrap();
    beneath.proxy().is(Weather::Refusing).unwrap();
    server.begin().unwrap();
    let count = || server.sql("postgres", "SELECT sum(n) FROM call_counts").unwrap();
    assert_eq!(count(), "1\n", "the control: it is older");
    beneath.proxy().is(Weather::Fair).unwrap();

    is_whole(&day, &before, &after, &listed_before);
    assert_eq!(count(), "2\n");
}

fn a_call(day: &Day, number: &str, said: [&str; 3]) -> String {
    day.person(number, Habit::says(said));
    let call = day.call(number);
    day.keeps_recordings(&call);
    day.until("the database has it", |day| day.database().disposition(&call));
    is_well(day);
    call
}

/// What is listed, but for what may still come of calls that are over, such as a price.
fn listed(day: &Day) -> String {
    let page = day.get("/api/calls").json();
    let calls = page["calls"].as_array().unwrap().iter();
    calls.map(|call| format!("{} {} {}\n", call["id"], call["status"], call["ended_at"])).collect()
}

fn is_whole(day: &Day, before: &str, after: &str, listed_before: &str) {
    day.until("the newer call is there again", |day| day.database().disposition(after));
    is_well(day);
    for (call, said) in [(before, ["Ann", "Tuesday", "no"]), (after, ["Ben", "Monday", "yes"])] {
        assert_eq!(day.database().answers(call), said);
        let events = day.get(&format!("/api/calls/{call}/events")).json()["events"].as_array().unwrap().len();
        assert_eq!(day.database().rows(call), [format!("1 {events} 3")], "once each");
    }
    assert_eq!(listed(day), listed_before);
}
