//! The stories themselves: what four people live through at once, and what must come out of it for each of them.

use serde_json::{Value, json};
use trunkline_sim::{CallStatus, FaultKind, Habit};

use super::{Four, has_heard, stands};
use crate::day::Day;
use crate::hold::{is_taken, slow};

fn says_all() -> Habit {
    Habit::says(["Ann", "Tuesday", "no", "no", "no"])
}

/// Picks up at once, and has to be asked the second question again: there is time to do something meanwhile.
fn says_all_slowly() -> Habit {
    let said = ["Ann", "", "Tuesday", "no", "no", "no"].map(str::to_owned).into();
    Habit::Answers { ring_secs: Some(3), said, digits: vec![] }
}

/// Somebody was called once, all was said, and the carrier itself told how it ended.
fn finished() -> Value {
    json!({
        "status": "completed", "disposition": "completed", "outcome": "finished",
        "answers": ["Ann", "Tuesday", "no"], "dialed": 1, "attempts": 1, "source": "observed", "conflict": null,
    })
}

/// Nobody has talked, for this reason.
fn not_reached(status: &str, disposition: &str) -> Value {
    json!({
        "status": status, "disposition": disposition, "answers": [],
        "dialed": 1, "attempts": 1, "source": "observed", "conflict": null,
    })
}

fn but(mut record: Value, other: &Value) -> Value {
    record.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    record
}

pub fn who_answers_is_asked_everything() {
    let four = Four::of(Day::with(), &says_all());
    four.are_called().come_out(&finished());
}

pub fn who_presses_keys_is_understood() {
    let questions = r#"{"questions": [{"text": "Are you at home?", "type": "yes-no"},
        {"text": "Which day?", "type": "choice", "choices": ["Monday", "Tuesday"]}]}"#;
    let four = Four::of(Day::with().questions(questions), &Habit::presses(["1", "2"]));
    let record = json!({ "status": "completed", "outcome": "finished", "answer_count": 2, "dialed": 1 });
    four.are_called().come_out(&record);
    four.each(|day, one| {
        let turns = day.turns(&one.call());
        let values: Vec<&Value> = turns.iter().map(|turn| &turn["answer"]["value"]).collect();
        assert_eq!(values, [&json!(true), &json!({ "key": "2", "label": "Tuesday" })]);
    });
}

pub fn who_is_busy_was_busy() {
    Four::of(Day::with(), &Habit::Busy).are_called().come_out(&not_reached("busy", "busy"));
}

pub fn who_does_not_pick_up_did_not() {
    Four::of(Day::with(), &Habit::NoAnswer).are_called().come_out(&not_reached("no_answer", "no_answer"));
}

pub fn who_declines_has_declined() {
    let busy = json!({ "status": "busy", "disposition": "busy" });
    Four::of(Day::with(), &Habit::Refuses)
        .are_called()
        .come_out_but(&not_reached("rejected", "rejected"), &busy);
}

pub fn who_cannot_be_reached_was_not() {
    let failed = json!({ "disposition": "carrier_failed" });
    Four::of(Day::with(), &Habit::Unreachable)
        .are_called()
        .come_out_but(&not_reached("failed", "unreachable"), &failed);
}

pub fn a_number_that_nobody_has_is_none() {
    let failed = json!({ "disposition": "carrier_failed" });
    Four::of(Day::with(), &Habit::NotInService)
        .are_called()
        .come_out_but(&not_reached("failed", "invalid_number"), &failed);
}

pub fn who_hangs_up_in_mid_question_leaves_what_was_said() {
    let four = Four::of(Day::with(), &Habit::HangsUpInMidQuestion { question: 2 });
    four.are_called().come_out(&json!({
        "status": "completed", "disposition": "completed", "outcome": "partial", "answer_count": 2,
        "dialed": 1, "source": "observed", "conflict": null,
    }));
}

pub fn who_says_nothing_is_asked_again_and_then_let_go() {
    let questions = r#"{"questions": ["Well?"], "limits": {"asks": 2}}"#;
    let four = Four::of(Day::with().questions(questions), &Habit::Silent);
    let record = json!({ "status": "completed", "disposition": "completed", "answer_count": 0, "dialed": 1 });
    four.are_called().come_out(&record);
    four.each(|day, one| {
        let asked = day.heard_by(&one.number).iter().filter(|said| said.contains("Well?")).count();
        assert_eq!(asked, 2, "{:?}", one.callbacks);
    });
}

