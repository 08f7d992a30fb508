//! What of the day is used up: the calls of campaigns that have a daily cap, the calls and minutes of tenants that have an
//! allowance. Read from the store, and counted on from there with what this node begins; what other nodes begin meanwhile
//! is counted in the claim's transaction.

use super::QueueConfig;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_core::campaign::CampaignState;
use trunkline_core::dial::allowance::UsedToday;
use trunkline_core::dial::gates::{Cap, CapOf, Pace};
use trunkline_core::id::{CampaignId, TenantId};
use trunkline_core::window::Zone;
use trunkline_store::{CappedBy, DayCap, Store, StoreError, StoredCampaign};

/// What was read longer ago is read again: calls go on, and other nodes begin some.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// What of the day is used up, as last read, and what was begun since.
#[derive(Debug, Default)]
pub(crate) struct Spent(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    campaigns: BTreeMap<CampaignId, Today>,
    tenants: BTreeMap<TenantId, Today>,
    dialed_at: BTreeMap<TenantId, Timestamp>,
    /// When each campaign with a pace last began a call.
    begun_at: BTreeMap<CampaignId, Option<Timestamp>>,
}

#[derive(Clone, Copy, Debug)]
struct Today {
    used: UsedToday,
    since: Timestamp,
    resets_at: Timestamp,
    read_at: Timestamp,
}

impl Today {
    fn is_old(&self, now: Timestamp) -> bool {
        now >= self.resets_at || now.duration_since(self.read_at) >= FRESH
    }
}

impl Spent {
    /// Reads again what is old, of what has a cap.
    pub async fn look(
        &self,
        store: &Store,
        campaigns: &[Arc<StoredCampaign>],
        config: &QueueConfig,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for campaign in campaigns.iter().filter(|one| one.state == CampaignState::Running) {
            let is_old = |today: Option<&Today>| today.is_none_or(|today| today.is_old(now));
            if campaign.policy.pacing.daily_cap.is_some() && is_old(self.0.lock().campaigns.get(&campaign.id))
            {
                let (since, resets_at) = day(&campaign.policy.zone, now);
                let calls = store.campaign_calls(campaign.id, since).await?;
                let today = Today { used: UsedToday { calls, minutes: 0 }, since, resets_at, read_at: now };
                self.0.lock().campaigns.insert(campaign.id, today);
            }
            if campaign.policy.pacing.pace().is_some() && !self.0.lock().begun_at.contains_key(&campaign.id) {
                let at = store.last_attempt_of(campaign.id).await?;
                self.0.lock().begun_at.insert(campaign.id, at);
            }
            let allowance = config.allowance(&campaign.tenant);
            let has_cap = allowance.calls_a_day.is_some() || allowance.minutes_a_day.is_some();
            if has_cap && is_old(self.0.lock().tenants.get(&campaign.tenant)) {
                let (since, resets_at) = day(&Zone::utc(), now);
                let used = store.tenant_use(&campaign.tenant, since).await?;
                self.0
                    .lock()
                    .tenants
                    .insert(campaign.tenant.clone(), Today { used, since, resets_at, read_at: now });
            }
        }
        Ok(())
    }

    /// What the gates look at.
    pub fn caps(&self, campaign: &StoredCampaign, config: &QueueConfig) -> Vec<Cap> {
        let known = self.0.lock();
        let today = known.campaigns.get(&campaign.id);
        let own = campaign.policy.pacing.daily_cap.zip(today).map(|(limit, today)| Cap {
            of: CapOf::Campaign,
            used: today.used.calls,
            limit,
            resets_at: today.resets_at,
        });
        let allowance = config.allowance(&campaign.tenant);
        let of_tenant = known
            .tenants
            .get(&campaign.tenant)
            .map(|today| allowance.caps(today.used, today.resets_at).collect::<Vec<_>>());
        own.into_iter().chain(of_tenant.into_iter().flatten()).collect()
    }

    /// What is counted again when a job is claimed: another node may have begun calls since this one looked. Minutes are
    /// not: they pass while calls go on.
    pub fn day_caps(&self, campaign: &StoredCampaign, config: &QueueConfig) -> Vec<DayCap> {
        let known = self.0.lock();
        let cap = |of, today: Option<&Today>, limit: Option<u32>| {
            Some(DayCap { of, since: today?.since, limit: limit? })
        };
        let own = CappedBy::Campaign(campaign.id);
        let own = cap(own, known.campaigns.get(&campaign.id), campaign.policy.pacing.daily_cap);
        let tenant = CappedBy::Tenant(campaign.tenant.clone());
        let allowed = config.allowance(&campaign.tenant).calls_a_day;
        own.into_iter().chain(cap(tenant, known.tenants.get(&campaign.tenant), allowed)).collect()
    }

    /// The tenant's own pace.
    pub fn pace(&self, tenant: &TenantId, config: &QueueConfig) -> Option<Pace> {
        config.allowance(tenant).pace(self.0.lock().dialed_at.get(tenant).copied())
    }

    /// When a campaign last began a call, if it has a pace.
    pub fn begun_at(&self, campaign: CampaignId) -> Option<Timestamp> {
        self.0.lock().begun_at.get(&campaign).copied().flatten()
    }

    /// One more call is begun.
    pub fn one_more(&self, campaign: &StoredCampaign, now: Timestamp) {
        let mut known = self.0.lock();
        if let Some(today) = known.campaigns.get_mut(&campaign.id) {
            today.used.calls = today.used.calls.saturating_add(1);
        }
        if let Some(today) = known.tenants.get_mut(&campaign.tenant) {
            today.used.calls = today.used.calls.saturating_add(1);
        }
        if let Some(at) = known.begun_at.get_mut(&campaign.id) {
            *at = Some(now);
        }
        known.dialed_at.insert(campaign.tenant.clone(), now);
    }
}

/// When the day of this moment began in a zone, and when the next one begins.
fn day(zone: &Zone, now: Timestamp) -> (Timestamp, Timestamp) {
    let today = now.to_zoned(zone.rules());
    let begins = |date: jiff::civil::Date| date.to_zoned(zone.rules()).map(|day| day.timestamp());
    let began = begins(today.date()).unwrap_or(now);
    let next = today.date().tomorrow().and_then(begins);
    (began, next.unwrap_or_else(|_| now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(now)))
}
