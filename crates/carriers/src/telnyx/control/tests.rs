//! Performances, told over by tables: what is done next, and that what is late, doubled or of another verb moves nothing.

use super::*;
use crate::voice::{
    Beep, Dial, Document, Gather, Input, Method, OnEmpty, Play, Prompt, Record, Redirect, RejectReason, Say,
    Stream, Trim, Verb,
};
use std::time::Duration;
use trunkline_core::call::RecordingFact;
use trunkline_core::id::{CarrierCallId, RecordingId};
use trunkline_core::private::Private;

pub(super) const HEAR: &str = "https://us.example/voice?q=1&s=heard";
const NEXT: &str = "https://us.example/voice?q=1&s=silent";

fn say(text: &str) -> Verb {
    Verb::Say(Say { text: text.to_owned(), ..Say::default() })
}

pub(super) fn onward() -> Verb {
    Verb::Redirect(Redirect { url: NEXT.to_owned(), method: Method::Post })
}

fn record() -> Verb {
    Verb::Record(Box::new(Record {
        action: HEAR.to_owned(),
        method: Method::Post,
        timeout_secs: 3,
        max_length_secs: 60,
        finish_on_key: "#".to_owned(),
        beep: Beep::Played,
        trim: Trim::Nothing,
        status_callback: None,
        transcribe_callback: None,
    }))
}

pub(super) fn gather(prompts: &[&str]) -> Verb {
    let prompt = |text: &&str| Prompt::Say(Say { text: (*text).to_owned(), ..Say::default() });
    Verb::Gather(Box::new(Gather {
        input: Input::Keys,
        action: HEAR.to_owned(),
        method: Method::Post,
        timeout_secs: 5,
        num_digits: Some(1),
        finish_on_key: String::new(),
        language: None,
        hints: Vec::new(),
        on_empty: OnEmpty::FallsThrough,
        prompts: prompts.iter().map(prompt).collect(),
    }))
}

fn dial(asked_first: Option<&str>) -> Verb {
    Verb::Dial(Box::new(Dial {
        number: "+15550100".to_owned(),
        caller_id: Some("+15550199".to_owned()),
        action: Some(NEXT.to_owned()),
        method: Method::Post,
        timeout_secs: 20,
        time_limit_secs: Some(3_600),
        status_callback: Some("https://us.example/status?s=child".to_owned()),
        asked_first: asked_first.map(str::to_owned),
    }))
}

fn recorded(secs: u32) -> RecordingFact {
    let id = RecordingId::new("f5586561-8ff0-4291-a51b-c7dfe4139ff9");
    RecordingFact { id, url: String::new(), duration_secs: Some(secs) }
}

fn saved(recording: RecordingFact) -> Happened {
    Happened::RecordingSaved(Saved { recording: Some(recording), started_at: None })
}

pub(super) fn begun(verbs: Vec<Verb>) -> (Performance, Vec<Step>) {
    Performance::begin(&Document::new(verbs), 7, Some("page".to_owned()))
}

pub(super) fn words(steps: &[Step]) -> Vec<String> {
    let word = |step: &Step| match step {
        Step::Send(command, _) => command.word().to_owned(),
        Step::Wait(_) => "wait".to_owned(),
        Step::Ask(asked) => format!("ask {}", asked.url.rsplit('=').next().unwrap_or_default()),
        Step::FindRecording(_) => "find".to_owned(),
        Step::LookAt(_) => "look".to_owned(),
        Step::Join => "join".to_owned(),
    };
    steps.iter().map(word).collect()
}

pub(super) fn keys(digits: &str) -> Happened {
    Happened::GatherEnded {
        digits: Some(digits).filter(|keys| !keys.is_empty()).map(|keys| Private::new(keys.to_owned())),
    }
}

#[test]
fn a_question_is_spoken_recorded_and_brings_what_was_said() {
    let (mut page, steps) = begun(vec![say("Who are you?"), record(), onward()]);
    assert_eq!(words(&steps), ["speak", "wait"]);
    let steps = page.hear(Some(&page.mark()), &Happened::SpeakEnded);
    assert_eq!(words(&steps), ["record_start", "wait"]);
    assert_eq!(page.mark().token.as_deref(), Some("heard"), "the answer is known by its own address");
    assert_eq!(words(&page.hear(Some(&page.mark()), &Happened::Key('5'))), Vec::<String>::new());
    assert_eq!(words(&page.hear(Some(&page.mark()), &Happened::Key('#'))), ["record_stop", "wait"]);
    let steps = page.hear(Some(&page.mark()), &saved(recorded(4)));
    let [Step::Ask(asked)] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!((asked.url.as_str(), &asked.heard.recording), (HEAR, &Some(recorded(4))));
    assert_eq!(
        asked.heard.digits,
        Some(Private::new("#".to_owned())),
        "the key that ended it is told with it"
    );
    assert!(page.is_over());
}

