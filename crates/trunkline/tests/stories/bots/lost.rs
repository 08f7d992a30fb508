//! The model is lost, or we are: the caller hears something, and nothing of what was said is gone.

use super::{OPENING, SPEED, Talk, short};
use crate::day::Day;
use serde_json::json;
use trunkline_sim::{Habit, Heard, Misbehaves, ModelTurn};

const APOLOGY: &str = "Sorry, our assistant cannot go on right now.";

#[test]
pub fn a_model_that_breaks_off_comes_back_with_the_conversation() {
    let turns = vec![
        ModelTurn::says(OPENING),
        ModelTurn::says("All right, I write down that you will come later."),
        ModelTurn::says("Sorry. It is noted. Goodbye.").and_asks("end_call", &json!({ "reason": "done" })),
    ];
    let talk = Talk::misbehaving(turns, vec![(Some(0), Misbehaves::CutsIn(1))]);
    let sid = talk.is_called(Habit::says(["I have to come later."]));
    let transcript = talk.ended();
    assert_eq!((&transcript["over"], &transcript["model_lost"]), (&json!("finished"), &json!(1)));
    assert_eq!(talk.model.sessions().len(), 2);
    assert!(talk.told(&sid).is_empty(), "the caller heard the bot alone");
}

#[test]
pub fn a_session_that_expires_is_replaced_and_the_call_goes_on() {
    let talk = Talk::misbehaving(short(), vec![(Some(0), Misbehaves::ExpiresAfter(0))]);
    talk.is_called(Habit::says(["I have to come later."]));
    let transcript = talk.ended();
    assert_eq!(transcript["over"], "finished", "{transcript}");
    let lines = talk.lines();
    assert_eq!(lines[..2], [format!("bot: {OPENING}"), "caller: I have to come later.".to_owned()]);
}

#[test]
pub fn a_model_that_is_gone_for_good_leaves_the_caller_with_the_script() {
    for wrong in
        [Misbehaves::Refuses(429), Misbehaves::NeverReady, Misbehaves::StallsAt(1), Misbehaves::GarbageAt(1)]
    {
        let talk = Talk::misbehaving(short(), vec![(None, wrong.clone())]);
        let sid = talk.is_called(Habit::says(["I have to come later.", "Ann", "Tuesday", "no"]));
        let transcript = talk.ended();
        assert_eq!(
            (&transcript["over"], &transcript["model_lost"]),
            (&json!("failed"), &json!(2)),
            "{wrong:?}"
        );
        talk.day.until("an answer", |day| {
            (day.look_at(&talk.call())["answer_count"].as_u64() > Some(0)).then_some(())
        });
        let told = talk.told(&sid);
        assert_eq!(told.first().map(String::as_str), Some(APOLOGY), "{wrong:?}: {told:?}");
        assert_eq!(talk.model.open(), 0);
    }
}

#[test]
pub fn killed_in_the_middle_of_a_sentence_everything_heard_is_there_and_the_call_is_taken_up_again() {
    let turns = vec![
        ModelTurn::says(OPENING),
        ModelTurn::says("Sorry, we were cut off. How can I help?"),
        ModelTurn::says("All right, it is noted. Goodbye.")
            .and_asks("end_call", &json!({ "reason": "done" })),
    ];
    let mut talk = Talk::of(Day::with().in_its_own_process(), turns, Vec::new());
    let sid = talk.is_called(Habit::says(["I have to come later."]));
    let words = talk.day.until("some words", |_| {
        let lines = talk.lines();
        lines
            .first()
            .map(|line| line.strip_prefix("bot: ").unwrap_or_default().to_owned())
            .filter(|said| said.len() > 10)
    });
    talk.day.power_fails();
    talk.day.start();
    let lines = talk.lines();
    assert!(lines[0].starts_with(&format!("bot: {words}")), "{lines:?} has what was heard: {words}");
    let transcript = talk.ended();
    assert_eq!(transcript["over"], "finished", "{transcript}");
    let heard = talk.heard(&sid);
    assert!(heard.last().is_some_and(|last| last.ends_with("Goodbye.")), "{heard:?}");
    let lines = talk.lines();
    assert!(lines.contains(&"caller: I have to come later.".to_owned()), "{lines:?}");
}

#[test]
pub fn where_nobody_has_written_questions_a_message_is_recorded_when_the_model_is_lost() {
    let wrong = vec![(None, Misbehaves::Refuses(429))];
    let talk = Talk::prepared(SPEED, Day::with(), short(), wrong, |day| {
        // All that is left to ask would be the questions that are built in.
        std::fs::write(day.questions_file(), "{ this is no script").unwrap();
    });
    let sid = talk.is_called(Habit::says(["This is Ann. Please call me back."]));
    let call = talk.day.until("the message is kept", |day| {
        let call = day.look_at(&talk.call());
        (call["state"] == "ended" && call["answer_count"] == 1).then_some(call)
    });
    let told = talk.told(&sid).join(" ");
    assert!(told.starts_with(APOLOGY) && told.contains("after the tone"), "{told}");
    let turns = talk.day.get(&format!("/api/calls/{}/turns", talk.call())).json();
    assert_eq!(turns["turns"].as_array().map(Vec::len), Some(1), "one thing was asked: {turns}");
    let recorded = |heard: &Heard| matches!(heard, Heard::Spoke { recording: Some(_), .. });
    assert!(talk.day.sim.heard(&sid).iter().any(recorded), "{call}");
}
