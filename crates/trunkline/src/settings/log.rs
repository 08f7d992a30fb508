//! `[log]`: what is logged, and for whom it is written.

use tracing_subscriber::EnvFilter;

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const LOG: &str = "log";

static FILTER: Key<String> = Key::new(
    LOG,
    "filter",
    filter,
    Absent::Default("\"info\""),
    "error, warn, info, debug or trace, also by room: info,trunkline_engine=debug.",
)
.env(&["TRUNKLINE_LOG", "RUST_LOG"])
.flag("--log");

static FORMAT: Key<Format> =
    Key::new(LOG, "format", format, Absent::Default("\"text\""), "text for people, json for collectors.")
        .flag("--log-format");

static KEYS: [&Facts; 2] = [&FILTER.facts, &FORMAT.facts];

/// The section as declared.
pub static SECTION: Section =
    Section { name: LOG, about: "The log, written to standard error.", keys: &KEYS };

/// The log, written to standard error.
#[derive(Debug, Clone)]
pub struct Log {
    /// Directives for `EnvFilter`, known to be valid.
    pub filter: String,
    /// For whom it is written.
    pub format: Format,
}

/// For whom the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// People.
    Text,
    /// Collectors: one JSON object a line.
    Json,
}

impl Log {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        Ok(Self { filter: given.read(&FILTER)?, format: given.read(&FORMAT)? })
    }
}

fn filter(raw: &Raw) -> Result<String, Wrong> {
    // A list of directives is one text to us.
    let text = read::text(raw)?;
    match EnvFilter::try_new(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Wrong::new(
            format_args!("{} is no filter: {error}", quoted(&text)),
            "give error, warn, info, debug or trace, or room=level pairs parted by commas",
        )),
    }
}

fn format(raw: &Raw) -> Result<Format, Wrong> {
    match read::one(raw)?.to_ascii_lowercase().as_str() {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        other => Err(Wrong::new(format_args!("{} is no format", quoted(other)), "give text or json")),
    }
}
