use proptest::prelude::*;

use super::super::{Goto, Key, Kind, Limits, Script, ScriptError, ScriptVersion, SkipIf};
use super::script;

fn error(json: &str) -> ScriptError {
    Script::parse(json.as_bytes(), "test".parse().unwrap()).unwrap_err()
}

#[test]
fn a_plain_list_of_strings_is_a_script() {
    let script = script(r#"["What is your name?", "How are you?"]"#);
    let texts: Vec<&str> = script.questions.iter().map(|question| question.prompt.text.as_str()).collect();
    assert_eq!(texts, ["What is your name?", "How are you?"]);
    assert!(script.questions.iter().all(|question| question.kind == Kind::Text));
    assert_eq!(script.language.as_str(), "en-US");
    assert_eq!(script.limits, Limits::default());
}

#[test]
fn a_hebrew_list_with_a_byte_order_mark_is_spoken_in_hebrew() {
    let script = script("\u{FEFF}[\"מה שמך?\", \"איך היה השירות של Acme?\"]");
    assert_eq!(script.language.as_str(), "he-IL");
    assert_eq!(script.questions.len(), 2);
}

#[test]
fn survey_apps_files_are_read_as_they_are() {
    let script = script(
        r#"{"title": "Cats", "questions": [
            {"id": 7, "required": true, "body": "Tell us about your cat", "type": "text"},
            {"body": "Is it old?", "type": "yes_no"}, {"body": "Is it fat?", "type": "boolean"},
            {"body": "How old is it?", "type": "number"}, {"body": "How many?", "type": "numeric", "digits": 2},
            {"body": "Colour?", "type": "choice", "choices": ["black", "white"]}]}"#,
    );
    let kinds: Vec<&str> = script.questions.iter().map(|question| question.kind.word()).collect();
    assert_eq!(kinds, ["text", "yes-no", "yes-no", "numeric", "numeric", "choice"]);
    assert_eq!(script.title, "Cats");
    assert_eq!(script.questions[4].kind, Kind::Numeric { digits: Some(2) });
}

#[test]
fn the_full_form_sets_everything() {
    let script = script(
        r##"{"title": "T", "language": "he", "voice": "Google.he-IL-Standard-A", "greeting": "Hi {{name}}",
            "goodbye": {"audio": "https://example.com/bye.mp3"}, "opt_out": {"key": "9", "say": "Nine ends this"},
            "limits": {"answer_max_secs": 60, "silence_timeout": 3, "asks_per_question": 3, "trim": false,
                       "beep": true, "finish_on_key": "*", "transcribe": true, "speech": false},
            "questions": [
              {"prompt": "Coming?", "type": "yes-no", "repeat_key": "#", "reprompt": "Yes or no?",
               "skip": [{"if": "no", "goto": 3}, {"if": {"equals": true}, "goto": "end"}]},
              {"audio": "https://example.com/q2.mp3", "choices": [{"key": 5, "label": "Five", "say": "Press five"}]},
              {"text": "Why?"}]}"##,
    );
    assert_eq!(script.language.as_str(), "he-IL");
    assert_eq!(script.voice.as_deref(), Some("Google.he-IL-Standard-A"));
    assert_eq!((script.limits.answer_max_secs, script.limits.silence_secs, script.limits.asks), (60, 3, 3));
    assert_eq!((script.limits.trim, script.limits.beep, script.limits.transcribe), (false, true, true));
    assert_eq!(script.limits.finish_on_key, Some(Key::STAR));
    let first = &script.questions[0];
    assert_eq!(first.repeat_key, Some(Key::HASH));
    assert_eq!((&first.skips[0].when, first.skips[0].goto), (&SkipIf::YesNo(false), Goto::Step(2)));
    assert_eq!((&first.skips[1].when, first.skips[1].goto), (&SkipIf::YesNo(true), Goto::End));
    assert_eq!(script.questions[1].kind.word(), "choice");
    assert_eq!(script.questions[1].prompt.audio.as_ref().unwrap().as_str(), "https://example.com/q2.mp3");
}

