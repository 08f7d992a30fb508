//! What happens to whom: the difference between two looks at a call, as things worth telling.

use jiff::Timestamp;
use serde::Serialize;
use trunkline_core::call::{AnswerValue, Call, Disposition, Outcome, RecordingState, State, Turn};

/// Something that happened in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Happening {
    /// The carrier was asked to call.
    Dials,
    /// The phone rings.
    Rings,
    /// Somebody took it.
    PicksUp,
    /// A question was answered.
    Answers {
        /// Which, from 1.
        question: u16,
        /// What, in words.
        answer: String,
    },
    /// The recording of an answer is in the folder.
    Kept {
        /// Of which question, from 1.
        question: u16,
        /// What the carrier calls it.
        recording: String,
    },
    /// It is over.
    Ends {
        /// How.
        disposition: Disposition,
        /// How many questions have an answer.
        answers: usize,
        /// What the script achieved.
        #[serde(skip_serializing_if = "Option::is_none")]
        outcome: Option<Outcome>,
    },
}

/// One call, as it was when last looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    state: Option<State>,
    answers: Vec<u16>,
    kept: Vec<String>,
    pub over: bool,
    pub settled: bool,
}

impl Seen {
    /// Looks again, and tells what is new, in the order in which it must have happened.
    pub fn look(&mut self, call: &Call) -> Vec<Happening> {
        let mut news = Vec::new();
        let before = self.state.unwrap_or(State::Queued);
        let state = call.state();
        let passed = |step: State| before < step && state >= step;
        if passed(State::Dialing) && call.leg().post_begun_at.is_some() {
            news.push(Happening::Dials);
        }
        if before < State::Ringing && call.ringing_at().is_some() {
            news.push(Happening::Rings);
        }
        if before < State::Answered && call.answered_at().is_some() {
            news.push(Happening::PicksUp);
        }
        for turn in call.turns.values() {
            self.look_at(turn, &mut news);
        }
        if let Some(disposition) = call.disposition().filter(|_| !self.over) {
            self.over = true;
            let answers = call.turns.values().filter(|turn| answer(turn).is_some()).count();
            news.push(Happening::Ends { disposition, answers, outcome: call.outcome() });
        }
        self.state = Some(state.max(before));
        self.settled = call.is_settled();
        news
    }

    fn look_at(&mut self, turn: &Turn, news: &mut Vec<Happening>) {
        let question = turn.step + 1;
        if let Some(answer) = answer(turn)
            && !self.answers.contains(&turn.step)
        {
            self.answers.push(turn.step);
            news.push(Happening::Answers { question, answer });
        }
        for recording in &turn.recordings {
            let id = recording.id.as_str();
            let is_new = !self.kept.iter().any(|known| known == id);
            if matches!(recording.state, RecordingState::Stored { .. }) && is_new {
                self.kept.push(id.to_owned());
                news.push(Happening::Kept { question, recording: id.to_owned() });
            }
        }
    }
}

/// The answer to a question in words; `None` if there is none.
pub(super) fn answer(turn: &Turn) -> Option<String> {
    let value = &turn.answer.as_ref()?.value;
    if *value != AnswerValue::Recorded {
        return value.word().map(str::to_owned);
    }
    let secs = turn.recording_of_answer().and_then(|recording| recording.duration_secs);
    Some(secs.map_or_else(|| "recorded".to_owned(), |secs| format!("recorded, {secs} s")))
}

/// When, for people: minutes and seconds since the survey began.
pub(super) fn since(epoch: Timestamp, now: Timestamp) -> String {
    let secs = now.duration_since(epoch).as_secs().max(0);
    let (hours, minutes, secs) = (secs / 3_600, secs / 60 % 60, secs % 60);
    if hours == 0 { format!("{minutes:02}:{secs:02}") } else { format!("{hours}:{minutes:02}:{secs:02}") }
}
