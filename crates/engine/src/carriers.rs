//! The carrier accounts that calls go through: one, or several in an order.
//!
//! Whatever concerns a leg goes to the leg's own account, also when another would be chosen for a new call. Which one a new
//! call goes through is `core::dial::choice`'s to say; what is offered to it is gathered here: all accounts, or those that the
//! tenant's own policy (`core::tenancy`) names, each with a number that this tenant's calls may be shown as.

use crate::clock::chance;
use crate::engine::Inner;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use trunkline_carriers::{AskError, Carrier};
use trunkline_core::call::{Call, CarrierFault, FailOver};
use trunkline_core::dial::choice::{Offer, Policy, choose};
use trunkline_core::dial::gates::Circuit;
use trunkline_core::id::{AccountId, TenantId};
use trunkline_core::phone::{CountryCode, PhoneNumber};
use trunkline_core::private::Address;
use trunkline_core::tenancy::{CarrierPolicy, OwnAccount};

/// So long an account that has just failed is not asked again by a job that was sent away, while there is another.
const RESTS: SignedDuration = SignedDuration::from_mins(1);

/// One account that calls may go through.
#[derive(Clone, Debug)]
pub struct Line {
    /// How it is asked.
    pub carrier: Arc<dyn Carrier>,
    /// The caller id of calls that name none.
    pub from: Option<Address>,
    /// Its share of the calls, where they are shared out.
    pub weight: u32,
    /// The countries it is named for, where countries decide.
    pub countries: BTreeSet<CountryCode>,
}

impl Line {
    /// An account with a share like any other's, named for no country.
    pub fn of(carrier: Arc<dyn Carrier>, from: Option<Address>) -> Self {
        Self { carrier, from, weight: 1, countries: BTreeSet::new() }
    }

    fn account(&self) -> &AccountId {
        self.carrier.account()
    }
}

/// All accounts that calls may go through, in the order of preference.
#[derive(Clone)]
pub struct Carriers {
    first: Line,
    others: Vec<Line>,
    policy: Policy,
    /// Whose our numbers are. Those that are not here are the first account's.
    numbers: HashMap<Address, AccountId>,
}

impl Carriers {
    /// Several accounts. `numbers` says of numbers of ours at which account they are; those that nobody names are the first
    /// one's.
    pub fn new(
        first: Line,
        others: Vec<Line>,
        policy: Policy,
        numbers: impl IntoIterator<Item = (Address, AccountId)>,
    ) -> Self {
        let shown = |line: &Line| Some((line.from.clone()?, line.account().clone()));
        let defaults: Vec<_> = std::iter::once(&first).chain(&others).filter_map(shown).collect();
        let numbers = defaults.into_iter().chain(numbers).collect();
        Self { first, others, policy, numbers }
    }

    /// The account that is asked where nothing else is said.
    pub fn first(&self) -> &AccountId {
        self.first.account()
    }

    /// All accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.lines().map(Line::account)
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Whether an account is one of ours, also if it was called otherwise when the call began.
    pub fn has(&self, account: &AccountId) -> bool {
        self.line(account).is_some()
    }

    fn line(&self, account: &AccountId) -> Option<&Line> {
        self.lines().find(|line| line.account().is_same(account))
    }

    /// Whether there is more than one.
    pub fn are_several(&self) -> bool {
        !self.others.is_empty()
    }

    /// The carrier of an account.
    ///
    /// # Errors
    /// It is in no setting any more: nobody can be asked.
    pub(crate) fn of(&self, account: &AccountId) -> Result<&Arc<dyn Carrier>, AskError> {
        self.line(account)
            .map(|line| &line.carrier)
            .ok_or(AskError::Unreachable("its account is in no setting"))
    }

    /// At which account a number of ours is.
    pub(crate) fn owner(&self, number: &Address) -> &AccountId {
        self.numbers.get(number).unwrap_or_else(|| self.first())
    }

    /// Whether an account was named for a number of ours. There is nothing to tell apart where there is one account.
    pub(crate) fn is_named(&self, number: &Address) -> bool {
        self.others.is_empty() || self.numbers.contains_key(number)
    }

