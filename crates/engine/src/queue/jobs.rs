//! Jobs, for those who put them in, look at them and take them out.

use super::campaigns::CampaignError;
use super::heads::{Ready, since};
use crate::desk::Desk;
use crate::engine::Inner;
use crate::intake::IntakeError;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trunkline_core::dial::destination::Denied;
use trunkline_core::dial::gates::{Closed, Lacking, Server};
use trunkline_core::id::{CampaignId, DedupKey, JobId, LeadId, TenantId};
use trunkline_core::phone::{BadNumber, PhoneNumber};
use trunkline_core::private::{Address, Private};
use trunkline_core::queue::{Bucket, Happened, JobState, Priority};
use trunkline_core::window::{UnknownZone, Zone};
use trunkline_store::{Attempt, InMinute, Lead, NewJob, NewLead, QueuedJob, UnreadableCampaign};

/// A person to be reached, as it came in: nothing checked yet.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// The number, as written by a person.
    pub to: Private<String>,
    /// The person's name.
    pub name: Option<Private<String>>,
    /// The person's time zone, such as `Europe/Berlin`.
    pub zone: Option<String>,
    /// Values for the script's `{{…}}`.
    pub variables: Private<BTreeMap<String, String>>,
    /// How urgent it is; the campaign's level if absent.
    pub priority: Option<Priority>,
    /// Unique per tenant while the job is open.
    pub dedup: Option<String>,
    /// Not before this time.
    pub not_before: Option<Timestamp>,
}

/// What came of putting people into a queue.
#[derive(Clone, Debug, Default)]
pub struct Enqueued {
    /// The jobs that are new.
    pub added: Vec<JobId>,
    /// Who was left out.
    pub skipped: Vec<SkippedPerson>,
}

/// Somebody who was left out.
#[derive(Clone, Debug)]
pub struct SkippedPerson {
    /// Which one, from 0 in the order given.
    pub place: usize,
    /// Why.
    pub why: LeftOut,
}

/// Why somebody is left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeftOut {
    /// It is no number.
    #[error("to: {0}")]
    BadNumber(BadNumber),
    /// Such numbers are not called.
    #[error("to: {0}")]
    NotAllowed(Denied),
    /// It is on the list of numbers never to call.
    #[error("to: this number is suppressed and will not be called")]
    Suppressed,
    /// Not a time zone.
    #[error("zone: {0}")]
    UnknownZone(UnknownZone),
    /// It came before.
    #[error("to: this number stands earlier in the same list")]
    Repeated,
    /// It is there already.
    #[error("this person is in the campaign already, or the dedup key is in use")]
    AlreadyThere,
}

impl LeftOut {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadNumber(_) => "bad_number",
            Self::NotAllowed(_) => "not_allowed",
            Self::Suppressed => "suppressed",
            Self::UnknownZone(_) => "unknown_zone",
            Self::Repeated => "duplicate",
            Self::AlreadyThere => "already_there",
        }
    }
}

/// A job, and why it is not being dialed now.
#[derive(Clone, Debug)]
pub struct JobView {
    /// The job.
    pub queued: QueuedJob,
    /// Its dials, the first one first.
    pub attempts: Vec<Attempt>,
    /// The gate that is closed now; `None` if it is its turn, or it does not wait.
    pub closed: Option<Closed>,
}

impl Desk {
    /// Puts people into a campaign's queue, all that can be called or, if the store refuses, none. Who can't be, or is there
    /// already, is named.
    ///
    /// # Errors
    /// `NotFound`; `Away`; `NoDatabase`.
    pub async fn enqueue(
        &self,
        campaign: CampaignId,
        people: Vec<Person>,
    ) -> Result<Enqueued, CampaignError> {
        self.to_the_end(async move |inner, tenant| inner.enqueue(&tenant, campaign, people).await).await?
    }

