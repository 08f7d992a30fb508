//! `[carrier]`: who connects calls to the phone network. Without any setting the simulator does.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use trunkline_carriers::telnyx::signature::Verifier;
use trunkline_core::dial::choice::Policy;
use trunkline_core::phone::CountryCode;
use trunkline_sim::Mouth;
use url::Url;

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::public_url;
use super::read;

const CARRIER: &str = "carrier";

static KIND: Key<Vec<Kind>> = Key::new(
    CARRIER,
    "kind",
    kinds,
    Absent::Unset("\"twilio\""),
    "simulator, simulator-telnyx (the same people behind Telnyx's API), twilio or telnyx; or both of the last two, the first choice first, such as [\"twilio\", \"telnyx\"]. Without it those whose accounts are given, Twilio first, else the simulator, which calls nobody.",
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
    "Number that calls are placed from when the call names none; with two carriers, of those through Twilio. No other software may dial from it.",
)
.env(&["TWILIO_PHONE_NUMBER"]);

static TELNYX_FROM: Key<String> = Key::new(
    CARRIER,
    "telnyx_from",
    read::e164,
    Absent::Unset("\"+14155550101\""),
    "The same of calls through Telnyx. Without it carrier.from, if Telnyx is the only carrier.",
)
.env(&["TELNYX_PHONE_NUMBER"]);

static CHOICE: Key<Policy> = Key::new(
    CARRIER,
    "choice",
    choice,
    Absent::Default("\"first\""),
    "With two carriers, which of them a call goes through: first (the first that is not failing), weighted (by carrier.weights) or by_country (by carrier.countries).",
);

static WEIGHTS: Key<Vec<(Kind, u32)>> = Key::new(
    CARRIER,
    "weights",
    weights,
    Absent::Default("[]"),
    "The share of each carrier where the choice is weighted, such as [\"twilio:3\", \"telnyx:1\"]; 1 for one that is not named.",
);

static COUNTRIES: Key<Vec<(Kind, CountryCode)>> = Key::new(
    CARRIER,
    "countries",
    countries,
    Absent::Default("[]"),
    "The countries of each carrier where the choice is by country, such as [\"telnyx:IL\", \"telnyx:CY\"]; the other countries are for a carrier that is not named.",
);

static NUMBERS: Key<BTreeMap<String, Kind>> = Key::new(
    CARRIER,
    "numbers",
    numbers,
    Absent::Default("[]"),
    "With two carriers, at which of them a number of yours is, such as [\"telnyx:+14155550101\"]: calls that are shown as it go through that one. A number that is not named is at the first carrier.",
);

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
    "Id of the application at Telnyx that calls go through.",
)
.env(&["TELNYX_CONNECTION_ID"]);

static TELNYX_APPLICATION: Key<Application> = Key::new(
    CARRIER,
    "telnyx_application",
    telnyx_application,
    Absent::Default("\"texml\""),
    "What kind of application that is: texml (Telnyx fetches our pages) or call_control (we lead each call by commands).",
)
.env(&["TELNYX_APPLICATION"]);

static TELNYX_API_BASE: Key<Url> = Key::new(
    CARRIER,
    "telnyx_api_base",
    public_url::api_base,
    Absent::Default("\"https://api.telnyx.com\""),
    "Base address of Telnyx's API; another one for a test server.",
)
.env(&["TELNYX_API_BASE"]);

static KEYS: [&Facts; 16] = [
    &KIND.facts,
    &ACCOUNT_SID.facts,
    &AUTH_TOKEN.facts,
    &FROM.facts,
    &TELNYX_FROM.facts,
    &CHOICE.facts,
    &WEIGHTS.facts,
    &COUNTRIES.facts,
    &NUMBERS.facts,
    &API_BASE.facts,
    &TELNYX_ACCOUNT.facts,
    &TELNYX_API_KEY.facts,
    &TELNYX_PUBLIC_KEY.facts,
    &TELNYX_CONNECTION.facts,
    &TELNYX_APPLICATION.facts,
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
    /// Its share of the calls, beside the other one's.
    pub weight: u32,
    /// The countries it is named for.
    pub countries: BTreeSet<CountryCode>,
    /// Another one, if there are two.
    pub second: Option<Box<Second>>,
}