    /// Whether calls that name no number are shown as this one.
    pub(crate) fn is_default(&self, number: &Address) -> bool {
        self.lines().any(|line| line.from.as_ref() == Some(number))
    }

    /// The caller id of an account's calls that name none.
    pub(crate) fn from(&self, account: &AccountId) -> Option<&Address> {
        self.line(account)?.from.as_ref()
    }
}

impl From<Arc<dyn Carrier>> for Carriers {
    fn from(carrier: Arc<dyn Carrier>) -> Self {
        Self::new(Line::of(carrier, None), Vec::new(), Policy::First, None)
    }
}

impl<C: Carrier + 'static> From<Arc<C>> for Carriers {
    fn from(carrier: Arc<C>) -> Self {
        let carrier: Arc<dyn Carrier> = carrier;
        carrier.into()
    }
}

impl fmt::Debug for Carriers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.accounts()).finish()
    }
}

/// What came before an attempt of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After<'a> {
    /// It is the first.
    Nothing,
    /// An attempt that no carrier is to blame for.
    Attempt,
    /// An attempt that this account was at fault for: it never made the call.
    FaultOf(&'a AccountId),
}

/// An account and the number that a call through it is shown as.
pub(crate) struct Route {
    pub account: AccountId,
    pub from: Address,
}

/// An account that a tenant's calls may go through, and what decides there for them.
pub(crate) struct Allowed<'a> {
    line: &'a Line,
    weight: u32,
    countries: BTreeSet<CountryCode>,
    /// What its calls are shown as, if the tenant's policy says so.
    from: Option<Address>,
}

impl<'a> Allowed<'a> {
    pub fn account(&self) -> &'a AccountId {
        self.line.account()
    }
}

/// All that a tenant's calls may go through, the first choice first.
pub(crate) struct Choice<'a> {
    policy: Policy,
    pub allowed: Vec<Allowed<'a>>,
}

impl<'a> Choice<'a> {
    pub fn of(&self, account: &AccountId) -> Option<&Allowed<'a>> {
        self.allowed.iter().find(|allowed| allowed.account() == account)
    }

    /// What they are called.
    pub fn names(&self) -> Vec<&'a str> {
        self.allowed.iter().map(|allowed| allowed.account().carrier()).collect()
    }
}

impl Carriers {
    /// What a tenant's policy leaves of the accounts there are; all of them, if it has none of its own.
    fn choice(&self, policy: Option<&CarrierPolicy>) -> Choice<'_> {
        let Some(policy) = policy else {
            let servers =
                |line| Allowed { line, weight: line.weight, countries: line.countries.clone(), from: None };
            return Choice { policy: self.policy, allowed: self.lines().map(servers).collect() };
        };
        // One that is in no setting any more is passed over.
        let own = |own: &OwnAccount| {
            let line = self.lines().find(|line| line.account().carrier() == own.name)?;
            let from = own.from.as_ref().map(|from| Address::new(from.as_str()));
            Some(Allowed { line, weight: own.weight, countries: own.countries.clone(), from })
        };
        Choice { policy: policy.choice, allowed: policy.accounts.iter().filter_map(own).collect() }
    }
}

