//! Whatever comes in, in whatever order.

use super::stage::{Stage, is_clear, sound};
use proptest::prelude::*;
use std::collections::BTreeMap;
use trunkline_core::bridge::{
    Act, CarrierDoes, CarrierSays, Input, ModelDoes, ModelSays, ResponseEnd, Then, ToolAnswer, WhyLost,
};

fn name(kind: &'static str) -> impl Strategy<Value = String> {
    (0..4_u8).prop_map(move |n| format!("{kind}{n}"))
}

fn model() -> impl Strategy<Value = ModelSays> {
    prop_oneof![
        Just(ModelSays::Opened),
        Just(ModelSays::Configured),
        name("c").prop_map(|item| ModelSays::SpeechStarted { item, at_ms: 0 }),
        name("c").prop_map(|item| ModelSays::SpeechStopped { item, at_ms: 700 }),
        name("c").prop_map(|item| ModelSays::CallerLine { item, text: "Yes.".into() }),
        name("r").prop_map(|response| ModelSays::ResponseBegan { response }),
        (name("r"), name("i"), 0..900_usize).prop_map(|(response, item, ms)| ModelSays::Audio {
            response,
            item,
            sound: sound(ms)
        }),
        name("i").prop_map(|item| ModelSays::BotWords { item, words: "some words ".into() }),
        name("i").prop_map(|item| ModelSays::AudioOver { item }),
        (name("t")).prop_map(|id| ModelSays::Tool { id, name: "x".into(), arguments: "{".into() }),
        name("r").prop_map(|response| ModelSays::ResponseOver { response, end: ResponseEnd::Completed }),
        Just(ModelSays::Expired),
        Just(ModelSays::Lost(WhyLost::Closed)),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Model(ModelSays),
    Plays(usize),
    Stale(u32),
    Digit,
    Answered(String),
    Passes(i64),
    Stopped,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => model().prop_map(Step::Model),
        6 => (1..5_usize).prop_map(Step::Plays),
        1 => (0..40_u32).prop_map(Step::Stale),
        1 => Just(Step::Digit),
        2 => name("t").prop_map(Step::Answered),
        5 => (0..3_000_i64).prop_map(Step::Passes),
        1 => Just(Step::Stopped),
    ]
}

proptest! {
    #[test]
    fn nobody_is_told_of_more_than_was_heard_and_nothing_comes_after_the_end(
        steps in proptest::collection::vec(step(), 0..120)
    ) {
        let mut stage = Stage::ready();
        let mut made: BTreeMap<String, u32> = BTreeMap::new();
        for step in steps {
            let was_done = stage.bridge.is_done();
            let from = stage.acts.len();
            match step {
                Step::Model(says) => {
                    if let ModelSays::Audio { item, sound, .. } = &says {
                        let padding = sound.bytes().filter(|byte| *byte == b'=').count();
                        let bytes = (sound.len() - padding) * 3 / 4;
                        *made.entry(item.clone()).or_default() += u32::try_from(bytes).unwrap();
                    }
                    stage.model(says);
                }
                Step::Plays(pieces) => stage.plays(pieces),
                Step::Stale(no) => { stage.carrier(CarrierSays::Mark(format!("g0-m{no}"))); }
                Step::Digit => { stage.carrier(CarrierSays::Digit('1')); }
                Step::Answered(id) => {
                    stage.take(Input::Tool(ToolAnswer { id, output: "{}".into(), did: None, then: Then::GoOn }));
                }
                Step::Passes(ms) => { stage.passes(ms); }
                Step::Stopped => { stage.carrier(CarrierSays::Stopped); }
            }
            let acts = &stage.acts[from..];
            prop_assert!(!was_done || acts.is_empty(), "after the end: {acts:?}");
            for act in acts {
                if let Act::Model(ModelDoes::Truncate { item, heard_ms }) = act {
                    let known = made.get(item).copied().unwrap_or(0) / 8;
                    prop_assert!(*heard_ms <= known, "{heard_ms} of {known}");
                }
            }
            // What is taken back is taken back: no sound before the clear may come after it.
            if let Some(clear) = acts.iter().position(is_clear) {
                let later = acts[clear + 1..].iter().any(|act| matches!(act, Act::Carrier(CarrierDoes::Play(_))));
                prop_assert!(!later, "{acts:?}");
            }
            if let Some(at) = stage.bridge.deadline() {
                prop_assert!(at.duration_since(stage.now).as_secs() <= 600);
            }
        }
        // It always comes to an end once the caller is gone.
        stage.carrier(CarrierSays::Stopped);
        stage.passes(2_000);
        prop_assert!(stage.bridge.is_done());
        prop_assert_eq!(stage.count(|act| *act == Act::Done), 1);
    }
}
