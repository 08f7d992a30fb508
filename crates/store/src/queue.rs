//! The outbound queue's rows: campaigns, leads, jobs and their attempts.
//!
//! What may happen to a job is the core's to say ([`Job::apply`]); here its answer becomes rows, under a lock, so that of
//! two nodes that want the same job one is told that it came late. Whether a job may be dialed now is the engine's.

use crate::db::{Durability, Tx};
use crate::error::{Away, StoreError};
use crate::project::RETRIES;
use crate::row::Row;
use crate::rows;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trunkline_core::call::{Disposition, Status};
use trunkline_core::campaign::{Campaign, CampaignState, RetryPolicy};
use trunkline_core::dial::allowance::UsedToday;
use trunkline_core::dial::earlier::{Earlier, Standing};
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::{AttemptNo, CallId, CampaignId, DedupKey, JobId, LeadId, NodeId, TenantId};
use trunkline_core::private::{Address, Private};
use trunkline_core::queue::{Bucket, Happened, Job, JobRefused, JobState, News, Priority, Progress};
use trunkline_core::window::Zone;

const READING: &str = "reading the queue";
const WRITING: &str = "writing the queue";
/// Longer than anybody who claims may have looked before at whom was called.
const LATELY: SignedDuration = SignedDuration::from_secs(5);

/// A campaign with what stands beside its policy.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
pub struct StoredCampaign {
    /// Our name of it.
    pub id: CampaignId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Where it stands.
    pub state: CampaignState,
    /// Whom to reach and how.
    pub policy: Campaign,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Rises with every change.
    #[serde(skip)]
    pub version: i64,
}

/// A person to be reached, as whoever enqueues says it.
#[derive(Clone, Debug)]
pub struct NewLead {
    /// Its id, if it is new: a number that is known keeps the id it has.
    pub id: LeadId,
    /// The number.
    pub number: Address,
    /// The number as it was written.
    pub raw: Private<String>,
    /// The person's name.
    pub name: Option<Private<String>>,
    /// The person's time zone, where it is known better than from the number.
    pub zone: Option<Zone>,
    /// What else is known.
    pub fields: Private<BTreeMap<String, String>>,
}

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

/// A lead as it stands.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Our name of it.
    pub id: LeadId,
    /// The number.
    pub number: Address,
    /// The number as it was first written.
    pub raw: Private<String>,
    /// The person's name.
    pub name: Option<Private<String>>,
    /// The person's time zone, where it is known.
    pub zone: Option<Zone>,
    /// What else is known.
    pub fields: Private<BTreeMap<String, String>>,
    /// Since when it is known.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A claim that a node wants to make: the attempt's call has its id before anything else is done.
#[derive(Clone, Debug)]
pub struct Claiming {
    /// Which job.
    pub job: JobId,
    /// The call that the attempt will be.
    pub call: CallId,
    /// Account, from and to: at most one attempt of these is open.
    pub pair: String,
}

/// A dial of a job, with what became of its call.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which, from 1.
    pub no: AttemptNo,
    /// The call.
    pub call: CallId,
    /// When the job was claimed for it.
    pub claimed_at: Timestamp,
    /// The call's status; `None` if no such call came to be.
    pub status: Option<Status>,
    /// How it ended.
    pub disposition: Option<Disposition>,
    /// The carrier's error code.
    pub error_code: Option<String>,
    /// The carrier's words.
    pub error_message: Option<String>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// An earlier call to a person, and the job it was an attempt of.
#[derive(Clone, Debug)]
pub struct EarlierCall {
    /// The call.
    pub earlier: Earlier,
    /// The job, if it was of the queue.
    pub job: Option<JobId>,
}

/// Calls of a campaign that began in one minute and stand alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InMinute {
    /// The minute's beginning.
    pub minute: Timestamp,
    /// What became of them.
    pub status: Option<Status>,
    /// How many.
    pub calls: u64,
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

/// Whether a change of a campaign was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was.
    Yes,
    /// Somebody changed it meanwhile, or there is one of its name.
    Conflict,
}

