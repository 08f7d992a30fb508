//! The check of our numbers: each against what the journal last said of it, and against the tenants there are.

use super::verify::{Check, VerifyError};
use std::collections::BTreeSet;
use trunkline_core::id::TenantId;
use trunkline_core::numbers::Number;
use trunkline_core::private::Address;
use trunkline_core::tenancy::Decision;

impl Check<'_> {
    /// What the journal says of a number: of two versions the higher.
    pub(super) fn heard_of(&mut self, number: Number) {
        let stands = match self.numbers.remove(&number.number) {
            Some(known) => known.newer(&number),
            None => number,
        };
        self.numbers.insert(stands.number.clone(), stands);
    }

    /// Every number of the database. One that the journal knows in a newer version, or that is not there, was lost with an
    /// older copy of the database; the next start of a server brings it back.
    pub(super) async fn numbers(&mut self) -> Result<(), VerifyError> {
        let rows = self.store.decisions().await?;
        let tenants: BTreeSet<TenantId> = rows
            .iter()
            .filter_map(|row| match row {
                Decision::Tenant(tenant) => Some(tenant.id.clone()),
                Decision::Key(_) | Decision::User(_) | Decision::Number(_) => None,
            })
            .chain([TenantId::default_tenant()])
            .collect();
        let mut journaled = std::mem::take(&mut self.numbers);
        for row in rows {
            let Decision::Number(row) = row else { continue };
            let flaw = match journaled.remove(&row.number) {
                Some(told) if told.version > row.version => Some("the journal has a newer version of it"),
                Some(told) if told.version == row.version && told != row => {
                    Some("it is not as the journal has it")
                }
                Some(_) | None if !tenants.contains(&row.tenant) => Some("its tenant is not there"),
                Some(_) | None => None,
            };
            self.count_number(&row.number, flaw);
        }
        for number in journaled.into_keys() {
            self.count_number(&number, Some("it is in the journal and not in the database"));
        }
        Ok(())
    }

    fn count_number(&mut self, number: &Address, flaw: Option<&str>) {
        self.report.numbers.count(flaw.is_none());
        if let Some(flaw) = flaw {
            self.report.fault(format!("number {}", number.masked()), flaw);
        }
    }
}
