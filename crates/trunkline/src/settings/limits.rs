//! `[limits]`: how much at once, how fast, and how long anything may take. Every wait that could block a call is here.

use std::time::Duration;

use super::error::SettingError;
use super::given::Given;
use super::key::{Absent, Facts, Key, Section};
use super::read;

const LIMITS: &str = "limits";

static SYSTEM_CALLS: Key<u64> = Key::new(
    LIMITS,
    "system_calls",
    read::whole::<1, 1_000_000>,
    Absent::Default("15"),
    "Live calls at once in all, as far as we place them.",
);
static CARRIER_CALLS: Key<u64> = Key::new(
    LIMITS,
    "carrier_calls",
    read::whole::<1, 1_000_000>,
    Absent::Default("10"),
    "Live calls at once on one carrier account.",
);
static TENANT_CALLS: Key<u64> = Key::new(
    LIMITS,
    "tenant_calls",
    read::whole::<1, 1_000_000>,
    Absent::Default("5"),
    "Live calls at once of one tenant, inbound included.",
);
static TENANT_OUTBOUND_CALLS: Key<u64> = Key::new(
    LIMITS,
    "tenant_outbound_calls",
    read::whole::<1, 1_000_000>,
    Absent::Default("3"),
    "Live calls at once that one tenant placed; the rest of tenant_calls is kept free for inbound calls.",
);
static MAX_LIVE_CALLS: Key<u64> = Key::new(
    LIMITS,
    "max_live_calls",
    read::whole::<1, 10_000_000>,
    Absent::Default("100000"),
    "Live calls of all kinds that this process takes; above it a call is refused politely. Guards memory.",
);
static CPS: Key<f64> = Key::new(
    LIMITS,
    "cps",
    read::rate,
    Absent::Default("1.0"),
    "New calls per second on one carrier account. Twilio queues what comes faster than it granted you (1 at first).",
);
static RING_TIMEOUT: Key<Duration> = Key::new(
    LIMITS,
    "ring_timeout_secs",
    read::seconds::<5, 600>,
    Absent::Default("30"),
    "How long a phone may ring before the call ends as not answered.",
);
static TIME_LIMIT: Key<Duration> = Key::new(
    LIMITS,
    "time_limit_secs",
    read::seconds::<10, 86_400>,
    Absent::Default("3600"),
    "How long an answered call may last before it is cut.",
);
static HOLD: Key<Duration> = Key::new(
    LIMITS,
    "hold_secs",
    read::seconds::<10, 86_400>,
    Absent::Default("1800"),
    "How long a call may be on hold before it goes on by itself.",
);
static SETTLE: Key<Duration> = Key::new(
    LIMITS,
    "settle_secs",
    read::seconds::<1, 3600>,
    Absent::Default("180"),
    "How long the carrier may take to show a call whose request got no answer, before the call counts as never placed.",
);
static UNCLEAR_AFTER: Key<Duration> = Key::new(
    LIMITS,
    "unclear_after_secs",
    read::seconds::<1, 60>,
    Absent::Default("10"),
    "How long the carrier may take to answer a request to dial, before it is unclear whether it dials.",
);
static LIST_GAP: Key<Duration> = Key::new(
    LIMITS,
    "list_gap_secs",
    read::seconds::<1, 600>,
    Absent::Default("30"),
    "Time between the two looks into the carrier's list of calls that must both show nothing.",
);
static QUEUE_EXPIRY: Key<Duration> = Key::new(
    LIMITS,
    "queue_expiry_secs",
    read::seconds::<10, 604_800>,
    Absent::Default("3600"),
    "How long an accepted call may wait for a free slot before it ends as expired.",
);
static REGISTERED_IDLE: Key<Duration> = Key::new(
    LIMITS,
    "registered_idle_secs",
    read::seconds::<60, 2_592_000>,
    Absent::Unset("86400"),
    "How long a client may say nothing of a call that it registered, before that is closed as unknown. Off if not set.",
);
static EVENT_STREAMS: Key<u64> = Key::new(
    LIMITS,
    "event_streams",
    read::whole::<1, 1_000_000>,
    Absent::Default("2000"),
    "Clients that may listen to live events at once in all; a further one gets 429.",
);
static TENANT_EVENT_STREAMS: Key<u64> = Key::new(
    LIMITS,
    "tenant_event_streams",
    read::whole::<1, 1_000_000>,
    Absent::Default("1000"),
    "Clients of one tenant that may listen to live events at once; a further one gets 429.",
);
static KEY_REQUESTS: Key<u64> = Key::new(
    LIMITS,
    "key_requests_per_second",
    read::whole::<1, 1_000_000>,
    Absent::Default("200"),
    "Requests a second of one key in the long run, ten seconds' worth at once; then 429. Carriers and probes are not counted.",
);
static STRANGER_REQUESTS: Key<u64> = Key::new(
    LIMITS,
    "stranger_requests_per_second",
    read::whole::<1, 1_000_000>,
    Absent::Default("50"),
    "The same for one address whose keys open nothing.",
);
static DEFAULT_COUNTRY: Key<String> = Key::new(
    LIMITS,
    "default_country",
    read::country,
    Absent::Unset("\"US\""),
    "Country of numbers that are written without +. Without it such a number is refused.",
)
.env(&["DEFAULT_COUNTRY"])
.flag("--default-country");

