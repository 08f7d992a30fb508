//! `campaign plan`: a campaign in virtual time, before anybody is called.
//!
//! In: the campaign, what else bounds it, what is assumed of people, and the leads' time zones. Out: who is skipped and why,
//! when it will be finished, how many calls at once and in one second at most, and what each hour looks like.
//!
//! It is a simulation by events: a call ends, and the next begins as soon as a slot, the pace, the day's cap and the
//! calling window allow. Leads that may be in the same zones share one queue, so a closed window costs nothing,
//! however many wait behind it. What people do is drawn from a seed: the same question gets the same answer.

mod run;
#[cfg(test)]
mod tests;

use crate::campaign::Campaign;
use crate::dial::earlier::PersonBudget;
use crate::dial::gates::Closed;
use crate::window::Zones;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is planned.
#[derive(Clone, Debug)]
pub struct Question<'campaign> {
    /// The campaign.
    pub campaign: &'campaign Campaign,
    /// Slots that the system, the carrier account and the tenant leave to it; its own limit is in the campaign.
    pub slots: u32,
    /// New calls per second that the carrier account leaves to it; its own pace is in the campaign.
    pub cps: f64,
    /// How often one person may be called.
    pub budget: PersonBudget,
    /// What people do.
    pub assume: Assumptions,
    /// When it starts.
    pub start: Timestamp,
}

/// What people are assumed to do. Shares are of all attempts, from 0 to 1; what is left over rings and is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assumptions {
    /// Attempts that a person answers.
    pub answered: f64,
    /// Attempts that a machine answers.
    pub machine: f64,
    /// Attempts that find the line busy.
    pub busy: f64,
    /// Seconds until an answer.
    pub ring_secs: u32,
    /// Seconds until an unanswered call is given up.
    pub ring_timeout_secs: u32,
    /// Seconds a conversation takes.
    pub talk_secs: u32,
    /// What chance is drawn from.
    pub seed: u64,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            answered: 0.4,
            machine: 0.2,
            busy: 0.05,
            ring_secs: 12,
            ring_timeout_secs: 30,
            talk_secs: 90,
            seed: 1,
        }
    }
}

/// A lead, as far as a plan looks at it.
#[derive(Clone, Debug)]
pub struct PlannedLead {
    /// Where it may be.
    pub zones: Zones,
    /// A gate that is closed for good: suppressed, not allowed.
    pub closed: Option<Closed>,
}

/// What will become of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Leads looked at.
    pub leads: u64,
    /// Leads that are never called, by the code of the gate.
    pub skipped: BTreeMap<String, u64>,
    /// Leads reached.
    pub reached: u64,
    /// Leads given up.
    pub given_up: u64,
    /// Leads that still wait when the plan ends, a year after its start.
    pub left: u64,
    /// Calls.
    pub attempts: u64,
    /// When the first call begins.
    pub first_call_at: Option<Timestamp>,
    /// When the last call ends; `None` when it does not finish within a year, or calls nobody.
    pub finishes_at: Option<Timestamp>,
    /// The most calls at once.
    pub peak_concurrency: u32,
    /// The most calls that begin in one second.
    pub peak_cps: u32,
    /// Hours in which calls begin, in order.
    pub hours: Vec<PlannedHour>,
}

/// One hour of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedHour {
    /// Its beginning.
    pub at: Timestamp,
    /// Calls that begin in it.
    pub attempts: u64,
    /// Of these, how many reach the person.
    pub reached: u64,
}

/// Plays the campaign through.
pub fn plan(question: &Question<'_>, leads: impl IntoIterator<Item = PlannedLead>) -> Plan {
    run::Run::new(question, leads).play()
}
