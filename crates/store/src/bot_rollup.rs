//! What bots' talks count, day by day: tokens and their cost, waits, outcomes. Each talk has a row of its own that says what the
//! sums hold of it, so a talk counts once, however often it is told, and a program that counts in another way takes away what
//! was added.

use crate::audit::Drift;
use crate::count::{day, day_number};
use crate::db::{Durability, Tx};
use crate::error::StoreError;
use crate::project::{put, written};
use crate::row::Row;
use crate::rows::{self, Columns, IdColumn};
use crate::sql::{self, Statement};
use crate::store::Store;
use crate::value::Value;
use jiff::civil::Date;
use std::collections::BTreeMap;
use trunkline_core::call::{Amount, Call, ModelCost, Outcome, TokenKind, WAIT_BOUNDS_MS};
use trunkline_core::id::{CallId, CampaignId, TenantId};

const DOING: &str = "adding up what bots' talks count";
/// Set in `meta` once every talk that was there before there were sums is in them.
const FILLED: &str = "talks_filled";

const WAITS: [&str; WAIT_BOUNDS_MS.len() + 1] =
    ["w250", "w500", "w750", "w1000", "w1500", "w2000", "w3000", "w5000", "w_more"];

/// Sums over talks of bots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TalkCounts {
    /// Calls with a bot.
    pub calls: i64,
    /// Of these, those in which bot and caller were connected.
    pub talked: i64,
    /// Answers of models.
    pub answers: i64,
    /// Of these, the ones of which it is known what they used.
    pub counted: i64,
    /// Tokens, in the order of [`TokenKind::ALL`].
    pub tokens: [i64; TokenKind::ALL.len()],
    /// Calls of which the cost is known.
    pub priced: i64,
    /// Calls that used a model and of which it is not.
    pub unpriced: i64,
    /// What those together cost of which it is known, in billionths of the currency.
    pub cost: i64,
    /// How long callers waited for answers, in milliseconds.
    pub wait_ms: i64,
    /// How many answers they waited for how long, by [`WAIT_BOUNDS_MS`]; the last one: longer.
    pub waits: [i64; WAITS.len()],
}

impl std::ops::AddAssign for TalkCounts {
    fn add_assign(&mut self, more: Self) {
        self.calls += more.calls;
        self.talked += more.talked;
        self.answers += more.answers;
        self.counted += more.counted;
        self.tokens.iter_mut().zip(more.tokens).for_each(|(sum, more)| *sum += more);
        self.priced += more.priced;
        self.unpriced += more.unpriced;
        self.cost += more.cost;
        self.wait_ms += more.wait_ms;
        self.waits.iter_mut().zip(more.waits).for_each(|(sum, more)| *sum += more);
    }
}

impl std::ops::Neg for TalkCounts {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            calls: -self.calls,
            talked: -self.talked,
            answers: -self.answers,
            counted: -self.counted,
            tokens: self.tokens.map(|n| -n),
            priced: -self.priced,
            unpriced: -self.unpriced,
            cost: -self.cost,
            wait_ms: -self.wait_ms,
            waits: self.waits.map(|n| -n),
        }
    }
}

impl TalkCounts {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let mut counts = Self {
            calls: row.int("calls")?,
            talked: row.int("talked")?,
            answers: row.int("answers")?,
            counted: row.int("counted")?,
            priced: row.int("priced")?,
            unpriced: row.int("unpriced")?,
            cost: row.int("cost")?,
            wait_ms: row.int("wait_ms")?,
            ..Self::default()
        };
        for (sum, kind) in counts.tokens.iter_mut().zip(TokenKind::ALL) {
            *sum = row.int(kind.as_str())?;
        }
        for (sum, column) in counts.waits.iter_mut().zip(WAITS) {
            *sum = row.int(column)?;
        }
        Ok(counts)
    }

    /// The columns, but for `calls`.
    fn columns(&self) -> Columns {
        let mut columns: Columns = vec![
            ("talked", self.talked.into()),
            ("answers", self.answers.into()),
            ("counted", self.counted.into()),
        ];
        columns.extend(TokenKind::ALL.iter().zip(self.tokens).map(|(kind, n)| (kind.as_str(), n.into())));
        columns.extend([
            ("priced", self.priced.into()),
            ("unpriced", self.unpriced.into()),
            ("cost", self.cost.into()),
            ("wait_ms", self.wait_ms.into()),
        ]);
        columns.extend(WAITS.into_iter().zip(self.waits.map(Value::from)));
        columns
    }
}

