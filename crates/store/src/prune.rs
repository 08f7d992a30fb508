//! History that has had its time: found, counted, deleted in batches; and that it was, remembered.

use crate::bot_rollup::forget_talks;
use crate::db::Durability;
use crate::error::StoreError;
use crate::project::{put, written};
use crate::rollup::{self, Counting, Moves};
use crate::rows::{self, Columns, IdColumn, LegColumns};
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use trunkline_core::call::{Call, Status};
use trunkline_core::id::{CallId, TenantId};

const DOING: &str = "pruning";
const KEY: &str = "pruned:";
/// Between the status and the tenant in what is remembered.
const OF: char = '@';

/// What goes: calls that ended before a time, with this status or any, of this tenant or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruning {
    /// Only calls that ended before.
    pub before: Timestamp,
    /// Only with this status.
    pub status: Option<Status>,
    /// Only of this tenant.
    pub tenant: Option<TenantId>,
}

impl Pruning {
    /// Whether this call went by it, or would.
    pub fn takes(&self, call: &Call) -> bool {
        call.ended_at().is_some_and(|ended| ended < self.before)
            && self.status.is_none_or(|status| status == call.status())
            && self.tenant.as_ref().is_none_or(|tenant| *tenant == call.tenant)
    }

    /// Whether another goes by the same rule, but for the time.
    fn is_like(&self, other: &Self) -> bool {
        self.status == other.status && self.tenant == other.tenant
    }

    /// Its name among what is remembered.
    fn key(&self) -> String {
        let status = self.status.map_or("", Status::as_str);
        match &self.tenant {
            Some(tenant) => format!("{KEY}{status}{OF}{}", tenant.as_str()),
            None => format!("{KEY}{status}"),
        }
    }
}

/// How many rows went, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Calls.
    pub calls: u64,
    /// Events.
    pub events: u64,
    /// Turns.
    pub turns: u64,
    /// Legs.
    pub legs: u64,
}

