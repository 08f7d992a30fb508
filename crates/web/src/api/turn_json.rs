//! Questions and answers in JSON.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use trunkline_core::call::{Answer, AnswerValue, Call, Recording, RecordingState, TranscriptStatus, Turn};

/// The turns of a call.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Turns")]
pub(crate) struct TurnsJson<'a> {
    turns: Vec<TurnJson<'a>>,
}

/// One question with its answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Turn")]
struct TurnJson<'a> {
    step: u16,
    question: &'a str,
    asked_at: Option<Timestamp>,
    asks: u8,
    answer: Option<AnswerJson<'a>>,
    transcript: Option<&'a str>,
    /// Where the text stands; null if nobody was asked for it.
    transcript_status: Option<TranscriptStatus>,
    recordings: Vec<RecordingJson<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Answer")]
struct AnswerJson<'a> {
    ask: u8,
    at: Timestamp,
    #[serde(flatten)]
    value: &'a AnswerValue,
    digits: Option<&'a str>,
    speech: Option<&'a str>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Recording")]
struct RecordingJson<'a> {
    /// Where it can be had from us, once it is stored.
    href: Option<String>,
    carrier_recording_id: &'a str,
    carrier_url: Option<&'a str>,
    ask: u8,
    duration_secs: Option<u32>,
    #[serde(flatten)]
    state: &'a RecordingState,
}

impl<'a> TurnsJson<'a> {
    pub fn of(call: &'a Call, now: Timestamp) -> Self {
        let mut numbers = call.recordings_of_talk().count()..;
        let turns = call.turns.values().map(|turn| TurnJson::of(call, turn, now, &mut numbers)).collect();
        Self { turns }
    }
}

impl<'a> TurnJson<'a> {
    /// `numbers` counts the call's recordings from 0, in turn order: that is their name in addresses.
    fn of(call: &Call, turn: &'a Turn, now: Timestamp, numbers: &mut impl Iterator<Item = usize>) -> Self {
        Self {
            step: turn.step,
            question: &turn.question,
            asked_at: turn.asked_at,
            asks: turn.asks,
            answer: turn.answer.as_ref().map(AnswerJson::from),
            transcript: turn.transcript.as_ref().map(|text| text.reveal().as_str()),
            transcript_status: turn.transcript_status(now),
            recordings: turn
                .recordings
                .iter()
                .zip(numbers)
                .map(|(recording, n)| RecordingJson::of(call, recording, n))
                .collect(),
        }
    }
}

impl<'a> RecordingJson<'a> {
    fn of(call: &Call, recording: &'a Recording, n: usize) -> Self {
        let is_stored = matches!(recording.state, RecordingState::Stored { .. });
        Self {
            href: is_stored.then(|| format!("/api/calls/{}/recordings/{n}", call.id)),
            carrier_recording_id: recording.id.as_str(),
            carrier_url: recording.url.as_deref(),
            ask: recording.ask,
            duration_secs: recording.duration_secs,
            state: &recording.state,
        }
    }
}

impl<'a> From<&'a Answer> for AnswerJson<'a> {
    fn from(answer: &'a Answer) -> Self {
        Self {
            ask: answer.ask,
            at: answer.at,
            value: &answer.value,
            digits: answer.digits.as_ref().map(|digits| digits.reveal().as_str()),
            speech: answer.speech.as_ref().map(|speech| speech.reveal().as_str()),
        }
    }
}