/// Where a talk counts; empty where there is nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    tenant: String,
    day: i64,
    campaign: String,
    bot: String,
    outcome: String,
    unit: String,
}

/// What a talk counts, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Talked {
    place: Place,
    counts: TalkCounts,
}

impl Talked {
    /// As the call's fold says; `None` where no bot talks.
    pub(crate) fn of(call: &Call) -> Option<Self> {
        let talk = call.bot.as_ref()?;
        let sums = talk.sums();
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let (priced, unpriced, cost, unit) = match sums.cost {
            ModelCost::Nothing => (0, 0, 0, String::new()),
            ModelCost::Unknown => (0, 1, 0, String::new()),
            ModelCost::Known(amount, unit) => (1, 0, amount.billionths(), unit),
        };
        let place = Place {
            tenant: call.tenant.as_str().to_owned(),
            day: rows::day_of(call.created_at.as_microsecond()),
            campaign: call.campaign().map(|campaign| campaign.to_string()).unwrap_or_default(),
            bot: talk.bot.name.clone(),
            outcome: call.outcome().map(Outcome::as_str).unwrap_or_default().to_owned(),
            unit,
        };
        let counts = TalkCounts {
            calls: 1,
            talked: sums.has_talked.into(),
            answers: number(sums.answers),
            counted: number(sums.counted),
            tokens: TokenKind::ALL.map(|kind| number(sums.tokens.0.get(&kind).copied().unwrap_or(0))),
            priced,
            unpriced,
            cost,
            wait_ms: number(sums.waited_ms),
            waits: sums.waits.map(number),
        };
        Some(Self { place, counts })
    }

    /// As its row says.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        let place = Place {
            tenant: row.text("tenant")?,
            day: row.int("day")?,
            campaign: row.text("campaign")?,
            bot: row.text("bot")?,
            outcome: row.text("outcome")?,
            unit: row.text("unit")?,
        };
        Ok(Self { place, counts: TalkCounts::read(row)? })
    }

    fn row(&self, call: CallId) -> Columns {
        let mut columns: Columns = vec![("call", call.to_string().into())];
        columns.extend(self.place.texts());
        columns.push(("day", self.place.day.into()));
        columns.extend(self.counts.columns());
        columns
    }
}

impl Place {
    fn texts(&self) -> Columns {
        vec![
            ("tenant", rows::text(&self.tenant)),
            ("campaign", rows::text(&self.campaign)),
            ("bot", rows::text(&self.bot)),
            ("outcome", rows::text(&self.outcome)),
            ("unit", rows::text(&self.unit)),
        ]
    }
}

/// What talks become, and what the sums move by.
#[derive(Default)]
struct Moves {
    sums: BTreeMap<Place, TalkCounts>,
    rows: Vec<Columns>,
    gone: Vec<CallId>,
}

impl Moves {
    fn add(&mut self, call: CallId, now: &Talked) {
        *self.sums.entry(now.place.clone()).or_default() += now.counts;
        self.rows.push(now.row(call));
    }

    fn take(&mut self, was: &Talked) {
        *self.sums.entry(was.place.clone()).or_default() += -was.counts;
    }

