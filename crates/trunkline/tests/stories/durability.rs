//! What was acknowledged is there afterwards: P1, and of it F-01, F-12.

use std::fs;

use serde_json::json;
use trunkline_sim::{FaultKind, Habit};

use crate::day::Day;

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";
const EVE: &str = "+15550100125";

#[test]
pub fn answers_given_while_the_database_is_down_are_kept() {
    let day = Day::with().at_speed(12.0).begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.call(ANN);
    day.has_answered(ANN, 1);

    let outage = day.database().goes_down();
    day.has_answered(ANN, 3).is_quiet();
    assert_eq!(day.disposition(&call), "completed", "the call goes on without it");
    assert_eq!(day.answers(&call), ["Ann", "Tuesday", "no"], "and can be read");
    assert_eq!(day.database().disposition(&call), None, "the control: the database knows nothing of the end");
    outage.ends(&day);

    day.until("the database has caught up", |day| day.database().disposition(&call));
    assert_eq!(day.database().answers(&call), ["Ann", "Tuesday", "no"]);
}

#[test]
fn a_deleted_database_is_filled_again_from_the_journal() {
    let day = Day::begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"])).person(BEN, Habit::says(["Ben", "Monday", "yes"]));
    let before = day.call(ANN);
    day.until("the first call is in the database", |day| day.database().disposition(&before));
    let during = day.call(BEN);
    day.has_answered(BEN, 1);

    day.database().is_deleted();

    day.until("the first call is there again", |day| day.database().disposition(&before));
    day.until("and the second one too", |day| day.database().disposition(&during));
    assert_eq!(day.database().answers(&before), ["Ann", "Tuesday", "no"]);
    assert_eq!(day.database().answers(&during), ["Ben", "Monday", "yes"]);
    assert_eq!(day.answers(&before), ["Ann", "Tuesday", "no"]);
}

#[test]
pub fn a_server_killed_three_times_in_mid_questionnaire_loses_no_answer_and_calls_nobody_twice() {
    let mut day = Day::with().questions(FIVE).at_speed(20.0).in_its_own_process().begin();
    let people = [
        (ANN, ["Ann", "Tuesday", "no", "seven", "bye"]),
        (BEN, ["Ben", "Monday", "yes", "eight", "so long"]),
        (EVE, ["Eve", "Friday", "maybe", "nine", "ciao"]),
    ];
    let calls = people.map(|(number, said)| {
        day.person(number, Habit::says(said));
        day.call(number)
    });
    people.iter().for_each(|(number, _)| drop(day.sid(number)));
    for answered in [1, 2, 4] {
        day.has_answered(ANN, answered);
        day.restarts();
    }
    for ((number, said), call) in people.iter().zip(&calls) {
        assert_eq!(day.disposition(call), "completed");
        assert_eq!(day.answers(call), *said);
        assert_eq!(day.dialed(number), 1, "{number}");
        let turns = day.turns(call);
        assert!(
            turns.iter().all(|turn| turn["recordings"].as_array().unwrap().len() == 1),
            "once each: {turns:?}"
        );
        day.until("the database has it all", |day| (day.database().answers(call) == *said).then_some(()));
        day.keeps_recordings(call);
    }
}

#[test]
pub fn calls_that_were_live_are_adopted_and_obey_after_a_restart() {
    let mut day = Day::with().at_speed(10.0).begin();
    let calls = [ANN, BEN, EVE].map(|number| {
        day.person(number, Habit::NoAnswer);
        let call = day.call_with(&json!({ "to": number, "ring_timeout_secs": 300 }));
        day.is(&call, "ringing");
        call
    });
    day.restarts();

    let health = day.get("/health").json();
    assert_eq!((&health["recovered_calls"], &health["active_calls"]), (&json!(3), &json!(3)));
    for call in &calls {
        assert_eq!(day.look_at(call)["status"], "ringing");
        assert_eq!(day.end(call).status, 202);
        assert_eq!(day.disposition(call), "canceled");
    }
    day.is_quiet();
    assert_eq!(day.sim.dialed().values().sum::<u64>(), 3, "nobody was called again");
    assert_eq!(day.get("/health").json()["active_calls"], 0);
}

