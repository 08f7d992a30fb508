//! Events byte for byte.

use crate::realtime::{ModelAddress, NoEvent, read, write};
use serde_json::json;
use std::sync::Arc;
use trunkline_core::bridge::{Brief, ModelDoes, ModelSays, Patience, Remembered, ResponseEnd, ToolSpec};

fn one(text: &str) -> ModelSays {
    let mut said = read(text).unwrap();
    assert_eq!(said.len(), 1, "{text}");
    said.remove(0)
}

fn address() -> ModelAddress {
    ModelAddress {
        url: "wss://api.openai.com/v1/realtime".parse().unwrap(),
        key: None,
        model: "gpt-realtime".to_owned(),
        transcriber: "gpt-4o-mini-transcribe".to_owned(),
    }
}

fn text(does: &ModelDoes) -> String {
    write(does, &address()).join("\n")
}

#[test]
fn what_a_model_says_is_read_by_its_names_of_today_and_of_the_beta() {
    for name in ["response.output_audio.delta", "response.audio.delta"] {
        let event = format!(
            r#"{{"type":"{name}","event_id":"e1","response_id":"r1","item_id":"i1","output_index":0,"content_index":0,"delta":"AAAA"}}"#
        );
        let sound = ModelSays::Audio { response: "r1".into(), item: "i1".into(), sound: "AAAA".into() };
        assert_eq!(one(&event), sound);
    }
    for name in ["response.output_audio_transcript.delta", "response.audio_transcript.delta"] {
        let event = format!(r#"{{"type":"{name}","response_id":"r1","item_id":"i1","delta":"Hel"}}"#);
        assert_eq!(one(&event), ModelSays::BotWords { item: "i1".into(), words: "Hel".into() });
    }
    for name in ["response.output_audio_transcript.done", "response.audio_transcript.done"] {
        let event = format!(r#"{{"type":"{name}","response_id":"r1","item_id":"i1","transcript":"Hello"}}"#);
        assert_eq!(one(&event), ModelSays::BotLine { item: "i1".into(), text: "Hello".into() });
    }
    for name in ["response.output_audio.done", "response.audio.done"] {
        let event = format!(r#"{{"type":"{name}","response_id":"r1","item_id":"i1"}}"#);
        assert_eq!(one(&event), ModelSays::AudioOver { item: "i1".into() });
    }
}

#[test]
fn the_callers_side_is_read() {
    let event = r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":1280,"item_id":"i2"}"#;
    assert_eq!(one(event), ModelSays::SpeechStarted { item: "i2".into(), at_ms: 1_280 });
    let event = r#"{"type":"input_audio_buffer.speech_stopped","audio_end_ms":2280,"item_id":"i2"}"#;
    assert_eq!(one(event), ModelSays::SpeechStopped { item: "i2".into(), at_ms: 2_280 });
    let event = r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"i2","content_index":0,"transcript":"Yes please.","usage":{"type":"duration","seconds":1}}"#;
    assert_eq!(one(event), ModelSays::CallerLine { item: "i2".into(), text: "Yes please.".into() });
    let event = r#"{"type":"conversation.item.input_audio_transcription.failed","item_id":"i2","error":{"type":"x"}}"#;
    assert_eq!(one(event), ModelSays::CallerUnknown { item: "i2".into() });
}

#[test]
fn a_tool_is_asked_for_in_either_of_two_ways() {
    let tool = ModelSays::Tool { id: "c1".into(), name: "confirm".into(), arguments: "{}".into() };
    let event = r#"{"type":"response.function_call_arguments.done","item_id":"i3","call_id":"c1","name":"confirm","arguments":"{}"}"#;
    assert_eq!(one(event), tool);
    let item = r#"{"type":"response.output_item.done","item":{"id":"i3","type":"function_call","status":"completed","name":"confirm","call_id":"c1","arguments":"{}"}}"#;
    assert_eq!(one(item), tool);
    // The beta does not name the tool here.
    let event =
        r#"{"type":"response.function_call_arguments.done","item_id":"i3","call_id":"c1","arguments":"{}"}"#;
    assert_eq!(one(event), ModelSays::Other);
}

#[test]
fn an_answer_ends_in_one_of_three_ways() {
    let over =
        |status: &str| match one(&format!(r#"{{"type":"response.done","response":{{"id":"r1",{status}}}}}"#))
        {
            ModelSays::ResponseOver { end, .. } => end,
            other => panic!("{other:?}"),
        };
    assert_eq!(over(r#""status":"completed""#), ResponseEnd::Completed);
    assert_eq!(over(r#""status":"incomplete""#), ResponseEnd::Completed);
    assert_eq!(over(r#""status":"cancelled""#), ResponseEnd::Cancelled);
    let failed = r#""status":"failed","status_details":{"type":"failed","error":{"type":"x","code":"rate_limit_exceeded"}}"#;
    assert_eq!(over(failed), ResponseEnd::Failed { code: "rate_limit_exceeded".into() });
}

#[test]
fn an_expired_session_is_known_from_other_complaints() {
    let event = r#"{"type":"error","error":{"type":"invalid_request_error","code":"session_expired","message":"Your session hit the maximum duration of 60 minutes."}}"#;
    assert_eq!(one(event), ModelSays::Expired);
    let event = r#"{"type":"error","error":{"type":"invalid_request_error","code":null,"message":"Audio content of 3700ms is already shorter than 3760ms"}}"#;
    assert_eq!(one(event), ModelSays::Complains { code: "invalid_request_error".into() });
}

#[test]
fn events_that_we_do_not_know_are_let_pass_and_what_is_none_is_not() {
    assert_eq!(one(r#"{"type":"rate_limits.updated","rate_limits":[]}"#), ModelSays::Other);
    assert_eq!(one(r#"{"type":"response.content.delta"}"#), ModelSays::Other);
    for garbage in ["", "<html>", "{}", "[1]", r#"{"type":5}"#, r#"{"type":"response.done"}"#] {
        assert_eq!(read(garbage), Err(NoEvent), "{garbage}");
    }
}

/// Without a transcription the caller's lines are missing.
#[test]
fn a_session_is_always_asked_to_write_down_what_the_caller_says() {
    let brief = Brief {
        instructions: "You are a bot.".to_owned(),
        voice: Some("marin".to_owned()),
        language: Some("en".to_owned()),
        opening: None,
        tools: vec![ToolSpec {
            name: "confirm".to_owned(),
            description: "Confirms.".to_owned(),
            parameters: json!({"type": "object"}),
        }],
        patience: Patience::default(),
    };
    let wanted = r#"{"type":"session.update","session":{"type":"realtime","output_modalities":["audio"],"instructions":"You are a bot.","tools":[{"type":"function","name":"confirm","description":"Confirms.","parameters":{"type":"object"}}],"tool_choice":"auto","audio":{"input":{"format":{"type":"audio/pcmu"},"transcription":{"model":"gpt-4o-mini-transcribe","language":"en"},"turn_detection":{"type":"server_vad","threshold":0.5,"prefix_padding_ms":300,"silence_duration_ms":500,"create_response":true,"interrupt_response":false}},"output":{"format":{"type":"audio/pcmu"},"voice":"marin"}}}}"#;
    assert_eq!(text(&ModelDoes::Configure(Arc::new(brief))), wanted);
}

#[test]
fn sound_goes_to_the_model_as_it_came() {
    let audio = ModelDoes::Hear("no+JhoaJjpz=".to_owned());
    assert_eq!(text(&audio), r#"{"type":"input_audio_buffer.append","audio":"no+JhoaJjpz="}"#);
}

#[test]
fn the_other_requests_are_written() {
    let table = [
        (ModelDoes::Commit, r#"{"type":"input_audio_buffer.commit"}"#),
        (ModelDoes::Cancel, r#"{"type":"response.cancel"}"#),
        (ModelDoes::Answer(None), r#"{"type":"response.create"}"#),
        (
            ModelDoes::Answer(Some("Say hello.".into())),
            r#"{"type":"response.create","response":{"instructions":"Say hello."}}"#,
        ),
        (
            ModelDoes::Truncate { item: "i1".into(), heard_ms: 480 },
            r#"{"type":"conversation.item.truncate","item_id":"i1","content_index":0,"audio_end_ms":480}"#,
        ),
        (
            ModelDoes::ToolAnswered { id: "c1".into(), output: "{}".into() },
            r#"{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"c1","output":"{}"}}"#,
        ),
        (
            ModelDoes::Remember(Remembered::Bot("Hello.".into())),
            r#"{"type":"conversation.item.create","item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello."}]}}"#,
        ),
        (
            ModelDoes::Remember(Remembered::Caller("Hi.".into())),
            r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi."}]}}"#,
        ),
    ];
    for (does, wanted) in table {
        assert_eq!(text(&does), wanted);
    }
    let tool = Remembered::Tool {
        id: "c1".into(),
        name: "confirm".into(),
        arguments: "{}".into(),
        output: Some("done".into()),
    };
    assert_eq!(
        text(&ModelDoes::Remember(tool)),
        "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"confirm\",\"arguments\":\"{}\"}}\n\
         {\"type\":\"conversation.item.create\",\"item\":{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"done\"}}"
    );
}
