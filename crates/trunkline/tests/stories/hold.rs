//! A person is put on hold and comes back: the script goes on where it stood, nothing that was said is lost, and no hang-up,
//! crash or refusal in between leaves anything stuck.

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::{FaultKind, Habit};

use crate::day::{Answer, Day, KEY, Opening};

const ANN: &str = "+15550100001";
const HOLD: &str = "Please hold the line.";

/// No faster than a busy machine can follow.
pub fn slow() -> Opening {
    Day::with().at_speed(20.0)
}

pub fn ask(day: &Day, call: &str, what: &str) -> Answer {
    day.post(&format!("/api/calls/{call}/{what}"), &Value::Null)
}

pub fn is_taken(day: &Day, call: &str, what: &str) {
    let answer = ask(day, call, what);
    assert_eq!(answer.status, 202, "{what}: {}", answer.text());
}

/// How often something stands in a call's history, and changed it.
pub fn count(day: &Day, call: &str, kind: &str) -> usize {
    let events = day.get(&format!("/api/calls/{call}/events")).json();
    let all = events["events"].as_array().cloned().unwrap_or_default();
    all.iter().filter(|event| event["kind"] == kind && event["applied"] == true).count()
}

/// A call whose person has given one answer, and hears the second question.
pub fn asked_twice(day: &Day, number: &str) -> String {
    day.person(number, Habit::says(["Ann", "Tuesday", "no", "no", "no"]));
    let call = day.call(number);
    day.until("the second question", |day| (day.look_at(&call)["question"] == 1).then_some(()));
    call
}

pub fn questions(day: &Day, number: &str) -> Vec<String> {
    day.heard_by(number).into_iter().filter(|text| text.ends_with('?')).collect()
}

#[test]
pub fn whoever_was_on_hold_is_asked_the_open_question_again_and_no_answer_is_lost() {
    let day = slow().begin();
    let call = asked_twice(&day, ANN);
    is_taken(&day, &call, "hold");
    day.is(&call, "on_hold");
    assert_eq!(ask(&day, &call, "hold").json()["state"], "on_hold");
    day.until("they hear it again and again", |day| {
        (day.heard_by(ANN).iter().filter(|text| *text == HOLD).count() > 2).then_some(())
    });
    is_taken(&day, &call, "resume");
    let over = day.ended(&call);
    assert_eq!((&over["status"], &over["outcome"]), (&json!("completed"), &json!("finished")), "{over}");
    assert_eq!(over["answer_count"], 3);
    let asked = ["What is your name?", "Which day suits you?", "Which day suits you?", "Anything else?"];
    assert_eq!(questions(&day, ANN), asked);
    assert_eq!(count(&day, &call, "action_begun"), 2, "each began once");
    let again = ask(&day, &call, "hold");
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("already_over")));
    day.is_quiet();
    let turns = day.get(&format!("/api/calls/{call}/turns")).json();
    let kept = |turn: &Value| turn["recordings"].as_array().map_or(0, Vec::len);
    let all: usize = turns["turns"].as_array().unwrap().iter().map(kept).sum();
    assert_eq!(all, day.sim.recordings(&day.sid(ANN)).len(), "what was cut off is kept, too: {turns}");
}

#[test]
pub fn whoever_is_on_hold_hears_the_music_that_is_set_and_goes_on_by_itself_in_the_end() {
    let music = "https://example.com/music.mp3";
    let day = slow().set("HOLD_MUSIC_URL", music).set("TRUNKLINE_LIMITS_HOLD_SECS", "20").begin();
    let call = asked_twice(&day, ANN);
    is_taken(&day, &call, "hold");
    day.is(&call, "on_hold");
    assert_eq!(day.ended(&call)["outcome"], "finished");
    let heard = day.sim.heard(&day.sid(ANN));
    assert!(heard.iter().any(|heard| format!("{heard:?}").contains(music)), "{heard:?}");
    assert!(!day.heard_by(ANN).iter().any(|text| text == HOLD));
    assert_eq!(count(&day, &call, "resume_asked"), 1);
}

#[test]
pub fn a_call_can_be_held_before_its_first_answer_and_twice() {
    let day = slow().begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no", "no", "no"]));
    let call = day.call(ANN);
    let early = ask(&day, &call, "hold");
    assert_eq!((early.status, &early.json()["code"]), (409, &json!("not_now")), "{}", early.text());
    day.is(&call, "answered");
    for _ in 0..2 {
        is_taken(&day, &call, "hold");
        day.is(&call, "on_hold");
        is_taken(&day, &call, "resume");
        day.is(&call, "answered");
        assert_eq!(ask(&day, &call, "resume").json()["state"], "answered");
    }
    let over = day.ended(&call);
    assert_eq!((&over["outcome"], &over["answer_count"]), (&json!("finished"), &json!(3)), "{over}");
}

#[test]
pub fn who_hangs_up_on_hold_has_hung_up() {
    let day = slow().begin();
    let call = asked_twice(&day, ANN);
    is_taken(&day, &call, "hold");
    day.is(&call, "on_hold");
    assert!(day.sim.hang_up(&day.sid(ANN)));
    let over = day.ended(&call);
    assert_eq!((&over["status"], &over["outcome"]), (&json!("completed"), &json!("partial")), "{over}");
    assert_eq!(over["hangup_by"], "callee");
    assert_eq!(over["answer_count"], 1, "the answer that was given is kept");
    day.is_quiet();
    assert_eq!(day.sim.live(), 0);
}

