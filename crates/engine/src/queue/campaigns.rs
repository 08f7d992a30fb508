//! Campaigns as this node knows them, and the doors of those who manage them. What changes is decided in the store, in full;
//! other nodes see it at their next look.

use crate::clock::chance;
use crate::desk::Desk;
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::reader::Unavailable;
use parking_lot::RwLock;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::call::{Cost, State};
use trunkline_core::campaign::{BadMove, Campaign, CampaignState, Fault, Move, RetryPolicy};
use trunkline_core::id::{CallId, CampaignId, TenantId};
use trunkline_core::queue::{Bucket, Happened, Job, JobRefused, News, Progress};
use trunkline_store::{JobNews, QueuedJob, Saved, Store, StoreError, StoredCampaign, UnreadableCampaign};

/// A list of people as long as may be goes in within this.
const FOR_A_LIST: Duration = Duration::from_secs(120);
/// So many jobs are settled in one transaction.
const AT_ONCE: u32 = 500;

/// Why a campaign stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// There is none, as far as the caller can tell.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Its row can't be read.
    #[error("the campaign was set aside: {0}")]
    SetAside(String),
    /// What is wrong with it.
    #[error("{}", words(.0))]
    Invalid(Vec<Fault>),
    /// It can't be done as it stands.
    #[error(transparent)]
    BadMove(#[from] BadMove),
    /// There is a campaign of this name.
    #[error("there is a campaign of this name already")]
    Taken,
    /// Somebody else changed it at the same time.
    #[error("somebody else changed it at the same time; look at it and try again")]
    Conflict,
    /// There is no database to keep it in.
    #[error("the queue needs a database: DATABASE_URL is none")]
    NoDatabase,
    /// The store can't be reached.
    #[error("the queue can't be changed now: {0}")]
    Away(#[from] Unavailable),
    /// It failed.
    #[error(transparent)]
    Failed(#[from] IntakeError),
}

fn words(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A campaign, and how far it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Standing {
    /// The campaign.
    #[serde(flatten)]
    pub campaign: StoredCampaign,
    /// How many of its jobs are where.
    pub progress: Progress,
    /// What its calls have cost, where that was asked.
    #[serde(flatten)]
    pub cost: Option<Cost>,
}

/// The campaigns of all tenants, as last read.
#[derive(Debug, Default)]
pub(crate) struct Campaigns(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    stand: Option<String>,
    all: BTreeMap<CampaignId, Arc<StoredCampaign>>,
    policies: BTreeMap<CampaignId, Arc<RetryPolicy>>,
    unreadable: BTreeMap<CampaignId, UnreadableCampaign>,
}

impl Campaigns {
    /// Reads them again if anything changed.
    pub async fn look(&self, store: &Store) -> Result<(), StoreError> {
        let stand = store.campaigns_stand().await?;
        if self.0.read().stand.as_ref() == Some(&stand) {
            return Ok(());
        }
        let read = store.campaigns().await?;
        let mut known = self.0.write();
        let mut policies: BTreeMap<_, _> =
            read.known.iter().map(|one| (one.id, Arc::new(one.policy.retry.clone()))).collect();
        for one in &read.unreadable {
            if !known.unreadable.contains_key(&one.id) {
                tracing::error!(campaign = %one.id, why = one.why, "campaign.set_aside: its row can't be read; others go on");
            }
            // Calls under way end as they would have.
            if let Some(policy) = known.policies.remove(&one.id) {
                policies.insert(one.id, policy);
            }
        }
        let all = read.known.into_iter().map(|one| (one.id, Arc::new(one))).collect();
        let unreadable = read.unreadable.into_iter().map(|one| (one.id, one)).collect();
        *known = Known { stand: Some(stand), all, policies, unreadable };
        Ok(())
    }

    /// Those whose rows can't be read.
    pub fn unreadable(&self) -> Vec<UnreadableCampaign> {
        self.0.read().unreadable.values().cloned().collect()
    }

    pub fn get(&self, id: CampaignId) -> Option<Arc<StoredCampaign>> {
        self.0.read().all.get(&id).cloned()
    }

    pub fn all(&self) -> Vec<Arc<StoredCampaign>> {
        self.0.read().all.values().cloned().collect()
    }

    /// What comes after an end, by a campaign's policy; the standard one where there is none.
    pub fn policy(&self, id: Option<CampaignId>) -> Arc<RetryPolicy> {
        id.and_then(|id| self.0.read().policies.get(&id).cloned()).unwrap_or_default()
    }
}

impl Desk {
    /// This tenant's campaigns, the newest first, each with how far it is.
    ///
    /// # Errors
    /// `Away`; `NoDatabase`.
    pub async fn campaigns(&self) -> Result<Vec<Standing>, CampaignError> {
        let inner = self.inner();
        inner.look_at_campaigns().await?;
        let mut standings = Vec::new();
        for campaign in inner.campaigns.all().into_iter().rev().filter(|one| one.tenant == *self.tenant()) {
            standings.push(inner.standing(&campaign).await?);
        }
        Ok(standings)
    }

    /// One of them, and what it cost.
    ///
    /// # Errors
    /// `NotFound`; `SetAside`; `Away`; `NoDatabase`.
    pub async fn campaign(&self, id: CampaignId) -> Result<Standing, CampaignError> {
        let inner = self.inner();
        inner.look_at_campaigns().await?;
        let standing = inner.standing(&*inner.campaign_of(self.tenant(), id)?).await?;
        let cost = inner.ask_queue(async |store| store.campaign_cost(id).await).await?;
        Ok(Standing { cost: Some(cost), ..standing })
    }

    /// This tenant's campaigns that were set aside: their rows can't be read.
    ///
    /// # Errors
    /// `Away`; `NoDatabase`.
    pub async fn campaigns_set_aside(&self) -> Result<Vec<UnreadableCampaign>, CampaignError> {
        self.inner().look_at_campaigns().await?;
        let mine = self.inner().campaigns.unreadable().into_iter();
        Ok(mine.filter(|one| one.tenant == *self.tenant()).collect())
    }

    /// Makes a campaign: a draft, until it is started.
    ///
    /// # Errors
    /// `Invalid`; `Taken`; `Away`; `NoDatabase`.
    pub async fn add_campaign(&self, policy: Campaign) -> Result<Standing, CampaignError> {
        policy.check().map_err(CampaignError::Invalid)?;
        self.to_the_end(async move |inner, tenant| {
            let now = inner.clock.now();
            let chance = chance().map_err(|error| IntakeError::Failed(error.to_string()))?;
            let campaign = StoredCampaign {
                id: CampaignId::minted(now, chance),
                tenant,
                state: CampaignState::Draft,
                policy,
                created_at: now,
                updated_at: now,
                version: 1,
            };
            let saved = inner.ask_queue(async |store| store.add_campaign(&campaign).await).await?;
            inner.look_at_campaigns().await?;
            match saved {
                Saved::Yes => Ok(Standing { campaign, progress: Progress::default(), cost: None }),
                Saved::Conflict => Err(CampaignError::Taken),
            }
        })
        .await?
    }

    /// Changes what a campaign does from now on; where it stands stays.
    ///
    /// # Errors
    /// `NotFound`; `Invalid`; `Conflict`; `Away`; `NoDatabase`.
    pub async fn change_campaign(&self, id: CampaignId, policy: Campaign) -> Result<Standing, CampaignError> {
        policy.check().map_err(CampaignError::Invalid)?;
        self.to_the_end(async move |inner, tenant| {
            let changed = inner
                .change_campaign(&tenant, id, move |campaign| {
                    campaign.policy = policy;
                    Ok(())
                })
                .await?;
            let now = inner.clock.now();
            inner.ask_queue(async |store| store.look_again(id, now).await).await?;
            inner.queue_wakes.wake();
            inner.standing(&changed).await
        })
        .await?
    }

    /// Starts, pauses, resumes, drains or cancels a campaign. From the moment this returns this node begins no call that the
    /// campaign's state forbids.
    ///
    /// # Errors
    /// `NotFound`; `BadMove`; `Conflict`; `Away`; `NoDatabase`.
    pub async fn move_campaign(&self, id: CampaignId, asked: Move) -> Result<Standing, CampaignError> {
        self.to_the_end(async move |inner, tenant| {
            let changed = inner
                .change_campaign(&tenant, id, |campaign| {
                    campaign.state = campaign.state.after(asked)?;
                    Ok(())
                })
                .await?;
            tracing::info!(campaign = %id, asked = asked.as_str(), "campaign.moved");
            if matches!(asked, Move::Cancel | Move::ForceCancel) {
                inner.cancel_jobs(id, asked).await?;
            }
            let now = inner.clock.now();
            inner.ask_queue(async |store| store.look_again(id, now).await).await?;
            inner.queue_wakes.wake();
            inner.waiting.wake();
            inner.standing(&changed).await
        })
        .await?
    }
}

impl Inner {
    /// Asks the store about the queue.
    pub(crate) async fn ask_queue<T>(
        &self,
        ask: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
    ) -> Result<T, CampaignError> {
        if self.config.database.is_index() {
            return Err(CampaignError::NoDatabase);
        }
        Ok(self.ask_store(ask).await?)
    }

    /// Gives the store a whole list of people: it goes in at once, however long that takes.
    pub(super) async fn give_list<T>(
        &self,
        give: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
    ) -> Result<T, CampaignError> {
        if self.config.database.is_index() {
            return Err(CampaignError::NoDatabase);
        }
        Ok(self.ask_store_within(FOR_A_LIST, give).await?)
    }

    pub(crate) async fn look_at_campaigns(&self) -> Result<(), CampaignError> {
        self.ask_queue(async |store| self.campaigns.look(store).await).await
    }

    pub(crate) fn campaign_of(
        &self,
        tenant: &TenantId,
        id: CampaignId,
    ) -> Result<Arc<StoredCampaign>, CampaignError> {
        if let Some(found) = self.campaigns.get(id).filter(|campaign| campaign.tenant == *tenant) {
            return Ok(found);
        }
        let aside = self.campaigns.unreadable().into_iter().find(|one| one.id == id && one.tenant == *tenant);
        Err(aside.map_or(CampaignError::NotFound("campaign"), |one| CampaignError::SetAside(one.why)))
    }

    async fn standing(&self, campaign: &StoredCampaign) -> Result<Standing, CampaignError> {
        let progress = self.ask_queue(async |store| store.progress(campaign.id).await).await?;
        Ok(Standing { campaign: campaign.clone(), progress, cost: None })
    }

    /// Changes a campaign as it stands now in the store.
    pub(crate) async fn change_campaign(
        &self,
        tenant: &TenantId,
        id: CampaignId,
        change: impl FnOnce(&mut StoredCampaign) -> Result<(), CampaignError>,
    ) -> Result<StoredCampaign, CampaignError> {
        self.look_at_campaigns().await?;
        let mut campaign = self.campaign_of(tenant, id)?.as_ref().clone();
        let before = campaign.clone();
        change(&mut campaign)?;
        if campaign == before {
            return Ok(campaign);
        }
        campaign.updated_at = self.clock.now();
        let saved = self.ask_queue(async |store| store.change_campaign(&campaign).await).await?;
        self.look_at_campaigns().await?;
        match saved {
            Saved::Yes => Ok(campaign),
            Saved::Conflict => Err(CampaignError::Conflict),
        }
    }

    /// Settles what waits, and lets open attempts be the last; with force they are hung up.
    async fn cancel_jobs(self: &Arc<Self>, id: CampaignId, asked: Move) -> Result<(), CampaignError> {
        let happened = if asked == Move::ForceCancel { Happened::ForceCanceled } else { Happened::Canceled };
        for bucket in [Bucket::Waiting, Bucket::Parked, Bucket::InProgress] {
            let mut after = None;
            loop {
                let page = self
                    .ask_queue(async |store| store.jobs(id, Some(bucket), after.as_deref(), AT_ONCE).await)
                    .await?;
                let Some(last) = page.last() else { break };
                after = Some(last.job.id.to_string());
                self.tell_jobs(&page, &happened).await?;
            }
        }
        Ok(())
    }

    fn waits_for_its_turn(&self, call: CallId) -> bool {
        self.live.get(call).is_some_and(|handle| handle.lock().call.state() == State::Queued)
    }

    /// Merges one fact into several jobs, and does what follows from it; what each made of it.
    pub(crate) async fn tell_jobs(
        self: &Arc<Self>,
        jobs: &[QueuedJob],
        happened: &Happened,
    ) -> Result<Vec<Result<Job, JobRefused>>, CampaignError> {
        let at = self.clock.now();
        let news: Vec<JobNews> = jobs
            .iter()
            .map(|queued| JobNews {
                job: queued.job.id,
                call: None,
                news: News::Fact(happened.clone()),
                policy: self.campaigns.policy(queued.job.campaign),
                at,
            })
            .collect();
        let told = self.ask_queue(async |store| store.change_jobs(&news).await).await?;
        if matches!(happened, Happened::Canceled | Happened::ForceCanceled) {
            for call in told.iter().flatten().filter_map(Job::call) {
                // A call of which nothing was sent yet is not begun any more.
                if *happened == Happened::ForceCanceled || self.waits_for_its_turn(call) {
                    self.hang_up_for_queue(call).await;
                }
            }
        }
        self.queue_wakes.wake();
        Ok(told)
    }
}
