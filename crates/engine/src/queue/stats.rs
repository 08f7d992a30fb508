//! How the queue is: how deep, how old, how fast, and what holds it up. Counted when it is asked.

use super::campaigns::CampaignError;
use crate::desk::Desk;
use crate::engine::{Engine, Inner};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_core::campaign::CampaignState;
use trunkline_core::dial::gates::Running;
use trunkline_core::id::{CampaignId, JobId, TenantId};
use trunkline_core::queue::Bucket;
use trunkline_store::StoredCampaign;

/// One tenant's queue at this moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct QueueStats {
    /// Jobs that wait, of all campaigns that are not over.
    pub depth: u64,
    /// Jobs whose call is under way.
    pub in_progress: u64,
    /// Jobs that were set aside.
    pub parked: u64,
    /// The job that has been in the queue longest.
    pub oldest: Option<OldestJob>,
    /// Calls begun of late.
    pub rate: Rate,
    /// How many jobs wait at which gate, the most first.
    pub gates: Vec<GateShare>,
    /// Jobs that stand in line behind others and were not looked at yet.
    pub in_line: u64,
}

/// A job that waits.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OldestJob {
    /// Which.
    pub job_id: JobId,
    /// Since when it is in the queue.
    pub enqueued_at: Timestamp,
    /// How long that is.
    pub age_secs: i64,
}

/// Calls begun of late.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Rate {
    /// In the last minute.
    pub last_minute: u64,
    /// In the last five minutes.
    pub last_5_minutes: u64,
    /// In the last quarter of an hour.
    pub last_15_minutes: u64,
}

/// Jobs that wait at a gate.
#[derive(Clone, Debug, Serialize)]
pub struct GateShare {
    /// The gate's code.
    pub code: String,
    /// How many.
    pub jobs: u64,
}

impl Desk {
    /// How this tenant's queue is.
    ///
    /// # Errors
    /// `Away`; `NoDatabase`.
    pub async fn queue_stats(&self) -> Result<QueueStats, CampaignError> {
        self.inner().queue_stats(Some(self.tenant())).await
    }
}

impl Engine {
    /// How the queue of all tenants together is. Its oldest job is told without its name.
    ///
    /// # Errors
    /// `Away`; `NoDatabase`.
    pub async fn queue_stats(&self) -> Result<QueueStats, CampaignError> {
        self.inner.queue_stats(None).await
    }
}

impl Inner {
    async fn queue_stats(&self, tenant: Option<&TenantId>) -> Result<QueueStats, CampaignError> {
        let inner = self;
        inner.look_at_campaigns().await?;
        let is_meant = |one: &Arc<StoredCampaign>| tenant.is_none_or(|tenant| one.tenant == *tenant);
        let mine = inner.campaigns.all().into_iter().filter(is_meant);
        let states: BTreeMap<CampaignId, CampaignState> = mine.map(|one| (one.id, one.state)).collect();
        let aside = inner.campaigns.unreadable().into_iter();
        let aside = aside.filter(|one| tenant.is_none_or(|tenant| one.tenant == *tenant));
        let all: Vec<CampaignId> = states.keys().copied().chain(aside.map(|one| one.id)).collect();
        let running: Vec<CampaignId> =
            all.iter().copied().filter(|id| states.get(id) == Some(&CampaignState::Running)).collect();
        let mut stats = QueueStats::default();
        let (mut gates, mut oldest) = (BTreeMap::<String, u64>::new(), None::<(JobId, CampaignId)>);
        let mut in_running = 0;
        for line in inner.ask_queue(async |store| store.open_counts(&all).await).await? {
            match line.bucket {
                Bucket::Waiting => {
                    stats.depth += line.jobs;
                    let found = (line.oldest, line.campaign);
                    oldest = Some(oldest.map_or(found, |known| known.min(found)));
                    // One that can't be read has no state.
                    let state = states.get(&line.campaign).copied();
                    match state.map_or(Some("campaign_lacks"), gate_of) {
                        Some(code) => *gates.entry(code.to_owned()).or_default() += line.jobs,
                        None => in_running += line.jobs,
                    }
                }
                Bucket::InProgress => stats.in_progress += line.jobs,
                Bucket::Parked => stats.parked += line.jobs,
                Bucket::Completed | Bucket::Failed | Bucket::Skipped | Bucket::Canceled => {}
            }
        }
        let mut judged = 0;
        for one in inner.ask_queue(async |store| store.gate_counts(&running).await).await? {
            judged += one.jobs;
            *gates.entry(one.gate).or_default() += one.jobs;
        }
        stats.in_line = in_running.saturating_sub(judged);
        stats.gates = gates.into_iter().map(|(code, jobs)| GateShare { code, jobs }).collect();
        stats.gates.sort_by_key(|gate| std::cmp::Reverse(gate.jobs));
        let now = inner.clock.now();
        if let Some((id, campaign)) = oldest
            && let Some(campaign) = inner.campaigns.get(campaign)
        {
            let found = inner.ask_queue(async |store| store.job(&campaign.tenant, id).await).await?;
            stats.oldest = found.map(|queued| OldestJob {
                job_id: id,
                enqueued_at: queued.job.enqueued_at,
                age_secs: now.duration_since(queued.job.enqueued_at).as_secs(),
            });
        }
        let since = |minutes| now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN);
        let count = async |minutes| {
            inner.ask_queue(async |store| store.attempts_since(&all, since(minutes)).await).await
        };
        stats.rate = Rate {
            last_minute: count(1).await?,
            last_5_minutes: count(5).await?,
            last_15_minutes: count(15).await?,
        };
        Ok(stats)
    }
}

/// What holds all jobs of a campaign that does not run.
fn gate_of(state: CampaignState) -> Option<&'static str> {
    match state.gate() {
        Running::Running => None,
        Running::NotStarted => Some("campaign_not_started"),
        Running::Paused => Some("campaign_paused"),
        Running::Draining => Some("campaign_draining"),
        Running::Over => Some("campaign_over"),
    }
}
