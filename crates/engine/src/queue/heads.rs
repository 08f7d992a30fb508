//! The first jobs of each campaign's queue, as last read: hints, since a claim decides. What was found closed for a job is
//! gathered here to be written down, so that the job is not looked at again before it may open.

use super::persons::PersonCalls;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use trunkline_core::campaign::CampaignState;
use trunkline_core::dial::gates::{CapOf, Closed, LimitOf};
use trunkline_core::id::{CampaignId, JobId, TenantId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Address;
use trunkline_core::queue::{Head, JobState, Priority};
use trunkline_core::window::{NeverOpens, Opening, Zones};
use trunkline_store::{EarlierCall, QueuedJob, Store, StoreError, StoredCampaign};

/// So many jobs are read at once, of each campaign and level: few, and more where they are soon used up.
const READ: u32 = 64;
const READ_AT_MOST: u32 = 512;
/// What was read longer ago is read again.
pub(super) const FRESH: SignedDuration = SignedDuration::from_secs(2);
/// How soon a queue that had nothing is looked at again.
const NOTHING: SignedDuration = SignedDuration::from_millis(250);
/// A gate that does not say when it opens is looked at again after this.
const SOON: SignedDuration = SignedDuration::from_secs(1);
/// Budgets look back a week.
pub(super) const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A job at the head, with the earlier calls to the person.
pub(super) struct Ready {
    pub queued: QueuedJob,
    pub campaign: Arc<StoredCampaign>,
    pub earlier: Vec<EarlierCall>,
}

impl Ready {
    /// At which hours the person may be called.
    pub fn window(&self, now: Timestamp) -> Opening {
        match self.zones() {
            Some(zones) => self.campaign.policy.window.open_at(&zones, now),
            None => Opening::Never(NeverOpens::UnknownZone),
        }
    }

    /// Where the person may be; `None` for a number that is none.
    pub fn zones(&self) -> Option<Zones> {
        let number = PhoneNumber::from_e164(self.queued.number.as_str()).ok()?;
        Some(Zones::of_lead(&number, self.queued.zone.as_ref()))
    }

    /// When the hours end at which the person may be called; now, if this is none.
    pub fn hours_end(&self, now: Timestamp) -> Option<Timestamp> {
        match self.window(now) {
            Opening::Open { until } => Some(until),
            Opening::OpensAt(_) | Opening::Never(_) => Some(now),
        }
    }
}

#[derive(Default)]
pub(super) struct Heads {
    queues: BTreeMap<(CampaignId, Priority), Queue>,
    /// Which of those that are empty or unknown have somebody: looked at so long ago.
    due: BTreeSet<(CampaignId, Priority)>,
    due_at: Option<Timestamp>,
    /// When this round began: what was read in it is fresh, however long that took.
    filled_at: Option<Timestamp>,
    /// Campaigns that can't go on in this round, whatever the job.
    blocked: BTreeSet<CampaignId>,
    deferred: Vec<(JobId, Closed, Timestamp)>,
    skipped: Vec<(QueuedJob, Closed)>,
    expired: Vec<QueuedJob>,
}

struct Queue {
    read_at: Timestamp,
    jobs: VecDeque<Ready>,
    /// So many were asked for.
    asked: u32,
    /// Whether there were no more when it was read.
    rest: Rest,
    /// Whether somebody is to go who was read too long ago.
    is_wanted_fresh: bool,
}

/// What stands behind the jobs that were read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    None,
    Some,
}

impl Queue {
    /// How many to ask for next.
    fn next(&self, now: Timestamp) -> u32 {
        let is_used_up = self.jobs.is_empty() && self.rest == Rest::Some;
        match is_used_up && now.duration_since(self.read_at) < FRESH {
            true => (self.asked * 2).min(READ_AT_MOST),
            false if self.jobs.is_empty() => READ,
            false => self.asked,
        }
    }
}