/// A second carrier, and how one of two is chosen.
#[derive(Debug, Clone)]
pub struct Second {
    /// The carrier.
    pub line: Carrier,
    /// How one of the two is chosen.
    pub choice: Policy,
    /// Numbers of ours that are the first carrier's, by name.
    pub firsts: Vec<String>,
    /// Numbers of ours that are the second carrier's.
    pub seconds: Vec<String>,
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
        /// The application's id, a number.
        connection: String,
        /// What kind of application it is.
        application: Application,
        /// Base address of the API, without a slash at its end.
        api_base: Url,
    },
}

/// How calls through an application at Telnyx are led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Application {
    /// By pages that Telnyx fetches.
    Texml,
    /// By commands of ours.
    CallControl,
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
        let is_twilio = given.read_given(&ACCOUNT_SID)?.is_some() || given.read_given(&AUTH_TOKEN)?.is_some();
        let telnyx =
            (given.read_given(&TELNYX_ACCOUNT)?.is_some(), given.read_given(&TELNYX_API_KEY)?.is_some());
        let kinds = match given.read_given(&KIND)? {
            Some(chosen) => chosen,
            // A key that is there for other software makes no second carrier.
            None if is_twilio && telnyx == (true, true) => vec![Kind::Twilio, Kind::Telnyx],
            None if is_twilio => vec![Kind::Twilio],
            None if telnyx.0 || telnyx.1 => vec![Kind::Telnyx],
            None => vec![Kind::Simulator(Mouth::Twilio)],
        };
        let first = kinds.first().copied().unwrap_or(Kind::Simulator(Mouth::Twilio));
        let (numbers, choice) = (given.read(&NUMBERS)?, given.read(&CHOICE)?);
        let second = match kinds.get(1) {
            Some(kind) => {
                let of = |kind: Kind| {
                    let own = numbers.iter().filter(move |(_, at)| **at == kind);
                    own.map(|(number, _)| number.clone()).collect()
                };
                Some(Box::new(Second {
                    line: Self::one(given, *kind, kinds.len(), None)?,
                    choice,
                    firsts: of(first),
                    seconds: of(*kind),
                }))
            }
            None => None,
        };
        Self::one(given, first, kinds.len(), second)
    }

    /// One of so many.
    fn one(given: &Given, kind: Kind, of: usize, second: Option<Box<Second>>) -> Result<Self, SettingError> {
        let account = match kind {
            Kind::Simulator(speaks) => Account::Simulator { speaks },
            Kind::Twilio => Account::Twilio {
                account_sid: given.read(&ACCOUNT_SID)?,
                auth_token: given.read(&AUTH_TOKEN)?,
                api_base: given.read(&API_BASE)?,
            },
            Kind::Telnyx => Account::Telnyx {
                account: given.read(&TELNYX_ACCOUNT)?,
                api_key: given.read(&TELNYX_API_KEY)?,
                public_key: given.read(&TELNYX_PUBLIC_KEY)?,
                connection: given.read(&TELNYX_CONNECTION)?,
                application: given.read(&TELNYX_APPLICATION)?,
                api_base: given.read(&TELNYX_API_BASE)?,
            },
        };
        let (own, telnyxs) = (given.read_given(&FROM)?, given.read_given(&TELNYX_FROM)?);
        let from = match kind {
            Kind::Telnyx if of == 1 => telnyxs.or(own),
            Kind::Telnyx => telnyxs,
            Kind::Simulator(_) | Kind::Twilio if of == 1 => own.or(telnyxs),
            Kind::Simulator(_) | Kind::Twilio => own,
        };
        let weights = given.read(&WEIGHTS)?;
        let weight = weights.iter().find(|(of, _)| *of == kind).map_or(1, |(_, share)| *share);
        let named = given.read(&COUNTRIES)?.into_iter().filter(|(of, _)| *of == kind);
        let countries = named.map(|(_, country)| country).collect();
        Ok(Self { from, account, weight, countries, second })
    }
}

