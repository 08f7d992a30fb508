//! How a bot's call ends, and what is left of it.

use super::{OPENING, Talk, short};
use crate::day::Day;
use serde_json::json;
use std::time::{Duration, Instant};
use trunkline_sim::{CallEvent, CallStatus, Habit, Misbehaves, ModelTurn, WebhookRecord};

#[test]
pub fn who_hangs_up_in_mid_sentence_has_heard_no_more_than_was_said_and_the_model_is_let_go() {
    let talk = Talk::begin(short());
    let sid = talk.is_called(Habit::HangsUpInMidQuestion { question: 1 });
    talk.ended();
    let lines = talk.lines();
    let said = lines[0].strip_prefix("bot: ").unwrap().strip_suffix(" -").expect("it was cut off");
    assert!(talk.heard(&sid)[0].starts_with(said) && OPENING.starts_with(said), "{lines:?}");
    let begun = Instant::now();
    talk.day.block_on(talk.model.wait_for(|sessions| sessions.iter().all(|session| !session.is_open)));
    assert!(begun.elapsed() < Duration::from_secs(2), "a model never outlives its call by more than 2 s");
}

#[test]
pub fn who_says_nothing_is_asked_once_and_then_the_call_is_over() {
    let turns = vec![ModelTurn::says(OPENING), ModelTurn::says("Are you still there?")];
    let talk = Talk::begin(turns);
    let sid = talk.is_called(Habit::Silent);
    let transcript = talk.ended();
    assert_eq!(transcript["over"], "silence", "{transcript}");
    assert_eq!(talk.heard(&sid), [OPENING, "Are you still there?"]);
}

/// The simulated carrier tells nobody of the end of a call that came in.
#[test]
pub fn a_call_that_its_bot_has_ended_is_over_soon() {
    let talk = Talk::begin(short());
    let sid = talk.is_called(Habit::says(["I have to come later."]));
    assert_eq!(talk.ended()["over"], "finished");
    talk.day.ended(&talk.call());
    let is_end = |hook: &WebhookRecord| hook.event == Some(CallEvent::Completed);
    assert!(!talk.day.sim.webhooks().iter().any(is_end), "the control: nobody has told");
    assert_eq!(talk.day.sim.call(&sid).unwrap().status, CallStatus::Completed);
}

#[test]
pub fn who_hangs_up_before_the_bots_first_word_is_interrupted() {
    let wrong = vec![(None, Misbehaves::StallsAt(0))];
    let talk = Talk::at_speed(1.0, Day::with(), short(), wrong);
    let sid = talk.is_called(Habit::says(["Hello?"]));
    talk.day.block_on(talk.model.wait_for(|sessions| !sessions.is_empty()));
    assert!(talk.day.sim.hang_up(&sid));
    let call = talk.day.ended(&talk.call());
    assert_eq!(talk.lines(), Vec::<String>::new(), "the control: nobody has said a word");
    assert_eq!(
        (&call["disposition"], &call["outcome"]),
        (&json!("completed"), &json!("interrupted")),
        "{call}"
    );
}

#[test]
pub fn a_call_is_over_when_it_was_kept_after_a_restart_too() {
    let mut talk = Talk::begin(short());
    talk.is_called(Habit::says(["I have to come later."]));
    talk.ended();
    let before = talk.transcript();
    talk.day.restarts();
    assert_eq!(talk.transcript(), before);
    assert_eq!(before["over"], json!("finished"));
}
