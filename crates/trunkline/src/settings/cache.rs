//! `[cache]`: a Redis that keeps copies of calls. Everything works without it.

use secrecy::{ExposeSecret, SecretString};
use trunkline_store::cache::CacheAddress;

use super::error::{Origin, SettingError, Wrong};
use super::finding::Finding;
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const CACHE: &str = "cache";

static URL: Key<CacheAddress> = Key::new(
    CACHE,
    "url",
    address,
    Absent::Unset("\"redis://127.0.0.1:6379/0\""),
    "Where Redis is: redis://USER:PASSWORD@HOST:PORT/NUMBER, rediss:// with TLS, or unix:///PATH?db=NUMBER&pass=PASSWORD. \
     Without it and without host there is no cache.",
)
.env(&["REDIS_URL"])
.secret();

static HOST: Key<String> = Key::new(
    CACHE,
    "host",
    read::text,
    Absent::Unset("\"127.0.0.1\""),
    "The same in parts; url is stronger than all of them.",
)
.env(&["REDIS_HOST"]);

static PORT: Key<u64> = Key::new(
    CACHE,
    "port",
    read::whole::<1, 65_535>,
    Absent::Unset("6379"),
    "The port of Redis on host; 6379 without it.",
)
.env(&["REDIS_PORT"]);

static DB: Key<u64> = Key::new(
    CACHE,
    "db",
    read::whole::<0, 65_535>,
    Absent::Unset("0"),
    "The number of the database in Redis; 0 without it.",
)
.env(&["REDIS_DB"]);

static PASSWORD: Key<SecretString> = Key::new(
    CACHE,
    "password",
    password,
    Absent::Unset("\"(the password of Redis)\""),
    "The password of Redis on host, if it has one.",
)
.env(&["REDIS_PASSWORD"])
.secret();

static KEYS: [&Facts; 5] = [&URL.facts, &HOST.facts, &PORT.facts, &DB.facts, &PASSWORD.facts];

/// The section as declared.
pub static SECTION: Section = Section {
    name: CACHE,
    about: "A Redis that keeps sealed copies of calls, for when the database is away. It may come and go at any time.",
    keys: &KEYS,
};

/// The cache, if there is one. Calls never wait for it.
#[derive(Debug, Clone)]
pub struct Cache {
    /// Where it is.
    pub address: Option<CacheAddress>,
}

impl Cache {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used; never with a password.
    pub fn read(given: &Given, findings: &mut Vec<Finding>) -> Result<Self, SettingError> {
        let url = given.read_given(&URL)?;
        let host = given.read_given(&HOST)?;
        let (port, number) =
            (given.read_given(&PORT)?.map_or(6379, small), given.read_given(&DB)?.map_or(0, small));
        let password = given.read_given(&PASSWORD)?;
        let Some(host) = host.filter(|_| url.is_none()) else {
            findings.extend(unused(given, url.as_ref()));
            return Ok(Self { address: url });
        };
        let password = password.as_ref().map(ExposeSecret::expose_secret);
        let address = CacheAddress::new(&host, port, number, password).map_err(|wrong| {
            let wrong =
                Wrong::new(wrong, "give a name or an address of a machine, without port and password");
            wrong.at(HOST.facts.path(), given.origin(&HOST.facts))
        })?;
        Ok(Self { address: Some(address) })
    }
}

/// The first part that was given for nothing: beside a url, or without a host.
fn unused(given: &Given, url: Option<&CacheAddress>) -> Option<Finding> {
    let parts = [&HOST.facts, &PASSWORD.facts, &PORT.facts, &DB.facts];
    let part = parts.into_iter().find(|part| given.origin(part) != Origin::Default)?;
    Some(match url {
        Some(_) => Finding::note(part.path(), "it is not used: url is set too", "take one of the two out"),
        None => Finding::note(
            part.path(),
            "it is not used: there is no cache without a host",
            "set REDIS_HOST too",
        ),
    })
}

/// Both were bounded when they were read.
fn small(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// Nothing of it is quoted: it may hold a password.
fn address(raw: &Raw) -> Result<CacheAddress, Wrong> {
    let right = "write redis://USER:PASSWORD@HOST:PORT/NUMBER";
    read::one(raw)?.parse().map_err(|wrong| Wrong::new(wrong, right))
}

/// Any text: Redis takes what it was told.
fn password(raw: &Raw) -> Result<SecretString, Wrong> {
    read::text(raw).map(Into::into)
}
