//! What a bot asks for.

use super::stage::Stage;
use trunkline_core::bridge::{Act, Input, ModelDoes, ModelSays, ResponseEnd, Then, ToolAnswer, WhyLost};
use trunkline_core::call::BotNews;

fn asks(id: &str) -> ModelSays {
    ModelSays::Tool { id: id.into(), name: "confirm".into(), arguments: "{}".into() }
}

fn over(response: &str) -> ModelSays {
    ModelSays::ResponseOver { response: response.into(), end: ResponseEnd::Completed }
}

fn answers(id: &str) -> Input {
    Input::Tool(ToolAnswer { id: id.into(), output: "{\"ok\":true}".into(), did: None, then: Then::GoOn })
}

fn asked(stage: &Stage) -> usize {
    stage.count(|act| matches!(act, Act::AskTool { .. }))
}

#[test]
fn the_same_asking_twice_is_answered_once() {
    let mut stage = Stage::ready();
    stage.model(ModelSays::ResponseBegan { response: "r1".into() });
    stage.model(asks("t1"));
    stage.model(asks("t1"));
    stage.model(over("r1"));
    stage.take(answers("t1"));
    stage.take(answers("t1"));
    stage.model(asks("t1"));
    assert_eq!(asked(&stage), 1);
    let told = stage.count(|act| matches!(act, Act::Model(ModelDoes::ToolAnswered { .. })));
    assert_eq!(told, 1);
}

#[test]
fn an_asking_is_written_down_before_it_is_done() {
    let mut stage = Stage::ready();
    stage.model(ModelSays::ResponseBegan { response: "r1".into() });
    let acts = stage.model(asks("t1"));
    assert!(matches!(acts[..], [Act::Journal(BotNews::ToolAsked { .. }), Act::AskTool { .. }]), "{acts:?}");
}

#[test]
fn the_bot_goes_on_when_all_that_it_asked_for_is_answered() {
    let mut stage = Stage::ready();
    stage.model(ModelSays::ResponseBegan { response: "r1".into() });
    stage.model(asks("t1"));
    stage.model(asks("t2"));
    stage.take(answers("t1"));
    stage.model(over("r1"));
    let goes_on = |acts: &[Act]| acts.contains(&Act::Model(ModelDoes::Answer(None)));
    assert!(!goes_on(&stage.acts));
    let acts = stage.take(answers("t2"));
    assert!(goes_on(&acts), "{acts:?}");
}

#[test]
fn a_tool_that_takes_too_long_is_answered_with_an_error() {
    let mut stage = Stage::ready();
    stage.model(ModelSays::ResponseBegan { response: "r1".into() });
    stage.model(asks("t1"));
    stage.model(over("r1"));
    let acts = stage.passes(5_000);
    let told = acts.iter().any(|act| matches!(act, Act::Model(ModelDoes::ToolAnswered { output, .. }) if output.contains("unavailable")));
    assert!(told, "{acts:?}");
    assert_eq!(stage.take(answers("t1")), [], "what comes later changes nothing");
}

#[test]
fn a_model_that_asks_for_ever_is_not_obeyed_for_ever() {
    let mut stage = Stage::ready();
    for n in 0..100 {
        let response = format!("r{n}");
        stage.model(ModelSays::ResponseBegan { response: response.clone() });
        stage.model(asks(&format!("t{n}")));
        stage.model(over(&response));
        stage.take(answers(&format!("t{n}")));
    }
    assert_eq!(asked(&stage), 20);
}

/// A model that was lost once is not waited for long. While a tool is at work it is not waited for at all.
#[test]
fn a_tool_at_work_is_no_silence_of_the_model() {
    let mut stage = Stage::ready();
    stage.bot_says("r1", "i1", "Hello.", 960);
    stage.plays_all();
    stage.said("c1", "Confirm it, please.");
    stage.model(ModelSays::Lost(WhyLost::Closed));
    stage.model(ModelSays::Opened);
    stage.model(ModelSays::Configured);
    stage.model(ModelSays::ResponseBegan { response: "r2".into() });
    stage.model(asks("t1"));
    stage.model(over("r2"));
    let lost = |stage: &Stage| stage.count(|act| matches!(act, Act::Journal(BotNews::ModelLost { .. })));
    stage.passes(4_000);
    assert_eq!((stage.over(), lost(&stage)), (None, 1));
    let acts = stage.take(answers("t1"));
    assert!(acts.contains(&Act::Model(ModelDoes::Answer(None))), "now it is the model's to speak: {acts:?}");
    stage.passes(4_000);
    assert_eq!(lost(&stage), 2, "and that it does not is its silence");
}
