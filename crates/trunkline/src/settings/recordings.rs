//! `[recordings]`: where recordings are kept, for how long, and how large one may be.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use trunkline_core::call::KeepFor;
use trunkline_engine::{Addressing, AskConsent, BucketAddress};

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::{read, retention};

const RECORDINGS: &str = "recordings";

static FOLDER: Key<PathBuf> = Key::new(
    RECORDINGS,
    "folder",
    read::path,
    Absent::Unset("\"/var/lib/trunkline/recordings\""),
    "Folder they are fetched into. Without it recordings in data_dir.",
);
static STORE: Key<Option<(String, String)>> = Key::new(
    RECORDINGS,
    "store",
    store,
    Absent::Default("\"folder\""),
    "Where they are kept: folder, or s3://BUCKET or s3://BUCKET/PREFIX, where they go as soon as the bucket takes them. The \
     folder is where they wait for it.",
);
static S3_ENDPOINT: Key<String> = Key::new(
    RECORDINGS,
    "s3_endpoint",
    endpoint,
    Absent::Unset("\"https://s3.example.com\""),
    "The S3 server. Without it Amazon's own.",
)
.env(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]);
static S3_REGION: Key<String> =
    Key::new(RECORDINGS, "s3_region", read::text, Absent::Default("\"us-east-1\""), "The bucket's region.")
        .env(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
static S3_KEY_ID: Key<String> = Key::new(
    RECORDINGS,
    "s3_key_id",
    read::text,
    Absent::Unset("\"AKIA...\""),
    "The id of the key that opens the bucket. Without it what the machine's own role may do.",
)
.env(&["AWS_ACCESS_KEY_ID"]);
static S3_SECRET: Key<SecretString> = Key::new(
    RECORDINGS,
    "s3_secret",
    read::secret,
    Absent::Unset("\"(the key's secret)\""),
    "The secret of that key.",
)
.env(&["AWS_SECRET_ACCESS_KEY"])
.secret();
static S3_ADDRESSING: Key<Addressing> = Key::new(
    RECORDINGS,
    "s3_addressing",
    addressing,
    Absent::Unset("\"path\""),
    "How the bucket is named in addresses: host or path. Without it path on a server of s3_endpoint, host on Amazon's.",
);
static KEEP_DAYS: Key<u64> = Key::new(
    RECORDINGS,
    "keep_days",
    read::whole::<1, 36_500>,
    Absent::Unset("30"),
    "Days after the end of a call for which its recordings are kept; then the audio is removed, and the call stays. Without it \
     for ever.",
);
static KEEP_DAYS_OF: Key<retention::DaysOf> = Key::new(
    RECORDINGS,
    "keep_days_of",
    retention::days_of,
    Absent::Default("[]"),
    "What holds for one tenant instead, such as [\"acme:7\", \"initech:90\"].",
);
static MAX_BYTES: Key<u64> = Key::new(
    RECORDINGS,
    "max_bytes",
    read::bytes::<65_536, { 64 << 30 }>,
    Absent::Default("\"256MiB\""),
    "Largest recording that is fetched; a larger one stays with the carrier and is marked so.",
);

static CONSENT: Key<AskConsent> = Key::new(
    RECORDINGS,
    "consent",
    consent,
    Absent::Default("\"script\""),
    "Whether people are asked before answers are recorded: script (where a script has a question of type consent) or \
     always (a script that records and does not ask is asked for it). Without a yes the call ends unrecorded.",
);

static KEYS: [&Facts; 11] = [
    &FOLDER.facts,
    &STORE.facts,
    &S3_ENDPOINT.facts,
    &S3_REGION.facts,
    &S3_KEY_ID.facts,
    &S3_SECRET.facts,
    &S3_ADDRESSING.facts,
    &KEEP_DAYS.facts,
    &KEEP_DAYS_OF.facts,
    &MAX_BYTES.facts,
    &CONSENT.facts,
];

fn store(raw: &Raw) -> Result<Option<(String, String)>, Wrong> {
    match read::one(raw)? {
        "folder" => Ok(None),
        bucket => BucketAddress::parse(bucket)
            .map(Some)
            .map_err(|wrong| Wrong::new(wrong, "give folder, or a bucket such as s3://calls/recordings")),
    }
}

/// A server has no name, password or path: what opens the bucket stands apart.
fn endpoint(raw: &Raw) -> Result<String, Wrong> {
    let text = read::text(raw)?;
    let right = "give the server alone, such as https://s3.example.com or http://127.0.0.1:9000";
    let url = url::Url::parse(&text).map_err(|_| Wrong::new("it is no address", right))?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_bare {
        return Err(Wrong::new("it is not the address of a server", right));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn addressing(raw: &Raw) -> Result<Addressing, Wrong> {
    match read::one(raw)? {
        "host" => Ok(Addressing::Host),
        "path" => Ok(Addressing::Path),
        other => Err(Wrong::new(quoted(other), "give host or path")),
    }
}

fn consent(raw: &Raw) -> Result<AskConsent, Wrong> {
    match read::one(raw)? {
        "script" => Ok(AskConsent::AsScriptsSay),
        "always" => Ok(AskConsent::Always),
        other => Err(Wrong::new(format!("{} is neither", quoted(other)), "give script or always")),
    }
}

/// The section as declared.
pub static SECTION: Section =
    Section { name: RECORDINGS, about: "Recordings, fetched from the carrier and kept here.", keys: &KEYS };

/// Recordings, fetched from the carrier and kept here.
#[derive(Debug, Clone)]
pub struct Recordings {
    /// Folder they are fetched into.
    pub folder: PathBuf,
    /// The bucket they go to from there, if there is one.
    pub bucket: Option<BucketAddress>,
    /// For how long they are kept.
    pub keep: KeepFor,
    /// Largest one that is fetched, in bytes.
    pub max_bytes: u64,
    /// Whether people are asked before.
    pub consent: AskConsent,
}

impl Recordings {
    /// Reads the section; `data_dir` is where the folder goes without a setting.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given, data_dir: &Path) -> Result<Self, SettingError> {
        let folder = given.read_given(&FOLDER)?.unwrap_or_else(|| data_dir.join(RECORDINGS));
        let usually = given.read_given(&KEEP_DAYS)?.map(retention::days);
        let keep = KeepFor { usually, each: given.read(&KEEP_DAYS_OF)? };
        Ok(Self {
            folder,
            bucket: bucket(given)?,
            keep,
            max_bytes: given.read(&MAX_BYTES)?,
            consent: given.read(&CONSENT)?,
        })
    }
}

/// What is said of S3 by variables that a neighbour has set is read only if there is a bucket.
fn bucket(given: &Given) -> Result<Option<BucketAddress>, SettingError> {
    let Some((bucket, prefix)) = given.read(&STORE)? else { return Ok(None) };
    let endpoint = given.read_given(&S3_ENDPOINT)?;
    let usual = if endpoint.is_some() { Addressing::Path } else { Addressing::Host };
    let key = match (given.read_given(&S3_KEY_ID)?, given.read_given(&S3_SECRET)?) {
        (Some(id), Some(secret)) => Some((id, secret)),
        (None, None) => None,
        (Some(_), None) => return Err(half(given, &S3_SECRET.facts)),
        (None, Some(_)) => return Err(half(given, &S3_KEY_ID.facts)),
    };
    Ok(Some(BucketAddress {
        bucket,
        prefix,
        endpoint,
        region: given.read(&S3_REGION)?,
        key,
        addressing: given.read_given(&S3_ADDRESSING)?.unwrap_or(usual),
    }))
}

fn half(given: &Given, missing: &Facts) -> SettingError {
    Wrong::new("the other half of the key is given, and this one is not", "give both, or none")
        .at(missing.path(), given.origin(missing))
}