impl Store {
    /// The next calls after this one that a pruning takes, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn prunable_after(
        &self,
        what: &Pruning,
        after: Option<CallId>,
        limit: u16,
    ) -> Result<Vec<Call>, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let after = after.map_or(String::new(), |id| id.to_string());
        let values = vec![
            after.into(),
            what.before.as_microsecond().into(),
            what.status.map(Status::as_str).into(),
            i64::from(limit).into(),
            what.tenant.as_ref().map(TenantId::as_str).into(),
        ];
        let rows = tx.rows(&sql::ENDED_BEFORE, values).await?;
        tx.commit().await?;
        let ids = rows.iter().map(|row| row.word("id")).collect::<Result<Vec<CallId>, _>>()?;
        self.load_folds(&ids).await
    }

    /// The next calls of a tenant behind this one that ended before a time and that nobody reads any more, in the order of
    /// their beginning, at most `limit`. It costs what is that old, however much there is.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn outlived_after(
        &self,
        tenant: &TenantId,
        before: Timestamp,
        after: Option<(Timestamp, CallId)>,
        limit: u16,
    ) -> Result<Vec<Call>, StoreError> {
        let (began, id) = match after {
            Some((began, id)) => (began.as_microsecond(), id.to_string()),
            None => (i64::MIN, String::new()),
        };
        let values = vec![
            tenant.as_str().into(),
            began.into(),
            id.into(),
            before.as_microsecond().into(),
            i64::from(limit).into(),
        ];
        let rows = self.db.read(DOING, &sql::OUTLIVED, values).await?;
        let ids = rows.iter().map(|row| row.word("id")).collect::<Result<Vec<CallId>, _>>()?;
        let mut calls = self.load_folds(&ids).await?;
        calls.sort_by_key(|call| (call.created_at, call.id));
        Ok(calls)
    }

    /// How many rows of other tables these calls have.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn weigh(&self, calls: &[Call]) -> Result<Pruned, StoreError> {
        let ids = written(calls.iter().map(|call| IdColumn { id: call.id }))?;
        let Some(ids) = ids else { return Ok(Pruned::default()) };
        let count = async |statement| -> Result<u64, StoreError> {
            let rows = self.db.read(DOING, statement, vec![Value::Rows(ids.clone())]).await?;
            rows.first().map_or(Ok(0), |row| row.number("n"))
        };
        Ok(Pruned {
            calls: number(calls.len()),
            events: count(&sql::COUNT_EVENTS).await?,
            turns: count(&sql::COUNT_TURNS).await?,
            legs: number(calls.iter().flat_map(LegColumns::all_of).count()),
        })
    }

    /// Deletes those of these calls that the pruning still takes, with everything that is theirs, all or nothing; and
    /// remembers that it did. What there is of a call without the call itself goes too: its beginning went before.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn prune(&self, what: &Pruning, ids: &[CallId]) -> Result<Pruned, StoreError> {
        let Some(wanted) = written(ids.iter().map(|id| IdColumn { id: *id }))? else {
            return Ok(Pruned::default());
        };
        let mut tx = self.db.begin(DOING, Durability::Decision).await?;
        let known = tx.rows(&sql::KNOWN_CALLS, vec![Value::Rows(wanted.clone())]).await?;
        let known = known.iter().map(|row| row.word("id")).collect::<Result<BTreeSet<CallId>, _>>()?;
        let rests = || written(ids.iter().filter(|id| !known.contains(id)).map(|id| IdColumn { id: *id }));
        let status: Value = what.status.map(Status::as_str).into();
        let tenant: Value = what.tenant.as_ref().map(TenantId::as_str).into();
        let values = vec![Value::Rows(wanted), what.before.as_microsecond().into(), status, tenant];
        let rows = tx.rows(&sql::STILL_ENDED_BEFORE, values).await?;
        let calls = rows.iter().map(|row| row.json("fold")).collect::<Result<Vec<Call>, _>>()?;
        let mut moves = Moves::default();
        let turns = rollup::known_turns(&mut tx, calls.iter().map(|call| call.id)).await?;
        for call in &calls {
            let was = Counting::of(call);
            moves.take(&was);
            moves.take_turns(&was, turns.get(&call.id).map_or(&[], Vec::as_slice));
        }
        let these = || written(calls.iter().map(|call| IdColumn { id: call.id }));
        let pruned = Pruned {
            events: put(&mut tx, &sql::DELETE_EVENTS_OF, these()?).await?
                + put(&mut tx, &sql::DELETE_EVENTS_OF, rests()?).await?,
            turns: put(&mut tx, &sql::DELETE_TURNS_OF, these()?).await?
                + put(&mut tx, &sql::DELETE_TURNS_OF, rests()?).await?,
            legs: put(&mut tx, &sql::DELETE_LEGS, written(calls.iter().flat_map(LegColumns::all_of))?)
                .await?,
            calls: put(&mut tx, &sql::DELETE_CALLS, these()?).await?,
        };
        tx.insert(&sql::ADD_COUNTS, fewer(&calls)).await?;
        moves.write(&mut tx).await?;
        forget_talks(&mut tx, &calls).await?;
        put(&mut tx, &sql::DELETE_WORDS, these()?).await?;
        let known = prunings(&tx.rows(&sql::PRUNINGS, vec![]).await?)?;
        let before = known.iter().filter(|known| known.is_like(what)).map(|known| known.before).max();
        let before = before.map_or(what.before, |known| known.max(what.before));
        tx.run(&sql::PUT_META, vec![what.key().into(), before.as_microsecond().to_string().into()]).await?;
        self.db.in_place(DOING)?;
        tx.commit().await?;
        Ok(pruned)
    }

    /// What was ever pruned: for each status and tenant the latest time.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn prunings(&self) -> Result<Vec<Pruning>, StoreError> {
        prunings(&self.db.read(DOING, &sql::PRUNINGS, vec![]).await?)
    }
}

/// What the counts move by when these calls go.
fn fewer(calls: &[Call]) -> Vec<Columns> {
    let mut fewer: BTreeMap<(&str, i64, Status), i64> = BTreeMap::new();
    for call in calls {
        let day = rows::day_of(call.created_at.as_microsecond());
        *fewer.entry((call.tenant.as_str(), day, call.status())).or_default() += 1;
    }
    fewer
        .into_iter()
        .map(|((tenant, day, status), n)| rows::count(tenant, day, status.as_str(), -n))
        .collect()
}

fn prunings(rows: &[crate::row::Row]) -> Result<Vec<Pruning>, StoreError> {
    let unreadable = || StoreError::broken(DOING, "what was pruned can't be read");
    let mut prunings = Vec::new();
    for row in rows {
        let (key, value) = (row.text("key")?, row.text("value")?);
        let before = value.parse().ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
        let rule = key.strip_prefix(KEY).unwrap_or_default();
        let (status, tenant) = match rule.split_once(OF) {
            Some((status, tenant)) => (status, Some(TenantId::new(tenant))),
            None => (rule, None),
        };
        let status = match status {
            "" => None,
            word => Some(
                serde_json::from_value(serde_json::Value::String(word.to_owned()))
                    .map_err(|_| unreadable())?,
            ),
        };
        prunings.push(Pruning { before: before.ok_or_else(unreadable)?, status, tenant });
    }
    Ok(prunings)
}

fn number(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
