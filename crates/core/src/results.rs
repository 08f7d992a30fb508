//! What came of calling one person: the last call, and one answer to each question, out of all calls that asked it.
//!
//! A later answer to the same question stands, also where the later call answered nothing else. Nothing is guessed: a question that
//! was not answered has no entry, and an answer that nobody wrote down is its recording.

use crate::call::{Call, RecordingState, Turn};
use crate::id::CallId;
use crate::private::Private;
use std::collections::BTreeMap;

/// What one person answered, by the question's index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers(pub BTreeMap<u16, Answered>);

/// An answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The call in which it was given.
    pub call: CallId,
    /// The question, as the person heard it.
    pub question: String,
    /// What it means: a choice's label, `yes`, `no` or a number. `None` where it is in words only, or is no answer to this question.
    pub value: Option<Private<String>>,
    /// The keys, as they came.
    pub digits: Option<Private<String>>,
    /// Its words: the transcript, or else what the carrier understood.
    pub said: Option<Private<String>>,
    /// Which recording of the call it is, from 0, if it is in the folder.
    pub recording: Option<u16>,
}

impl Answers {
    /// Out of a person's calls, the first one first.
    pub fn of<'a>(calls: impl IntoIterator<Item = &'a Call>) -> Self {
        let mut answers = BTreeMap::new();
        for call in calls {
            // A recording's number counts through all of its call, and those of a bot's talk come first.
            let mut before = call.recordings_of_talk().count();
            for turn in call.turns.values() {
                if let Some(answered) = Answered::of(call.id, turn, before) {
                    answers.insert(turn.step, answered);
                }
                before += turn.recordings.len();
            }
        }
        Self(answers)
    }
}

impl Answered {
    fn of(call: CallId, turn: &Turn, before: usize) -> Option<Self> {
        let answer = turn.answer.as_ref()?;
        let value = answer.value.word().map(|word| Private::new(word.to_owned()));
        let stored =
            turn.recordings.iter().rposition(|one| matches!(one.state, RecordingState::Stored { .. }));
        Some(Self {
            call,
            question: turn.question.clone(),
            value,
            digits: answer.digits.clone(),
            said: turn.transcript.clone().or_else(|| answer.speech.clone()),
            recording: stored.and_then(|at| u16::try_from(before + at).ok()),
        })
    }

    /// In one cell: what it means, else its words, else its keys, else where it can be heard.
    pub fn cell(&self, recording: impl Fn(CallId, u16) -> String) -> Option<String> {
        let text = |text: &Private<String>| text.reveal().clone();
        let written = self.value.as_ref().or(self.said.as_ref()).or(self.digits.as_ref());
        written.map(text).or_else(|| self.recording.map(|n| recording(self.call, n)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Answer, AnswerValue, Recording};
    use crate::id::RecordingId;
    use jiff::Timestamp;

    fn turn(step: u16, value: Option<AnswerValue>, states: &[RecordingState]) -> Turn {
        let answer = value.map(|value| Answer {
            ask: 0,
            at: Timestamp::UNIX_EPOCH,
            value,
            digits: None,
            speech: None,
        });
        let recording = |(n, state): (usize, &RecordingState)| Recording {
            id: RecordingId::new(format!("RE{step}{n}")),
            ask: 0,
            url: None,
            duration_secs: None,
            state: state.clone(),
        };
        Turn {
            step,
            question: format!("question {step}"),
            asked_at: None,
            asks: 1,
            answer,
            recordings: states.iter().enumerate().map(recording).collect(),
            transcript: None,
            transcription: None,
        }
    }

    fn answered(turn: &Turn, before: usize) -> Answered {
        Answered::of(CallId::new(Timestamp::UNIX_EPOCH, [1; 10]), turn, before).unwrap()
    }

    fn cell(answered: &Answered) -> Option<String> {
        answered.cell(|_, n| format!("/recordings/{n}"))
    }

    #[test]
    fn a_cell_says_what_is_known_best() {
        let stored = RecordingState::Stored { bytes: 1, sha256: String::new() };
        let yes = answered(&turn(0, Some(AnswerValue::YesNo(true)), &[]), 0);
        assert_eq!(cell(&yes).as_deref(), Some("yes"));
        let choice = AnswerValue::Choice { key: "2".to_owned(), label: "Tuesday".to_owned() };
        assert_eq!(cell(&answered(&turn(0, Some(choice), &[]), 0)).as_deref(), Some("Tuesday"));

        let mut recorded = turn(1, Some(AnswerValue::Recorded), &[RecordingState::Absent, stored]);
        let heard = answered(&recorded, 3);
        assert_eq!(cell(&heard).as_deref(), Some("/recordings/4"), "the link, by the number in its call");
        recorded.transcript = Some(Private::new("in May".to_owned()));
        assert_eq!(cell(&answered(&recorded, 3)).as_deref(), Some("in May"));

        let mut invalid = answered(&turn(2, Some(AnswerValue::Invalid), &[]), 0);
        assert_eq!(cell(&invalid), None);
        invalid.digits = Some(Private::new("99".to_owned()));
        assert_eq!(cell(&invalid).as_deref(), Some("99"));
    }

    #[test]
    fn a_recording_that_is_not_in_the_folder_is_no_link() {
        for state in
            [RecordingState::Named, RecordingState::Ready, RecordingState::Failed { why: String::new() }]
        {
            let recorded = answered(&turn(0, Some(AnswerValue::Recorded), std::slice::from_ref(&state)), 0);
            assert_eq!(cell(&recorded), None, "{state:?}");
        }
    }

    #[test]
    fn a_question_that_was_not_answered_has_no_entry() {
        let id = CallId::new(Timestamp::UNIX_EPOCH, [1; 10]);
        assert_eq!(Answered::of(id, &turn(0, None, &[]), 0), None);
    }
}
