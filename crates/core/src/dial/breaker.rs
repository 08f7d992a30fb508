//! A carrier account that fails again and again is left alone for a while, and then tried with one call.

use super::gates::Circuit;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// So many failures in a row open the circuit.
const FAILURES: u32 = 5;
/// How long it stays open at first; twice as long after each further failure, up to the longest.
const FIRST_SECS: i64 = 10;
const LONGEST_SECS: i64 = 300;

/// How a carrier account has answered of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Failures since the last good answer.
    pub failures: u32,
    /// When the last one was.
    pub failed_at: Option<Timestamp>,
}

/// What an answer to a create request says of the account's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It works: it took the call, or refused this one number.
    Fit,
    /// It does not: refused connection, no answer, 5xx, or our own credentials.
    Failed,
}

impl Breaker {
    /// The account after one more answer.
    #[must_use]
    pub fn after(self, answered: Answered, at: Timestamp) -> Self {
        match answered {
            Answered::Fit => Self::default(),
            Answered::Failed => Self { failures: self.failures.saturating_add(1), failed_at: Some(at) },
        }
    }

    /// Whether it may be asked. When the circuit's time is over, calls go through again, and the first further failure
    /// opens it for twice as long.
    #[must_use]
    pub fn circuit(&self) -> Circuit {
        let Some(failed_at) = self.failed_at.filter(|_| self.failures >= FAILURES) else {
            return Circuit::Fit;
        };
        let doublings = (self.failures - FAILURES).min(10);
        let secs = (FIRST_SECS << doublings).min(LONGEST_SECS);
        let until = failed_at.checked_add(SignedDuration::from_secs(secs));
        Circuit::OpenUntil(until.unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + secs).unwrap()
    }

    fn failing(times: u32) -> Breaker {
        (0..times).fold(Breaker::default(), |breaker, _| breaker.after(Answered::Failed, at(0)))
    }

    #[test]
    fn it_opens_after_five_failures_for_longer_and_longer() {
        let until = |secs| Circuit::OpenUntil(at(secs));
        let circuits = [4, 5, 6, 8, 10, 1_000].map(|times| failing(times).circuit());
        assert_eq!(circuits, [Circuit::Fit, until(10), until(20), until(80), until(300), until(300)]);
    }

    #[test]
    fn one_good_answer_closes_it() {
        assert_eq!(failing(50).after(Answered::Fit, at(1)).circuit(), Circuit::Fit);
    }
}
