//! What changes where a job stands: a node's claim, and the news of its call.
//!
//! What may happen to a job is the core's to say ([`Job::apply`]); here its answer becomes rows, under a lock, so that of
//! two nodes that want the same job one is told that it came late.

use super::caps::{DayCap, Room};
use super::jobs::JobRow;
use super::{IdRow, WRITING, values};
use crate::db::{Durability, Tx};
use crate::error::{Away, StoreError};
use crate::project::RETRIES;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trunkline_core::campaign::RetryPolicy;
use trunkline_core::id::{CallId, CampaignId, JobId, NodeId, TenantId};
use trunkline_core::private::Address;
use trunkline_core::queue::{Applied, Happened, Job, JobRefused, News};

/// Longer than anybody who claims may have looked before at whom was called.
const LATELY: SignedDuration = SignedDuration::from_secs(5);

/// A claim that a node wants to make: the attempt's call has its id before anything else is done.
#[derive(Clone, Debug)]
pub struct Claiming {
    /// Which job.
    pub job: JobId,
    /// The call that the attempt will be.
    pub call: CallId,
    /// Account, from and to: at most one attempt of these is open.
    pub pair: String,
    /// What caps the calls of a day.
    pub caps: Vec<DayCap>,
}

/// News of a job.
#[derive(Clone, Debug)]
pub struct JobNews {
    /// Which job.
    pub job: JobId,
    /// The call that says so, if one does.
    pub call: Option<CallId>,
    /// What happened.
    pub news: News,
    /// What its campaign makes of an end.
    pub policy: Arc<RetryPolicy>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Claims jobs for a node and binds each to the call that its attempt will be, durably: the one decision of the queue that
    /// two nodes could both want to make. Returns those that are the node's now; the others are somebody else's, or
    /// their pair is open.
    ///
    /// # Errors
    /// `Unavailable`: it is not known whether the claims were made; what is bound to a call that no journal holds is
    /// given back at the next look.
    pub async fn claim(
        &self,
        node: &NodeId,
        wanted: &[Claiming],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        for _ in 0..RETRIES {
            match self.try_to_claim(node, wanted, now).await {
                Err(StoreError::Unavailable { why: Away::GivesWay, .. }) => {}
                done => return done,
            }
        }
        self.try_to_claim(node, wanted, now).await
    }

    async fn try_to_claim(
        &self,
        node: &NodeId,
        wanted: &[Claiming],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Exclusive).await?;
        let mut room = Room::of(&mut tx, wanted).await?;
        let mut standing = standing(&mut tx, wanted.iter().map(|claiming| claiming.job)).await?;
        // A claim that a journal told has no pair: its node sees it in memory.
        let mut pairs = open_pairs(&mut tx, wanted).await?;
        let mut persons = open_persons(&mut tx, &standing).await?;
        let lately = claimed_lately(&mut tx, &standing, now).await?;
        let (mut claimed, mut rows, mut attempts) = (Vec::new(), Vec::new(), Vec::new());
        for Claiming { job: id, call, pair, caps } in wanted {
            let Some(Kept { mut job, number, .. }) = standing.remove(id) else { continue };
            let person = (job.tenant.as_str().to_owned(), number);
            // Whoever looked at the person's calls may have looked before another node made one.
            let by_others = |others: &BTreeSet<JobId>| others.iter().any(|other| other != id);
            if !room.has(caps) || persons.contains(&person) || lately.get(&person).is_some_and(by_others) {
                continue;
            }
            let bound = job.apply(&Happened::Claimed { by: node.clone(), call: *call }, now);
            if bound.is_err() || !pairs.insert(pair.clone()) {
                continue;
            }
            persons.insert(person);
            room.take(caps);
            rows.push(JobRow::new(&job, Some(pair.clone()), now)?);
            attempts.push(AttemptRow::new(&job, *call, node, now));
            claimed.push(job);
        }
        if claimed.is_empty() {
            return Ok(claimed);
        }
        tx.run(&sql::CHANGE_JOBS, vec![values(rows.iter())?]).await?;
        tx.run(&sql::ADD_ATTEMPTS, vec![values(attempts.iter())?]).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Merges news into jobs, durably; what became of each, in their order.
    ///
    /// # Errors
    /// `Unavailable`: nothing was changed.
    pub async fn change_jobs(&self, news: &[JobNews]) -> Result<Vec<Result<Job, JobRefused>>, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let done = put_news(&mut tx, news).await?;
        tx.commit().await?;
        Ok(done)
    }
}

