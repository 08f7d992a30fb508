//! Questions that take speech beside keys, told over by tables: whichever comes first ends it, and nothing of it reaches the
//! next one.

use super::tests::{HEAR, begun, gather, keys, onward, words};
use super::*;
use crate::voice::{Gather, Input, Verb};
use serde_json::json;
use trunkline_core::private::Private;

/// A question that takes both.
fn question(prompts: &[&str]) -> Verb {
    let Verb::Gather(keys) = gather(prompts) else { panic!("no gather") };
    let (language, hints) = (Some("he-IL".to_owned()), vec!["כן".to_owned(), "לא".to_owned()]);
    Verb::Gather(Box::new(Gather { input: Input::Both, language, hints, ..*keys }))
}

fn said(words: &str) -> Happened {
    Happened::Said { words: Private::new(words.to_owned()), is_final: true }
}

fn part(words: &str) -> Happened {
    Happened::Said { words: Private::new(words.to_owned()), is_final: false }
}

/// The answer that the page is asked with: what was said, and what was pressed.
fn answer(steps: &[Step]) -> Option<(Option<String>, Option<String>)> {
    let reveal = |text: &Option<Private<String>>| text.as_ref().map(|text| text.reveal().clone());
    match steps.last() {
        Some(Step::Ask(asked)) => {
            assert_eq!(asked.url, HEAR);
            Some((reveal(&asked.heard.speech), reveal(&asked.heard.digits)))
        }
        _ => None,
    }
}

fn spoken(text: &str) -> Option<(Option<String>, Option<String>)> {
    Some((Some(text.to_owned()), None))
}

fn pressed(keys: &str) -> Option<(Option<String>, Option<String>)> {
    Some((None, Some(keys.to_owned())))
}

#[test]
fn the_ears_open_before_the_question_in_its_language() {
    let (page, steps) = begun(vec![question(&["Yes?"]), onward()]);
    assert_eq!(words(&steps), ["transcription_start", "gather_using_speak", "wait"]);
    let Some(Step::Send(listen, mark)) = steps.first() else { panic!("{steps:?}") };
    let body = serde_json::Value::Object(listen.body("1"));
    let config = json!({
        "transcription_engine": "Google", "language": "iw", "interim_results": true, "hints": ["כן", "לא"],
    });
    let expected = json!({
        "transcription_engine": "Google", "transcription_engine_config": config,
        "transcription_tracks": "inbound",
    });
    assert_eq!(body, expected);
    assert!(mark.is_at(&page.mark()));
    assert!(format!("{:?}", said("secret")).find("secret").is_none(), "what is said is nobody else's");
}

#[test]
fn keys_and_languages_that_nobody_knows_are_asked_for_by_keys() {
    let Verb::Gather(both) = question(&["Yes?"]) else { panic!() };
    let unknown = Gather { language: Some("tlh".to_owned()), ..*both };
    for verb in [gather(&["Yes?"]), Verb::Gather(Box::new(unknown))] {
        let (mut page, steps) = begun(vec![verb, onward()]);
        assert_eq!(words(&steps), ["gather_using_speak", "wait"]);
        assert_eq!(page.hear(Some(&page.mark()), &said("yes")), Vec::new());
        assert_eq!(words(&page.hear(Some(&page.mark()), &keys("1"))), ["ask heard"]);
    }
}

#[test]
fn what_comes_first_ends_the_question_and_stops_what_waits_for_the_other() {
    let (mut page, _) = begun(vec![question(&["Yes?"]), onward()]);
    let mark = page.mark();
    let steps = page.hear(Some(&mark), &said("yes"));
    assert_eq!(words(&steps), ["transcription_stop", "gather_stop", "ask heard"]);
    assert_eq!(answer(&steps), spoken("yes"));
    for late in [said("yes"), said("no"), part("no"), keys("1"), keys(""), Happened::Key('1')] {
        assert_eq!(page.hear(Some(&mark), &late), Vec::new(), "{late:?}");
    }
    let (mut page, _) = begun(vec![question(&["Yes?"]), onward()]);
    let mark = page.mark();
    assert_eq!(page.hear(Some(&mark), &Happened::Key('1')), Vec::new(), "it is told of with the gather");
    let steps = page.hear(Some(&mark), &keys("1"));
    assert_eq!(words(&steps), ["transcription_stop", "ask heard"]);
    assert_eq!(answer(&steps), pressed("1"));
    assert_eq!(page.hear(Some(&mark), &said("no")), Vec::new());
}

#[test]
fn who_begins_to_speak_is_not_spoken_to_any_further() {
    let (mut page, _) = begun(vec![question(&["One.", "Two.", "Three."]), onward()]);
    let first = page.mark();
    assert_eq!(words(&page.hear(Some(&first), &keys(""))), ["gather_using_speak", "wait"]);
    assert_eq!(
        words(&page.hear(Some(&first), &part("tw"))),
        ["gather_stop", "wait"],
        "the ears are those of the whole question"
    );
    let second = page.mark();
    assert_eq!(page.hear(Some(&second), &keys("")), Vec::new(), "that the gather was stopped is no silence");
    assert_eq!(words(&page.hear(Some(&second), &part("two plea"))), ["wait"]);
    let steps = page.hear(Some(&second), &said("two please"));
    assert_eq!(
        (words(&steps), answer(&steps)),
        (vec!["transcription_stop".to_owned(), "ask heard".to_owned()], spoken("two please"))
    );
}

