//! `[app_calls]`: calls between users of your app: who they are, how long a call rings, and what helps two browsers to reach each other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use trunkline_core::id::TenantId;
use trunkline_core::roster::WhoMayCall;
use trunkline_core::tenancy;
use trunkline_engine::{AppPolicy, MayCall, PermissionHook, WhenBusy, WhenRejected};
use trunkline_web::{Signs, Turn, UserKey, UserTokens};

use super::error::{SettingError, Wrong, nearest, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};

use super::read;
use super::tenants;
use super::transcription::{Inside, inside, reach, secret};

const APP_CALLS: &str = "app_calls";

static JWT_SECRET: Key<SecretString> = Key::new(
    APP_CALLS,
    "jwt_secret",
    read::secret,
    Absent::Unset("\"(the output of: openssl rand -hex 32)\""),
    "Signs your users' tokens that name no kid (HS256): docs/app-calls.md. Without any key no user comes in.",
)
.env(&["TRUNKLINE_JWT_SECRET"])
.secret();
static USER_KEYS: Key<Vec<UserKey>> = Key::new(
    APP_CALLS,
    "user_keys",
    user_keys,
    Absent::Default("[]"),
    "More keys of your users' tokens, by kid, some for one tenant only: { kid = \"2\", alg = \"EdDSA\", key = \"(base64)\", tenant = \
     \"acme\" }; alg is EdDSA (a public key) or HS256.",
)
.secret();
static AUDIENCE: Key<String> = Key::new(
    APP_CALLS,
    "audience",
    read::text,
    Absent::Unset("\"trunkline\""),
    "What tokens must have in aud. If not set, aud may be left out, and must be trunkline if it is there.",
);
static RING: Key<Duration> = Key::new(
    APP_CALLS,
    "ring_secs",
    read::seconds::<5, 180>,
    Absent::Default("30"),
    "How long a call rings before it is missed.",
);
static LONGEST: Key<Duration> = Key::new(
    APP_CALLS,
    "longest_secs",
    read::seconds::<60, 86_400>,
    Absent::Default("14400"),
    "How long a call may last before it is ended.",
);
static AWAY: Key<Duration> = Key::new(
    APP_CALLS,
    "away_secs",
    read::seconds::<1, 600>,
    Absent::Default("15"),
    "How long a side whose socket is lost may be away before the call is ended.",
);
static WHEN_BUSY: Key<WhenBusy> = Key::new(
    APP_CALLS,
    "when_busy",
    when_busy,
    Absent::Default("\"refuse\""),
    "What becomes of a call to somebody who is in another one: refuse (it is busy) or ring.",
);
static WHEN_REJECTED: Key<WhenRejected> = Key::new(
    APP_CALLS,
    "when_rejected",
    when_rejected,
    Absent::Default("\"end\""),
    "What becomes of a call that one device of its receiver rejects: end (it is over for all), or silence (that device stops ringing, \
     the others go on).",
);
static WHO: Key<WhoMayCall> = Key::new(
    APP_CALLS,
    "who_may_call",
    who_may_call,
    Absent::Default("\"anyone\""),
    "Whom a user may call: anyone (of the tenant), or conversation (the other members of the conversation that the call names; your \
     software says who they are, PUT /api/conversations/{id}/members).",
);
static EACH: Key<Each> = Key::new(
    APP_CALLS,
    "each",
    each,
    Absent::Default("[]"),
    "What holds for the users of one tenant instead. For example { tenant = \"acme\", ring_secs = 45, when_busy = \"ring\", \
     when_rejected = \"silence\", who_may_call = \"conversation\" }; in the environment acme:ring_secs=45:who_may_call=conversation.",
);
static STUN: Key<Vec<String>> = Key::new(
    APP_CALLS,
    "stun",
    stun,
    Absent::Default("[]"),
    "STUN servers that browsers are told of, such as stun:stun.example.com:3478.",
);
static TURN: Key<Vec<String>> = Key::new(
    APP_CALLS,
    "turn",
    turn,
    Absent::Default("[]"),
    "TURN servers that browsers are told of, such as turns:turn.example.com:5349?transport=tcp.",
);
static TURN_SECRET: Key<SecretString> = Key::new(
    APP_CALLS,
    "turn_secret",
    read::secret,
    Absent::Unset("\"(the output of: openssl rand -hex 32)\""),
    "What the TURN servers share with this one: static-auth-secret of coturn.",
)
.secret();
static TURN_LIFETIME: Key<Duration> = Key::new(
    APP_CALLS,
    "turn_lifetime_secs",
    read::seconds::<60, 86_400>,
    Absent::Default("3600"),
    "How long credentials of a TURN server are good.",
);
static MAY_CALL_URL: Key<String> = Key::new(
    APP_CALLS,
    "may_call_url",
    read::text,
    Absent::Unset("\"https://app.example.com/may-call\""),
    "Your own software that says who may call whom, asked by POST before anything rings: docs/app-calls.md. Anyone, if not set.",
);
static MAY_CALL_SECRET: Key<SecretString> = Key::new(
    APP_CALLS,
    "may_call_secret",
    read::secret,
    Absent::Unset("\"whsec_(the output of: openssl rand -base64 32)\""),
    "Signs what is sent to it, as Standard Webhooks has it.",
)
.secret();
static MAY_CALL_INSIDE: Key<Inside> = Key::new(
    APP_CALLS,
    "may_call_inside",
    inside,
    Absent::Default("\"deny\""),
    "Whether may_call_url may lead into your own network, and may be http: deny or allow.",
);
static MAY_CALL_TIMEOUT: Key<Duration> = Key::new(
    APP_CALLS,
    "may_call_timeout_secs",
    read::seconds::<1, 30>,
    Absent::Default("5"),
    "How long it may take to answer. If it does not, nobody is called.",
);
static SOCKETS: Key<u64> = Key::new(
    APP_CALLS,
    "sockets",
    read::whole::<1, 1_000_000>,
    Absent::Default("10000"),
    "Devices that may be connected at once; a further one gets 429.",
);
static FRAMES: Key<u64> = Key::new(
    APP_CALLS,
    "frames_per_second",
    read::whole::<10, 1_000_000>,
    Absent::Default("200"),
    "Frames a second that one socket may send, ten seconds' worth at once; one that sends more is closed.",
);

