use super::super::{Answer, Cursor, Heard, Key, Next, Script};
use super::{keys, recording, says, script};

fn choice(key: char, label: &str) -> Answer {
    Answer::Choice { key: Key::try_from(key).unwrap(), label: label.to_owned() }
}

fn number(digits: &str) -> Answer {
    Answer::Number(digits.to_owned())
}

fn check(script: &Script, table: &[(Heard, Answer)]) {
    for (index, (heard, expected)) in table.iter().enumerate() {
        let verdict = script.hear(Cursor::START, heard);
        assert!(verdict.answer == *expected, "row {index}: {:?}, not {expected:?}", verdict.answer);
    }
}

#[test]
fn a_text_question_takes_a_recording() {
    let script = script(r#"{"opt_out": 9, "questions": [{"body": "a", "repeat_key": "*"}]}"#);
    let ended_by = |digits: &str| Heard { digits: Some(digits.to_owned()), ..recording() };
    check(
        &script,
        &[
            (recording(), Answer::Recorded),
            (ended_by("#"), Answer::Recorded),
            (ended_by("hangup"), Answer::Recorded),
            (ended_by("*"), Answer::Repeat),
            (ended_by("9"), Answer::OptOut),
            (keys("#"), Answer::Invalid),
            (says("hello"), Answer::Invalid),
            (keys(""), Answer::Silence),
            (Heard::default(), Answer::Silence),
        ],
    );
}

#[test]
fn a_yes_no_question_takes_keys_and_whole_words() {
    let script = script(r#"[{"body": "Coming?", "type": "yes-no", "repeat_key": "*"}]"#);
    check(
        &script,
        &[
            (keys("1"), Answer::YesNo(true)),
            (keys("2"), Answer::YesNo(false)),
            (keys("0"), Answer::YesNo(false)),
            (keys("3"), Answer::Invalid),
            (keys("11"), Answer::Invalid),
            (keys("*"), Answer::Repeat),
            (says("Yes, please."), Answer::YesNo(true)),
            (says("No!"), Answer::YesNo(false)),
            (says("I don’t think so"), Answer::YesNo(false)),
            (says("I know"), Answer::Invalid),
            (says("yesterday"), Answer::Invalid),
            (says("yes and no"), Answer::Invalid),
            (says(" ... "), Answer::Silence),
        ],
    );
    let script = super::script(r#"[{"body": "באים?", "type": "yes-no"}]"#);
    check(&script, &[(says("כן בטח"), Answer::YesNo(true)), (says("לא."), Answer::YesNo(false))]);
}

#[test]
fn a_numeric_question_takes_digits() {
    let script = script(
        r#"{"opt_out": 9, "questions": [{"body": "How old?", "type": "numeric", "repeat_key": "*"}]}"#,
    );
    check(
        &script,
        &[
            (keys("42"), number("42")),
            (keys("007#"), number("007")),
            (keys("9"), number("9")),
            (keys("*"), Answer::Repeat),
            (keys("4*2"), Answer::Invalid),
            (keys("#"), Answer::Invalid),
            (keys(&"1".repeat(31)), Answer::Invalid),
            (says("42"), number("42")),
            (says("1,000"), number("1000")),
            (says("four two"), number("42")),
            (says("one hundred"), Answer::Invalid),
            (says("2.5"), Answer::Invalid),
        ],
    );
    let exact = super::script(r#"[{"body": "Code?", "type": "numeric", "digits": 4}]"#);
    check(
        &exact,
        &[(keys("0123"), number("0123")), (keys("123"), Answer::Invalid), (keys("12345"), Answer::Invalid)],
    );
}

#[test]
fn a_choice_takes_its_keys_and_its_labels() {
    let script = script(
        r##"[{"body": "Which?", "choices": ["Tea", "Green tea", {"key": "#", "label": "Nothing"}], "repeat_key": "*"}]"##,
    );
    check(
        &script,
        &[
            (keys("1"), choice('1', "Tea")),
            (keys("#"), choice('#', "Nothing")),
            (keys("4"), Answer::Invalid),
            (keys("12"), Answer::Invalid),
            (keys("*"), Answer::Repeat),
            (says("I would like tea"), choice('1', "Tea")),
            (says("green TEA, please"), choice('2', "Green tea")),
            (says("number two"), choice('2', "Green tea")),
            (says("one or two"), Answer::Invalid),
            (says("tea or nothing"), Answer::Invalid),
            (says("steam"), Answer::Invalid),
        ],
    );
}

#[test]
fn opting_out_ends_the_call_with_its_own_goodbye() {
    let script = script(r#"{"opt_out": 9, "questions": [{"body": "Coming?", "type": "yes-no"}, "Why?"]}"#);
    let verdict = script.hear(Cursor::START, &keys("9"));
    assert_eq!((verdict.answer, verdict.next), (Answer::OptOut, Next::OptedOut));
    let page = script.page(&super::named("Ann"), Next::OptedOut);
    assert_eq!(super::words(&page), "All right, we will not call you again. Goodbye.");
}

#[test]
fn debug_hides_answers() {
    let shown = format!("{:?} {:?} {:?}", says("my secret"), number("123456789"), choice('1', "cancer"));
    for secret in ["secret", "123456789", "cancer"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
