//! What a model says. Names of the beta stand beside those of the general release.

use crate::realtime::NoEvent;
use serde::Deserialize;
use trunkline_core::bridge::{ModelSays, ResponseEnd};
use trunkline_core::call::{TokenKind, Tokens};

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Said {
    #[serde(rename = "session.created")]
    SessionCreated {},
    #[serde(rename = "session.updated")]
    SessionUpdated {},
    #[serde(rename = "input_audio_buffer.speech_started")]
    SpeechStarted {
        item_id: String,
        #[serde(default)]
        audio_start_ms: u32,
    },
    #[serde(rename = "input_audio_buffer.speech_stopped")]
    SpeechStopped {
        item_id: String,
        #[serde(default)]
        audio_end_ms: u32,
    },
    #[serde(rename = "input_audio_buffer.committed")]
    Committed { item_id: String },
    #[serde(rename = "conversation.item.input_audio_transcription.delta")]
    CallerWords {
        item_id: String,
        #[serde(default)]
        delta: String,
    },
    #[serde(rename = "conversation.item.input_audio_transcription.completed")]
    CallerLine { item_id: String, transcript: String },
    #[serde(rename = "conversation.item.input_audio_transcription.failed")]
    CallerUnknown { item_id: String },
    #[serde(rename = "response.created")]
    ResponseCreated { response: Response },
    #[serde(rename = "response.output_audio.delta", alias = "response.audio.delta")]
    Audio {
        #[serde(default)]
        response_id: String,
        item_id: String,
        delta: String,
    },
    #[serde(rename = "response.output_audio.done", alias = "response.audio.done")]
    AudioDone { item_id: String },
    #[serde(rename = "response.output_audio_transcript.delta", alias = "response.audio_transcript.delta")]
    BotWords { item_id: String, delta: String },
    #[serde(rename = "response.output_audio_transcript.done", alias = "response.audio_transcript.done")]
    BotLine { item_id: String, transcript: String },
    #[serde(rename = "response.function_call_arguments.done")]
    Arguments {
        call_id: String,
        #[serde(default)]
        name: Option<String>,
        arguments: String,
    },
    #[serde(rename = "response.output_item.done")]
    ItemDone { item: Item },
    #[serde(rename = "response.done")]
    ResponseDone { response: Response },
    #[serde(rename = "error")]
    Error { error: Complaint },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Response {
    id: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    status_details: Option<Details>,
    #[serde(default)]
    usage: Option<Usage>,
}

/// What an answer has used. A model that does not tell text from sound has told nothing that could be priced.
#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    input_token_details: Option<Kinds>,
    #[serde(default)]
    output_token_details: Option<Kinds>,
}

#[derive(Deserialize)]
struct Kinds {
    #[serde(default)]
    text_tokens: u64,
    #[serde(default)]
    audio_tokens: u64,
    #[serde(default)]
    cached_tokens_details: Option<Box<Kinds>>,
}

impl Usage {
    /// The tokens by kind, if it says them.
    fn tokens(self) -> Option<Tokens> {
        let (heard, made) = (self.input_token_details?, self.output_token_details?);
        let (text_cached, audio_cached) =
            heard.cached_tokens_details.map_or((0, 0), |cached| (cached.text_tokens, cached.audio_tokens));
        let all = [
            // Those that it still had are counted among those that it heard.
            (TokenKind::TextIn, heard.text_tokens.saturating_sub(text_cached)),
            (TokenKind::TextCached, text_cached),
            (TokenKind::AudioIn, heard.audio_tokens.saturating_sub(audio_cached)),
            (TokenKind::AudioCached, audio_cached),
            (TokenKind::TextOut, made.text_tokens),
            (TokenKind::AudioOut, made.audio_tokens),
        ];
        Some(Tokens(all.into_iter().filter(|(_, tokens)| *tokens > 0).collect()))
    }
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    error: Option<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
}

impl Complaint {
    /// Its code, or its type. The message may quote a person, and is left where it is.
    fn code(self) -> String {
        self.code.or(self.kind).unwrap_or_else(|| "unknown".to_owned())
    }
}

#[derive(Deserialize)]
struct Item {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    call_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
}

pub(crate) fn read(text: &str) -> Result<Vec<ModelSays>, NoEvent> {
    let said: Said = serde_json::from_str(text).map_err(|_| NoEvent)?;
    Ok(match said {
        Said::SessionCreated {} | Said::Other => vec![ModelSays::Other],
        Said::SessionUpdated {} => vec![ModelSays::Configured],
        Said::SpeechStarted { item_id: item, audio_start_ms: at_ms } => {
            vec![ModelSays::SpeechStarted { item, at_ms }]
        }
        Said::SpeechStopped { item_id: item, audio_end_ms: at_ms } => {
            vec![ModelSays::SpeechStopped { item, at_ms }]
        }
        Said::Committed { item_id: item } => vec![ModelSays::Committed { item }],
        Said::CallerWords { item_id: item, delta: words } => vec![ModelSays::CallerWords { item, words }],
        Said::CallerLine { item_id: item, transcript: text } => vec![ModelSays::CallerLine { item, text }],
        Said::CallerUnknown { item_id: item } => vec![ModelSays::CallerUnknown { item }],
        Said::ResponseCreated { response } => vec![ModelSays::ResponseBegan { response: response.id }],
        Said::Audio { response_id: response, item_id: item, delta: sound } => {
            vec![ModelSays::Audio { response, item, sound }]
        }
        Said::AudioDone { item_id: item } => vec![ModelSays::AudioOver { item }],
        Said::BotWords { item_id: item, delta: words } => vec![ModelSays::BotWords { item, words }],
        Said::BotLine { item_id: item, transcript: text } => vec![ModelSays::BotLine { item, text }],
        Said::Arguments { call_id: id, name: Some(name), arguments } => {
            vec![ModelSays::Tool { id, name, arguments }]
        }
        // The beta names the tool in the item alone.
        Said::Arguments { .. } => vec![ModelSays::Other],
        Said::ItemDone { item } => vec![tool(item).unwrap_or(ModelSays::Other)],
        Said::ResponseDone { response } => {
            let end = end(response.status.as_deref(), response.status_details);
            let used = response.usage.and_then(Usage::tokens).map(ModelSays::Used);
            used.into_iter().chain([ModelSays::ResponseOver { response: response.id, end }]).collect()
        }
        Said::Error { error } => match error.code() {
            code if code == "session_expired" => vec![ModelSays::Expired],
            code => vec![ModelSays::Complains { code }],
        },
    })
}

fn tool(item: Item) -> Option<ModelSays> {
    (item.kind.as_deref() == Some("function_call")).then_some(())?;
    Some(ModelSays::Tool {
        id: item.call_id?,
        name: item.name?,
        arguments: item.arguments.unwrap_or_default(),
    })
}

fn end(status: Option<&str>, details: Option<Details>) -> ResponseEnd {
    match status {
        Some("cancelled") => ResponseEnd::Cancelled,
        Some("failed") => {
            let error = details.and_then(|details| details.error);
            ResponseEnd::Failed { code: error.map_or_else(|| "unknown".to_owned(), Complaint::code) }
        }
        // What was cut by its greatest length was said as far as it goes.
        _ => ResponseEnd::Completed,
    }
}
