//! The queue's rows as they stand: walked through for exports, written as they are by imports.
//!
//! What is there already stays. A job finds its person by the number, should this database know them under another id.
//! Whoever imports writes campaigns last: until its campaign is there no job is dialed.

use super::jobs::place;
use super::leads::LeadRow;
use super::{IdRow, READING, StoredCampaign, text, values};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::{CallId, CampaignId, JobId, LeadId, NodeId, TenantId};
use trunkline_core::private::{Address, Private};
use trunkline_core::queue::{Bucket, Job, JobState};
use trunkline_core::window::Zone;

/// A lead as its row has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeadRecord {
    /// Our name of it.
    pub id: LeadId,
    /// Whose person it is.
    pub tenant: TenantId,
    /// The number; of somebody who was erased, a word that is none.
    pub number: Address,
    /// The number as it was first written.
    pub raw: Private<String>,
    /// The person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Private<String>>,
    /// The person's time zone, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// What else is known.
    pub fields: Private<BTreeMap<String, String>>,
    /// Since when it is known.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A job as its row has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobRecord {
    /// The fold.
    pub job: Job,
    /// Whom it calls.
    pub number: Address,
    /// What the script's `{{…}}` say for this person.
    pub variables: Private<BTreeMap<String, String>>,
    /// Not to be looked at before.
    pub ready_at: Timestamp,
    /// The gate that was closed when somebody last looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Closed>,
    /// Account, from and to of an open attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<Address>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An attempt as its row has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The call that it is, or was to be.
    pub call: CallId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Of which job.
    pub job: JobId,
    /// Which attempt of it, from 1.
    pub no: u32,
    /// Who claimed it.
    pub node: NodeId,
    /// When.
    pub claimed_at: Timestamp,
}

/// Rows of the queue.
#[derive(Clone, Debug, Default)]
pub struct QueueRows {
    /// People.
    pub leads: Vec<LeadRecord>,
    /// Jobs.
    pub jobs: Vec<JobRecord>,
    /// Attempts.
    pub attempts: Vec<AttemptRecord>,
    /// Campaigns.
    pub campaigns: Vec<StoredCampaign>,
}

/// How many rows of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueCount {
    /// People.
    pub leads: u64,
    /// Jobs.
    pub jobs: u64,
    /// Attempts.
    pub attempts: u64,
    /// Campaigns.
    pub campaigns: u64,
}

impl QueueRows {
    /// How many there are.
    pub fn count(&self) -> QueueCount {
        let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        QueueCount {
            leads: count(self.leads.len()),
            jobs: count(self.jobs.len()),
            attempts: count(self.attempts.len()),
            campaigns: count(self.campaigns.len()),
        }
    }

    /// Takes in more of them.
    pub fn append(&mut self, more: Self) {
        self.leads.extend(more.leads);
        self.jobs.extend(more.jobs);
        self.attempts.extend(more.attempts);
        self.campaigns.extend(more.campaigns);
    }
}

impl std::ops::AddAssign for QueueCount {
    fn add_assign(&mut self, more: Self) {
        self.leads += more.leads;
        self.jobs += more.jobs;
        self.attempts += more.attempts;
        self.campaigns += more.campaigns;
    }
}

impl Store {
    /// The next leads after this one in the order of ids, of every tenant; empty at the end.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn leads_after(
        &self,
        after: Option<LeadId>,
        limit: u16,
    ) -> Result<Vec<LeadRecord>, StoreError> {
        let rows = self.db.read(READING, &sql::LEADS_AFTER, page(after, limit)).await?;
        rows.iter().map(lead).collect()
    }

    /// The next jobs after this one in the order of ids, of every tenant; empty at the end.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn jobs_after(&self, after: Option<JobId>, limit: u16) -> Result<Vec<JobRecord>, StoreError> {
        let rows = self.db.read(READING, &sql::JOBS_AFTER, page(after, limit)).await?;
        rows.iter().map(job).collect()
    }

    /// The next attempts after that of this call in the order of their calls, of every tenant; empty at the end.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn attempts_after(
        &self,
        after: Option<CallId>,
        limit: u16,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        let rows = self.db.read(READING, &sql::ATTEMPTS_AFTER, page(after, limit)).await?;
        rows.iter().map(attempt).collect()
    }
}

