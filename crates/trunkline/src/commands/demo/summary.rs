//! The end of a demo: who answered what, what is kept, and whether anybody was called twice.

use serde_json::{Value, json};
use std::sync::Arc;
use trunkline_core::call::{Call, Recording, RecordingState};

use super::people::Person;
use super::show::word;
use super::watch::answer;
use crate::terminal::{Form, say, say_json, table};

/// What there is to sum up.
pub(super) struct Summary {
    /// Everybody, with the call made to them.
    pub calls: Vec<(Person, Arc<Call>)>,
    /// Numbers that the carrier was asked to call more than once.
    pub called_twice: Vec<String>,
    /// Numbers of people who want no more calls.
    pub opted_out: Vec<String>,
    /// How many questions the survey has.
    pub questions: u16,
}

impl Summary {
    /// Tells it.
    pub fn tell(&self, form: Form) {
        match form {
            Form::Json => self.tell_programs(),
            Form::Text => self.tell_people(),
        }
    }

    fn tell_people(&self) {
        let numbered: Vec<String> = (1..=self.questions).map(|n| format!("question {n}")).collect();
        let headings: Vec<&str> =
            ["name", "number", "call"].into_iter().chain(numbered.iter().map(String::as_str)).collect();
        let rows: Vec<Vec<String>> = self.calls.iter().map(|(person, call)| self.row(person, call)).collect();
        say("");
        table(&headings, &rows).iter().for_each(|line| say(&format!("  {line}")));
        let answered =
            self.calls.iter().filter(|(_, call)| call.turns.values().any(|turn| answer(turn).is_some()));
        let twice = match self.called_twice.is_empty() {
            true => "nobody was called twice".to_owned(),
            false => format!("CALLED TWICE: {}", self.called_twice.join(", ")),
        };
        say(&format!(
            "\n{} of {} people answered; {} recordings are kept; {twice}.",
            answered.count(),
            self.calls.len(),
            self.recordings(),
        ));
    }

    fn tell_programs(&self) {
        let people: Vec<Value> =
            self.calls.iter().map(|(person, call)| self.summed_up(person, call)).collect();
        say_json(&json!({
            "event": "summary", "people": people, "recordings": self.recordings(), "called_twice": self.called_twice,
        }));
    }

    fn recordings(&self) -> usize {
        self.calls.iter().map(|(_, call)| stored(call)).sum()
    }

    fn row(&self, person: &Person, call: &Call) -> Vec<String> {
        let how = match call.disposition() {
            _ if self.opted_out.contains(&person.number) => "wants no more calls",
            Some(disposition) => word(disposition),
            None => "not over",
        };
        let answer = |step| call.turns.get(&step).and_then(|turn| answer(turn)).unwrap_or_default();
        let mut row = vec![person.name.clone(), person.number.clone(), how.to_owned()];
        row.extend((0..self.questions).map(answer));
        row
    }

    fn summed_up(&self, person: &Person, call: &Call) -> Value {
        let turns = call.turns.values();
        let answers: Vec<Value> = turns
            .clone()
            .filter_map(|turn| Some(json!({ "question": turn.step + 1, "answer": answer(turn)? })))
            .collect();
        // Somebody who hangs up in the middle of an answer leaves a recording and no answer.
        let recordings: Vec<Value> = turns
            .flat_map(|turn| turn.recordings.iter().map(move |recording| (turn.step + 1, recording)))
            .filter(|(_, recording)| is_stored(recording))
            .map(|(question, recording)| json!({ "question": question, "recording": recording.id }))
            .collect();
        json!({
            "person": person.name, "number": person.number, "call": call.id, "status": call.status(),
            "disposition": call.disposition(), "outcome": call.outcome(), "answers": answers,
            "recordings": recordings, "opted_out": self.opted_out.contains(&person.number),
        })
    }
}

fn stored(call: &Call) -> usize {
    call.turns.values().flat_map(|turn| &turn.recordings).filter(|recording| is_stored(recording)).count()
}

fn is_stored(recording: &Recording) -> bool {
    matches!(recording.state, RecordingState::Stored { .. })
}
