use proptest::prelude::*;

use super::super::{
    Answer, AudioUrl, Caller, Choice, Cursor, Goto, Heard, Key, Kind, Limits, Next, OptOut, Prompt, Question,
    Script, Skip, SkipIf, Then,
};
use super::{keys, named, on_silence, recording, says, script};

/// Plays a call to its end and returns the cursors of its pages. `heard` says what the person does on each; `None` is
/// a silence that the carrier lets fall through.
fn play(script: &Script, mut heard: impl FnMut(Cursor) -> Option<Heard>) -> Vec<Cursor> {
    let bound = script.questions.len() * (usize::from(script.limits.asks.max(1)) + 3);
    let mut pages = Vec::new();
    let mut next = script.start();
    loop {
        let page = script.page(&Caller::default(), next);
        let Next::Ask(at) = next else {
            assert_eq!(page.then, Then::HangUp);
            return pages;
        };
        pages.push(at);
        assert!(pages.len() <= bound, "a call of {bound} pages at most has {}", pages.len());
        next = match heard(at) {
            Some(heard) => script.hear(at, &heard).next,
            None => on_silence(&page).unwrap(),
        };
    }
}

/// An answer that fits the question.
fn fitting(script: &Script, at: Cursor) -> Heard {
    match &script.question(at.step).unwrap().kind {
        Kind::Text => recording(),
        Kind::YesNo | Kind::Consent => keys("1"),
        Kind::Numeric { digits } => keys(&"7".repeat(digits.unwrap_or(2).max(1).into())),
        Kind::Choice { choices } => keys(&choices[0].key.to_string()),
    }
}

fn steps(pages: &[Cursor]) -> Vec<u16> {
    pages.iter().map(|at| at.step).collect()
}

