//! What is said while it is transcribed, told in parts and whole.
//!
//! Only what the person says is heard: what is played to them never is. A recognizer that tells parts tells half the words
//! when half is said; whole they are told a second after the last one.

use std::time::Duration;

use serde_json::json;

use crate::call::CallEvent;
use crate::chance::Chance;
use crate::led::command::{Parts, Transcribes};
use crate::led::{Leg, Step};

/// From the last word to the whole.
const RECOGNIZES: Duration = Duration::from_secs(1);

/// A transcription that runs.
pub(super) struct Transcribing {
    id: u64,
    parts: Parts,
}

/// Words that were recognized.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Recognized {
    /// By which transcription: by one that was stopped meanwhile nothing is told.
    id: u64,
    words: String,
    is_final: bool,
}

impl Leg {
    /// Transcribes from now on. One that runs gives way.
    pub(super) fn transcribe(&mut self, wanted: Transcribes) {
        let id = self.next_id();
        self.transcribing = Some(Transcribing { id, parts: wanted.parts });
    }

    /// The person begins to say this, after a time, and says it for so long.
    pub(super) fn says(&mut self, said: &str, begins: Duration, secs: u32) {
        let Some(Transcribing { id, parts }) = self.transcribing else { return };
        let lasts = Duration::from_secs(secs.into());
        let words: Vec<&str> = said.split_whitespace().collect();
        if parts == Parts::Told {
            let half = words.iter().take(words.len().div_ceil(2)).copied().collect::<Vec<_>>().join(" ");
            let part = Recognized { id, words: half, is_final: false };
            self.after(begins + lasts / 2, Step::Recognized(part));
        }
        let whole = Recognized { id, words: words.join(" "), is_final: true };
        self.after(begins + lasts + RECOGNIZES, Step::Recognized(whole));
    }

    /// Whether they have begun to answer, and not all of it was told.
    pub(super) fn is_speaking(&self) -> bool {
        let is_heard = |step: &Step| match (step, &self.transcribing) {
            (Step::Recognized(recognized), Some(running)) => recognized.id == running.id,
            _ => false,
        };
        self.agenda.iter().any(|(_, step)| is_heard(step))
    }

    pub(super) fn recognized(&mut self, recognized: &Recognized) {
        let Recognized { id, words, is_final } = recognized;
        if self.transcribing.as_ref().is_none_or(|running| running.id != *id) {
            return;
        }
        let asked = ["confidence", self.line.sid.as_str(), &self.line.person.question().to_string()];
        let confidence = Chance::of(self.line.exchange.seed, &asked).within(8_000..=9_900);
        let data = json!({
            "confidence": f64::from(confidence) / 10_000.0,
            "is_final": is_final,
            "transcript": words,
        });
        self.told.tell(CallEvent::Transcription, json!({ "transcription_data": data }));
    }
}
