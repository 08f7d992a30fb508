//! Numbers that must not be dialed: journaled first, held in memory, projected later. Asked at dial time.

use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::record::{Suppression, kind};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;
use trunkline_core::id::TenantId;
use trunkline_core::private::Address;
use trunkline_journal::Class;

/// All suppressions, by tenant and number.
#[derive(Debug, Default)]
pub(crate) struct Suppressed(RwLock<HashMap<(TenantId, Address), Suppression>>);

impl Suppressed {
    pub fn contains(&self, tenant: &TenantId, number: &Address) -> bool {
        self.0.read().contains_key(&(tenant.clone(), number.clone()))
    }

    /// Adds one; the first reason given for a number stands.
    pub fn add(&self, entry: Suppression) {
        self.0.write().entry((entry.tenant.clone(), entry.number.clone())).or_insert(entry);
    }

    /// Adds one that others have written down, if it stands and names a tenant.
    pub fn has_stood(&self, entry: trunkline_store::Suppression) {
        let trunkline_store::Suppression { tenant, number, reason, since, lifted_at } = entry;
        if let (Some(tenant), None) = (tenant, lifted_at) {
            self.add(Suppression { tenant, number, reason, since });
        }
    }

    pub fn of(&self, tenant: &TenantId) -> Vec<Suppression> {
        self.0.read().values().filter(|entry| entry.tenant == *tenant).cloned().collect()
    }

    pub fn all(&self) -> Vec<Suppression> {
        self.0.read().values().cloned().collect()
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
