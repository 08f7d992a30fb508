//! Deliveries: written with the rows they tell of, read as history, sent once more, pruned.

use super::{READING, WRITING};
use crate::db::{Durability, Tx};
use crate::error::StoreError;
use crate::project::{New, written};
use crate::row::Row;
use crate::rows::Columns;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use trunkline_core::id::{CallId, TenantId, WebhookId};
use trunkline_core::outgoing::{Answer, DeliveryState, Trouble};

/// Nobody counts further.
const COUNTED: i64 = 100_000;

/// One event that is to be sent to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Where to.
    pub endpoint: WebhookId,
    /// Whose.
    pub tenant: TenantId,
    /// The call that it is about.
    pub call: CallId,
    /// The event's id.
    pub event: String,
    /// The event's type.
    pub kind: &'static str,
    /// When it happened.
    pub at: Timestamp,
    /// What is sent. It names nobody.
    pub body: String,
}

/// One event on its way to one endpoint, as its history has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its place among those of the endpoint.
    pub n: i64,
    /// The event's id.
    pub event: String,
    /// The event's type.
    pub kind: String,
    /// The call that it is about.
    pub call: CallId,
    /// When it happened.
    pub at: Timestamp,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried since it was last begun.
    pub attempts: u32,
    /// When it is tried again, if it has failed so far.
    pub next_at: Option<Timestamp>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// What came of each attempt, the first one first.
    pub made: Vec<AttemptMade>,
}

/// One attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptMade {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What came of it.
    pub answer: Answer,
}

/// Which page of an endpoint's deliveries.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryPage {
    /// Those before this one; the newest if absent.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: u16,
    /// Only those.
    pub state: Option<DeliveryState>,
}

/// How many deliveries stand so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryCount {
    /// How.
    pub state: DeliveryState,
    /// How many.
    pub n: u64,
}

/// Which deliveries are sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay<'a> {
    /// Those of events that happened then or later.
    Since(Timestamp),
    /// Those behind this event.
    After(&'a str),
}

/// Writes deliveries, in their order, and opens their lines.
pub(crate) async fn put_deliveries(tx: &mut Tx, all: &[NewDelivery]) -> Result<New, StoreError> {
    if all.is_empty() {
        return Ok(New(0));
    }
    // In one order, so that no two transactions wait for each other; and PostgreSQL takes no row twice.
    let lines: BTreeMap<(String, String), &NewDelivery> =
        all.iter().map(|one| ((one.endpoint.to_string(), one.call.to_string()), one)).collect();
    let lines = lines.into_iter().map(|((endpoint, call), one)| line(endpoint, call, one)).collect();
    let added = tx.insert(&sql::ADD_DELIVERIES, all.iter().map(delivery).collect()).await?;
    tx.insert(&sql::OPEN_LINES, lines).await?;
    Ok(New(added))
}

fn line(endpoint: String, call: String, of: &NewDelivery) -> Columns {
    vec![
        ("endpoint", endpoint.into()),
        ("call", call.into()),
        ("tenant", of.tenant.as_str().into()),
        ("next_at", of.at.as_microsecond().into()),
    ]
}

fn delivery(one: &NewDelivery) -> Columns {
    vec![
        ("endpoint", one.endpoint.to_string().into()),
        ("tenant", one.tenant.as_str().into()),
        ("call", one.call.to_string().into()),
        ("event", one.event.as_str().into()),
        ("type", one.kind.into()),
        ("body", one.body.as_str().into()),
        ("at", one.at.as_microsecond().into()),
    ]
}