static KEYS: [&Facts; 20] = [
    &JWT_SECRET.facts,
    &USER_KEYS.facts,
    &AUDIENCE.facts,
    &RING.facts,
    &LONGEST.facts,
    &AWAY.facts,
    &WHEN_BUSY.facts,
    &WHEN_REJECTED.facts,
    &WHO.facts,
    &EACH.facts,
    &STUN.facts,
    &TURN.facts,
    &TURN_SECRET.facts,
    &TURN_LIFETIME.facts,
    &MAY_CALL_URL.facts,
    &MAY_CALL_SECRET.facts,
    &MAY_CALL_INSIDE.facts,
    &MAY_CALL_TIMEOUT.facts,
    &SOCKETS.facts,
    &FRAMES.facts,
];

/// The section as declared.
pub static SECTION: Section = Section {
    name: APP_CALLS,
    about: "Calls between users of your app, from browser to browser.",
    keys: &KEYS,
};

/// Calls between users of tenants' apps.
#[derive(Debug, Clone)]
pub struct AppCalls {
    /// Who the users are.
    pub tokens: UserTokens,
    /// What holds for users of a tenant of which nothing else is said.
    pub policy: AppPolicy,
    /// What holds for those of others, whole.
    pub each: BTreeMap<TenantId, AppPolicy>,
    /// How long it may last.
    pub longest: Duration,
    /// How long a side may be away.
    pub away: Duration,
    /// Your own software that says who may call whom.
    pub may_call: MayCall,
    /// STUN servers.
    pub stun: Vec<String>,
    /// TURN servers.
    pub turn: Option<Turn>,
    /// Whether they lack their secret, or the secret them.
    pub is_turn_half_set: bool,
    /// Devices at once.
    pub sockets: u64,
    /// Frames a second.
    pub frames: u64,
}

impl AppCalls {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        let secret = given.read_given(&JWT_SECRET)?.map(|secret| UserKey {
            kid: None,
            tenant: None,
            signs: Signs::Hs256(secret.expose_secret().as_bytes().to_vec()),
        });
        let keys = secret.into_iter().chain(given.read(&USER_KEYS)?).collect();
        let lifetime = SignedDuration::try_from(given.read(&TURN_LIFETIME)?).unwrap_or(SignedDuration::MAX);
        let urls = given.read(&TURN)?;
        // Without the secret there is nothing to tell of them.
        let turn_secret = given.read_given(&TURN_SECRET)?;
        let is_turn_half_set = turn_secret.is_some() == urls.is_empty();
        let turn = turn_secret.filter(|_| !urls.is_empty()).map(|secret| Turn {
            urls,
            secret: secret.expose_secret().as_bytes().to_vec(),
            lifetime,
        });
        let policy = AppPolicy {
            ring_secs: u32::try_from(given.read(&RING)?.as_secs()).unwrap_or(u32::MAX),
            when_busy: given.read(&WHEN_BUSY)?,
            when_rejected: given.read(&WHEN_REJECTED)?,
            who: given.read(&WHO)?,
        };
        let each = given.read(&EACH)?.into_iter().map(|(tenant, own)| (tenant, own.over(policy)));
        Ok(Self {
            tokens: UserTokens { keys, audience: given.read_given(&AUDIENCE)? },
            policy,
            each: each.collect(),
            longest: given.read(&LONGEST)?,
            away: given.read(&AWAY)?,
            may_call: may_call(given)?,
            stun: given.read(&STUN)?,
            turn,
            is_turn_half_set,
            sockets: given.read(&SOCKETS)?,
            frames: given.read(&FRAMES)?,
        })
    }
}

