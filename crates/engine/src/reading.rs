//! What readers ask: one call, lists of calls, a call's history. Live calls are laid over history here, so that
//! whoever reads sees one truth.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use trunkline_core::call::{Call, Direction, Status};
use trunkline_core::id::CampaignId;

/// Which calls to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only with one of these statuses.
    pub statuses: Vec<Status>,
    /// Only calls that are not over.
    pub active: Scope,
    /// Only this way.
    pub direction: Option<Direction>,
    /// Only through this carrier, such as `twilio`.
    pub carrier: Option<String>,
    /// Only with this number on either side.
    pub number: Option<String>,
    /// Only attempts of this campaign's jobs.
    pub campaign: Option<CampaignId>,
    /// Words in numbers, name or metadata.
    pub search: Option<String>,
    /// Metadata keys that must have these values.
    pub metadata: Vec<(String, String)>,
    /// Created at or after.
    pub since: Option<Timestamp>,
    /// Created before.
    pub until: Option<Timestamp>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// How many at most, 1 to 500; 50 if absent.
    pub limit: Option<u32>,
}

/// Which calls a list is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All there are.
    #[default]
    All,
    /// Those that are not over.
    Active,
}

/// A page of calls.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The calls, newest first.
    pub calls: Vec<Arc<Call>>,
    /// How to ask for the next page.
    pub next: Option<String>,
    /// When this was true.
    pub as_of: Timestamp,
    /// Whether history could be read; if not, only live calls are listed.
    pub history: History,
}

/// Whether the store answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "history", rename_all = "snake_case")]
pub enum History {
    /// It does.
    Available,
    /// It does not.
    Unavailable {
        /// Why, in words.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
}

/// One entry of a call's history.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// Its place in the journal.
    pub lsn: u64,
    /// When we heard of it.
    pub received_at: Timestamp,
    /// When it happened, by the carrier's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// Who told us.
    pub source: String,
    /// What kind of event.
    pub kind: String,
    /// Whether it changed the call.
    pub applied: bool,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The event itself.
    pub event: serde_json::Value,
}

/// Counts for the dashboard.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    /// All calls there ever were.
    pub total: u64,
    /// Of these, completed.
    pub completed: u64,
    /// Not over now.
    pub in_progress: u64,
    /// By status.
    pub by_status: std::collections::BTreeMap<String, u64>,
}

/// How the server is.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// Calls that are not over.
    pub active_calls: u64,
    /// Calls adopted at the start.
    pub recovered_calls: u64,
    /// Whether the journal takes events.
    pub journal: Part,
    /// Whether the store answers.
    pub database: Part,
    /// Whether the cache answers; `None` if there is none.
    pub cache: Option<Part>,
    /// Whether the bucket of recordings takes them; `None` if there is none.
    pub recordings: Option<Part>,
    /// Whether the carrier answered when last asked.
    pub carrier: Part,
    /// Whether the files of scripts and bots can be read; otherwise which, where and why.
    pub scripts: Part,
    /// Events journaled and not yet in the store.
    pub lag_events: u64,
    /// How old the oldest of them is, in milliseconds; 0 if there is none.
    pub lag_ms: u64,
    /// Calls that wait for their turn.
    pub waiting_calls: u64,
    /// Calls whose events the store refuses, set aside for an operator.
    pub parked_calls: u64,
    /// How often a person heard an apology, since the start.
    pub apologies: u64,
    /// Words of the carrier that nobody knew, since the start.
    pub unknown_words: u64,
    /// Whether the server is being drained.
    pub draining: bool,
}

/// How one part is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Part {
    /// Well.
    Ok {
        /// A few words, such as where it is.
        detail: String,
    },
    /// Not well; calls go on.
    Degraded {
        /// Why.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
}
