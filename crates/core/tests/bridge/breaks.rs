//! What breaks in voice bots, one by one.

use super::stage::{Stage, is_clear, is_play, sound, truncated};
use trunkline_core::bridge::{Act, CarrierSays, ModelDoes, ModelSays, ResponseEnd, WhyLost};
use trunkline_core::call::{BotNews, BotOver, TokenKind, Tokens, WordsState};

const LONG: &str = "I have very much to tell you about everything that we do here.";

#[test]
fn the_carrier_is_told_to_clear_its_buffer_at_once_when_the_caller_speaks_up() {
    let mut stage = Stage::ready();
    stage.bot_begins("r1", "i1", LONG, 4_800);
    stage.plays(4);
    let acts = stage.speaks("c1");
    assert!(is_clear(&acts[0]), "before anything else: {acts:?}");
    assert!(acts.contains(&Act::Model(ModelDoes::Cancel)), "{acts:?}");
}

#[test]
fn clear_is_sent_also_when_the_model_is_done_and_the_carrier_still_plays() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", LONG, 4_800);
    stage.plays(4);
    let acts = stage.speaks("c1");
    assert!(is_clear(&acts[0]), "{acts:?}");
    assert!(!acts.contains(&Act::Model(ModelDoes::Cancel)), "nothing is left to cancel: {acts:?}");
    assert_eq!(truncated(&acts), Some(960));
}

#[test]
fn nothing_is_cleared_when_the_bot_was_heard_to_the_end() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", LONG, 4_800);
    stage.plays_all();
    assert_eq!(stage.speaks("c1"), []);
}

/// `Audio content of 3700ms is already shorter than 3760ms`: clocks drift, and what was queued is not what was made.
#[test]
fn an_item_is_never_truncated_beyond_its_real_length() {
    let mut stage = Stage::ready();
    stage.bot_begins("r1", "i1", LONG, 3_700);
    stage.plays_all();
    stage.passes(400);
    let acts = stage.speaks("c1");
    assert_eq!(truncated(&acts), Some(3_700), "{acts:?}");
}

#[test]
fn an_item_is_truncated_by_what_was_played_and_not_by_what_was_queued() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", LONG, 4_800);
    stage.plays(5);
    let acts = stage.speaks("c1");
    assert_eq!(truncated(&acts), Some(1_200));
    let (_, text, state) = stage.transcript().remove(0);
    assert_eq!(state, WordsState::Cut);
    assert!(LONG.starts_with(&text) && text.len() <= LONG.len() / 4, "{text:?}");
}

#[test]
fn late_sound_of_an_item_that_was_cut_off_is_not_played() {
    let mut stage = Stage::ready();
    stage.bot_begins("r1", "i1", LONG, 4_800);
    stage.plays(2);
    stage.speaks("c1");
    let late = ModelSays::Audio { response: "r1".into(), item: "i1".into(), sound: sound(400) };
    assert!(!stage.model(late.clone()).iter().any(is_play));
    stage.model(ModelSays::ResponseOver { response: "r1".into(), end: ResponseEnd::Cancelled });
    stage.said("c1", "Stop.");
    stage.model(ModelSays::ResponseBegan { response: "r2".into() });
    assert!(!stage.model(late).iter().any(is_play), "nor in the next answer");
    let words = ModelSays::BotWords { item: "i1".into(), words: " and so on".into() };
    stage.model(words);
    assert!(!stage.texts()[0].contains("and so on"));
}

#[test]
fn marks_of_a_generation_that_was_cleared_count_for_nothing() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", LONG, 4_800);
    stage.plays(2);
    let stale = stage.marks.clone();
    stage.marks.clear();
    stage.speaks("c1");
    let before = stage.texts()[0].clone();
    for name in stale {
        stage.carrier(CarrierSays::Mark(name));
    }
    assert_eq!(stage.texts()[0], before, "Twilio tells of marks that it dropped, too");
    stage.said("c1", "Yes.");
    stage.bot_begins("r2", "i2", "All right.", 480);
    assert!(stage.marks[0].starts_with("g1-"), "{:?}", stage.marks);
}

#[test]
fn every_mark_has_a_name_of_its_own() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", LONG, 4_800);
    let mut names = stage.marks.clone();
    names.dedup();
    assert_eq!((names.len(), stage.marks.len()), (20, 20), "one for each 240 ms");
}

