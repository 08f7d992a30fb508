//! Records that are about history itself: a piece that was imported, calls that were pruned. Neither is news of a call;
//! each is put into the store in its turn, between the events before it and those behind it.

use crate::record::{Codec, Decoded, kind};
use serde::{Deserialize, Serialize};
use trunkline_core::call::Status;
use trunkline_core::id::{CallId, TenantId};
use trunkline_journal::Record;
use trunkline_store::{JournalIdent, Position, Projection, Pruning, Store, StoreError};

/// Calls that went, and by which rule: whoever makes the store anew takes them out again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrunedRecord {
    /// When it was done.
    pub at: jiff::Timestamp,
    /// Calls that had ended before this.
    pub before: jiff::Timestamp,
    /// Only with this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Only of this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Which.
    pub calls: Vec<CallId>,
}

impl PrunedRecord {
    /// These calls went by this rule.
    pub fn new(at: jiff::Timestamp, rule: &Pruning, calls: Vec<CallId>) -> Self {
        let Pruning { before, status, tenant } = rule.clone();
        Self { at, before, status, tenant, calls }
    }

    /// The rule.
    pub fn rule(&self) -> Pruning {
        Pruning { before: self.before, status: self.status, tenant: self.tenant.clone() }
    }
}

/// Records that go into the store together.
pub(crate) enum Run<'a> {
    /// News of calls, and what else is projected in batches.
    News(&'a [Record]),
    /// Records about history.
    History(&'a [Record]),
}

/// Cuts records, in their order, into what goes together.
pub(crate) fn runs(records: &[Record]) -> impl Iterator<Item = Run<'_>> {
    records
        .chunk_by(|one, other| is_history(one) == is_history(other))
        .map(|run| if run.first().is_some_and(is_history) { Run::History(run) } else { Run::News(run) })
}

fn is_history(record: &Record) -> bool {
    matches!(record.kind, kind::IMPORTED | kind::PRUNED)
}

/// Puts records about history into the store and moves the cursor behind each: cut off between the two, it is done again,
/// and changes nothing.
pub(crate) async fn put(
    codec: &Codec,
    journal: &JournalIdent,
    store: &Store,
    records: &[Record],
) -> Result<(), StoreError> {
    for record in records {
        match codec.decode(record.kind, &record.payload) {
            Ok(Decoded::Imported(piece)) => drop(store.import(&piece).await?),
            Ok(Decoded::Pruned(pruned)) => drop(store.prune(&pruned.rule(), &pruned.calls).await?),
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, lsn = %record.lsn, "projector.unreadable_record: skipped");
            }
        }
        store.project(&Projection::empty(journal.clone(), Position(record.lsn.get()))).await?;
    }
    Ok(())
}
