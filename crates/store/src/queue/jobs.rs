//! Jobs: who is to be reached for which campaign, how they come into the queue and how they are looked at.

use super::leads::{LeadRow, NewLead};
use super::{IdRow, NumberRow, READING, WRITING, text, values, word};
use crate::db::Durability;
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::{AttemptNo, CampaignId, DedupKey, Fence, JobId, LeadId, NodeId, TenantId};
use trunkline_core::private::{Address, Private};
use trunkline_core::queue::{Bucket, Job, JobState, Priority};
use trunkline_core::window::Zone;

/// A job to be put into the queue.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Whom to reach.
    pub lead: NewLead,
    /// How urgent it is.
    pub priority: Priority,
    /// Unique per tenant while the job is open.
    pub dedup: Option<DedupKey>,
    /// Not before this time.
    pub not_before: Option<Timestamp>,
}

/// A job with what is needed to dial it.
#[derive(Clone, Debug)]
pub struct QueuedJob {
    /// The job.
    pub job: Job,
    /// Whom to call.
    pub number: Address,
    /// The person's name.
    pub name: Option<Private<String>>,
    /// The person's time zone, where it is known better than from the number.
    pub zone: Option<Zone>,
    /// What the script's `{{…}}` say for this person.
    pub variables: Private<BTreeMap<String, String>>,
    /// The gate that was closed when somebody last looked.
    pub gate: Option<Closed>,
}

