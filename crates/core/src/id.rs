//! Names of things: calls, legs, tenants, their keys and users, carrier accounts, event keys; campaigns, leads, jobs and
//! their attempts; appointments. Two ids never share a type.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Our name of a call. It exists before any carrier is asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct CallId(Uuid);

impl CallId {
    /// A new id (UUIDv7): sortable by `at`, told apart by `chance`.
    pub fn new(at: Timestamp, chance: [u8; 10]) -> Self {
        Self(dated(at, chance))
    }

    /// The id of a call that began at the carrier (inbound, or placed by other software): derived from the carrier's
    /// own id, so that two nodes, or two webhooks in a race, can't mint two.
    pub fn derived(account: &AccountId, carrier_call_id: &CarrierCallId) -> Self {
        Self::of(account.as_str(), carrier_call_id)
    }

    /// The id of a call that a client carries itself: derived from the client's own id, so that a call registered a
    /// hundred times, at whichever node, is one call.
    pub fn registered(tenant: &TenantId, call_id: &CarrierCallId) -> Self {
        // No account is called so: each has the carrier's name and a colon in front.
        Self::of(&format!("registered/{tenant}"), call_id)
    }

    /// The id of the call that one attempt of a job makes: derived from both, so that a claim whose owner died and the
    /// recovery that finds it speak of one call.
    pub fn of_attempt(job: JobId, attempt: AttemptNo) -> Self {
        // No account is called so: each has the carrier's name and a colon in front.
        Self::of(&format!("job/{job}"), &CarrierCallId(attempt.to_string()))
    }

    fn of(whose: &str, id: &CarrierCallId) -> Self {
        let mut hash = Sha256::new();
        hash.update(whose);
        hash.update([0]);
        hash.update(id.as_str());
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The id's sixteen bytes, for sealed tokens.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id with these sixteen bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CallId {
    type Err = uuid::Error;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(s).map(Self)
    }
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(String);

        impl $name {
            /// Takes the word as it is.
            pub fn new(word: impl Into<String>) -> Self {
                Self(word.into())
            }
            /// The word.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

word! {
    /// Whose data it is.
    TenantId
}
word! {
    /// One account at one carrier, such as `twilio:AC…`, or `twilio/israel:AC…` where it has a name of its own. Every key of
    /// an event is prefixed by it.
    AccountId
}
word! {
    /// The carrier's own name of one leg: a Twilio CallSid, a Telnyx call control id.
    CarrierCallId
}
word! {
    /// The carrier's name of a recording.
    RecordingId
}
word! {
    /// What makes two reports of one event the same event (see the dedup table in the design).
    EventKey
}
word! {
    /// The conversation a call belongs to in the software that placed it.
    SessionId
}

word! {
    /// The model's own name of one tool call: the same one asked twice is one.
    ToolCallId
}

word! {
    /// Our name of an API key: tells which one is meant, and opens nothing.
    KeyId
}
word! {
    /// Our name of a person who works for a tenant.
    UserId
}

word! {
    /// One app on one machine of a user: what a socket speaks for. Chosen by the client, or by the server if it chose none.
    DeviceId
}
word! {
    /// A conversation of users in their app.
    ConversationId
}

/// A user of a tenant's app, as the app's own tokens name them. A person's: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppUserId(String);

impl AppUserId {
    /// Longer ones are refused.
    pub const MOST: usize = 128;

    /// Takes a name that can be one: 1 to 128 characters, no control characters, no space around it.
    pub fn parse(word: &str) -> Option<Self> {
        let is_name = (1..=Self::MOST).contains(&word.chars().count())
            && word.trim() == word
            && !word.chars().any(char::is_control);
        is_name.then(|| Self(word.to_owned()))
    }

