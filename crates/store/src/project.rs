//! Projection: what the journal holds, written into tables in one transaction that also moves the cursor.
//!
//! A batch may be repeated, and batches may be repeated from any earlier place: an event that is there stays, a fold
//! never replaces a newer one, and the counts move by what really changed.

use crate::appointments::{AppointmentNews, put_appointment_news};
use crate::bot_rollup::put_talks;
use crate::db::{Db, Durability, Tx};
use crate::error::{Away, StoreError};
use crate::event::EventRow;
use crate::position::{JournalIdent, Position};
use crate::queue::{JobNews, put_news};
use crate::rollup::{self, Counting, Moves};
use crate::rows::{self, Columns, IdColumn, LeadColumns, LegColumns};
use crate::search;
use crate::sql::{self, Statement};
use crate::store::{Store, bigint, ident, of_node, own};
use crate::suppression::Suppression;
use crate::value::Value;
use crate::webhooks::{NewDelivery, put_deliveries};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use trunkline_core::call::{Call, Turn};
use trunkline_core::id::{CallId, NodeId, TenantId};
use trunkline_core::queue::{Job, JobRefused};

const DOING: &str = "projecting a batch";
/// How often a batch that had to give way to another transaction is tried again at once.
pub(crate) const RETRIES: u32 = 5;

/// A piece of a journal, ready for the tables.
#[derive(Clone, Debug)]
pub struct Projection {
    /// The journal it comes from.
    pub journal: JournalIdent,
    /// Everything up to here is in this batch or an earlier one.
    pub upto: Position,
    /// The folds of the calls that changed. Of several folds of one call the last one counts.
    pub calls: Vec<Arc<Call>>,
    /// The events.
    pub events: Vec<EventRow>,
    /// Which turns of the calls the events may have changed.
    pub turns: Turns,
    /// Numbers that were suppressed, or released.
    pub suppressions: Vec<Suppression>,
    /// What happened to jobs.
    pub jobs: Vec<JobNews>,
    /// What calls said of appointments, in its order.
    pub appointments: Vec<AppointmentNews>,
    /// What is to be sent of this to tenants' software, in its order.
    pub deliveries: Vec<NewDelivery>,
    /// Calls whose folds were made from those of the tables: one that is over may go on here, whoever carried it.
    pub made_from_rows: BTreeSet<CallId>,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projected {
    /// What became of its news of jobs, in their order.
    pub told: Vec<Result<Job, JobRefused>>,
    /// Calls that another node carries: their folds, and what they say of jobs, were left out.
    pub lost: BTreeMap<CallId, NodeId>,
}

impl Projection {
    /// A batch that only moves the cursor.
    pub fn empty(journal: JournalIdent, upto: Position) -> Self {
        let (calls, events, suppressions, jobs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (deliveries, made_from_rows) = (Vec::new(), BTreeSet::new());
        Self {
            journal,
            upto,
            calls,
            events,
            turns: Turns::All,
            suppressions,
            jobs,
            appointments: Vec::new(),
            deliveries,
            made_from_rows,
        }
    }
}

/// Which turns are to be written. Those of a call that the tables do not have yet always are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turns {
    /// All that the folds hold.
    All,
    /// These questions of these calls: the others stand in the table as they are in the fold.
    Of(BTreeSet<(CallId, u16)>),
}

impl Turns {
    fn of<'a>(&'a self, change: &'a Change<'_>) -> impl Iterator<Item = &'a Turn> {
        let call = change.call;
        let whole = change.known.is_none() || change.is_reborn();
        call.turns.values().map(Box::as_ref).filter(move |turn| match self {
            Self::All => true,
            Self::Of(these) => whole || these.contains(&(call.id, turn.step)),
        })
    }
}

impl Store {
    /// Writes a batch and moves the cursor, all or nothing. The commit does not wait for the disk: the journal has it.
    ///
    /// # Errors
    /// `Unavailable` and `Broken`: keep the batch and try again later. `Poison`: something in it will never go in.
    /// `Foreign`: the database is another journal's.
    pub async fn project(&self, batch: &Projection) -> Result<Projected, StoreError> {
        let ids = batch.calls.iter().map(|call| call.id).chain(batch.events.iter().map(|event| event.call));
        self.make_room(ids).await?;
        for _ in 0..RETRIES {
            match self.try_to_project(batch).await {
                Err(StoreError::Unavailable { why: Away::GivesWay, .. }) => {}
                done => return done,
            }
        }
        self.try_to_project(batch).await
    }

