//! One question: what is asked, what counts as an answer, where an answer leads, and the limits all questions share.

use serde::{Deserialize, Serialize};

use super::{Key, Prompt};

/// One question of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What is asked.
    pub prompt: Prompt,
    /// What is asked instead when there was no answer or a wrong one. `None`: an excuse, then the prompt again.
    pub reprompt: Option<Prompt>,
    /// What counts as an answer.
    pub kind: Kind,
    /// The key that has the question said once more.
    pub repeat_key: Option<Key>,
    /// Where certain answers lead; the first that fits wins. Without one: to the next question.
    pub skips: Vec<Skip>,
}

impl Question {
    /// A question whose answer is recorded, with nothing else to it.
    #[must_use]
    pub fn recorded(prompt: Prompt) -> Self {
        Self { prompt, reprompt: None, kind: Kind::Text, repeat_key: None, skips: Vec::new() }
    }

    /// The same in a script that has one question more before it.
    pub(super) fn one_later(mut self) -> Self {
        for skip in &mut self.skips {
            if let Goto::Step(step) = &mut skip.goto {
                *step = step.saturating_add(1);
            }
        }
        self
    }
}

/// What counts as an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Whatever the person says, recorded.
    Text,
    /// 1 or "yes", 2 (or 0) or "no".
    YesNo,
    /// Whether what follows may be recorded: answered like [`Kind::YesNo`]; without a yes the call ends, and nothing was recorded.
    Consent,
    /// Digits.
    Numeric {
        /// Exactly so many; `None`: any number, ended by a key or a pause.
        digits: Option<u8>,
    },
    /// One of these, by key or by saying its label.
    Choice {
        /// In the order they are offered; each with a key of its own.
        choices: Vec<Choice>,
    },
}

impl Kind {
    /// The word for it in files, columns and JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::YesNo => "yes-no",
            Self::Consent => "consent",
            Self::Numeric { .. } => "numeric",
            Self::Choice { .. } => "choice",
        }
    }
}

/// One possible answer of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The key that chooses it.
    pub key: Key,
    /// What it is called: shown, stored and understood when said.
    pub label: String,
    /// How it is offered. `None`: "For LABEL, press KEY."
    pub say: Option<String>,
}

/// Where an answer leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The answer.
    pub when: SkipIf,
    /// Where it leads.
    pub goto: Goto,
}

/// An answer that a skip waits for. A recorded answer can't be compared, so it has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipIf {
    /// Yes, or no.
    YesNo(bool),
    /// This number; leading zeros don't matter.
    Number(String),
    /// The choice with this key.
    Choice(Key),
}

/// Where a skip leads. Only forward: a script that could go back might never end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goto {
    /// To the question of this step (zero-based).
    Step(u16),
    /// To the goodbye.
    End,
}

/// The key that means "never call me again". On a numeric question a digit is part of the number, so there only
/// `*` and `#` opt out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptOut {
    /// The key.
    pub key: Key,
    /// How it is announced after the greeting. `None`: in the language's words.
    pub say: Option<String>,
}

/// How long a person may speak, how long may be silent, how often is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// The longest recorded answer, in seconds.
    pub answer_max_secs: u16,
    /// So many seconds of silence end an answer, or the wait for one.
    pub silence_secs: u8,
    /// How often a question is asked before it is skipped, the first time included.
    pub asks: u8,
    /// Whether silence is cut off both ends of a recording.
    pub trim: bool,
    /// Whether a beep is played before recording.
    pub beep: bool,
    /// Ends a recording or a number.
    pub finish_on_key: Option<Key>,
    /// Whether the carrier is asked to transcribe recordings.
    pub transcribe: bool,
    /// Whether yes-no and choice questions also listen for words.
    pub speech: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer_max_secs: 30,
            silence_secs: 5,
            asks: 2,
            trim: true,
            beep: false,
            finish_on_key: Some(Key::HASH),
            transcribe: false,
            speech: true,
        }
    }
}
