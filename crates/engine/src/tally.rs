//! What was done since the start, counted for whoever watches: calls by how they ended, requests to the carrier by how they
//! were answered. Nothing is decided by it, and a new process counts from nothing.

use crate::app_calls::Connected;
use crate::engine::Engine;
use crate::reading::Health;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use trunkline_core::call::{Call, TokenKind, WAIT_BOUNDS_MS};

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
    /// Calls that another carrier was asked for, by the one before, that one, and why.
    pub failed_over: BTreeMap<(String, String, &'static str), u64>,
    /// Commands to carriers that were taken for done, since nobody told of their end.
    pub unheard: u64,
    /// Of those, calls between users of apps, by what they exchange and disposition.
    pub app_ended: BTreeMap<(&'static str, &'static str), u64>,
    /// Calls between users that were asked for and not made, by why.
    pub app_refused: BTreeMap<&'static str, u64>,
    /// What devices told each other, by what became of it.
    pub app_frames: BTreeMap<&'static str, u64>,
    /// How long callers waited for the answers of bots.
    pub bot_waits: Waits,
    /// Tokens that models have used, by kind.
    pub bot_tokens: BTreeMap<&'static str, u64>,
    /// What broke in calls with bots: `model`, `stream`.
    pub bot_lost: BTreeMap<&'static str, u64>,
    /// Calls that bots have done with, by why.
    pub bot_over: BTreeMap<&'static str, u64>,
}

/// A histogram of waits.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// How many took so long at most, by the bounds of [`Waits::UPTO_MS`]; each counts those before.
    pub upto: [u64; 8],
    /// How many there were.
    pub count: u64,
    /// How long all of them took together.
    pub sum_ms: u64,
}

impl Waits {
    /// The bounds, in milliseconds.
    pub const UPTO_MS: [u32; 8] = WAIT_BOUNDS_MS;

    fn add(&mut self, ms: u32) {
        for (count, bound) in self.upto.iter_mut().zip(Self::UPTO_MS) {
            *count += u64::from(ms <= bound);
        }
        self.count += 1;
        self.sum_ms = self.sum_ms.saturating_add(u64::from(ms));
    }
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
    /// Our numbers that networks refuse without ringing, too often.
    pub distrusted_numbers: usize,
    /// Of each carrier, whether it is left alone for a while.
    pub circuits: Vec<(String, bool)>,
    /// Calls between users of apps that are not over.
    pub app_calls: usize,
    /// Who of them is connected.
    pub connected: Connected,
    /// Conversations and lists of blocked users that are kept.
    pub rosters: usize,
}

impl Engine {
    /// What the server measures of itself.
    pub async fn measured(&self) -> Measured {
        let inner = &self.inner;
        let journal = inner.journal.status();
        let circuits = inner
            .carriers
            .accounts()
            .map(|account| (account.carrier().to_owned(), inner.fitness.is_open(account, inner.clock.now())));
        let circuits = circuits.collect();
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
            distrusted_numbers: inner.fitness.distrusted(),
            circuits,
            app_calls: inner.app.index.len(),
            connected: inner.app.connected(None),
            rosters: inner.trust.roster_count(),
        }
    }
}

impl Tally {
    /// A call is over.
    pub fn ended(&self, call: &Call) {
        if let Some(disposition) = call.disposition() {
            let key = (call.direction.as_str(), disposition.as_str());
            let mut counted = self.0.lock();
            *counted.ended.entry(key).or_default() += 1;
            if let Some(app) = &call.app {
                let key = (app.call_type.as_str(), disposition.as_str());
                *counted.app_ended.entry(key).or_default() += 1;
            }
        }
    }

    /// A call between users was asked for and not made.
    pub fn app_refused(&self, why: &'static str) {
        *self.0.lock().app_refused.entry(why).or_default() += 1;
    }

    /// A device told the other one something.
    pub fn app_frame(&self, became: &'static str) {
        *self.0.lock().app_frames.entry(became).or_default() += 1;
    }

    /// A caller has waited so long for a bot's answer.
    pub fn bot_waited(&self, ms: u32) {
        self.0.lock().bot_waits.add(ms);
    }

    /// A model has used these tokens.
    pub fn bot_used(&self, tokens: impl Iterator<Item = (TokenKind, u64)>) {
        let mut counted = self.0.lock();
        for (kind, more) in tokens.filter(|(_, more)| *more > 0) {
            *counted.bot_tokens.entry(kind.as_str()).or_default() += more;
        }
    }

    /// Something broke in a call with a bot.
    pub fn bot_lost(&self, what: &'static str) {
        *self.0.lock().bot_lost.entry(what).or_default() += 1;
    }

    /// A bot has done with a call.
    pub fn bot_over(&self, why: &'static str) {
        *self.0.lock().bot_over.entry(why).or_default() += 1;
    }

    /// The carrier has answered a request to dial, or failed to.
    pub fn posted(&self, answer: &'static str) {
        *self.0.lock().posts.entry(answer).or_default() += 1;
    }

    /// Another carrier is asked for a call.
    pub fn failed_over(&self, from: &str, to: &str, why: &'static str) {
        *self.0.lock().failed_over.entry((from.to_owned(), to.to_owned(), why)).or_default() += 1;
    }

    /// The end of a command was told by nobody.
    pub fn unheard(&self) {
        self.0.lock().unheard += 1;
    }

    /// All of it.
    pub fn read(&self) -> Counted {
        self.0.lock().clone()
    }
}