    /// Where tables have a partition for each month, those of these calls are made.
    pub(crate) async fn make_room(&self, ids: impl Iterator<Item = CallId>) -> Result<(), StoreError> {
        let Db::Postgres(postgres) = &*self.db else { return Ok(()) };
        let days: BTreeMap<i64, CallId> = ids.filter_map(|id| Some((rows::day_of_id(id)?, id))).collect();
        let one_of_each = days.values().map(|id| IdColumn { id: *id });
        let written = written(one_of_each)?.unwrap_or_default();
        Box::pin(postgres.make_months(DOING, days.into_keys().collect(), written)).await
    }

    async fn try_to_project(&self, batch: &Projection) -> Result<Projected, StoreError> {
        let mut tx = self.db.begin(DOING, Durability::Projection).await?;
        // A file has a single node.
        let by = matches!(&*self.db, Db::Postgres(_)).then(|| By { node: &batch.journal.node, batch });
        let calls = batch.calls.iter().map(Arc::as_ref);
        let Put { lost, .. } = put_folds(&mut tx, calls, &batch.turns, Leads::OfCalls, by).await?;
        put_events(&mut tx, &batch.events).await?;
        if !lost.is_empty() {
            put(&mut tx, &sql::TELL_OWNERS, written(lost.keys().map(|id| IdColumn { id: *id }))?).await?;
        }
        put_suppressions(&mut tx, &batch.suppressions).await?;
        put_appointment_news(&mut tx, &batch.appointments).await?;
        put_deliveries(&mut tx, &batch.deliveries).await?;
        let told = put_jobs(&mut tx, &batch.jobs, &lost).await?;
        move_cursor(&mut tx, batch, Position(self.eaten.load(Ordering::Acquire))).await?;
        self.db.in_place(DOING)?;
        tx.commit().await?;
        self.eaten.fetch_max(batch.upto.0, Ordering::AcqRel);
        Ok(Projected { told, lost })
    }
}

/// Whether new calls make their people leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leads {
    /// They do.
    #[default]
    OfCalls,
    /// Leads come in rows of their own, or not at all.
    Apart,
}

/// News of jobs, without those that calls bring which another node carries: it says itself where its job goes.
async fn put_jobs(
    tx: &mut Tx,
    news: &[JobNews],
    lost: &BTreeMap<CallId, NodeId>,
) -> Result<Vec<Result<Job, JobRefused>>, StoreError> {
    let is_lost = |news: &JobNews| news.call.is_some_and(|call| lost.contains_key(&call));
    if lost.is_empty() {
        return put_news(tx, news).await;
    }
    let ours: Vec<JobNews> = news.iter().filter(|news| !is_lost(news)).cloned().collect();
    let mut told = put_news(tx, &ours).await?.into_iter();
    Ok(news
        .iter()
        .map(|news| if is_lost(news) { None } else { told.next() }.unwrap_or(Err(JobRefused::Late)))
        .collect())
}

/// Who writes folds.
#[derive(Clone, Copy)]
struct By<'a> {
    node: &'a str,
    batch: &'a Projection,
}

/// What became of folds.
struct Put {
    new: New,
    lost: BTreeMap<CallId, NodeId>,
}

/// How many rows a batch brought that were not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct New(pub(crate) u64);

/// Writes folds, with their turns, legs and counts, but for those that are older than what the tables hold.
pub(crate) async fn put_calls(
    tx: &mut Tx,
    calls: impl Iterator<Item = &Call>,
    turns: &Turns,
    people: Leads,
) -> Result<New, StoreError> {
    put_folds(tx, calls, turns, people, None).await.map(|put| put.new)
}

