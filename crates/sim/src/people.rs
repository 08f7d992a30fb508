//! The directory: whose habit is known, and a draw for everybody else.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::answer::Person;
use crate::chance::Chance;
use crate::pattern::Pattern;
use crate::person::{Habit, Mix};

/// Everybody who can be called.
pub(crate) struct People {
    seed: u64,
    mix: Mix,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    exact: HashMap<String, Habit>,
    /// Later patterns win.
    patterns: Vec<(Pattern, Habit)>,
}

impl People {
    pub(crate) fn new(seed: u64, mix: Mix, known: Vec<(Pattern, Habit)>) -> Self {
        let people = Self { seed, mix, known: Mutex::default() };
        for (pattern, habit) in known {
            people.set(pattern, habit);
        }
        people
    }

    pub(crate) fn set(&self, pattern: Pattern, habit: Habit) {
        let mut known = self.known.lock();
        if pattern.is_exact() {
            known.exact.insert(pattern.as_str().to_owned(), habit);
        } else {
            known.patterns.retain(|(old, _)| *old != pattern);
            known.patterns.push((pattern, habit));
        }
    }

    /// The person who takes the n-th call (from 0) to this number.
    pub(crate) fn person(&self, number: &str, nth: u64) -> Person {
        let habit =
            self.known_habit(number).unwrap_or_else(|| Habit::of_stranger(&self.mix, self.seed, number, nth));
        self.with_habit(habit, number, nth)
    }

    /// A person with a given habit, whose chance is the number's.
    pub(crate) fn with_habit(&self, habit: Habit, number: &str, nth: u64) -> Person {
        Person::new(habit, Chance::of(self.seed, &["person", number, &nth.to_string()]))
    }

    pub(crate) fn known_habit(&self, number: &str) -> Option<Habit> {
        let known = self.known.lock();
        let by_pattern = || known.patterns.iter().rev().find(|(pattern, _)| pattern.matches(number));
        known.exact.get(number).cloned().or_else(|| by_pattern().map(|(_, habit)| habit.clone()))
    }
}
