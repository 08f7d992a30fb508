//! Our own numbers: whose they are, and what answers them.
//!
//! Two say so: the settings, and the decision data that [`giving`](self) changes. Where both name a number, the latter's
//! word stands; what is in the settings alone is changed there and nowhere else.

mod forwarding;
mod giving;
mod routing;

pub(crate) use routing::Routed;

pub use giving::{NewAnswering, Novelty as NumberNovelty};

use crate::engine::Inner;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use trunkline_core::call::Direction;
use trunkline_core::id::{AccountId, TenantId};
use trunkline_core::numbers::{self as rows, Answering};
use trunkline_core::private::Address;
use trunkline_core::script::ScriptName;

/// A number as the settings have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// The number.
    pub number: Address,
    /// The script that answers it.
    pub script: String,
    /// Whose it is.
    pub tenant: TenantId,
}

/// Who says that a number is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumberSource {
    /// It was given over the API.
    Api,
    /// It stands in the settings.
    Settings,
}

/// One of our numbers, whoever says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurNumber {
    /// The number.
    pub number: Address,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub label: Option<String>,
    /// What answers it.
    pub answering: Answering,
    /// Who says so.
    pub source: NumberSource,
    /// Since when; `None`: as long as the settings say so.
    pub created_at: Option<Timestamp>,
    /// When it was changed last.
    pub updated_at: Option<Timestamp>,
}

impl From<rows::Number> for OurNumber {
    fn from(row: rows::Number) -> Self {
        Self {
            number: row.number,
            tenant: row.tenant,
            label: row.label,
            answering: row.answering,
            source: NumberSource::Api,
            created_at: Some(row.created_at),
            updated_at: Some(row.updated_at),
        }
    }
}

impl From<&Number> for OurNumber {
    fn from(set: &Number) -> Self {
        let script = set.script.parse().unwrap_or_else(|_| ScriptName::builtin());
        Self {
            number: set.number.clone(),
            tenant: set.tenant.clone(),
            label: None,
            answering: Answering::always(script),
            source: NumberSource::Settings,
            created_at: None,
            updated_at: None,
        }
    }
}

/// Which of a call's two numbers is ours.
pub(crate) fn ours<'a>(direction: Direction, from: &'a Address, to: &'a Address) -> &'a Address {
    match direction {
        Direction::Inbound => to,
        Direction::Outbound => from,
    }
}

impl Inner {
    /// What is known of a number.
    pub(crate) fn number_of(&self, number: &Address) -> Option<OurNumber> {
        self.trust.number(number).map(OurNumber::from).or_else(|| self.set_number_of(number))
    }

    /// Says of which of these numbers nobody has said at which account they are: they are taken for the first one's.
    pub(crate) fn tell_unnamed(&self, numbers: impl IntoIterator<Item = Address>) {
        let unnamed = numbers.into_iter().filter(|number| !self.carriers.is_named(number));
        let masked: Vec<String> = unnamed.map(|number| number.masked().to_string()).collect();
        if !masked.is_empty() {
            let taken_for = self.carriers.first().carrier();
            tracing::warn!(
                numbers = masked.join(", "),
                taken_for,
                "number.account_unknown: name the account in carrier.numbers, if it is another one's"
            );
        }
    }

    fn set_number_of(&self, number: &Address) -> Option<OurNumber> {
        self.config.numbers.iter().find(|known| known.number == *number).map(OurNumber::from)
    }

    /// Every number that is known: those of the settings in their order, then the others in the order in which they were given.
    pub(crate) fn our_numbers(&self) -> Vec<OurNumber> {
        let mut given: Vec<_> = self.trust.numbers().into_iter().filter(rows::Number::is_given).collect();
        given.sort_by(|one, other| (one.created_at, &one.number).cmp(&(other.created_at, &other.number)));
        let is_set = |number: &Address| self.config.numbers.iter().any(|set| set.number == *number);
        let set = self.config.numbers.iter().filter_map(|set| self.number_of(&set.number));
        set.chain(given.into_iter().filter(|row| !is_set(&row.number)).map(OurNumber::from)).collect()
    }

    /// The number that a tenant calls from through an account, unless an order says otherwise: the first of its own there, else
    /// the server's, if it has none anywhere. The default tenant calls from the server's, if there is one.
    pub(crate) fn caller_id_of(&self, tenant: &TenantId, account: &AccountId) -> Option<Address> {
        let of_first = || self.config.from.clone().filter(|_| account == self.carriers.first());
        let servers = self.carriers.from(account).cloned().or_else(of_first);
        // Given to another tenant it is no longer for everybody.
        let servers = servers.filter(|number| self.may_show(tenant, number));
        if tenant.is_default() && servers.is_some() {
            return servers;
        }
        let mut own = self.our_numbers();
        own.retain(|number| number.tenant == *tenant);
        if own.is_empty() {
            return servers;
        }
        own.into_iter().map(|own| own.number).find(|number| self.carriers.owner(number) == account)
    }

    /// Whose calls those of a number are. As long as no tenant was made, everything is the default tenant's; from then on
    /// a number that nobody was given belongs to nobody, but for the one that calls are placed from.
    pub(crate) fn tenant_of_number(&self, number: &Address) -> Option<TenantId> {
        if let Some(known) = self.number_of(number) {
            return self.trust.is_open(&known.tenant).then_some(known.tenant);
        }
        let is_servers = || self.config.from.as_ref() == Some(number) || self.carriers.is_default(number);
        let is_default = !self.trust.has_tenants() || is_servers();
        is_default.then(TenantId::default_tenant)
    }
}
