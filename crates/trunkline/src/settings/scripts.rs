//! `[scripts]`: where the questionnaires are, and which one answers which number.

use std::collections::BTreeSet;
use std::path::PathBuf;

use trunkline_core::id::TenantId;
use trunkline_core::script::AudioUrl;
use trunkline_core::tenancy;

use super::error::{SettingError, Wrong, nearest, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const SCRIPTS: &str = "scripts";

static QUESTIONS: Key<PathBuf> = Key::new(
    SCRIPTS,
    "questions",
    read::path,
    Absent::Default("\"questions.json\""),
    "A questions.json, or a folder of scripts. Read while running: the next call asks the new text.",
)
.env(&["QUESTIONS"])
.flag("--questions");

static DEFAULT_SCRIPT: Key<String> = Key::new(
    SCRIPTS,
    "default_script",
    read::text,
    Absent::Unset("\"survey\""),
    "Script of a call that names none: a file's name without its ending. Without it the first of the folder.",
);

static BOTS: Key<PathBuf> = Key::new(
    SCRIPTS,
    "bots",
    read::path,
    Absent::Unset("\"bots\""),
    "A voice bot's JSON file, or a folder of them. Read while running: the next call uses the new text.",
)
.env(&["BOTS"]);

static NUMBERS: Key<Vec<NumberRoute>> = Key::new(
    SCRIPTS,
    "numbers",
    numbers,
    Absent::Default("[]"),
    "Script that answers calls to our numbers: [{ number = \"+14155550100\", script = \"survey\" }], with \
     tenant = \"acme\" where it is a tenant's; in the environment +14155550100=survey,… or =survey@acme",
);

static HOLD_MUSIC: Key<AudioUrl> = Key::new(
    SCRIPTS,
    "hold_music",
    music,
    Absent::Unset("\"https://example.com/music.mp3\""),
    "What somebody on hold hears, again and again: an https address that the carrier can fetch. Without it a sentence is said.",
)
.env(&["HOLD_MUSIC_URL"]);

static KEYS: [&Facts; 5] =
    [&QUESTIONS.facts, &DEFAULT_SCRIPT.facts, &BOTS.facts, &NUMBERS.facts, &HOLD_MUSIC.facts];

/// The section as declared.
pub static SECTION: Section = Section {
    name: SCRIPTS,
    about: "The questionnaires and bots, and which one answers which number.",
    keys: &KEYS,
};

/// The questionnaires, and which one answers which number.
#[derive(Debug, Clone)]
pub struct Scripts {
    /// A questions file, or a folder of scripts. It need not be there: the built-in questions stand in, loudly.
    pub questions: PathBuf,
    /// Script of a call that names none.
    pub default_script: Option<String>,
    /// A bot's file, or a folder of them.
    pub bots: Option<PathBuf>,
    /// Scripts of inbound calls by our number; no number stands twice.
    pub numbers: Vec<NumberRoute>,
    /// What somebody on hold hears.
    pub hold_music: Option<AudioUrl>,
}

/// Which script answers calls to one of our numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRoute {
    /// Our number, in E.164 by shape.
    pub number: String,
    /// The script's name.
    pub script: String,
    /// Whose it is; `None`: the default tenant's.
    pub tenant: Option<TenantId>,
}

impl Scripts {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        Ok(Self {
            questions: given.read(&QUESTIONS)?,
            default_script: given.read_given(&DEFAULT_SCRIPT)?,
            bots: given.read_given(&BOTS)?,
            numbers: given.read(&NUMBERS)?,
            hold_music: given.read_given(&HOLD_MUSIC)?,
        })
    }
}

fn music(raw: &Raw) -> Result<AudioUrl, Wrong> {
    let url = read::text(raw)?;
    url.parse().map_err(|bad| Wrong::new(bad, "give an address such as https://example.com/music.mp3"))
}

const RIGHT: &str = "write { number = \"+14155550100\", script = \"survey\" }";

fn numbers(raw: &Raw) -> Result<Vec<NumberRoute>, Wrong> {
    let routes: Vec<_> = match raw {
        Raw::Rows(rows) => rows.iter().map(|row| from_row(row)).collect::<Result<_, _>>()?,
        words => read::many(words)?.into_iter().map(from_word).collect::<Result<_, _>>()?,
    };
    let mut seen = BTreeSet::new();
    match routes.iter().find(|route| !seen.insert(&route.number)) {
        Some(twice) => Err(Wrong::new(
            format_args!("the number {} stands in it twice", twice.number),
            "give each number one script",
        )),
        None => Ok(routes),
    }
}

fn from_word(word: &str) -> Result<NumberRoute, Wrong> {
    let (number, script) = word
        .split_once('=')
        .ok_or_else(|| Wrong::new(format_args!("{} has no =", quoted(word)), "write +14155550100=survey"))?;
    match script.rsplit_once('@') {
        Some((script, tenant)) => route(number, script, Some(tenant)),
        None => route(number, script, None),
    }
}

fn from_row(row: &[(String, String)]) -> Result<NumberRoute, Wrong> {
    let names = ["number", "script", "tenant"];
    if let Some((name, _)) = row.iter().find(|(name, _)| !names.contains(&name.as_str())) {
        let meant = nearest(name, names).map(|meant| format!("did you mean {meant}?"));
        return Err(Wrong::new(
            format_args!("{} is unknown in it", quoted(name)),
            meant.unwrap_or(RIGHT.to_owned()),
        ));
    }
    let given = |name: &str| row.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let field = |name: &str| given(name).ok_or_else(|| Wrong::new(format_args!("{name} is missing"), RIGHT));
    route(field("number")?, field("script")?, given("tenant"))
}

fn route(number: &str, script: &str, tenant: Option<&str>) -> Result<NumberRoute, Wrong> {
    let one = |text: &str| Raw::One(text.to_owned());
    let tenant = tenant.map(tenancy::tenant_id).transpose();
    Ok(NumberRoute {
        number: read::e164(&one(number))?,
        script: read::text(&one(script))?,
        tenant: tenant.map_err(|bad| Wrong::new("the tenant in it can't be one", bad.to_string()))?,
    })
}