async fn put_folds(
    tx: &mut Tx,
    calls: impl Iterator<Item = &Call>,
    turns: &Turns,
    people: Leads,
    by: Option<By<'_>>,
) -> Result<Put, StoreError> {
    let (calls, lost) = newer_than_known(tx, calls, by).await?;
    let node = by.map(|by| by.node);
    let reborn = calls.iter().filter(|change| change.is_reborn());
    put(tx, &sql::DELETE_CALLS, written(reborn.map(|change| IdColumn { id: change.call.id }))?).await?;
    let row = |change: &Change<'_>| {
        rows::call(
            change.call,
            node.or_else(|| change.known.as_ref().and_then(|known| known.node.as_deref())),
        )
    };
    let rows = calls.iter().map(row).collect::<Result<_, _>>()?;
    let moves = moves(tx, &calls, turns).await?;
    tx.insert(&sql::UPSERT_CALLS, rows).await?;
    let rows = calls.iter().flat_map(|change| turns.of(change).map(|turn| rows::turn(change.call, turn)));
    let rows = rows.collect::<Result<_, _>>()?;
    tx.insert(&sql::UPSERT_TURNS, rows).await?;
    tx.insert(&sql::UPSERT_LEGS, legs(&calls)).await?;
    tx.insert(&sql::ADD_COUNTS, count_moves(&calls)).await?;
    moves.write(tx).await?;
    let talking: Vec<&Call> = calls
        .iter()
        .filter(|change| change.call.bot.is_some() || change.is_reborn())
        .map(|change| change.call)
        .collect();
    put_talks(tx, &talking).await?;
    // What is said of a call that goes on is looked for when it is over.
    let told =
        calls.iter().filter(|change| change.known.is_none() || change.is_reborn() || change.call.is_over());
    let words = told.map(|change| search::row(change.call)).collect();
    tx.insert(&sql::UPSERT_WORDS, words).await?;
    if people == Leads::OfCalls {
        let new = calls.iter().filter(|change| change.known.is_none()).map(|change| change.call);
        put(tx, &sql::UPSERT_LEADS, written(leads(new).into_values())?).await?;
    }
    let new = New(calls.iter().filter(|change| change.known.is_none()).map(|_| 1).sum());
    Ok(Put { new, lost })
}

/// Writes events; one that is there stays as it is.
pub(crate) async fn put_events(tx: &mut Tx, events: &[EventRow]) -> Result<New, StoreError> {
    tx.insert(&sql::INSERT_EVENTS, events.iter().map(rows::event).collect()).await.map(New)
}

/// Writes suppressions; of two changes of one number the later one stands.
pub(crate) async fn put_suppressions(tx: &mut Tx, all: &[Suppression]) -> Result<New, StoreError> {
    tx.insert(&sql::UPSERT_SUPPRESSIONS, suppressions(all)).await.map(New)
}

/// The legs of these calls: of two calls that name the same one, the last has it. PostgreSQL takes no row twice in one
/// statement.
fn legs(calls: &[Change<'_>]) -> Vec<Columns> {
    let legs = calls.iter().flat_map(|change| LegColumns::all_of(change.call));
    let latest: BTreeMap<_, _> = legs.map(|leg| (leg.key(), leg)).collect();
    latest.values().map(LegColumns::columns).collect()
}

/// The people of these calls, whoever called whom: the same as if each call had come alone.
fn leads<'a>(calls: impl Iterator<Item = &'a Call>) -> BTreeMap<(&'a str, &'a str), LeadColumns<'a>> {
    let mut leads: BTreeMap<_, LeadColumns<'a>> = BTreeMap::new();
    for lead in calls.filter_map(LeadColumns::of) {
        leads.entry(lead.key()).and_modify(|known| known.learn(&lead)).or_insert(lead);
    }
    leads
}

/// The suppressions by whom they are for and their number, the latest change of each.
fn suppressions(all: &[Suppression]) -> Vec<Columns> {
    let mut latest: BTreeMap<(Option<&TenantId>, &str), &Suppression> = BTreeMap::new();
    for suppression in all {
        let key = (suppression.tenant.as_ref(), suppression.number.as_str());
        let known = latest.entry(key).or_insert(suppression);
        if known.changed_at() <= suppression.changed_at() {
            *known = suppression;
        }
    }
    latest.into_values().map(rows::suppression).collect()
}

