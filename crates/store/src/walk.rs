//! All history, page by page in the order of ids: for exports, checks and whoever else must see everything.
//!
//! Each page is one state of the database: a call comes with the very events that made it. Between two pages the
//! projector may go on, and calls that came into being behind the walk are not met.

use crate::db::Tx;
use crate::error::StoreError;
use crate::event::{self, EventRow};
use crate::load::{by_call, wanted};
use crate::sql;
use crate::store::Store;
use crate::suppression::{Suppression, suppression};
use std::collections::BTreeMap;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, TenantId};

const DOING: &str = "walking through history";

/// A call with all its events, in the order of the journal.
#[derive(Clone, Debug)]
pub struct CallHistory {
    /// The fold.
    pub call: Call,
    /// The events.
    pub events: Vec<EventRow>,
}

impl Store {
    /// How many calls there are, of every tenant. Counted through: slow where there are millions.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn calls_in_all(&self) -> Result<u64, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let rows = tx.rows(&sql::CALLS_IN_ALL, vec![]).await?;
        tx.commit().await?;
        rows.first().map_or(Ok(0), |row| row.number("n"))
    }

    /// The next calls after this one in the order of ids, whosever they are, at most `limit`; empty at the end.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn histories_after(
        &self,
        after: Option<CallId>,
        limit: u16,
    ) -> Result<Vec<CallHistory>, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let calls = calls_after(&mut tx, after, limit).await?;
        let ids: Vec<CallId> = calls.iter().map(|call| call.id).collect();
        let mut events = events_of(&mut tx, &ids).await?;
        tx.commit().await?;
        let with_events =
            |call: Call| CallHistory { events: events.remove(&call.id).unwrap_or_default(), call };
        Ok(calls.into_iter().map(with_events).collect())
    }

    /// The same without their events.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn calls_after(&self, after: Option<CallId>, limit: u16) -> Result<Vec<Call>, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let calls = calls_after(&mut tx, after, limit).await?;
        tx.commit().await?;
        Ok(calls)
    }

    /// The next calls after this one that have events and are not there themselves, with these events: reports of calls
    /// that this database never heard the beginning of.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn orphans_after(
        &self,
        after: Option<CallId>,
        limit: u16,
    ) -> Result<BTreeMap<CallId, Vec<EventRow>>, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let rows = tx.rows(&sql::ORPHANS_AFTER, page(after, limit)).await?;
        let ids = rows.iter().map(|row| row.word("call")).collect::<Result<Vec<CallId>, _>>()?;
        let events = events_of(&mut tx, &ids).await?;
        tx.commit().await?;
        Ok(events)
    }

    /// The next suppressions after this one, of every tenant, those that were lifted too; at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn suppressions_after(
        &self,
        after: Option<&Suppression>,
        limit: u16,
    ) -> Result<Vec<Suppression>, StoreError> {
        let tenant = after.and_then(|after| after.tenant.as_ref()).map_or("", TenantId::as_str);
        let number = after.map_or("", |after| after.number.as_str());
        let values = vec![tenant.into(), number.into(), i64::from(limit).into()];
        let rows = self.db.read(DOING, &sql::SUPPRESSIONS_AFTER, values).await?;
        rows.iter().map(suppression).collect()
    }

    /// The events of these calls, whosever they are.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn events_of(&self, ids: &[CallId]) -> Result<BTreeMap<CallId, Vec<EventRow>>, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let events = events_of(&mut tx, ids).await?;
        tx.commit().await?;
        Ok(events)
    }
}

fn page(after: Option<CallId>, limit: u16) -> Vec<crate::value::Value> {
    // Every id is greater than nothing.
    vec![after.map_or(String::new(), |id| id.to_string()).into(), i64::from(limit).into()]
}

async fn calls_after(tx: &mut Tx, after: Option<CallId>, limit: u16) -> Result<Vec<Call>, StoreError> {
    let rows = tx.rows(&sql::CALLS_AFTER, page(after, limit)).await?;
    let mut calls = rows.iter().map(|row| row.json("fold")).collect::<Result<Vec<Call>, _>>()?;
    let turns = tx.rows(&sql::TURN_FOLDS, vec![wanted(calls.iter().map(|call| call.id))?]).await?;
    let mut turns = by_call(&turns)?;
    for call in &mut calls {
        call.turns = turns.remove(&call.id).unwrap_or_default();
    }
    Ok(calls)
}

async fn events_of(tx: &mut Tx, ids: &[CallId]) -> Result<BTreeMap<CallId, Vec<EventRow>>, StoreError> {
    let mut events: BTreeMap<CallId, Vec<EventRow>> = BTreeMap::new();
    if !ids.is_empty() {
        for row in tx.rows(&sql::EVENTS_OF, vec![wanted(ids.iter().copied())?]).await? {
            let event = event::event(&row)?;
            events.entry(event.call).or_default().push(event);
        }
    }
    Ok(events)
}
