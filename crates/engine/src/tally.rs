//! What was done since the start, counted for whoever watches: calls by how they ended, requests to the carrier by how they
//! were answered. Nothing is decided by it, and a new process counts from nothing.

use crate::engine::Engine;
use crate::reading::Health;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use trunkline_core::call::Call;
use trunkline_core::dial::gates::Circuit;

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counted>);

/// What was done since the start.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Calls that ended, by way and disposition.
    pub ended: BTreeMap<(&'static str, &'static str), u64>,
    /// Requests to dial, by the word of their answer.
    pub posts: BTreeMap<&'static str, u64>,
}

/// What the server measures of itself. Nothing in it is anybody's.
#[derive(Clone, Debug)]
pub struct Measured {
    /// How it is.
    pub health: Health,
    /// What it did since the start.
    pub counted: Counted,
    /// Attempts to deliver a webhook, by what came of them.
    pub webhooks: BTreeMap<&'static str, u64>,
    /// Calls of which something is being sent to an endpoint.
    pub webhook_lines: usize,
    /// Calls that take up a slot.
    pub open_calls: u64,
    /// The last durable record of the journal.
    pub journal_position: u64,
    /// Bytes in its files.
    pub journal_bytes: u64,
    /// Bytes in files that are not wholly in the database.
    pub journal_backlog_bytes: u64,
    /// How long its last write took, in microseconds.
    pub journal_commit_micros: u64,
    /// Recordings that were removed since the start, having had their time.
    pub recordings_removed: u64,
    /// Texts of recordings that are awaited.
    pub transcripts_awaited: u64,
    /// Recordings that wait in the folder for their bucket.
    pub recordings_waiting: u64,
    /// Whether the carrier is left alone for a while.
    pub is_circuit_open: bool,
}

impl Engine {
    /// What the server measures of itself.
    pub async fn measured(&self) -> Measured {
        let inner = &self.inner;
        let journal = inner.journal.status();
        let is_circuit_open =
            matches!(inner.fitness.circuit(), Circuit::OpenUntil(until) if until > inner.clock.now());
        Measured {
            health: self.health().await,
            counted: inner.tally.read(),
            webhooks: inner.outgoing.counted(),
            webhook_lines: inner.outgoing.under_way(),
            open_calls: u64::try_from(inner.slots.len()).unwrap_or(u64::MAX),
            journal_position: journal.durable.get(),
            journal_bytes: journal.bytes,
            journal_backlog_bytes: journal.backlog_bytes,
            journal_commit_micros: journal.last_commit_micros,
            recordings_removed: self.inner.moving.removed_so_far(),
            transcripts_awaited: u64::try_from(self.inner.transcripts.awaited()).unwrap_or(u64::MAX),
            recordings_waiting: self.inner.moving.waiting(),
            is_circuit_open,
        }
    }
}

impl Tally {
    /// A call is over.
    pub fn ended(&self, call: &Call) {
        if let Some(disposition) = call.disposition() {
            let key = (call.direction.as_str(), disposition.as_str());
            *self.0.lock().ended.entry(key).or_default() += 1;
        }
    }

    /// The carrier has answered a request to dial, or failed to.
    pub fn posted(&self, answer: &'static str) {
        *self.0.lock().posts.entry(answer).or_default() += 1;
    }

    /// All of it.
    pub fn read(&self) -> Counted {
        self.0.lock().clone()
    }
}
