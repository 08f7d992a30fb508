//! `[carrier]`: who connects calls to the phone network. Without any setting the simulator does.

use secrecy::SecretString;
use url::Url;

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::public_url;
use super::read;

const CARRIER: &str = "carrier";

static KIND: Key<Kind> = Key::new(
    CARRIER,
    "kind",
    kind,
    Absent::Unset("\"twilio\""),
    "simulator or twilio. Without it twilio if account_sid is given, else the simulator, which calls nobody.",
)
.flag("--carrier");

static ACCOUNT_SID: Key<String> = Key::new(
    CARRIER,
    "account_sid",
    account_sid,
    Absent::Unset("\"AC00000000000000000000000000000000\""),
    "Twilio's Account SID.",
)
.env(&["TWILIO_ACCOUNT_SID"]);

static AUTH_TOKEN: Key<SecretString> = Key::new(
    CARRIER,
    "auth_token",
    read::secret,
    Absent::Unset("\"(from the carrier's console)\""),
    "Twilio's Auth Token. It signs webhooks too, so an API key can't replace it.",
)
.env(&["TWILIO_AUTH_TOKEN"])
.secret();

static FROM: Key<String> = Key::new(
    CARRIER,
    "from",
    read::e164,
    Absent::Unset("\"+14155550100\""),
    "Number that calls are placed from when the call names none. No other software may dial from it.",
)
.env(&["TWILIO_PHONE_NUMBER"]);

static API_BASE: Key<Url> = Key::new(
    CARRIER,
    "api_base",
    public_url::api_base,
    Absent::Default("\"https://api.twilio.com\""),
    "Base address of Twilio's API; another one for an edge location or a test server.",
)
.env(&["TWILIO_API_BASE"]);

static KEYS: [&Facts; 5] = [&KIND.facts, &ACCOUNT_SID.facts, &AUTH_TOKEN.facts, &FROM.facts, &API_BASE.facts];

/// The section as declared.
pub static SECTION: Section =
    Section { name: CARRIER, about: "Who connects calls to the phone network.", keys: &KEYS };

/// Who connects calls to the phone network.
#[derive(Debug, Clone)]
pub struct Carrier {
    /// Number that calls are placed from when the call names none, in E.164 by shape.
    pub from: Option<String>,
    /// How the carrier is reached.
    pub account: Account,
}

/// An account at a carrier.
#[derive(Debug, Clone)]
pub enum Account {
    /// People who were never there, inside this process.
    Simulator,
    /// An account at Twilio.
    Twilio {
        /// The account's id, `AC` and 32 hexadecimal digits.
        account_sid: String,
        /// Signs webhooks, and opens the API.
        auth_token: SecretString,
        /// Base address of the API, without a slash at its end.
        api_base: Url,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simulator,
    Twilio,
}

impl Carrier {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used, or the part of Twilio's credentials that is missing.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        let sid = given.read_given(&ACCOUNT_SID)?;
        let token = given.read_given(&AUTH_TOKEN)?;
        let chosen = given.read_given(&KIND)?;
        let kind =
            chosen.unwrap_or(if sid.is_some() || token.is_some() { Kind::Twilio } else { Kind::Simulator });
        let account = match kind {
            Kind::Simulator => Account::Simulator,
            Kind::Twilio => Account::Twilio {
                account_sid: sid.map_or_else(|| given.read(&ACCOUNT_SID), Ok)?,
                auth_token: token.map_or_else(|| given.read(&AUTH_TOKEN), Ok)?,
                api_base: given.read(&API_BASE)?,
            },
        };
        Ok(Self { from: given.read_given(&FROM)?, account })
    }
}

fn kind(raw: &Raw) -> Result<Kind, Wrong> {
    match read::one(raw)?.to_ascii_lowercase().as_str() {
        "simulator" | "sim" => Ok(Kind::Simulator),
        "twilio" => Ok(Kind::Twilio),
        other => Err(Wrong::new(
            format_args!("{} is no carrier we know", quoted(other)),
            "give simulator or twilio",
        )),
    }
}

/// It becomes a part of the API's addresses, so nothing but letters and digits may be in it.
fn account_sid(raw: &Raw) -> Result<String, Wrong> {
    let sid = read::text(raw)?;
    let right = "copy the Account SID from Twilio's console: AC and 32 hexadecimal digits";
    if sid.starts_with("SK") {
        return Err(Wrong::new("it is the SID of an API key", right));
    }
    if !sid.starts_with("AC") || !sid.bytes().all(|c| c.is_ascii_alphanumeric()) {
        return Err(Wrong::new(format_args!("{} is no Account SID", quoted(&sid)), right));
    }
    Ok(sid)
}