impl Inner {
    /// What a tenant's calls may go through.
    pub(crate) fn choice_of(&self, tenant: &TenantId) -> Choice<'_> {
        self.carriers.choice(self.trust.carriers_of(tenant).as_ref())
    }

    /// Through which account a call goes, if it can be shown as one of these. `None` if there are none.
    fn route(
        &self,
        choice: &Choice<'_>,
        to: &Address,
        routes: Vec<Route>,
        circuit: impl Fn(&AccountId) -> Circuit,
    ) -> Option<Route> {
        let offer = |route: &Route| {
            let allowed = choice.of(&route.account)?;
            let (weight, countries) = (allowed.weight, allowed.countries.clone());
            let account = route.account.clone();
            Some(Offer { circuit: circuit(&account), account, weight, countries })
        };
        let offers: Vec<Offer> = routes.iter().filter_map(offer).collect();
        let country = PhoneNumber::from_e164(to.as_str()).ok().and_then(|number| number.country());
        // Without chance the first has it all, which is no reason to place no call.
        let draw = chance().map_or(0, u64::from_ne_bytes);
        let chosen = choose(choice.policy, &offers, country, draw, self.clock.now())?.account.clone();
        routes.into_iter().find(|route| route.account == chosen)
    }

    /// Through which account a tenant's call goes, and as which number it is shown: `asked`, if one is asked for, which is at
    /// one account alone; through this carrier, if one is asked for. `None` if none is asked for and none is there.
    pub(crate) fn route_of_order(
        &self,
        tenant: &TenantId,
        to: &Address,
        asked: Option<Address>,
        carrier: Option<&str>,
    ) -> Option<Route> {
        let choice = self.choice_of(tenant);
        let mut routes = match asked {
            Some(from) => vec![Route { account: self.carriers.owner(&from).clone(), from }],
            None => self.routes_of(tenant, &choice),
        };
        routes.retain(|route| carrier.is_none_or(|carrier| route.account.carrier() == carrier));
        self.route(&choice, to, routes, |account| self.fitness.circuit(account))
    }

    /// Why no account can be had for an order that `route_of_order` finds none for.
    pub(crate) fn why_no_route(
        &self,
        tenant: &TenantId,
        asked: Option<&Address>,
        carrier: Option<&str>,
    ) -> (&'static str, String) {
        let choice = self.choice_of(tenant);
        let names = choice.names();
        match (asked, carrier) {
            _ if names.is_empty() => {
                ("carrier", "none of the carriers that your calls may go through is set up here".to_owned())
            }
            (_, Some(carrier)) if !names.contains(&carrier) => {
                ("carrier", format!("your calls go through {}", names.join(" and ")))
            }
            (Some(from), _) if choice.of(self.carriers.owner(from)).is_none() => (
                "from",
                format!("it is at none of the carriers that your calls go through: {}", names.join(", ")),
            ),
            (Some(_), Some(carrier)) => ("from", format!("it is not a number of {carrier}")),
            (Some(_), None) | (None, _) => {
                ("from", "no caller id is given, and none is configured (TWILIO_PHONE_NUMBER)".to_owned())
            }
        }
    }

    /// The accounts that a tenant's calls can go through, each with the number they are shown as.
    fn routes_of(&self, tenant: &TenantId, choice: &Choice<'_>) -> Vec<Route> {
        let route = |allowed: &Allowed<'_>| {
            let account = allowed.account();
            let chosen = allowed.from.clone().filter(|from| self.may_show(tenant, from));
            let from = chosen.or_else(|| self.caller_id_of(tenant, account))?;
            Some(Route { account: account.clone(), from })
        };
        choice.allowed.iter().filter_map(route).collect()
    }

    /// Whether a tenant's calls may be shown as a number: never as another tenant's.
    pub(crate) fn may_show(&self, tenant: &TenantId, number: &Address) -> bool {
        self.number_of(number).is_none_or(|known| known.tenant == *tenant)
    }

    /// The numbers of a pool that calls of this tenant may be shown as, each with its account.
    pub(crate) fn shown_of_pool<'p>(
        &self,
        tenant: &TenantId,
        pool: &'p [PhoneNumber],
    ) -> Vec<(AccountId, &'p PhoneNumber)> {
        let choice = self.choice_of(tenant);
        let shown = |number: &'p PhoneNumber| {
            let address = Address::new(number.as_str());
            let account = choice.of(self.carriers.owner(&address))?.account();
            self.may_show(tenant, &address).then(|| (account.clone(), number))
        };
        pool.iter().filter_map(shown).collect()
    }

    /// The numbers of a pool that are at the account whose turn it is to be asked for a job, among those whose gates are open.
    /// `after`: what became of the job's last attempt, if it had one: the account that was at fault then is passed over, however long
    /// ago, and so is any that has failed a moment ago.
    pub(crate) fn pool_for(
        &self,
        tenant: &TenantId,
        to: &Address,
        pool: &[PhoneNumber],
        open: &[AccountId],
        after: After<'_>,
    ) -> (AccountId, Vec<PhoneNumber>) {
        let choice = self.choice_of(tenant);
        let shown = self.shown_of_pool(tenant, pool);
        let own = |account: &AccountId| -> Vec<PhoneNumber> {
            let of_account = shown.iter().filter(|(owner, _)| owner == account);
            of_account.map(|(_, number)| PhoneNumber::clone(number)).collect()
        };
        let route = |account: &AccountId| {
            let from = Address::new(own(account).first()?.as_str());
            Some(Route { account: account.clone(), from })
        };
        let in_order = choice.allowed.iter().map(Allowed::account);
        let routes = in_order.filter(|account| open.contains(account)).filter_map(route).collect();
        let chosen = self.route(&choice, to, routes, |account| match self.fitness.circuit(account) {
            Circuit::Fit if after == After::FaultOf(account) => Circuit::OpenUntil(Timestamp::MAX),
            Circuit::Fit if after != After::Nothing => self.fitness.rests(account, RESTS),
            circuit => circuit,
        });
        let account = chosen.map_or_else(|| self.carriers.first().clone(), |route| route.account);
        let numbers = own(&account);
        (account, numbers)
    }

    /// The accounts that a pool's next call could go through: those of its numbers that can be asked, else the first of them.
    pub(crate) fn accounts_of_pool(
        &self,
        tenant: &TenantId,
        pool: &[PhoneNumber],
        now: Timestamp,
    ) -> Vec<AccountId> {
        let owners: BTreeSet<AccountId> =
            self.shown_of_pool(tenant, pool).into_iter().map(|(account, _)| account).collect();
        let choice = self.choice_of(tenant);
        let own = || choice.allowed.iter().map(Allowed::account).filter(|account| owners.contains(account));
        let fit: Vec<AccountId> =
            own().filter(|account| !self.fitness.is_open(account, now)).cloned().collect();
        if fit.is_empty() { vec![own().next().unwrap_or_else(|| self.carriers.first()).clone()] } else { fit }
    }

    /// When the first account that could show a number of this pool may be asked.
    pub(crate) fn circuit_of_pool(&self, tenant: &TenantId, pool: &[PhoneNumber], now: Timestamp) -> Circuit {
        let owners: BTreeSet<AccountId> =
            self.shown_of_pool(tenant, pool).into_iter().map(|(account, _)| account).collect();
        let opens = |account: AccountId| match self.fitness.circuit(&account) {
            Circuit::OpenUntil(at) if at > now => Some(at),
            Circuit::OpenUntil(_) | Circuit::Fit => None,
        };
        let all: Option<Vec<Timestamp>> = owners.into_iter().map(opens).collect();
        all.and_then(|all| all.into_iter().min()).map_or(Circuit::Fit, Circuit::OpenUntil)
    }

    /// The carrier to ask instead of the one whose fault it was, which was none of this call's before. None for a call that
    /// asked for a number of its own: another carrier can't show it.
    pub(crate) fn fail_over(&self, call: &Call, why: CarrierFault) -> Option<FailOver> {
        let choice = self.choice_of(&call.tenant);
        let mut routes = self.routes_of(&call.tenant, &choice);
        // An account that is in no setting any more has no number to compare with.
        if self.carriers.has(&call.account) {
            let usual = routes.iter().find(|route| route.account.is_same(&call.account))?;
            if *call.shown_as(call.leg()) != usual.from {
                return None;
            }
        }
        let now = self.clock.now();
        // One that is left alone itself would only take the call away from one that may do better in a moment.
        routes.retain(|route| !call.was_asked(&route.account) && !self.fitness.is_open(&route.account, now));
        let route = self.route(&choice, &call.party.to, routes, |account| self.fitness.circuit(account))?;
        Some(FailOver { account: route.account, from: route.from, why })
    }

    /// What a call is called whose carrier says so: at whichever of our accounts.
    pub(crate) fn by_carriers_name(
        &self,
        id: &trunkline_core::id::CarrierCallId,
    ) -> Option<trunkline_core::id::CallId> {
        self.carriers.accounts().find_map(|account| self.live.by_carrier(account, id))
    }
}
