//! Who takes up a slot at this moment: an index over the live calls, kept in step with them under the call's own lock.
//! What it counts are sets of calls, not numbers, so there is nothing to leak. A call that is handed on holds two: it dials.

use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use trunkline_core::call::{Call, Direction};
use trunkline_core::id::{AccountId, CallId, CampaignId, TenantId};
use trunkline_core::private::Address;

/// The open calls, by everything a limit asks for.
#[derive(Debug, Default)]
pub(crate) struct Slots(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    all: HashSet<CallId>,
    /// Those that hold a second slot, for the leg that they dial to hand themselves on.
    second: HashSet<CallId>,
    by_account: HashMap<AccountId, HashSet<Holder>>,
    by_tenant: HashMap<TenantId, HashSet<Holder>>,
    outbound_by_tenant: HashMap<TenantId, HashSet<Holder>>,
    by_pair: HashMap<Pair, HashSet<CallId>>,
    by_campaign: HashMap<CampaignId, HashSet<CallId>>,
}

/// What takes up a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    /// A call.
    Own(CallId),
    /// The leg that it dials to hand itself on.
    Second(CallId),
}

type Pair = (AccountId, Address, Address);

/// How many calls are open, as seen by one call.
pub(crate) struct Count {
    pub system: u32,
    pub account: u32,
    pub tenant: u32,
    pub tenant_outbound: u32,
    /// Of the same pair of numbers, not counting the call itself.
    pub pair: u32,
}

impl Slots {
    /// Brings the index in step with a call that has just changed.
    pub fn update(&self, call: &Call) {
        let mut open = self.0.lock();
        if call.holds_slot() {
            open.take(call);
        } else {
            open.free(call);
        }
        if call.holds_second_slot() {
            open.take_second(call);
        } else {
            open.free_second(call);
        }
    }

    /// Takes a second slot for a call, as [`Slots::take_if`] takes the first.
    pub fn take_second_if<E>(
        &self,
        call: &Call,
        judge: impl FnOnce(Count) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut open = self.0.lock();
        judge(open.count(call))?;
        open.take_second(call);
        Ok(())
    }

    /// Takes a slot for a call if `judge`, who is told how many are open, says so: nobody else takes one in between.
    pub fn take_if<E>(&self, call: &Call, judge: impl FnOnce(Count) -> Result<(), E>) -> Result<(), E> {
        let mut open = self.0.lock();
        judge(open.count(call))?;
        open.take(call);
        Ok(())
    }

    /// How many calls hold a slot.
    pub fn len(&self) -> usize {
        self.0.lock().all.len()
    }

    /// Takes a call out, whatever its state.
    pub fn remove(&self, call: &Call) {
        let mut open = self.0.lock();
        open.free(call);
        open.free_second(call);
    }

    /// How many calls of a campaign are open.
    pub fn of_campaign(&self, campaign: CampaignId) -> u32 {
        size(self.0.lock().by_campaign.get(&campaign))
    }

    /// Whether an attempt from one of our numbers to a person is open.
    pub fn is_open(&self, account: &AccountId, from: &Address, to: &Address) -> bool {
        self.0.lock().by_pair.contains_key(&(account.clone(), from.clone(), to.clone()))
    }

    /// How many calls are open, as seen by a tenant who wants to begin one on this account. Pairs are not counted.
    pub fn count_of(&self, tenant: &TenantId, account: &AccountId) -> Count {
        self.0.lock().count_of(tenant, account)
    }

    /// How many calls are open, as seen by this one.
    pub fn count(&self, call: &Call) -> Count {
        self.0.lock().count(call)
    }
}

impl Open {
    fn count_of(&self, tenant: &TenantId, account: &AccountId) -> Count {
        Count {
            system: u32::try_from(self.all.len() + self.second.len()).unwrap_or(u32::MAX),
            account: size(self.by_account.get(account)),
            tenant: size(self.by_tenant.get(tenant)),
            tenant_outbound: size(self.outbound_by_tenant.get(tenant)),
            pair: 0,
        }
    }

    fn count(&self, call: &Call) -> Count {
        let others = self.by_pair.get(&pair(call));
        let pair = size(others) - u32::from(others.is_some_and(|set| set.contains(&call.id)));
        Count { pair, ..self.count_of(&call.tenant, &call.account) }
    }

    fn take(&mut self, call: &Call) {
        if !self.all.insert(call.id) {
            return;
        }
        let own = Holder::Own(call.id);
        self.by_account.entry(call.account.clone()).or_default().insert(own);
        self.by_tenant.entry(call.tenant.clone()).or_default().insert(own);
        if let Some(campaign) = call.job.as_ref().and_then(|of| of.campaign) {
            self.by_campaign.entry(campaign).or_default().insert(call.id);
        }
        if call.direction == Direction::Outbound {
            self.outbound_by_tenant.entry(call.tenant.clone()).or_default().insert(own);
            self.by_pair.entry(pair(call)).or_default().insert(call.id);
        }
    }

    fn free(&mut self, call: &Call) {
        if !self.all.remove(&call.id) {
            return;
        }
        let own = Holder::Own(call.id);
        leave(&mut self.by_account, &call.account, &own);
        leave(&mut self.by_tenant, &call.tenant, &own);
        leave(&mut self.outbound_by_tenant, &call.tenant, &own);
        leave(&mut self.by_pair, &pair(call), &call.id);
        if let Some(campaign) = call.job.as_ref().and_then(|of| of.campaign) {
            leave(&mut self.by_campaign, &campaign, &call.id);
        }
    }

    /// Whichever way the call goes, its second leg is one that we dial. Many may be handed to one number at once.
    fn take_second(&mut self, call: &Call) {
        if !self.second.insert(call.id) {
            return;
        }
        let second = Holder::Second(call.id);
        self.by_account.entry(call.account.clone()).or_default().insert(second);
        self.by_tenant.entry(call.tenant.clone()).or_default().insert(second);
        self.outbound_by_tenant.entry(call.tenant.clone()).or_default().insert(second);
    }

    fn free_second(&mut self, call: &Call) {
        if !self.second.remove(&call.id) {
            return;
        }
        let second = Holder::Second(call.id);
        leave(&mut self.by_account, &call.account, &second);
        leave(&mut self.by_tenant, &call.tenant, &second);
        leave(&mut self.outbound_by_tenant, &call.tenant, &second);
    }
}

fn size<T>(set: Option<&HashSet<T>>) -> u32 {
    set.map_or(0, |set| u32::try_from(set.len()).unwrap_or(u32::MAX))
}

fn pair(call: &Call) -> Pair {
    (call.account.clone(), call.shown_as(call.leg()).clone(), call.party.to.clone())
}

fn leave<K: std::hash::Hash + Eq, T: std::hash::Hash + Eq>(
    sets: &mut HashMap<K, HashSet<T>>,
    key: &K,
    holder: &T,
) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(holder);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