pub fn who_wants_never_to_be_called_again_is_not() {
    let questions = r#"{"questions": ["One?", "Two?"], "opt_out": {"key": "9"}}"#;
    let four = Four::of(Day::with().questions(questions), &Habit::PressesKey { key: '9' });
    let record = json!({ "status": "completed", "disposition": "completed", "dialed": 1 });
    four.are_called().come_out(&record);
    four.each(|day, one| {
        let again = day.post("/api/calls", &json!({ "to": one.number }));
        assert_eq!((again.status, &again.json()["code"]), (409, &json!("suppressed")));
    });
}

pub fn a_call_is_ended_while_it_rings() {
    let four = Four::of(Day::with().at_speed(20.0), &Habit::NoAnswer);
    four.are_called_with(&json!({ "ring_timeout_secs": 120 })).each(|day, one| {
        stands(day, &one.number, CallStatus::Ringing);
        assert_eq!(day.end(&one.call()).status, 202);
    });
    four.come_out(&but(not_reached("canceled", "canceled"), &json!({ "hangup_by": "us" })));
    four.each(|day, one| {
        let theirs = day.sim.calls_to(&one.number).pop().unwrap();
        assert_eq!(theirs.status.as_str(), "canceled", "{theirs:?}");
    });
}

pub fn a_call_is_ended_while_they_talk() {
    let four = Four::of(slow(), &says_all_slowly());
    four.are_called().as_they_are_asked_twice(|day, one| assert_eq!(day.end(&one.call()).status, 202));
    four.come_out(&json!({
        "status": "completed", "disposition": "completed", "outcome": "partial", "hangup_by": "us",
        "dialed": 1, "source": "observed", "conflict": null,
    }));
}

pub fn a_call_that_lasts_too_long_is_cut() {
    let questions = r#"{"questions": ["One?", "Two?", "Three?"], "limits": {"silence_secs": 60, "asks": 5}}"#;
    let four = Four::of(Day::with().questions(questions), &Habit::Silent);
    let record = json!({ "status": "completed", "disposition": "time_limit", "dialed": 1, "conflict": null });
    four.are_called_with(&json!({ "time_limit_secs": 60 })).come_out(&record);
}

pub fn a_call_that_was_made_and_answered_500_is_the_call() {
    let four = Four::of(Day::with(), &says_all());
    four.with_fault(FaultKind::CreateFailsAfterAccepting).are_called().come_out(&finished());
}

pub fn a_call_that_was_made_and_never_answered_for_is_the_call() {
    let four = Four::of(Day::with(), &says_all());
    four.with_fault(FaultKind::CreateHangsAfterAccepting).are_called().come_out(&finished());
}

pub fn a_call_that_was_made_late_is_the_call() {
    let four = Four::of(Day::with(), &says_all());
    four.with_fault(FaultKind::CreateAcceptsLate { secs: 100 }).are_called().come_out(&finished());
}

pub fn a_call_that_was_turned_away_is_made_later() {
    let four = Four::of(Day::with(), &says_all());
    four.each(|day, one| {
        day.sim.add_fault(trunkline_sim::Fault::new(FaultKind::CreateThrottled).on(&one.number).times(1));
    });
    // Being turned away uses up no attempt, and is one more leg all the same.
    four.are_called().come_out(&but(finished(), &json!({ "attempts": 2 })));
}

pub fn a_page_that_is_asked_for_twice_is_one_step() {
    let four = Four::of(Day::with(), &says_all());
    four.with_fault(FaultKind::VoiceFetchDoubled).are_called().come_out(&finished());
    four.each(|day, one| assert!(day.turns(&one.call()).iter().all(|turn| turn["asks"] == 1)));
}