fn may_call(given: &Given) -> Result<MayCall, SettingError> {
    let Some(url) = given.read_given(&MAY_CALL_URL)? else { return Ok(MayCall::Anyone) };
    let at = |facts: &Facts, wrong: Wrong| wrong.at(facts.path(), given.origin(facts));
    let reach = reach(&url, given.read(&MAY_CALL_INSIDE)?).map_err(|wrong| at(&MAY_CALL_URL.facts, wrong))?;
    let secret = secret(&given.read(&MAY_CALL_SECRET)?).map_err(|wrong| at(&MAY_CALL_SECRET.facts, wrong))?;
    let timeout = given.read(&MAY_CALL_TIMEOUT)?;
    Ok(MayCall::Hook(Box::new(PermissionHook { url, reach, secret: Arc::new(secret), timeout })))
}

fn when_busy(raw: &Raw) -> Result<WhenBusy, Wrong> {
    match read::one(raw)? {
        "refuse" => Ok(WhenBusy::Refuse),
        "ring" => Ok(WhenBusy::Ring),
        other => Err(Wrong::new(quoted(other), "give refuse or ring")),
    }
}

fn when_rejected(raw: &Raw) -> Result<WhenRejected, Wrong> {
    match read::one(raw)? {
        "end" => Ok(WhenRejected::End),
        "silence" => Ok(WhenRejected::Silence),
        other => Err(Wrong::new(quoted(other), "give end or silence")),
    }
}

fn who_may_call(raw: &Raw) -> Result<WhoMayCall, Wrong> {
    match read::one(raw)? {
        "anyone" => Ok(WhoMayCall::Anyone),
        "conversation" => Ok(WhoMayCall::Conversation),
        other => Err(Wrong::new(quoted(other), "give anyone or conversation")),
    }
}

/// Tenants with a policy of their own, as given: what is left out is everybody's.
type Each = BTreeMap<TenantId, Own>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Own {
    ring_secs: Option<u32>,
    when_busy: Option<WhenBusy>,
    when_rejected: Option<WhenRejected>,
    who: Option<WhoMayCall>,
}

impl Own {
    fn over(self, all: AppPolicy) -> AppPolicy {
        AppPolicy {
            ring_secs: self.ring_secs.unwrap_or(all.ring_secs),
            when_busy: self.when_busy.unwrap_or(all.when_busy),
            when_rejected: self.when_rejected.unwrap_or(all.when_rejected),
            who: self.who.unwrap_or(all.who),
        }
    }
}

const EACH_FIELDS: [&str; 5] = ["tenant", "ring_secs", "when_busy", "when_rejected", "who_may_call"];
const EACH_RIGHT: &str = "write { tenant = \"acme\", who_may_call = \"conversation\" }";

fn each(raw: &Raw) -> Result<Each, Wrong> {
    let rows: Vec<Vec<(String, String)>> = match raw {
        Raw::Rows(rows) => rows.clone(),
        words => {
            let right = "acme:ring_secs=45:when_busy=ring";
            let rows = read::many(words)?.into_iter().map(|word| tenants::from_word(word, right));
            rows.collect::<Result<_, _>>()?
        }
    };
    let mut all = Each::new();
    for row in rows {
        if let Some((name, _)) = row.iter().find(|(name, _)| !EACH_FIELDS.contains(&name.as_str())) {
            let meant = nearest(name, EACH_FIELDS).map(|meant| format!("did you mean {meant}?"));
            return Err(Wrong::new(
                format_args!("{} is unknown in it", quoted(name)),
                meant.unwrap_or_else(|| EACH_RIGHT.to_owned()),
            ));
        }
        let given = |name: &str| {
            row.iter().find(|(known, _)| known == name).map(|(_, value)| Raw::One(value.clone()))
        };
        let tenant = row.iter().find(|(name, _)| name == "tenant");
        let (_, tenant) = tenant.ok_or_else(|| Wrong::new("tenant is missing", EACH_RIGHT))?;
        let tenant = tenancy::tenant_id(tenant)
            .map_err(|bad| Wrong::new("the tenant in it can't be one", bad.to_string()))?;
        let ring = given("ring_secs").map(|raw| read::seconds::<5, 180>(&raw)).transpose()?;
        let own = Own {
            ring_secs: ring.map(|ring| u32::try_from(ring.as_secs()).unwrap_or(u32::MAX)),
            when_busy: given("when_busy").map(|raw| when_busy(&raw)).transpose()?,
            when_rejected: given("when_rejected").map(|raw| when_rejected(&raw)).transpose()?,
            who: given("who_may_call").map(|raw| who_may_call(&raw)).transpose()?,
        };
        if all.insert(tenant.clone(), own).is_some() {
            let wrong = format_args!("the tenant {} stands in it twice", tenant.as_str()).to_string();
            return Err(Wrong::new(wrong, "give each tenant one row"));
        }
    }
    Ok(all)
}

