//! `[webhooks]`: what is sent to tenants' software: where it may go, for how long it is waited, for how long it is kept.

use std::time::Duration;

use trunkline_carriers::outgoing::{Plain, Reach};

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const WEBHOOKS: &str = "webhooks";
const SECS_PER_DAY: u64 = 86_400;

static HTTP: Key<Plain> = Key::new(
    WEBHOOKS,
    "http",
    plain,
    Absent::Default("\"deny\""),
    "Addresses that begin with http:// and not with https://: deny or allow. What is sent so can be read on its way.",
);
static INSIDE: Key<Vec<String>> = Key::new(
    WEBHOOKS,
    "inside",
    inside,
    Absent::Unset("[\"crm.internal\", \"10.1.0.0/16\"]"),
    "Hosts and networks that may be sent to although they are not on the public internet. Every tenant can reach these.",
);
static TIMEOUT: Key<Duration> = Key::new(
    WEBHOOKS,
    "timeout_secs",
    read::seconds::<1, 60>,
    Absent::Default("15"),
    "How long a receiver may take to answer.",
);
static RETENTION_DAYS: Key<u64> = Key::new(
    WEBHOOKS,
    "retention_days",
    read::whole::<2, 3_650>,
    Absent::Default("30"),
    "Days for which it is kept what was sent, and what waits for an endpoint that is disabled.",
);

static KEYS: [&Facts; 4] = [&HTTP.facts, &INSIDE.facts, &TIMEOUT.facts, &RETENTION_DAYS.facts];

/// The section as declared.
pub static SECTION: Section =
    Section { name: WEBHOOKS, about: "Webhooks to tenants' software.", keys: &KEYS };

/// What is sent to tenants' software.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// To where anything is sent.
    pub reach: Reach,
    /// How long a receiver may take.
    pub timeout: Duration,
    /// How long deliveries are kept.
    pub retention: Duration,
}

impl Webhooks {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        let named = given.read_given(&INSIDE)?.unwrap_or_default();
        let mut reach = Reach { plain: given.read(&HTTP)?, ..Reach::default() };
        for one in named {
            match one.parse() {
                Ok(network) => reach.networks.push(network),
                Err(_) => reach.hosts.push(one),
            }
        }
        let retention = Duration::from_secs(given.read(&RETENTION_DAYS)? * SECS_PER_DAY);
        Ok(Self { reach, timeout: given.read(&TIMEOUT)?, retention })
    }
}

fn plain(raw: &Raw) -> Result<Plain, Wrong> {
    match read::one(raw)? {
        "deny" => Ok(Plain::Refused),
        "allow" => Ok(Plain::Allowed),
        other => Err(Wrong::new(quoted(other), "give deny or allow")),
    }
}

/// A host has letters, digits, dots and dashes; whatever else is written is meant to be a network and is none.
fn inside(raw: &Raw) -> Result<Vec<String>, Wrong> {
    let all = read::many(raw)?;
    let is_host = |word: &str| {
        word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
            && word.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    let is_network = |word: &str| word.parse::<trunkline_core::outgoing::Network>().is_ok();
    match all.iter().find(|word| !is_host(word) && !is_network(word)) {
        None => Ok(all.into_iter().map(str::to_owned).collect()),
        Some(odd) => Err(Wrong::new(
            quoted(odd),
            "give hosts such as crm.internal, addresses, and networks such as 10.1.0.0/16",
        )),
    }
}
