//! Attempts on their way from the gates to the carrier: picked, claimed or waiting for their turn, and not yet among the open
//! calls. The gates count them as if they were open, so that jobs can be claimed ahead of the pace and no limit is passed.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::id::{AccountId, CallId, CampaignId, TenantId};
use trunkline_core::private::Address;

/// So long before its turn a job is picked at most, and at least, really.
const SOONEST: Duration = Duration::from_secs(1);
const LATEST: Duration = Duration::from_millis(400);

/// Attempts on their way.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnderWay(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    calls: HashMap<CallId, Way>,
    by_account: HashMap<AccountId, u32>,
    by_tenant: HashMap<TenantId, u32>,
    by_campaign: HashMap<CampaignId, u32>,
    by_number: HashMap<Address, u32>,
    /// How long rounds of claims take, really: the last one, or what is left of a longer one before it.
    round: Duration,
}

#[derive(Clone, Debug)]
struct Way {
    account: AccountId,
    tenant: TenantId,
    campaign: CampaignId,
    number: Address,
}

/// Keeps an attempt among those on their way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    call: CallId,
    known: UnderWay,
}

/// How many are on their way, as one job sees them.
pub(super) struct Ahead {
    pub all: u32,
    pub of_tenant: u32,
    pub of_campaign: u32,
    /// To the same person's number.
    pub to_number: u32,
}

impl UnderWay {
    /// So long before its turn, really, a job is picked: a round of claims that takes its time delays no call then.
    pub fn sets_out_before(&self) -> Duration {
        (self.0.lock().round * 2).clamp(LATEST, SOONEST)
    }

    /// A round of claims took so long, really.
    pub fn round_took(&self, took: Duration) {
        let mut known = self.0.lock();
        known.round = took.max(known.round * 3 / 4);
    }

    /// An attempt sets out.
    pub fn add(
        &self,
        call: CallId,
        account: AccountId,
        tenant: TenantId,
        campaign: CampaignId,
        number: Address,
    ) -> Place {
        let mut known = self.0.lock();
        *known.by_account.entry(account.clone()).or_default() += 1;
        *known.by_tenant.entry(tenant.clone()).or_default() += 1;
        *known.by_campaign.entry(campaign).or_default() += 1;
        *known.by_number.entry(number.clone()).or_default() += 1;
        known.calls.insert(call, Way { account, tenant, campaign, number });
        Place { call, known: self.clone() }
    }

    /// Whether this call is on its way.
    pub fn has(&self, call: CallId) -> bool {
        self.0.lock().calls.contains_key(&call)
    }

    /// How many are on their way to a carrier account: its pace and its limit are none of the others'.
    pub fn to_account(&self, account: &AccountId) -> u32 {
        self.0.lock().by_account.get(account).copied().unwrap_or(0)
    }

    /// Those that a job has ahead of it.
    pub(super) fn ahead_of(&self, tenant: &TenantId, campaign: CampaignId, number: &Address) -> Ahead {
        let known = self.0.lock();
        let count = |of: Option<&u32>| of.copied().unwrap_or(0);
        Ahead {
            all: u32::try_from(known.calls.len()).unwrap_or(u32::MAX),
            of_tenant: count(known.by_tenant.get(tenant)),
            of_campaign: count(known.by_campaign.get(&campaign)),
            to_number: count(known.by_number.get(number)),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut known = self.known.0.lock();
        if let Some(Way { account, tenant, campaign, number }) = known.calls.remove(&self.call) {
            one_less(&mut known.by_account, &account);
            one_less(&mut known.by_tenant, &tenant);
            one_less(&mut known.by_campaign, &campaign);
            one_less(&mut known.by_number, &number);
        }
    }
}

fn one_less<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_core::id::CampaignId;

    #[test]
    fn whoever_is_on_its_way_is_counted_until_it_is_there() {
        let ways = UnderWay::default();
        let at = jiff::Timestamp::UNIX_EPOCH;
        let (campaign, tenant) = (CampaignId::minted(at, [1; 10]), TenantId::new("acme"));
        let (call, number) = (CallId::new(at, [2; 10]), Address::new("+15550100100"));
        let (one, other) = (AccountId::new("twilio:AC1"), AccountId::new("telnyx:1"));
        let place = ways.add(call, one.clone(), tenant.clone(), campaign, number.clone());
        let ahead = ways.ahead_of(&tenant, campaign, &number);
        assert_eq!((ahead.all, ahead.of_tenant, ahead.of_campaign, ahead.to_number), (1, 1, 1, 1));
        assert_eq!(ways.ahead_of(&TenantId::new("other"), campaign, &number).of_tenant, 0);
        assert_eq!((ways.to_account(&one), ways.to_account(&other)), (1, 0));
        assert!(ways.has(call));
        drop(place);
        assert_eq!((ways.to_account(&one), ways.has(call)), (0, false));
    }
}
