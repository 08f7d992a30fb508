use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{
    Caller, Cursor, Key, Language, Line, Next, Page, Script, Then, Wanted, clean, spoken_name,
};
use super::{named, script, spoken, words};

#[test]
fn the_first_page_greets_by_name_and_asks() {
    let script = script(r#"["What do you think?", "Anything else?"]"#);
    let page = script.open(&named("Ann"), Cursor::START);
    assert_eq!(words(&page), "Hello Ann. We have a few short questions for you. (1 s) What do you think?");
    let page = script.open(&Caller::default(), Cursor::START);
    assert_eq!(words(&page), "Hello. We have a few short questions for you. (1 s) What do you think?");
    assert_eq!(spoken(&script, 1, 0), "Anything else?");
}

#[test]
fn a_question_asked_again_is_asked_without_the_greeting() {
    let script = script(r#"["What do you think?"]"#);
    assert_eq!(spoken(&script, 0, 1), "Sorry, I did not get that. What do you think?");
    let repeated = script.open(&named("Ann"), Cursor { repeat: 1, ..Cursor::START });
    assert_eq!(words(&repeated), "What do you think?");
}

#[test]
fn each_type_says_how_to_answer_and_waits_for_it() {
    let script = script(
        r##"{"opt_out": "*", "limits": {"transcribe": true}, "greeting": "Hi.", "questions": [
            {"body": "A?", "type": "text", "repeat_key": "5"}, {"body": "B?", "type": "yes-no", "repeat_key": "#"},
            {"body": "C?", "type": "numeric"}, {"body": "D?", "type": "numeric", "digits": 4},
            {"body": "E?", "choices": ["tea", {"key": "0", "label": "no", "say": "Zero for nothing."}]}]}"##,
    );
    let said: Vec<String> = (0..5).map(|step| spoken(&script, step, 0)).collect();
    assert_eq!(
        said,
        [
            "Hi. If you never want to be called again, press star. (1 s) A? To hear the question again, press 5.",
            "B? For yes, press 1. For no, press 2. To hear the question again, press the hash key.",
            "C? Please enter the number on your keypad, then press the hash key.",
            "D? Please enter the number on your keypad.",
            "E? For tea, press 1. Zero for nothing.",
        ]
    );
    let then = |step| script.open(&Caller::default(), Cursor::first(step)).then;
    let Then::Record(record) = then(0) else { panic!("a text question records") };
    assert_eq!((record.max_secs, record.silence_secs, record.beep, record.trim), (30, 5, false, true));
    assert_eq!(record.finish_on_keys, [Key::HASH, Key::STAR, "5".parse().unwrap()]);
    assert!(record.transcribe);
    let wanted = [Wanted::Exactly(1), Wanted::Any, Wanted::Exactly(4), Wanted::Exactly(1)];
    let finish = [None, Some(Key::HASH), None, None];
    let speech = [true, false, false, true];
    for (index, step) in (1..5).enumerate() {
        let Then::Keys(keys) = then(step) else { panic!("question {step} takes keys") };
        assert_eq!(
            (keys.wanted, keys.finish_on_key, keys.speech),
            (wanted[index], finish[index], speech[index])
        );
        assert_eq!((keys.at, keys.timeout_secs), (Cursor::first(step), 5));
    }
}

#[test]
fn a_question_that_names_its_keys_is_not_explained_twice() {
    let script = script(r#"[{"body": "Do you own a dog? Press 1 for yes, 0 for no.", "type": "yes-no"}]"#);
    assert_eq!(spoken(&script, 0, 0).matches("1").count(), 2, "the pause and the question's own key");
    assert!(spoken(&script, 0, 1).ends_with("For yes, press 1. For no, press 2."));
}

#[test]
fn audio_is_played_instead_of_the_text() {
    let script = script(
        r#"{"greeting": {"audio": "https://example.com/hi.mp3"}, "questions": [
            {"text": "for pages only", "audio": "https://example.com/q.mp3", "type": "yes-no", "reprompt": "Yes or no?"}]}"#,
    );
    assert_eq!(spoken(&script, 0, 0), "♪https://example.com/hi.mp3 (1 s) ♪https://example.com/q.mp3");
    assert_eq!(spoken(&script, 0, 1), "Yes or no?");
}