impl Store {
    /// Puts jobs into the queue with their leads, durably, all or none; which of them are new. A lead that the campaign has, or a
    /// dedup key that is open, adds nothing.
    ///
    /// # Errors
    /// `Unavailable`: nothing was added.
    pub async fn enqueue(
        &self,
        tenant: &TenantId,
        campaign: CampaignId,
        jobs: &[NewJob],
        now: Timestamp,
    ) -> Result<BTreeSet<JobId>, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let leads: BTreeMap<&str, LeadRow<'_>> =
            jobs.iter().map(|job| (job.lead.number.as_str(), LeadRow::new(tenant, &job.lead, now))).collect();
        let numbers = values(leads.keys().map(|number| NumberRow { number }))?;
        tx.run(&sql::UPSERT_LEADS, vec![values(leads.into_values())?]).await?;
        let mut ids: BTreeMap<String, LeadId> = BTreeMap::new();
        for row in tx.rows(&sql::LEAD_IDS, vec![tenant.as_str().into(), numbers]).await? {
            ids.insert(row.text("number")?, row.word("id")?);
        }
        let mut rows = Vec::with_capacity(jobs.len());
        for new in jobs {
            let lead = *ids.get(new.lead.number.as_str()).ok_or_else(|| {
                StoreError::broken(WRITING, "a lead is not there right after it was written")
            })?;
            let mut job = Job::new(new.id, tenant.clone(), Some(campaign), lead, now);
            job.priority = new.priority;
            job.dedup.clone_from(&new.dedup);
            if new.not_before.is_some() {
                job.state = JobState::Waiting { not_before: new.not_before, ruled: None };
            }
            rows.push(JobRow::new(&job, None, now)?.born(campaign, lead, &new.lead)?);
        }
        tx.run(&sql::ADD_JOBS, vec![values(rows.iter())?]).await?;
        let wanted = values(jobs.iter().map(|job| IdRow { id: job.id }))?;
        let known = tx.rows(&sql::KNOWN_JOBS, vec![wanted]).await?;
        let known = known.iter().map(|row| row.word("id")).collect();
        tx.commit().await?;
        known
    }

    /// Jobs of a campaign and a level that may be looked at now, the longest wait first.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn heads(
        &self,
        campaign: CampaignId,
        priority: Priority,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<QueuedJob>, StoreError> {
        let values = vec![
            campaign.to_string().into(),
            place(priority).into(),
            now.as_microsecond().into(),
            i64::from(most).into(),
        ];
        let rows = self.db.read(READING, &sql::HEADS, values).await?;
        let (heads, unreadable) = read(&rows, queued)?;
        self.set_aside(unreadable).await?;
        Ok(heads)
    }

    /// At which levels of which of these campaigns somebody may be looked at now.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn due_levels(
        &self,
        campaigns: &[CampaignId],
        now: Timestamp,
    ) -> Result<BTreeSet<(CampaignId, Priority)>, StoreError> {
        let values = vec![values(campaigns.iter().map(|id| IdRow { id }))?, now.as_microsecond().into()];
        let rows = self.db.read(READING, &sql::DUE_LEVELS, values).await?;
        let due = |row: &Row| Ok((row.word("campaign")?, level(row.int("priority")?)));
        rows.iter().map(due).collect()
    }

    /// Those of these campaigns of which a job waits or is under way.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn unfinished(&self, campaigns: &[CampaignId]) -> Result<BTreeSet<CampaignId>, StoreError> {
        let values = vec![values(campaigns.iter().map(|id| IdRow { id }))?];
        let rows = self.db.read(READING, &sql::UNFINISHED, values).await?;
        rows.iter().map(|row| row.word("id")).collect()
    }

    /// One job of a tenant.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if it can't be read.
    pub async fn job(&self, tenant: &TenantId, job: JobId) -> Result<Option<QueuedJob>, StoreError> {
        let asked = || vec![tenant.as_str().into(), job.to_string().into()];
        let (mut found, unreadable) = read(&self.db.read(READING, &sql::JOB, asked()).await?, queued)?;
        if !unreadable.is_empty() {
            self.set_aside(unreadable).await?;
            (found, _) = read(&self.db.read(READING, &sql::JOB, asked()).await?, queued)?;
        }
        Ok(found.pop())
    }

    /// The open job of a tenant that has this dedup key.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn open_job_of(
        &self,
        tenant: &TenantId,
        dedup: &DedupKey,
    ) -> Result<Option<JobId>, StoreError> {
        let asked = vec![tenant.as_str().into(), dedup.as_str().into()];
        let rows = self.db.read(READING, &sql::OPEN_JOB_OF, asked).await?;
        rows.first().map(|row| row.word("id")).transpose()
    }

    /// A campaign's job to reach the person at this number.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn job_to(
        &self,
        tenant: &TenantId,
        campaign: CampaignId,
        number: &str,
    ) -> Result<Option<JobId>, StoreError> {
        let asked = vec![tenant.as_str().into(), campaign.to_string().into(), number.into()];
        let rows = self.db.read(READING, &sql::JOB_TO, asked).await?;
        rows.first().map(|row| row.word("id")).transpose()
    }

    /// A campaign's jobs, page by page: of all buckets in the order of their leads, of one in the order of their ids.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn jobs(
        &self,
        campaign: CampaignId,
        bucket: Option<Bucket>,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<QueuedJob>, StoreError> {
        let mut values = vec![campaign.to_string().into()];
        let statement = match bucket {
            Some(bucket) => {
                values.push(word(bucket)?.into());
                &sql::JOBS_IN
            }
            None => &sql::JOBS,
        };
        values.push(after.unwrap_or_default().into());
        values.push(i64::from(most).into());
        let rows = self.db.read(READING, statement, values).await?;
        let (jobs, unreadable) = read(&rows, queued)?;
        self.set_aside(unreadable).await?;
        Ok(jobs)
    }

    /// Jobs that a node holds, whichever.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn open_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let rows = self.db.read(READING, &sql::OPEN_JOBS, vec![]).await?;
        let (jobs, unreadable) = read(&rows, |row| row.json("fold"))?;
        self.set_aside(unreadable).await?;
        Ok(jobs)
    }

    /// Sets jobs aside whose rows can't be read: the others go on. What a row's columns still say is kept, and whoever lets
    /// such a job go on gives it no attempt that it has had.
    async fn set_aside(&self, unreadable: Vec<Unreadable>) -> Result<(), StoreError> {
        if unreadable.is_empty() {
            return Ok(());
        }
        let why: BTreeMap<JobId, String> = unreadable.into_iter().collect();
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let wanted = values(why.keys().map(|id| IdRow { id: *id }))?;
        let mut parked = Vec::with_capacity(why.len());
        for row in tx.rows(&sql::BROKEN_JOBS, vec![wanted]).await? {
            let (id, at) = (row.word("id")?, row.time("updated_at")?);
            let tenant = TenantId::new(row.text("tenant")?);
            let mut job = Job::new(id, tenant, Some(row.word("campaign")?), row.word("lead")?, at);
            job.priority = level(row.int("priority")?);
            job.attempt = AttemptNo(row.opt_number("attempts")?.unwrap_or_default());
            job.used = u16::try_from(job.attempt.0).unwrap_or(u16::MAX);
            job.fence = Fence(job.attempt.0.saturating_add(BEYOND_ALL_FENCES));
            let why = why.get(&id).cloned().unwrap_or_default();
            job.state = JobState::Parked { at, why, ruled: None };
            parked.push(JobRow::new(&job, None, at)?);
        }
        tx.run(&sql::CHANGE_JOBS, vec![values(parked.iter())?]).await?;
        tx.commit().await
    }

    /// Notes which gate was closed for jobs that wait, and when to look again. A hint: nothing depends on it but how often a
    /// job is looked at.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn defer(&self, jobs: &[(JobId, Closed, Timestamp)]) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(jobs.len());
        for (id, gate, at) in jobs {
            rows.push(DeferRow { id: *id, gate: text(gate)?, ready_at: at.as_microsecond() });
        }
        let mut tx = self.db.begin(WRITING, Durability::Projection).await?;
        tx.run(&sql::DEFER_JOBS, vec![values(rows.iter())?]).await?;
        tx.commit().await
    }

    /// Lets every job of a campaign that waits at a gate be looked at again: what closed it has changed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn look_again(&self, campaign: CampaignId, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Projection).await?;
        tx.run(&sql::LOOK_AGAIN, vec![campaign.to_string().into(), now.as_microsecond().into()]).await?;
        tx.commit().await
    }
}

