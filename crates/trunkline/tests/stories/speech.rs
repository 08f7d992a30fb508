//! Questions that are answered by voice or by keys, as the person likes: told at every carrier, and what can go wrong with a
//! voice where calls are led by commands.

use serde_json::{Value, json};
use trunkline_sim::{CallEvent, Fault, FaultKind, Habit};

use crate::day::{Day, in_each_way, led_by_commands};

const ANN: &str = "+15550101901";
const VISIT: &str = r#"{"title": "Visit", "questions": [
    {"body": "Are you at home?", "type": "yes-no"},
    {"body": "Which day?", "type": "choice", "choices": ["Monday", "Tuesday", "Friday"]}]}"#;

in_each_way! {
    questions_are_answered_by_voice,
    hebrew_is_understood_too,
    who_may_speak_may_press_as_well,
    who_says_nothing_is_asked_again_then_skipped,
    what_is_no_answer_is_asked_again,
}

fn presses<const N: usize>(digits: [&str; N]) -> Habit {
    Habit::Answers {
        ring_secs: None,
        said: vec!["Perhaps.".into()],
        digits: digits.map(str::to_owned).into(),
    }
}

fn values(day: &Day, call: &str) -> Vec<Value> {
    day.turns(call).iter().map(|turn| turn["answer"]["value"].clone()).collect()
}

fn asks(day: &Day, call: &str) -> Vec<u64> {
    day.turns(call).iter().map(|turn| turn["asks"].as_u64().unwrap()).collect()
}

/// All faults struck: the control.
fn struck(day: &Day) {
    let faults = day.sim.faults();
    assert!(!faults.is_empty() && faults.iter().all(|fault| fault.struck > 0), "{faults:?}");
}

fn questions_are_answered_by_voice() {
    let day = Day::with().questions(VISIT).begin();
    day.person(ANN, Habit::says(["Yes, I am.", "Tuesday would be best."]));
    let call = day.call(ANN);
    let ended = day.ended(&call);
    assert_eq!((&ended["disposition"], &ended["answer_count"]), (&json!("completed"), &json!(2)), "{ended}");
    assert_eq!(values(&day, &call), [json!(true), json!({ "key": "2", "label": "Tuesday" })]);
    assert_eq!(asks(&day, &call), [1, 1]);
    let turns = day.turns(&call);
    let told: Vec<_> =
        turns.iter().map(|turn| (&turn["answer"]["speech"], &turn["answer"]["digits"])).collect();
    let said = [json!("Yes, I am."), json!("Tuesday would be best.")];
    assert_eq!(told, [(&said[0], &Value::Null), (&said[1], &Value::Null)]);
}

fn hebrew_is_understood_too() {
    let questions = r#"{"title": "ביקור", "language": "he-IL", "questions": [
        {"body": "האם נוח לך?", "type": "yes-no"},
        {"body": "באיזה יום?", "type": "choice", "choices": ["שני", "שלישי"]}]}"#;
    let day = Day::with().questions(questions).begin();
    day.person(ANN, Habit::says(["כן, בהחלט", "יום שלישי"]));
    let call = day.call(ANN);
    assert_eq!(day.ended(&call)["answer_count"], 2);
    assert_eq!(values(&day, &call), [json!(true), json!({ "key": "2", "label": "שלישי" })]);
}

fn who_may_speak_may_press_as_well() {
    let day = Day::with().questions(VISIT).begin();
    day.person(ANN, presses(["2", "3"]));
    let call = day.call(ANN);
    assert_eq!(day.ended(&call)["answer_count"], 2);
    assert_eq!(values(&day, &call), [json!(false), json!({ "key": "3", "label": "Friday" })]);
    let turns = day.turns(&call);
    assert!(turns.iter().all(|turn| turn["answer"]["speech"].is_null()), "{turns:?}");
}

fn who_says_nothing_is_asked_again_then_skipped() {
    let day = Day::with().questions(VISIT).begin();
    day.person(ANN, Habit::Silent);
    let call = day.call(ANN);
    let ended = day.ended(&call);
    assert_eq!((&ended["disposition"], &ended["answer_count"]), (&json!("completed"), &json!(0)), "{ended}");
    assert_eq!(asks(&day, &call), [2, 2]);
}