pub fn a_machine_is_hung_up_on() {
    let four = Four::of(Day::with().at_speed(20.0), &Habit::Voicemail);
    four.are_called_by_a_campaign(&json!({ "machine": "hang_up" })).come_out(&json!({
        "status": "completed", "disposition": "voicemail", "amd": "machine",
        "dialed": 1, "conflict": null,
    }));
}

pub fn a_person_is_not_taken_for_a_machine() {
    let four = Four::of(Day::with().at_speed(20.0), &says_all());
    let machine = json!({ "machine": "wait_for_verdict", "at_most_ms": 8000 });
    four.are_called_by_a_campaign(&machine).come_out(&but(finished(), &json!({ "amd": "human" })));
}

pub fn a_restart_in_mid_questionnaire_is_not_noticed() {
    let mut four = Four::of(slow(), &says_all_slowly());
    four.are_called().are_asked_twice();
    four.day.restarts();
    four.come_out(&finished());
}

pub fn a_database_that_is_away_is_not_noticed() {
    let four = Four::of(slow(), &says_all_slowly());
    four.are_called().are_asked_twice();
    let outage = four.day.database().goes_down();
    four.each(|day, one| drop(day.ended(&one.call())));
    outage.ends(&four.day);
    four.come_out(&finished());
    four.each(|day, one| {
        day.until("the database has it", |day| day.database().disposition(&one.call()));
        assert_eq!(day.database().answers(&one.call()), ["Ann", "Tuesday", "no"]);
    });
}

pub fn an_end_that_nobody_was_there_to_hear_is_found() {
    let mut four = Four::of(Day::with().at_speed(20.0), &Habit::NoAnswer);
    four.are_called().each(|day, one| stands(day, &one.number, CallStatus::Ringing));
    four.day.power_fails();
    four.each(|day, one| stands(day, &one.number, CallStatus::NoAnswer));
    four.day.start();
    four.come_out(&not_reached("no_answer", "no_answer"));
}

/// Each of them waits on hold.
fn held() -> Four {
    let four = Four::of(slow(), &says_all_slowly());
    four.are_called().as_they_are_asked_twice(|day, one| is_taken(day, &one.call(), "hold"));
    four.each(|day, one| day.is(&one.call(), "on_hold"));
    four
}

pub fn who_was_on_hold_goes_on() {
    let four = held();
    four.each(|day, one| is_taken(day, &one.call(), "resume"));
    four.come_out(&json!({
        "status": "completed", "disposition": "completed", "outcome": "finished", "answer_count": 3,
        "dialed": 1, "attempts": 1, "source": "observed", "conflict": null,
    }));
}

pub fn who_hangs_up_on_hold_has_hung_up() {
    let four = held();
    four.each(|day, one| assert!(day.sim.hang_up(&day.sid(&one.number))));
    four.come_out(&json!({
        "status": "completed", "disposition": "completed", "outcome": "partial", "answer_count": 1,
        "dialed": 1, "source": "observed", "conflict": null,
    }));
}

/// Each of them is handed to somebody who is so.
fn handed(mode: &str, other: &Habit) -> Four {
    let four = Four::of(slow(), &says_all_slowly());
    four.are_called().as_they_are_asked_twice(|day, one| {
        day.person(&one.other, other.clone());
        let order = json!({ "to": one.other, "ring_timeout_secs": 20, "mode": mode });
        let answer = day.post(&format!("/api/calls/{}/transfer", one.call()), &order);
        assert_eq!(answer.status, 202, "{}", answer.text());
    });
    four
}

fn presses(key: &str) -> Habit {
    Habit::Answers { ring_secs: Some(6), said: vec![], digits: vec![key.to_owned()] }
}

/// The other leg, as it must be told.
fn leg(mode: &str, end: &str, answered: bool, joined: bool, declined: bool) -> Value {
    json!({
        "mode": mode, "end": end, "answered": answered, "joined": joined, "declined": declined,
        "over": true, "dialed": 1,
    })
}

fn handed_on(leg: &Value) -> Value {
    json!({
        "status": "completed", "disposition": "completed", "outcome": "transferred", "answer_count": 1,
        "dialed": 1, "source": "observed", "conflict": null, "handed": leg,
    })
}

fn came_back(leg: &Value) -> Value {
    but(handed_on(leg), &json!({ "outcome": "finished", "answer_count": 3 }))
}