#[test]
fn every_question_is_asked_once_and_the_last_one_too() {
    let script = script(r#"["one", "two", "three", "four"]"#);
    let pages = play(&script, |at| Some(fitting(&script, at)));
    assert_eq!(steps(&pages), [0, 1, 2, 3]);
    assert!(pages.iter().all(|at| at.ask == 0));
}

/// S-20: whatever a person does but agree, no page records, however the script goes on.
#[test]
fn without_consent_nothing_is_recorded_and_the_call_ends() {
    let asks = script(r#"[{"body": "May we record you?", "type": "consent"}, "one", "two"]"#);
    for script in [asks, script(r#"["one", "two"]"#).with_consent()] {
        assert_eq!(steps(&play(&script, |at| Some(fitting(&script, at)))), [0, 1, 2], "who agrees is asked");
        let refusals: [Option<Heard>; 6] =
            [None, Some(keys("2")), Some(keys("0")), Some(keys("7")), Some(says("no")), Some(recording())];
        for heard in refusals {
            let pages = play(&script, |_| heard.clone());
            assert!(steps(&pages).iter().all(|step| *step == 0), "{heard:?}: {pages:?}");
            for at in pages {
                let then = script.page(&Caller::default(), Next::Ask(at)).then;
                assert!(!matches!(then, Then::Record(_)), "{heard:?} {at:?}");
            }
        }
    }
}

#[test]
fn a_script_that_is_made_to_ask_for_consent_goes_on_as_before_and_is_another_version() {
    let before =
        script(r#"[{"body": "Home?", "type": "yes-no", "skip": {"if": "no", "goto": 3}}, "one", "two"]"#);
    let after = before.clone().with_consent();
    assert_ne!(after.version, before.version);
    assert_eq!(after.questions.len(), 4);
    let pages = play(&after, |at| Some(if at.step == 1 { keys("2") } else { fitting(&after, at) }));
    assert_eq!(steps(&pages), [0, 1, 3], "the skip leads to the same question");
    let asks_by_itself = after.clone().with_consent();
    assert_eq!(asks_by_itself, after, "once is enough");
    let records_nothing = script(r#"[{"body": "Home?", "type": "yes-no"}]"#);
    assert_eq!(records_nothing.clone().with_consent(), records_nothing);
}

#[test]
fn a_silent_person_is_asked_each_question_twice() {
    let script = script(r#"["one", {"body": "two", "type": "yes-no"}, "three"]"#);
    let pages = play(&script, |_| None);
    let asked: Vec<(u16, u8)> = pages.iter().map(|at| (at.step, at.ask)).collect();
    assert_eq!(asked, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
}

#[test]
fn a_wrong_key_is_asked_again_and_then_skipped() {
    let script = script(r#"[{"body": "one", "type": "yes-no"}, "two"]"#);
    let verdict = script.hear(Cursor::START, &keys("7"));
    let again = Cursor { ask: 1, ..Cursor::START };
    assert_eq!((verdict.answer, verdict.next), (Answer::Invalid, Next::Ask(again)));
    assert_eq!(script.hear(again, &keys("7")).next, Next::Ask(Cursor::first(1)));
}

#[test]
fn the_repeat_key_uses_up_no_ask_but_is_bounded() {
    let script = script(r#"[{"body": "one", "type": "yes-no", "repeat_key": "*"}, "two"]"#);
    let verdict = script.hear(Cursor::START, &keys("*"));
    assert_eq!(verdict.next, Next::Ask(Cursor { step: 0, ask: 0, repeat: 1 }));
    assert_eq!(verdict.answer, Answer::Repeat);
    let pages = play(&script, |at| (at.step == 0).then(|| keys("*")));
    assert_eq!(pages.iter().filter(|at| at.step == 0).count(), 2 + 3);
    assert_eq!(pages.last().map(|at| at.step), Some(1));
}

#[test]
fn an_answer_may_skip_questions_or_end_the_script() {
    let script = script(
        r#"[{"body": "1", "type": "yes-no", "skip": [{"if": "no", "goto": 4}]},
            {"body": "2", "type": "numeric", "skip": {"if": 5, "goto": "end"}},
            {"body": "3", "choices": ["a", "b"], "skip": [{"if": "b", "goto": "end"}]},
            "4"]"#,
    );
    let next = |step, heard: &Heard| script.hear(Cursor::first(step), heard).next;
    let ask = |step| Next::Ask(Cursor::first(step));
    assert_eq!(next(0, &keys("2")), ask(3));
    assert_eq!(next(0, &says("yes")), ask(1));
    assert_eq!(next(1, &keys("05")), Next::GoodBye);
    assert_eq!(next(1, &keys("50")), ask(2));
    assert_eq!(next(2, &keys("2")), Next::GoodBye);
    assert_eq!(next(2, &keys("1")), ask(3));
    assert_eq!(next(3, &recording()), Next::GoodBye);
}

#[test]
fn a_skip_made_by_hand_that_leads_back_leads_onward() {
    let mut script = script(r#"[{"body": "1", "type": "yes-no"}, {"body": "2", "type": "yes-no"}, "3"]"#);
    for target in [0, 1] {
        script.questions[1].skips = vec![Skip { when: SkipIf::YesNo(true), goto: Goto::Step(target) }];
        assert_eq!(script.hear(Cursor::first(1), &keys("1")).next, Next::Ask(Cursor::first(2)));
    }
}

#[test]
fn what_is_heard_out_of_range_ends_the_call() {
    let verdict = script(r#"["one"]"#).hear(Cursor::first(7), &recording());
    assert_eq!((verdict.answer, verdict.next), (Answer::Invalid, Next::GoodBye));
}

#[test]
fn the_built_in_script_can_be_played() {
    let script = Script::builtin();
    assert_eq!(play(&script, |_| Some(recording())).len(), script.questions.len());
    assert!(script.questions.len() >= 3);
}

fn any_key() -> impl Strategy<Value = Key> {
    prop::sample::select("0123456789*#".chars().collect::<Vec<_>>())
        .prop_map(|char| Key::try_from(char).unwrap())
}

fn any_prompt() -> impl Strategy<Value = Prompt> {
    let audio: AudioUrl = "https://example.com/a.mp3".parse().unwrap();
    prop_oneof![
        ".{0,30}".prop_map(Prompt::say),
        Just(Prompt::play(audio)),
        Just(Prompt::say("Is {{name}} {{x}}, {{ ?"))
    ]
}

fn any_kind() -> impl Strategy<Value = Kind> {
    let choice = (any_key(), ".{0,8}", prop::option::of(".{0,8}")).prop_map(|(key, label, say)| Choice {
        key,
        label,
        say,
    });
    prop_oneof![
        Just(Kind::Text),
        Just(Kind::YesNo),
        prop::option::of(any::<u8>()).prop_map(|digits| Kind::Numeric { digits }),
        prop::collection::vec(choice, 0..4).prop_map(|choices| Kind::Choice { choices }),
    ]
}

/// Skips that no file could hold too: backward, onto themselves, beyond the end.
fn any_skip() -> impl Strategy<Value = Skip> {
    let when = prop_oneof![
        any::<bool>().prop_map(SkipIf::YesNo),
        "[0-9]{0,2}".prop_map(SkipIf::Number),
        any_key().prop_map(SkipIf::Choice)
    ];
    let goto = prop_oneof![(0u16..12).prop_map(Goto::Step), Just(Goto::Step(u16::MAX)), Just(Goto::End)];
    (when, goto).prop_map(|(when, goto)| Skip { when, goto })
}

/// Any script at all, also such as no file could hold.
fn any_script() -> impl Strategy<Value = Script> {
    let question = (
        any_prompt(),
        prop::option::of(any_prompt()),
        any_kind(),
        prop::option::of(any_key()),
        prop::collection::vec(any_skip(), 0..4),
    )
        .prop_map(|(prompt, reprompt, kind, repeat_key, skips)| Question {
            prompt,
            reprompt,
            kind,
            repeat_key,
            skips,
        });
    let opt_out = prop::option::of(any_key().prop_map(|key| OptOut { key, say: None }));
    let texts = (prop::option::of(any_prompt()), prop::option::of(any_prompt()));
    (prop::collection::vec(question, 0..8), 0u8..6, opt_out, texts).prop_map(
        |(questions, asks, opt_out, (greeting, goodbye))| Script {
            questions,
            opt_out,
            greeting,
            goodbye,
            limits: Limits { asks, ..Limits::default() },
            ..Script::builtin()
        },
    )
}

fn any_heard() -> impl Strategy<Value = Option<Heard>> {
    let digits = prop::option::of("[0-2]|[0-9*#]{0,3}|.{0,3}");
    let speech = prop::option::of(prop_oneof![Just("yes".to_owned()), Just("no".to_owned()), ".{0,12}"]);
    let heard = (digits, speech, any::<bool>()).prop_map(|(digits, speech, recording)| Heard {
        digits,
        speech,
        recording,
    });
    prop::option::of(heard)
}

proptest! {
    #[test]
    fn any_script_with_any_answers_reaches_its_goodbye(script in any_script(), heard in prop::collection::vec(any_heard(), 1..60)) {
        let mut turns = heard.iter().cycle().cloned();
        let pages = play(&script, |_| turns.next().flatten());
        prop_assert!(pages.is_sorted(), "a call never goes back: {pages:?}");
        prop_assert!(pages.iter().zip(pages.iter().skip(1)).all(|(one, two)| one != two), "no page comes twice");
    }

    #[test]
    fn silence_asks_every_question_as_often_as_allowed(script in any_script()) {
        let asks = usize::from(script.limits.asks.max(1));
        let expected: Vec<u16> = (0u16..).take(script.questions.len()).flat_map(|step| vec![step; asks]).collect();
        prop_assert_eq!(steps(&play(&script, |_| None)), expected.clone());
        // A carrier that reports the silence instead of falling through takes the same way.
        prop_assert_eq!(steps(&play(&script, |_| Some(Heard::default()))), expected);
    }

    #[test]
    fn without_skips_every_question_is_asked_once(script in any_script()) {
        let plain = |question: Question| Question { skips: Vec::new(), repeat_key: None, ..question };
        let answerable = |question: &Question| !matches!(&question.kind, Kind::Choice { choices } if choices.is_empty());
        let questions: Vec<Question> = script.questions.into_iter().map(plain).filter(answerable).collect();
        let script = Script { questions, opt_out: None, ..script };
        let expected: Vec<u16> = (0u16..).take(script.questions.len()).collect();
        prop_assert_eq!(steps(&play(&script, |at| Some(fitting(&script, at)))), expected);
    }

    #[test]
    fn every_cursor_has_a_page_and_always_the_same(script in any_script(), step in any::<u16>(), ask in any::<u8>(), repeat in any::<u8>(), heard in any_heard()) {
        for step in [step, step % 9] {
            let at = Cursor { step, ask, repeat };
            let page = script.open(&named("Ann"), at);
            prop_assert_eq!(&page, &script.clone().open(&named("Ann"), at));
            let json = serde_json::to_string(&page).unwrap();
            prop_assert_eq!(serde_json::from_str::<super::super::Page>(&json).unwrap(), page);
            let _ = script.hear(at, &heard.clone().unwrap_or_default());
        }
    }
}