fn stun(raw: &Raw) -> Result<Vec<String>, Wrong> {
    servers(raw, &["stun:", "stuns:"], "give addresses such as stun:stun.example.com:3478")
}

fn turn(raw: &Raw) -> Result<Vec<String>, Wrong> {
    servers(raw, &["turn:", "turns:"], "give addresses such as turn:turn.example.com:3478?transport=udp")
}

fn servers(raw: &Raw, schemes: &[&str], right: &str) -> Result<Vec<String>, Wrong> {
    let all = read::many(raw)?;
    let is_server = |word: &str| {
        schemes.iter().any(|scheme| word.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
    };
    match all.iter().find(|word| !is_server(word)) {
        None => Ok(all.into_iter().map(str::to_owned).collect()),
        Some(odd) => Err(Wrong::new(quoted(odd), right)),
    }
}

const FIELDS: [&str; 4] = ["kid", "alg", "key", "tenant"];
const RIGHT: &str = "write { kid = \"2\", alg = \"EdDSA\", key = \"(base64)\" }";

fn user_keys(raw: &Raw) -> Result<Vec<UserKey>, Wrong> {
    let rows: Vec<Vec<(String, String)>> = match raw {
        Raw::Rows(rows) => rows.clone(),
        words => read::many(words)?.into_iter().map(from_word).collect::<Result<_, _>>()?,
    };
    let mut keys: Vec<UserKey> = Vec::new();
    for row in rows {
        let key = from_row(&row)?;
        if keys.iter().any(|known| known.kid == key.kid) {
            return Err(Wrong::new("a kid stands in it twice", "give each key a kid of its own"));
        }
        keys.push(key);
    }
    Ok(keys)
}

/// `2:alg=EdDSA:key=…:tenant=acme` as the row it stands for.
fn from_word(word: &str) -> Result<Vec<(String, String)>, Wrong> {
    let mut parts = word.split(':');
    let kid = parts.next().unwrap_or_default();
    let field = |part: &str| {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| Wrong::new("a part of it has no =", "write 2:alg=EdDSA:key=BASE64"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    std::iter::once(Ok(("kid".to_owned(), kid.to_owned()))).chain(parts.map(field)).collect()
}

fn from_row(row: &[(String, String)]) -> Result<UserKey, Wrong> {
    if let Some((name, _)) = row.iter().find(|(name, _)| !FIELDS.contains(&name.as_str())) {
        let meant = nearest(name, FIELDS).map(|meant| format!("did you mean {meant}?"));
        return Err(Wrong::new("a name in it is unknown", meant.unwrap_or_else(|| RIGHT.to_owned())));
    }
    let given = |name: &str| row.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let needed = |name: &'static str| given(name).filter(|value| !value.is_empty());
    let kid = needed("kid").ok_or_else(|| Wrong::new("kid is missing", RIGHT))?;
    let key = needed("key").ok_or_else(|| Wrong::new("key is missing", RIGHT))?;
    let signs = match given("alg") {
        Some("EdDSA") => Signs::EdDsa(public_key(key)?),
        Some("HS256") => Signs::Hs256(key.as_bytes().to_vec()),
        _ => return Err(Wrong::new("alg is neither EdDSA nor HS256", RIGHT)),
    };
    let tenant = given("tenant").map(tenancy::tenant_id).transpose();
    let tenant = tenant.map_err(|bad| Wrong::new("the tenant in it can't be one", bad.to_string()))?;
    Ok(UserKey { kid: Some(kid.to_owned()), tenant, signs })
}

/// Ed25519: the 32 bytes themselves, or the form that `openssl pkey -pubout -outform DER | base64` writes.
fn public_key(text: &str) -> Result<[u8; 32], Wrong> {
    let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).unwrap_or_default();
    let bytes = decoded.strip_prefix(&DER_BEGINS[..]).unwrap_or(&decoded);
    bytes.try_into().map_err(|_| {
        Wrong::new(
            "its key is no public key of Ed25519",
            "give the output of: openssl pkey -in KEY -pubout -outform DER | base64",
        )
    })
}

/// What stands before the 32 bytes in that form (RFC 8410).
const DER_BEGINS: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
