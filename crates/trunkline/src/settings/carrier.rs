//! `[carrier]`: who connects calls to the phone network. Without any setting the simulator does.

use secrecy::SecretString;
use trunkline_carriers::telnyx::signature::Verifier;
use trunkline_sim::Mouth;
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
    "simulator, simulator-telnyx (the same people behind Telnyx's API), twilio or telnyx. Without it the one whose account is given, else the simulator, which calls nobody.",
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
.env(&["TWILIO_PHONE_NUMBER", "TELNYX_PHONE_NUMBER"]);

static API_BASE: Key<Url> = Key::new(
    CARRIER,
    "api_base",
    public_url::api_base,
    Absent::Default("\"https://api.twilio.com\""),
    "Base address of Twilio's API; another one for an edge location or a test server.",
)
.env(&["TWILIO_API_BASE"]);

static TELNYX_ACCOUNT: Key<String> = Key::new(
    CARRIER,
    "telnyx_account",
    telnyx_account,
    Absent::Unset("\"00000000-0000-0000-0000-000000000000\""),
    "Telnyx's account id, a UUID: AccountSid in its webhooks.",
)
.env(&["TELNYX_ACCOUNT_SID"]);

static TELNYX_API_KEY: Key<SecretString> = Key::new(
    CARRIER,
    "telnyx_api_key",
    read::secret,
    Absent::Unset("\"(from the carrier's console)\""),
    "Telnyx's API key.",
)
.env(&["TELNYX_API_KEY"])
.secret();

static TELNYX_PUBLIC_KEY: Key<String> = Key::new(
    CARRIER,
    "telnyx_public_key",
    telnyx_public_key,
    Absent::Unset("\"(from the carrier's console)\""),
    "The public half of the key that Telnyx signs webhooks with, in base64.",
)
.env(&["TELNYX_PUBLIC_KEY"]);

static TELNYX_CONNECTION: Key<String> = Key::new(
    CARRIER,
    "telnyx_connection",
    telnyx_connection,
    Absent::Unset("\"1293384261075731499\""),
    "Id of the TeXML application at Telnyx that calls go through.",
)
.env(&["TELNYX_CONNECTION_ID"]);

static TELNYX_API_BASE: Key<Url> = Key::new(
    CARRIER,
    "telnyx_api_base",
    public_url::api_base,
    Absent::Default("\"https://api.telnyx.com\""),
    "Base address of Telnyx's API; another one for a test server.",
)
.env(&["TELNYX_API_BASE"]);

static KEYS: [&Facts; 10] = [
    &KIND.facts,
    &ACCOUNT_SID.facts,
    &AUTH_TOKEN.facts,
    &FROM.facts,
    &API_BASE.facts,
    &TELNYX_ACCOUNT.facts,
    &TELNYX_API_KEY.facts,
    &TELNYX_PUBLIC_KEY.facts,
    &TELNYX_CONNECTION.facts,
    &TELNYX_API_BASE.facts,
];

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
    Simulator {
        /// Whose API their carrier has.
        speaks: Mouth,
    },
    /// An account at Twilio.
    Twilio {
        /// The account's id, `AC` and 32 hexadecimal digits.
        account_sid: String,
        /// Signs webhooks, and opens the API.
        auth_token: SecretString,
        /// Base address of the API, without a slash at its end.
        api_base: Url,
    },
    /// An account at Telnyx.
    Telnyx {
        /// The account's id, a UUID.
        account: String,
        /// Opens the API.
        api_key: SecretString,
        /// Tells its webhooks from a stranger's; base64 of 32 bytes.
        public_key: String,
        /// The TeXML application's id, a number.
        connection: String,
        /// Base address of the API, without a slash at its end.
        api_base: Url,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simulator(Mouth),
    Twilio,
    Telnyx,
}

impl Carrier {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used, or the part of Twilio's credentials that is missing.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        let sid = given.read_given(&ACCOUNT_SID)?;
        let token = given.read_given(&AUTH_TOKEN)?;
        let account = given.read_given(&TELNYX_ACCOUNT)?;
        let api_key = given.read_given(&TELNYX_API_KEY)?;
        let is_twilio = sid.is_some() || token.is_some();
        let is_telnyx = account.is_some() || api_key.is_some();
        let kind = match given.read_given(&KIND)? {
            Some(chosen) => chosen,
            None if is_twilio => Kind::Twilio,
            None if is_telnyx => Kind::Telnyx,
            None => Kind::Simulator(Mouth::Twilio),
        };
        let account = match kind {
            Kind::Simulator(speaks) => Account::Simulator { speaks },
            Kind::Twilio => Account::Twilio {
                account_sid: sid.map_or_else(|| given.read(&ACCOUNT_SID), Ok)?,
                auth_token: token.map_or_else(|| given.read(&AUTH_TOKEN), Ok)?,
                api_base: given.read(&API_BASE)?,
            },
            Kind::Telnyx => Account::Telnyx {
                account: account.map_or_else(|| given.read(&TELNYX_ACCOUNT), Ok)?,
                api_key: api_key.map_or_else(|| given.read(&TELNYX_API_KEY), Ok)?,
                public_key: given.read(&TELNYX_PUBLIC_KEY)?,
                connection: given.read(&TELNYX_CONNECTION)?,
                api_base: given.read(&TELNYX_API_BASE)?,
            },
        };
        Ok(Self { from: given.read_given(&FROM)?, account })
    }
}

fn kind(raw: &Raw) -> Result<Kind, Wrong> {
    match read::one(raw)?.to_ascii_lowercase().as_str() {
        "simulator" | "sim" => Ok(Kind::Simulator(Mouth::Twilio)),
        "simulator-telnyx" => Ok(Kind::Simulator(Mouth::Telnyx)),
        "twilio" => Ok(Kind::Twilio),
        "telnyx" => Ok(Kind::Telnyx),
        other => Err(Wrong::new(
            format_args!("{} is no carrier we know", quoted(other)),
            "give simulator, simulator-telnyx, twilio or telnyx",
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

/// It becomes a part of the API's addresses too.
fn telnyx_account(raw: &Raw) -> Result<String, Wrong> {
    let account = read::text(raw)?.to_ascii_lowercase();
    let is_uuid = account.len() == 36 && account.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-');
    if is_uuid {
        return Ok(account);
    }
    Err(Wrong::new(
        format_args!("{} is no account id of Telnyx", quoted(&account)),
        "copy the account's id from Telnyx's portal: 36 characters, such as f5586561-8ff0-4291-a51b-c7dfe4139ff9",
    ))
}

fn telnyx_connection(raw: &Raw) -> Result<String, Wrong> {
    let id = read::text(raw)?;
    if (1..=20).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_digit()) {
        return Ok(id);
    }
    Err(Wrong::new(
        format_args!("{} is no application of Telnyx", quoted(&id)),
        "copy the id of your TeXML application from Telnyx's portal: digits only",
    ))
}

fn telnyx_public_key(raw: &Raw) -> Result<String, Wrong> {
    let key = read::text(raw)?;
    if Verifier::new(&key).is_ok() {
        return Ok(key);
    }
    Err(Wrong::new("it is not base64 of 32 bytes", "copy the public key from Telnyx's portal, under Keys"))
}