fn what_is_no_answer_is_asked_again() {
    let day = Day::with().questions(VISIT).begin();
    day.person(ANN, Habit::says(["Well, perhaps.", "No.", "Friday."]));
    let call = day.call(ANN);
    assert_eq!(day.ended(&call)["answer_count"], 2);
    assert_eq!(values(&day, &call), [json!(false), json!({ "key": "3", "label": "Friday" })]);
    assert_eq!(asks(&day, &call), [2, 1]);
}

#[test]
fn what_was_said_and_nobody_tells_of_is_asked_again() {
    led_by_commands(|| {
        let day = Day::with().questions(VISIT).begin();
        day.person(ANN, Habit::says(["Yes.", "Yes.", "Monday."]));
        // The part and the whole of the first answer.
        let lost = Fault::new(FaultKind::CallbackLost).only(CallEvent::Transcription).on(ANN);
        day.sim.add_fault(lost.times(2));
        let call = day.call(ANN);
        assert_eq!(day.ended(&call)["answer_count"], 2);
        assert_eq!(values(&day, &call), [json!(true), json!({ "key": "1", "label": "Monday" })]);
        assert_eq!(asks(&day, &call), [2, 1]);
        struck(&day);
    });
}

#[test]
fn what_was_said_and_is_told_twice_or_out_of_order_is_one_answer() {
    led_by_commands(|| {
        for kind in [FaultKind::CallbackDoubled { copies: 3 }, FaultKind::CallbackReordered] {
            let day = Day::with().questions(VISIT).begin();
            day.person(ANN, Habit::says(["Yes.", "Monday."]));
            day.sim.add_fault(Fault::new(kind).only(CallEvent::Transcription).on(ANN));
            let call = day.call(ANN);
            assert_eq!(day.ended(&call)["answer_count"], 2, "{kind:?}");
            let monday = json!({ "key": "1", "label": "Monday" });
            assert_eq!(values(&day, &call), [json!(true), monday], "{kind:?}");
            assert_eq!(asks(&day, &call), [1, 1], "{kind:?}");
            struck(&day);
        }
    });
}

#[test]
fn what_is_told_late_answers_the_question_that_is_asked_again() {
    led_by_commands(|| {
        let day = Day::with().questions(VISIT).at_speed(20.0).begin();
        // Nothing is said where it is asked again: only what was said before can be the answer.
        day.person(ANN, Habit::says(["Yes.", "", "Monday."]));
        let late = Fault::new(FaultKind::CallbackLate { secs: 9 }).only(CallEvent::Transcription).on(ANN);
        day.sim.add_fault(late.times(2));
        let call = day.call(ANN);
        assert_eq!(day.ended(&call)["answer_count"], 2);
        assert_eq!(values(&day, &call), [json!(true), json!({ "key": "1", "label": "Monday" })]);
        assert_eq!(asks(&day, &call)[0], 2, "it was too late for the first time");
        struck(&day);
    });
}

#[test]
fn where_the_carrier_does_not_listen_questions_are_answered_by_keys() {
    led_by_commands(|| {
        let day = Day::with().questions(VISIT).begin();
        day.person(ANN, presses(["1", "2"]));
        day.sim.add_fault(Fault::new(FaultKind::TranscriptionRefused));
        let call = day.call(ANN);
        let ended = day.ended(&call);
        assert_eq!(
            (&ended["disposition"], &ended["answer_count"]),
            (&json!("completed"), &json!(2)),
            "{ended}"
        );
        assert_eq!(values(&day, &call), [json!(true), json!({ "key": "2", "label": "Tuesday" })]);
        struck(&day);
    });
}

#[test]
fn who_speaks_up_is_not_told_the_rest_of_the_question() {
    led_by_commands(|| {
        let day = Day::with().questions(VISIT).begin();
        let said = ["No.", "Friday."].map(str::to_owned).into();
        day.person(ANN, Habit::Interrupts { said, after_ms: 100 });
        let call = day.call(ANN);
        assert_eq!(day.ended(&call)["answer_count"], 2);
        assert_eq!(values(&day, &call), [json!(false), json!({ "key": "3", "label": "Friday" })]);
        let heard = day.is_quiet().heard_by(ANN);
        let was_heard = |text: &str| heard.iter().any(|heard| heard.contains(text));
        assert!(was_heard("Which day?") && !was_heard("Friday"), "{heard:?}");
    });
}
