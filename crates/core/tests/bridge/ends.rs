//! Good-byes, time limits, machines.

use super::stage::{Stage, talk};
use trunkline_core::bridge::{Act, CarrierSays, Input, ModelDoes, ModelSays, Then, ToolAnswer};
use trunkline_core::call::{AnsweredBy, BotNews, BotOver};

fn end_call() -> ModelSays {
    ModelSays::Tool { id: "t1".into(), name: "end_call".into(), arguments: "{}".into() }
}

fn hangs_up() -> Input {
    Input::Tool(ToolAnswer { id: "t1".into(), output: "{}".into(), did: None, then: Then::HangUp })
}

#[test]
fn a_call_ends_when_the_good_bye_has_been_heard_and_not_when_it_was_made() {
    let mut stage = Stage::ready();
    stage.bot_begins("r1", "i1", "Good-bye, and thank you.", 2_400);
    stage.model(end_call());
    stage.bot_ends("r1", "i1", "Good-bye, and thank you.");
    stage.take(hangs_up());
    stage.plays(9);
    assert_eq!(stage.over(), None);
    stage.plays(1);
    assert_eq!(stage.over(), Some(BotOver::Finished));
    assert_eq!(stage.texts(), ["Good-bye, and thank you."]);
}

#[test]
fn a_bot_that_ends_a_call_without_a_word_is_asked_to_say_good_bye() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", "Hello.", 480);
    stage.plays_all();
    stage.speaks("c1");
    stage.said("c1", "Nothing, thanks.");
    stage.model(ModelSays::ResponseBegan { response: "r2".into() });
    stage.model(end_call());
    stage.model(ModelSays::ResponseOver {
        response: "r2".into(),
        end: trunkline_core::bridge::ResponseEnd::Completed,
    });
    let acts = stage.take(hangs_up());
    assert!(acts.iter().any(|act| matches!(act, Act::Model(ModelDoes::Answer(Some(_))))), "{acts:?}");
    assert_eq!(stage.over(), None);
    stage.bot_says("r3", "i3", "Good-bye.", 480);
    stage.plays_all();
    assert_eq!(stage.over(), Some(BotOver::Finished));
}

#[test]
fn a_good_bye_that_is_never_marked_as_heard_ends_the_call_all_the_same() {
    let mut stage = Stage::ready();
    stage.bot_begins("r1", "i1", "Good-bye.", 2_400);
    stage.model(end_call());
    stage.bot_ends("r1", "i1", "Good-bye.");
    stage.take(hangs_up());
    stage.passes(3_800);
    assert_eq!(stage.over(), None, "it may still be playing");
    stage.passes(200);
    assert_eq!(stage.over(), Some(BotOver::Finished));
}

#[test]
fn a_good_bye_is_not_cut_off_by_a_cough() {
    let mut stage = Stage::ready();
    stage.bot_begins("r1", "i1", "Good-bye.", 2_400);
    stage.model(end_call());
    stage.bot_ends("r1", "i1", "Good-bye.");
    stage.take(hangs_up());
    stage.plays(2);
    assert_eq!(stage.speaks("c1"), []);
}

#[test]
fn a_machine_that_takes_the_call_ends_the_talk() {
    for (by, why) in [(AnsweredBy::Machine, BotOver::Machine), (AnsweredBy::Fax, BotOver::Fax)] {
        let mut stage = Stage::ready();
        stage.take(Input::TakenBy(by));
        assert_eq!(stage.over(), Some(why));
    }
    let mut stage = Stage::ready();
    stage.take(Input::TakenBy(AnsweredBy::Human));
    assert_eq!(stage.over(), None);
}

#[test]
fn a_call_that_is_too_long_is_brought_to_an_end_in_words() {
    let mut stage = Stage::ready();
    let mut acts = Vec::new();
    for n in 0..400 {
        stage.bot_says(&format!("r{n}"), &format!("i{n}"), "Well.", 480);
        stage.plays_all();
        stage.speaks(&format!("c{n}"));
        stage.said(&format!("c{n}"), "Well?");
        acts = stage.passes(1_400);
        if !acts.is_empty() {
            break;
        }
    }
    assert!(matches!(acts.last(), Some(Act::Model(ModelDoes::Answer(Some(_))))), "{acts:?}");
    stage.bot_says("last", "last", "Good-bye.", 480);
    stage.plays_all();
    assert_eq!(stage.over(), Some(BotOver::TimeLimit));
}

#[test]
fn a_stream_that_breaks_off_is_told_and_the_next_one_knows_what_was_said() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", "Hello.", 480);
    stage.plays_all();
    stage.speaks("c1");
    stage.said("c1", "I am Ann.");
    let acts = stage.carrier(CarrierSays::Lost);
    assert!(acts.contains(&Act::Journal(BotNews::MediaLost { stream: 1 })), "{acts:?}");
    assert_eq!(stage.over(), None);

    let mut known = talk();
    let event_at = stage.now;
    known.replay(
        stage.acts.iter().filter_map(|act| match act {
            Act::Journal(news) => Some(news),
            _ => None,
        }),
        event_at,
    );
    let mut next = Stage::going_on(&known, 2);
    next.model(ModelSays::Opened);
    let acts = next.model(ModelSays::Configured);
    let remembered = acts.iter().filter(|act| matches!(act, Act::Model(ModelDoes::Remember(_)))).count();
    assert_eq!(remembered, 2, "{acts:?}");
    let Some(Act::Model(ModelDoes::Answer(Some(words)))) = acts.last() else { panic!("{acts:?}") };
    assert!(words.contains("Do not greet the caller again"));
}
