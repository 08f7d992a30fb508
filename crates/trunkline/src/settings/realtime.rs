//! `[realtime]`: the model behind bots that talk.

use secrecy::SecretString;
use trunkline_engine::ModelAddress;
use url::Url;

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const REALTIME: &str = "realtime";
const OPENAI: &str = "api.openai.com";

static URL: Key<Url> = Key::new(
    REALTIME,
    "url",
    url,
    Absent::Default("\"wss://api.openai.com/v1/realtime\""),
    "Where the model is reached: OpenAI's Realtime interface, or whatever speaks it.",
)
.env(&["OPENAI_REALTIME_URL", "REALTIME_URL"]);
static API_KEY: Key<SecretString> = Key::new(
    REALTIME,
    "api_key",
    read::secret,
    Absent::Unset("\"sk-...\""),
    "Opens the model. Without it, and with the url as it is, no bot talks: docs/media-streams.md.",
)
.env(&["OPENAI_API_KEY"])
.secret();
static MODEL: Key<String> =
    Key::new(REALTIME, "model", read::text, Absent::Default("\"gpt-realtime\""), "The model that talks.");
static TRANSCRIBER: Key<String> = Key::new(
    REALTIME,
    "transcriber",
    read::text,
    Absent::Default("\"gpt-4o-mini-transcribe\""),
    "The model that writes down what callers say.",
);
static KEYS: [&Facts; 4] = [&URL.facts, &API_KEY.facts, &MODEL.facts, &TRANSCRIBER.facts];

/// The section as declared.
pub static SECTION: Section =
    Section { name: REALTIME, about: "The model behind bots that talk.", keys: &KEYS };

/// The model behind bots that talk.
#[derive(Debug, Clone)]
pub struct Realtime {
    /// Where it is; `None` if no bot talks.
    pub model: Option<ModelAddress>,
}

impl Realtime {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        let key = given.read_given(&API_KEY)?;
        let url = given.read(&URL)?;
        // A model of one's own may want no key; OpenAI's always does.
        let is_reachable = key.is_some() || url.host_str() != Some(OPENAI);
        let model =
            ModelAddress { url, key, model: given.read(&MODEL)?, transcriber: given.read(&TRANSCRIBER)? };
        Ok(Self { model: is_reachable.then_some(model) })
    }
}

fn url(raw: &Raw) -> Result<Url, Wrong> {
    let text = read::text(raw)?;
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "wss" | "ws") && url.has_host() => Ok(url),
        _ => Err(Wrong::new(quoted(&text), "give an address such as wss://api.openai.com/v1/realtime")),
    }
}