    /// The name in full.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AppUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl DeviceId {
    /// Takes a client's own name of its device, if it can be one: 1 to 64 visible ASCII characters.
    pub fn parse(word: &str) -> Option<Self> {
        let is_name = (1..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic());
        is_name.then(|| Self(word.to_owned()))
    }
}

impl ConversationId {
    /// Takes an app's name of a conversation, if it can be one: 1 to 128 characters, no control characters.
    pub fn parse(word: &str) -> Option<Self> {
        let is_name = (1..=128).contains(&word.chars().count()) && !word.chars().any(char::is_control);
        is_name.then(|| Self(word.to_owned()))
    }
}

impl KeyId {
    /// A new id: sortable by `at`, told apart by `chance`.
    pub fn minted(at: Timestamp, chance: [u8; 10]) -> Self {
        Self(dated(at, chance).to_string())
    }
}

impl UserId {
    /// A new id: sortable by `at`, told apart by `chance`.
    pub fn minted(at: Timestamp, chance: [u8; 10]) -> Self {
        Self(dated(at, chance).to_string())
    }
}

macro_rules! dated_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id (UUIDv7): sortable by `at`, told apart by `chance`.
            pub fn minted(at: Timestamp, chance: [u8; 10]) -> Self {
                Self(dated(at, chance))
            }

            /// A new id that is sorted behind `last`, also within its millisecond and when clocks went back (RFC 9562,
            /// 6.2, method 2).
            pub fn behind(last: Self, at: Timestamp, chance: [u8; 10]) -> Self {
                Self(dated(at, chance).max(next(last.0, chance)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(s).map(Self)
            }
        }
    };
}

dated_id! {
    /// Our name of a campaign.
    CampaignId
}
dated_id! {
    /// Our name of a lead: one person of one tenant, by number.
    LeadId
}
dated_id! {
    /// Our name of a job: reach this lead once for this campaign.
    JobId
}

dated_id! {
    /// Our name of an address that webhooks are sent to.
    WebhookId
}

dated_id! {
    /// Our name of an appointment.
    AppointmentId
}
dated_id! {
    /// Our name of somebody with whom appointments are made.
    PractitionerId
}

word! {
    /// One server process, as other processes on the same database know it.
    NodeId
}
word! {
    /// What makes two jobs of one tenant the same job while one of them is open.
    DedupKey
}

/// A UUIDv7.
fn dated(at: Timestamp, chance: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &chance).into_uuid()
}

/// An id that is a little greater.
fn next(id: Uuid, chance: [u8; 10]) -> Uuid {
    let [a, b, c, d, ..] = chance;
    Uuid::from_u128(id.as_u128().saturating_add(u128::from(u32::from_be_bytes([a, b, c, d])) + 1))
}

impl AccountId {
    /// The account of calls that a tenant carries itself through this provider: none that we could ask or call through.
    pub fn registered(provider: &str, tenant: &TenantId) -> Self {
        Self(format!("{provider}:registered/{tenant}"))
    }

    /// The account of calls between users of a tenant's app: no carrier's.
    pub fn app(tenant: &TenantId) -> Self {
        Self(format!("{}:{tenant}", Self::APP))
    }

    /// What stands where other calls have a carrier. No client may register a call under it.
    pub const APP: &str = "app";

    /// An account by the kind of its carrier, what the operator calls it, and the carrier's own id of it. One that is called as
    /// its kind is needs no name.
    pub fn at(kind: &str, name: &str, own: &str) -> Self {
        if kind == name { Self(format!("{kind}:{own}")) } else { Self(format!("{kind}/{name}:{own}")) }
    }

    fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or((&self.0, &self.0))
    }

    /// What people call it: `israel` of `twilio/israel:AC…`, and `twilio` of `twilio:AC…`.
    pub fn carrier(&self) -> &str {
        let (carrier, _) = self.parts();
        carrier.split_once('/').map_or(carrier, |(_, name)| name)
    }

    /// Whose API it has: `twilio` of both.
    pub fn kind(&self) -> &str {
        let (carrier, _) = self.parts();
        carrier.split_once('/').map_or(carrier, |(kind, _)| kind)
    }

    /// The carrier's own id of it: `AC…` of both.
    pub fn own(&self) -> &str {
        self.parts().1
    }

    /// Whether both are one account at the carrier, whatever it is called.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.kind(), self.own()) == (other.kind(), other.own())
    }
}

impl TenantId {
    /// The tenant that is always there: the configured key is its, and everything that names no other.
    pub fn default_tenant() -> Self {
        Self::new("default")
    }