    /// A page of a campaign's jobs.
    ///
    /// # Errors
    /// `NotFound`; `Away`; `NoDatabase`.
    pub async fn jobs(
        &self,
        campaign: CampaignId,
        bucket: Option<Bucket>,
        after: Option<String>,
        most: u32,
    ) -> Result<Vec<QueuedJob>, CampaignError> {
        let inner = self.inner();
        inner.look_at_campaigns().await?;
        inner.campaign_of(self.tenant(), campaign)?;
        inner.ask_queue(async |store| store.jobs(campaign, bucket, after.as_deref(), most).await).await
    }

    /// How many calls of a campaign began in each minute of late, by what became of them.
    ///
    /// # Errors
    /// `NotFound`; `Away`; `NoDatabase`.
    pub async fn calls_by_minute(
        &self,
        campaign: CampaignId,
        back: SignedDuration,
    ) -> Result<Vec<InMinute>, CampaignError> {
        let inner = self.inner();
        inner.look_at_campaigns().await?;
        inner.campaign_of(self.tenant(), campaign)?;
        let since = inner.clock.now().checked_sub(back).unwrap_or(Timestamp::MIN);
        inner.ask_queue(async |store| store.calls_by_minute(campaign, since).await).await
    }

    /// A job, and why it is not being dialed now.
    ///
    /// # Errors
    /// `NotFound`; `Away`; `NoDatabase`.
    pub async fn job(&self, id: JobId) -> Result<JobView, CampaignError> {
        let inner = self.inner();
        inner.look_at_campaigns().await?;
        let tenant = self.tenant();
        let (queued, attempts) = inner
            .ask_queue(async |store| Ok((store.job(tenant, id).await?, store.attempts(id).await?)))
            .await?;
        let queued = queued.ok_or(CampaignError::NotFound("job"))?;
        let closed = inner.why(&queued).await?;
        Ok(JobView { queued, attempts, closed })
    }

    /// Cancels a job: an open call goes on to its end, no other follows.
    ///
    /// # Errors
    /// `NotFound`; `Away`; `NoDatabase`.
    pub async fn cancel_job(&self, id: JobId) -> Result<JobView, CampaignError> {
        self.tell_job(id, Happened::Canceled).await
    }

    /// Lets a job that was set aside wait for its turn again. Its campaign goes on if it had nothing else left.
    ///
    /// # Errors
    /// `NotFound`; `Away`; `NoDatabase`.
    pub async fn retry_job(&self, id: JobId) -> Result<JobView, CampaignError> {
        self.tell_job(id, Happened::Unparked).await?;
        self.goes_on(id).await
    }

    async fn tell_job(&self, id: JobId, happened: Happened) -> Result<JobView, CampaignError> {
        let told = self
            .to_the_end(async move |inner, tenant| {
                let queued = inner.ask_queue(async |store| store.job(&tenant, id).await).await?;
                let queued = queued.ok_or(CampaignError::NotFound("job"))?;
                inner.tell_jobs(&[queued], &happened).await.map(drop)
            })
            .await?;
        told?;
        self.job(id).await
    }

    /// A page of this tenant's leads.
    ///
    /// # Errors
    /// `Away`; `NoDatabase`.
    pub async fn leads(&self, after: Option<LeadId>, most: u32) -> Result<Vec<Lead>, CampaignError> {
        let tenant = self.tenant();
        self.inner().ask_queue(async |store| store.leads(tenant, after, most).await).await
    }
}

impl Inner {
    pub(super) async fn enqueue(
        self: &Arc<Self>,
        tenant: &TenantId,
        campaign: CampaignId,
        people: Vec<Person>,
    ) -> Result<Enqueued, CampaignError> {
        self.look_at_campaigns().await?;
        let priority = self.campaign_of(tenant, campaign)?.policy.priority;
        let mut enqueued = Enqueued::default();
        let mut jobs = Vec::with_capacity(people.len());
        let mut places: BTreeMap<JobId, usize> = BTreeMap::new();
        let mut numbers = BTreeSet::new();
        for (place, person) in people.into_iter().enumerate() {
            match self.new_job(tenant, person, priority)? {
                Ok(job) if !numbers.insert(job.lead.number.clone()) => {
                    enqueued.skipped.push(SkippedPerson { place, why: LeftOut::Repeated });
                }
                Ok(job) => {
                    places.insert(job.id, place);
                    jobs.push(job);
                }
                Err(why) => enqueued.skipped.push(SkippedPerson { place, why }),
            }
        }
        if !jobs.is_empty() {
            let now = self.clock.now();
            let added =
                self.give_list(async |store| store.enqueue(tenant, campaign, &jobs, now).await).await?;
            for (job, place) in places {
                if added.contains(&job) {
                    enqueued.added.push(job);
                } else {
                    enqueued.skipped.push(SkippedPerson { place, why: LeftOut::AlreadyThere });
                }
            }
            enqueued.skipped.sort_by_key(|skipped| skipped.place);
            self.queue_wakes.wake();
        }
        Ok(enqueued)
    }

