//! As which caller a call is shown: one number, or one of a pool.
//!
//! A number that networks begin to refuse without ringing is distrusted: it rests while others of the pool are fit.

use super::check::Fault;
use crate::phone::PhoneNumber;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer calls than this say nothing about a number.
const ENOUGH_CALLS: u32 = 20;
/// A number rests from so many refusals among a hundred calls.
const BLOCKED_PERCENT: u32 = 15;

/// As which caller calls are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallerIds {
    /// The numbers, in the order of rotation.
    pub numbers: Vec<PhoneNumber>,
    /// How one is chosen.
    #[serde(default)]
    pub choose: Choose,
}

/// How a number of the pool is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choose {
    /// One after the other.
    #[default]
    Rotation,
    /// One of the callee's country, where there is one; else any.
    ByCountry,
}

/// What became of the calls shown as one number, of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Calls that ended.
    pub calls: u32,
    /// Of these, refused without ringing (disposition `blocked`).
    pub blocked: u32,
}

/// Whether a number may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It may.
    Fit,
    /// It is distrusted: an alarm, and only where no other is fit.
    Distrusted,
}

impl Sent {
    /// What that says about the number.
    pub fn health(self) -> Health {
        let too_many = u64::from(self.blocked) * 100 >= u64::from(self.calls) * u64::from(BLOCKED_PERCENT);
        if self.calls >= ENOUGH_CALLS && too_many { Health::Distrusted } else { Health::Fit }
    }
}

impl CallerIds {
    /// One number for all calls.
    pub fn one(number: PhoneNumber) -> Self {
        Self { numbers: vec![number], choose: Choose::Rotation }
    }

    /// The number to show to `to`. `turn` counts the campaign's calls, so that each number has its turn; `of_late` says
    /// what became of calls shown as each number. Distrusted numbers come last, however well they fit.
    pub fn pick(
        &self,
        to: &PhoneNumber,
        turn: u64,
        of_late: &BTreeMap<PhoneNumber, Sent>,
    ) -> Option<&PhoneNumber> {
        let rank = |number: &PhoneNumber| {
            let health = of_late.get(number).copied().unwrap_or_default().health();
            let is_foreign = self.choose == Choose::ByCountry && number.country() != to.country();
            (health, is_foreign)
        };
        let best = self.numbers.iter().map(rank).min()?;
        let fit: Vec<&PhoneNumber> = self.numbers.iter().filter(|number| rank(number) == best).collect();
        let count = u64::try_from(fit.len()).ok()?;
        fit.get(usize::try_from(turn.checked_rem(count)?).ok()?).copied()
    }

    pub(super) fn check(&self, faults: &mut Vec<Fault>) {
        if self.numbers.is_empty() {
            faults.push(Fault::new(
                "caller_ids.numbers",
                "there are none",
                "one of your numbers, or several",
            ));
        }
        let distinct: BTreeSet<&PhoneNumber> = self.numbers.iter().collect();
        if distinct.len() < self.numbers.len() {
            faults.push(Fault::new("caller_ids.numbers", "a number is there twice", "each number once"));
        }
    }
}
