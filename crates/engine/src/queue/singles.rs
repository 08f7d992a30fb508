//! One person at a time: a job for whoever somebody wants to be called, with or without a campaign of their own.
//!
//! Whoever names no campaign shares one with all who want the same script, or bot, shown as the same number: it is made when it is
//! first needed, goes on when everybody in it was reached, and is over a day after it was made. A campaign reaches a
//! person once: whoever is to be called again finds the next one.

use super::campaigns::CampaignError;
use super::jobs::{JobView, LeftOut, Person};
use crate::clock::chance;
use crate::desk::Desk;
use crate::engine::Inner;
use crate::intake::IntakeError;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use trunkline_core::bot::BotName;
use trunkline_core::campaign::{CallerIds, Campaign, CampaignState, Machine, People};
use trunkline_core::id::{CampaignId, DedupKey, JobId, TenantId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::queue::Happened;
use trunkline_core::script::ScriptName;
use trunkline_store::{Saved, StoredCampaign};

/// A campaign that was made for single jobs takes more of them for so long.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Others make campaigns at the same time, and close them.
const TRIES: u32 = 5;

/// A person to be called.
#[derive(Clone, Debug)]
pub struct Single {
    /// Whom.
    pub person: Person,
    /// By which policy.
    pub of: SingleOf,
}

/// By which policy a single job is dialed.
#[derive(Clone, Debug)]
pub enum SingleOf {
    /// A campaign's.
    Campaign(CampaignId),
    /// The standard one, with this script, shown as this number.
    Script {
        /// Which script asks.
        script: ScriptName,
        /// Which bot talks instead.
        bot: Option<BotName>,
        /// Which number they see.
        from: PhoneNumber,
    },
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Taken {
    /// A new job.
    New(Box<JobView>),
    /// The job that was there: the dedup key is open, or the campaign has this person.
    Known(Box<JobView>),
}

/// Why there is no job.
#[derive(Debug, thiserror::Error)]
pub enum SingleError {
    /// The person can't be called.
    #[error("{0}")]
    LeftOut(LeftOut),
    /// The campaign takes nobody any more.
    #[error("the campaign is {}, and calls nobody any more", .0.as_str())]
    Over(CampaignState),
    /// The queue.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
}

impl From<IntakeError> for SingleError {
    fn from(error: IntakeError) -> Self {
        Self::Campaign(error.into())
    }
}

impl Desk {
    /// Puts one person into the queue. The same dedup key, while its job is open, gives the job that is there.
    ///
    /// # Errors
    /// `LeftOut`; `Over`; `Campaign`: no such campaign, or the store is away.
    pub async fn enqueue_single(&self, single: Single) -> Result<Taken, SingleError> {
        let done = self.to_the_end(async move |inner, tenant| inner.enqueue_single(&tenant, single).await);
        match done.await?? {
            (id, Was::New) => Ok(Taken::New(Box::new(self.job(id).await?))),
            (id, Was::Known) => Ok(Taken::Known(Box::new(self.job(id).await?))),
        }
    }
}

/// Whether a job was there.
enum Was {
    New,
    Known,
}

impl Inner {
    async fn enqueue_single(
        self: &Arc<Self>,
        tenant: &TenantId,
        single: Single,
    ) -> Result<(JobId, Was), SingleError> {
        let Single { person, of } = single;
        if let Some(known) = self.open_by_dedup(tenant, &person).await? {
            return Ok((known, Was::Known));
        }
        for _ in 0..TRIES {
            self.look_at_campaigns().await?;
            let campaign = match &of {
                SingleOf::Campaign(id) => self.campaign_of(tenant, *id)?,
                SingleOf::Script { script, bot, from } => {
                    let policy = shared_policy(script, bot.as_ref(), from, self.clock.now());
                    self.shared(tenant, policy, &person).await?
                }
            };
            if let CampaignState::Finished | CampaignState::Cancelled = campaign.state {
                return Err(SingleError::Over(campaign.state));
            }
            if let Some(known) = self.known_job(tenant, campaign.id, &person).await? {
                return Ok((known, Was::Known));
            }
            let mut enqueued = self.enqueue(tenant, campaign.id, vec![person.clone()]).await?;
            match (enqueued.added.pop(), enqueued.skipped.pop()) {
                (Some(job), _) if self.takes_jobs(campaign.id).await? => return Ok((job, Was::New)),
                // It was closed meanwhile, and would never call them.
                (Some(job), _) => self.withdraw(tenant, job).await?,
                (None, Some(out)) if out.why != LeftOut::AlreadyThere => {
                    return Err(SingleError::LeftOut(out.why));
                }
                // Somebody else put the same person in a moment ago.
                (None, _) => {}
            }
        }
        Err(SingleError::Campaign(CampaignError::Conflict))
    }

    /// The campaign that single jobs of this policy share, and that does not have this person; made if there
    /// is none.
    async fn shared(
        &self,
        tenant: &TenantId,
        policy: Campaign,
        person: &Person,
    ) -> Result<Arc<StoredCampaign>, SingleError> {
        let now = self.clock.now();
        for known in self.campaigns.all().into_iter().rev().filter(|one| one.tenant == *tenant) {
            let is_ours = known.policy == Campaign { name: known.policy.name.clone(), ..policy.clone() };
            if !is_ours || known.state != CampaignState::Running || is_past(&known, now) {
                continue;
            }
            // A campaign reaches a person once.
            if self.by_number(tenant, known.id, person).await?.is_none() {
                return Ok(known);
            }
        }
        let chance = chance().map_err(|error| IntakeError::Failed(error.to_string()))?;
        let campaign = StoredCampaign {
            id: CampaignId::minted(now, chance),
            tenant: tenant.clone(),
            state: CampaignState::Running,
            policy,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let saved = self.ask_queue(async |store| store.add_campaign(&campaign).await).await?;
        self.look_at_campaigns().await?;
        match saved {
            Saved::Yes => Ok(self.campaign_of(tenant, campaign.id)?),
            Saved::Conflict => Err(CampaignError::Conflict.into()),
        }
    }

    /// The job that is meant by what was said before.
    async fn known_job(
        &self,
        tenant: &TenantId,
        campaign: CampaignId,
        person: &Person,
    ) -> Result<Option<JobId>, CampaignError> {
        match self.open_by_dedup(tenant, person).await? {
            Some(job) => Ok(Some(job)),
            None => self.by_number(tenant, campaign, person).await,
        }
    }

    async fn open_by_dedup(
        &self,
        tenant: &TenantId,
        person: &Person,
    ) -> Result<Option<JobId>, CampaignError> {
        let Some(dedup) = person.dedup.as_deref().map(DedupKey::new) else { return Ok(None) };
        self.ask_queue(async |store| store.open_job_of(tenant, &dedup).await).await
    }

    async fn by_number(
        &self,
        tenant: &TenantId,
        campaign: CampaignId,
        person: &Person,
    ) -> Result<Option<JobId>, CampaignError> {
        let parsed = PhoneNumber::parse(person.to.reveal(), self.config.default_country);
        let Ok(number) = parsed.map(|parsed| parsed.number) else { return Ok(None) };
        self.ask_queue(async |store| store.job_to(tenant, campaign, number.as_str()).await).await
    }

    async fn takes_jobs(&self, campaign: CampaignId) -> Result<bool, CampaignError> {
        self.look_at_campaigns().await?;
        let state = self.campaigns.get(campaign).map(|campaign| campaign.state);
        Ok(!matches!(state, None | Some(CampaignState::Finished | CampaignState::Cancelled)))
    }

    async fn withdraw(self: &Arc<Self>, tenant: &TenantId, job: JobId) -> Result<(), CampaignError> {
        let queued = self.ask_queue(async |store| store.job(tenant, job).await).await?;
        match queued {
            Some(queued) => self.tell_jobs(&[queued], &Happened::Canceled).await.map(drop),
            None => Ok(()),
        }
    }

    /// Whether a campaign in which everybody was reached may get more people.
    pub(super) fn waits_for_more(&self, campaign: &StoredCampaign) -> bool {
        let is_shared = campaign.policy.name.starts_with(SHARED);
        campaign.policy.people == People::Singles
            && campaign.state == CampaignState::Running
            && !(is_shared && is_past(campaign, self.clock.now()))
    }
}

/// What the names of campaigns begin with that are made here.
const SHARED: &str = "single calls: ";

fn is_past(campaign: &StoredCampaign, now: Timestamp) -> bool {
    now.duration_since(campaign.created_at) >= OPEN_FOR
}

fn shared_policy(script: &ScriptName, bot: Option<&BotName>, from: &PhoneNumber, now: Timestamp) -> Campaign {
    let asks = bot.map_or(script.as_str(), BotName::as_str);
    Campaign {
        people: People::Singles,
        bot: bot.cloned(),
        machine: bot.map_or_else(Machine::default, |_| Machine::usual_for_bots()),
        ..Campaign::standard(
            format!("{SHARED}{asks} from {} since {now}", from.as_str()),
            script.clone(),
            CallerIds::one(from.clone()),
        )
    }
}
