//! Whether rows are what they should be: each column against the fold it is taken from, each call with the events it
//! was made of, the counts against counting. What is wrong is told call by call; only a database that can't be asked is
//! an error.

use crate::bot_rollup::{self, Talked};
use crate::db::Tx;
use crate::error::StoreError;
use crate::event;
use crate::position::{JournalIdent, Position};
use crate::row::Row;
use crate::rows::{self, Columns, IdColumn, LegColumns};
use crate::sql::{self, Statement};
use crate::store::Store;
use crate::value::Value;
use crate::walk::CallHistory;
use serde::Serialize;
use std::collections::BTreeMap;
use trunkline_core::call::{Call, Turn};
use trunkline_core::id::CallId;

const DOING: &str = "checking its rows";

/// A call as its rows tell, and what is wrong with them.
#[derive(Clone, Debug)]
pub struct AuditedCall {
    /// The id, as it stands in the row.
    pub id: String,
    /// The call with its events; `None` if its fold can't be read.
    pub history: Option<CallHistory>,
    /// What is wrong, in words that quote nothing.
    pub flaws: Vec<String>,
}

/// A count that is not what counting gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Whose.
    pub tenant: String,
    /// On which day, in days since 1970 UTC.
    pub day: i64,
    /// With which status, or of what.
    pub of: String,
    /// How many too many it says; negative: too few; 0: their number is right and what they add up to is not.
    pub by: i64,
}

/// Rows that belong to no call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strays {
    /// Turns.
    pub turns: u64,
    /// Legs.
    pub legs: u64,
}

/// A journal that has fed the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feeder {
    /// Which.
    pub journal: JournalIdent,
    /// Up to where.
    pub position: Position,
}

impl Store {
    /// The journals that have fed it. Unlike asking for a cursor, this claims nothing.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn fed_by(&self) -> Result<Vec<Feeder>, StoreError> {
        let rows = self.db.read(DOING, &sql::CURSORS, vec![]).await?;
        rows.iter()
            .map(|row| {
                Ok(Feeder {
                    journal: JournalIdent { node: row.text("node")?, journal: row.text("journal")? },
                    position: Position(row.number("position")?),
                })
            })
            .collect()
    }

    /// The next calls after this id, each looked at column by column; empty at the end.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn audit_after(&self, after: &str, limit: u16) -> Result<Vec<AuditedCall>, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let rows = tx.rows(&sql::CALL_IDS_AFTER, vec![after.into(), i64::from(limit).into()]).await?;
        let ids = rows.iter().map(|row| row.text("id")).collect::<Result<Vec<_>, _>>()?;
        let audited = audit(&mut tx, &ids).await?;
        tx.commit().await?;
        Ok(audited)
    }

    /// Those of these calls that are there, looked at column by column.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn audit(&self, ids: &[String]) -> Result<Vec<AuditedCall>, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let audited = audit(&mut tx, ids).await?;
        tx.commit().await?;
        Ok(audited)
    }

    /// Which of these calls are there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn known(&self, ids: &[CallId]) -> Result<Vec<CallId>, StoreError> {
        let wanted = as_rows(ids.iter().map(|id| IdColumn { id: *id }))?;
        let rows = self.db.read(DOING, &sql::FOLDS, vec![wanted]).await?;
        rows.iter().map(|row| row.word("id")).collect()
    }

    /// The counts that are wrong, and how many are kept. Counts through all calls.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn drift(&self) -> Result<(Vec<Drift>, u64), StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let rows = tx.rows(&sql::DRIFT, vec![]).await?;
        let calls = tx.rows(&sql::ROLLUP_DRIFT, vec![]).await?;
        let questions = tx.rows(&sql::QUESTION_DRIFT, vec![]).await?;
        let (talks, sums) = bot_rollup::talk_drift(&mut tx).await?;
        let kept =
            number(&mut tx, &sql::COUNTS_KEPT).await? + number(&mut tx, &sql::ROLLUPS_KEPT).await? + sums;
        tx.commit().await?;
        let drift = |row: &Row, of: String| {
            Ok(Drift { tenant: row.text("tenant")?, day: row.int("day")?, of, by: row.int("n")? })
        };
        let mut all = talks;
        for row in &rows {
            all.push(drift(row, row.text("status")?)?);
        }
        for row in &calls {
            all.push(drift(row, format!("analytics of {}", row.text("disposition")?))?);
        }
        for row in &questions {
            let of = format!("question {} of {}", row.int("step")?, row.text("script")?);
            all.push(drift(row, of)?);
        }
        Ok((all, kept))
    }

    /// Turns and legs that belong to no call.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn strays(&self) -> Result<Strays, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let strays = Strays {
            turns: number(&mut tx, &sql::STRAY_TURNS).await?,
            legs: number(&mut tx, &sql::STRAY_LEGS).await?,
        };
        tx.commit().await?;
        Ok(strays)
    }
}

async fn number(tx: &mut Tx, statement: &Statement) -> Result<u64, StoreError> {
    tx.rows(statement, vec![]).await?.first().map_or(Ok(0), |row| row.number("n"))
}

fn as_rows<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<Value, StoreError> {
    rows::as_object(rows).map(Value::Rows).map_err(|_| StoreError::poison(DOING, "a row is no JSON"))
}

#[derive(Serialize)]
struct IdText<'a> {
    id: &'a str,
}