#[test]
fn who_says_nothing_goes_on_to_what_follows_silence() {
    let (mut page, _) = begun(vec![record(), onward()]);
    let steps = page.hear(Some(&page.mark()), &saved(recorded(0)));
    assert_eq!(words(&steps), ["ask silent"]);
}

#[test]
fn prompts_are_heard_one_after_the_other_and_a_key_ends_all_of_them() {
    let (mut page, steps) = begun(vec![gather(&["One.", "Two."]), onward()]);
    assert_eq!(words(&steps), ["gather_using_speak", "wait"]);
    let first = page.mark();
    assert_eq!(words(&page.hear(Some(&first), &keys(""))), ["gather_using_speak", "wait"]);
    assert_eq!(words(&page.hear(Some(&first), &keys("1"))), Vec::<String>::new(), "late of the first prompt");
    let steps = page.hear(Some(&page.mark()), &keys("2"));
    let [Step::Ask(asked)] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(asked.heard.digits.as_ref().map(Private::reveal).map(String::as_str), Some("2"));
    let (mut page, _) = begun(vec![gather(&[]), onward()]);
    assert_eq!(words(&page.hear(Some(&page.mark()), &keys(""))), ["ask silent"]);
}

#[test]
fn what_is_doubled_late_or_of_another_performance_moves_nothing() {
    let all = [
        Happened::SpeakEnded,
        Happened::PlaybackEnded { heard: true },
        keys("1"),
        keys(""),
        Happened::Key('#'),
        saved(recorded(3)),
        Happened::RecordingFailed,
        Happened::StreamEnded,
        Happened::Said { words: Private::new("yes".to_owned()), is_final: true },
        Happened::Answered,
        Happened::Bridged,
    ];
    let stream = Verb::Connect(Stream { url: "wss://us.example/media".to_owned(), parameters: Vec::new() });
    let play = Verb::Play(Play { url: "https://us.example/a.wav".to_owned(), loops: None });
    let verbs =
        vec![say("a"), play, Verb::Pause { secs: 1 }, gather(&["b", "c"]), record(), stream, dial(None)];
    for upto in 0..=verbs.len() {
        let (mut page, _) = begun(verbs.clone());
        let mut earlier = Vec::new();
        for _ in 0..upto {
            earlier.push(page.mark());
            page.time_up();
        }
        let stands = page.clone();
        let foreign =
            [Mark { turn: 6, ..page.mark() }, Mark { verb: 99, ..page.mark() }, Mark::of_leg("page")];
        for mark in earlier.iter().filter(|mark| !mark.is_at(&stands.mark())).chain(&foreign) {
            for what in &all {
                assert_eq!(page.hear(Some(mark), what), Vec::new(), "{what:?} at {mark:?}");
            }
        }
        for what in &all {
            assert_eq!(page.hear(None, what), Vec::new(), "{what:?} without a mark");
        }
        assert_eq!(page, stands);
    }
}

#[test]
fn whatever_order_events_come_in_each_verb_is_done_once() {
    // Every order of the ends of three texts, each told twice.
    let marks = |verb| Mark { turn: 7, verb, part: 0, token: None };
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let (mut page, first) = begun(vec![say("a"), say("b"), say("c")]);
        let mut done = words(&first);
        for verb in order.into_iter().chain(order) {
            for _ in 0..2 {
                done.extend(words(&page.hear(Some(&marks(verb)), &Happened::SpeakEnded)));
            }
        }
        // What was told too early is lost: its time passes, and the call goes on.
        while !page.is_over() {
            done.extend(words(&page.time_up()));
        }
        let spoken = done.iter().filter(|word| *word == "speak").count();
        assert_eq!((spoken, done.last().map(String::as_str)), (3, Some("hangup")), "{order:?}: {done:?}");
    }
}

#[test]
fn nothing_is_waited_for_without_end_but_what_lasts_as_long_as_somebody_listens() {
    for verb in [say("a"), gather(&["b"]), record(), Verb::Pause { secs: 2 }, dial(None), dial(Some(HEAR))] {
        let (_, steps) = begun(vec![verb.clone(), onward()]);
        assert!(steps.iter().any(|step| matches!(step, Step::Wait(_))), "{verb:?}");
    }
}

#[test]
fn a_lost_end_of_a_recording_is_looked_for() {
    let (mut page, _) = begun(vec![record(), onward()]);
    assert_eq!(words(&page.time_up()), ["record_stop", "wait"]);
    assert_eq!(words(&page.time_up()), ["find"]);
    let mut other = page.clone();
    assert_eq!(words(&page.found(Some(recorded(9)))), ["ask heard"]);
    assert_eq!(words(&other.found(None)), ["ask silent"]);
}

