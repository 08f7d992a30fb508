//! Whom next: fair shares between tenants by weight, priorities within a tenant.
//!
//! Stride scheduling: each call a tenant begins moves its *pass* on by an amount that is smaller the greater its weight;
//! the tenant with the smallest pass is next. A tenant that had nothing to do begins where the others are, so that
//! idleness saves nothing up. Only the heads of the queues are looked at, however long they are.

use super::level::{Levels, Priority};
use crate::id::{JobId, TenantId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU16;

/// What a call costs a tenant of weight 1. Divisible by many weights, and so large that rounding is invisible.
const STRIDE: u64 = 1 << 32;

/// A tenant's part of what the system can do, beside the others': 2 gets twice what 1 gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weight(pub NonZeroU16);

impl Default for Weight {
    fn default() -> Self {
        Self(NonZeroU16::MIN)
    }
}

/// The first job of one tenant's queue at one level that may be due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose.
    pub tenant: TenantId,
    /// At which level.
    pub priority: Priority,
    /// Since when it could have been dialed.
    pub since: Timestamp,
    /// Which.
    pub job: JobId,
}

/// How far each tenant has got.
#[derive(Clone, Debug)]
pub struct Shares {
    ageing: SignedDuration,
    tenants: BTreeMap<TenantId, Share>,
    /// The pass of the tenant that was served last: where one begins that had nothing to do.
    reached: u64,
}

#[derive(Clone, Debug, Default)]
struct Share {
    weight: Weight,
    pass: u64,
    levels: Levels,
}

impl Shares {
    /// Nobody has begun a call yet. `ageing` is how long a lower level may wait before it goes first once.
    pub fn new(ageing: SignedDuration) -> Self {
        Self { ageing, tenants: BTreeMap::new(), reached: 0 }
    }

    /// Sets a tenant's weight; 1 where nothing was set.
    pub fn set_weight(&mut self, tenant: &TenantId, weight: Weight) {
        let reached = self.reached;
        let share = self.tenants.entry(tenant.clone()).or_insert(Share { pass: reached, ..Share::default() });
        share.weight = weight;
    }

    /// The next job to dial: the first, in the order of shares and levels, that `may_go`. It is charged to its tenant.
    ///
    /// `heads` holds at most one job per tenant and level. `may_go` asks the gates; a tenant whose jobs may not go is
    /// passed over.
    pub fn pick<'heads>(
        &mut self,
        heads: &'heads [Head],
        now: Timestamp,
        mut may_go: impl FnMut(&Head) -> bool,
    ) -> Option<&'heads Head> {
        let mut by_tenant: BTreeMap<&TenantId, BTreeMap<Priority, &'heads Head>> = BTreeMap::new();
        for head in heads {
            by_tenant.entry(&head.tenant).or_default().entry(head.priority).or_insert(head);
        }
        let mut order: Vec<(u64, &TenantId)> =
            by_tenant.keys().map(|tenant| (self.pass(tenant), *tenant)).collect();
        order.sort();
        for (pass, tenant) in order {
            let levels = self.tenants.get(tenant).map(|share| share.levels).unwrap_or_default();
            let heads = &by_tenant[tenant];
            let ready = |level| heads.get(&level).map(|head| head.since);
            let in_order = levels.order(ready, self.ageing, now);
            let mut heads = in_order.into_iter().filter_map(|level| heads.get(&level).copied());
            if let Some(head) = heads.find(|head| may_go(head)) {
                self.reached = self.reached.max(pass);
                self.charge(head, pass, now);
                return Some(head);
            }
        }
        None
    }

    /// Where a tenant stands. Who had nothing to do, or could not go, is next in line and has saved nothing up.
    fn pass(&self, tenant: &TenantId) -> u64 {
        self.tenants.get(tenant).map_or(self.reached, |share| share.pass.max(self.reached))
    }

    fn charge(&mut self, head: &Head, pass: u64, now: Timestamp) {
        let share = self.tenants.entry(head.tenant.clone()).or_default();
        share.pass = pass.saturating_add(STRIDE / u64::from(share.weight.0.get()));
        share.levels.served(head.priority, now);
    }
}
