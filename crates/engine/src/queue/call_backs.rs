//! Call-backs that people asked for. What that does to a job is the core's to say; here it is asked whether anybody may be called
//! at that time at all, and whether the job's campaign would do so.

use super::campaigns::CampaignError;
use super::jobs::{JobView, LeftOut};
use crate::desk::Desk;
use crate::engine::Inner;
use crate::intake::IntakeError;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use trunkline_core::campaign::{CampaignState, Move};
use trunkline_core::id::{JobId, TenantId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::queue::{Bucket, Happened, Job, JobRefused};
use trunkline_store::QueuedJob;

/// Nothing is promised further ahead: who says a later time has mistyped the year.
const HORIZON: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Why a call-back is not promised.
#[derive(Debug, thiserror::Error)]
pub enum CallBackError {
    /// The time is over.
    #[error("at: this time is over")]
    Past,
    /// Nobody promises that.
    #[error("at: this is more than a year ahead")]
    TooFar,
    /// The number may not be called.
    #[error("{0}")]
    LeftOut(LeftOut),
    /// The job is over by something that no wish undoes.
    #[error("{0}")]
    ForGood(JobRefused),
    /// The job was set aside.
    #[error("the job was set aside: let it go on with retry first")]
    SetAside,
    /// The job is over, and another open one has its dedup key.
    #[error("the job is over, and its dedup key is that of job {0} now")]
    KeyInUse(JobId),
    /// The campaign would not call them.
    #[error("the campaign is {}, and calls nobody any more", .0.as_str())]
    Over(CampaignState),
    /// The campaign is finished, and to let it go on would call others too.
    #[error("the campaign is finished, and others wait in it: resume it first")]
    OthersWait,
    /// The queue.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
}

impl From<IntakeError> for CallBackError {
    fn from(error: IntakeError) -> Self {
        Self::Campaign(error.into())
    }
}

impl Desk {
    /// Promises a person a call at this time, or as soon after it as they may be called: instead of the next retry; when the call
    /// that is under way is over; or once more, if the job was over. Asked twice, it is promised once.
    ///
    /// # Errors
    /// [`CallBackError`] says why nothing was promised.
    pub async fn call_back(&self, id: JobId, wanted: Timestamp) -> Result<JobView, CallBackError> {
        self.to_the_end(async move |inner, tenant| inner.promise(&tenant, id, wanted).await).await??;
        Ok(self.goes_on(id).await?)
    }

    /// A job that was let go on, and its campaign with it, if that had run out.
    pub(super) async fn goes_on(&self, id: JobId) -> Result<JobView, CampaignError> {
        let told = self.job(id).await?;
        let campaign = told.queued.job.campaign.and_then(|id| self.inner().campaigns.get(id));
        match campaign.filter(|one| one.state == CampaignState::Finished && told.closed.is_some()) {
            None => Ok(told),
            Some(campaign) => {
                self.move_campaign(campaign.id, Move::Resume).await?;
                self.job(id).await
            }
        }
    }
}

impl Inner {
    async fn promise(
        self: &Arc<Self>,
        tenant: &TenantId,
        id: JobId,
        wanted: Timestamp,
    ) -> Result<(), CallBackError> {
        self.look_at_campaigns().await?;
        let queued = self.ask_queue(async |store| store.job(tenant, id).await).await?;
        let queued = queued.ok_or(CampaignError::NotFound("job"))?;
        if [queued.job.promised, queued.job.call_back].contains(&Some(wanted)) {
            return Ok(());
        }
        self.may_promise(&queued, wanted).await?;
        match self.tell_jobs(&[queued], &Happened::CallBack { at: wanted }).await?.pop() {
            Some(Err(refused @ JobRefused::ForGood(_))) => Err(CallBackError::ForGood(refused)),
            Some(Err(JobRefused::Not(_))) => Err(CallBackError::SetAside),
            Some(Err(_)) => Err(CampaignError::Conflict.into()),
            None | Some(Ok(Job { .. })) => Ok(()),
        }
    }

    async fn may_promise(&self, queued: &QueuedJob, wanted: Timestamp) -> Result<(), CallBackError> {
        let (job, now) = (&queued.job, self.clock.now());
        if wanted <= now {
            return Err(CallBackError::Past);
        }
        if wanted.duration_since(now) > HORIZON {
            return Err(CallBackError::TooFar);
        }
        let number = PhoneNumber::from_e164(queued.number.as_str());
        let number = number.map_err(|bad| CallBackError::LeftOut(LeftOut::BadNumber(bad)))?;
        self.may_call(&job.tenant, &number).map_err(CallBackError::LeftOut)?;
        if let (false, Some(key)) = (job.state.is_open(), &job.dedup)
            && let Some(other) =
                self.ask_queue(async |store| store.open_job_of(&job.tenant, key).await).await?
        {
            return Err(CallBackError::KeyInUse(other));
        }
        let Some(campaign) = job.campaign.and_then(|id| self.campaigns.get(id)) else { return Ok(()) };
        match campaign.state {
            CampaignState::Draft | CampaignState::Running | CampaignState::Paused => Ok(()),
            CampaignState::Draining | CampaignState::Cancelled => Err(CallBackError::Over(campaign.state)),
            CampaignState::Finished => {
                let waiting = async |store: &trunkline_store::Store| {
                    store.jobs(campaign.id, Some(Bucket::Waiting), None, 2).await
                };
                let is_other = |one: &QueuedJob| one.job.id != job.id;
                let has_others = self.ask_queue(waiting).await?.iter().any(is_other);
                if has_others { Err(CallBackError::OthersWait) } else { Ok(()) }
            }
        }
    }
}
