//! The end of a demo: who answered what, what is kept, and what was not right.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trunkline_core::call::{Call, Recording, RecordingState};

use super::judge::Verdict;
use super::people::{CAST, Person};
use super::show::word;
use super::survey::Called;
use super::watch::answer;
use crate::terminal::{Form, say, say_json, table};

/// What there is to sum up.
pub(super) struct Summary {
    /// Everybody, with the calls made to them.
    pub calls: Called,
    /// What was not right.
    pub verdict: Verdict,
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
        say("");
        if self.calls.len() > CAST {
            self.tell_counts();
        } else {
            self.tell_each();
        }
        let answered = self.calls.iter().filter(|(_, calls)| !answers(calls).is_empty());
        let Verdict { called_twice, asked_twice, not_resumed, misheard } = &self.verdict;
        let calls = match self.calls.len() > CAST {
            true => format!(
                "{} calls were made; ",
                self.calls.iter().map(|(_, calls)| calls.len()).sum::<usize>()
            ),
            false => String::new(),
        };
        let twice = match called_twice.is_empty() {
            true if self.calls.len() > CAST => "nobody was called more often than the policy says".to_owned(),
            true => "nobody was called twice".to_owned(),
            false => format!("CALLED TWICE: {}", called_twice.join(", ")),
        };
        say(&format!(
            "\n{} of {} people answered; {calls}{} recordings are kept; {twice}.",
            answered.count(),
            self.calls.len(),
            self.recordings(),
        ));
        for (what, whom) in
            [("ASKED TWICE", asked_twice), ("NOT ASKED ON", not_resumed), ("MISHEARD", misheard)]
        {
            if !whom.is_empty() {
                say(&format!("{what}: {}.", whom.join(", ")));
            }
        }
    }

    /// A row a person.
    fn tell_each(&self) {
        let numbered: Vec<String> = (1..=self.questions).map(|n| format!("question {n}")).collect();
        let headings: Vec<&str> =
            ["name", "number", "call"].into_iter().chain(numbered.iter().map(String::as_str)).collect();
        let rows: Vec<Vec<String>> =
            self.calls.iter().map(|(person, calls)| self.row(person, calls)).collect();
        table(&headings, &rows).iter().for_each(|line| say(&format!("  {line}")));
    }

    /// A row an end.
    fn tell_counts(&self) {
        let mut ends: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
        for (person, calls) in &self.calls {
            let (people, made, given) = ends.entry(self.how(person, calls)).or_default();
            *people += 1;
            *made += calls.len();
            *given += answers(calls).len();
        }
        let rows: Vec<Vec<String>> = ends
            .into_iter()
            .map(|(end, (people, made, given))| {
                vec![end.to_owned(), people.to_string(), made.to_string(), given.to_string()]
            })
            .collect();
        let headings = ["last call", "people", "calls", "answers"];
        table(&headings, &rows).iter().for_each(|line| say(&format!("  {line}")));
    }

    fn tell_programs(&self) {
        let people: Vec<Value> =
            self.calls.iter().map(|(person, calls)| self.summed_up(person, calls)).collect();
        let Verdict { called_twice, asked_twice, not_resumed, misheard } = &self.verdict;
        say_json(&json!({
            "event": "summary", "people": people, "recordings": self.recordings(), "called_twice": called_twice,
            "asked_twice": asked_twice, "not_resumed": not_resumed, "misheard": misheard,
        }));
    }

    fn recordings(&self) -> usize {
        self.calls.iter().flat_map(|(_, calls)| calls).map(stored).sum()
    }

    /// How it ended with somebody.
    fn how(&self, person: &Person, calls: &[Call]) -> &'static str {
        match calls.last().map(Call::disposition) {
            _ if self.opted_out.contains(&person.number) => "wants no more calls",
            Some(Some(disposition)) => word(disposition),
            Some(None) => "not over",
            None => "not called",
        }
    }

    fn row(&self, person: &Person, calls: &[Call]) -> Vec<String> {
        let mut answers = answers(calls);
        let mut row = vec![person.name.clone(), person.number.clone(), self.how(person, calls).to_owned()];
        row.extend((0..self.questions).map(|step| answers.remove(&step).unwrap_or_default()));
        row
    }

    fn summed_up(&self, person: &Person, calls: &[Call]) -> Value {
        let answers: Vec<Value> = answers(calls)
            .into_iter()
            .map(|(step, answer)| json!({ "question": step + 1, "answer": answer }))
            .collect();
        // Somebody who hangs up in the middle of an answer leaves a recording and no answer.
        let recordings: Vec<Value> = calls
            .iter()
            .flat_map(|call| call.turns.values())
            .flat_map(|turn| turn.recordings.iter().map(move |recording| (turn.step + 1, recording)))
            .filter(|(_, recording)| is_stored(recording))
            .map(|(question, recording)| json!({ "question": question, "recording": recording.id }))
            .collect();
        let last = calls.last();
        json!({
            "person": person.name, "number": person.number, "calls": calls.len(),
            "call": last.map(|call| call.id), "status": last.map(Call::status),
            "disposition": last.and_then(Call::disposition), "outcome": last.and_then(Call::outcome),
            "answers": answers, "recordings": recordings, "opted_out": self.opted_out.contains(&person.number),
        })
    }
}

/// What somebody answered in all calls together; said again, the later answer stands.
fn answers(calls: &[Call]) -> BTreeMap<u16, String> {
    let turns = calls.iter().flat_map(|call| call.turns.values());
    turns.filter_map(|turn| Some((turn.step, answer(turn)?))).collect()
}

fn stored(call: &Call) -> usize {
    call.turns.values().flat_map(|turn| &turn.recordings).filter(|recording| is_stored(recording)).count()
}

fn is_stored(recording: &Recording) -> bool {
    matches!(recording.state, RecordingState::Stored { .. })
}
