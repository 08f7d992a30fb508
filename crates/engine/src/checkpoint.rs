//! What a restart needs, written now and then: so that recovery reads a checkpoint and a short tail, whatever the age of
//! a call and the length of the day.

use crate::engine::Inner;
use crate::live::Live;
use crate::record::{Codec, DecisionRecord, RecordError, Sealed, Suppression};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::bot::Bot;
use trunkline_core::call::{Call, Idempotency};
use trunkline_core::id::{AccountId, CallId, CarrierCallId, TenantId};
use trunkline_core::script::Script;
use trunkline_journal::Lsn;

/// A checkpoint is made when so much has been journaled since the last one, or so much time has passed.
const EVERY_BYTES: u64 = 64 << 20;
const EVERY: Duration = Duration::from_secs(300);
/// Room for names, numbers and brackets.
const SMALL: usize = 256;

/// The content of a checkpoint.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    calls: Vec<SealedCall>,
    #[serde(default)]
    pub suppressions: Vec<Suppression>,
    #[serde(default)]
    pub scripts: Vec<Script>,
    #[serde(default)]
    pub bots: Vec<Bot>,
    #[serde(default)]
    pub bound: Vec<(Timestamp, AccountId, CarrierCallId)>,
    #[serde(default)]
    pub idempotency: Vec<RememberedKey>,
    #[serde(default)]
    pub paces: BTreeMap<AccountId, Timestamp>,
    #[serde(default)]
    pub decisions: Vec<DecisionRecord>,
}

/// A live call, sealed whole: it is one person's.
#[derive(Serialize, Deserialize)]
struct SealedCall {
    first: Lsn,
    last: Lsn,
    seen: Vec<u64>,
    sealed: Sealed,
}

impl SealedCall {
    /// Roughly how many bytes it takes in a checkpoint.
    fn length(&self) -> usize {
        SMALL + self.sealed.length() + 21 * self.seen.len()
    }
}

/// An idempotency key that was used.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RememberedKey {
    pub tenant: TenantId,
    pub idempotency: Idempotency,
    pub call: CallId,
    pub at: Timestamp,
}

impl Checkpoint {
    fn add(&mut self, codec: &Codec, live: &Live) -> Result<(), RecordError> {
        let person = codec.person(&live.call.tenant, live.call.party.person(live.call.direction));
        let sealed = if live.call.actions.is_empty() && live.call.app.is_none() {
            codec.seal(person, &serde_json::to_vec(&live.call)?)?
        } else {
            let mut covered = Call::clone(&live.call);
            codec.cover(&live.call.tenant, covered.handed_to())?;
            codec.cover_callers(&live.call.tenant, covered.callers_own())?;
            codec.seal(person, &serde_json::to_vec(&covered)?)?
        };
        self.calls.push(SealedCall { first: live.first, last: live.last, seen: live.seen.clone(), sealed });
        Ok(())
    }

    /// The live calls in it; those of erased persons are gone.
    pub fn calls(&self, codec: &Codec) -> Result<Vec<Live>, RecordError> {
        let mut calls = Vec::with_capacity(self.calls.len());
        for kept in &self.calls {
            if let Some(plain) = codec.open(&kept.sealed)? {
                let mut call: Call = serde_json::from_slice(&plain)?;
                codec.uncover(call.handed_to())?;
                codec.uncover_callers(call.callers_own())?;
                let mut live = Live::new(call, kept.first);
                live.last = kept.last;
                live.seen.clone_from(&kept.seen);
                calls.push(live);
            }
        }
        Ok(calls)
    }
}

impl Inner {
    /// Makes checkpoints until the server stops, and a last one then.
    pub(crate) async fn make_checkpoints(self: Arc<Self>) {
        let mut bytes = self.journal.status().bytes;
        let mut since = tokio::time::Instant::now();
        loop {
            let stopping = tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => false,
                () = self.stop.cancelled() => true,
            };
            let now = self.journal.status().bytes;
            let due = now.saturating_sub(bytes) >= EVERY_BYTES || since.elapsed() >= EVERY;
            if due || stopping {
                if let Err(error) = self.checkpoint().await {
                    tracing::warn!(
                        error,
                        "journal.no_checkpoint: the one before stays, and recovery takes longer"
                    );
                }
                bytes = now;
                since = tokio::time::Instant::now();
            }
            if stopping {
                return;
            }
        }
    }

    /// Makes one checkpoint.
    pub(crate) async fn checkpoint(self: &Arc<Self>) -> Result<(), String> {
        let inner = self.clone();
        let made = tokio::task::spawn_blocking(move || inner.write_checkpoint());
        made.await.map_err(|_| "making it panicked".to_owned())?
    }

    fn write_checkpoint(&self) -> Result<(), String> {
        // Whatever is durable now has been applied already, so the calls below hold at least that.
        let covers = self.journal.durable();
        let mut checkpoint = Checkpoint {
            suppressions: self.suppressed.all(),
            scripts: self.scripts.used(),
            bots: self.bot_files.used(),
            bound: self.bound.all(),
            idempotency: self.keys_used.all(),
            paces: self.paces.lock().iter().map(|(account, at)| (account.clone(), *at)).collect(),
            decisions: self.trust.records(&self.codec).map_err(|e| e.to_string())?,
            ..Checkpoint::default()
        };
        let mut last = covers;
        for handle in self.live.all() {
            let live = handle.lock();
            last = last.max(live.last);
            checkpoint.add(&self.codec, &live).map_err(|e| e.to_string())?;
        }
        // Most of it is the calls. Growing step by step would copy megabytes again and again.
        let mut payload =
            Vec::with_capacity(checkpoint.calls.iter().map(SealedCall::length).sum::<usize>() + SMALL);
        serde_json::to_writer(&mut payload, &checkpoint).map_err(|e| e.to_string())?;
        // A call may be ahead of `covers`, but never of the disk.
        futures_block(self.journal.wait_durable(last))?;
        self.journal.checkpoint(covers, &payload).map_err(|e| e.to_string())
    }
}

fn futures_block(
    wait: impl Future<Output = Result<(), trunkline_journal::AppendError>>,
) -> Result<(), String> {
    tokio::runtime::Handle::current().block_on(wait).map_err(|e| e.to_string())
}