/// A job whose row can't be read, and why.
type Unreadable = (JobId, String);

/// More owners than one attempt has.
const BEYOND_ALL_FENCES: u32 = 1_000_000;

/// What can be read of these rows, and of which jobs it can't.
fn read<T>(
    rows: &[Row],
    one: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<(Vec<T>, Vec<Unreadable>), StoreError> {
    let (mut found, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match one(row) {
            Ok(job) => found.push(job),
            Err(StoreError::Broken { why, .. }) => unreadable.push((row.word("id")?, why)),
            Err(error) => return Err(error),
        }
    }
    Ok((found, unreadable))
}

pub(crate) fn queued(row: &Row) -> Result<QueuedJob, StoreError> {
    let job: Job = row.json("fold")?;
    // Nothing is said to anybody but by jobs that wait: the others are only looked at.
    let waits = matches!(job.state, JobState::Waiting { .. });
    let (zone, variables) = (row.opt_word("zone"), row.json("variables"));
    Ok(QueuedJob {
        number: Address::new(row.text("number")?),
        name: row.opt_text("name")?.map(Private::new),
        zone: if waits { zone? } else { zone.unwrap_or_default() },
        variables: Private::new(if waits { variables? } else { variables.unwrap_or_default() }),
        // A hint, which another version may have written.
        gate: row.json("gate").ok(),
        job,
    })
}

/// The level that a column stands for.
fn level(place: i64) -> Priority {
    Priority::ALL.into_iter().find(|level| self::place(*level) == place).unwrap_or_default()
}

#[derive(Serialize)]
struct DeferRow {
    id: JobId,
    gate: String,
    ready_at: i64,
}

#[derive(Serialize)]
pub(super) struct JobRow {
    id: JobId,
    tenant: TenantId,
    state: &'static str,
    bucket: Bucket,
    priority: i64,
    ready_at: i64,
    dedup: Option<DedupKey>,
    node: Option<NodeId>,
    pair: Option<String>,
    updated_at: i64,
    fold: String,
    #[serde(flatten)]
    born: Option<Born>,
}

/// What never changes.
#[derive(Serialize)]
struct Born {
    campaign: CampaignId,
    lead: LeadId,
    number: Address,
    variables: String,
}

impl JobRow {
    pub(super) fn new(job: &Job, pair: Option<String>, at: Timestamp) -> Result<Self, StoreError> {
        let (ready_at, node) = match &job.state {
            JobState::Waiting { not_before, .. } => (not_before.unwrap_or(job.since), None),
            JobState::Dialing { on, .. } | JobState::Live { on, .. } => (job.since, Some(on.node.clone())),
            JobState::Settled { .. } | JobState::Parked { .. } => (job.since, None),
        };
        Ok(Self {
            id: job.id,
            tenant: job.tenant.clone(),
            state: job.state.as_str(),
            bucket: job.state.bucket(),
            priority: place(job.priority),
            ready_at: ready_at.as_microsecond(),
            dedup: job.dedup.clone(),
            pair: pair.filter(|_| node.is_some()),
            node,
            updated_at: at.as_microsecond(),
            fold: text(job)?,
            born: None,
        })
    }

    fn born(mut self, campaign: CampaignId, lead: LeadId, new: &NewLead) -> Result<Self, StoreError> {
        let variables = serde_json::to_string(new.fields.reveal());
        let variables = variables.map_err(|_| StoreError::poison(WRITING, "a variable is no JSON"))?;
        self.born = Some(Born { campaign, lead, number: new.number.clone(), variables });
        Ok(self)
    }
}

/// The column that orders levels: the most urgent first.
pub(super) fn place(priority: Priority) -> i64 {
    match priority {
        Priority::High => 0,
        Priority::Default => 1,
        Priority::Low => 2,
    }
}
