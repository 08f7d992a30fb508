//! How the demo looks: lines for people, or JSON lines for programs.

use serde_json::{Value, json};
use std::cell::Cell;
use trunkline_core::call::{Call, Disposition, Outcome};
use trunkline_core::queue::Progress;

use super::folder::Folder;
use super::people::{CAST, Person};
use super::watch::{Happening, since};
use crate::terminal::{Form, clean, say, say_json};
use jiff::Timestamp;

/// What a demo has to say while it runs.
pub(super) struct Show {
    form: Form,
    epoch: Timestamp,
    /// The width of the longest name.
    width: usize,
    /// How many people.
    people: usize,
    /// How far it was when that was last told of a crowd, in parts of so many.
    told: Cell<u64>,
}

/// A crowd's progress is told so often.
const PARTS: u64 = 20;

impl Show {
    pub fn new(form: Form, epoch: Timestamp, people: &[Person]) -> Self {
        let width = people.iter().map(|person| person.name.chars().count()).max().unwrap_or(0);
        Self { form, epoch, width, people: people.len(), told: Cell::new(0) }
    }

    /// Of a crowd is told how far it is, and not who does what.
    fn is_crowd(&self) -> bool {
        self.people > CAST
    }

    /// So many people are done, and so many calls are live.
    pub fn progress(&self, now: Timestamp, progress: &Progress, live: usize) {
        let (done, all) = (progress.total() - progress.still_open(), progress.total().max(1));
        let part = done * PARTS / all;
        if self.form == Form::Json || !self.is_crowd() || part <= self.told.get() {
            return;
        }
        self.told.set(part);
        say(&format!(
            "  {}  {done} of {all} people are done ({} completed, {} not reached), {live} calls are live",
            since(self.epoch, now),
            progress.completed,
            progress.failed
        ));
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
        say(&format!(
            "A survey of {} people who never existed. Nothing leaves this machine.\n",
            course.people
        ));
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
            let mut line =
                json!({ "at": now, "call": call.id, "person": person.name, "number": person.number });
            if let (Value::Object(line), Ok(Value::Object(more))) =
                (&mut line, serde_json::to_value(happening))
            {
                line.extend(more);
            }
            return say_json(&line);
        }
        if self.is_crowd() {
            return;
        }
        let what = match happening {
            Happening::Dials | Happening::Kept { .. } => return,
            Happening::Rings => "the phone rings".to_owned(),
            Happening::PicksUp => "picks up".to_owned(),
            Happening::Answers { question, answer } => format!("answers question {question}: {answer}"),
            Happening::Ends { disposition, answers, outcome } => ended(*disposition, *answers, *outcome),
        };
        let time = since(self.epoch, now);
        let padding = " ".repeat(self.width.saturating_sub(person.name.chars().count()));
        say(&format!("  {time}  {}{padding}  {what}", clean(&person.name)));
    }

    /// The server is not stopped.
    pub fn goes_on(&self, url: &str) {
        if self.form == Form::Text {
            say(&format!("The server goes on at {url}/ until Ctrl-C."));
        }
    }

    /// What can be done next.
    pub fn end(&self, folder: &Folder) {
        if self.form == Form::Json {
            return;
        }
        if folder.is_temporary() {
            say(
                "The folder was temporary. To keep everything: trunkline demo --folder DIR; to look around: --keep",
            );
        } else {
            say(&format!(
                "All of it is in {}. To look around: trunkline demo --folder {} --keep",
                folder.path().display(),
                folder.path().display()
            ));
        }
    }
}

fn ended(disposition: Disposition, answers: usize, outcome: Option<Outcome>) -> String {
    let given = match answers {
        0 => "without an answer".to_owned(),
        1 => "after 1 answer".to_owned(),
        answers => format!("after {answers} answers"),
    };
    match (disposition, outcome) {
        (Disposition::Completed, Some(Outcome::Finished)) => format!("hears the goodbye {given}"),
        (Disposition::Completed, _) => format!("is gone {given}"),
        (other, _) => word(other).to_owned(),
    }
}

pub(super) fn word(disposition: Disposition) -> &'static str {
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