#[test]
fn the_greatest_length_of_a_session_does_not_end_the_call() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", "Hello.", 960);
    stage.plays_all();
    let acts = stage.model(ModelSays::Expired);
    assert!(acts.contains(&Act::OpenModel), "{acts:?}");
    stage.model(ModelSays::Opened);
    let acts = stage.model(ModelSays::Configured);
    let remembers = acts.iter().any(|act| matches!(act, Act::Model(ModelDoes::Remember(_))));
    assert!(remembers, "it is told what was said: {acts:?}");
    let speaks = acts.iter().any(|act| matches!(act, Act::Model(ModelDoes::Answer(_))));
    assert!(!speaks, "nobody waited for an answer: {acts:?}");
    assert_eq!(stage.over(), None);
}

#[test]
fn the_model_is_let_go_within_two_seconds_of_the_hang_up() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", LONG, 4_800);
    stage.plays(3);
    stage.speaks("c1");
    let acts = stage.carrier(CarrierSays::Stopped);
    assert!(acts.contains(&Act::Model(ModelDoes::Commit)), "the last words are asked for: {acts:?}");
    stage.passes(1_999);
    assert_eq!(stage.count(|act| *act == Act::CloseModel), 1);
    assert!(stage.bridge.is_done());
}

#[test]
fn the_last_words_of_who_hangs_up_are_kept_if_their_text_comes_in_time() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", "Hello.", 960);
    stage.plays_all();
    stage.speaks("c1");
    stage.carrier(CarrierSays::Stopped);
    stage.passes(700);
    stage.model(ModelSays::CallerLine { item: "c1".into(), text: "Cancel it.".into() });
    assert_eq!(stage.texts(), ["Hello.", "Cancel it."]);
    assert!(stage.bridge.is_done(), "nothing else is waited for");
}

#[test]
fn a_text_that_comes_late_stands_where_it_was_said() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", "Hello.", 960);
    stage.plays_all();
    stage.speaks("c1");
    stage.model(ModelSays::SpeechStopped { item: "c1".into(), at_ms: 900 });
    stage.model(ModelSays::Committed { item: "c1".into() });
    stage.bot_says("r2", "i2", "All right.", 960);
    stage.plays_all();
    stage.model(ModelSays::CallerLine { item: "c1".into(), text: "Book me in.".into() });
    assert_eq!(stage.texts(), ["Hello.", "Book me in.", "All right."]);
}

#[test]
fn a_turn_whose_text_never_comes_is_a_line_all_the_same() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", "Hello.", 960);
    stage.plays_all();
    stage.speaks("c1");
    stage.model(ModelSays::SpeechStopped { item: "c1".into(), at_ms: 900 });
    stage.bot_says("r2", "i2", "All right.", 960);
    stage.plays_all();
    stage.passes(12_000);
    assert_eq!(stage.transcript()[1].2, WordsState::Lost);
}

#[test]
fn noise_does_not_restart_the_timer_of_silence_for_ever() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", "Hello.", 960);
    stage.plays_all();
    let begun = stage.now;
    for n in 0..200 {
        let item = format!("c{n}");
        stage.speaks(&item);
        stage.passes(400);
        stage.said(&item, "");
        let response = format!("r{n}");
        stage.bot_says(&response, &format!("i{n}x"), "Pardon?", 480);
        stage.plays_all();
        stage.passes(200);
        if stage.over().is_some() {
            break;
        }
    }
    assert_eq!(stage.over(), Some(BotOver::Noise));
    assert!(stage.now.duration_since(begun).as_secs() <= 95);
}

#[test]
fn who_talks_without_a_pause_is_spoken_to_and_then_given_up() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", "Hello.", 960);
    stage.plays_all();
    stage.speaks("c1");
    let acts = stage.passes(60_000);
    assert!(matches!(acts[..], [Act::Model(ModelDoes::Answer(Some(_)))]), "{acts:?}");
    stage.bot_says("r2", "i2", "I can't understand you.", 960);
    stage.plays_all();
    stage.passes(30_000);
    assert_eq!(stage.over(), Some(BotOver::Noise));
}

#[test]
fn who_is_silent_is_asked_once_after_20_s_and_the_call_is_over_after_10_more() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", "Hello.", 960);
    stage.plays_all();
    assert_eq!(stage.passes(19_900), []);
    let acts = stage.passes(100);
    assert!(matches!(acts[..], [Act::Model(ModelDoes::Answer(Some(_)))]), "{acts:?}");
    stage.bot_says("r2", "i2", "Are you there?", 960);
    stage.plays_all();
    stage.passes(9_900);
    assert_eq!(stage.over(), None);
    stage.passes(100);
    assert_eq!(stage.over(), Some(BotOver::Silence));
}

