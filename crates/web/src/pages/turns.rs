//! The questions of a call, each with its answer, as its page shows them.

use super::show::{Time, duration};
use super::texts::Texts;
use jiff::Timestamp;
use trunkline_core::call::{Answer, AnswerValue, Call, Recording, RecordingState, TranscriptStatus, Turn};

/// One question with its answer.
pub(super) struct TurnView {
    /// Its number, from 1.
    pub(super) number: u16,
    pub(super) question: String,
    pub(super) asked: Option<Time>,
    /// How often it was asked, if more than once.
    pub(super) asked_again: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) transcript: Option<String>,
    /// Where the transcript stands, if it is not there.
    pub(super) transcript_note: Option<String>,
    pub(super) recordings: Vec<RecordingView>,
}

/// A recording, to be played, or why it can't be.
pub(super) struct RecordingView {
    /// Where it can be played from, once it is stored.
    pub(super) src: Option<String>,
    pub(super) label: String,
    pub(super) length: Option<String>,
    pub(super) note: String,
}

/// The turns of a call, in order.
pub(super) fn of(t: Texts, call: &Call, now: Timestamp) -> Vec<TurnView> {
    let mut numbers = call.recordings_of_talk().count()..;
    call.turns.values().map(|turn| one(t, call, turn, now, &mut numbers)).collect()
}

fn one(
    t: Texts,
    call: &Call,
    turn: &Turn,
    now: Timestamp,
    numbers: &mut impl Iterator<Item = usize>,
) -> TurnView {
    let number = turn.step.saturating_add(1);
    TurnView {
        number,
        question: turn.question.clone(),
        asked: turn.asked_at.map(Time::new),
        asked_again: (turn.asks > 1).then(|| t.count("turn-asked", &turn.asks.into())),
        answer: turn.answer.as_ref().map(|answer| words(t, answer)),
        transcript: turn.transcript.as_ref().map(|text| text.reveal().clone()),
        transcript_note: match turn.transcript_status(now) {
            Some(TranscriptStatus::Pending) => Some(t.get("transcript-pending")),
            Some(TranscriptStatus::Failed) => Some(t.get("transcript-failed")),
            Some(TranscriptStatus::Completed) | None => None,
        },
        recordings: turn
            .recordings
            .iter()
            .zip(numbers)
            .map(|(recording, n)| {
                let label = t.count("recording-label", &number.into());
                RecordingView::of(t, call, recording, label, n)
            })
            .collect(),
    }
}

/// An answer in words.
fn words(t: Texts, answer: &Answer) -> String {
    match &answer.value {
        AnswerValue::Recorded => t.get("answer-recorded"),
        AnswerValue::YesNo(true) | AnswerValue::Consent(true) => t.get("answer-yes"),
        AnswerValue::YesNo(false) | AnswerValue::Consent(false) => t.get("answer-no"),
        AnswerValue::Number(number) => number.reveal().clone(),
        AnswerValue::Choice { key, label } if label.is_empty() => key.clone(),
        AnswerValue::Choice { label, .. } => label.clone(),
        AnswerValue::Invalid => {
            let heard = answer.digits.as_ref().or(answer.speech.as_ref());
            match heard {
                Some(heard) => t.with("answer-unclear-heard", "heard", heard.reveal()),
                None => t.get("answer-unclear"),
            }
        }
    }
}

impl RecordingView {
    /// Those of a bot's talk, which are the first of a call's.
    pub(super) fn of_talk(t: Texts, call: &Call) -> Vec<Self> {
        let one = |(n, (stream, recording)): (usize, (u16, &Recording))| {
            let label = t.count("recording-of-talk", &stream.into());
            let of_talk = Self::of(t, call, recording, label, n);
            match recording.state {
                RecordingState::Named => Self { note: t.get("recording-of-talk-begun"), ..of_talk },
                _ => of_talk,
            }
        };
        call.recordings_of_talk().enumerate().map(one).collect()
    }

    fn of(t: Texts, call: &Call, recording: &Recording, label: String, n: usize) -> Self {
        let stored = matches!(recording.state, RecordingState::Stored { .. });
        Self {
            src: stored.then(|| format!("/calls/{}/recordings/{n}", call.id)),
            label,
            length: recording.duration_secs.map(duration),
            note: match &recording.state {
                RecordingState::Named => t.get("recording-named"),
                RecordingState::Ready => t.get("recording-ready"),
                RecordingState::Absent => t.get("recording-absent"),
                RecordingState::Failed { why } => t.with("recording-failed", "why", why),
                RecordingState::Stored { .. } => String::new(),
                RecordingState::Removed { at, .. } => t.with("recording-removed", "day", &Time::new(*at).day),
            },
        }
    }
}
