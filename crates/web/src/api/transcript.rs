//! What a bot and its caller said, in JSON.

use super::{CallRef, Mine, Named, json, no_such_call};
use crate::problem::Problem;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use trunkline_core::call::{
    BotOver, Call, Entry, EntryKind, EntryNo, RecordingState, Spoken, Talk, Tokens, Used, WordsState,
};

/// The transcript of a call in which a bot talks.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Transcript")]
pub(crate) struct TranscriptJson<'a> {
    /// The bot's name; null if none talks in the call.
    bot: Option<&'a str>,
    /// Why the bot has done with the call; null if it has not.
    over: Option<BotOver>,
    /// How often the model was lost.
    model_lost: usize,
    /// How often the carrier's media stream broke off while the call went on.
    media_lost: usize,
    /// How long the caller waited for the bot's answers; null if there was none to wait for.
    wait: Option<WaitJson>,
    /// What the model's answers have used, as far as it says; null before the first.
    used: Option<UsedJson>,
    /// The talk as it was heard, the caller left and the bot right, if the bot records: one for each of its media streams.
    recordings: Vec<TalkRecordingJson<'a>>,
    entries: Vec<EntryJson<'a>>,
}

/// A recording of a bot's talk.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TalkRecording")]
struct TalkRecordingJson<'a> {
    /// Of which media stream, from 1.
    stream: u16,
    /// When that began.
    began_at: Option<Timestamp>,
    /// Where it can be had, once it is stored.
    href: Option<String>,
    duration_secs: Option<u32>,
    #[serde(flatten)]
    state: &'a RecordingState,
}

/// From the end of the caller's words to the first sound of the answer, in milliseconds.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BotWait")]
struct WaitJson {
    mean_ms: u32,
    longest_ms: u32,
}

/// What the model's answers have used.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ModelUsed")]
struct UsedJson {
    /// Answers that were begun.
    answers: u32,
    /// Of those, the ones of which the model has said what they used.
    counted: u32,
    /// By kind; a kind that is not here was not used.
    tokens: Tokens,
    /// By the prices that are set; null as long as it is not known of every answer and every kind.
    cost: Option<ModelCostJson>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ModelCost")]
struct ModelCostJson {
    amount: String,
    currency: String,
}

/// One entry, in the order in which it was said.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TranscriptEntry")]
struct EntryJson<'a> {
    entry: EntryNo,
    at: Timestamp,
    #[serde(flatten)]
    what: EntryKindJson<'a>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "who", rename_all = "snake_case")]
#[schemars(rename = "TranscriptEntryKind")]
enum EntryKindJson<'a> {
    /// The bot said it, as far as the caller has heard.
    Bot(SpokenJson<'a>),
    /// The caller said it.
    Caller(SpokenJson<'a>),
    /// The caller pressed keys.
    Keys { digits: &'a str },
    /// The bot asked for a tool.
    Tool {
        /// Which.
        name: &'a str,
        /// With what, as the model wrote it.
        arguments: &'a str,
        /// What the model was told.
        output: Option<&'a str>,
    },
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TranscriptWords")]
struct SpokenJson<'a> {
    text: &'a str,
    /// How much of it was heard, in milliseconds of sound.
    heard_ms: u32,
    /// Whether more may come.
    state: WordsState,
    /// How long the caller waited for it, in milliseconds.
    waited_ms: Option<u32>,
}

/// `GET /api/calls/{id}/transcript`
pub(crate) async fn show(Mine(desk): Mine, Named(id): Named<CallRef>) -> Result<Response, Problem> {
    let call = desk.call(id.as_str()).await?.ok_or_else(no_such_call)?;
    Ok(json(StatusCode::OK, &TranscriptJson::of(&call)))
}

impl<'a> TranscriptJson<'a> {
    fn of(call: &'a Call) -> Self {
        let talk = call.bot.as_deref();
        let streams = || talk.into_iter().flat_map(|talk| talk.streams.values());
        Self {
            bot: talk.map(|talk| talk.bot.name.as_str()),
            over: talk.and_then(Talk::why_over),
            model_lost: streams().map(|stream| stream.model_lost.len()).sum(),
            media_lost: streams().filter(|stream| stream.lost_at.is_some()).count(),
            wait: talk.and_then(WaitJson::of),
            used: talk.and_then(Talk::used).map(UsedJson::of),
            recordings: TalkRecordingJson::of(call).collect(),
            entries: talk.into_iter().flat_map(|talk| &talk.entries).map(EntryJson::of).collect(),
        }
    }
}

impl<'a> TalkRecordingJson<'a> {
    fn of(call: &'a Call) -> impl Iterator<Item = Self> {
        // Their numbers are those of all recordings of the call, of which they are the first.
        call.recordings_of_talk().enumerate().map(|(n, (stream, recording))| {
            let is_stored = matches!(recording.state, RecordingState::Stored { .. });
            let known = call.bot.as_ref().and_then(|talk| talk.streams.get(&stream));
            Self {
                stream,
                began_at: known.and_then(|known| known.connected_at),
                href: is_stored.then(|| format!("/api/calls/{}/recordings/{n}", call.id)),
                duration_secs: recording.duration_secs,
                state: &recording.state,
            }
        })
    }
}

impl WaitJson {
    fn of(talk: &Talk) -> Option<Self> {
        let (count, sum) = talk.waits_ms().fold((0_u64, 0_u64), |(n, sum), ms| (n + 1, sum + u64::from(ms)));
        let mean = sum.checked_div(count)?;
        let longest_ms = talk.waits_ms().max()?;
        Some(Self { mean_ms: u32::try_from(mean).unwrap_or(u32::MAX), longest_ms })
    }
}

impl UsedJson {
    fn of(used: Used) -> Self {
        let Used { answers, counted, tokens, cost } = used;
        let cost = cost.map(|price| ModelCostJson { amount: price.amount, currency: price.unit });
        Self { answers, counted, tokens, cost }
    }
}

impl<'a> EntryJson<'a> {
    fn of((no, entry): (&EntryNo, &'a Entry)) -> Self {
        let what = match &entry.what {
            EntryKind::Bot(spoken) => EntryKindJson::Bot(spoken.into()),
            EntryKind::Caller(spoken) => EntryKindJson::Caller(spoken.into()),
            EntryKind::Keys { digits } => EntryKindJson::Keys { digits: digits.reveal() },
            EntryKind::Tool(tool) => EntryKindJson::Tool {
                name: &tool.name,
                arguments: tool.arguments.reveal(),
                output: tool.output.as_ref().map(|output| output.reveal().as_str()),
            },
        };
        Self { entry: *no, at: entry.at, what }
    }
}

impl<'a> From<&'a Spoken> for SpokenJson<'a> {
    fn from(spoken: &'a Spoken) -> Self {
        let Spoken { text, ms, state, waited_ms } = spoken;
        Self { text: text.reveal(), heard_ms: *ms, state: *state, waited_ms: *waited_ms }
    }
}

pub(crate) mod spec {
    //! What is said of transcripts.

    use super::TranscriptJson;
    use crate::code::Code;
    use crate::openapi::{CALL, Spec};
    use http::StatusCode;

    pub(crate) fn show() -> Spec {
        Spec::of("Read what a bot and its caller said")
            .says("It grows while they talk. Words of the bot are those that the caller has heard.")
            .path(&[CALL])
            .answers::<TranscriptJson<'_>>(StatusCode::OK, "Both sides, in the order in which they spoke.")
            .fails(&[Code::HistoryUnavailable])
    }
}