#[test]
fn who_speaks_and_then_presses_has_pressed() {
    let (mut page, _) = begun(vec![question(&["Yes?"]), onward()]);
    page.hear(Some(&page.mark()), &part("ehm"));
    let steps = page.hear(Some(&page.mark()), &Happened::Key('2'));
    assert_eq!(answer(&steps), pressed("2"));
    assert_eq!(words(&steps), ["transcription_stop", "ask heard"]);
}

#[test]
fn the_longest_part_counts_where_the_whole_is_lost() {
    for parts in [["the first", "the"], ["the", "the first"]] {
        let (mut page, _) = begun(vec![question(&["Which?"]), onward()]);
        for words in parts {
            page.hear(Some(&page.mark()), &part(words));
        }
        assert!(page.awaits_event() && !page.gathers(), "what is lost now is an event");
        assert_eq!(answer(&page.time_up()), spoken("the first"));
    }
}

#[test]
fn silence_is_waited_out_a_little_longer_and_stops_the_ears() {
    let (mut page, _) = begun(vec![question(&["Yes?"]), onward()]);
    assert_eq!(words(&page.hear(Some(&page.mark()), &keys(""))), ["wait"], "somebody may have begun");
    assert!(page.gathers() && !page.awaits_event(), "nothing is told of silence");
    let mut late = page.clone();
    assert_eq!(page.hear(Some(&page.mark()), &keys("")), Vec::new(), "told twice");
    assert_eq!(words(&page.time_up()), ["transcription_stop", "ask silent"]);
    assert_eq!(answer(&late.hear(Some(&late.mark()), &said("yes"))), spoken("yes"));
    // A lost end of the gather is one wait more.
    let (mut page, _) = begun(vec![question(&["Yes?"]), onward()]);
    assert_eq!(words(&page.time_up()), ["wait"]);
    assert_eq!(words(&page.time_up()), ["transcription_stop", "ask silent"]);
}

#[test]
fn where_telnyx_does_not_listen_the_question_goes_on_by_keys() {
    let (mut page, steps) = begun(vec![question(&["One.", "Two."]), onward()]);
    let Some(Step::Send(listen, mark)) = steps.first() else { panic!("{steps:?}") };
    assert_eq!(words(&page.hear(Some(&page.mark()), &keys(""))), ["gather_using_speak", "wait"]);
    assert_eq!(page.refused(listen, mark), Vec::new(), "told late, while the next prompt is heard");
    assert_eq!(page.hear(Some(&page.mark()), &said("yes")), Vec::new());
    let mut silent = page.clone();
    assert_eq!(words(&page.hear(Some(&page.mark()), &keys("1"))), ["ask heard"]);
    assert_eq!(words(&silent.hear(Some(&silent.mark()), &keys(""))), ["ask silent"]);
}

#[test]
fn a_question_that_is_broken_off_leaves_no_ears() {
    let stops = |page: &mut Performance| -> Vec<&str> {
        page.break_off().iter().map(|(command, _)| command.word()).collect()
    };
    let (mut page, _) = begun(vec![question(&["Yes?"])]);
    let mut speaks = page.clone();
    assert_eq!(stops(&mut page), ["transcription_stop", "gather_stop"]);
    speaks.hear(Some(&speaks.mark()), &part("ye"));
    assert_eq!(stops(&mut speaks), ["transcription_stop"]);
    assert_eq!(speaks.hear(Some(&speaks.mark()), &said("yes")), Vec::new());
}

/// Every order of every choice of what may happen at a question, each told once or twice, leads to one answer or to silence, and
/// leaves nothing running.
#[test]
fn whatever_order_it_is_told_in_a_question_ends_once_and_leaves_nothing_running() {
    let all = [part("yes"), part("yes plea"), said("yes please"), keys("1"), keys(""), Happened::Key('1')];
    let mut orders: Vec<Vec<usize>> = vec![Vec::new()];
    for length in 0..all.len() {
        let longer = orders.iter().filter(|order| order.len() == length).flat_map(|order| {
            let rest = (0..all.len()).filter(|next| !order.contains(next));
            rest.map(|next| order.iter().copied().chain([next]).collect()).collect::<Vec<Vec<usize>>>()
        });
        let longer: Vec<Vec<usize>> = longer.collect();
        orders.extend(longer);
    }
    for order in orders {
        for times in [1, 2] {
            let (mut page, first) = begun(vec![question(&["Yes?"]), onward()]);
            let mark = page.mark();
            let mut done = words(&first);
            for nth in &order {
                for _ in 0..times {
                    done.extend(words(&page.hear(Some(&mark), &all[*nth])));
                }
            }
            for _ in 0..3 {
                done.extend(words(&page.time_up()));
            }
            let count = |word: &str| done.iter().filter(|done| done.starts_with(word)).count();
            assert_eq!((count("ask"), page.is_over()), (1, true), "{order:?}: {done:?}");
            assert_eq!(count("transcription_stop"), 1, "{order:?}: {done:?}");
            assert!(count("gather_stop") <= 1, "{order:?}: {done:?}");
            let heard_something = order.iter().any(|nth| [0, 1, 2, 3].contains(nth));
            let silent_first = order.first() == Some(&5) || order.first() == Some(&4) || order.is_empty();
            assert!(count("ask heard") == 1 || !heard_something || silent_first, "{order:?}: {done:?}");
        }
    }
}