fn kinds(raw: &Raw) -> Result<Vec<Kind>, Wrong> {
    let kinds = read::many(raw)?.into_iter().map(kind).collect::<Result<Vec<_>, _>>()?;
    match kinds.as_slice() {
        [_] | [Kind::Twilio, Kind::Telnyx] | [Kind::Telnyx, Kind::Twilio] => Ok(kinds),
        _ => Err(Wrong::new("these can't be carriers together", "give one, or twilio and telnyx")),
    }
}

fn kind(word: &str) -> Result<Kind, Wrong> {
    match word.trim().to_ascii_lowercase().as_str() {
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

fn choice(raw: &Raw) -> Result<Policy, Wrong> {
    match read::one(raw)?.to_ascii_lowercase().as_str() {
        "first" => Ok(Policy::First),
        "weighted" => Ok(Policy::Weighted),
        "by_country" => Ok(Policy::ByCountry),
        other => Err(Wrong::new(quoted(other), "give first, weighted or by_country")),
    }
}

/// `telnyx:` and something: what is said of one of the two carriers.
fn of_one<'a>(word: &'a str, right: &'static str) -> Result<(Kind, &'a str), Wrong> {
    match word.split_once(':').map(|(name, said)| (kind(name), said.trim())) {
        Some((Ok(kind @ (Kind::Twilio | Kind::Telnyx)), said)) => Ok((kind, said)),
        _ => Err(Wrong::new(quoted(word), right)),
    }
}

fn weights(raw: &Raw) -> Result<Vec<(Kind, u32)>, Wrong> {
    let mut weights = Vec::new();
    for word in read::many(raw)? {
        let (kind, share) = of_one(word, "give carriers with their shares, such as twilio:3")?;
        let share = read::whole::<0, 1_000>(&Raw::One(share.to_owned()))?;
        weights.push((kind, u32::try_from(share).unwrap_or(u32::MAX)));
    }
    Ok(weights)
}

fn countries(raw: &Raw) -> Result<Vec<(Kind, CountryCode)>, Wrong> {
    let right = "give carriers with their countries, such as telnyx:IL";
    let mut countries = Vec::new();
    for word in read::many(raw)? {
        let (kind, letters) = of_one(word, right)?;
        let country = letters.parse().map_err(|_| Wrong::new(quoted(word), right))?;
        countries.push((kind, country));
    }
    Ok(countries)
}

fn numbers(raw: &Raw) -> Result<BTreeMap<String, Kind>, Wrong> {
    let mut numbers = BTreeMap::new();
    for word in read::many(raw)? {
        let (kind, number) =
            of_one(word, "give carriers with numbers of yours, such as telnyx:+14155550101")?;
        let number = read::e164(&Raw::One(number.to_owned()))?;
        if numbers.insert(number, kind).is_some_and(|other| other != kind) {
            return Err(Wrong::new(quoted(word), "a number is at one carrier: name it once"));
        }
    }
    Ok(numbers)
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
        "copy the id of your application from Telnyx's portal: digits only",
    ))
}

fn telnyx_application(raw: &Raw) -> Result<Application, Wrong> {
    match read::one(raw)?.to_ascii_lowercase().as_str() {
        "texml" => Ok(Application::Texml),
        "call_control" => Ok(Application::CallControl),
        other => Err(Wrong::new(
            format_args!("{} is no kind of application at Telnyx", quoted(other)),
            "give texml or call_control",
        )),
    }
}

fn telnyx_public_key(raw: &Raw) -> Result<String, Wrong> {
    let key = read::text(raw)?;
    if Verifier::new(&key).is_ok() {
        return Ok(key);
    }
    Err(Wrong::new("it is not base64 of 32 bytes", "copy the public key from Telnyx's portal, under Keys"))
}
