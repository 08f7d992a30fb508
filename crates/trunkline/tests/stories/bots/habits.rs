//! Callers with habits that voice bots are known to break on: noise, a beep, pauses within what is said, and a hang-up while a tool works.

use super::appointments::Clinic;
use super::{OPENING, Talk};
use serde_json::{Value, json};
use trunkline_sim::{Habit, ModelTurn};

const GOODBYE: &str = "All right. Goodbye.";

/// A bot that says these, one after the other.
fn says(texts: &[&str]) -> Vec<ModelTurn> {
    texts.iter().map(|text| ModelTurn::says(text)).collect()
}

/// What the caller said, line by line.
fn said(talk: &Talk) -> Vec<String> {
    let lines = talk.lines();
    lines.iter().filter_map(|line| line.strip_prefix("caller: ")).map(str::to_owned).collect()
}

#[test]
pub fn noise_that_never_pauses_does_not_hold_a_line_for_ever() {
    let talk = Talk::begin(says(&[OPENING, "I cannot understand you."]));
    let sid = talk.is_called(Habit::Noisy);
    let transcript = talk.ended();
    assert_eq!(transcript["over"], "noise", "{transcript}");
    let heard = talk.heard(&sid);
    assert_eq!(heard.last().map(String::as_str), Some("I cannot understand you."), "{heard:?}");
}

#[test]
pub fn a_beep_is_no_word_and_the_silence_after_it_ends_the_call() {
    let talk = Talk::begin(says(&[OPENING, "Pardon?", "Are you still there?"]));
    let sid = talk.is_called(Habit::Beeps);
    let transcript = talk.ended();
    assert_eq!(transcript["over"], "silence", "{transcript}");
    assert_eq!(talk.heard(&sid).last().map(String::as_str), Some("Are you still there?"));
    assert_eq!(said(&talk), Vec::<String>::new(), "nobody said a word");
}

#[test]
pub fn digits_that_are_read_out_slowly_are_all_heard_in_their_order() {
    let mut turns = says(&[OPENING, "Yes?", "Go on.", "And then?"]);
    turns.push(ModelTurn::says(GOODBYE).and_asks("end_call", &json!({ "reason": "done" })));
    let talk = Talk::begin(turns);
    let sid = talk.is_called(Habit::ReadsDigits { digits: "4071".to_owned() });
    let transcript = talk.ended();
    assert_eq!(said(&talk).concat(), "4071", "{transcript}");
    assert_eq!(transcript["over"], "finished", "{transcript}");
    assert_eq!(talk.heard(&sid).last().map(String::as_str), Some(GOODBYE));
    assert_eq!(talk.model.sessions()[0].complaints, Vec::<String>::new());
}

#[test]
pub fn who_hangs_up_while_a_tool_works_has_what_the_outcome_says() {
    // The model takes half a second of silence for the end of the words, and asks for its tool at once: around that.
    for after_ms in [100, 500, 540, 900] {
        let turns =
            vec![ModelTurn::says(OPENING), ModelTurn::asks("confirm", &json!({})), ModelTurn::says(GOODBYE)];
        let clinic = Clinic::open(turns, Vec::new(), true);
        clinic
            .talk
            .is_called(Habit::HangsUpWhileWaiting { said: vec!["Yes, I will come.".to_owned()], after_ms });
        let talk = &clinic.talk;
        let call = talk.day.until("the call is over", |day| {
            let call = day.look_at(&talk.call());
            (call["state"] == "ended" && !call["outcome"].is_null()).then_some(call)
        });
        let asked = clinic.answers();
        let is_done = asked.iter().any(|(_, answer)| answer["done"] == true);
        let outcome = if is_done { "confirmed" } else { "interrupted" };
        assert_eq!(call["outcome"], outcome, "after {after_ms} ms: {asked:?}");
        let stands: Value = if is_done { "confirmed".into() } else { "scheduled".into() };
        talk.day.until("the calendar says so too", |_| (clinic.own_status() == stands).then_some(()));
        assert_eq!(said(talk), ["Yes, I will come."], "after {after_ms} ms");
    }
}
