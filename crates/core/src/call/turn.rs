//! One question with its answer.

use super::event::{Heard, RecordingFact, RecordingNews};
use super::transcription::Transcription;
use crate::id::RecordingId;
use crate::private::Private;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One question of the script, as it went in this call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The question's index, from 0.
    pub step: u16,
    /// Its text, as the person heard it first.
    #[serde(default)]
    pub question: String,
    /// When it was first asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// How many times it was asked.
    #[serde(default)]
    pub asks: u8,
    /// What the person answered, if anything. Asked again, the later answer stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// The recordings of it, in the carrier's order of asking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recordings: Vec<Recording>,
    /// The answer's text, from a transcription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<Private<String>>,
    /// Where its transcription stands, if somebody was asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcription: Option<Transcription>,
}

/// An answer to a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// At which asking it was given, from 0.
    pub ask: u8,
    /// When we heard it.
    pub at: Timestamp,
    /// What it means.
    pub value: AnswerValue,
    /// Keys, as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<Private<String>>,
    /// Speech, as the carrier understood it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speech: Option<Private<String>>,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum AnswerValue {
    /// It is in the recording.
    Recorded,
    /// Yes or no.
    YesNo(bool),
    /// Whether what follows may be recorded.
    Consent(bool),
    /// A number, as keyed or said.
    Number(Private<String>),
    /// One of the choices.
    Choice {
        /// Its key.
        key: String,
        /// Its label.
        label: String,
    },
    /// Something that is no answer to this question.
    Invalid,
}

impl AnswerValue {
    /// The answer in a word: yes, no, the number, the choice's label. `None` where no word holds it.
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::YesNo(true) | Self::Consent(true) => Some("yes"),
            Self::YesNo(false) | Self::Consent(false) => Some("no"),
            Self::Number(number) => Some(number.reveal()),
            Self::Choice { label, .. } => Some(label),
            Self::Recorded | Self::Invalid => None,
        }
    }
}

/// A recording of an answer, or of a bot's talk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The carrier's id; our own of a bot's talk.
    pub id: RecordingId,
    /// At which asking it was made.
    pub ask: u8,
    /// Where the carrier keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How long it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<u32>,
    /// Where it stands.
    pub state: RecordingState,
}

/// What of a call a recording is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordingOf {
    /// A bot's talk, in this media stream. We make it ourselves.
    Talk(u16),
    /// The answer to this question. The carrier makes it.
    Answer(u16),
}

impl RecordingOf {
    /// Which media stream.
    pub fn stream(self) -> Option<u16> {
        match self {
            Self::Talk(stream) => Some(stream),
            Self::Answer(_) => None,
        }
    }

    /// Which question.
    pub fn step(self) -> Option<u16> {
        match self {
            Self::Answer(step) => Some(step),
            Self::Talk(_) => None,
        }
    }
}

/// Where a recording stands, from the carrier's word to our folder. The order is the rank: it never falls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RecordingState {
    /// The carrier named it; it may not be ready yet.
    Named,
    /// The carrier says it can be fetched.
    Ready,
    /// We could not fetch it, and have stopped trying.
    Failed {
        /// Why.
        why: String,
    },
    /// The carrier says there is none.
    Absent,
    /// It is in our folder.
    Stored {
        /// Its length in bytes.
        bytes: u64,
        /// SHA-256, in hex.
        sha256: String,
    },
    /// It was kept, and we have removed it.
    Removed {
        /// When.
        at: Timestamp,
        /// Why.
        why: Removal,
    },
}

/// Why a recording that was kept is not kept any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// It has been kept for as long as the settings say.
    Retention,
}

impl Recording {
    /// What is known of it, with this told.
    pub(super) fn told(known: Option<Self>, ask: u8, fact: &RecordingFact, state: RecordingState) -> Self {
        let url = (!fact.url.is_empty()).then(|| fact.url.clone());
        match known {
            // News that names no question names no asking either, and says 0.
            Some(known) => Self {
                ask: known.ask.max(ask),
                url: known.url.or(url),
                duration_secs: known.duration_secs.or(fact.duration_secs),
                state: known.state.max(state),
                id: known.id,
            },
            None => Self { id: fact.id.clone(), ask, url, duration_secs: fact.duration_secs, state },
        }
    }
}

impl Turn {
    pub(super) fn new(step: u16) -> Self {
        Self {
            step,
            question: String::new(),
            asked_at: None,
            asks: 0,
            answer: None,
            recordings: Vec::new(),
            transcript: None,
            transcription: None,
        }
    }

    pub(super) fn asked(&mut self, ask: u8, text: &str, at: Timestamp) {
        self.asks = self.asks.max(ask.saturating_add(1));
        let first = self.asked_at.is_none_or(|known| (at, text) < (known, self.question.as_str()));
        if first {
            text.clone_into(&mut self.question);
            self.asked_at = Some(at);
        }
    }

    pub(super) fn heard(&mut self, heard: &Heard, at: Timestamp) {
        if let Some(fact) = &heard.recording {
            self.recording(heard.ask, fact, RecordingState::Named);
        }
        let newer = self.answer.as_ref().is_none_or(|standing| (heard.ask, standing.at) > (standing.ask, at));
        if newer {
            self.answer = Some(Answer {
                ask: heard.ask,
                at,
                value: heard.value.clone(),
                digits: heard.digits.clone(),
                speech: heard.speech.clone(),
            });
        }
    }

    /// Merges news of a recording; `true` when it became fetchable by this.
    pub(super) fn recording_news(&mut self, news: &RecordingNews) -> bool {
        self.recording(news.ask, &news.fact(), news.state.clone())
    }

    /// Merges what is known of a recording; `true` when it became fetchable by this.
    fn recording(&mut self, ask: u8, fact: &RecordingFact, state: RecordingState) -> bool {
        let known = self.take_recording(&fact.id);
        let was_ready = known.as_ref().is_some_and(|known| known.state >= RecordingState::Ready);
        let recording = Recording::told(known, ask, fact, state);
        let is_ready = recording.state == RecordingState::Ready;
        self.put_recording(recording);
        is_ready && !was_ready
    }

    pub(super) fn has_recording(&self, id: &RecordingId) -> bool {
        self.recordings.iter().any(|known| known.id == *id)
    }

    pub(super) fn take_recording(&mut self, id: &RecordingId) -> Option<Recording> {
        let place = self.recordings.iter().position(|known| known.id == *id)?;
        Some(self.recordings.remove(place))
    }

    pub(super) fn put_recording(&mut self, recording: Recording) {
        // Most answers have one, and there are as many turns in memory as questions were asked in all live calls.
        self.recordings.reserve_exact(1);
        self.recordings.push(recording);
        self.recordings.sort_by(|a, b| (a.ask, &a.id).cmp(&(b.ask, &b.id)));
    }

    /// The recording that is the answer: the last one that holds anything.
    pub fn recording_of_answer(&self) -> Option<&Recording> {
        self.recordings.iter().rev().find(|recording| recording.state != RecordingState::Absent)
    }
}