#[test]
fn hebrew_scripts_speak_hebrew_throughout() {
    let script = script(r#"[{"body": "באים?", "type": "yes-no", "repeat_key": "*"}]"#);
    let page = script.open(&named("רות"), Cursor::START);
    assert_eq!(page.language, Language::hebrew());
    assert!(words(&page).starts_with("שלום רות. יש לנו כמה שאלות קצרות. (1 s) באים? אם כן, הקישו 1."));
    for page in [
        &page,
        &script.page(&Caller::default(), Next::GoodBye),
        &script.apology(),
        &Page::capacity(&page.language),
    ] {
        assert!(
            !words(page).replace("(1 s)", "").contains(|char: char| char.is_ascii_alphabetic()),
            "{}",
            words(page)
        );
    }
}

#[test]
fn variables_are_filled_in_once() {
    let script = script(
        r#"{"greeting": "Hi {{ name }}, {{shop}}: {{missing}}.", "questions": ["From {{city}}, {{name}}?"]}"#,
    );
    let variables =
        BTreeMap::from([("shop".to_owned(), "{{name}}".to_owned()), ("city".to_owned(), "Rome".to_owned())]);
    let caller = Caller { name: Some("{{shop}}".to_owned()), variables };
    let page = script.open(&caller, Cursor::START);
    assert_eq!(words(&page), "Hi {{shop}}, {{name}}:. (1 s) From Rome, {{shop}}?");
    assert_eq!(spoken(&script, 0, 1), "Sorry, I did not get that. From,?");
}

#[test]
fn a_name_is_data_whatever_it_holds() {
    let table = [
        ("Tom & \"Jerry\" <b>", Some("Tom & \"Jerry\" <b>".to_owned())),
        ("  A\r\n\t B\u{0}\u{7}\u{85}C ", Some("A B C".to_owned())),
        ("\u{202E}evil\u{2066}\u{200F}", Some("evil".to_owned())),
        ("a\u{FFFE}\u{FFFF}\u{FEFF}b", Some("ab".to_owned())),
        ("\u{200B}\u{202A}", None),
        ("", None),
        ("...", None),
    ];
    for (name, expected) in table {
        assert_eq!(spoken_name(name), expected, "{name:?}");
    }
    assert_eq!(spoken_name(&"ש".repeat(10_000)).unwrap().chars().count(), 100);
}

#[test]
fn out_of_range_is_a_polite_goodbye() {
    let script = script(r#"{"goodbye": "Bye {{name}}.", "questions": ["a"]}"#);
    for step in [1, 2, 500, u16::MAX] {
        let page = script.open(&named("Ann"), Cursor { step, ask: 255, repeat: 255 });
        assert_eq!((words(&page).as_str(), page.then), ("Bye Ann.", Then::HangUp));
    }
}

#[test]
fn the_apology_is_spoken_and_hangs_up() {
    let page = Script::builtin().apology();
    assert_eq!(words(&page), "Sorry, we have a technical problem and must end this call. Goodbye.");
    assert_eq!(page.then, Then::HangUp);
}

#[test]
fn debug_hides_what_is_said() {
    let script = script(r#"["Is {{name}} there?"]"#);
    let shown = format!("{:?} {:?}", named("Ann"), script.open(&named("Ann"), Cursor::START));
    assert!(!shown.contains("Ann"), "{shown}");
}

/// What XML 1.0 allows in a document.
fn is_xml(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

proptest! {
    #[test]
    fn any_name_makes_a_clean_line(name in prop::collection::vec(any::<char>(), 0..300), key in "[a-z]{1,8}") {
        let name: String = name.into_iter().collect();
        let script = script(r#"{"greeting": "Hi {{name}}!", "questions": ["a"]}"#);
        let caller = Caller { name: Some(name.clone()), variables: BTreeMap::from([(key, name)]) };
        let page = script.open(&caller, Cursor::START);
        let Some(Line::Say(text)) = page.lines.first() else { panic!("a greeting is said") };
        prop_assert!(text.chars().all(|char| is_xml(char) && !char.is_control()));
        prop_assert!(text.chars().count() <= 100 + "Hi !".len());
        prop_assert!(text.starts_with("Hi") && text.ends_with('!'));
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(text in ".{0,80}", max in 0usize..40) {
        let once = clean(&text, max);
        prop_assert!(once.chars().count() <= max);
        prop_assert_eq!(clean(&once, max), once);
    }
}
