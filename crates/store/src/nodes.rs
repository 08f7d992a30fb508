//! Several nodes on one database: who is alive, who carries which call, and what becomes of the calls of one that is gone.
//!
//! A node is alive while its row is younger than its lease, by the database's own clock. Of those who find a silent one, a
//! guarded statement lets one count it out, which raises its epoch: what it carried is the other's in the same transaction,
//! and its next heartbeat tells it so. What the new owner then does with it is the engine's.

use crate::db::{Db, Durability};
use crate::error::StoreError;
use crate::project::written;
use crate::queue::{QueuedJob, queued, take_jobs};
use crate::row::Row;
use crate::rows::IdColumn;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use trunkline_core::id::{CallId, NodeId};
use trunkline_core::queue::Job;

const DOING: &str = "looking after its nodes";

/// A life of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Which: it rises with each, and when the node is counted out.
    pub epoch: u64,
    /// How many other nodes there are.
    pub others: u64,
}

/// How much a node has heard of a call.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Heard {
    /// Which.
    pub id: CallId,
    /// So many events; whatever there is, if it is not in memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<usize>,
}

/// An attempt that a node holds, with what is needed to say whom it calls.
#[derive(Clone, Debug)]
pub struct HeldJob {
    /// The job.
    pub queued: QueuedJob,
    /// The call of its open attempt.
    pub call: CallId,
    /// Account, from and to, as they were claimed.
    pub pair: Option<String>,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// When it was first taken from the node that claimed it, which alone may have posted it.
    pub taken_at: Option<Timestamp>,
}

