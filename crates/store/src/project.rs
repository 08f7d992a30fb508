//! Projection: what the journal holds, written into tables in one transaction that also moves the cursor.
//!
//! A batch may be repeated, and batches may be repeated from any earlier place: an event that is there stays, a fold
//! never replaces a newer one, and the counts move by what really changed.

use crate::db::{Durability, Tx};
use crate::error::StoreError;
use crate::event::EventRow;
use crate::position::{JournalIdent, Position};
use crate::rows::{
    self, CallColumns, CountColumns, EventColumns, IdColumn, LegColumns, SuppressionColumns, TurnColumns,
};
use crate::sql::{self, Statement};
use crate::store::{Store, bigint, ident, own};
use crate::suppression::Suppression;
use serde::Serialize;
use std::collections::BTreeMap;
use trunkline_core::call::Call;
use trunkline_core::id::CallId;

const DOING: &str = "projecting a batch";

/// A piece of a journal, ready for the tables.
#[derive(Clone, Debug)]
pub struct Projection {
    /// The journal it comes from.
    pub journal: JournalIdent,
    /// Everything up to here is in this batch or an earlier one.
    pub upto: Position,
    /// The folds of the calls that changed. Of several folds of one call the last one counts.
    pub calls: Vec<Call>,
    /// The events.
    pub events: Vec<EventRow>,
    /// Numbers that were suppressed, or released.
    pub suppressions: Vec<Suppression>,
}

impl Projection {
    /// A batch that only moves the cursor.
    pub fn empty(journal: JournalIdent, upto: Position) -> Self {
        Self { journal, upto, calls: Vec::new(), events: Vec::new(), suppressions: Vec::new() }
    }
}

impl Store {
    /// Writes a batch and moves the cursor, all or nothing. The commit does not wait for the disk: the journal has it.
    ///
    /// # Errors
    /// `Unavailable` and `Broken`: keep the batch and try again later. `Poison`: something in it will never go in.
    /// `Foreign`: the database is another journal's.
    pub async fn project(&self, batch: &Projection) -> Result<(), StoreError> {
        let mut tx = self.db.begin(DOING, Durability::Projection).await?;
        let calls = newer_than_known(&mut tx, &batch.calls).await?;
        put(&mut tx, &sql::UPSERT_CALLS, written(calls.iter().map(|change| CallColumns::from(change.call)))?)
            .await?;
        put(
            &mut tx,
            &sql::UPSERT_TURNS,
            written(calls.iter().flat_map(|change| TurnColumns::all_of(change.call)))?,
        )
        .await?;
        put(
            &mut tx,
            &sql::UPSERT_LEGS,
            written(calls.iter().flat_map(|change| LegColumns::all_of(change.call)))?,
        )
        .await?;
        let moved = count_moves(&calls);
        put(&mut tx, &sql::ADD_COUNTS, written(moved.iter().map(CountColumns::from))?).await?;
        put(&mut tx, &sql::INSERT_EVENTS, written(batch.events.iter().map(EventColumns::from))?).await?;
        put(
            &mut tx,
            &sql::UPSERT_SUPPRESSIONS,
            written(batch.suppressions.iter().map(SuppressionColumns::from))?,
        )
        .await?;
        move_cursor(&mut tx, batch).await?;
        self.db.in_place(DOING)?;
        tx.commit().await
    }
}

/// A fold that is to be written, and where the call was counted until now.
struct Change<'a> {
    call: &'a Call,
    was: Option<Counted>,
}

/// Where a call counts: whose, on which day, as what.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Counted {
    tenant: String,
    day: i64,
    status: String,
}

impl Counted {
    fn of(call: &Call) -> Self {
        Self {
            tenant: call.tenant.as_str().to_owned(),
            day: rows::day_of(call.created_at.as_microsecond()),
            status: call.status().as_str().to_owned(),
        }
    }
}

/// The last fold of each call, without those that are older than what the table holds.
async fn newer_than_known<'a>(tx: &mut Tx, calls: &'a [Call]) -> Result<Vec<Change<'a>>, StoreError> {
    let latest: BTreeMap<CallId, &Call> = calls.iter().map(|call| (call.id, call)).collect();
    if latest.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = known(tx, latest.keys().copied()).await?;
    let changes = latest.into_values().filter_map(|call| match known.remove(&call.id) {
        Some((updated_at, _)) if updated_at > call.updated_at.as_microsecond() => None,
        Some((_, was)) => Some(Change { call, was: Some(was) }),
        None => Some(Change { call, was: None }),
    });
    Ok(changes.collect())
}

async fn known(
    tx: &mut Tx,
    ids: impl Iterator<Item = CallId>,
) -> Result<BTreeMap<CallId, (i64, Counted)>, StoreError> {
    let found = tx
        .rows(
            &sql::KNOWN_CALLS,
            vec![written(ids.map(|id| IdColumn { id }))?.unwrap_or_else(|| "[]".to_owned()).into()],
        )
        .await?;
    let mut known = BTreeMap::new();
    for row in &found {
        let counted = Counted {
            tenant: row.text("tenant")?,
            day: rows::day_of(row.int("created_at")?),
            status: row.text("status")?,
        };
        known.insert(row.word("id")?, (row.int("updated_at")?, counted));
    }
    Ok(known)
}

/// What the counts move by: one less where a call was, one more where it is.
fn count_moves(changes: &[Change<'_>]) -> Vec<(Counted, i64)> {
    let mut moves: BTreeMap<Counted, i64> = BTreeMap::new();
    for change in changes {
        if let Some(was) = &change.was {
            *moves.entry(was.clone()).or_default() -= 1;
        }
        *moves.entry(Counted::of(change.call)).or_default() += 1;
    }
    moves.into_iter().filter(|(_, n)| *n != 0).collect()
}

impl<'a> From<&'a (Counted, i64)> for CountColumns<'a> {
    fn from((at, n): &'a (Counted, i64)) -> Self {
        Self { tenant: &at.tenant, day: at.day, status: &at.status, n: *n }
    }
}

/// Writes rows, if there are any.
async fn put(tx: &mut Tx, statement: &'static Statement, rows: Option<String>) -> Result<(), StoreError> {
    if let Some(rows) = rows {
        tx.run(statement, vec![rows.into()]).await?;
    }
    Ok(())
}

/// Rows as JSON; `None` if there are none. Made before anything is awaited: a future that holds an iterator over
/// borrowed rows is not `Send`.
fn written<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<Option<String>, StoreError> {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return Ok(None);
    }
    // The error of the JSON writer may quote what it wrote: it stays here.
    rows::json(rows).map(Some).map_err(|_| StoreError::poison(DOING, "a row is no JSON"))
}

async fn move_cursor(tx: &mut Tx, batch: &Projection) -> Result<(), StoreError> {
    let mut values = ident(&batch.journal);
    values.push(bigint(DOING, batch.upto.0)?.into());
    if tx.run(&sql::MOVE_CURSOR, values).await? == 1 {
        return Ok(());
    }
    if let Some(row) = tx.rows(&sql::CURSORS, vec![]).await?.first() {
        own(row, &batch.journal)?;
    }
    Err(StoreError::broken(DOING, "it has no cursor: ask for it before projecting"))
}
