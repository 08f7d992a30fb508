//! Our own numbers: whose they are, and which script answers them.

use crate::engine::Inner;
use trunkline_core::call::Direction;
use trunkline_core::id::TenantId;
use trunkline_core::private::Address;

/// One of our numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// The number.
    pub number: Address,
    /// The script that answers it.
    pub script: String,
    /// Whose it is.
    pub tenant: TenantId,
}

/// Which of a call's two numbers is ours.
pub(crate) fn ours<'a>(direction: Direction, from: &'a Address, to: &'a Address) -> &'a Address {
    match direction {
        Direction::Inbound => to,
        Direction::Outbound => from,
    }
}

impl Inner {
    /// What is said of a number in the settings.
    pub(crate) fn number_of(&self, number: &Address) -> Option<&Number> {
        self.config.numbers.iter().find(|known| known.number == *number)
    }

    /// The number that a tenant calls from, unless an order says otherwise: the first of its own, else the server's.
    pub(crate) fn caller_id_of(&self, tenant: &TenantId) -> Option<Address> {
        let own = self.config.numbers.iter().find(|number| number.tenant == *tenant);
        match own {
            Some(own) if !tenant.is_default() => Some(own.number.clone()),
            _ => self.config.from.clone(),
        }
    }

    /// Whose calls those of a number are. As long as no tenant was made, everything is the default tenant's; from then on
    /// a number that nobody was given belongs to nobody, but for the one that calls are placed from.
    pub(crate) fn tenant_of_number(&self, number: &Address) -> Option<TenantId> {
        if let Some(known) = self.number_of(number) {
            return self.trust.is_open(&known.tenant).then(|| known.tenant.clone());
        }
        let is_default = !self.trust.has_tenants() || self.config.from.as_ref() == Some(number);
        is_default.then(TenantId::default_tenant)
    }
}
