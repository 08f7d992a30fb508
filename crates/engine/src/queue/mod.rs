//! The outbound queue: campaigns and their jobs, from the row that waits to the call that is placed.
//!
//! Campaigns, leads and jobs are rows of the store; a claim is a decision of the store, bound to the id of the call that
//! the attempt will be before anything else is done. From there on the attempt is a call like any other: journaled,
//! guarded, posted once, reconciled. What its events mean for the job goes into the store with them (`projector`).
//!
//! - `campaigns`: what this node knows of them, and the doors of those who manage them
//! - `jobs`: putting in, looking at, taking out, and why a job is not dialed now · `call_backs`: what a person asked for
//! - `singles`: one person at a time · `arrival`: names in the order of the list
//! - `importing`: lists of people · `planning`: a campaign in virtual time · `stats`: how the queue is · `sheets`: tables of people and leads
//! - `worker`: the loop · `heads`: who is next · `gating`: may they go · `dialing`: claim, turn, intent, call
//! - `under_way`: who was picked and has no call yet
//! - `persons`: who was called a moment ago · `spent`: what of the day is used up · `fitness`: how carrier and numbers do
//!
//! Left to others: what may happen to a job, who is next and which gate is closed (core), rows (store).

mod arrival;
mod call_backs;
mod campaigns;
mod dialing;
mod fitness;
mod gating;
mod heads;
mod importing;
mod jobs;
mod persons;
mod planning;
mod sheets;
mod singles;
mod spent;
mod stats;
mod under_way;
mod worker;

pub(crate) use arrival::Arrivals;
pub use call_backs::CallBackError;
pub(crate) use campaigns::Campaigns;
pub use campaigns::{CampaignError, Standing};
pub(crate) use fitness::Fitness;
pub(crate) use importing::mapping;
pub use importing::{ListError, ListOrder, ListReport, Trial};
pub use jobs::{Enqueued, JobView, LeftOut, Person, SkippedPerson};
pub(crate) use persons::Persons;
pub use planning::Foreseen;
pub use sheets::Sheet;
pub use singles::{Single, SingleError, SingleOf, Taken};
pub(crate) use spent::Spent;
pub use stats::{GateShare, OldestJob, QueueStats, Rate};
pub(crate) use under_way::UnderWay;
pub(crate) use worker::Wakes;

use jiff::SignedDuration;
use std::collections::BTreeMap;
use trunkline_core::dial::allowance::Allowance;
use trunkline_core::dial::destination::Destinations;
use trunkline_core::dial::earlier::PersonBudget;
use trunkline_core::id::TenantId;

/// The settings of the queue.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// System slots kept free for inbound calls.
    pub inbound_reserve: u32,
    /// How often one person is called, by all campaigns of a tenant together.
    pub budget: PersonBudget,
    /// Which numbers may be called at all.
    pub destinations: Destinations,
    /// What each tenant may use, where it is not what all may.
    pub allowances: BTreeMap<TenantId, Allowance>,
    /// What a tenant may use of whom nothing else is said.
    pub standard_allowance: Allowance,
    /// How long a lower level waits before it goes first once.
    pub ageing: SignedDuration,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            inbound_reserve: 1,
            budget: PersonBudget::default(),
            destinations: Destinations::default(),
            allowances: BTreeMap::new(),
            standard_allowance: Allowance::default(),
            ageing: SignedDuration::from_mins(10),
        }
    }
}

impl QueueConfig {
    /// What a tenant may use.
    pub fn allowance(&self, tenant: &TenantId) -> &Allowance {
        self.allowances.get(tenant).unwrap_or(&self.standard_allowance)
    }
}