impl Store {
    /// Begins a life of a node: from now on nobody takes what it carries, for as long as the lease.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn join(&self, node: &NodeId, lease: Duration) -> Result<Life, StoreError> {
        let mut tx = self.db.begin(DOING, Durability::Decision).await?;
        let rows = tx.rows(&sql::JOIN, vec![node.as_str().into(), micros(lease)]).await?;
        let epoch = rows.first().map_or(Ok(0), |row| row.number("epoch"))?;
        let rows = tx.rows(&sql::OTHER_NODES, vec![node.as_str().into()]).await?;
        let others = rows.first().map_or(Ok(0), |row| row.number("n"))?;
        tx.commit().await?;
        Ok(Life { epoch, others })
    }

    /// Says that a node is alive; `None` if it was counted out, and must begin another life.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn beat(&self, node: &NodeId, epoch: u64, lease: Duration) -> Result<Option<Life>, StoreError> {
        let mut tx = self.db.begin(DOING, Durability::Decision).await?;
        let touched =
            tx.run(&sql::BEAT, vec![node.as_str().into(), epoch_value(epoch), micros(lease)]).await?;
        let rows = tx.rows(&sql::OTHER_NODES, vec![node.as_str().into()]).await?;
        let others = rows.first().map_or(Ok(0), |row| row.number("n"))?;
        tx.commit().await?;
        Ok((touched == 1).then_some(Life { epoch, others }))
    }

    /// Takes what nodes carried whose lease ended longer ago than the grace: their calls that are not over, and their jobs.
    /// The nodes that were counted out; `None` if that has happened to this one itself. It must begin another life first, and
    /// give up what others have taken: what it took back while it still has it in memory would never be taken up.
    ///
    /// # Errors
    /// `Unavailable`: it is not known whether it was done; what was taken is found by [`Store::carried`].
    pub async fn take_over(
        &self,
        node: &NodeId,
        epoch: u64,
        grace: Duration,
        now: Timestamp,
    ) -> Result<Option<Vec<NodeId>>, StoreError> {
        let asked = || vec![node.as_str().into(), micros(grace)];
        let silent = self.db.read(DOING, &sql::SILENT_NODES, asked()).await?;
        let mut taken = Vec::new();
        for row in &silent {
            let (from, from_epoch) = (NodeId::new(row.text("node")?), row.int("epoch")?);
            let mut tx = self.db.begin(DOING, Durability::Exclusive).await?;
            // Its row stays locked until the end: nobody counts it out meanwhile.
            if tx.run(&sql::STILL_ALIVE, vec![node.as_str().into(), epoch_value(epoch)]).await? != 1 {
                return Ok(None);
            }
            let guarded = vec![from.as_str().into(), from_epoch.into(), micros(grace)];
            if tx.run(&sql::COUNT_OUT, guarded).await? != 1 {
                continue;
            }
            let both = || vec![node.as_str().into(), Value::from(from.as_str())];
            tx.run(&sql::TAKE_CALLS, both()).await?;
            let at = Value::from(now.as_microsecond());
            tx.run(&sql::TAKE_ATTEMPTS, both().into_iter().chain([at]).collect()).await?;
            take_jobs(&mut tx, node, &from, now).await?;
            tx.commit().await?;
            taken.push(from);
        }
        Ok(Some(taken))
    }

    /// The calls that a node carries and that are not over.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn carried(&self, node: &NodeId) -> Result<Vec<CallId>, StoreError> {
        let rows = self.db.read(DOING, &sql::CARRIED, vec![node.as_str().into()]).await?;
        rows.iter().map(|row| row.word("id")).collect()
    }

    /// The calls of a node that others have heard something of.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn unheard(&self, node: &NodeId) -> Result<Vec<CallId>, StoreError> {
        let rows = self.db.read(DOING, &sql::UNHEARD, vec![node.as_str().into()]).await?;
        rows.iter().map(|row| row.word("id")).collect()
    }

    /// A node has heard what others told of its calls: of each so many events, or whatever there is. One of which more has come
    /// meanwhile stays unheard.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn has_heard(&self, node: &NodeId, calls: &[Heard]) -> Result<(), StoreError> {
        let Some(heard) = written(calls.iter())? else { return Ok(()) };
        let mut tx = self.db.begin(DOING, Durability::Projection).await?;
        tx.run(&sql::HAS_HEARD, vec![Value::Rows(heard), node.as_str().into()]).await?;
        tx.commit().await
    }

    /// Has the node that carries a call look at all that stands in its history.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn tell_owner(&self, call: CallId) -> Result<(), StoreError> {
        let Some(told) = written([IdColumn { id: call }].iter())? else { return Ok(()) };
        let mut tx = self.db.begin(DOING, Durability::Decision).await?;
        tx.run(&sql::TELL_OWNERS, vec![Value::Rows(told)]).await?;
        tx.commit().await
    }

    /// The jobs that a node holds. One that can't be read is left out: whoever reads the open jobs sets it aside.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn held_jobs(&self, node: &NodeId) -> Result<Vec<HeldJob>, StoreError> {
        let rows = self.db.read(DOING, &sql::HELD_JOBS, vec![node.as_str().into()]).await?;
        let read = rows.iter().map(held).filter(|read| !matches!(read, Err(StoreError::Broken { .. })));
        read.filter_map(Result::transpose).collect()
    }

    /// Those of these calls that another node carries, or carried to their end.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn carried_elsewhere(
        &self,
        node: &NodeId,
        calls: &[CallId],
    ) -> Result<BTreeMap<CallId, NodeId>, StoreError> {
        if let Db::Sqlite(_) = &*self.db {
            return Ok(BTreeMap::new());
        }
        let Some(wanted) = written(calls.iter().map(|id| IdColumn { id: *id }))? else {
            return Ok(BTreeMap::new());
        };
        let rows = self.db.read(DOING, &sql::OWNERS, vec![Value::Rows(wanted)]).await?;
        let mut others = BTreeMap::new();
        for row in &rows {
            if let Some(owner) = row.opt_text("node")?.filter(|owner| owner != node.as_str()) {
                others.insert(row.word("id")?, NodeId::new(owner));
            }
        }
        Ok(others)
    }
}

/// A job with one of its attempts, if that is the one it is bound to.
fn held(row: &Row) -> Result<Option<HeldJob>, StoreError> {
    let (job, call): (Job, CallId) = (row.json("fold")?, row.word("call")?);
    if job.call() != Some(call) {
        return Ok(None);
    }
    let (pair, claimed_at, taken_at) =
        (row.opt_text("pair")?, row.time("claimed_at")?, row.opt_time("taken_at")?);
    Ok(Some(HeldJob { queued: queued(row)?, call, pair, claimed_at, taken_at }))
}

fn epoch_value(epoch: u64) -> Value {
    i64::try_from(epoch).unwrap_or(i64::MAX).into()
}

fn micros(span: Duration) -> Value {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX).into()
}
