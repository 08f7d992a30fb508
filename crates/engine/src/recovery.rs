//! The normal start: the last checkpoint, the tail behind it, and every call that was live is live again.

use crate::checkpoint::Checkpoint;
use crate::engine::Inner;
use crate::intake::key_hash;
use crate::live::{Handle, Health, Live};
use crate::record::{Adopted, Decoded};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use trunkline_core::call::{Call, Event, Idempotency, What};
use trunkline_core::id::{CallId, TenantId};
use trunkline_journal::{Lsn, Record, Recovered};

/// Why the engine could not read what it had written.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] trunkline_journal::ReadError),
    /// The checkpoint is not one of this version.
    #[error("the checkpoint can't be read: {0}")]
    Checkpoint(String),
}

impl Inner {
    /// Folds checkpoint and tail. Nothing is acted upon yet. Blocking.
    pub(crate) fn recover(&self, found: &Recovered) -> Result<(), RecoverError> {
        let mut covers = Lsn::ZERO;
        if let Some(kept) = &found.checkpoint {
            covers = kept.covers;
            self.recover_checkpoint(&kept.payload).map_err(|e| RecoverError::Checkpoint(e.to_string()))?;
        }
        let from = covers.max(Lsn::new(found.oldest.get().saturating_sub(1)));
        let mut reader = self.journal.reader(from)?;
        loop {
            let records = reader.next_batch(10_000, 16 << 20)?;
            if records.is_empty() {
                break;
            }
            for record in records {
                self.recover_record(&record);
            }
        }
        let mut live = 0;
        for handle in self.live.all() {
            let mut call = handle.lock();
            live += u64::from(!call.call.is_over());
            self.after_change(&mut call);
        }
        self.recovered.store(live, Ordering::Relaxed);
        Ok(())
    }

    fn recover_checkpoint(&self, payload: &[u8]) -> Result<(), crate::record::RecordError> {
        let kept: Checkpoint = serde_json::from_slice(payload)?;
        for live in kept.calls(&self.codec)? {
            self.live.put_back(live);
        }
        kept.suppressions.into_iter().for_each(|entry| self.suppressed.add(entry));
        kept.scripts.into_iter().for_each(|script| self.scripts.remember(script));
        kept.bots.into_iter().for_each(|bot| self.bot_files.remember(bot));
        kept.bound.into_iter().for_each(|(at, account, id)| self.bound.add(at, account, id));
        kept.idempotency.into_iter().for_each(|key| self.keys_used.remember(key));
        self.paces.lock().extend(kept.paces);
        for decision in kept.decisions {
            self.trust.fold(&self.codec, decision)?;
        }
        Ok(())
    }

    fn recover_record(&self, record: &Record) {
        match self.codec.decode(record.kind, &record.payload) {
            Ok(Decoded::Event { event, .. }) => self.recover_event(&event, record.lsn),
            Ok(Decoded::Adopted(Some(adopted))) => self.recover_adopted(*adopted, record.lsn),
            Ok(Decoded::Adopted(None)) => {}
            Ok(Decoded::Suppressed(entry)) => self.suppressed.add(entry),
            Ok(Decoded::Script(script)) => self.scripts.remember(*script),
            Ok(Decoded::Bot(bot)) => self.bot_files.remember(*bot),
            Ok(Decoded::Decision(decision)) => {
                if let Err(error) = self.trust.fold(&self.codec, *decision) {
                    tracing::error!(%error, lsn = %record.lsn, "recovery.unreadable_record: skipped");
                }
            }
            Ok(Decoded::Imported(piece)) => {
                piece.suppressions.into_iter().for_each(|entry| self.suppressed.has_stood(entry));
            }
            // The keys are gone already.
            Ok(Decoded::Erased(_) | Decoded::Pruned(_)) => {}
            Ok(Decoded::Unknown(kind)) => {
                tracing::warn!(kind, lsn = %record.lsn, "recovery.unknown_record: skipped");
            }
            Err(error) => tracing::error!(%error, lsn = %record.lsn, "recovery.unreadable_record: skipped"),
        }
    }

    fn recover_event(&self, event: &Event, lsn: Lsn) {
        let remembered = match &event.what {
            What::Requested(request) => Some((&request.tenant, &request.idempotency)),
            What::AppCalled(asked) => Some((&asked.tenant, &asked.idempotency)),
            _ => None,
        };
        let remember = |tenant: &TenantId, idempotency: &Idempotency| {
            self.keys_used.remember(crate::checkpoint::RememberedKey {
                tenant: tenant.clone(),
                idempotency: idempotency.clone(),
                call: event.call,
                at: event.received_at,
            });
        };
        if let Some((tenant, Some(idempotency))) = remembered {
            remember(tenant, idempotency);
        }
        if let What::DialStarted(on) = &event.what {
            let leg = self.live.get(event.call);
            let account = leg.and_then(|handle| Some(handle.lock().call.leg_no(on.leg)?.account.clone()));
            let account = account.unwrap_or_else(|| self.carriers.first().clone());
            self.paces.lock().insert(account, event.received_at);
        }
        let Some(handle) = self.live.get(event.call) else {
            if let Some((call, _)) = Call::begin(event) {
                let mut live = Live::new(call, lsn);
                live.seen.push(key_hash(&event.key));
                self.live.put_back(live);
            }
            return;
        };
        if let What::TakenOver { by, .. } = &event.what
            && *by != self.node()
        {
            return self.live.remove(&handle.lock().call);
        }
        let mut live = handle.lock();
        if let What::App(progress) = &event.what
            && let Some(idempotency) = progress.news.idempotency()
        {
            remember(&live.call.tenant, idempotency);
        }
        // A call in the checkpoint may be ahead of it: merging again what it holds changes nothing.
        let _ = Arc::make_mut(&mut live.call).apply(event);
        live.last = live.last.max(lsn);
        let key = key_hash(&event.key);
        if !live.seen.contains(&key) {
            live.seen.push(key);
        }
    }

