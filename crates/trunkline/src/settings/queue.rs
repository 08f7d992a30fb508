//! `[queue]`: whom campaigns may call, how often, and what is kept free for others.

use std::time::Duration;

use trunkline_core::phone::CountryCode;

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const QUEUE: &str = "queue";

static INBOUND_RESERVE: Key<u64> = Key::new(
    QUEUE,
    "inbound_reserve",
    read::whole::<0, 1_000_000>,
    Absent::Default("1"),
    "Of limits.system_calls, how many are kept free for inbound calls while a campaign runs.",
);
static PERSON_CALLS_PER_DAY: Key<u64> = Key::new(
    QUEUE,
    "person_calls_per_day",
    read::whole::<0, 1_000>,
    Absent::Default("4"),
    "Calls to one person within 24 hours, by all campaigns of a tenant together. 0: as many as the campaigns want.",
);
static PERSON_CALLS_PER_WEEK: Key<u64> = Key::new(
    QUEUE,
    "person_calls_per_week",
    read::whole::<0, 1_000>,
    Absent::Default("10"),
    "Calls to one person within seven days, by all campaigns of a tenant together. 0: as many as the campaigns want.",
);
static PERSON_MIN_GAP: Key<Duration> = Key::new(
    QUEUE,
    "person_min_gap_secs",
    read::seconds::<0, 604_800>,
    Absent::Default("60"),
    "Time from one call to a person to the next.",
);
static ALLOWED_COUNTRIES: Key<Vec<String>> = Key::new(
    QUEUE,
    "allowed_countries",
    countries,
    Absent::Unset("[\"US\", \"IL\"]"),
    "Countries that are called, by two letters. Without it each is, but for those that fraud calls most.",
);
static EXPENSIVE_NUMBERS: Key<Expensive> = Key::new(
    QUEUE,
    "expensive_numbers",
    expensive,
    Absent::Default("\"deny\""),
    "Premium-rate, shared-cost and satellite numbers: deny or allow. Who steals a key wants to ring these.",
);
static ALLOWED_PREFIXES: Key<Vec<String>> = Key::new(
    QUEUE,
    "allowed_prefixes",
    prefixes,
    Absent::Unset("[\"+88216\"]"),
    "Beginnings of numbers that are called whatever else says no.",
);
static DENIED_PREFIXES: Key<Vec<String>> = Key::new(
    QUEUE,
    "denied_prefixes",
    prefixes,
    Absent::Unset("[\"+1900\"]"),
    "Beginnings of numbers that are never called.",
);
static TEST_NUMBERS: Key<Vec<String>> = Key::new(
    QUEUE,
    "test_numbers",
    numbers,
    Absent::Unset("[\"+15550100123\"]"),
    "Test mode: only these numbers are called, and nobody else.",
);
static AGEING: Key<Duration> = Key::new(
    QUEUE,
    "ageing_secs",
    read::seconds::<1, 604_800>,
    Absent::Default("600"),
    "How long a job of a lower priority waits before it goes first once.",
);

static KEYS: [&Facts; 10] = [
    &INBOUND_RESERVE.facts,
    &PERSON_CALLS_PER_DAY.facts,
    &PERSON_CALLS_PER_WEEK.facts,
    &PERSON_MIN_GAP.facts,
    &ALLOWED_COUNTRIES.facts,
    &EXPENSIVE_NUMBERS.facts,
    &ALLOWED_PREFIXES.facts,
    &DENIED_PREFIXES.facts,
    &TEST_NUMBERS.facts,
    &AGEING.facts,
];

/// The section as declared.
pub static SECTION: Section = Section {
    name: QUEUE,
    about: "Campaigns: whom they may call, how often, and what is kept free for others.",
    keys: &KEYS,
};

/// Whether numbers that cost more than a call are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expensive {
    /// They are not.
    Deny,
    /// They are.
    Allow,
}

/// Whom campaigns may call, how often, and what is kept free for others.
#[derive(Debug, Clone)]
pub struct Queue {
    /// System slots kept free for inbound calls.
    pub inbound_reserve: u64,
    /// Calls to one person within 24 hours; 0 for any number.
    pub person_calls_per_day: u64,
    /// Calls to one person within seven days; 0 for any number.
    pub person_calls_per_week: u64,
    /// Time from one call to a person to the next.
    pub person_min_gap: Duration,
    /// Two capital letters each; `None` for any.
    pub allowed_countries: Option<Vec<String>>,
    /// Whether premium and satellite numbers are called.
    pub expensive_numbers: Expensive,
    /// Beginnings of numbers, with `+`.
    pub allowed_prefixes: Vec<String>,
    /// Beginnings of numbers, with `+`.
    pub denied_prefixes: Vec<String>,
    /// The only numbers that are called, in E.164; `None` outside of test mode.
    pub test_numbers: Option<Vec<String>>,
    /// How long a lower priority waits.
    pub ageing: Duration,
}

impl Queue {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        Ok(Self {
            inbound_reserve: given.read(&INBOUND_RESERVE)?,
            person_calls_per_day: given.read(&PERSON_CALLS_PER_DAY)?,
            person_calls_per_week: given.read(&PERSON_CALLS_PER_WEEK)?,
            person_min_gap: given.read(&PERSON_MIN_GAP)?,
            allowed_countries: given.read_given(&ALLOWED_COUNTRIES)?,
            expensive_numbers: given.read(&EXPENSIVE_NUMBERS)?,
            allowed_prefixes: given.read_given(&ALLOWED_PREFIXES)?.unwrap_or_default(),
            denied_prefixes: given.read_given(&DENIED_PREFIXES)?.unwrap_or_default(),
            test_numbers: given.read_given(&TEST_NUMBERS)?,
            ageing: given.read(&AGEING)?,
        })
    }
}

fn countries(raw: &Raw) -> Result<Vec<String>, Wrong> {
    let country = |word: &str| {
        let letters = read::country(&Raw::One(word.to_owned()))?;
        let wrong =
            || Wrong::new(format_args!("{} is no country", quoted(word)), "give two letters, such as US");
        letters.parse::<CountryCode>().map(|_| letters).map_err(|_| wrong())
    };
    read::many(raw)?.into_iter().map(country).collect()
}

fn prefixes(raw: &Raw) -> Result<Vec<String>, Wrong> {
    let prefix = |word: &str| {
        let digits = word.strip_prefix('+').unwrap_or_default();
        let is_one = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let wrong = || Wrong::new(format_args!("{} begins no number", quoted(word)), "write it as +1900");
        is_one.then(|| word.to_owned()).ok_or_else(wrong)
    };
    read::many(raw)?.into_iter().map(prefix).collect()
}

fn numbers(raw: &Raw) -> Result<Vec<String>, Wrong> {
    read::many(raw)?.into_iter().map(|word| read::e164(&Raw::One(word.to_owned()))).collect()
}

fn expensive(raw: &Raw) -> Result<Expensive, Wrong> {
    match read::one(raw)? {
        "deny" => Ok(Expensive::Deny),
        "allow" => Ok(Expensive::Allow),
        other => Err(Wrong::new(quoted(other), "give deny or allow")),
    }
}