impl Store {
    /// How often campaigns have been changed: whether there is anything new to read.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn campaigns_stand(&self) -> Result<String, StoreError> {
        let rows = self.db.read(READING, &sql::CAMPAIGNS_STAND, vec![]).await?;
        rows.first().ok_or_else(|| StoreError::broken(READING, "it counts no campaigns"))?.text("changes")
    }

    /// Every campaign of every tenant.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn campaigns(&self) -> Result<Vec<StoredCampaign>, StoreError> {
        let rows = self.db.read(READING, &sql::CAMPAIGNS, vec![]).await?;
        rows.iter()
            .map(|row| Ok(StoredCampaign { version: row.int("version")?, ..row.json("fold")? }))
            .collect()
    }

    /// Adds a campaign, durably.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn add_campaign(&self, campaign: &StoredCampaign) -> Result<Saved, StoreError> {
        let values = vec![
            campaign.id.to_string().into(),
            campaign.tenant.as_str().into(),
            campaign.policy.name.as_str().into(),
            campaign.state.as_str().into(),
            campaign.created_at.as_microsecond().into(),
            text(campaign)?.into(),
        ];
        self.save_campaign(&sql::ADD_CAMPAIGN, values).await
    }

    /// Changes a campaign that still has the version it was read in, durably.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn change_campaign(&self, campaign: &StoredCampaign) -> Result<Saved, StoreError> {
        let values = vec![
            campaign.id.to_string().into(),
            campaign.state.as_str().into(),
            campaign.updated_at.as_microsecond().into(),
            text(campaign)?.into(),
            campaign.version.into(),
        ];
        self.save_campaign(&sql::CHANGE_CAMPAIGN, values).await
    }

    async fn save_campaign(
        &self,
        statement: &'static sql::Statement,
        values: Vec<Value>,
    ) -> Result<Saved, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        if tx.run(statement, values).await? == 0 {
            return Ok(Saved::Conflict);
        }
        tx.run(&sql::COUNT_CAMPAIGN, vec![]).await?;
        tx.commit().await?;
        Ok(Saved::Yes)
    }

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
        run(&mut tx, &sql::UPSERT_LEADS, values(leads.into_values())?).await?;
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
        run(&mut tx, &sql::ADD_JOBS, values(rows.iter())?).await?;
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
        rows.iter().map(queued).collect()
    }

    /// One job of a tenant.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if it can't be read.
    pub async fn job(&self, tenant: &TenantId, job: JobId) -> Result<Option<QueuedJob>, StoreError> {
        let rows =
            self.db.read(READING, &sql::JOB, vec![tenant.as_str().into(), job.to_string().into()]).await?;
        rows.first().map(queued).transpose()
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
        rows.iter().map(queued).collect()
    }

    /// Jobs that a node holds, whichever.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn open_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let rows = self.db.read(READING, &sql::OPEN_JOBS, vec![]).await?;
        rows.iter().map(|row| row.json("fold")).collect()
    }

    /// The dials of a job, the first one first.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn attempts(&self, job: JobId) -> Result<Vec<Attempt>, StoreError> {
        let rows = self.db.read(READING, &sql::ATTEMPTS, vec![job.to_string().into()]).await?;
        let attempt = |row: &Row| {
            Ok(Attempt {
                no: AttemptNo(row.number("no")?),
                call: row.word("call")?,
                claimed_at: row.time("claimed_at")?,
                status: row.opt_word("status")?,
                disposition: row.opt_word("disposition")?,
                error_code: row.opt_text("error_code")?,
                error_message: row.opt_text("error_message")?,
                ended_at: row.opt_time("ended_at")?,
            })
        };
        rows.iter().map(attempt).collect()
    }

    /// A tenant's leads, page by page, in the order of their ids.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn leads(
        &self,
        tenant: &TenantId,
        after: Option<LeadId>,
        most: u32,
    ) -> Result<Vec<Lead>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let values = vec![tenant.as_str().into(), after.into(), i64::from(most).into()];
        let rows = self.db.read(READING, &sql::LEADS, values).await?;
        let lead = |row: &Row| {
            Ok(Lead {
                id: row.word("id")?,
                number: Address::new(row.text("number")?),
                raw: Private::new(row.text("raw")?),
                name: row.opt_text("name")?.map(Private::new),
                zone: row.opt_word("zone")?,
                fields: Private::new(row.json("fields")?),
                created_at: row.time("created_at")?,
                updated_at: row.time("updated_at")?,
            })
        };
        rows.iter().map(lead).collect()
    }

    /// How many calls of a campaign began in each minute since then, by what became of them. A call of which nothing is
    /// known yet has no status.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn calls_by_minute(
        &self,
        campaign: CampaignId,
        since: Timestamp,
    ) -> Result<Vec<InMinute>, StoreError> {
        let asked = vec![campaign.to_string().into(), since.as_microsecond().into()];
        let rows = self.db.read(READING, &sql::CALLS_BY_MINUTE, asked).await?;
        let one = |row: &Row| {
            let minute = Timestamp::from_second(row.int("minute")?.saturating_mul(60));
            Ok(InMinute {
                minute: minute.map_err(|_| StoreError::broken(READING, "a minute is no time"))?,
                status: row.opt_word("status")?,
                calls: row.number("n")?,
            })
        };
        rows.iter().map(one).collect()
    }

    /// A tenant's outbound calls to these people since then, by number.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn earlier(
        &self,
        tenant: &TenantId,
        numbers: &BTreeSet<Address>,
        since: Timestamp,
    ) -> Result<BTreeMap<Address, Vec<EarlierCall>>, StoreError> {
        let wanted = values(numbers.iter().map(|number| NumberRow { number: number.as_str() }))?;
        let asked = vec![tenant.as_str().into(), wanted, since.as_microsecond().into()];
        let mut calls: BTreeMap<Address, Vec<EarlierCall>> = BTreeMap::new();
        for row in self.db.read(READING, &sql::EARLIER_CALLS, asked).await? {
            let standing = match (row.opt_text("carrier_call_id")?, row.opt_int("ended_at")?) {
                (Some(_), _) => Standing::Placed,
                (None, Some(_)) => Standing::NeverPlaced,
                (None, None) => Standing::Unruled,
            };
            let earlier = Earlier { call: row.word("id")?, at: row.time("created_at")?, standing };
            let one = EarlierCall { earlier, job: row.opt_word("job")? };
            calls.entry(Address::new(row.text("to_number")?)).or_default().push(one);
        }
        Ok(calls)
    }

    /// How many of a campaign's jobs are where.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn progress(&self, campaign: CampaignId) -> Result<Progress, StoreError> {
        let mut progress = Progress::default();
        for row in self.db.read(READING, &sql::PROGRESS, vec![campaign.to_string().into()]).await? {
            progress.add(row.word("bucket")?, row.number("n")?);
        }
        Ok(progress)
    }

    /// How many calls a campaign has begun since then.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn campaign_calls(&self, campaign: CampaignId, since: Timestamp) -> Result<u32, StoreError> {
        let values = vec![campaign.to_string().into(), since.as_microsecond().into()];
        let rows = self.db.read(READING, &sql::CAMPAIGN_CALLS, values).await?;
        rows.first().map_or(Ok(0), |row| row.number("n"))
    }

    /// What a tenant has used since then.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn tenant_use(&self, tenant: &TenantId, since: Timestamp) -> Result<UsedToday, StoreError> {
        let values = vec![tenant.as_str().into(), since.as_microsecond().into()];
        let rows = self.db.read(READING, &sql::TENANT_USE, values).await?;
        rows.first().map_or(Ok(UsedToday::default()), |row| {
            Ok(UsedToday { calls: row.number("calls")?, minutes: row.number("minutes")? })
        })
    }

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
        let open = tx.rows(&sql::OPEN_JOBS, vec![]).await?;
        // A claim that a journal told has none: its node sees it in memory.
        let mut pairs = open
            .iter()
            .filter_map(|row| row.opt_text("pair").transpose())
            .collect::<Result<BTreeSet<_>, _>>()?;
        let mut persons = open
            .iter()
            .map(|row| Ok((row.text("tenant")?, row.text("number")?)))
            .collect::<Result<BTreeSet<_>, StoreError>>()?;
        let mut standing = standing(&mut tx, wanted.iter().map(|claiming| claiming.job)).await?;
        let lately = claimed_lately(&mut tx, &standing, now).await?;
        let (mut claimed, mut rows, mut attempts) = (Vec::new(), Vec::new(), Vec::new());
        for Claiming { job: id, call, pair } in wanted {
            let Some(Kept { mut job, number, .. }) = standing.remove(id) else { continue };
            let person = (job.tenant.as_str().to_owned(), number);
            // Whoever looked at the person's calls may have looked before another node made one.
            let by_others = |others: &BTreeSet<JobId>| others.iter().any(|other| other != id);
            if persons.contains(&person) || lately.get(&person).is_some_and(by_others) {
                continue;
            }
            let took = job.apply(&Happened::Claimed { by: node.clone(), lease_until: Timestamp::MAX }, now);
            let bound = took.and_then(|_| {
                let on = job.claim();
                job.apply(&Happened::Intended { on, call: *call }, now)
            });
            if bound.is_err() || !pairs.insert(pair.clone()) {
                continue;
            }
            persons.insert(person);
            rows.push(JobRow::new(&job, Some(pair.clone()), now)?);
            attempts.push(AttemptRow::new(&job, *call, node, now));
            claimed.push(job);
        }
        if claimed.is_empty() {
            return Ok(claimed);
        }
        run(&mut tx, &sql::CHANGE_JOBS, values(rows.iter())?).await?;
        run(&mut tx, &sql::ADD_ATTEMPTS, values(attempts.iter())?).await?;
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
        run(&mut tx, &sql::DEFER_JOBS, values(rows.iter())?).await?;
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
    let mut done = Vec::with_capacity(all.len());
    for JobNews { job: id, news, policy, at, call: _ } in all {
        let Some(Kept { job, .. }) = standing.get_mut(id) else {
            done.push(Err(JobRefused::Late));
            continue;
        };
        let happened = news.clone().happened(job, policy, *at);
        done.push(job.apply(&happened, *at).map(|_| {
            changed.insert(*id, *at);
            job.clone()
        }));
    }
    let mut rows = Vec::with_capacity(changed.len());
    for (id, at) in changed {
        if let Some(Kept { job, pair, .. }) = standing.remove(&id) {
            rows.push(JobRow::new(&job, pair, at)?);
        }
    }
    run(tx, &sql::CHANGE_JOBS, values(rows.iter())?).await?;
    Ok(done)
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
        let kept = kept(&row)?;
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
    let people = values(
        standing.values().map(|kept| PersonRow { tenant: kept.job.tenant.as_str(), number: &kept.number }),
    )?;
    let since = now.checked_sub(LATELY).unwrap_or(Timestamp::MIN);
    let mut lately: BTreeMap<Person, BTreeSet<JobId>> = BTreeMap::new();
    for row in tx.rows(&sql::CLAIMED_LATELY, vec![people, since.as_microsecond().into()]).await? {
        lately.entry((row.text("tenant")?, row.text("number")?)).or_default().insert(row.word("id")?);
    }
    Ok(lately)
}