static KEYS: [&Facts; 19] = [
    &SYSTEM_CALLS.facts,
    &CARRIER_CALLS.facts,
    &TENANT_CALLS.facts,
    &TENANT_OUTBOUND_CALLS.facts,
    &MAX_LIVE_CALLS.facts,
    &CPS.facts,
    &RING_TIMEOUT.facts,
    &TIME_LIMIT.facts,
    &HOLD.facts,
    &SETTLE.facts,
    &UNCLEAR_AFTER.facts,
    &LIST_GAP.facts,
    &QUEUE_EXPIRY.facts,
    &REGISTERED_IDLE.facts,
    &EVENT_STREAMS.facts,
    &TENANT_EVENT_STREAMS.facts,
    &KEY_REQUESTS.facts,
    &STRANGER_REQUESTS.facts,
    &DEFAULT_COUNTRY.facts,
];

/// The section as declared.
pub static SECTION: Section = Section {
    name: LIMITS,
    about: "How much at once, how fast, and how long anything may take.",
    keys: &KEYS,
};

/// How much at once, how fast, and how long anything may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Live calls at once in all.
    pub system_calls: u64,
    /// Live calls at once on one carrier account.
    pub carrier_calls: u64,
    /// Live calls at once of one tenant.
    pub tenant_calls: u64,
    /// Live calls at once that one tenant placed.
    pub tenant_outbound_calls: u64,
    /// Live calls that this process takes.
    pub max_live_calls: u64,
    /// New calls per second on one carrier account.
    pub cps: f64,
    /// How long a phone may ring.
    pub ring_timeout: Duration,
    /// How long an answered call may last.
    pub time_limit: Duration,
    /// How long a call may be on hold.
    pub hold: Duration,
    /// How long an unanswered request is waited for before the call counts as never placed.
    pub settle: Duration,
    /// How long the carrier may take to answer a request to dial.
    pub unclear_after: Duration,
    /// Time between the two listings that must show nothing.
    pub list_gap: Duration,
    /// How long an accepted call may wait for a slot.
    pub queue_expiry: Duration,
    /// How long a registered call's client may say nothing of it.
    pub registered_idle: Option<Duration>,
    /// Clients that may listen to live events at once.
    pub event_streams: u64,
    /// Those of one tenant.
    pub tenant_event_streams: u64,
    /// Requests a second of one key.
    pub key_requests: u64,
    /// Requests a second of one address whose keys open nothing.
    pub stranger_requests: u64,
    /// Two capital letters: the country of numbers written without +.
    pub default_country: Option<String>,
}

impl Limits {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        Ok(Self {
            system_calls: given.read(&SYSTEM_CALLS)?,
            carrier_calls: given.read(&CARRIER_CALLS)?,
            tenant_calls: given.read(&TENANT_CALLS)?,
            tenant_outbound_calls: given.read(&TENANT_OUTBOUND_CALLS)?,
            max_live_calls: given.read(&MAX_LIVE_CALLS)?,
            cps: given.read(&CPS)?,
            ring_timeout: given.read(&RING_TIMEOUT)?,
            time_limit: given.read(&TIME_LIMIT)?,
            hold: given.read(&HOLD)?,
            settle: given.read(&SETTLE)?,
            unclear_after: given.read(&UNCLEAR_AFTER)?,
            list_gap: given.read(&LIST_GAP)?,
            queue_expiry: given.read(&QUEUE_EXPIRY)?,
            registered_idle: given.read_given(&REGISTERED_IDLE)?,
            event_streams: given.read(&EVENT_STREAMS)?,
            tenant_event_streams: given.read(&TENANT_EVENT_STREAMS)?,
            key_requests: given.read(&KEY_REQUESTS)?,
            stranger_requests: given.read(&STRANGER_REQUESTS)?,
            default_country: given.read_given(&DEFAULT_COUNTRY)?,
        })
    }
}