#[test]
fn sound_goes_through_untouched_and_only_once_the_model_is_ready() {
    let mut stage = Stage::begin();
    let frame = |n: u8| CarrierSays::Audio(format!("frame{n}=="));
    assert_eq!(stage.carrier(frame(1)), []);
    stage.model(ModelSays::Opened);
    assert_eq!(stage.carrier(frame(2)), []);
    let acts = stage.model(ModelSays::Configured);
    let heard: Vec<&str> = acts
        .iter()
        .filter_map(|act| match act {
            Act::Model(ModelDoes::Hear(sound)) => Some(sound.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(heard, ["frame1==", "frame2=="]);
    assert_eq!(stage.carrier(frame(3)), [Act::Model(ModelDoes::Hear("frame3==".into()))]);
}

#[test]
fn what_the_bot_says_is_written_down_while_it_is_heard() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", LONG, 4_800);
    stage.plays(8);
    let (_, text, state) = stage.transcript().remove(0);
    assert_eq!(state, WordsState::Going);
    assert!(LONG.starts_with(&text) && text.len() > 15 && text.len() < 30, "{text:?}");
    stage.plays_all();
    assert_eq!(stage.transcript()[0], (10_001, LONG.to_owned(), WordsState::Whole));
}

#[test]
fn a_model_that_is_lost_twice_without_a_word_leaves_the_call_to_the_script() {
    let mut stage = Stage::ready();
    stage.passes(1_500);
    assert_eq!(stage.count(|act| *act == Act::OpenModel), 2, "it said nothing where it had to");
    stage.passes(1_400);
    assert_eq!(stage.over(), Some(BotOver::Failed), "within three seconds");
    let lost = stage.count(|act| matches!(act, Act::Journal(BotNews::ModelLost { .. })));
    assert_eq!(lost, 2);
}

#[test]
fn a_caller_who_waits_hears_the_script_in_time_however_late_each_session_fails() {
    let mut stage = Stage::ready();
    stage.passes(1_500);
    stage.model(ModelSays::Opened);
    stage.passes(400);
    stage.model(ModelSays::Configured);
    stage.passes(99);
    assert_eq!(stage.over(), None, "the second session has its chance");
    stage.passes(1);
    assert_eq!(stage.over(), Some(BotOver::Failed), "2 seconds after the caller began to wait");
}

#[test]
fn a_model_that_breaks_off_in_every_sentence_is_given_up_in_the_end() {
    let mut stage = Stage::ready();
    for n in 0..6 {
        assert_eq!(stage.over(), None, "after {n} times");
        stage.bot_begins(&format!("r{n}"), &format!("i{n}"), LONG, 4_800);
        stage.model(ModelSays::Lost(WhyLost::Closed));
        stage.model(ModelSays::Opened);
        stage.model(ModelSays::Configured);
    }
    assert_eq!(stage.over(), Some(BotOver::Failed));
}

#[test]
fn what_answers_have_used_is_told_as_it_grows_and_an_answer_that_was_not_counted_shows() {
    let mut stage = Stage::ready();
    let tokens = |out| Tokens([(TokenKind::AudioOut, out)].into());
    stage.bot_says("r1", "i1", "Hello.", 480);
    stage.model(ModelSays::Used(tokens(30)));
    stage.plays_all();
    stage.speaks("c1");
    stage.said("c1", "I am Ann.");
    stage.bot_begins("r2", "i2", LONG, 4_800);
    stage.carrier(CarrierSays::Stopped);
    stage.passes(2_000);
    let told: Vec<(u32, u32)> = stage
        .acts
        .iter()
        .filter_map(|act| match act {
            Act::Journal(BotNews::Used { used, .. }) => Some((used.answers, used.counted)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(1, 1), (2, 1)], "the second was cut off with the line");
}

#[test]
fn a_new_session_knows_what_is_being_heard_and_is_not_told_to_cut_what_it_never_said() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", LONG, 4_800);
    stage.plays(3);
    stage.model(ModelSays::Expired);
    stage.model(ModelSays::Opened);
    let acts = stage.model(ModelSays::Configured);
    let known = trunkline_core::bridge::Remembered::Bot(LONG.to_owned());
    assert_eq!(acts, [Act::Model(ModelDoes::Remember(known))]);
    let acts = stage.speaks("c1");
    assert!(is_clear(&acts[0]) && truncated(&acts).is_none(), "{acts:?}");
}
