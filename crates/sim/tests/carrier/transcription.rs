//! What people say while it is transcribed, as Telnyx's Call Control tells it.

use serde_json::{Value, json};
use trunkline_sim::{CallEvent, Fault, FaultKind, Habit, Heard};

use crate::call_control::{ANN, World};

const TOLD: &str = "call.transcription";

/// Somebody who has picked up, and what Google is asked to hear of them.
async fn listened_to(world: &World) -> trunkline_sim::CallSid {
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    let config = json!({"transcription_engine": "Google", "language": "en", "interim_results": true});
    world.command(&ann, "transcription_start", json!({"transcription_engine_config": config})).await;
    ann
}

fn question() -> Value {
    json!({
        "payload": "Yes or no?", "voice": "female", "maximum_digits": 1, "maximum_tries": 1,
        "timeout_millis": 30000,
    })
}

fn data(told: &Value) -> (bool, &str) {
    let data = &told["transcription_data"];
    (data["is_final"].as_bool().unwrap(), data["transcript"].as_str().unwrap())
}

#[tokio::test]
async fn who_would_rather_speak_is_told_in_parts_and_whole() {
    let world = World::new(vec![(ANN, Habit::says(["yes of course", "no"]))]).await;
    let ann = listened_to(&world).await;
    world.command(&ann, "gather_using_speak", question()).await;
    let (part, whole) = (world.nth(&ann, TOLD, 0).await, world.nth(&ann, TOLD, 1).await);
    assert_eq!((data(&part), data(&whole)), ((false, "yes of"), (true, "yes of course")));
    let confidence = whole["transcription_data"]["confidence"].as_f64().unwrap();
    assert!((0.8..1.0).contains(&confidence), "{confidence}");
    // Nobody presses a key who has spoken, and what is recorded is heard too.
    assert_eq!(world.told(&ann, "call.gather.ended").await["status"], "timeout");
    let record = json!({"format": "wav", "channels": "single", "play_beep": true, "timeout_secs": 3});
    world.command(&ann, "record_start", record).await;
    assert_eq!(data(&world.nth(&ann, TOLD, 3).await), (true, "no"));
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
}

#[tokio::test]
async fn nothing_is_told_that_nobody_listens_to() {
    let world = World::new(vec![(ANN, Habit::says(["yes", "no", "yes"]))]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    // Nobody listens yet: keys are pressed.
    world.command(&ann, "gather_using_speak", question()).await;
    assert_eq!(world.told(&ann, "call.gather.ended").await["status"], "valid");
    world.command(&ann, "transcription_start", json!({})).await;
    world.command(&ann, "transcription_stop", json!({})).await;
    world.command(&ann, "transcription_stop", json!({})).await;
    world.command(&ann, "gather_using_speak", question()).await;
    world.nth(&ann, "call.gather.ended", 1).await;
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
    assert!(!world.types(&ann).contains(&TOLD.to_owned()));
}

#[tokio::test]
async fn who_interrupts_speaks_while_the_question_is_heard() {
    let habit = Habit::Interrupts { said: vec!["yes".to_owned()], after_ms: 100 };
    let world = World::slow(vec![(ANN, habit)]).await;
    let ann = listened_to(&world).await;
    let long = json!({"payload": "Well ".repeat(120), "voice": "female", "maximum_tries": 1});
    world.command(&ann, "gather_using_speak", long).await;
    assert_eq!(data(&world.nth(&ann, TOLD, 1).await), (true, "yes"));
    assert!(!world.types(&ann).contains(&"call.gather.ended".to_owned()), "the question is still heard");
    world.command(&ann, "gather_stop", json!({})).await;
    assert_eq!(world.told(&ann, "call.gather.ended").await["status"], "cancelled");
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
    let spoke = world.sim.heard(&ann).into_iter().filter(|heard| matches!(heard, Heard::Spoke { .. }));
    assert_eq!(spoke.count(), 1);
}

#[tokio::test]
async fn an_account_may_not_transcribe_and_events_of_it_are_lost_and_swapped_as_any() {
    let world = World::new(vec![(ANN, Habit::says(["yes of course", "no not at all", "yes"]))]).await;
    world.sim.add_fault(Fault::new(FaultKind::TranscriptionRefused).times(1));
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    let (status, body) = world.try_command(&ann, "transcription_start", json!({})).await;
    assert_eq!(status, 422, "{body}");
    world.sim.add_fault(Fault::new(FaultKind::CallbackLost).only(CallEvent::Transcription).times(1));
    let config = json!({"language": "en", "interim_results": true});
    world.command(&ann, "transcription_start", json!({"transcription_engine_config": config})).await;
    world.command(&ann, "gather_using_speak", question()).await;
    assert_eq!(data(&world.nth(&ann, TOLD, 0).await), (true, "yes of course"), "the part was lost");
    world.told(&ann, "call.gather.ended").await;
    world.sim.add_fault(Fault::new(FaultKind::CallbackReordered).only(CallEvent::Transcription).times(1));
    world.command(&ann, "gather_using_speak", question()).await;
    let (first, second) = (world.nth(&ann, TOLD, 1).await, world.nth(&ann, TOLD, 2).await);
    assert_eq!((data(&first), data(&second)), ((true, "no not at all"), (false, "no not")));
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
}