#[test]
fn a_refused_command_costs_its_verb_and_not_the_call() {
    let (mut page, _) = begun(vec![say("a"), onward()]);
    let speak = Command::Speak(Say::default());
    assert_eq!(words(&page.refused(&speak, &page.mark())), ["wait"]);
    assert_eq!(words(&page.time_up()), ["ask silent"]);
    let (mut page, _) = begun(vec![dial(None)]);
    let hush = Command::Hush;
    assert_eq!(words(&page.refused(&hush, &page.mark())), ["ask silent"]);
}

#[test]
fn a_call_that_comes_in_is_taken_before_it_is_spoken_to_or_turned_away_untaken() {
    let (mut page, steps) = Performance::take(&Document::new(vec![say("a")]), 1, None);
    assert_eq!(words(&steps), ["answer", "wait"]);
    assert_eq!(words(&page.hear(None, &Happened::SpeakEnded)), Vec::<String>::new());
    assert_eq!(words(&page.hear(None, &Happened::Answered)), ["speak", "wait"]);
    assert_eq!(words(&page.hear(None, &Happened::Answered)), Vec::<String>::new());
    let (_, steps) = Performance::take(&Document::reject(RejectReason::Busy), 1, None);
    assert_eq!(words(&steps), ["reject"]);
}

#[test]
fn somebody_else_is_dialed_talks_and_leaves_and_the_page_goes_on() {
    let child = CarrierCallId::new("v3:abcdefgh");
    let (mut page, steps) = begun(vec![say("One moment."), dial(None)]);
    assert_eq!(words(&steps), ["speak", "wait"]);
    assert_eq!(words(&page.hear(Some(&page.mark()), &Happened::SpeakEnded)), ["transfer", "wait"]);
    assert_eq!(words(&page.talks(&child)), ["wait"]);
    assert_eq!(words(&page.talks(&child)), Vec::<String>::new());
    assert_eq!(words(&page.time_up()), ["look", "wait"]);
    let steps = page.left(&child, None);
    let [Step::Ask(asked)] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(asked.heard.dial.as_ref().and_then(|(leg, _)| leg.clone()), Some(child));
}

#[test]
fn who_is_asked_first_is_connected_when_they_say_so() {
    let (child, other) = (CarrierCallId::new("v3:abcdefgh"), CarrierCallId::new("v3:ijklmnop"));
    let (mut page, _) = begun(vec![say("One moment."), dial(Some(HEAR))]);
    page.time_up();
    assert_eq!(words(&page.time_up()), ["speak", "wait"], "who waits is told so again");
    page.dialed(&child);
    assert_eq!(words(&page.talks(&child)), Vec::<String>::new(), "that they picked up decides nothing");
    assert_eq!(words(&page.join(&other)), Vec::<String>::new());
    assert_eq!(words(&page.join(&child)), ["playback_stop", "bridge", "wait"]);
    assert_eq!(words(&page.join(&child)), Vec::<String>::new());
    let (_, steps) = Performance::begin(&Document::default(), 1, None);
    assert_eq!(words(&steps), ["join"], "an empty page connects");
}

#[test]
fn what_is_broken_off_is_stopped() {
    for (verb, stop) in [
        (say("a"), Some("playback_stop")),
        (gather(&["b"]), Some("gather_stop")),
        (record(), Some("record_stop")),
        (Verb::Pause { secs: 9 }, None),
    ] {
        let (mut page, _) = begun(vec![verb]);
        let stops = page.break_off();
        assert_eq!(stops.first().map(|(command, _)| command.word()), stop);
        assert!(page.is_over());
        assert_eq!(page.time_up(), Vec::new());
    }
}

#[test]
fn a_long_text_is_spoken_in_pieces_that_fit() {
    let text = "word ".repeat(1_500);
    let (mut page, steps) = begun(vec![say(&text)]);
    let mut pieces = steps;
    while !page.is_over() {
        pieces.extend(page.hear(Some(&page.mark()), &Happened::SpeakEnded));
    }
    let said: Vec<String> = pieces
        .iter()
        .filter_map(|step| match step {
            Step::Send(Command::Speak(say), _) => Some(say.text.clone()),
            _ => None,
        })
        .collect();
    assert!(said.len() > 2 && said.iter().all(|piece| piece.chars().count() <= 3_000));
    assert_eq!(said.concat(), text);
}

#[test]
fn a_file_that_can_not_be_played_does_not_make_a_page_turn_in_circles() {
    let (mut page, _) = begun(vec![Verb::Play(Play { url: "x".to_owned(), loops: None }), onward()]);
    let steps = page.hear(Some(&page.mark()), &Happened::PlaybackEnded { heard: false });
    assert_eq!(steps, [Step::Wait(Duration::from_secs(2))]);
}