#[test]
pub fn a_call_that_ended_while_nobody_was_there_is_closed_after_the_restart() {
    let mut day = Day::with().at_speed(10.0).begin();
    day.person(ANN, Habit::NoAnswer);
    let call = day.call(ANN);
    day.is(&call, "ringing");
    day.power_fails();
    day.is_quiet();
    day.start();
    assert_eq!(day.disposition(&call), "no_answer");
    assert_eq!(day.ended(&call)["evidence"]["source"], "observed");
}

#[test]
pub fn a_server_told_to_stop_during_calls_loses_nothing() {
    let mut day = Day::with().at_speed(20.0).in_its_own_process().begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"])).person(BEN, Habit::NoAnswer);
    let (talking, ringing) = (day.call(ANN), day.call(BEN));
    day.has_answered(ANN, 1);
    assert_eq!(day.is_told_to_stop().code(), Some(0));
    day.start();
    assert_eq!(day.disposition(&talking), "completed");
    assert_eq!(day.answers(&talking), ["Ann", "Tuesday", "no"]);
    assert_eq!(day.disposition(&ringing), "no_answer");
    assert_eq!((day.dialed(ANN), day.dialed(BEN)), (1, 1));
}

#[test]
pub fn a_power_cut_while_the_carrier_is_asked_to_dial_calls_nobody_twice() {
    let mut day = Day::begin();
    day.fault(FaultKind::CreateHangsAfterAccepting, ANN);
    day.fault(FaultKind::CreateAcceptsLate { secs: 60 }, BEN);
    day.fault(FaultKind::CreateResets, EVE);
    let [accepted, late, never] = [ANN, BEN, EVE].map(|number| day.call(number));
    day.until("all three were asked for", |day| {
        day.sim.faults().iter().all(|fault| fault.struck == 1).then_some(())
    });
    day.restarts();
    assert_eq!(day.disposition(&accepted), "completed");
    assert_eq!(day.disposition(&late), "completed");
    assert_eq!(day.disposition(&never), "not_placed");
    day.is_quiet();
    assert_eq!([ANN, BEN, EVE].map(|number| day.dialed(number)), [1, 1, 0]);
}

#[test]
fn a_call_that_was_queued_is_dialed_after_the_restart() {
    let mut day = Day::with().at_most(1).at_speed(20.0).begin();
    day.person(ANN, Habit::NoAnswer);
    let (first, second) = (day.call(ANN), day.call(BEN));
    day.is(&first, "ringing");
    day.restarts();
    assert_eq!(day.disposition(&second), "completed");
    assert_eq!((day.disposition(&first).as_str(), day.sim.most_at_once()), ("no_answer", 1));
}

#[test]
fn a_key_used_before_a_restart_still_means_the_same_call() {
    let mut day = Day::begin();
    let order = json!({ "to": ANN });
    let place = |day: &Day| {
        day.send(
            day.ask(reqwest::Method::POST, "/api/calls")
                .bearer_auth(crate::day::KEY)
                .header("Idempotency-Key", "once")
                .json(&order),
        )
        .json()
    };
    let first = place(&day);
    day.sid(ANN);
    day.restarts();
    let again = place(&day);
    assert_eq!((&again["id"], &again["is_duplicate"]), (&first["id"], &json!(true)));
    day.ended(first["id"].as_str().unwrap());
    assert_eq!(day.dialed(ANN), 1);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let day = Day::with().in_its_own_process().begin();
    let (status, said) = day.second_server();
    assert_eq!(status.code(), Some(1), "{said}");
    let journal = day.folder().join("journal");
    let expected = format!("trunkline: another process uses the journal in {}", journal.display());
    assert_eq!(said.trim().lines().last(), Some(expected.as_str()), "{said}");
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed", "the first one never noticed");
}

#[test]
fn a_damaged_journal_is_refused_by_file_and_offset() {
    let mut day = Day::with().in_its_own_process().begin();
    let call = day.call(ANN);
    day.ended(&call);
    assert_eq!(day.is_told_to_stop().code(), Some(0));
    let segment = segments(&day.folder().join("journal")).remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[400] ^= 1;
    fs::write(&segment, bytes).unwrap();

    let (status, said) = day.second_server();
    assert_eq!(status.code(), Some(3), "{said}");
    assert!(said.contains(&segment.display().to_string()), "the file: {said}");
    assert!(said.contains("at byte "), "the place: {said}");
}

fn segments(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = files.filter(|path| path.to_string_lossy().contains("/segment-")).collect();
    segments.sort();
    segments
}

const FIVE: &str = r#"["Your name?", "Which day?", "Anything else?", "A number?", "Last words?"]"#;