#[test]
pub fn a_call_on_hold_can_be_ended() {
    let day = slow().begin();
    let call = asked_twice(&day, ANN);
    is_taken(&day, &call, "hold");
    day.is(&call, "on_hold");
    assert_eq!(day.end(&call).status, 202);
    assert_eq!(day.disposition(&call), "completed");
    day.is_quiet();
    assert_eq!(day.sim.live(), 0);
}

#[test]
fn a_hold_that_was_promised_is_done_once_whatever_is_killed_meanwhile() {
    let mut day = slow().in_its_own_process().behind_a_door().begin();
    let call = asked_twice(&day, ANN);
    day.carrier_goes_down();
    is_taken(&day, &call, "hold");
    day.restarts();
    assert_ne!(day.look_at(&call)["status"], "on_hold", "the control: nothing was done yet");
    day.carrier_comes_back();
    day.is(&call, "on_hold");
    assert_eq!((count(&day, &call, "hold_asked"), count(&day, &call, "action_begun")), (1, 1));
    day.restarts();
    day.is(&call, "on_hold");
    is_taken(&day, &call, "resume");
    assert_eq!(day.ended(&call)["outcome"], "finished");
}

#[test]
pub fn what_the_carrier_does_not_do_at_once_is_done_with_the_next_page() {
    let day = slow().begin();
    day.fault(FaultKind::UpdateFails, ANN);
    let call = asked_twice(&day, ANN);
    is_taken(&day, &call, "hold");
    day.is(&call, "on_hold");
    is_taken(&day, &call, "resume");
    let over = day.ended(&call);
    assert_eq!((&over["outcome"], &over["answer_count"]), (&json!("finished"), &json!(3)), "{over}");
}

#[test]
pub fn what_the_carrier_never_does_is_given_up_and_leaves_the_call_as_it_was() {
    // Nothing is fetched while music plays.
    let day = slow().set("HOLD_MUSIC_URL", "https://example.com/music.mp3").begin();
    let call = asked_twice(&day, ANN);
    is_taken(&day, &call, "hold");
    day.is(&call, "on_hold");
    day.fault(FaultKind::UpdateFails, ANN);
    is_taken(&day, &call, "resume");
    assert_eq!(ask(&day, &call, "resume").json()["state"], "under_way");
    day.until("it is given up", |day| (count(day, &call, "action_refused") == 1).then_some(()));
    assert_eq!(day.look_at(&call)["status"], "on_hold");
    day.sim.clear_faults();
    is_taken(&day, &call, "resume");
    assert_eq!(day.ended(&call)["outcome"], "finished");
}

#[test]
fn a_hold_of_a_call_that_is_over_without_our_knowing_finds_out_how_it_ended() {
    let day = slow().begin();
    day.fault(FaultKind::CallbackLost, ANN);
    day.person(ANN, Habit::HangsUpInMidQuestion { question: 2 });
    let call = day.call(ANN);
    day.has_answered(ANN, 1).is_quiet();
    assert_eq!(day.look_at(&call)["status"], "answered", "the control: nobody has told us");
    is_taken(&day, &call, "hold");
    let over = day.ended(&call);
    assert_eq!((&over["status"], &over["answer_count"]), (&json!("completed"), &json!(2)), "{over}");
    assert_eq!((count(&day, &call, "action_begun"), count(&day, &call, "action_refused")), (0, 1));
}

#[test]
fn one_key_is_one_wish() {
    let day = slow().begin();
    let call = asked_twice(&day, ANN);
    let hold = |what: &str, key: &str| {
        let request = day.ask(Method::POST, &format!("/api/calls/{call}/{what}"));
        day.send(request.bearer_auth(KEY).header("Idempotency-Key", key))
    };
    for _ in 0..3 {
        assert_eq!(hold("hold", "a").status, 202);
    }
    day.is(&call, "on_hold");
    assert_eq!(hold("hold", "a").status, 202, "said again, it is said");
    let other = hold("resume", "a");
    assert_eq!((other.status, &other.json()["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(hold("resume", "b").status, 202);
    assert_eq!(hold("hold", "a").status, 202, "and holds nobody anew");
    assert_eq!(day.ended(&call)["outcome"], "finished");
    assert_eq!((count(&day, &call, "hold_asked"), count(&day, &call, "resume_asked")), (1, 1));
}

#[test]
fn a_call_that_its_client_carries_is_its_clients_to_hold() {
    let day = Day::begin();
    let registered = json!({ "call_id": "CA17", "session_id": "s-17", "provider": "twilio" });
    assert_eq!(day.post("/api/calls/register", &registered).status, 201);
    let answer = ask(&day, "CA17", "hold");
    assert_eq!((answer.status, &answer.json()["state"]), (409, &json!("registered")), "{}", answer.text());
    let absent = day.until("history can be read", |day| {
        Some(ask(day, "CA18", "hold").status).filter(|status| *status != 503)
    });
    assert_eq!(absent, 404);
}
