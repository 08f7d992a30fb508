//! Whether the queue's rows are what they should be: each job's columns what its fold says, and jobs, attempts and calls
//! of one mind. Nothing is changed.

use super::copies::held_by;
use super::jobs::place;
use super::{IdRow, values, word};
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use trunkline_core::id::{AttemptNo, CallId, CampaignId, DedupKey, JobId, LeadId, NodeId, TenantId};
use trunkline_core::queue::{Job, JobState};

const DOING: &str = "checking the queue";

/// A job, looked at.
#[derive(Clone, Debug)]
pub struct AuditedJob {
    /// Its id, as it stands in the row.
    pub id: String,
    /// What is wrong with it. Quotes no row.
    pub flaws: Vec<String>,
}

/// How many attempts there are, and which of them belong to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptsCounted {
    /// All.
    pub all: u64,
    /// Those whose job is not there.
    pub without_job: u64,
    /// Those without a call: nothing was sent, or the call was pruned.
    pub without_call: u64,
}

impl Store {
    /// The next jobs after this id, each looked at column by column and beside its attempts and calls; empty at the end.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn audit_jobs_after(&self, after: &str, limit: u16) -> Result<Vec<AuditedJob>, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let rows = tx.rows(&sql::AUDIT_JOBS, vec![after.into(), i64::from(limit).into()]).await?;
        let ids = rows.iter().map(|row| row.text("id")).collect::<Result<Vec<_>, _>>()?;
        let wanted = values(ids.iter().map(|id| IdRow { id }))?;
        let mut attempts: BTreeMap<String, BTreeSet<(AttemptNo, CallId)>> = BTreeMap::new();
        for row in tx.rows(&sql::ATTEMPTS_OF, vec![wanted]).await? {
            let attempt = (AttemptNo(row.number("no")?), row.word("call")?);
            attempts.entry(row.text("job")?).or_default().insert(attempt);
        }
        let jobs: Vec<Option<Job>> = rows.iter().map(|row| row.json("fold").ok()).collect();
        let open = jobs.iter().flatten().filter_map(Job::call).map(|id| IdRow { id });
        let mut calls: BTreeMap<CallId, Option<i64>> = BTreeMap::new();
        for row in tx.rows(&sql::CALL_ENDS, vec![values(open)?]).await? {
            calls.insert(row.word("id")?, row.opt_int("ended_at")?);
        }
        tx.commit().await?;
        let mut audited = Vec::with_capacity(rows.len());
        for ((row, job), id) in rows.iter().zip(jobs).zip(ids) {
            let flaws = match job {
                None => vec!["its fold can't be read".to_owned()],
                Some(job) => {
                    let mut flaws = columns(row, &job)?;
                    flaws.extend(of_attempt(&job, attempts.get(&id), &calls));
                    flaws
                }
            };
            audited.push(AuditedJob { id, flaws });
        }
        Ok(audited)
    }

    /// Those of these calls that are of a job which is there, and that no attempt tells of.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn calls_without_attempt(&self, calls: &[(CallId, JobId)]) -> Result<Vec<CallId>, StoreError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = values(calls.iter().map(|(call, job)| OfJob { call: *call, job: *job }))?;
        let rows = self.db.read(DOING, &sql::CALLS_WITHOUT_ATTEMPT, vec![wanted]).await?;
        rows.iter().map(|row| row.word("call")).collect()
    }

    /// Counts the attempts.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_attempts(&self) -> Result<AttemptsCounted, StoreError> {
        let rows = self.db.read(DOING, &sql::ATTEMPTS_COUNTED, vec![]).await?;
        rows.first().map_or(Ok(AttemptsCounted::default()), |row| {
            Ok(AttemptsCounted {
                all: row.number("n")?,
                without_job: row.number("without_job")?,
                without_call: row.number("without_call")?,
            })
        })
    }
}

#[derive(Serialize)]
struct OfJob {
    call: CallId,
    job: JobId,
}

/// Each column against what the fold would write there; and what the job belongs to.
fn columns(row: &Row, job: &Job) -> Result<Vec<String>, StoreError> {
    let mut flaws = Vec::new();
    let texts = [
        ("tenant", Some(TenantId::as_str(&job.tenant).to_owned())),
        ("campaign", job.campaign.as_ref().map(CampaignId::to_string)),
        ("lead", Some(LeadId::to_string(&job.lead))),
        ("state", Some(job.state.as_str().to_owned())),
        ("bucket", Some(word(job.state.bucket())?)),
        ("dedup", job.dedup.as_ref().map(DedupKey::as_str).map(ToOwned::to_owned)),
        ("node", held_by(&job.state).map(NodeId::as_str).map(ToOwned::to_owned)),
    ];
    for (column, expected) in texts {
        if row.opt_text(column)? != expected {
            flaws.push(format!("column {column} is not what its fold says"));
        }
    }
    if row.int("priority")? != place(job.priority) {
        flaws.push("column priority is not what its fold says".to_owned());
    }
    for (there, what) in [("leads", "lead"), ("campaigns", "campaign")] {
        if row.int(there)? == 0 {
            flaws.push(format!("its {what} is not there"));
        }
    }
    Ok(flaws)
}

/// An open job has its attempt, and the call of that is not over.
fn of_attempt(
    job: &Job,
    attempts: Option<&BTreeSet<(AttemptNo, CallId)>>,
    calls: &BTreeMap<CallId, Option<i64>>,
) -> Option<String> {
    let call = job.call()?;
    let is_told = attempts.is_some_and(|attempts| attempts.contains(&(job.attempt, call)));
    let flaw = match (calls.get(&call), &job.state) {
        _ if !is_told => "it is being dialed, and no attempt tells of it",
        (Some(Some(_)), _) => "its call is over, and it is open",
        (None, JobState::Live { .. }) => "the carrier has its call, and that is not there",
        _ => return None,
    };
    Some(flaw.to_owned())
}
