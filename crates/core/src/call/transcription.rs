//! Where the text of a recorded answer stands: asked for, on its way, there, or not to be had. When it is asked for again is
//! said here, with the time as an argument.

use super::apply::Applied;
use super::effect::Refused;
use super::turn::{RecordingState, Turn};
use super::{Call, Recording};
use crate::id::RecordingId;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// How long after it was first asked for it is asked for again, in seconds: a day and a half in all.
const SCHEDULE_SECS: [i64; 8] = [5, 65, 365, 2_165, 9_365, 27_365, 63_365, 113_765];
/// So long a text is waited for that was promised.
pub const PROMISE: SignedDuration = SignedDuration::from_hours(24);
/// What was asked for so long ago is not asked for any more, whatever happened meanwhile.
pub const FORGOTTEN: SignedDuration = SignedDuration::from_hours(72);
/// Chance adds this part of a wait at most.
const SPREAD: f64 = 0.2;

/// News of a transcription, but for its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TranscriptionNews {
    /// The question's index.
    pub step: u16,
    /// At which asking of it the recording was made.
    pub ask: u8,
    /// The recording it is of.
    pub recording: RecordingId,
    /// Where it stands.
    pub stage: TranscriptionStage,
}

/// Where a transcription stands before its text is there. The order is the rank: it never falls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum TranscriptionStage {
    /// It is to be asked for, until somebody has it.
    Asked,
    /// Whoever transcribes has the audio, and sends the text later.
    Promised,
    /// It is not asked for any more. A text that comes all the same is taken.
    Failed {
        /// Why.
        why: String,
    },
}

/// The transcription of an answer's recording, but for its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transcription {
    /// At which asking the recording was made.
    pub ask: u8,
    /// The recording.
    pub recording: RecordingId,
    /// Since when it stands so.
    pub since: Timestamp,
    /// Where it stands.
    #[serde(flatten)]
    pub stage: TranscriptionStage,
}

/// Where an answer's text stands, as users read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TranscriptStatus {
    /// It is on its way.
    Pending,
    /// It is there.
    Completed,
    /// It could not be had.
    Failed,
}

impl Turn {
    /// Where the answer's text stands at this time; `None` if nobody was asked for it.
    pub fn transcript_status(&self, now: Timestamp) -> Option<TranscriptStatus> {
        if self.transcript.is_some() {
            return Some(TranscriptStatus::Completed);
        }
        self.transcription.as_ref().map(|known| match known.stage {
            // Whoever had asked for it was down for so long that nobody asks any more.
            _ if now.duration_since(known.since) >= FORGOTTEN => TranscriptStatus::Failed,
            TranscriptionStage::Asked | TranscriptionStage::Promised => TranscriptStatus::Pending,
            TranscriptionStage::Failed { .. } => TranscriptStatus::Failed,
        })
    }

    /// The recording that is to be transcribed and that nobody was asked about.
    pub fn to_transcribe(&self) -> Option<&Recording> {
        let recording = self.recording_of_answer()?;
        let is_stored = matches!(recording.state, RecordingState::Stored { .. });
        let is_asked = self.transcription.as_ref().is_some_and(|known| known.recording == recording.id);
        (is_stored && !is_asked && self.transcript.is_none()).then_some(recording)
    }

    /// What somebody is waiting for at this time.
    pub fn transcription_awaited(&self, now: Timestamp) -> Option<&Transcription> {
        let known = self.transcription.as_ref()?;
        (self.transcript_status(now) == Some(TranscriptStatus::Pending)).then_some(known)
    }
}

impl Call {
    pub(super) fn transcription(&mut self, news: &TranscriptionNews, at: Timestamp) -> Applied {
        let known = &mut self.turn_mut(news.step).transcription;
        let new = (news.ask, &news.recording, &news.stage);
        let is_news = match known {
            None => true,
            // Asked again, the later answer stands.
            Some(known) => match new.cmp(&(known.ask, &known.recording, &known.stage)) {
                Ordering::Greater => true,
                Ordering::Equal => at < known.since,
                Ordering::Less => false,
            },
        };
        if !is_news {
            return Err(Refused::Same);
        }
        let TranscriptionNews { ask, recording, stage, .. } = news.clone();
        *known = Some(Transcription { ask, recording, since: at, stage });
        Ok(Vec::new())
    }
}

/// When to ask again for what was first asked for at `since`, after a try that failed at `now`; `None` if that was the last.
/// `jitter` is drawn by chance: all of its values are equally good.
pub fn ask_again_at(since: Timestamp, now: Timestamp, jitter: u16) -> Option<Timestamp> {
    let passed = now.duration_since(since).as_secs();
    let next = SCHEDULE_SECS.into_iter().find(|at| *at > passed)?;
    #[expect(clippy::cast_precision_loss, reason = "a few days in seconds")]
    let wait = (next - passed) as f64;
    let more = wait * SPREAD * f64::from(jitter) / f64::from(u16::MAX);
    now.checked_add(SignedDuration::try_from_secs_f64(wait + more).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    #[test]
    fn it_is_asked_for_over_a_day_and_a_half_and_then_no_more() {
        let (since, mut now, mut tries) = (at(100), at(100), 1);
        while let Some(next) = ask_again_at(since, now, 0) {
            assert!(next > now);
            (now, tries) = (next, tries + 1);
        }
        assert_eq!((now, tries), (at(100 + 113_765), 9));
    }

    #[test]
    fn who_comes_back_after_a_restart_goes_on_where_the_schedule_is() {
        assert_eq!(ask_again_at(at(0), at(1_000), 0), Some(at(2_165)));
        assert_eq!(ask_again_at(at(0), at(1_000), u16::MAX), Some(at(2_165 + 233)));
        assert_eq!(ask_again_at(at(0), at(200_000), 0), None);
        assert_eq!(ask_again_at(at(50), at(0), 0), Some(at(55)), "a clock that was set back");
    }
}
