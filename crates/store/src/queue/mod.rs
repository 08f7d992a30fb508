//! The outbound queue's rows: campaigns, leads, jobs and their attempts. Whether a job may be dialed now is the engine's to say.
//!
//! - `campaigns` · `leads` · `jobs`: the rows, written and read
//! - `claims`: what changes where a job stands · `caps`: how many may still begin today
//! - `history`: what was called already · `view`: the queue as a whole, for those who look at it
//! - `copies`: rows out and in, as they are · `audit`: whether they agree · `retire`: campaigns that have had their time

mod audit;
mod campaigns;
mod caps;
mod claims;
mod copies;
mod history;
mod jobs;
mod leads;
mod retire;
mod view;

pub use audit::{AttemptsCounted, AuditedJob};
pub use campaigns::{Campaigns, Saved, StoredCampaign, UnreadableCampaign};
pub use caps::{CappedBy, DayCap};
pub use claims::{Claiming, JobNews};
pub(crate) use claims::{forget_person, put_news, take_jobs};
pub(crate) use copies::put_queue;
pub use copies::{AttemptRecord, JobRecord, LeadRecord, QueueCount, QueueRows};
pub use history::{Answer, Attempt, EarlierCall, InMinute};
pub(crate) use jobs::queued;
pub use jobs::{NewJob, QueuedJob};
pub use leads::{Lead, NewLead};
pub use retire::Retired;
pub use view::{AttemptOf, GateCount, Line, Planned};

use crate::error::StoreError;
use crate::rows;
use crate::value::Value;
use serde::Serialize;

const READING: &str = "reading the queue";
const WRITING: &str = "writing the queue";

#[derive(Serialize)]
struct IdRow<T> {
    id: T,
}

#[derive(Serialize)]
struct NumberRow<'a> {
    number: &'a str,
}

fn values<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<Value, StoreError> {
    // The error of the JSON writer may quote what it wrote: it stays here.
    rows::as_object(rows).map(Value::Rows).map_err(|_| StoreError::poison(WRITING, "a row is no JSON"))
}

fn text<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::poison(WRITING, "a row is no JSON"))
}

fn word<T: Serialize>(value: T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(StoreError::poison(WRITING, "a word is no word")),
    }
}