async fn audit(tx: &mut Tx, ids: &[String]) -> Result<Vec<AuditedCall>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = as_rows(ids.iter().map(|id| IdText { id }))?;
    let calls = tx.rows(&sql::AUDIT_CALLS, vec![wanted.clone()]).await?;
    let turns = tx.rows(&sql::AUDIT_TURNS, vec![wanted.clone()]).await?;
    let events = tx.rows(&sql::EVENTS_OF, vec![wanted]).await?;
    let (turns, events) = (by_call(turns)?, by_call(events)?);
    let none = Vec::new();
    let mut audited = Vec::with_capacity(calls.len());
    for row in &calls {
        let id = row.text("id")?;
        let (turns, events) = (turns.get(&id).unwrap_or(&none), events.get(&id).unwrap_or(&none));
        audited.push(audited_call(id, row, turns, events)?);
    }
    missing_legs(tx, &mut audited).await?;
    miscounted_talks(tx, &mut audited).await?;
    Ok(audited)
}

fn by_call(rows: Vec<Row>) -> Result<BTreeMap<String, Vec<Row>>, StoreError> {
    let mut of: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        of.entry(row.text("call")?).or_default().push(row);
    }
    Ok(of)
}

fn audited_call(id: String, row: &Row, turns: &[Row], events: &[Row]) -> Result<AuditedCall, StoreError> {
    let mut flaws = Vec::new();
    let Ok(mut call) = row.json::<Call>("fold") else {
        flaws.push("its fold can't be read".to_owned());
        return Ok(AuditedCall { id, history: None, flaws });
    };
    if call.legs.is_empty() {
        flaws.push("its fold has no leg".to_owned());
        return Ok(AuditedCall { id, history: None, flaws });
    }
    let mut read = BTreeMap::new();
    for row in turns {
        match row.json::<Turn>("fold") {
            Ok(turn) => drop(read.insert(turn.step, (turn, row))),
            Err(_) => flaws.push("a turn's fold can't be read".to_owned()),
        }
    }
    call.turns = read.iter().map(|(step, (turn, _))| (*step, Box::new(turn.clone()))).collect();
    // Who wrote it is not the fold's to say.
    compare(row, &rows::call(&call, row.opt_text("node")?.as_deref())?, "", &mut flaws);
    for (step, (turn, row)) in &read {
        let of = format!(" of turn {step}");
        compare(row, &rows::turn(&call, turn)?, &of, &mut flaws);
    }
    let mut history = CallHistory { call, events: Vec::with_capacity(events.len()) };
    for row in events {
        match event::event(row) {
            Ok(event) => history.events.push(event),
            Err(_) => flaws.push("an event can't be read".to_owned()),
        }
    }
    Ok(AuditedCall { id, history: Some(history), flaws })
}

/// Each column but the fold itself against what the fold would write there.
fn compare(row: &Row, columns: &Columns, of: &str, flaws: &mut Vec<String>) {
    for (column, expected) in columns.iter().filter(|(column, _)| *column != "fold") {
        let is_right = match expected {
            Value::Text(text) => row.opt_text(column).is_ok_and(|found| found.as_deref() == text.as_deref()),
            Value::Int(number) => row.opt_int(column).is_ok_and(|found| found == *number),
            Value::Rows(_) => false,
        };
        if !is_right {
            flaws.push(format!("column {column}{of} is not what its fold says"));
        }
    }
}

/// Each talk of a bot must be counted as its fold says, once those of before are.
async fn miscounted_talks(tx: &mut Tx, audited: &mut [AuditedCall]) -> Result<(), StoreError> {
    let ids: Vec<CallId> = audited.iter().filter_map(|one| Some(one.history.as_ref()?.call.id)).collect();
    let known = bot_rollup::known_talks(tx, ids.into_iter()).await?;
    let is_filled = bot_rollup::are_filled(tx).await?;
    for audited in audited {
        let Some(history) = &audited.history else { continue };
        let (counted, expected) = (known.get(&history.call.id), Talked::of(&history.call));
        let is_right = counted == expected.as_ref() || (counted.is_none() && !is_filled);
        if !is_right {
            audited.flaws.push("its talk is not counted as its fold says".to_owned());
        }
    }
    Ok(())
}

/// Each leg that a call has must be found by the carrier's id of it. It may have become another call's.
async fn missing_legs(tx: &mut Tx, audited: &mut [AuditedCall]) -> Result<(), StoreError> {
    let legs: Vec<LegColumns<'_>> = audited
        .iter()
        .filter_map(|audited| audited.history.as_ref())
        .flat_map(|history| LegColumns::all_of(&history.call))
        .collect();
    let wanted = as_rows(legs.iter())?;
    drop(legs);
    let mut there = std::collections::BTreeSet::new();
    for row in tx.rows(&sql::AUDIT_LEGS, vec![wanted]).await? {
        there.insert((row.text("account")?, row.text("carrier_call_id")?));
    }
    for audited in audited {
        let Some(history) = &audited.history else { continue };
        let missing = LegColumns::all_of(&history.call)
            .map(|leg| (leg.key().0.as_str().to_owned(), leg.key().1.as_str().to_owned()))
            .filter(|key| !there.contains(key))
            .count();
        if missing > 0 {
            audited.flaws.push(format!("{missing} of its legs can't be found by the carrier's id"));
        }
    }
    Ok(())
}
