//! What a model is told of who it is and what was said before.

use super::patience::Patience;
use crate::call::{EntryKind, EntryNo, Talk};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a model is told of the bot it is in this call.
#[derive(Clone, Debug, PartialEq)]
pub struct Brief {
    /// Who it is, and what it is to do.
    pub instructions: String,
    /// The model's name of a voice.
    pub voice: Option<String>,
    /// The language of the caller, as the transcription wants it, such as `en`.
    pub language: Option<String>,
    /// What it says first; without one it says something of its own.
    pub opening: Option<String>,
    /// What it may ask for.
    pub tools: Vec<ToolSpec>,
    /// How long each thing may take.
    pub patience: Patience,
}

/// A tool, as the model is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// A JSON schema of what it takes.
    pub parameters: Value,
}

/// Something of the conversation that a new session of the model is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// The bot said this, and it was heard.
    Bot(String),
    /// The caller said this.
    Caller(String),
    /// A tool was asked for, and this came of it.
    Tool {
        /// The model's name of the asking.
        id: String,
        /// Which tool.
        name: String,
        /// With what.
        arguments: String,
        /// What came of it.
        output: Option<String>,
    },
}

/// The conversation so far, in its order.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory(BTreeMap<EntryNo, Remembered>);

impl Memory {
    /// What earlier media streams of the call have left.
    pub(super) fn of(talk: &Talk) -> Self {
        let entries = talk.entries.iter().filter_map(|(no, entry)| Some((*no, remembered(&entry.what)?)));
        Self(entries.collect())
    }

    pub(super) fn keep(&mut self, no: EntryNo, what: Remembered) {
        self.0.insert(no, what);
    }

    pub(super) fn tool_answered(&mut self, no: EntryNo, answer: &str) {
        if let Some(Remembered::Tool { output, .. }) = self.0.get_mut(&no) {
            *output = Some(answer.to_owned());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order in which it was said.
    pub(super) fn all(&self) -> impl Iterator<Item = &Remembered> {
        self.0.values()
    }
}

fn remembered(what: &EntryKind) -> Option<Remembered> {
    let said = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
    match what {
        EntryKind::Bot(spoken) => said(spoken.text.reveal()).map(Remembered::Bot),
        EntryKind::Caller(spoken) => said(spoken.text.reveal()).map(Remembered::Caller),
        EntryKind::Keys { digits } => said(digits.reveal()).map(|keys| Remembered::Caller(pressed(&keys))),
        EntryKind::Tool(tool) => Some(Remembered::Tool {
            id: tool.id.clone(),
            name: tool.name.clone(),
            arguments: tool.arguments.reveal().clone(),
            output: tool.output.as_ref().map(|output| output.reveal().clone()),
        }),
    }
}

/// Keys as words of the caller.
pub(super) fn pressed(keys: &str) -> String {
    format!("(The caller pressed the keys {keys}.)")
}