fn kept(row: &Row) -> Result<Kept, StoreError> {
    Ok(Kept { job: row.json("fold")?, pair: row.opt_text("pair")?, number: row.text("number")? })
}

fn queued(row: &Row) -> Result<QueuedJob, StoreError> {
    Ok(QueuedJob {
        job: row.json("fold")?,
        number: Address::new(row.text("number")?),
        name: row.opt_text("name")?.map(Private::new),
        zone: row.opt_word("zone")?,
        variables: Private::new(row.json("variables")?),
        gate: match row.opt_text("gate")? {
            Some(_) => Some(row.json("gate")?),
            None => None,
        },
    })
}

#[derive(Serialize)]
struct IdRow {
    id: JobId,
}

#[derive(Serialize)]
struct PersonRow<'a> {
    tenant: &'a str,
    number: &'a str,
}

#[derive(Serialize)]
struct NumberRow<'a> {
    number: &'a str,
}

#[derive(Serialize)]
struct DeferRow {
    id: JobId,
    gate: String,
    ready_at: i64,
}

#[derive(Serialize)]
pub(crate) struct LeadRow<'a> {
    id: LeadId,
    tenant: &'a TenantId,
    number: &'a Address,
    raw: &'a Private<String>,
    name: Option<&'a Private<String>>,
    zone: Option<&'a Zone>,
    fields: String,
    at: i64,
}