/// Merges news into jobs, in their order; what became of each. News of a job that is not there is late.
pub(crate) async fn put_news(
    tx: &mut Tx,
    all: &[JobNews],
) -> Result<Vec<Result<Job, JobRefused>>, StoreError> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let ids: BTreeSet<JobId> = all.iter().map(|news| news.job).collect();
    let mut standing = standing(tx, ids.into_iter()).await?;
    let mut changed = BTreeMap::new();
    let mut lost = Vec::new();
    let mut done = Vec::with_capacity(all.len());
    for JobNews { job: id, news, policy, at, call: _ } in all {
        let Some(Kept { job, .. }) = standing.get_mut(id) else {
            done.push(Err(JobRefused::Late));
            continue;
        };
        let happened = news.clone().happened(job, policy, *at);
        done.push(job.apply(&happened, *at).map(|applied| {
            changed.insert(*id, *at);
            // A database that lost the claim has lost the attempt too.
            if let (Happened::Dialed { by, call, .. }, Applied::Changed) = (&happened, applied) {
                lost.push(AttemptRow::new(job, *call, by, *at));
            }
            job.clone()
        }));
    }
    if !lost.is_empty() {
        tx.run(&sql::ADD_ATTEMPTS, vec![values(lost.iter())?]).await?;
    }
    let mut rows = Vec::with_capacity(changed.len());
    for (id, at) in changed {
        if let Some(Kept { job, pair, .. }) = standing.remove(&id) {
            rows.push(JobRow::new(&job, pair, at)?);
        }
    }
    tx.run(&sql::CHANGE_JOBS, vec![values(rows.iter())?]).await?;
    Ok(done)
}

/// The open attempts of a node's jobs become another node's, which reconciles them and sends nothing.
pub(crate) async fn take_jobs(
    tx: &mut Tx,
    by: &NodeId,
    from: &NodeId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for row in tx.rows(&sql::JOBS_OF, vec![from.as_str().into()]).await? {
        // One that can't be read stays where it is, and is set aside by whoever reads the open jobs.
        let Kept { mut job, pair, .. } = match kept(&row) {
            Err(StoreError::Broken { .. }) => continue,
            kept => kept?,
        };
        if job.apply(&Happened::TakenOver { by: by.clone() }, at).is_ok() {
            rows.push(JobRow::new(&job, pair, at)?);
        }
    }
    if !rows.is_empty() {
        tx.run(&sql::CHANGE_JOBS, vec![values(rows.iter())?]).await?;
    }
    Ok(())
}

/// Takes a person out of the queue and out of the leads: open jobs are cancelled, and nobody can tell any more whom they were
/// to reach.
pub(crate) async fn forget_person(
    tx: &mut Tx,
    tenant: &TenantId,
    number: &Address,
    at: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let person = || vec![Value::from(tenant.as_str()), number.as_str().into()];
    let mut rows = Vec::new();
    for row in tx.rows(&sql::PERSON_JOBS, person()).await? {
        let Kept { mut job, pair, .. } = kept(&row)?;
        // What is over stays as it is.
        let _ = job.apply(&Happened::Canceled, at);
        job.dedup = None;
        rows.push(JobRow::new(&job, pair, at)?);
    }
    if !rows.is_empty() {
        tx.run(&sql::CHANGE_JOBS, vec![values(rows.iter())?]).await?;
    }
    let jobs = tx.run(&sql::FORGET_JOBS, person()).await?;
    // Nobody needs a row for somebody of whom no job tells.
    let forget = if jobs == 0 { &sql::DELETE_LEADS } else { &sql::FORGET_LEADS };
    Ok((jobs, tx.run(forget, person()).await?))
}