fn page(after: Option<impl ToString>, limit: u16) -> Vec<Value> {
    // Every id is greater than nothing.
    vec![after.map_or(String::new(), |id| id.to_string()).into(), i64::from(limit).into()]
}

fn lead(row: &Row) -> Result<LeadRecord, StoreError> {
    Ok(LeadRecord {
        id: row.word("id")?,
        tenant: TenantId::new(row.text("tenant")?),
        number: Address::new(row.text("number")?),
        raw: Private::new(row.text("raw")?),
        name: row.opt_text("name")?.map(Private::new),
        zone: row.opt_word("zone")?,
        fields: Private::new(row.json("fields")?),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

fn job(row: &Row) -> Result<JobRecord, StoreError> {
    Ok(JobRecord {
        job: row.json("fold")?,
        number: Address::new(row.text("number")?),
        variables: Private::new(row.json("variables")?),
        ready_at: row.time("ready_at")?,
        gate: row.opt_text("gate")?.map(|_| row.json("gate")).transpose()?,
        pair: row.opt_text("pair")?.map(Address::new),
        updated_at: row.time("updated_at")?,
    })
}

fn attempt(row: &Row) -> Result<AttemptRecord, StoreError> {
    Ok(AttemptRecord {
        call: row.word("call")?,
        tenant: TenantId::new(row.text("tenant")?),
        campaign: row.word("campaign")?,
        job: row.word("job")?,
        no: row.number("no")?,
        node: NodeId::new(row.text("node")?),
        claimed_at: row.time("claimed_at")?,
    })
}

/// Writes what is not there yet; how many rows that were.
pub(crate) async fn put_queue(tx: &mut Tx, rows: &QueueRows) -> Result<QueueCount, StoreError> {
    let mut new = QueueCount::default();
    if !rows.leads.is_empty() {
        let leads = values(rows.leads.iter().map(LeadRow::copy_of))?;
        new.leads = tx.run(&sql::ADD_LEADS, vec![leads]).await?;
    }
    if !rows.jobs.is_empty() {
        let leads = known_leads(tx, &rows.jobs).await?;
        let jobs = rows.jobs.iter().map(|record| JobColumns::of(record, &leads));
        let jobs = values(jobs.collect::<Result<Vec<_>, _>>()?.iter())?;
        new.jobs = tx.run(&sql::ADD_JOB_ROWS, vec![jobs]).await?;
    }
    if !rows.attempts.is_empty() {
        let attempts = values(rows.attempts.iter().map(AttemptColumns::of))?;
        new.attempts = tx.run(&sql::ADD_ATTEMPTS, vec![attempts]).await?;
    }
    if !rows.campaigns.is_empty() {
        let campaigns = rows.campaigns.iter().map(CampaignColumns::of);
        let campaigns = values(campaigns.collect::<Result<Vec<_>, _>>()?.iter())?;
        new.campaigns = tx.run(&sql::ADD_CAMPAIGN_ROWS, vec![campaigns]).await?;
        tx.run(&sql::COUNT_CAMPAIGN, vec![]).await?;
    }
    Ok(new)
}

/// People by tenant and number.
type ByNumber = BTreeMap<(String, String), LeadId>;

/// The people of these jobs whom the database knows under another id than the jobs say.
async fn known_leads(tx: &mut Tx, jobs: &[JobRecord]) -> Result<ByNumber, StoreError> {
    let ids: BTreeSet<LeadId> = jobs.iter().map(|record| record.job.lead).collect();
    let wanted = values(ids.iter().map(|id| IdRow { id: *id }))?;
    let there = tx.rows(&sql::KNOWN_LEADS, vec![wanted]).await?;
    let there = there.iter().map(|row| row.word("id")).collect::<Result<BTreeSet<LeadId>, _>>()?;
    let missing = jobs.iter().filter(|record| !there.contains(&record.job.lead));
    let people = values(
        missing
            .map(|record| PersonRow { tenant: record.job.tenant.as_str(), number: record.number.as_str() }),
    )?;
    let mut known = ByNumber::new();
    for row in tx.rows(&sql::LEADS_BY_NUMBER, vec![people]).await? {
        known.insert((row.text("tenant")?, row.text("number")?), row.word("id")?);
    }
    Ok(known)
}

#[derive(Serialize)]
struct PersonRow<'a> {
    tenant: &'a str,
    number: &'a str,
}

#[derive(Serialize)]
struct JobColumns<'a> {
    id: JobId,
    tenant: &'a TenantId,
    campaign: Option<CampaignId>,
    lead: LeadId,
    number: &'a Address,
    state: &'static str,
    bucket: Bucket,
    priority: i64,
    ready_at: i64,
    gate: Option<String>,
    dedup: Option<&'a str>,
    node: Option<&'a NodeId>,
    pair: Option<&'a Address>,
    updated_at: i64,
    variables: String,
    fold: String,
}

impl<'a> JobColumns<'a> {
    fn of(record: &'a JobRecord, leads: &ByNumber) -> Result<Self, StoreError> {
        let person = (record.job.tenant.as_str().to_owned(), record.number.as_str().to_owned());
        let mut job = record.job.clone();
        job.lead = leads.get(&person).copied().unwrap_or(job.lead);
        Ok(Self {
            id: job.id,
            tenant: &record.job.tenant,
            campaign: job.campaign,
            lead: job.lead,
            number: &record.number,
            state: job.state.as_str(),
            bucket: job.state.bucket(),
            priority: place(job.priority),
            ready_at: record.ready_at.as_microsecond(),
            gate: record.gate.as_ref().map(text).transpose()?,
            dedup: record.job.dedup.as_ref().map(trunkline_core::id::DedupKey::as_str),
            node: held_by(&record.job.state),
            pair: record.pair.as_ref(),
            updated_at: record.updated_at.as_microsecond(),
            variables: text(record.variables.reveal())?,
            fold: text(&job)?,
        })
    }
}

/// Which node holds a job that stands so.
pub(super) fn held_by(state: &JobState) -> Option<&NodeId> {
    match state {
        JobState::Dialing { on, .. } | JobState::Live { on, .. } => Some(&on.node),
        JobState::Waiting { .. } | JobState::Settled { .. } | JobState::Parked { .. } => None,
    }
}

#[derive(Serialize)]
struct AttemptColumns<'a> {
    call: CallId,
    tenant: &'a TenantId,
    campaign: CampaignId,
    job: JobId,
    no: u32,
    node: &'a NodeId,
    claimed_at: i64,
}

impl<'a> AttemptColumns<'a> {
    fn of(record: &'a AttemptRecord) -> Self {
        let AttemptRecord { call, tenant, campaign, job, no, node, claimed_at } = record;
        Self {
            call: *call,
            tenant,
            campaign: *campaign,
            job: *job,
            no: *no,
            node,
            claimed_at: claimed_at.as_microsecond(),
        }
    }
}

#[derive(Serialize)]
struct CampaignColumns<'a> {
    id: CampaignId,
    tenant: &'a TenantId,
    name: &'a str,
    state: &'static str,
    created_at: i64,
    updated_at: i64,
    fold: String,
}

impl<'a> CampaignColumns<'a> {
    fn of(campaign: &'a StoredCampaign) -> Result<Self, StoreError> {
        Ok(Self {
            id: campaign.id,
            tenant: &campaign.tenant,
            name: campaign.policy.name.as_str(),
            state: campaign.state.as_str(),
            created_at: campaign.created_at.as_microsecond(),
            updated_at: campaign.updated_at.as_microsecond(),
            fold: text(campaign)?,
        })
    }
}