impl<'a> LeadRow<'a> {
    pub(crate) fn new(tenant: &'a TenantId, lead: &'a NewLead, now: Timestamp) -> Self {
        Self {
            id: lead.id,
            tenant,
            number: &lead.number,
            raw: &lead.raw,
            name: lead.name.as_ref(),
            zone: lead.zone.as_ref(),
            fields: serde_json::to_string(lead.fields.reveal()).unwrap_or_else(|_| "{}".to_owned()),
            at: now.as_microsecond(),
        }
    }
}

#[derive(Serialize)]
struct JobRow {
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
    fn new(job: &Job, pair: Option<String>, at: Timestamp) -> Result<Self, StoreError> {
        let (ready_at, node) = match &job.state {
            JobState::Waiting { not_before, .. } => (not_before.unwrap_or(job.since), None),
            JobState::Claimed { node, .. } => (job.since, Some(node.clone())),
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
        run(tx, &sql::CHANGE_JOBS, values(rows.iter())?).await?;
    }
    let jobs = tx.run(&sql::FORGET_JOBS, person()).await?;
    Ok((jobs, tx.run(&sql::FORGET_LEADS, person()).await?))
}

async fn run(tx: &mut Tx, statement: &'static sql::Statement, rows: Value) -> Result<u64, StoreError> {
    tx.run(statement, vec![rows]).await
}

pub(crate) fn values<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<Value, StoreError> {
    // The error of the JSON writer may quote what it wrote: it stays here.
    rows::as_object(rows).map(Value::Rows).map_err(|_| StoreError::poison(WRITING, "a row is no JSON"))
}

fn text<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::poison(WRITING, "a row is no JSON"))
}

fn word<T: Serialize>(value: T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(StoreError::poison(WRITING, "a word is no word")),
    }
}

/// The column that orders levels: the most urgent first.
fn place(priority: Priority) -> i64 {
    match priority {
        Priority::High => 0,
        Priority::Default => 1,
        Priority::Low => 2,
    }
}
