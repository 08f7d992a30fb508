//! How the demo looks: lines for people, or JSON lines for programs.

use serde_json::{Value, json};
use trunkline_core::call::{Call, Disposition, RecordingState};

use super::folder::Folder;
use super::people::Person;
use super::watch::{Happening, answer, since};
use crate::terminal::{Form, clean, say, say_json, table};
use jiff::Timestamp;

/// What a demo has to say.
pub(super) struct Show {
    form: Form,
    epoch: Timestamp,
    /// The width of the longest name.
    width: usize,
}

impl Show {
    pub fn new(form: Form, epoch: Timestamp, people: &[Person]) -> Self {
        let width = people.iter().map(|person| person.name.chars().count()).max().unwrap_or(0);
        Self { form, epoch, width }
    }

    pub fn begin(&self, folder: &Folder, url: &str, called: usize) {
        let course = &folder.course;
        if self.form == Form::Json {
            return say_json(&json!({
                "event": "begins", "dashboard": format!("{url}/"), "key": course.key, "folder": folder.path(),
                "people": course.people, "called_before": called,
            }));
        }
        let place = match folder.is_temporary() {
            true => " (temporary; to keep everything: --folder DIR)",
            false => "",
        };
        say(&format!("A survey of {} people who never existed. Nothing leaves this machine.\n", course.people));
        say(&format!("  dashboard  {url}/"));
        say(&format!("  login key  {}", course.key));
        say(&format!("  folder     {}{place}", folder.path().display()));
        say(&format!("  time       {} times as fast as real\n", course.speed));
        if folder.goes_on {
            say(&format!("It goes on where it was: {called} people have their call already.\n"));
        }
    }

    pub fn happening(&self, now: Timestamp, person: &Person, call: &Call, happening: &Happening) {
        if self.form == Form::Json {
            let mut line = json!({ "at": now, "call": call.id, "person": person.name, "number": person.number });
            if let (Value::Object(line), Ok(Value::Object(more))) = (&mut line, serde_json::to_value(happening)) {
                line.extend(more);
            }
            return say_json(&line);
        }
        let what = match happening {
            Happening::Dials | Happening::Kept { .. } => return,
            Happening::Rings => "the phone rings".to_owned(),
            Happening::PicksUp => "picks up".to_owned(),
            Happening::Answers { question, answer } => format!("answers question {question}: {answer}"),
            Happening::Ends { disposition, answers } => ended(*disposition, *answers, call.turns.len()),
        };
        let time = since(self.epoch, now);
        let padding = " ".repeat(self.width.saturating_sub(person.name.chars().count()));
        say(&format!("  {time}  {}{padding}  {what}", clean(&person.name)));
    }

    pub fn summary(&self, folder: &Folder, calls: &[(Person, Option<Call>)], twice: &[String], questions: u16) {
        let recordings = calls.iter().filter_map(|(_, call)| call.as_ref()).map(stored).sum::<usize>();
        if self.form == Form::Json {
            let people: Vec<Value> = calls.iter().map(|(person, call)| summed_up(person, call.as_ref())).collect();
            return say_json(
                &json!({ "event": "summary", "people": people, "recordings": recordings, "called_twice": twice }),
            );
        }
        let numbered = (1..=questions).map(|n| format!("question {n}"));
        let headings: Vec<String> =
            ["name", "number", "ended"].map(str::to_owned).into_iter().chain(numbered).collect();
        let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
        let rows: Vec<Vec<String>> =
            calls.iter().map(|(person, call)| row(person, call.as_ref(), questions)).collect();
        say("");
        table(&headings, &rows).iter().for_each(|line| say(&format!("  {line}")));
        let completed = calls.iter().filter_map(|(_, call)| call.as_ref()).filter(|call| call.answer_count() > 0);
        say(&format!(
            "\n{} of {} people answered; {recordings} recordings are kept; {}.",
            completed.count(),
            calls.len(),
            if twice.is_empty() { "nobody was called twice".to_owned() } else { format!("called twice: {twice:?}") }
        ));
    }

    /// What can be done next.
    pub fn end(&self, folder: &Folder, keep: bool, url: &str) {
        if self.form == Form::Json {
            return;
        }
        if keep {
            say(&format!("The server goes on at {url}/ until Ctrl-C."));
        } else if folder.is_temporary() {
            say("The folder was temporary. To keep everything: trunkline demo --folder DIR; to look around: --keep");
        } else {
            say(&format!(
                "All of it is in {}. To look around: trunkline demo --folder {} --keep",
                folder.path().display(),
                folder.path().display()
            ));
        }
    }
}

fn row(person: &Person, call: Option<&Call>, questions: u16) -> Vec<String> {
    let how = call.map_or("not called".to_owned(), |call| {
        call.disposition().map_or("not over".to_owned(), |end| word(end).to_owned())
    });
    let turn = |step| call.and_then(|call| call.turns.get(&step)).and_then(answer).unwrap_or_default();
    [person.name.clone(), person.number.clone(), how].into_iter().chain((0..questions).map(turn)).collect()
}

fn summed_up(person: &Person, call: Option<&Call>) -> Value {
    let Some(call) = call else { return json!({ "person": person.name, "number": person.number, "call": null }) };
    let answers: Vec<Value> = call
        .turns
        .values()
        .filter_map(|turn| Some((turn, answer(turn)?)))
        .map(|(turn, answer)| {
            let recordings: Vec<&str> = turn.recordings.iter().map(|recording| recording.id.as_str()).collect();
            json!({ "question": turn.step + 1, "answer": answer, "recordings": recordings })
        })
        .collect();
    json!({
        "person": person.name, "number": person.number, "call": call.id, "status": call.status(),
        "disposition": call.disposition(), "answers": answers, "recordings_kept": stored(call),
    })
}

fn stored(call: &Call) -> usize {
    let recordings = call.turns.values().flat_map(|turn| &turn.recordings);
    recordings.filter(|recording| matches!(recording.state, RecordingState::Stored { .. })).count()
}

fn ended(disposition: Disposition, answers: usize, asked: usize) -> String {
    match disposition {
        Disposition::Completed if answers > 0 && answers == asked => "hears the goodbye".to_owned(),
        Disposition::Completed if answers > 0 => format!("is gone after {answers} answers"),
        Disposition::Completed => "is gone without an answer".to_owned(),
        other => word(other).to_owned(),
    }
}

fn word(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Completed => "completed",
        Disposition::Busy => "busy",
        Disposition::NoAnswer => "no answer",
        Disposition::Rejected => "declined",
        Disposition::Voicemail => "voicemail",
        Disposition::CarrierFailed => "cut off",
        Disposition::NotPlaced => "not placed",
        Disposition::Unreachable => "unreachable",
        Disposition::InvalidNumber => "no such number",
        Disposition::Canceled => "canceled",
        Disposition::Suppressed => "suppressed",
        Disposition::Expired => "waited too long",
        Disposition::TimeLimit => "time limit",
        other => other.as_str(),
    }
}
