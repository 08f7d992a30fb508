//! Number → the time zones it may be in.

use crate::phone::PhoneNumber;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
static TABLE: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let lines = include_str!("zones.txt").lines().filter(|line| !line.starts_with('#'));
    let words = lines.map(str::split_ascii_whitespace);
    words.filter_map(|mut words| Some((words.next()?, words.collect()))).collect()
});

/// A time zone by its IANA name, such as `Asia/Jerusalem`. Checked when it is read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(String);

/// No time zone is called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time zone is called so: give its IANA name, such as Europe/London")]
pub struct UnknownZone;

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }

    /// The IANA name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The zone's rules.
    pub fn rules(&self) -> TimeZone {
        // The name was checked against the same compiled-in database.
        DATABASE.get(&self.0).unwrap_or(TimeZone::UTC)
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        let zone = DATABASE.get(name.trim()).map_err(|_| UnknownZone)?;
        zone.iana_name().map(|name| Self(name.to_owned())).ok_or(UnknownZone)
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        name.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The time zones a person may be in. Empty: nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zones(BTreeSet<Zone>);

impl Zones {
    /// The zones that a number may be in: by its area code where that tells, else all of its country, and of a number
    /// that was given to no country all of those that share its calling code.
    ///
    /// People move and keep their numbers, so this is where the number is from; a lead's own zone overrides it.
    pub fn of(number: &PhoneNumber) -> Self {
        let digits = number.as_str();
        let beginnings = (2..=digits.len()).rev().filter_map(|end| digits.get(..end));
        if let Some(zones) = beginnings.into_iter().find_map(|beginning| TABLE.get(beginning)) {
            return Self::named(zones);
        }
        let countries = number.possible_countries();
        let by_country: Vec<_> = countries.iter().map(|country| TABLE.get(country.as_str())).collect();
        if by_country.iter().any(Option::is_none) {
            return Self::default();
        }
        Self(by_country.into_iter().flatten().flat_map(|zones| Self::named(zones).0).collect())
    }

    /// The zones of a lead: its own if somebody set one, else those of its number.
    pub fn of_lead(number: &PhoneNumber, own: Option<&Zone>) -> Self {
        own.map_or_else(|| Self::of(number), |zone| Self::only(zone.clone()))
    }

    /// This zone and no other.
    pub fn only(zone: Zone) -> Self {
        Self(BTreeSet::from([zone]))
    }

    /// The zones in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Zone> {
        self.0.iter()
    }

    /// Whose wall shows the earliest time at this moment: hours that begin then in all of them begin last there.
    pub fn last_to_open(&self, at: Timestamp) -> Option<&Zone> {
        self.iter().min_by_key(|zone| zone.rules().to_offset(at))
    }

    /// Whether nobody knows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn named(names: &[&str]) -> Self {
        // A test reads every name of the table.
        Self(names.iter().map(|name| Zone((*name).to_owned())).collect())
    }

    #[cfg(test)]
    pub(super) fn table() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        TABLE.iter().map(|(key, zones)| (*key, zones.as_slice()))
    }
}

impl FromIterator<Zone> for Zones {
    fn from_iter<I: IntoIterator<Item = Zone>>(zones: I) -> Self {
        Self(zones.into_iter().collect())
    }
}