impl Heads {
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Reads the heads of running campaigns that are used up or old.
    pub async fn fill(
        &mut self,
        store: &Store,
        campaigns: &[Arc<StoredCampaign>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.blocked.clear();
        self.filled_at = Some(now);
        let running: BTreeMap<CampaignId, &Arc<StoredCampaign>> = campaigns
            .iter()
            .filter(|campaign| campaign.state == CampaignState::Running)
            .map(|campaign| (campaign.id, campaign))
            .collect();
        self.queues.retain(|(campaign, _), _| running.contains_key(campaign));
        self.look_who_is_due(store, &running, now).await?;
        for (id, campaign) in running {
            for priority in Priority::ALL {
                let is_due = match self.queues.get(&(id, priority)) {
                    Some(queue) if !queue.jobs.is_empty() => queue.is_wanted_fresh,
                    Some(queue) if queue.rest == Rest::Some => true,
                    Some(_) | None => self.due.remove(&(id, priority)),
                };
                if is_due {
                    let asked = self.queues.get(&(id, priority)).map_or(READ, |queue| queue.next(now));
                    let mut jobs = read(store, campaign, priority, now, asked).await?;
                    let rest = if jobs.len() < asked as usize { Rest::None } else { Rest::Some };
                    jobs.retain(|ready| {
                        let is_given_up = waited_too_long(ready, now);
                        if is_given_up {
                            self.expired.push(ready.queued.clone());
                        }
                        !is_given_up
                    });
                    let queue = Queue { read_at: now, jobs, asked, rest, is_wanted_fresh: false };
                    self.queues.insert((id, priority), queue);
                } else if let Some(queue) = self.queues.get_mut(&(id, priority)) {
                    // What a campaign says now holds for the jobs that were read before.
                    queue.jobs.iter_mut().for_each(|ready| ready.campaign = campaign.clone());
                }
            }
        }
        Ok(())
    }

    /// Looks now and then which of the queues that have nobody have somebody.
    async fn look_who_is_due(
        &mut self,
        store: &Store,
        running: &BTreeMap<CampaignId, &Arc<StoredCampaign>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.due_at.is_some_and(|at| now.duration_since(at) < NOTHING) {
            return Ok(());
        }
        let ids: Vec<CampaignId> = running.keys().copied().collect();
        self.due = if ids.is_empty() { BTreeSet::new() } else { store.due_levels(&ids, now).await? };
        self.due_at = Some(now);
        Ok(())
    }

    /// Whether what is known of a head is too old for it to go. It is read again in the next round.
    pub fn is_stale(&mut self, head: &Head, now: Timestamp) -> bool {
        let is_it =
            |queue: &&mut Queue| queue.jobs.front().is_some_and(|ready| ready.queued.job.id == head.job);
        let filled_at = self.filled_at;
        let Some(queue) = self.queues.values_mut().find(is_it) else { return false };
        let is_old = now.duration_since(queue.read_at) >= FRESH;
        queue.is_wanted_fresh = is_old && filled_at != Some(queue.read_at);
        queue.is_wanted_fresh
    }

    /// The first job of each tenant and level.
    pub fn first_of_each(&self) -> Vec<Head> {
        let mut first: BTreeMap<(&TenantId, Priority), Head> = BTreeMap::new();
        for ((campaign, priority), queue) in &self.queues {
            let Some(ready) = queue.jobs.front().filter(|_| !self.blocked.contains(campaign)) else {
                continue;
            };
            let head = head(ready, *priority);
            let known = first.entry((&ready.campaign.tenant, *priority)).or_insert_with(|| head.clone());
            if (head.since, head.job) < (known.since, known.job) {
                *known = head;
            }
        }
        first.into_values().collect()
    }

    pub fn get(&self, head: &Head) -> Option<&Ready> {
        self.queues
            .values()
            .filter_map(|queue| queue.jobs.front())
            .find(|ready| ready.queued.job.id == head.job)
    }

    pub fn take(&mut self, head: &Head) -> Option<Ready> {
        let is_it =
            |queue: &&mut Queue| queue.jobs.front().is_some_and(|ready| ready.queued.job.id == head.job);
        self.queues.values_mut().find(is_it)?.jobs.pop_front()
    }

    /// Nothing of this campaign goes on in this round.
    pub fn block(&mut self, campaign: CampaignId) {
        self.blocked.insert(campaign);
    }

    /// A gate is closed for a head. Whether another may stand in its place now.
    pub fn was_closed(&mut self, head: &Head, closed: Closed, now: Timestamp) -> bool {
        match &closed {
            Closed::CampaignNotStarted
            | Closed::CampaignPaused
            | Closed::CampaignDraining
            | Closed::CampaignLacks { .. }
            | Closed::NoSlot { of: LimitOf::Campaign, .. }
            | Closed::Pace { of: LimitOf::Campaign, .. }
            | Closed::DailyCap { of: CapOf::Campaign, .. } => {
                let campaign = self.get(head).map(|ready| ready.campaign.id);
                campaign.is_some_and(|campaign| self.blocked.insert(campaign))
            }
            closed if closed.is_final() => match self.take(head) {
                Some(ready) => {
                    self.skipped.push((ready.queued, closed.clone()));
                    true
                }
                None => false,
            },
            Closed::NotBefore { .. }
            | Closed::RetryNotDue { .. }
            | Closed::CallBack { .. }
            | Closed::OutOfWindow { .. }
            | Closed::Duplicate { .. }
            | Closed::SamePairOpen
            | Closed::PersonBudget { .. } => {
                let again = closed.opens_at().unwrap_or_else(|| now + SOON);
                self.take(head).is_some_and(|ready| {
                    self.deferred.push((ready.queued.job.id, closed, again));
                    true
                })
            }
            _ => false,
        }
    }

    /// What was found closed, and when to look again.
    pub fn take_deferred(&mut self) -> Vec<(JobId, Closed, Timestamp)> {
        std::mem::take(&mut self.deferred)
    }

    /// What has waited too long for its first attempt.
    pub fn take_expired(&mut self) -> Vec<QueuedJob> {
        std::mem::take(&mut self.expired)
    }

    /// What will never open.
    pub fn take_skipped(&mut self) -> Vec<(QueuedJob, Closed)> {
        std::mem::take(&mut self.skipped)
    }
}

fn waited_too_long(ready: &Ready, now: Timestamp) -> bool {
    let limit =
        ready.campaign.policy.give_up_after_secs.map(|secs| SignedDuration::from_secs(i64::from(secs)));
    let job = &ready.queued.job;
    // Whoever asked to be called is called, however long ago they came into the queue.
    job.used == 0
        && job.promised.is_none()
        && limit.is_some_and(|limit| now.duration_since(job.enqueued_at) >= limit)
}

fn head(ready: &Ready, priority: Priority) -> Head {
    let job = &ready.queued.job;
    let since = match &job.state {
        JobState::Waiting { not_before: Some(at), .. } => *at,
        _ => job.since,
    };
    Head { tenant: job.tenant.clone(), priority, since, job: job.id }
}

async fn read(
    store: &Store,
    campaign: &Arc<StoredCampaign>,
    priority: Priority,
    now: Timestamp,
    most: u32,
) -> Result<VecDeque<Ready>, StoreError> {
    let jobs = store.heads(campaign.id, priority, now, most).await?;
    if jobs.is_empty() {
        return Ok(VecDeque::new());
    }
    let numbers: BTreeSet<Address> = jobs.iter().map(|queued| queued.number.clone()).collect();
    let mut earlier = store.earlier(&campaign.tenant, &numbers, since(campaign, now)).await?;
    let ready = |queued: QueuedJob| Ready {
        earlier: earlier.get_mut(&queued.number).cloned().unwrap_or_default(),
        queued,
        campaign: campaign.clone(),
    };
    Ok(jobs.into_iter().map(ready).collect())
}

/// How far back earlier calls count.
pub(super) fn since(campaign: &StoredCampaign, now: Timestamp) -> Timestamp {
    let dedup = SignedDuration::from_secs(i64::from(campaign.policy.dedup_window_secs));
    now.checked_sub(dedup.max(WEEK)).unwrap_or(Timestamp::MIN)
}

/// The store's word and memory's on the earlier calls to a person; memory's is the newer one.
pub(super) fn merged(stored: &[EarlierCall], in_memory: PersonCalls) -> Vec<EarlierCall> {
    let mut all: BTreeMap<_, _> = stored.iter().map(|one| (one.earlier.call, one.clone())).collect();
    all.extend(in_memory.into_iter().map(|one| (one.earlier.call, one)));
    all.into_values().collect()
}
