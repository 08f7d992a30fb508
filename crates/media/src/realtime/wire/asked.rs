//! What is asked of a model.

use crate::realtime::ModelAddress;
use serde::Serialize;
use serde_json::Value;
use trunkline_core::bridge::{Brief, ModelDoes, Remembered};

/// Base64 of µ-law, 8 kHz: what telephones speak.
const MULAW: Format = Format { kind: "audio/pcmu" };

#[derive(Serialize)]
#[serde(tag = "type")]
enum Asked<'a> {
    #[serde(rename = "session.update")]
    SessionUpdate { session: Box<Session<'a>> },
    #[serde(rename = "input_audio_buffer.append")]
    Append { audio: &'a str },
    #[serde(rename = "input_audio_buffer.commit")]
    Commit,
    #[serde(rename = "conversation.item.create")]
    Item { item: Item<'a> },
    #[serde(rename = "conversation.item.truncate")]
    Truncate { item_id: &'a str, content_index: u32, audio_end_ms: u32 },
    #[serde(rename = "response.create")]
    Respond {
        #[serde(skip_serializing_if = "Option::is_none")]
        response: Option<Instructions<'a>>,
    },
    #[serde(rename = "response.cancel")]
    Cancel,
}

#[derive(Serialize)]
struct Session<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    output_modalities: [&'static str; 1],
    instructions: &'a str,
    tools: Vec<Tool<'a>>,
    tool_choice: &'static str,
    audio: Audio<'a>,
}

#[derive(Serialize)]
struct Audio<'a> {
    input: AudioIn<'a>,
    output: AudioOut<'a>,
}

#[derive(Serialize)]
struct AudioIn<'a> {
    format: Format,
    transcription: Transcription<'a>,
    turn_detection: TurnDetection,
}

#[derive(Serialize)]
struct AudioOut<'a> {
    format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice: Option<&'a str>,
}

#[derive(Serialize)]
struct Format {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Transcription<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
}

#[derive(Serialize)]
struct TurnDetection {
    #[serde(rename = "type")]
    kind: &'static str,
    threshold: f32,
    prefix_padding_ms: u32,
    silence_duration_ms: u32,
    create_response: bool,
    interrupt_response: bool,
}

/// The model says when the caller begins and ends; when it is to be silent is decided by the bridge alone, which knows what
/// was heard.
const TURNS: TurnDetection = TurnDetection {
    kind: "server_vad",
    threshold: 0.5,
    prefix_padding_ms: 300,
    silence_duration_ms: 500,
    create_response: true,
    interrupt_response: false,
};

#[derive(Serialize)]
struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Item<'a> {
    Message { role: &'static str, content: [Content<'a>; 1] },
    FunctionCall { call_id: &'a str, name: &'a str, arguments: &'a str },
    FunctionCallOutput { call_id: &'a str, output: &'a str },
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct Instructions<'a> {
    instructions: &'a str,
}

pub(crate) fn write(does: &ModelDoes, address: &ModelAddress) -> Vec<String> {
    let asked = match does {
        ModelDoes::Configure(brief) => {
            vec![Asked::SessionUpdate { session: Box::new(session(brief, address)) }]
        }
        ModelDoes::Hear(audio) => vec![Asked::Append { audio }],
        ModelDoes::Commit => vec![Asked::Commit],
        ModelDoes::Remember(known) => remember(known),
        ModelDoes::Answer(words) => {
            let response = words.as_deref().map(|instructions| Instructions { instructions });
            vec![Asked::Respond { response }]
        }
        ModelDoes::ToolAnswered { id, output } => {
            vec![Asked::Item { item: Item::FunctionCallOutput { call_id: id, output } }]
        }
        ModelDoes::Cancel => vec![Asked::Cancel],
        ModelDoes::Truncate { item, heard_ms } => {
            vec![Asked::Truncate { item_id: item, content_index: 0, audio_end_ms: *heard_ms }]
        }
    };
    // Strings, numbers and JSON: there is nothing that could not be written.
    asked.iter().map(|asked| serde_json::to_string(asked).unwrap_or_default()).collect()
}

fn session<'a>(brief: &'a Brief, address: &'a ModelAddress) -> Session<'a> {
    let tools = brief.tools.iter().map(|tool| Tool {
        kind: "function",
        name: &tool.name,
        description: &tool.description,
        parameters: &tool.parameters,
    });
    Session {
        kind: "realtime",
        output_modalities: ["audio"],
        instructions: &brief.instructions,
        tools: tools.collect(),
        tool_choice: "auto",
        audio: Audio {
            input: AudioIn {
                format: MULAW,
                // Without it the caller's lines are lost.
                transcription: Transcription {
                    model: &address.transcriber,
                    language: brief.language.as_deref(),
                },
                turn_detection: TURNS,
            },
            output: AudioOut { format: MULAW, voice: brief.voice.as_deref() },
        },
    }
}

fn remember(known: &Remembered) -> Vec<Asked<'_>> {
    let message =
        |role, kind, text| Asked::Item { item: Item::Message { role, content: [Content { kind, text }] } };
    match known {
        Remembered::Bot(text) => vec![message("assistant", "output_text", text)],
        Remembered::Caller(text) => vec![message("user", "input_text", text)],
        Remembered::Tool { id, name, arguments, output } => {
            let call = Asked::Item { item: Item::FunctionCall { call_id: id, name, arguments } };
            let output = output.as_ref();
            let output =
                output.map(|output| Asked::Item { item: Item::FunctionCallOutput { call_id: id, output } });
            std::iter::once(call).chain(output).collect()
        }
    }
}