    /// A job for a person, or why there is none.
    fn new_job(
        &self,
        tenant: &TenantId,
        person: Person,
        priority: Priority,
    ) -> Result<Result<NewJob, LeftOut>, IntakeError> {
        let number = match PhoneNumber::parse(person.to.reveal(), self.config.default_country) {
            Ok(parsed) => parsed.number,
            Err(bad) => return Ok(Err(LeftOut::BadNumber(bad))),
        };
        if let Err(why) = self.may_call(tenant, &number) {
            return Ok(Err(why));
        }
        let zone = match person.zone.map(|zone| zone.parse::<Zone>()).transpose() {
            Ok(zone) => zone,
            Err(unknown) => return Ok(Err(LeftOut::UnknownZone(unknown))),
        };
        let lead = NewLead {
            id: self.arrivals.lead(self.clock.now()).map_err(no_chance)?,
            number: Address::new(number.as_str()),
            raw: person.to,
            name: person.name,
            zone,
            fields: person.variables,
        };
        let job = self.job_for(lead, person.priority.unwrap_or(priority))?;
        Ok(Ok(NewJob { dedup: person.dedup.map(DedupKey::new), not_before: person.not_before, ..job }))
    }

    /// Whether this tenant may call a number at all.
    pub(super) fn may_call(&self, tenant: &TenantId, number: &PhoneNumber) -> Result<(), LeftOut> {
        self.config.queue.destinations.permit(number).map_err(LeftOut::NotAllowed)?;
        let is_suppressed = self.suppressed.contains(tenant, &Address::new(number.as_str()));
        if is_suppressed { Err(LeftOut::Suppressed) } else { Ok(()) }
    }

    /// A job for a lead.
    pub(super) fn job_for(&self, lead: NewLead, priority: Priority) -> Result<NewJob, IntakeError> {
        let id = self.arrivals.job(self.clock.now()).map_err(no_chance)?;
        Ok(NewJob { id, lead, priority, dedup: None, not_before: None })
    }

    /// The gate that is closed for a job now.
    async fn why(&self, queued: &QueuedJob) -> Result<Option<Closed>, CampaignError> {
        let JobState::Waiting { .. } = queued.job.state else { return Ok(None) };
        let Some(campaign) = queued.job.campaign.and_then(|id| self.campaigns.get(id)) else {
            let is_it = |one: UnreadableCampaign| queued.job.campaign == Some(one.id);
            let is_aside = self.campaigns.unreadable().into_iter().any(is_it);
            return Ok(is_aside.then_some(Closed::CampaignLacks { what: Lacking::Policy }));
        };
        let now = self.clock.now();
        let (tenant, numbers) = (&queued.job.tenant, BTreeSet::from([queued.number.clone()]));
        let mut earlier = self
            .ask_queue(async |store| store.earlier(tenant, &numbers, since(&campaign, now)).await)
            .await?;
        let earlier = earlier.remove(&queued.number).unwrap_or_default();
        let ready = Ready { queued: queued.clone(), campaign, earlier };
        // The worker asks this once a round, for all.
        if self.queue_gate(now) == Server::CatchingUp {
            return Ok(Some(Closed::CatchingUp));
        }
        Ok(self.gate(&ready, self.spent.begun_at(ready.campaign.id), now).err())
    }
}

pub(super) fn no_chance(error: getrandom::Error) -> IntakeError {
    IntakeError::Failed(error.to_string())
}