#[test]
fn errors_name_the_place_in_plain_words() {
    let long = format!(r#"["{}"]"#, "x".repeat(4_001));
    let many = format!("[{}]", vec!["\"q\""; 201].join(","));
    let table: &[(&str, usize, usize, &str)] = &[
        ("", 1, 1, "the file ends too early: a closing quote or bracket is missing"),
        ("[\"a\",\n \"b\"", 2, 4, "the file ends too early"),
        ("[\"a\",\n \"b\",\n]", 3, 1, "there is a comma too many before this bracket"),
        ("[{\"body\": \"a\",}]", 1, 15, "there is a comma too many before this bracket"),
        ("[\"שלום\" \"b\"]", 1, 9, "this is not JSON: expected `,` or `]`"),
        ("[]", 1, 1, "there are no questions"),
        ("\"q\"", 1, 1, "a questions file is a list of strings, or an object with a list “questions”"),
        ("{\"title\": \"x\"}", 1, 1, "there is no list “questions”"),
        ("[\"a\",\n  5]", 2, 3, "question 2: the question must be text in quotes, but this is 5"),
        ("[\"a\", \" \"]", 1, 7, "question 2: the question is empty"),
        ("[\"a {{name\"]", 1, 2, "question 1: the question opens “{{” without “}}”"),
        (&long, 1, 2, "question 1: the question has 4001 characters, at most 4000 are allowed"),
        (&many, 1, 802, "there are 201 questions, at most 200 are allowed"),
        (
            "{\"questions\": [\n{\"body\": \"a\",\n \"type\": \"video\"}]}",
            3,
            10,
            "question 1: the type “video” is not one of text, yes-no, consent, numeric, choice",
        ),
        (
            "{\"questions\": [{\"type\": \"text\"}]}",
            1,
            16,
            "question 1: the question has neither “body” nor “audio”",
        ),
        (
            "[{\"body\": \"a\", \"audio\": \"a.mp3\"}]",
            1,
            25,
            "question 1: an audio file is given by its full address",
        ),
        ("[{\"body\": \"a\", \"type\": \"choice\"}]", 1, 24, "question 1: a choice needs a list “choices”"),
        (
            "[{\"body\": \"a\", \"choices\": [{\"key\": 2, \"label\": \"b\"}, \"c\"]}]",
            1,
            54,
            "question 1: two choices have the key 2",
        ),
        (
            "[{\"body\": \"a\", \"choices\": [{\"key\": \"A\", \"label\": \"b\"}]}]",
            1,
            36,
            "question 1: a choice's key is one",
        ),
        (
            "[{\"body\": \"a\", \"repeat_key\": \"#\"}]",
            1,
            2,
            "question 1: the repeat key # also ends the answer",
        ),
        (
            "[{\"body\": \"a\", \"type\": \"yes-no\", \"skip\": [{\"if\": \"no\", \"goto\": 1}]}, \"b\"]",
            1,
            64,
            "question 1: a skip leads forward: question 1 is not after question 1",
        ),
        (
            "[{\"body\": \"a\", \"type\": \"yes-no\", \"skip\": [{\"if\": \"no\", \"goto\": 3}]}, \"b\"]",
            1,
            64,
            "question 1: there is no question 3, the last one is 2",
        ),
        (
            "[{\"body\": \"a\", \"skip\": {\"if\": \"no\", \"goto\": \"end\"}}]",
            1,
            31,
            "question 1: a recorded answer can't be",
        ),
        ("{\"language\": \"Hebrew!\", \"questions\": [\"a\"]}", 1, 14, "a language is written as a tag"),
        (
            "{\"limits\": {\"asks\": 0}, \"questions\": [\"a\"]}",
            1,
            21,
            "asks per question must be a whole number from 1 to 5",
        ),
        (
            "{\"limits\": {\"beep\": \"yes\"}, \"questions\": [\"a\"]}",
            1,
            21,
            "this limit must be true or false",
        ),
        (
            "{\"opt_out\": 1, \"questions\": [{\"body\": \"a\", \"type\": \"yes-no\"}]}",
            1,
            30,
            "question 1: the opt-out key 1 also answers the question",
        ),
        (
            "{\"opt_out\": \"#\", \"questions\": [\"a\"]}",
            1,
            13,
            "the opt-out key is also the key that ends an answer",
        ),
    ];
    let mut wrong = Vec::new();
    for (json, line, column, what) in table {
        let error = error(json);
        if (error.line, error.column) != (*line, *column) || !error.what.starts_with(what) {
            wrong.push(format!("{}\n   -> {error}", json.chars().take(80).collect::<String>()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bytes_that_are_not_utf8_are_placed_too() {
    let error = Script::parse(b"[\"a\",\n \"\xE9\"]", "test".parse().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 3: this is not UTF-8 text");
}

#[test]
fn a_version_is_the_hash_of_the_bytes() {
    assert_eq!(ScriptVersion::of(b"abc").to_string(), "ba7816bf8f01cfea");
    let version = ScriptVersion::of(b"abc");
    assert_eq!(ScriptVersion::from_bytes(version.to_bytes()), version);
    assert_eq!(version.to_string().parse(), Ok(version));
    assert_ne!(script("[\"a\"]").version, script("[\"b\"]").version);
}

#[test]
fn languages_are_normalized_tags() {
    let table = [
        ("en", "en-US"),
        ("HE", "he-IL"),
        ("iw_IL", "he-IL"),
        ("fr-fr", "fr-FR"),
        ("zh-Hant-TW", "zh-Hant-TW"),
    ];
    for (tag, expected) in table {
        assert_eq!(tag.parse::<super::super::Language>().unwrap().as_str(), expected);
    }
    for bad in ["", "e", "english", "en-", "en US", "עברית", "en-US-x-y-z-w"] {
        assert!(bad.parse::<super::super::Language>().is_err(), "{bad}");
    }
}

#[test]
fn names_of_scripts_are_checked() {
    for good in ["survey", "My questions 2.json", "שאלון"] {
        assert!(good.parse::<super::super::ScriptName>().is_ok(), "{good}");
    }
    for bad in ["", " a", "a/b", "..\\a", "a\nb", &"x".repeat(65)] {
        assert!(bad.parse::<super::super::ScriptName>().is_err(), "{bad}");
    }
}

/// Something near a questions file: its words and brackets in any order.
fn nearly_json() -> impl Strategy<Value = String> {
    let pieces = vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"questions\"",
        "\"body\"",
        "\"type\"",
        "\"choice\"",
        "\"choices\"",
        "\"skip\"",
        "\"if\"",
        "\"goto\"",
        "\"end\"",
        "\"limits\"",
        "\"asks\"",
        "\"שאלה\"",
        "\"\\ud800\"",
        "1",
        "-1e999",
        "null",
        "true",
        "\"numeric\"",
        "\"key\"",
        "\"label\"",
        "\"repeat_key\"",
        "\"{{name\"",
        "\n",
        "\"",
        "\u{FEFF}",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let word = prop::sample::select(vec![
        "yes-no",
        "numeric",
        "choice",
        "text",
        "end",
        "1",
        "#",
        "",
        "he",
        "a {{b}} c",
        "{{",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u8..12).prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "questions",
        "body",
        "type",
        "choices",
        "skip",
        "if",
        "goto",
        "limits",
        "asks",
        "key",
        "label",
        "repeat_key",
        "opt_out",
        "audio",
        "greeting",
        "language",
        "digits",
        "finish_on_key",
        "reprompt",
    ]);
    let any = leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    });
    let question = prop::collection::vec(any.clone(), 0..4);
    prop_oneof![
        any.clone(),
        (any, question).prop_map(|(limits, list)| json!({"questions": list, "limits": limits}))
    ]
}

proptest! {
    #[test]
    fn parsing_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Script::parse(&bytes, "fuzz".parse().unwrap());
    }

    #[test]
    fn parsing_something_near_json_never_panics_and_places_its_errors(text in nearly_json()) {
        if let Err(error) = Script::parse(text.as_bytes(), "fuzz".parse().unwrap()) {
            prop_assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1);
            prop_assert!(error.column >= 1 && !error.what.is_empty());
        }
    }

    #[test]
    fn what_is_read_can_be_written_and_read_back(value in any_json()) {
        if let Ok(script) = Script::parse(value.to_string().as_bytes(), "fuzz".parse().unwrap()) {
            let json = serde_json::to_string(&script).unwrap();
            prop_assert_eq!(serde_json::from_str::<Script>(&json).unwrap(), script);
        }
    }
}

#[test]
fn a_question_for_consent_comes_before_what_is_recorded() {
    let late = error(r#"["one", {"body": "May we record you?", "type": "consent"}]"#);
    assert!(late.what.contains("question 1 is recorded before question 2"), "{late}");
    let skips =
        error(r#"[{"body": "May we?", "type": "consent", "skip": {"if": "no", "goto": "end"}}, "one"]"#);
    assert!(skips.what.contains("without consent"));
}
