//! Which numbers a tenant may call at all. Who steals a key wants to ring expensive numbers: what costs more than an
//! ordinary call is denied unless somebody allows it.

use crate::phone::{CountryCode, NumberKind, PhoneNumber};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// Countries whose ranges are named most in carriers' guides to fraud that rings numbers for a share of the price. Who
/// calls there lists them by name.
const RISKY: [&str; 15] =
    ["SL", "SO", "CU", "TN", "GM", "MR", "GN", "TD", "GQ", "KM", "ER", "PG", "TO", "SB", "MV"];

/// Which numbers may be called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Destinations {
    /// In which countries.
    pub countries: Countries,
    /// Beginnings of numbers, `+` included, that are allowed whatever else says no.
    pub allowed_prefixes: Vec<String>,
    /// Beginnings of numbers, `+` included, that are denied.
    pub denied_prefixes: Vec<String>,
    /// Numbers that cost the callee's caller more than a call: premium rate, shared cost, satellite, worldwide networks.
    pub expensive: Expensive,
    /// In test mode only these are called, and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_numbers: Option<BTreeSet<PhoneNumber>>,
}

/// In which countries calls may be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Countries {
    /// In each, but for those that fraud calls most.
    #[default]
    Any,
    /// In these.
    Only(BTreeSet<CountryCode>),
}

/// Whether expensive numbers may be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expensive {
    /// They may not.
    #[default]
    Deny,
    /// They may.
    Allow,
}

/// Why a number may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Error, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Denied {
    /// Test mode, and it is not one of the test numbers.
    #[error("test mode: only the listed test numbers are called")]
    TestMode,
    /// It begins as numbers do that are denied.
    #[error("numbers that begin so are denied")]
    Prefix,
    /// Nobody listed countries, and its is one that fraud calls most.
    #[error("numbers there are often called by fraud: list the country to allow it")]
    Risky,
    /// Its country is not on the list.
    #[error("calls to its country are not allowed")]
    Country,
    /// Premium rate or shared cost.
    #[error("premium-rate numbers are denied")]
    Premium,
    /// A satellite or worldwide network, which belongs to no country.
    #[error("satellite and worldwide networks are denied")]
    Satellite,
}

impl Destinations {
    /// Ordinary numbers of these countries, and nothing else.
    pub fn only(countries: impl IntoIterator<Item = CountryCode>) -> Self {
        Self { countries: Countries::Only(countries.into_iter().collect()), ..Self::default() }
    }

    /// Whether `number` may be called.
    ///
    /// # Errors
    /// Why not: the first reason of test mode, prefix, satellite, country, premium.
    pub fn permit(&self, number: &PhoneNumber) -> Result<(), Denied> {
        if let Some(tested) = &self.test_numbers {
            return if tested.contains(number) { Ok(()) } else { Err(Denied::TestMode) };
        }
        let begins = |prefixes: &[String]| prefixes.iter().any(|prefix| number.as_str().starts_with(prefix));
        if begins(&self.allowed_prefixes) {
            return Ok(());
        }
        if begins(&self.denied_prefixes) {
            return Err(Denied::Prefix);
        }
        let Some(country) = number.country() else {
            return match (self.expensive, &self.countries) {
                (Expensive::Allow, Countries::Any) => Ok(()),
                (Expensive::Allow | Expensive::Deny, _) => Err(Denied::Satellite),
            };
        };
        match &self.countries {
            Countries::Only(allowed) if !allowed.contains(&country) => return Err(Denied::Country),
            Countries::Any if RISKY.contains(&country.as_str()) => return Err(Denied::Risky),
            Countries::Only(_) | Countries::Any => {}
        }
        match (number.kind(), self.expensive) {
            (NumberKind::Premium, Expensive::Deny) => Err(Denied::Premium),
            _ => Ok(()),
        }
    }
}