/// What the rollups move by.
async fn moves(tx: &mut Tx, calls: &[Change<'_>], turns: &Turns) -> Result<Moves, StoreError> {
    let mut moves = Moves::default();
    let mut asked = Vec::new();
    for change in calls {
        let now = Counting::of(change.call);
        let was = change.known.as_ref().map(|known| &known.counting);
        if was != Some(&now) {
            was.into_iter().for_each(|was| moves.take(was));
            moves.add(&now);
        }
        let has_moved = was.is_some_and(|was| was.asks_elsewhere(&now));
        if has_moved || turns.of(change).next().is_some() {
            asked.push((change, now));
        }
    }
    let known = asked.iter().filter(|(change, _)| change.known.is_some()).map(|(change, _)| change.call.id);
    let known: Vec<CallId> = known.collect();
    let known = rollup::known_turns(tx, known.into_iter()).await?;
    for (change, now) in &asked {
        if let (Some(was), Some(turns)) = (&change.known, known.get(&change.call.id)) {
            moves.take_turns(&was.counting, turns);
        }
        moves.add_turns(now, change.call);
    }
    Ok(moves)
}

/// A fold that is to be written, and what the table knows of the call.
struct Change<'a> {
    call: &'a Call,
    known: Option<Known>,
}

impl Change<'_> {
    /// Whether what a call is born with has changed: its row must be made anew. A person was erased, or a newer program
    /// reads an old event in another way.
    fn is_reborn(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.birth != Birth::of(self.call))
    }
}

/// A call as the table knows it.
struct Known {
    updated_at: i64,
    status: String,
    /// Which node carries it, where that matters.
    node: Option<String>,
    is_over: bool,
    birth: Birth,
    counting: Counting,
}

/// What a call is born with.
#[derive(PartialEq, Eq)]
struct Birth {
    tenant: String,
    created_at: i64,
    session: Option<String>,
    from: String,
    to: String,
}

impl Birth {
    fn of(call: &Call) -> Self {
        Self {
            tenant: call.tenant.as_str().to_owned(),
            created_at: call.created_at.as_microsecond(),
            session: call.session.as_ref().map(|session| session.as_str().to_owned()),
            from: call.party.from.as_str().to_owned(),
            to: call.party.to.as_str().to_owned(),
        }
    }
}

/// The last fold of each call, without those that are older than what the table holds; and those that another node carries.
async fn newer_than_known<'a>(
    tx: &mut Tx,
    calls: impl Iterator<Item = &'a Call>,
    by: Option<By<'_>>,
) -> Result<(Vec<Change<'a>>, BTreeMap<CallId, NodeId>), StoreError> {
    let latest: BTreeMap<CallId, &Call> = calls.map(|call| (call.id, call)).collect();
    if latest.is_empty() {
        return Ok((Vec::new(), BTreeMap::new()));
    }
    let mut known = known(tx, latest.keys().copied()).await?;
    let mut changes: Vec<Change<'a>> =
        latest.into_values().map(|call| Change { call, known: known.remove(&call.id) }).collect();
    let lost = match by {
        Some(by) => lost(tx, &changes, by).await?,
        None => BTreeMap::new(),
    };
    changes.retain(|Change { call, known }| {
        let at = call.updated_at.as_microsecond();
        !lost.contains_key(&call.id) && known.as_ref().is_none_or(|known| known.updated_at <= at)
    });
    Ok((changes, lost))
}

