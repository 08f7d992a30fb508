//! What of a day's allowance is left when jobs are claimed: counted in the claim's own transaction, so that no two nodes
//! use up the same rest.

use super::Claiming;
use crate::db::Tx;
use crate::error::StoreError;
use crate::sql;
use jiff::Timestamp;
use std::collections::BTreeMap;
use trunkline_core::id::{CampaignId, TenantId};

/// So many calls in a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayCap {
    /// Whose.
    pub of: CappedBy,
    /// When the day began.
    pub since: Timestamp,
    /// How many.
    pub limit: u32,
}

/// Whose calls are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CappedBy {
    /// A campaign's.
    Campaign(CampaignId),
    /// All outbound calls of a tenant.
    Tenant(TenantId),
}

/// How many calls may still begin, by what caps them.
#[derive(Default)]
pub(super) struct Room(BTreeMap<DayCap, u64>);

impl Room {
    /// Counts what caps these claims.
    pub async fn of(tx: &mut Tx, wanted: &[Claiming]) -> Result<Self, StoreError> {
        let mut room = BTreeMap::new();
        for cap in wanted.iter().flat_map(|claiming| &claiming.caps) {
            if !room.contains_key(cap) {
                room.insert(cap.clone(), u64::from(cap.limit).saturating_sub(used(tx, cap).await?));
            }
        }
        Ok(Self(room))
    }

    /// Whether there is room for one more call under all of these.
    pub fn has(&self, caps: &[DayCap]) -> bool {
        caps.iter().all(|cap| self.0.get(cap).is_none_or(|left| *left > 0))
    }

    /// One more call is begun.
    pub fn take(&mut self, caps: &[DayCap]) {
        for cap in caps {
            if let Some(left) = self.0.get_mut(cap) {
                *left = left.saturating_sub(1);
            }
        }
    }
}

async fn used(tx: &mut Tx, cap: &DayCap) -> Result<u64, StoreError> {
    let since = cap.since.as_microsecond();
    let asked = |of: &str| vec![of.into(), since.into()];
    let number = async |tx: &mut Tx, statement, of: &str, column| {
        let rows = tx.rows(statement, asked(of)).await?;
        rows.first().map_or(Ok(0), |row| row.number::<u64>(column))
    };
    match &cap.of {
        CappedBy::Campaign(id) => number(tx, &sql::CAMPAIGN_CALLS, &id.to_string(), "n").await,
        CappedBy::Tenant(id) => {
            let calls = number(tx, &sql::TENANT_USE, id.as_str(), "calls").await?;
            // Claims whose calls are still on their way here.
            Ok(calls + number(tx, &sql::TENANT_CLAIMED, id.as_str(), "n").await?)
        }
    }
}
