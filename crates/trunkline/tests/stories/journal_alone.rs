//! `DATABASE_URL=none`: the journal is the store, and what lists and looks up is an index that may be thrown away.

use std::fs;

use serde_json::json;
use trunkline_sim::Habit;

use crate::day::Day;

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";

fn without_a_database() -> Day {
    Day::with().set("DATABASE_URL", "none").in_its_own_process().begin()
}

#[test]
fn without_a_database_calls_are_listed_and_read_after_their_end_and_a_restart() {
    let mut day = without_a_database();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed");

    day.restarts();

    assert_eq!(day.answers(&call), ["Ann", "Tuesday", "no"]);
    let listed =
        day.until("the list is there", |day| day.get("/api/calls").json()["calls"].as_array().cloned());
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert!(!day.folder().join("trunkline.db").exists(), "there is no database");
}

#[test]
fn the_index_is_made_anew_from_the_journal_when_it_is_deleted_or_spoilt() {
    let mut day = without_a_database();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"])).person(BEN, Habit::says(["Ben", "Monday", "yes"]));
    let calls = [day.call(ANN), day.call(BEN)];
    calls.iter().for_each(|call| drop(day.ended(call)));
    let index = day.folder().join("index.db");

    for spoil in
        ["", "this is no database, and long enough to be taken for the head of one: it is spoilt for good"]
    {
        day.power_fails();
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(day.folder().join(format!("index.db{end}")));
        }
        match spoil {
            "" => fs::remove_file(&index).unwrap(),
            text => fs::write(&index, text.repeat(100)).unwrap(),
        }
        day.start();
        for (call, said) in calls.iter().zip([["Ann", "Tuesday", "no"], ["Ben", "Monday", "yes"]]) {
            day.until("the call is found again", |day| (day.look_at(call)["state"] == "ended").then_some(()));
            assert_eq!(day.answers(call), said);
        }
    }
}

#[test]
fn a_file_of_calls_is_taken_over_once_and_left_as_it_is() {
    let mut day =
        Day::with().set("CALLS_DATA_FILE", "calls.json").in_its_own_process().begin_without_server();
    let file = day.questions_file().with_file_name("calls.json");
    let kept = json!({
        "CA0001": {"session_id": "s-1", "provider": "twilio", "status": "completed", "from_number": ANN, "team": "blue"},
        "CA0002": {"session_id": "s-2", "provider": "telnyx", "status": "in-progress", "to_number": BEN},
        "CA0003": {"provider": "twilio"},
    });
    fs::write(&file, kept.to_string()).unwrap();
    day.start();

    let taken = |day: &Day| (day.look_at("CA0002")["status"] == "answered").then_some(());
    day.until("the live call is taken over", taken);
    day.until("and the one that is over", |day| {
        (day.look_at("CA0001")["status"] == "completed").then_some(())
    });
    assert_eq!(day.look_at("CA0001")["metadata"]["team"], "blue", "what has no place of its own is kept");
    // Until the database is there nobody can tell that a call is unknown.
    let known = |day: &Day| Some(day.get("/api/calls/CA0003").status).filter(|status| *status != 503);
    assert_eq!(day.until("an answer", known), 404, "the control: a row without a session is no call");

    day.until("the mark is left", |day| {
        fs::exists(day.folder().join("calls-data-file.sha256")).unwrap().then_some(())
    });
    day.restarts();
    day.until("it is found", |day| (day.look_at("CA0002")["status"] == "answered").then_some(()));
    let events = day.get("/api/calls/CA0002/events").json();
    assert_eq!(events["events"].as_array().unwrap().len(), 2, "registered and answered, once: {events}");
    assert_eq!(fs::read_to_string(&file).unwrap(), kept.to_string());
}
