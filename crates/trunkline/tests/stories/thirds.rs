//! Calls of five questions on every kind of database, which is away for the middle third of them: every answer is there,
//! once, those who look are told and told that it is over, and nobody restarts anything. F-07, F-08 and their control.
//!
//! `TRUNKLINE_CALLS=100` tells the story at its full size. How long voice webhooks took is told and not judged here: a busy
//! machine would be judged with it.

use std::time::Duration;

use trunkline_sim::{Habit, Heard, WebhookKind};

use crate::beneath::{Beneath, Kind, Trouble, is_told, is_well};
use crate::day::{Day, number};

const QUESTIONS: &str = r#"["Your name?", "Which day?", "Anything else?", "A number?", "Last words?"]"#;
const EACH: usize = 5;

/// Somebody who is called, and what they say.
struct Person {
    number: String,
    said: Vec<String>,
}

impl Person {
    fn new(n: usize) -> Self {
        let said = (0..EACH).map(|question| format!("answer {question} of person {n}")).collect();
        Self { number: format!("+1555020{n:04}"), said }
    }

    /// They are called.
    fn call<'a>(&'a self, day: &Day) -> (String, &'a Self) {
        let said = self.said.clone();
        day.person(&self.number, Habit::Answers { ring_secs: None, said, digits: Vec::new() });
        (day.call(&self.number), self)
    }
}

fn a_database_away_for_the_middle_third_costs_no_answer(kind: Kind, trouble: Trouble) {
    let people: Vec<Person> = (0..number("TRUNKLINE_CALLS", 15)).map(Person::new).collect();
    let all = people.len() * EACH;
    let mut beneath = Beneath::of_kind(kind, trouble);
    let opening = Day::with().questions(QUESTIONS).at_speed(12.0).at_most(150);
    let opening = ["SYSTEM", "CARRIER", "TENANT"]
        .into_iter()
        .fold(opening, |opening, whose| opening.set(&format!("TRUNKLINE_LIMITS_{whose}_CALLS"), "200"));
    let day = beneath.of(opening).in_its_own_process().begin();
    is_well(&day);
    let [first, second, third] = [0, 1, 2].map(|n| &people[people.len() * n / 3..people.len() * (n + 1) / 3]);

    let mut calls: Vec<_> = first.iter().map(|person| person.call(&day)).collect();
    has_heard(&day, all / 6);
    let mut told = vec![voice_webhooks(&day).len()];
    beneath.goes_away(&day);
    calls.extend(second.iter().map(|person| person.call(&day)));
    has_heard(&day, all / 2);
    if !matches!(trouble, Trouble::None | Trouble::Deleted) {
        is_told(&day);
    }
    told.push(voice_webhooks(&day).len());
    beneath.comes_back(&day);
    calls.extend(third.iter().map(|person| person.call(&day)));
    has_heard(&day, all);
    day.is_quiet();
    is_well(&day);

    for (call, person) in &calls {
        assert_eq!(day.disposition(call), "completed");
        assert_eq!(day.answers(call), person.said);
        day.until("the database has it", |day| day.database().disposition(call));
        assert_eq!(day.database().answers(call), person.said);
        let events = day.get(&format!("/api/calls/{call}/events")).json()["events"].as_array().unwrap().len();
        assert_eq!(day.database().rows(call), [format!("1 {events} {EACH}")], "once each");
        assert_eq!(day.dialed(&person.number), 1, "nobody was called again");
    }
    assert_eq!(day.get("/health").json()["recovered_calls"], 0, "it was never started again");
    tell(&format!("{kind:?}, {trouble:?}: {all} of {all} answers"), &voice_webhooks(&day), &told);
}

/// Waits until so many answers were given in all.
fn has_heard(day: &Day, answers: usize) {
    day.until(&format!("{answers} answers"), |day| {
        let calls = day.sim.calls();
        let heard = calls.iter().flat_map(|call| day.sim.heard(&call.sid));
        (heard.filter(|heard| matches!(heard, Heard::Spoke { .. })).count() >= answers).then_some(())
    });
}

/// How long each voice webhook took, in the order in which they were answered.
fn voice_webhooks(day: &Day) -> Vec<Duration> {
    let hooks = day.sim.webhooks().into_iter().filter(|hook| hook.kind == WebhookKind::Voice);
    hooks.map(|hook| hook.took).collect()
}

#[allow(clippy::print_stderr, reason = "a figure that is reported and not asserted")]
fn tell(what: &str, took: &[Duration], told: &[usize]) {
    let thirds =
        [("before", &took[..told[0]]), ("away", &took[told[0]..told[1]]), ("after", &took[told[1]..])];
    let words = thirds.map(|(when, took)| format!("{when} {:.1?} of {}", p99(took), took.len()));
    eprintln!("{what}; p99 of voice webhooks {}", words.join(", "));
}

fn p99(took: &[Duration]) -> Duration {
    let mut sorted = took.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() * 99).div_ceil(100).max(1) - 1).copied().unwrap_or_default()
}

/// Tells the story of a database and its trouble.
macro_rules! with {
    ($($name:ident: $kind:ident, $trouble:ident;)+) => {
        $(
            #[test]
            fn $name() {
                a_database_away_for_the_middle_third_costs_no_answer(Kind::$kind, Trouble::$trouble);
            }
        )+
    };
}

with! {
    sqlite_all_the_time: Sqlite, None;
    sqlite_locked_for_the_middle_third: Sqlite, Locked;
    sqlite_deleted_at_the_first_third: Sqlite, Deleted;
    postgresql_all_the_time: Postgres, None;
    postgresql_killed_for_the_middle_third: Postgres, Killed;
    postgresql_stopped_for_the_middle_third: Postgres, Frozen;
    the_journal_alone_all_the_time: None, None;
    the_journal_alone_with_its_index_locked_for_the_middle_third: None, Locked;
    the_journal_alone_with_its_index_deleted_at_the_first_third: None, Deleted;
}