/// A job as its row has it.
struct Kept {
    job: Job,
    pair: Option<String>,
    number: String,
}

/// These jobs, locked.
async fn standing(
    tx: &mut Tx,
    ids: impl Iterator<Item = JobId>,
) -> Result<BTreeMap<JobId, Kept>, StoreError> {
    let wanted = values(ids.map(|id| IdRow { id }))?;
    let mut jobs = BTreeMap::new();
    for row in tx.rows(&sql::JOB_FOLDS, vec![wanted]).await? {
        // One that can't be read is as good as not there, and is set aside by whoever reads it next.
        let Ok(kept) = kept(&row) else { continue };
        jobs.insert(kept.job.id, kept);
    }
    Ok(jobs)
}

/// A job by whom it is to reach: whose person, by which number.
type Person = (String, String);

/// The jobs of these people that somebody has claimed a moment ago.
async fn claimed_lately(
    tx: &mut Tx,
    standing: &BTreeMap<JobId, Kept>,
    now: Timestamp,
) -> Result<BTreeMap<Person, BTreeSet<JobId>>, StoreError> {
    let people = people(standing)?;
    let since = now.checked_sub(LATELY).unwrap_or(Timestamp::MIN);
    let mut lately: BTreeMap<Person, BTreeSet<JobId>> = BTreeMap::new();
    for row in tx.rows(&sql::CLAIMED_LATELY, vec![people, since.as_microsecond().into()]).await? {
        lately.entry((row.text("tenant")?, row.text("number")?)).or_default().insert(row.word("id")?);
    }
    Ok(lately)
}

/// Which of the wanted pairs are taken.
async fn open_pairs(tx: &mut Tx, wanted: &[Claiming]) -> Result<BTreeSet<String>, StoreError> {
    let pairs = values(wanted.iter().map(|claiming| PairRow { pair: &claiming.pair }))?;
    tx.rows(&sql::OPEN_PAIRS, vec![pairs]).await?.iter().map(|row| row.text("pair")).collect()
}

/// For which of these people a node holds a job.
async fn open_persons(tx: &mut Tx, standing: &BTreeMap<JobId, Kept>) -> Result<BTreeSet<Person>, StoreError> {
    let open = tx.rows(&sql::OPEN_PERSONS, vec![people(standing)?]).await?;
    open.iter().map(|row| Ok((row.text("tenant")?, row.text("number")?))).collect()
}

fn people(standing: &BTreeMap<JobId, Kept>) -> Result<Value, StoreError> {
    values(standing.values().map(|kept| PersonRow { tenant: kept.job.tenant.as_str(), number: &kept.number }))
}

fn kept(row: &Row) -> Result<Kept, StoreError> {
    Ok(Kept { job: row.json("fold")?, pair: row.opt_text("pair")?, number: row.text("number")? })
}

#[derive(Serialize)]
struct PairRow<'a> {
    pair: &'a str,
}

#[derive(Serialize)]
struct PersonRow<'a> {
    tenant: &'a str,
    number: &'a str,
}

#[derive(Serialize)]
struct AttemptRow {
    call: CallId,
    tenant: TenantId,
    campaign: Option<CampaignId>,
    job: JobId,
    no: u32,
    node: NodeId,
    claimed_at: i64,
}

impl AttemptRow {
    fn new(job: &Job, call: CallId, node: &NodeId, now: Timestamp) -> Self {
        Self {
            call,
            tenant: job.tenant.clone(),
            campaign: job.campaign,
            job: job.id,
            no: job.attempt.0,
            node: node.clone(),
            claimed_at: now.as_microsecond(),
        }
    }
}
