//! From a row to a live call of this node: what the database says this node carries and its journal does not have.

use super::hearsay::is_of_owners;
use crate::engine::Inner;
use crate::intake::{IntakeError, key_hash};
use crate::live::{Inserted, Live};
use crate::operating::replay::{Made, event, replay};
use crate::record::{Adopted, kind};
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_core::call::{Call, Event, Source, What};
use trunkline_core::id::{CallId, EventKey};
use trunkline_core::queue::{JobState, Request};
use trunkline_journal::{Class, Lsn};
use trunkline_store::{EventRow, HeldJob, Store, StoreError};

/// A call to be taken up.
struct Found {
    call: Call,
    /// What it began with, where no journal has told.
    first: Option<Event>,
    /// The keys of the events that its fold holds.
    known: Vec<EventKey>,
    /// What was heard where the call was no longer, and told to nobody who carried it.
    unheard: Vec<Event>,
}

impl Found {
    /// A call as its row has it, with its events.
    fn of(mut call: Call, rows: &[EventRow]) -> Self {
        let mut unheard = Vec::new();
        match replay(rows) {
            Made::Call(made) if *made == call => {}
            // What a client says of its own call, and devices of theirs, means what it does in its place alone.
            Made::Call(made) if call.registered.is_some() || call.app.is_some() => call = *made,
            Made::Call(_) | Made::Nothing | Made::Unreadable => {
                let mut events: Vec<Event> = rows.iter().filter_map(event).collect();
                // Of several journals: their places say nothing of what came first.
                events.sort_by_key(|event| event.received_at);
                unheard = missing(&call, events);
            }
        }
        let heard = |key: &EventKey| unheard.iter().all(|event| event.key != *key);
        let known = rows.iter().map(|row| row.key.clone()).filter(heard).collect();
        Self { call, first: None, known, unheard }
    }
}

impl Inner {
    /// Takes up every call that the database says is this node's, and that is not in memory.
    pub(super) async fn take_up(self: &Arc<Self>, store: &Store) -> Result<(), StoreError> {
        let node = self.node();
        let held: BTreeMap<CallId, HeldJob> =
            store.held_jobs(&node).await?.into_iter().map(|held| (held.call, held)).collect();
        let mut ids = store.carried(&node).await?;
        ids.extend(held.values().filter(|held| is_taken_over(held)).map(|held| held.call));
        ids.sort_unstable();
        ids.dedup();
        let mut taken = 0;
        for id in ids.into_iter().filter(|id| self.live.get(*id).is_none()) {
            // Read after memory was asked: what left it meanwhile has its end in the database.
            let found = match self.found(store, id, held.get(&id)).await {
                Err(error @ StoreError::Unavailable { .. }) => return Err(error),
                found => found,
            };
            let adopted = match found {
                Ok(None) => continue,
                Ok(Some(found)) => {
                    if !found.unheard.is_empty() {
                        // Whoever dies before it is merged leaves the word for the next start.
                        store.tell_owner(id).await?;
                    }
                    self.adopt(found, held.get(&id)).await
                }
                Err(error) => Err(IntakeError::Failed(error.to_string())),
            };
            match adopted {
                Ok(()) => taken += 1,
                // One that can't be read keeps nobody else waiting.
                Err(error) => {
                    tracing::error!(call = %id, %error, "call.not_taken_over: tried again");
                    self.lease.looks_again();
                }
            }
        }
        if taken > 0 {
            tracing::warn!(calls = taken, "calls.taken_over: each is asked about");
        }
        Ok(())
    }

    async fn found(
        self: &Arc<Self>,
        store: &Store,
        id: CallId,
        held: Option<&HeldJob>,
    ) -> Result<Option<Found>, StoreError> {
        if let Some(call) = store.load_call(id).await? {
            let events = store.events(&call.tenant, id).await?;
            return Ok((!call.is_over()).then(|| Found::of(call, &events)));
        }
        let Some(held) = held else { return Ok(None) };
        let Some(first) = self.intent_of(store, held).await? else {
            tracing::error!(call = %id, job = %held.queued.job.id, "call.not_taken_over: its campaign can't be read");
            return Ok(None);
        };
        let begun = Call::begin(&first);
        Ok(begun.map(|(call, _)| Found { call, first: Some(first), known: Vec::new(), unheard: Vec::new() }))
    }

    /// Journals a call as this node's and goes on with it where the other stopped.
    async fn adopt(self: &Arc<Self>, found: Found, held: Option<&HeldJob>) -> Result<(), IntakeError> {
        let Found { mut call, first, known, unheard } = found;
        let (id, node) = (call.id, self.node());
        let key = format!("taken_over:{node}:{}", self.lease.epoch());
        let on = held.map(|held| held.queued.job.claim());
        // Whoever took it over before may have told nobody: its time of settling is not begun anew.
        let since = held.and_then(|held| held.taken_at);
        let what = What::TakenOver { by: node, on, since };
        let event = self.own_event(id, key, Source::Engine, what);
        if let Err(refused) = call.apply(&event) {
            return Err(IntakeError::Failed(refused.to_string()));
        }
        let adopted = Adopted { call: call.clone(), events: first.into_iter().chain([event]).collect() };
        let (codec, sealing) = (self.codec.clone(), adopted.clone());
        let sealed = tokio::task::spawn_blocking(move || codec.adopted(&sealing)).await;
        let payload = sealed.map_err(|_| IntakeError::died())??;
        let mut fresh = Live::new(call, Lsn::ZERO);
        fresh.seen =
            known.iter().chain(adopted.events.iter().map(|event| &event.key)).map(key_hash).collect();
        let mut pending = None;
        let inserted = self.live.insert(fresh, |live| {
            let appended = self.journal.append(kind::ADOPTED, payload, Class::Event)?;
            (live.first, live.last) = (appended.lsn(), appended.lsn());
            self.after_change(live);
            pending = Some(appended);
            Ok::<_, IntakeError>(())
        })?;
        let (Inserted::New(handle), Some(pending)) = (inserted, pending) else { return Ok(()) };
        if let Err(error) = pending.await {
            self.forget(&mut handle.lock());
            return Err(error.into());
        }
        self.cache_returned(id);
        for event in unheard {
            self.merges(&handle, event).await;
        }
        self.resume_call(&handle);
        self.ask_about(handle);
        Ok(())
    }
}

/// The events that a fold does not hold: they stand in the history, and whoever heard them did not carry the call.
fn missing(call: &Call, events: Vec<Event>) -> Vec<Event> {
    let mut merged = call.clone();
    let changes = |event: &Event| {
        let before = merged.clone();
        if !is_of_owners(event) {
            // What is refused may have told something all the same: that it rang, of a call that is answered.
            let _ = merged.apply(event);
        }
        merged != before
    };
    let changing: Vec<Event> = events.into_iter().filter(changes).collect();
    if merged == *call { Vec::new() } else { changing }
}

/// Whether the job's attempt was another node's, of which nothing more may be known than its claim.
fn is_taken_over(held: &HeldJob) -> bool {
    matches!(held.queued.job.state, JobState::Dialing { request: Request::Unclear, .. })
}