/// Those that another node carries. A call that is over may go on anywhere, if its fold was made from the table's own.
async fn lost(
    tx: &mut Tx,
    changes: &[Change<'_>],
    by: By<'_>,
) -> Result<BTreeMap<CallId, NodeId>, StoreError> {
    let is_ours = |owner: &str| owner == by.node;
    let mut lost = BTreeMap::new();
    for Change { call, known } in changes {
        let Some(Known { node: Some(owner), is_over, .. }) = known else { continue };
        let goes_on = *is_over && by.batch.made_from_rows.contains(&call.id);
        if is_ours(owner) || goes_on {
            continue;
        }
        lost.insert(call.id, NodeId::new(owner));
    }
    // Of a call that was taken over before anybody had heard of more than its claim there is no row yet.
    let unknown = changes.iter().filter(|change| change.known.is_none() && change.call.job.is_some());
    if let Some(wanted) = written(unknown.map(|change| IdColumn { id: change.call.id }))? {
        for row in tx.rows(&sql::OWNERS, vec![Value::Rows(wanted)]).await? {
            if let Some(owner) = row.opt_text("node")?.filter(|owner| !is_ours(owner)) {
                lost.insert(row.word("id")?, NodeId::new(owner));
            }
        }
    }
    Ok(lost)
}

async fn known(
    tx: &mut Tx,
    ids: impl Iterator<Item = CallId>,
) -> Result<BTreeMap<CallId, Known>, StoreError> {
    let found = tx
        .rows(
            &sql::KNOWN_CALLS,
            vec![Value::Rows(written(ids.map(|id| IdColumn { id }))?.unwrap_or_else(|| "{}".to_owned()))],
        )
        .await?;
    let mut known = BTreeMap::new();
    for row in &found {
        let birth = Birth {
            tenant: row.text("tenant")?,
            created_at: row.int("created_at")?,
            session: row.opt_text("session_id")?,
            from: row.text("from_number")?,
            to: row.text("to_number")?,
        };
        let call = Known {
            updated_at: row.int("updated_at")?,
            status: row.text("status")?,
            node: row.opt_text("node")?,
            is_over: row.opt_int("ended_at")?.is_some(),
            birth,
            counting: Counting::read(row)?,
        };
        known.insert(row.word("id")?, call);
    }
    Ok(known)
}

/// Where a call counts: whose, on which day, as what.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
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

impl From<&Known> for Counted {
    fn from(known: &Known) -> Self {
        Self {
            tenant: known.birth.tenant.clone(),
            day: rows::day_of(known.birth.created_at),
            status: known.status.clone(),
        }
    }
}

/// What the counts move by: one less where a call was, one more where it is.
fn count_moves(changes: &[Change<'_>]) -> Vec<Columns> {
    let mut moves: BTreeMap<Counted, i64> = BTreeMap::new();
    for change in changes {
        if let Some(known) = &change.known {
            *moves.entry(known.into()).or_default() -= 1;
        }
        *moves.entry(Counted::of(change.call)).or_default() += 1;
    }
    let moved = moves.into_iter().filter(|(_, n)| *n != 0);
    moved.map(|(at, n)| rows::count(&at.tenant, at.day, &at.status, n)).collect()
}

/// Does something to rows that are looked for, if there are any; how many were touched.
pub(crate) async fn put(
    tx: &mut Tx,
    statement: &'static Statement,
    rows: Option<String>,
) -> Result<u64, StoreError> {
    match rows {
        Some(rows) => tx.run(statement, vec![Value::Rows(rows)]).await,
        None => Ok(0),
    }
}

/// Rows as JSON; `None` if there are none. Made before anything is awaited: a future that holds an iterator over
/// borrowed rows is not `Send`.
pub(crate) fn written<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<Option<String>, StoreError> {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return Ok(None);
    }
    // The error of the JSON writer may quote what it wrote: it stays here.
    rows::as_object(rows).map(Some).map_err(|_| StoreError::poison(DOING, "a row is no JSON"))
}

/// Moves the cursor of a database that has eaten everything up to `eaten`. What came back with less (a backup, a standby that
/// lagged) would miss what lies between for ever.
async fn move_cursor(tx: &mut Tx, batch: &Projection, eaten: Position) -> Result<(), StoreError> {
    let mut values = ident(&batch.journal);
    values.push(bigint(DOING, batch.upto.0)?.into());
    values.push(bigint(DOING, eaten.0)?.into());
    if tx.run(&sql::MOVE_CURSOR, values).await? == 1 {
        return Ok(());
    }
    let rows = tx.rows(&sql::CURSORS, vec![]).await?;
    if let Some(row) = of_node(&rows, &batch.journal)?.or(rows.first()) {
        own(row, &batch.journal)?;
        return Err(StoreError::away(DOING, Away::Older));
    }
    Err(StoreError::broken(DOING, "it has no cursor: ask for it before projecting"))
}
