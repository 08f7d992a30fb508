//! Pruning where the journal is the store: the index forgets the calls, the journal says that they went, the keys of those
//! who are in no other call go, and segments in which nothing is kept any more are removed.
//!
//! The order makes every cut harmless: recordings and keys first, then the word in the journal, then the rows. A run that
//! is cut off before the word leaves calls without what was personal, which the next run takes; one that is cut off behind
//! it leaves rows, which the next start takes out by the journal's word.

use super::held::{Held, HeldError, reader_after};
use super::{PAGE, Tick};
use crate::history::PrunedRecord;
use crate::imported;
use crate::record::{Codec, Decoded, kind};
use std::collections::BTreeSet;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, TenantId};
use trunkline_core::private::Address;
use trunkline_journal::keys::PersonId;
use trunkline_journal::{Journal, Lsn, Record};
use trunkline_store::{Import, Pruning, Store, StoreError, Suppression};

impl Held {
    /// Notes that these calls go by this rule, and drops the keys of whoever is in no other.
    pub(super) async fn goes(
        &self,
        store: &Store,
        rule: &Pruning,
        calls: &[Call],
        at: jiff::Timestamp,
    ) -> Result<Lsn, HeldError> {
        self.keys.forget_all(&self.ground().in_no_other(store, calls).await?)?;
        let record = PrunedRecord::new(at, rule, calls.iter().map(|call| call.id).collect());
        let payload = serde_json::to_vec(&record).map_err(crate::RecordError::from)?;
        let noted = self.append(kind::PRUNED, vec![payload]).await?;
        Ok(noted.unwrap_or(Lsn::ZERO))
    }

    /// Removes the oldest segments, up to the first in which something is kept; how many bytes that were.
    pub(super) async fn let_go(&self, store: &Store, tick: Tick<'_>) -> Result<u64, HeldError> {
        let segments = self.journal.segments();
        let Some(open) = segments.last().filter(|_| segments.len() > 1) else { return Ok(0) };
        let upto = self.ground().first_kept(store, *open, tick).await?.before();
        if self.journal.would_let_go(upto) == 0 {
            return Ok(0);
        }
        // What is small and holds for ever goes on behind them.
        let kept = Import { suppressions: all_suppressions(store).await?, ..Import::default() };
        let records = imported::records(&self.codec, &kept)?;
        if let Some(last) = self.append(kind::IMPORTED, records).await? {
            self.has_eaten(store, last).await?;
        }
        let retired = self.journal.let_go(upto).map_err(trunkline_journal::OpenError::from)?;
        Ok(retired.bytes)
    }
}

/// A journal that is the store, with what reads it: of a folder that is held, or of the server that runs on it.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub journal: &'a Journal,
    pub codec: &'a Codec,
}

impl Ground<'_> {
    /// The persons of these calls that are in no other, and the calls themselves, whose reports may have come before them.
    pub(crate) async fn in_no_other(
        &self,
        store: &Store,
        calls: &[Call],
    ) -> Result<Vec<PersonId>, StoreError> {
        let going: BTreeSet<CallId> = calls.iter().map(|call| call.id).collect();
        let persons: BTreeSet<(&TenantId, &Address)> =
            calls.iter().map(|call| (&call.tenant, call.party.person(call.direction))).collect();
        let mut unwanted = Vec::new();
        for (tenant, number) in persons {
            if !is_elsewhere(store, tenant, number, &going).await? {
                unwanted.push(self.codec.person(tenant, number));
            }
        }
        let reports = TenantId::default_tenant();
        unwanted
            .extend(going.iter().map(|call| self.codec.person(&reports, &Address::new(call.to_string()))));
        Ok(unwanted)
    }

    /// The first record that somebody may still ask for, or the end.
    pub(crate) async fn first_kept(&self, store: &Store, end: Lsn, tick: Tick<'_>) -> Result<Lsn, HeldError> {
        let mut reader = reader_after(self.journal, Lsn::ZERO)?;
        let mut looked_at = 0;
        loop {
            // Off the async threads: a server that prunes by itself answers calls meanwhile.
            let read = tokio::task::spawn_blocking(move || {
                let records = reader.next_batch(2_000, 4 << 20);
                (reader, records)
            });
            let (back, records) = read.await.map_err(|_| HeldError::CutShort)?;
            reader = back;
            let records = records?;
            if records.is_empty() {
                return Ok(end);
            }
            let named: Vec<(Lsn, Vec<CallId>)> =
                records.iter().map(|record| (record.lsn, self.calls_of(record))).collect();
            let kept = kept(store, named.iter().flat_map(|(_, calls)| calls.clone()).collect()).await?;
            let first = named.iter().find(|(_, calls)| calls.iter().any(|call| kept.contains(call)));
            match first {
                Some((lsn, _)) => return Ok((*lsn).min(end)),
                None if records.last().is_some_and(|last| last.lsn >= end) => return Ok(end),
                None => {}
            }
            looked_at += u64::try_from(records.len()).unwrap_or(0);
            tick(looked_at);
        }
    }

    /// The calls whose history a record is part of. Scripts and whom to trust are in every checkpoint.
    fn calls_of(&self, record: &Record) -> Vec<CallId> {
        if let Ok(Some(call)) = self.codec.call_of(record.kind, &record.payload) {
            return vec![call];
        }
        match self.codec.decode(record.kind, &record.payload) {
            Ok(Decoded::Imported(piece)) => imported::calls_of(&piece).collect(),
            Ok(Decoded::Erased(erased)) => erased.calls.into_iter().map(|(_, call)| call).collect(),
            Ok(_) | Err(_) => Vec::new(),
        }
    }
}

/// Those that the store has, or has events of.
async fn kept(store: &Store, calls: BTreeSet<CallId>) -> Result<BTreeSet<CallId>, StoreError> {
    let ids: Vec<CallId> = calls.into_iter().collect();
    let mut kept: BTreeSet<CallId> = store.known(&ids).await?.into_iter().collect();
    let others: Vec<CallId> = ids.into_iter().filter(|id| !kept.contains(id)).collect();
    kept.extend(store.events_of(&others).await?.into_keys());
    Ok(kept)
}

/// Whether the person is in a call that stays.
async fn is_elsewhere(
    store: &Store,
    tenant: &TenantId,
    number: &Address,
    going: &BTreeSet<CallId>,
) -> Result<bool, StoreError> {
    let mut after = None;
    loop {
        let page = store.calls_with(tenant, number, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(false) };
        after = Some(last.id);
        let is_theirs = |call: &&Call| call.party.person(call.direction) == number;
        if page.iter().filter(is_theirs).any(|call| !going.contains(&call.id)) {
            return Ok(true);
        }
    }
}

/// Every suppression there is or was.
pub(crate) async fn all_suppressions(store: &Store) -> Result<Vec<Suppression>, StoreError> {
    let mut all: Vec<Suppression> = Vec::new();
    loop {
        let page = store.suppressions_after(all.last(), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