    async fn write(self, tx: &mut Tx) -> Result<(), StoreError> {
        tx.insert(&sql::UPSERT_TALKS, self.rows).await?;
        put(tx, &sql::DELETE_TALKS, written(self.gone.into_iter().map(|id| IdColumn { id }))?).await?;
        let moved = self.sums.into_iter().filter(|(_, counts)| *counts != TalkCounts::default());
        let rows = moved.map(|(place, counts)| {
            let mut columns = place.texts();
            columns.extend([("day", place.day.into()), ("calls", counts.calls.into())]);
            columns.extend(counts.columns());
            columns
        });
        tx.insert(&sql::ADD_TALK_ROLLUPS, rows.collect()).await.map(drop)
    }
}

/// What the talks of these calls count so far, as their rows say.
pub(crate) async fn known_talks(
    tx: &mut Tx,
    calls: impl Iterator<Item = CallId>,
) -> Result<BTreeMap<CallId, Talked>, StoreError> {
    let mut known = BTreeMap::new();
    let Some(wanted) = written(calls.map(|id| IdColumn { id }))? else { return Ok(known) };
    for row in tx.rows(&sql::KNOWN_TALKS, vec![Value::Rows(wanted)]).await? {
        known.insert(row.word("call")?, Talked::read(&row)?);
    }
    Ok(known)
}

/// Counts the talks of these calls as their folds are now, whatever they were. The calls are locked by who asks.
pub(crate) async fn put_talks(tx: &mut Tx, calls: &[&Call]) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let ids: Vec<CallId> = calls.iter().map(|call| call.id).collect();
    let known = known_talks(tx, ids.into_iter()).await?;
    let mut moves = Moves::default();
    for call in calls {
        let (was, now) = (known.get(&call.id), Talked::of(call));
        if was == now.as_ref() {
            continue;
        }
        was.into_iter().for_each(|was| moves.take(was));
        match &now {
            Some(now) => moves.add(call.id, now),
            None => moves.gone.push(call.id),
        }
    }
    moves.write(tx).await
}

/// The talks of these calls do not count any more.
pub(crate) async fn forget_talks(tx: &mut Tx, calls: &[Call]) -> Result<(), StoreError> {
    let ids: Vec<CallId> = calls.iter().map(|call| call.id).collect();
    let known = known_talks(tx, ids.into_iter()).await?;
    let mut moves = Moves::default();
    for (call, was) in &known {
        moves.take(was);
        moves.gone.push(*call);
    }
    moves.write(tx).await
}

/// Sums that are not what their talks add up to, and how many sums there are.
pub(crate) async fn talk_drift(tx: &mut Tx) -> Result<(Vec<Drift>, u64), StoreError> {
    let rows = tx.rows(&sql::TALK_DRIFT, vec![]).await?;
    let drift = |row: &Row| {
        let of = format!("talks of bot {}", row.text("bot")?);
        Ok(Drift { tenant: row.text("tenant")?, day: row.int("day")?, of, by: row.int("n")? })
    };
    let all = rows.iter().map(drift).collect::<Result<_, StoreError>>()?;
    let kept = tx.rows(&sql::TALK_ROLLUPS_KEPT, vec![]).await?;
    Ok((all, kept.first().map_or(Ok(0), |row| row.number("n"))?))
}

/// Whether the talks that were there before there were sums are in them.
pub(crate) async fn are_filled(tx: &mut Tx) -> Result<bool, StoreError> {
    Ok(!tx.rows(&sql::META, vec![FILLED.into()]).await?.is_empty())
}

/// Which talks are added up: those of calls that were created on these days, in UTC.
#[derive(Clone, Debug)]
pub struct TalkSpan {
    /// The first day.
    pub since: Date,
    /// The day after the last one.
    pub until: Date,
    /// Only of this campaign.
    pub campaign: Option<CampaignId>,
    /// Only of this bot.
    pub bot: Option<String>,
}

/// What sums of talks are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TalksApart {
    /// The day, in UTC, as `2026-01-31`.
    Day,
    /// The bot.
    Bot,
    /// The campaign; empty: none.
    Campaign,
}

