//! What a carrier is told to do at one point of a call: lines to say, and one thing to wait for. Only data; `speak.rs`
//! makes them, carriers turn them into their own documents.
//!
//! Texts and answers are personal, so `Debug` shows their length, not their words.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AudioUrl, Key, Language};

/// Who is being called, as far as a script may speak of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The name as it was given; any text.
    pub name: Option<String>,
    /// Values of `{{placeholders}}`; any text.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}

/// Where a call stands in its script. A page and what was heard on it belong to the whole cursor, `repeat` included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// The question, zero-based.
    pub step: u16,
    /// How often it was asked in vain before: 0 for the first time.
    #[serde(default)]
    pub ask: u8,
    /// How often the person had it repeated by key; uses up no ask.
    #[serde(default)]
    pub repeat: u8,
}

impl Cursor {
    /// The first question for the first time, with the greeting before it.
    pub const START: Self = Self::first(0);

    /// A question for the first time.
    #[must_use]
    pub const fn first(step: u16) -> Self {
        Self { step, ask: 0, repeat: 0 }
    }
}

/// Where a call goes from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// To a question.
    Ask(Cursor),
    /// To the goodbye.
    GoodBye,
    /// To the goodbye of someone who never wants to be called again.
    OptedOut,
}

/// What is said, and what is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// What the lines are spoken in.
    pub language: Language,
    /// The script's voice, if it names one.
    pub voice: Option<String>,
    /// In this order, one after the other; keys may interrupt them.
    pub lines: Vec<Line>,
    /// What comes after the lines.
    pub then: Then,
}

impl Page {
    /// The same, and the carrier is not asked for a transcript.
    #[must_use]
    pub fn without_transcript(mut self) -> Self {
        if let Then::Record(record) = &mut self.then {
            record.transcribe = false;
        }
        self
    }
}

/// One thing to be heard.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Spoken. Legal XML characters on one line, at most 4,000 of them, not yet escaped.
    Say(String),
    /// Played.
    Play(AudioUrl),
    /// Seconds of silence.
    Pause(u8),
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// A recorded answer.
    Record(Record),
    /// Keys, and words where the carrier can hear them.
    Keys(Keys),
    /// Nothing: the call ends.
    HangUp,
}

/// How an answer is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The question this belongs to.
    pub at: Cursor,
    /// The longest answer, in seconds.
    pub max_secs: u16,
    /// So many seconds of silence end it.
    pub silence_secs: u8,
    /// Whether a beep comes first.
    pub beep: bool,
    /// Whether silence at both ends is cut off.
    pub trim: bool,
    /// Keys that end it: the one for "done", the repeat key and the opt-out key, sorted. Which one it was tells.
    pub finish_on_keys: Vec<Key>,
    /// Whether the carrier is asked for a transcript.
    pub transcribe: bool,
    /// Where the call falls through to when nothing was said.
    pub on_silence: Next,
}

/// How keys are collected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// The question this belongs to.
    pub at: Cursor,
    /// How many.
    pub wanted: Wanted,
    /// Ends a number of open length. `None`: only a pause does.
    pub finish_on_key: Option<Key>,
    /// Seconds without a key that end it.
    pub timeout_secs: u8,
    /// Whether words count too.
    pub speech: bool,
    /// Words to expect, for the recognizer.
    pub hints: Vec<String>,
    /// Where the call falls through to when nothing came.
    pub on_silence: Next,
}

/// How many keys an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// So many, at least one.
    Exactly(u8),
    /// As many as come before the finishing key or a pause.
    Any,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_ref().map(|_| "•••");
        f.debug_struct("Caller").field("name", &name).field("variables", &self.variables.len()).finish()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Say(text) => write!(f, "Say({} characters)", text.chars().count()),
            Self::Play(url) => write!(f, "Play({})", url.as_str()),
            Self::Pause(secs) => write!(f, "Pause({secs} s)"),
        }
    }
}
