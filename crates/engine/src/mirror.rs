//! Keeps this node's mirror of decision data in step with the store, and the journal in step with the mirror.

use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::reader::Unavailable;
use crate::record::{DecisionRecord, kind};
use crate::step::{Acquaintance, step};
use crate::trust::{Behind, Part};
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::tenancy::Decision;
use trunkline_journal::Class;
use trunkline_store::DecisionsStand;

/// How often is looked whether another process has changed anything: what it revoked must be shut within a second.
const LOOK: Duration = Duration::from_millis(400);
/// So many bytes of records are given to the journal before it is waited for.
const AT_ONCE: usize = 1 << 20;

impl Inner {
    /// Looks until the server stops.
    pub(crate) async fn keep_in_step(self: Arc<Self>) {
        let mut seen: Option<DecisionsStand> = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.stop.cancelled() => return,
            }
            if self.trust.is_behind(Part::Rows) {
                self.journal_again(Part::Rows).await;
            }
            // All of them are sealed for it: only where they are taken.
            if self.trust.is_behind(Part::Rosters) && self.journal.takes(Class::Event).is_ok() {
                self.journal_again(Part::Rosters).await;
            }
            // While the database is away, the mirror is all there is.
            seen = match self.projection.store() {
                Some(_) => Box::pin(self.look_at_decisions(seen)).await.ok(),
                None => None,
            };
        }
    }

    async fn look_at_decisions(
        self: &Arc<Self>,
        seen: Option<DecisionsStand>,
    ) -> Result<DecisionsStand, Unavailable> {
        // No change of ours may come between what is read and what is taken in.
        let _deciding = self.deciding.lock().await;
        let stand = self.ask_store(async |store| store.decisions_stand().await).await?;
        if seen.as_ref() == Some(&stand) && !self.trust.has_rosters_waiting() {
            return Ok(stand);
        }
        let database = self.ask_store(async |store| store.decisions().await).await?;
        let met = match self.trust.store() {
            Some(store) if store == stand.store => Acquaintance::Known,
            _ => Acquaintance::New,
        };
        let step = step(&self.trust.rows(), &database, met);
        if !step.restore.is_empty() {
            tracing::warn!(
                rows = step.restore.len(),
                "tenants.restored: the database lacked what the journal knows"
            );
            self.ask_store(async |store| store.restore_decisions(&step.restore).await).await?;
        }
        let gone = step.forget.iter().map(|id| DecisionRecord::Gone { id: id.clone() });
        let mut records: Vec<DecisionRecord> = gone.collect();
        step.forget.iter().for_each(|id| self.trust.forget(id));
        if met == Acquaintance::New {
            self.trust.is_in_step_with(stand.store.clone());
            records.push(DecisionRecord::InStep { store: stand.store.clone() });
        }
        self.mirror(step.learn, records).await;
        let since = seen.filter(|seen| seen.store == stand.store).map(|seen| seen.changes);
        self.look_at_rosters(since, met).await?;
        Ok(stand)
    }

    /// Takes in what the store has decided, and journals it. The store is its truth: what the journal does not take now it
    /// gets later.
    pub(crate) async fn mirror(self: &Arc<Self>, rows: Vec<Decision>, mut records: Vec<DecisionRecord>) {
        rows.iter().for_each(|row| self.trust.learn(row.clone()));
        let codec = self.codec.clone();
        // A new user's key is made durable first: off the async threads.
        let sealed = tokio::task::spawn_blocking(move || {
            rows.iter().map(|row| DecisionRecord::sealed(&codec, row)).collect::<Result<Vec<_>, _>>()
        });
        let journaled = match sealed.await {
            Ok(Ok(sealed)) => {
                records.extend(sealed);
                self.journal_decisions(&records).await
            }
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(IntakeError::died()),
        };
        if let Err(error) = journaled {
            tracing::warn!(%error, "tenants.not_journaled: tried again");
            self.trust.set_behind(Part::Rows, Behind::Yes);
        }
    }

    async fn journal_again(self: &Arc<Self>, part: Part) {
        self.trust.set_behind(part, Behind::No);
        let inner = self.clone();
        let records = tokio::task::spawn_blocking(move || inner.trust.records_of(part, &inner.codec)).await;
        let journaled = match records {
            Ok(Ok(records)) => self.journal_decisions(&records).await,
            _ => Err(IntakeError::died()),
        };
        if journaled.is_err() {
            self.trust.set_behind(part, Behind::Yes);
        }
    }

    pub(crate) async fn journal_decisions(&self, records: &[DecisionRecord]) -> Result<(), IntakeError> {
        let (mut last, mut waits) = (None, 0);
        for record in records {
            let payload = serde_json::to_vec(record).map_err(|e| IntakeError::Failed(e.to_string()))?;
            let bytes = payload.len();
            // Of rosters there may be many: the journal's queue has its bound.
            if waits + bytes > AT_ONCE
                && let Some(last) = last.take()
            {
                last.await?;
                waits = 0;
            }
            last = Some(self.journal.append(kind::DECISION, payload, class_of(record))?);
            waits += bytes;
        }
        match last {
            Some(last) => Ok(last.await.map(drop)?),
            None => Ok(()),
        }
    }
}

/// What a full disk or a journal without a database still takes.
fn class_of(record: &DecisionRecord) -> Class {
    match record {
        // The reserve is for the ends of calls, and an app's users write as many of these as they like.
        DecisionRecord::Roster(_) | DecisionRecord::RosterGone(_) => Class::Event,
        // Small and rare, and a revocation that a restart would take back is worse than a full disk.
        DecisionRecord::Tenant(_)
        | DecisionRecord::Key(_)
        | DecisionRecord::User { .. }
        | DecisionRecord::Number(_)
        | DecisionRecord::Gone { .. }
        | DecisionRecord::InStep { .. }
        | DecisionRecord::Left { .. } => Class::Ending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Codec, RosterRecord};
    use crate::trust::Stands;
    use trunkline_core::id::{ConversationId, TenantId};
    use trunkline_core::roster::{Roster, RosterOf};

    #[test]
    fn what_users_of_an_app_write_does_not_use_up_the_room_for_ends_and_revocations() {
        let folder = tempfile::tempdir().unwrap();
        let keys = trunkline_journal::keys::KeyRing::open(&folder.path().join("keys")).unwrap();
        let codec = Codec::new(Arc::new(keys), [7; 32]);
        let of = RosterOf::Conversation(ConversationId::new("7"));
        let roster = Roster::empty(TenantId::new("acme"), of);
        let mut records = RosterRecord::sealed_all(&codec, [(&roster, Stands::Stored)].into_iter()).unwrap();
        records.push(RosterRecord::gone(&codec, &roster).unwrap());
        assert!(records.iter().all(|record| class_of(record) == Class::Event));
        let store = DecisionRecord::InStep { store: "1".to_owned() };
        assert_eq!(class_of(&store), Class::Ending);
    }
}