pub fn who_is_handed_on_talks_with_them() {
    handed("blind", &presses("1")).come_out(&handed_on(&leg("blind", "completed", true, true, false)));
}

pub fn who_is_handed_to_nobody_goes_on() {
    handed("blind", &Habit::Busy).come_out(&came_back(&leg("blind", "busy", false, false, false)));
}

pub fn who_is_handed_on_by_consent_talks_with_them() {
    let four = handed("attended", &presses("1"));
    four.each(|day, one| has_heard(day, &one.other, 1));
    four.come_out(&handed_on(&leg("attended", "completed", true, true, false)));
}

pub fn who_is_not_wanted_goes_on() {
    handed("attended", &presses("2")).come_out(&came_back(&leg("attended", "completed", true, false, true)));
}

/// Somebody called us, all was said, and nobody was dialed.
fn served() -> Value {
    json!({
        "status": "completed", "disposition": "completed", "outcome": "finished",
        "answers": ["Ann", "Tuesday", "no"], "dialed": 0, "attempts": 1, "conflict": null,
    })
}

pub fn who_calls_us_is_asked_everything() {
    Four::of_callers(Day::with()).call_us(&says_all()).come_out(&served());
}

pub fn who_calls_us_and_presses_keys_is_understood() {
    let questions = r#"{"questions": [{"text": "Are you at home?", "type": "yes-no"},
        {"text": "Which day?", "type": "choice", "choices": ["Monday", "Tuesday"]}]}"#;
    let four = Four::of_callers(Day::with().questions(questions));
    let record = json!({ "status": "completed", "outcome": "finished", "answer_count": 2, "dialed": 0 });
    four.call_us(&Habit::presses(["1", "2"])).come_out(&record);
}

pub fn who_calls_us_and_hangs_up_leaves_what_was_said() {
    let four = Four::of_callers(Day::with());
    four.call_us(&Habit::HangsUpInMidQuestion { question: 2 }).come_out(&json!({
        "status": "completed", "disposition": "completed", "outcome": "partial", "answer_count": 2,
        "dialed": 0, "conflict": null,
    }));
}

pub fn who_calls_us_and_is_cut_off_was_cut_off_by_us() {
    let four = Four::of_callers(slow());
    four.call_us(&says_all_slowly());
    four.as_they_are_asked_twice(|day, one| assert_eq!(day.end(&one.call()).status, 202));
    four.come_out(&json!({
        "status": "completed", "disposition": "completed", "outcome": "partial", "hangup_by": "us",
        "dialed": 0, "conflict": null,
    }));
}

pub fn who_calls_us_over_a_restart_goes_on() {
    let mut four = Four::of_callers(slow());
    four.call_us(&says_all_slowly()).are_asked_twice();
    four.day.restarts();
    four.come_out(&served());
}

pub fn who_calls_us_and_waits_on_hold_goes_on() {
    let four = Four::of_callers(slow());
    four.call_us(&says_all_slowly());
    four.as_they_are_asked_twice(|day, one| is_taken(day, &one.call(), "hold"));
    four.each(|day, one| day.is(&one.call(), "on_hold"));
    four.each(|day, one| is_taken(day, &one.call(), "resume"));
    four.come_out(&json!({
        "status": "completed", "disposition": "completed", "outcome": "finished", "answer_count": 3,
        "dialed": 0, "attempts": 1, "conflict": null,
    }));
}

pub fn who_calls_us_and_is_handed_on_talks_with_them() {
    let four = Four::of_callers(slow());
    four.call_us(&says_all_slowly());
    four.as_they_are_asked_twice(|day, one| {
        day.person(&one.other, presses("1"));
        let order = json!({ "to": one.other, "ring_timeout_secs": 20, "mode": "blind" });
        let answer = day.post(&format!("/api/calls/{}/transfer", one.call()), &order);
        assert_eq!(answer.status, 202, "{}", answer.text());
    });
    four.come_out(&json!({
        "status": "completed", "disposition": "completed", "outcome": "transferred", "answer_count": 1,
        "dialed": 0, "conflict": null, "handed": leg("blind", "completed", true, true, false),
    }));
}
