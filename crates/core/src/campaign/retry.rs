//! What comes after an attempt: the retry policy, as data.
//!
//! The order says what overrides what: an opt-out is for ever; a number that can't be called stays so; a promised
//! call-back is kept ([`Job::apply`](crate::queue::Job::apply) says so); then the delays, the maximum, and the person's budget over all campaigns.

use super::check::Fault;
use crate::call::{Call, Class, Disposition, Outcome};
use crate::dial::earlier::{Earlier, PersonBudget};
use crate::dial::gates::Closed;
use crate::queue::{Done, Next, uses_up};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const LONGEST_DELAY_SECS: u32 = 30 * 24 * 3_600;

/// What comes after which end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RetryPolicy {
    /// Attempts per job that are used up before it is given up.
    pub max_attempts: u16,
    /// Delays by class. A class that isn't here is not tried again.
    pub by_class: BTreeMap<Class, Delays>,
    /// Delays that differ from those of the class.
    pub by_disposition: BTreeMap<Disposition, Delays>,
    /// Delays after a person was reached and hung up before the last question. Empty: not called again.
    pub unfinished: Delays,
}

/// Seconds to wait after the first, second, third attempt; the last one holds for all further. Empty: never again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Delays(pub Vec<u32>);

impl Delays {
    /// How long to wait after the attempt with this number, from 1.
    fn after(&self, attempt: u16) -> Option<SignedDuration> {
        let secs = self.0.get(usize::from(attempt.max(1)) - 1).or(self.0.last())?;
        Some(SignedDuration::from_secs(i64::from(*secs)))
    }
}

/// How an attempt ended, as far as the next one depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptEnd {
    /// How.
    pub disposition: Disposition,
    /// What the script or the bot achieved, if there was one.
    pub outcome: Option<Outcome>,
    /// When.
    pub at: Timestamp,
    /// Whether the person wants never to be called again.
    pub person: Wish,
}

impl AttemptEnd {
    /// How this call ended; `None` while it lives.
    pub fn of(call: &Call, person: Wish) -> Option<Self> {
        let (disposition, outcome) = (call.disposition()?, call.outcome());
        Some(Self { disposition, outcome, at: call.ended_at().unwrap_or(call.updated_at), person })
    }

    /// How it ended for the next attempt. A line that was open is told apart by what the bot found on it: a machine that only the
    /// bot has heard to be one, a model that failed before anything was done, somebody who wants none of it.
    fn disposition(&self) -> Disposition {
        use Outcome as Was;
        match (self.disposition.class(), self.outcome) {
            // What was done is done, whatever the carrier says of the line.
            (_, Some(Was::Confirmed | Was::Rescheduled | Was::Cancelled | Was::Booked)) => {
                Disposition::Completed
            }
            (Class::Reached, Some(Was::Voicemail)) => Disposition::Voicemail,
            (Class::Reached, Some(Was::Error)) => Disposition::BotFailed,
            (Class::Reached, Some(Was::Refused)) => Disposition::Declined,
            _ => self.disposition,
        }
    }

    fn class(&self) -> Class {
        self.disposition().class()
    }
}

/// What the person said about further calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    None,
    /// Never again.
    OptOut,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let minutes = |minutes: &[u32]| Delays(minutes.iter().map(|minutes| minutes * 60).collect());
        let by_class = BTreeMap::from([
            (Class::Machine, minutes(&[5 * 60])),
            (Class::Ours, minutes(&[1, 5, 15])),
            (Class::Temporary, minutes(&[60, 4 * 60, 24 * 60])),
            (Class::Technical, minutes(&[1, 5, 30])),
            (Class::ByTheClock, Delays(vec![30])),
        ]);
        let by_disposition = BTreeMap::from([
            (Disposition::Busy, minutes(&[5, 15, 60])),
            (Disposition::Fax, Delays::default()),
        ]);
        Self { max_attempts: 4, by_class, by_disposition, unfinished: minutes(&[60, 4 * 60]) }
    }
}

impl RetryPolicy {
    /// What comes after an attempt that ended so. `used` counts the attempts of this job that are used up, this one
    /// included; `to_person` all attempts to the person within the last week, this one included.
    pub fn after(
        &self,
        end: &AttemptEnd,
        used: u16,
        budget: &PersonBudget,
        to_person: &[Earlier],
        now: Timestamp,
    ) -> Next {
        let done = |done| Next::Done { done };
        match (end.person, end.disposition) {
            (Wish::OptOut, _) => return done(Done::OptedOut),
            (_, Disposition::InvalidNumber) => return done(Done::BadNumber),
            (_, Disposition::Suppressed) => return done(Done::Skipped { gate: Closed::Suppressed }),
            (_, Disposition::Canceled) => return done(Done::Canceled),
            (_, Disposition::Expired) => return done(Done::Expired),
            (Wish::None, _) => {}
        }
        let Some(delay) = self.delay(end, used) else {
            return done(without_retry(end.class()));
        };
        if uses_up(end.disposition) && used >= self.max_attempts {
            return done(Done::Exhausted);
        }
        let due = end.at.checked_add(delay).unwrap_or(Timestamp::MAX).max(now);
        Next::Retry { at: budget.opens_at(to_person, due) }
    }

    fn delay(&self, end: &AttemptEnd, used: u16) -> Option<SignedDuration> {
        let is_unfinished = matches!(end.outcome, Some(Outcome::Partial | Outcome::Interrupted));
        let class = end.class();
        if class == Class::Reached && is_unfinished {
            return self.unfinished.after(used);
        }
        if end.disposition == Disposition::OutOfWindow {
            // The window says when; the policy adds nothing.
            return Some(SignedDuration::ZERO);
        }
        self.by_disposition.get(&end.disposition()).or_else(|| self.by_class.get(&class))?.after(used)
    }

    pub(super) fn check(&self, faults: &mut Vec<Fault>) {
        if self.max_attempts == 0 {
            faults.push(Fault::new("retry.max_attempts", "it is 0, so nobody would be called", "1 or more"));
        }
        let by_class = self
            .by_class
            .iter()
            .map(|(class, delays)| (format!("retry.by_class.{}", class.as_str()), Some(*class), delays));
        let by_disposition = self.by_disposition.iter().map(|(disposition, delays)| {
            (format!("retry.by_disposition.{}", disposition.as_str()), Some(disposition.class()), delays)
        });
        let unfinished = [("retry.unfinished".to_owned(), None, &self.unfinished)];
        for (field, class, delays) in by_class.chain(by_disposition).chain(unfinished) {
            if class == Some(Class::Permanent) && !delays.0.is_empty() {
                faults.push(Fault::new(
                    &field,
                    "a number that can't be called is never tried again",
                    "leave it out",
                ));
            }
            if delays.0.len() > 20 {
                faults.push(Fault::new(
                    &field,
                    "it has more than 20 delays",
                    "the last delay holds for all further attempts",
                ));
            }
            if delays.0.iter().any(|secs| *secs > LONGEST_DELAY_SECS) {
                faults.push(Fault::new(&field, "a delay is longer than 30 days", "seconds, at most 2592000"));
            }
        }
    }
}

/// What came of a job whose last attempt ended so, when the policy does not try again.
fn without_retry(class: Class) -> Done {
    match class {
        Class::Reached => Done::Reached,
        Class::Decision => Done::Declined,
        Class::CallerId | Class::Alarm => Done::NeedsEye,
        Class::Permanent => Done::BadNumber,
        Class::Machine
        | Class::Ours
        | Class::Temporary
        | Class::Technical
        | Class::ByTheClock
        | Class::Policy
        | Class::MissedCall => Done::NotRetried,
    }
}