impl Store {
    /// A page of what was sent to an endpoint, the newest first, each with its attempts.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn deliveries(
        &self,
        endpoint: WebhookId,
        page: DeliveryPage,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut tx = self.db.snapshot(READING).await?;
        let mut values = vec![
            endpoint.to_string().into(),
            page.before.unwrap_or(i64::MAX).into(),
            i64::from(page.limit).into(),
        ];
        let statement = match page.state {
            None => &sql::DELIVERIES,
            Some(state) => {
                values.push(state.as_str().into());
                &sql::DELIVERIES_OF_STATE
            }
        };
        let rows = tx.rows(statement, values).await?;
        let mut all = rows.iter().map(read).collect::<Result<Vec<Delivery>, _>>()?;
        if let Some(wanted) = written(all.iter().map(|one| EventRow { event: &one.event }))? {
            let values = vec![Value::Rows(wanted), endpoint.to_string().into()];
            let mut made: BTreeMap<String, Vec<AttemptMade>> = BTreeMap::new();
            for row in tx.rows(&sql::ATTEMPTS_MADE, values).await? {
                made.entry(row.text("event")?).or_default().push(attempt(&row)?);
            }
            for one in &mut all {
                one.made = made.remove(&one.event).unwrap_or_default();
            }
        }
        tx.commit().await?;
        Ok(all)
    }

    /// How many deliveries of an endpoint stand how; no state is counted further than a hundred thousand, so that it does not
    /// take the longer the more there are.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_deliveries(&self, endpoint: WebhookId) -> Result<Vec<DeliveryCount>, StoreError> {
        let mut counts = Vec::new();
        for state in [DeliveryState::Waiting, DeliveryState::Taken, DeliveryState::Failed] {
            let values = vec![endpoint.to_string().into(), state.as_str().into(), COUNTED.into()];
            let rows = self.db.read(READING, &sql::COUNT_DELIVERIES, values).await?;
            let n = rows.first().map_or(Ok(0), |row| row.number("n"))?;
            counts.push(DeliveryCount { state, n });
        }
        Ok(counts)
    }

    /// Sends everything once more, from a place on; how many. `None` if there is no such place.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn replay(
        &self,
        endpoint: WebhookId,
        from: Replay<'_>,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let endpoint = || Value::from(endpoint.to_string());
        let (after, since) = match from {
            Replay::Since(since) => (0, since.as_microsecond()),
            Replay::After(event) => {
                let rows = tx.rows(&sql::DELIVERY_PLACE, vec![endpoint(), event.into()]).await?;
                let Some(row) = rows.first() else { return Ok(None) };
                (row.int("n")?, i64::MIN)
            }
        };
        let wanted = || vec![endpoint(), after.into(), since.into()];
        // First the lines, as whoever sends does: no two then wait for each other.
        let due = vec![now.as_microsecond().into()];
        tx.run(&sql::REPLAY_LINES, [wanted(), due].concat()).await?;
        let replayed = tx.run(&sql::REPLAY, wanted()).await?;
        tx.commit().await?;
        Ok(Some(replayed))
    }

    /// Sends one delivery once more; whether there is one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn retry_delivery(
        &self,
        endpoint: WebhookId,
        event: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let wanted = || vec![Value::from(endpoint.to_string()), event.into()];
        let due = vec![now.as_microsecond().into()];
        tx.run(&sql::RETRY_LINE, [wanted(), due].concat()).await?;
        let found = tx.run(&sql::RETRY_DELIVERY, wanted()).await?;
        tx.commit().await?;
        Ok(found > 0)
    }

    /// Deletes deliveries of events that happened before, at most `limit` of the oldest; how many went.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn prune_deliveries(&self, before: Timestamp, limit: u16) -> Result<u64, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Projection).await?;
        let values = || vec![Value::from(before.as_microsecond()), i64::from(limit).into()];
        tx.run(&sql::PRUNE_ATTEMPTS_MADE, values()).await?;
        let pruned = tx.run(&sql::PRUNE_DELIVERIES, values()).await?;
        tx.commit().await?;
        Ok(pruned)
    }
}

#[derive(Serialize)]
struct EventRow<'a> {
    event: &'a str,
}

fn read(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        n: row.int("n")?,
        event: row.text("event")?,
        kind: row.text("type")?,
        call: row.word("call")?,
        at: row.time("at")?,
        state: row.word("state")?,
        attempts: row.number("attempts")?,
        next_at: row.opt_time("next_at")?,
        done_at: row.opt_time("done_at")?,
        made: Vec::new(),
    })
}

fn attempt(row: &Row) -> Result<AttemptMade, StoreError> {
    let status: Option<u16> = row.opt_number("status")?;
    let answer = match status {
        Some(status) => Answer::Status(status),
        None => Answer::Trouble(row.opt_word("trouble")?.unwrap_or(Trouble::Unreachable)),
    };
    Ok(AttemptMade { at: row.time("at")?, took_ms: row.number("took_ms")?, answer })
}
