//! `[recordings]`: where recordings are kept, for how long, and how large one may be.

use std::path::{Path, PathBuf};
use std::time::Duration;

use trunkline_engine::AskConsent;

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const RECORDINGS: &str = "recordings";
const SECS_PER_DAY: u64 = 86_400;

static FOLDER: Key<PathBuf> = Key::new(
    RECORDINGS,
    "folder",
    read::path,
    Absent::Unset("\"/var/lib/trunkline/recordings\""),
    "Folder they are fetched into. Without it recordings in data_dir.",
);
static RETENTION_DAYS: Key<u64> = Key::new(
    RECORDINGS,
    "retention_days",
    read::whole::<1, 36_500>,
    Absent::Default("30"),
    "Days after which a recording may be pruned.",
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

static KEYS: [&Facts; 4] = [&FOLDER.facts, &RETENTION_DAYS.facts, &MAX_BYTES.facts, &CONSENT.facts];

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
    /// Age at which one may be pruned.
    pub retention: Duration,
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
        let retention = Duration::from_secs(given.read(&RETENTION_DAYS)? * SECS_PER_DAY);
        Ok(Self { folder, retention, max_bytes: given.read(&MAX_BYTES)?, consent: given.read(&CONSENT)? })
    }
}