    fn recover_adopted(&self, adopted: Adopted, lsn: Lsn) {
        let id = adopted.call.id;
        if let Some(handle) = self.live.get(id) {
            // The checkpoint is ahead of it.
            let mut live = handle.lock();
            live.last = live.last.max(lsn);
            return;
        }
        let mut live = Live::new(adopted.call, lsn);
        live.seen.extend(adopted.events.iter().map(|event| key_hash(&event.key)));
        self.live.put_back(live);
    }

    /// What recovered calls owe is done again, and the carrier is asked about those that were live. Where others may have
    /// taken them over, not before it is known whose they are.
    pub(crate) async fn resume(self: Arc<Self>) {
        tokio::select! {
            () = self.ownership.cancelled() => {}
            () = self.stop.cancelled() => return,
        }
        self.live.all().iter().for_each(|handle| self.resume_call(handle));
        self.ask_about_all();
    }

    /// What a call owes is done again.
    pub(crate) fn resume_call(self: &Arc<Self>, handle: &Handle) {
        let (id, owed, recordings, begun) = {
            let live = handle.lock();
            let begun: Vec<u16> = live.call.recordings_to_end().collect();
            let recordings: Vec<_> =
                live.call.recordings_to_fetch().map(|(_, recording)| recording.id.clone()).collect();
            (live.call.id, live.call.owed(), recordings, begun)
        };
        self.orphaned(handle);
        self.perform_anew(handle);
        owed.into_iter().for_each(|owed| self.owe(handle.clone(), owed));
        recordings.into_iter().for_each(|id| self.fetch_recording(handle.clone(), id));
        for stream in begun {
            let (inner, handle) = (self.clone(), handle.clone());
            self.tasks.spawn(inner.end_tape_of_before(handle, id, stream));
        }
    }

    /// Asks the carrier about every call that was live when the last process ended, paced.
    fn ask_about_all(self: &Arc<Self>) {
        self.live.all().into_iter().for_each(|handle| self.ask_about(handle));
    }

    /// Asks the carrier about a call, if it can know it.
    pub(crate) fn ask_about(self: &Arc<Self>, handle: Handle) {
        let leg = {
            let live = handle.lock();
            let leg = live.call.leg();
            let is_ours = live.call.has_carrier();
            (is_ours && !live.call.is_over() && leg.carrier_call_id.is_some()).then_some(leg.no)
        };
        if let Some(leg) = leg {
            self.ask(handle, leg);
        }
    }

    /// Folds one call again from the journal, after an append failed that memory had already believed.
    pub(crate) async fn refold(self: Arc<Self>, handle: &Handle) {
        loop {
            let (id, first, last) = {
                let live = handle.lock();
                (live.call.id, live.first, live.last)
            };
            // What is on its way to the disk arrives there, or never will: the fold below is complete up to here.
            let _ = self.journal.wait_durable(last).await;
            let inner = self.clone();
            let folded = tokio::task::spawn_blocking(move || inner.fold_from(id, first)).await;
            let folded = match folded {
                Ok(Ok(folded)) => folded,
                Ok(Err(error)) => {
                    tracing::error!(call = %id, %error, "call.not_refolded: memory stays ahead until the restart");
                    return;
                }
                Err(_) => return,
            };
            let mut live = handle.lock();
            if !live.health.is_here() {
                return;
            }
            let Some((call, upto)) = folded else {
                // Not even its first event is in the journal: it never was.
                self.forget(&mut live);
                return;
            };
            if live.last != last {
                continue;
            }
            live.call = Arc::new(call);
            live.last = upto;
            live.health = Health::Sound;
            live.armed = None;
            self.after_change(&mut live);
            tracing::info!(call = %id, "call.refolded");
            return;
        }
    }

    fn fold_from(&self, id: CallId, first: Lsn) -> Result<Option<(Call, Lsn)>, trunkline_journal::ReadError> {
        let mut reader = self.journal.reader(Lsn::new(first.get().saturating_sub(1)))?;
        let mut folded: Option<(Call, Lsn)> = None;
        loop {
            let records = reader.next_batch(10_000, 16 << 20)?;
            if records.is_empty() {
                return Ok(folded);
            }
            for record in records {
                if self.codec.call_of(record.kind, &record.payload).ok().flatten() != Some(id) {
                    continue;
                }
                let event = match self.codec.decode(record.kind, &record.payload) {
                    Ok(Decoded::Event { event, .. }) => event,
                    Ok(Decoded::Adopted(Some(adopted))) => {
                        folded = Some((adopted.call, record.lsn));
                        continue;
                    }
                    _ => continue,
                };
                match &mut folded {
                    Some((call, upto)) => {
                        let _ = call.apply(&event);
                        *upto = record.lsn;
                    }
                    None => folded = Call::begin(&event).map(|(call, _)| (call, record.lsn)),
                }
            }
        }
    }
}
