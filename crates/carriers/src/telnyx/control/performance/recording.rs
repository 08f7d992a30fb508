//! A recording: what ends it, and that one of which nobody tells is looked for.

use super::{Doing, Heard, Performance, Step};
use crate::telnyx::control::command::Command;
use crate::voice::Verb;
use std::time::Duration;
use trunkline_core::call::RecordingFact;
use trunkline_core::private::Private;

/// How long the end of a recording may take to be told.
const SAVING: Duration = Duration::from_secs(15);

impl Performance {
    /// Whether it waits for a recording, of which may be told after the end of the call.
    pub fn records(&self) -> bool {
        matches!(self.doing, Doing::Recording { .. })
    }

    /// The recording that was looked for, if there is one.
    pub fn found(&mut self, recording: Option<RecordingFact>) -> Vec<Step> {
        match self.doing {
            Doing::Recording { .. } => self.recorded(recording),
            _ => Vec::new(),
        }
    }

    /// A key ends a recording, if it is one of those that do.
    pub(super) fn keyed(&mut self, key: char) -> Vec<Step> {
        let ends = match self.verbs.get(self.at) {
            Some(Verb::Record(record)) => {
                record.finish_on_key.is_empty() || record.finish_on_key.contains(key)
            }
            _ => false,
        };
        if !ends || self.doing != (Doing::Recording { stopped: false }) {
            return Vec::new();
        }
        self.ended_by = Some(key);
        self.stop_recording()
    }

    pub(super) fn stop_recording(&mut self) -> Vec<Step> {
        self.doing = Doing::Recording { stopped: true };
        vec![self.send(Command::StopRecording), Step::Wait(SAVING)]
    }

    pub(super) fn recorded(&mut self, recording: Option<RecordingFact>) -> Vec<Step> {
        // One of no length is one in which nobody spoke.
        let recording = recording.filter(|recording| recording.duration_secs != Some(0));
        let digits = self.ended_by.take().map(|key| Private::new(key.to_string()));
        match self.verbs.get(self.at).cloned() {
            // A key says something even where nothing was spoken.
            Some(Verb::Record(record)) if recording.is_some() || digits.is_some() => {
                self.ask(record.action, Heard { digits, recording, ..Heard::default() })
            }
            _ => self.next(),
        }
    }
}
