//! `[realtime]`: the model behind bots that talk.

use secrecy::SecretString;
use std::collections::BTreeMap;
use trunkline_core::call::{Amount, TokenKind, TokenPrices};
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
static PRICES: Key<BTreeMap<TokenKind, Amount>> = Key::new(
    REALTIME,
    "prices",
    prices,
    Absent::Default("[]"),
    "What the model charges for a million tokens of each kind, such as [\"audio_in:32.00\", \"audio_out:64.00\"]: text_in, \
     text_cached, audio_in, audio_cached, text_out, audio_out. A call that used a kind without a price has no cost.",
);
static CURRENCY: Key<String> = Key::new(
    REALTIME,
    "currency",
    currency,
    Absent::Default("\"USD\""),
    "Of these prices, by its three letters.",
);
static KEYS: [&Facts; 6] =
    [&URL.facts, &API_KEY.facts, &MODEL.facts, &TRANSCRIBER.facts, &PRICES.facts, &CURRENCY.facts];

/// The section as declared.
pub static SECTION: Section =
    Section { name: REALTIME, about: "The model behind bots that talk.", keys: &KEYS };

/// The model behind bots that talk.
#[derive(Debug, Clone)]
pub struct Realtime {
    /// Where it is; `None` if no bot talks.
    pub model: Option<ModelAddress>,
    /// What it charges.
    pub prices: TokenPrices,
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
        let prices = TokenPrices { unit: given.read(&CURRENCY)?, of_a_million: given.read(&PRICES)? };
        Ok(Self { model: is_reachable.then_some(model), prices })
    }
}

/// `audio_in:32.00`: kinds of tokens with the price of a million.
fn prices(raw: &Raw) -> Result<BTreeMap<TokenKind, Amount>, Wrong> {
    let right = "give kinds of tokens with the price of a million, such as audio_in:32.00";
    let mut prices = BTreeMap::new();
    for word in read::many(raw)? {
        let wrong = || Wrong::new(quoted(word), right);
        let (kind, amount) = word.split_once(':').ok_or_else(wrong)?;
        let kind: TokenKind = kind.trim().parse().map_err(|()| wrong())?;
        let amount: Amount = amount.trim().parse().map_err(|_| wrong())?;
        if prices.insert(kind, amount).is_some() {
            return Err(Wrong::new(quoted(word), "give each kind once"));
        }
    }
    Ok(prices)
}

fn currency(raw: &Raw) -> Result<String, Wrong> {
    let text = read::text(raw)?;
    let is_one = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_one { Ok(text) } else { Err(Wrong::new(quoted(&text), "give its three letters, such as USD")) }
}

fn url(raw: &Raw) -> Result<Url, Wrong> {
    let text = read::text(raw)?;
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "wss" | "ws") && url.has_host() => Ok(url),
        _ => Err(Wrong::new(quoted(&text), "give an address such as wss://api.openai.com/v1/realtime")),
    }
}