    /// Whether this is the tenant that is always there.
    pub fn is_default(&self) -> bool {
        self.0 == "default"
    }
}

/// Which attempt within a call: 1 for the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct LegNo(pub u16);

impl LegNo {
    /// The first attempt.
    pub const FIRST: Self = Self(1);

    /// The attempt after this one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for LegNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which hold, resume or transfer of a call: 1 for the first that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct ActionNo(pub u16);

impl ActionNo {
    /// The first.
    pub const FIRST: Self = Self(1);

    /// The one after this.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for ActionNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which attempt of a job: 1 for the first. Each claim begins one, also one that sends nothing.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
#[schemars(inline)]
pub struct AttemptNo(pub u32);

impl AttemptNo {
    /// Before the first attempt.
    pub const NONE: Self = Self(0);

    /// The attempt after this one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for AttemptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which owner of an attempt may act on it: a later owner has a higher fence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Fence(pub u32);

impl Fence {
    /// Before the first owner.
    pub const NONE: Self = Self(0);
    /// The fence of a call that never changed its owner.
    pub const FIRST: Self = Self(1);

    /// The fence of the owner after this one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_in_the_order_in_which_they_were_minted_whatever_clocks_and_chance_say() {
        let mut last = JobId::minted(Timestamp::from_second(1_000).unwrap(), [255; 10]);
        for (at, chance) in [(1_000, 0), (1_000, 255), (999, 7), (1_001, 0), (1_001, 0)] {
            let next = JobId::behind(last, Timestamp::from_second(at).unwrap(), [chance; 10]);
            assert!(next > last, "{next} {last}");
            assert_eq!(next.to_string().parse::<Uuid>().unwrap().get_version_num(), 7);
            last = next;
        }
        let later = Timestamp::from_second(1_002).unwrap();
        assert_eq!(
            JobId::behind(last, later, [3; 10]),
            JobId::minted(later, [3; 10]),
            "of its own time where it can be"
        );
    }

    #[test]
    fn a_later_call_has_a_greater_id() {
        let early = CallId::new(Timestamp::from_second(1_000).unwrap(), [255; 10]);
        let late = CallId::new(Timestamp::from_second(1_001).unwrap(), [0; 10]);
        assert!(early < late);
    }

    #[test]
    fn two_reports_of_one_carrier_call_derive_one_id() {
        let account = AccountId::new("twilio:AC1");
        let sid = CarrierCallId::new("CA1");
        assert_eq!(CallId::derived(&account, &sid), CallId::derived(&account, &sid));
        assert_ne!(CallId::derived(&account, &sid), CallId::derived(&AccountId::new("twilio:AC2"), &sid));
    }

    #[test]
    fn an_attempt_of_a_job_has_one_call_whoever_derives_it() {
        let job = |chance| JobId::minted(Timestamp::from_second(1_000).unwrap(), [chance; 10]);
        let first = CallId::of_attempt(job(1), AttemptNo(1));
        assert_eq!(first, CallId::of_attempt(job(1), AttemptNo(1)));
        assert_ne!(first, CallId::of_attempt(job(1), AttemptNo(2)));
        assert_ne!(first, CallId::of_attempt(job(2), AttemptNo(1)));
    }

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = CallId::new(Timestamp::from_second(5).unwrap(), [7; 10]);
        assert_eq!(id.to_string().parse::<CallId>().unwrap(), id);
    }

    #[test]
    fn an_account_says_what_it_is_called_whose_api_it_has_and_who_it_is_there() {
        for (name, id) in [("twilio", "twilio:AC1"), ("israel", "twilio/israel:AC1")] {
            let account = AccountId::at("twilio", name, "AC1");
            assert_eq!((account.as_str(), account.carrier()), (id, name));
            assert_eq!((account.kind(), account.own()), ("twilio", "AC1"));
            assert!(account.is_same(&AccountId::new("twilio:AC1")));
            assert!(!account.is_same(&AccountId::new("twilio:AC2")));
            assert!(!account.is_same(&AccountId::new("telnyx:AC1")));
        }
    }
}
