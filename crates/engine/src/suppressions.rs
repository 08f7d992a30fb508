//! Numbers that must not be dialed: journaled first, held in memory, projected later. Asked at dial time.

use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::record::{Suppression, kind};
use parking_lot::RwLock;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use trunkline_core::id::TenantId;
use trunkline_core::private::Address;
use trunkline_journal::Class;

/// All suppressions, by tenant and number.
#[derive(Debug, Default)]
pub(crate) struct Suppressed {
    by_tenant: RwLock<HashMap<(TenantId, Address), Suppression>>,
    /// Numbers that nobody may dial: they came with history from elsewhere.
    for_all: RwLock<HashSet<Address>>,
}

impl Suppressed {
    pub fn contains(&self, tenant: &TenantId, number: &Address) -> bool {
        self.by_tenant.read().contains_key(&(tenant.clone(), number.clone()))
            || self.for_all.read().contains(number)
    }

    /// Adds one; the first reason given for a number stands.
    pub fn add(&self, entry: Suppression) {
        self.by_tenant.write().entry((entry.tenant.clone(), entry.number.clone())).or_insert(entry);
    }

    /// Adds one that stands in the store or came with a file: what other nodes were told, or what was imported.
    pub fn has_stood(&self, entry: trunkline_store::Suppression) {
        let trunkline_store::Suppression { tenant, number, reason, since, lifted_at } = entry;
        match (tenant, lifted_at) {
            (_, Some(_)) => {}
            (Some(tenant), None) => self.add(Suppression { tenant, number, reason, since }),
            (None, None) => drop(self.for_all.write().insert(number)),
        }
    }

    pub fn of(&self, tenant: &TenantId) -> Vec<Suppression> {
        self.by_tenant.read().values().filter(|entry| entry.tenant == *tenant).cloned().collect()
    }

    pub fn all(&self) -> Vec<Suppression> {
        self.by_tenant.read().values().cloned().collect()
    }
}

impl Inner {
    /// Suppresses a number, durably: from the moment this returns no gate lets it pass.
    pub(crate) async fn suppress_number(
        self: &Arc<Self>,
        tenant: &TenantId,
        number: Address,
        reason: &str,
    ) -> Result<(), IntakeError> {
        let entry = Suppression {
            tenant: tenant.clone(),
            number,
            reason: reason.to_owned(),
            since: self.clock.now(),
        };
        let payload = serde_json::to_vec(&entry).map_err(|e| IntakeError::Failed(e.to_string()))?;
        // In memory first: a dial that passes its gate while the disk is waited for would be one too many.
        self.suppressed.add(entry);
        self.journal.append(kind::SUPPRESSED, payload, Class::Ending)?.await?;
        Ok(())
    }
}