/// Sums of talks that came to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalkRollup {
    /// What they are told apart by.
    pub key: String,
    /// What they came to; empty: nothing yet.
    pub outcome: String,
    /// The currency of their cost; empty: there is none that is known.
    pub unit: String,
    /// The sums.
    pub counts: TalkCounts,
}

impl TalkRollup {
    /// What those of them cost together of which it is known.
    pub fn cost(&self) -> Amount {
        Amount::of_billionths(self.counts.cost)
    }
}

impl Store {
    /// What talks count, in the order of keys.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn talks_counted(
        &self,
        tenant: &TenantId,
        of: &TalkSpan,
        by: TalksApart,
    ) -> Result<Vec<TalkRollup>, StoreError> {
        let statement: &Statement = match by {
            TalksApart::Day => &sql::TALKS_BY_DAY,
            TalksApart::Bot => &sql::TALKS_BY_BOT,
            TalksApart::Campaign => &sql::TALKS_BY_CAMPAIGN,
        };
        let values = vec![
            tenant.as_str().into(),
            day_number(of.since)?.into(),
            day_number(of.until)?.into(),
            of.campaign.map(|campaign| campaign.to_string()).into(),
            of.bot.as_deref().into(),
        ];
        let rows = self.db.read(DOING, statement, values).await?;
        let mut rollups = rows.iter().map(|row| rollup(row, by)).collect::<Result<Vec<_>, _>>()?;
        rollups.sort_by(|a, b| (&a.key, &a.outcome, &a.unit).cmp(&(&b.key, &b.outcome, &b.unit)));
        Ok(rollups)
    }

    /// Counts the next talks that were there before there were sums, among at most so many calls; where to go on, or `None` once
    /// all are counted.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn count_talks_after(
        &self,
        after: Option<CallId>,
        limit: u16,
    ) -> Result<Option<CallId>, StoreError> {
        if after.is_none() && !self.db.read(DOING, &sql::META, vec![FILLED.into()]).await?.is_empty() {
            return Ok(None);
        }
        let from = after.map_or(String::new(), |id| id.to_string());
        let rows = self.db.read(DOING, &sql::TALKS_AFTER, vec![from.into(), i64::from(limit).into()]).await?;
        let (mut last, mut talking) = (None, Vec::new());
        for row in &rows {
            let id: CallId = row.word("id")?;
            last = Some(id);
            if row.int("talks")? != 0 {
                talking.push(id);
            }
        }
        let calls = self.load_folds(&talking).await?;
        let mut tx = self.db.begin(DOING, Durability::Projection).await?;
        if let Some(wanted) = written(calls.iter().map(|call| IdColumn { id: call.id }))? {
            // Locked first: whoever changes one of them meanwhile has counted it.
            let there = tx.rows(&sql::KNOWN_CALLS, vec![Value::Rows(wanted)]).await?;
            let there = there.iter().map(|row| row.word("id")).collect::<Result<Vec<CallId>, _>>()?;
            let known = known_talks(&mut tx, there.iter().copied()).await?;
            let is_new = |call: &&Call| there.contains(&call.id) && !known.contains_key(&call.id);
            let new: Vec<&Call> = calls.iter().filter(is_new).collect();
            put_talks(&mut tx, &new).await?;
        }
        if last.is_none() {
            tx.run(&sql::PUT_META, vec![FILLED.into(), "yes".into()]).await?;
        }
        self.db.in_place(DOING)?;
        tx.commit().await?;
        Ok(last)
    }
}

fn rollup(row: &Row, by: TalksApart) -> Result<TalkRollup, StoreError> {
    let key = row.text("key")?;
    let key = match by {
        TalksApart::Day => {
            let number = key.parse().map_err(|_| StoreError::broken(DOING, "a day is no number"))?;
            day(number)?.to_string()
        }
        TalksApart::Bot | TalksApart::Campaign => key,
    };
    let (outcome, unit) = (row.text("outcome")?, row.text("unit")?);
    Ok(TalkRollup { key, outcome, unit, counts: TalkCounts::read(row)? })
}
