//! The database goes away and comes back: locked, killed, frozen, out of reach, with its answer lost. Calls go on, people
//! are told, and everything is there once: P1, and of it F-07, F-08, F-09, F-12.

use serde_json::json;
use trunkline_sim::Habit;
use trunkline_testkit::postgres::PASSWORD;

use crate::beneath::{Beneath, Trouble, is_told, is_well};
use crate::day::Day;

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";
const EVE: &str = "+15550100125";

/// Tells stories of each trouble.
macro_rules! in_each_trouble {
    ($($story:ident),+ $(,)?) => {
        in_each_trouble!(@ locked Locked, $($story),+);
        in_each_trouble!(@ killed Killed, $($story),+);
        in_each_trouble!(@ frozen Frozen, $($story),+);
        in_each_trouble!(@ swallowed Swallowed, $($story),+);
    };
    (@ $name:ident $trouble:ident, $($story:ident),+) => {
        mod $name {
            $(
                #[test]
                fn $story() {
                    super::$story(crate::beneath::Trouble::$trouble);
                }
            )+
        }
    };
}

in_each_trouble!(
    calls_go_on_and_all_of_them_are_there_once,
    a_database_that_is_away_at_the_start_is_found_later
);

fn calls_go_on_and_all_of_them_are_there_once(trouble: Trouble) {
    let mut beneath = Beneath::new(trouble);
    let day = beneath.of(Day::with().at_speed(12.0)).begin();
    let people =
        [(ANN, ["Ann", "Tuesday", "no"]), (BEN, ["Ben", "Monday", "yes"]), (EVE, ["Eve", "Friday", "maybe"])];
    for (number, said) in people {
        day.person(number, Habit::says(said));
    }
    let before = day.call(ANN);
    day.until("the first call is in the database", |day| day.database().disposition(&before));
    let during = day.call(BEN);
    day.has_answered(BEN, 1);

    beneath.goes_away(&day);
    let after = day.call(EVE);
    day.has_answered(BEN, 3).has_answered(EVE, 3).is_quiet();
    assert_eq!(
        [&during, &after].map(|call| day.disposition(call)),
        ["completed"; 2],
        "calls go on without it"
    );
    assert_eq!(day.answers(&during), ["Ben", "Monday", "yes"], "and can be read");
    is_told(&day);
    if trouble != Trouble::Locked {
        // A locked file can still be read.
        let list = day.get("/api/calls").json();
        assert_eq!(list["history"], "unavailable", "never a list that looks whole: {list}");
        assert_eq!(day.get(&format!("/api/calls/{before}")).status, 503, "never a call that is not there");
    }

    beneath.comes_back(&day);
    is_well(&day);
    for (call, (number, said)) in [before, during, after].iter().zip(people) {
        day.until("the database has it", |day| day.database().disposition(call));
        assert_eq!(day.database().answers(call), said);
        assert_eq!(day.look_at(call)["status"], "completed");
        assert_eq!(day.dialed(number), 1, "{number}");
        let events = day.get(&format!("/api/calls/{call}/events")).json()["events"].as_array().unwrap().len();
        assert_eq!(day.database().rows(call), [format!("1 {events} 3")], "once each");
    }
    assert_eq!(day.get("/api/calls").json()["history"], "available");
}

fn a_database_that_is_away_at_the_start_is_found_later(trouble: Trouble) {
    let mut beneath = Beneath::new(trouble);
    let mut day = beneath.of(Day::with().at_speed(30.0)).begin_without_server();
    if trouble == Trouble::Locked {
        std::fs::create_dir_all(day.folder()).unwrap();
        day.start();
        is_well(&day);
        day.power_fails();
    }
    beneath.goes_away(&day);
    day.start();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.call(ANN);
    is_told(&day);
    assert_eq!(day.disposition(&call), "completed");
    assert_eq!(day.answers(&call), ["Ann", "Tuesday", "no"]);

    beneath.comes_back(&day);
    is_well(&day);
    day.until("the database has it", |day| day.database().disposition(&call));
    assert_eq!(day.database().answers(&call), ["Ann", "Tuesday", "no"]);
    assert_eq!(day.dialed(ANN), 1);
}

#[test]
fn batches_whose_commit_was_not_answered_are_there_once() {
    let beneath = Beneath::new(Trouble::Swallowed);
    let proxy = beneath.proxy();
    let day = beneath.of(Day::with().at_speed(20.0)).begin();
    is_well(&day);
    let people = [ANN, BEN, EVE];
    for number in people {
        day.person(number, Habit::says(["one", "two", "three"]));
    }
    proxy.swallow_answers_to(b"COMMIT", 6);
    let calls = people.map(|number| day.call(number));
    let ends = calls.each_ref().map(|call| day.disposition(call));
    assert_eq!(ends, ["completed"; 3]);
    day.until("answers were lost", |_| (proxy.swallowed() >= 3).then_some(()));
    proxy.swallow_answers_to(b"COMMIT", 0);
    is_well(&day);
    for call in &calls {
        day.until("the database has it", |day| day.database().disposition(call));
        assert_eq!(day.database().answers(call), ["one", "two", "three"]);
        let events = day.get(&format!("/api/calls/{call}/events")).json()["events"].as_array().unwrap().len();
        assert_eq!(day.database().rows(call), [format!("1 {events} 3")]);
    }
    let counts = beneath.server().sql("postgres", "SELECT sum(n) FROM call_counts").unwrap();
    assert_eq!(counts, "3\n", "nothing was counted twice");
}

#[test]
fn nothing_that_is_written_holds_the_password() {
    let mut beneath = Beneath::new(Trouble::Killed);
    let mut day = beneath.of(Day::with()).set("RUST_LOG", "debug").in_its_own_process().begin();
    is_well(&day);
    beneath.goes_away(&day);
    let call = day.call(ANN);
    day.ended(&call);
    is_told(&day);
    beneath.comes_back(&day);
    is_well(&day);
    day.is_told_to_stop();
    let (stdout, stderr) = day.written();
    assert!(stderr.contains("database.away"), "the control: the outage is in the log");
    assert!(!stdout.contains(PASSWORD) && !stderr.contains(PASSWORD));
}

#[test]
fn a_restart_during_the_outage_loses_nothing() {
    let mut beneath = Beneath::new(Trouble::Killed);
    let mut day = beneath.of(Day::with().at_speed(12.0)).begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.call_with(&json!({ "to": ANN, "name": "Ann" }));
    day.has_answered(ANN, 1);
    beneath.goes_away(&day);
    day.has_answered(ANN, 2);
    day.restarts();
    assert_eq!(day.disposition(&call), "completed");
    beneath.comes_back(&day);
    is_well(&day);
    day.until("the database has it", |day| day.database().disposition(&call));
    assert_eq!(day.database().answers(&call), ["Ann", "Tuesday", "no"]);
    assert_eq!(day.dialed(ANN), 1);
}
