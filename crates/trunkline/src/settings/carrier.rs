//! `[carrier]`: who connects calls to the phone network. Without any setting the simulator does.
//!
//! One account of each kind has settings of its own; more of them stand in a table (`accounts.rs`), each with a name.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use trunkline_carriers::telnyx::signature::Verifier;
use trunkline_core::dial::choice::Policy;
use trunkline_core::phone::CountryCode;
use trunkline_sim::Dialect;
use url::Url;

use super::accounts::{self, Row};
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
    "simulator, simulator-telnyx (the same people behind Telnyx's API), simulator-telnyx-call-control (the same, and we lead each call by commands), twilio or telnyx; or both of the last two, the first choice first, such as [\"twilio\", \"telnyx\"]. Without it those whose accounts are given, Twilio first, else the simulator, which calls nobody.",
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
    "Number that calls are placed from when the call names none; with several accounts, of those through Twilio's. No other software may dial from it.",
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
    "With several accounts, which of them a call goes through: first (the first that is not failing), weighted (by carrier.weights) or by_country (by carrier.countries).",
);

static WEIGHTS: Key<Vec<(String, u32)>> = Key::new(
    CARRIER,
    "weights",
    weights,
    Absent::Default("[]"),
    "The share of each account, by its name, where the choice is weighted, such as [\"twilio:3\", \"telnyx:1\"]; 1 for one that is not named.",
);

static COUNTRIES: Key<Vec<(String, CountryCode)>> = Key::new(
    CARRIER,
    "countries",
    countries,
    Absent::Default("[]"),
    "The countries of each account, by its name, where the choice is by country, such as [\"telnyx:IL\", \"telnyx:CY\"]; the other countries are for an account that is not named.",
);

static NUMBERS: Key<BTreeMap<String, String>> = Key::new(
    CARRIER,
    "numbers",
    numbers,
    Absent::Default("[]"),
    "With several accounts, at which of them a number of yours is, such as [\"telnyx:+14155550101\"]: calls that are shown as it go through that one. A number that is not named is taken for the first account's.",
);

static ACCOUNTS: Key<Vec<Row>> = Key::new(
    CARRIER,
    "accounts",
    accounts::rows,
    Absent::Unset(
        "[{ name = \"israel\", kind = \"twilio\", account_sid = \"AC11111111111111111111111111111111\", auth_token_env = \"ISRAEL_TOKEN\", from = \"+97235550100\" }]",
    ),
    "More accounts, also several of one kind, after those above: tables [[carrier.accounts]] with name (what it is called wherever accounts are told apart), kind (twilio or telnyx), account_sid and auth_token_env or auth_token_file (Twilio), account, api_key_env or api_key_file, public_key, connection and application (Telnyx), and from, numbers, weight, countries, api_base. _env names the variable and _file the file that holds the secret. In the environment the same list as one line of TOML.",
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

static KEYS: [&Facts; 17] = [
    &KIND.facts,
    &ACCOUNT_SID.facts,
    &AUTH_TOKEN.facts,
    &FROM.facts,
    &TELNYX_FROM.facts,
    &CHOICE.facts,
    &WEIGHTS.facts,
    &COUNTRIES.facts,
    &NUMBERS.facts,
    &ACCOUNTS.facts,
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
    /// The account that is preferred.
    pub first: Line,
    /// The others, in the order of preference.
    pub others: Vec<Line>,
    /// How one of several is chosen.
    pub choice: Policy,
}

/// One account, and what is its own among several.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// Where that is said.
    pub said: Said,
    /// Number that calls are placed from when the call names none, in E.164 by shape.
    pub from: Option<String>,
    /// How the carrier is reached.
    pub account: Account,
    /// Its share of the calls, beside those of the others.
    pub weight: u32,
    /// The countries it is named for.
    pub countries: BTreeSet<CountryCode>,
    /// Other numbers of ours that are at it.
    pub numbers: Vec<String>,
}

/// Where an account is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// By the settings for one account of its kind.
    ByItsKind,
    /// In the table of accounts.
    InTheTable,
}

impl Line {
    /// Whether a number of ours was named as one of this account's.
    pub fn has(&self, number: &str) -> bool {
        self.from.as_deref() == Some(number) || self.numbers.iter().any(|own| own == number)
    }

    /// The name of one of its settings, for errors and findings.
    pub fn setting(&self, of_kind: &str, of_table: &str) -> String {
        match self.said {
            Said::ByItsKind => format!("{CARRIER}.{of_kind}"),
            Said::InTheTable => format!("{CARRIER}.accounts.{}.{of_table}", self.name),
        }
    }
}

/// An account at a carrier.
#[derive(Debug, Clone)]
pub enum Account {
    /// People who were never there, inside this process.
    Simulator {
        /// Whose API their carrier has.
        speaks: Dialect,
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

impl Account {
    /// Whether its calls are led by commands of ours; at the others the carrier fetches pages.
    pub fn is_led_by_commands(&self) -> bool {
        match self {
            Self::Simulator { speaks } => *speaks == Dialect::TelnyxCallControl,
            Self::Twilio { .. } => false,
            Self::Telnyx { application, .. } => *application == Application::CallControl,
        }
    }

    /// The carrier's own id of it; none of one that is simulated in this process.
    fn own(&self) -> Option<&str> {
        match self {
            Self::Simulator { .. } => None,
            Self::Twilio { account_sid, .. } => Some(account_sid),
            Self::Telnyx { account, .. } => Some(account),
        }
    }
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
    Simulator(Dialect),
    Twilio,
    Telnyx,
}

impl Kind {
    /// What an account is called that has no name of its own.
    fn name(self) -> &'static str {
        match self {
            Self::Simulator(_) => "simulator",
            Self::Twilio => accounts::TWILIO,
            Self::Telnyx => accounts::TELNYX,
        }
    }
}

impl Carrier {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used, or the part of an account's credentials that is missing.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        let rows = given.read_given(&ACCOUNTS)?.unwrap_or_default();
        let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
        let shares = Shares::read(given, &names)?;
        let kinds = match given.read_given(&KIND)? {
            Some(chosen) => chosen,
            None => given_kinds(given)?,
        };
        let mut lines = Vec::new();
        for kind in &kinds {
            lines.push(Self::one(given, *kind, kinds.len())?);
        }
        // Who simulates calls nobody, whatever accounts there are.
        let is_simulated = |kind: &Kind| matches!(kind, Kind::Simulator(_));
        if !kinds.iter().any(is_simulated) {
            for row in rows {
                lines.push(row.line(given, &ACCOUNTS.facts)?);
            }
        }
        told_apart(&lines).map_err(|wrong| wrong.at(ACCOUNTS.facts.path(), given.origin(&ACCOUNTS.facts)))?;
        let mut lines = lines.into_iter().map(|line| shares.of(line));
        let first = match lines.next() {
            Some(first) => first,
            None => Self::one(given, Kind::Simulator(Dialect::Twilio), 1)?,
        };
        Ok(Self { first, others: lines.collect(), choice: given.read(&CHOICE)? })
    }

    /// All accounts, in the order of preference.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The account that a number of ours is at, by the settings; of one that nobody named, the first.
    pub fn owner(&self, number: &str) -> &Line {
        let has = |line: &&Line| line.has(number);
        self.lines().find(has).unwrap_or(&self.first)
    }

    /// Whether calls are simulated in this process.
    pub fn is_simulated(&self) -> bool {
        matches!(self.first.account, Account::Simulator { .. })
    }

    /// One of so many that have settings of their own.
    fn one(given: &Given, kind: Kind, of: usize) -> Result<Line, SettingError> {
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
        Ok(Line {
            name: kind.name().to_owned(),
            said: Said::ByItsKind,
            from,
            account,
            weight: 1,
            countries: BTreeSet::new(),
            numbers: Vec::new(),
        })
    }
}

/// The accounts that are given by the settings for one of a kind. None of them, if the table has some; else it is simulated.
fn given_kinds(given: &Given) -> Result<Vec<Kind>, SettingError> {
    let is_twilio = given.read_given(&ACCOUNT_SID)?.is_some() || given.read_given(&AUTH_TOKEN)?.is_some();
    let telnyx = (given.read_given(&TELNYX_ACCOUNT)?.is_some(), given.read_given(&TELNYX_API_KEY)?.is_some());
    let has_table = given.read_given(&ACCOUNTS)?.is_some_and(|rows| !rows.is_empty());
    Ok(match telnyx {
        // A key that is there for other software makes no second carrier.
        (true, true) if is_twilio => vec![Kind::Twilio, Kind::Telnyx],
        _ if is_twilio => vec![Kind::Twilio],
        (true, true) => vec![Kind::Telnyx],
        (true, _) | (_, true) if !has_table => vec![Kind::Telnyx],
        _ if has_table => Vec::new(),
        _ => vec![Kind::Simulator(Dialect::Twilio)],
    })
}

/// What `carrier.weights`, `carrier.countries` and `carrier.numbers` say of the accounts.
struct Shares {
    weights: Vec<(String, u32)>,
    countries: Vec<(String, CountryCode)>,
    numbers: BTreeMap<String, String>,
}

impl Shares {
    fn read(given: &Given, names: &[String]) -> Result<Self, SettingError> {
        let shares = Self {
            weights: given.read(&WEIGHTS)?,
            countries: given.read(&COUNTRIES)?,
            numbers: given.read(&NUMBERS)?,
        };
        named(&shares.weights, names).map_err(|wrong| placed(wrong, given, &WEIGHTS.facts))?;
        named(&shares.countries, names).map_err(|wrong| placed(wrong, given, &COUNTRIES.facts))?;
        let owners = shares.numbers.values().map(|name| (name.clone(), ())).collect::<Vec<_>>();
        named(&owners, names).map_err(|wrong| placed(wrong, given, &NUMBERS.facts))?;
        Ok(shares)
    }

    /// The account with what is said of it here, beside what its own table says.
    fn of(&self, mut line: Line) -> Line {
        let name = line.name.clone();
        let own = |named: &str| named == name;
        if let Some((_, share)) = self.weights.iter().find(|(named, _)| own(named)) {
            line.weight = *share;
        }
        line.countries
            .extend(self.countries.iter().filter(|(named, _)| own(named)).map(|(_, country)| *country));
        line.numbers
            .extend(self.numbers.iter().filter(|(_, named)| own(named)).map(|(number, _)| number.clone()));
        line
    }
}

fn placed(wrong: Wrong, given: &Given, facts: &Facts) -> SettingError {
    wrong.at(facts.path(), given.origin(facts))
}

/// Whether all these are accounts of ours, or could be.
fn named<T>(said: &[(String, T)], table: &[String]) -> Result<(), Wrong> {
    let known = || [accounts::TWILIO, accounts::TELNYX].into_iter().chain(table.iter().map(String::as_str));
    match said.iter().find(|(name, _)| !known().any(|known| known == name)) {
        Some((name, _)) => Err(Wrong::new(
            format_args!("no account is called {}", quoted(name)),
            format_args!("the accounts are {}", known().collect::<Vec<_>>().join(", ")),
        )),
        None => Ok(()),
    }
}

/// Whether no two accounts have one name or are one.
fn told_apart(lines: &[Line]) -> Result<(), Wrong> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = lines.iter().find(|line| !seen.insert(&line.name)) {
        return Err(Wrong::new(
            format_args!("two accounts are called {}", quoted(&twice.name)),
            "give each a name of its own",
        ));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = lines.iter().find(|line| line.account.own().is_some_and(|own| !seen.insert(own))) {
        return Err(Wrong::new(
            format_args!("{} is an account that is already there", quoted(&twice.name)),
            "name each account of a carrier once",
        ));
    }
    let mut seen = BTreeSet::new();
    let numbers =
        lines.iter().flat_map(|line| line.from.iter().chain(&line.numbers).collect::<BTreeSet<_>>());
    match numbers.into_iter().find(|number| !seen.insert(*number)) {
        Some(_) if lines.iter().all(|line| line.said == Said::ByItsKind) => Ok(()),
        Some(twice) => Err(Wrong::new(
            format_args!("{twice} is at two accounts"),
            "a number is at one account: name it once",
        )),
        None => Ok(()),
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
        "simulator" | "sim" => Ok(Kind::Simulator(Dialect::Twilio)),
        "simulator-telnyx" => Ok(Kind::Simulator(Dialect::Telnyx)),
        "simulator-telnyx-call-control" => Ok(Kind::Simulator(Dialect::TelnyxCallControl)),
        "twilio" => Ok(Kind::Twilio),
        "telnyx" => Ok(Kind::Telnyx),
        other => Err(Wrong::new(
            format_args!("{} is no carrier we know", quoted(other)),
            "give simulator, simulator-telnyx, simulator-telnyx-call-control, twilio or telnyx",
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

/// `telnyx:` and something: what is said of one account.
fn of_one<'a>(word: &'a str, right: &'static str) -> Result<(String, &'a str), Wrong> {
    match word.split_once(':') {
        Some((name, said)) => Ok((name.trim().to_ascii_lowercase(), said.trim())),
        None => Err(Wrong::new(quoted(word), right)),
    }
}

fn weights(raw: &Raw) -> Result<Vec<(String, u32)>, Wrong> {
    let mut weights = Vec::new();
    for word in read::many(raw)? {
        let (name, share) = of_one(word, "give carriers with their shares, such as twilio:3")?;
        weights.push((name, weight(&Raw::One(share.to_owned()))?));
    }
    Ok(weights)
}

/// An account's share.
pub(super) fn weight(raw: &Raw) -> Result<u32, Wrong> {
    Ok(u32::try_from(read::whole::<0, 1_000>(raw)?).unwrap_or(u32::MAX))
}

fn countries(raw: &Raw) -> Result<Vec<(String, CountryCode)>, Wrong> {
    let right = "give carriers with their countries, such as telnyx:IL";
    let mut countries = Vec::new();
    for word in read::many(raw)? {
        let (name, letters) = of_one(word, right)?;
        let country = letters.parse().map_err(|_| Wrong::new(quoted(word), right))?;
        countries.push((name, country));
    }
    Ok(countries)
}

fn numbers(raw: &Raw) -> Result<BTreeMap<String, String>, Wrong> {
    let mut numbers = BTreeMap::new();
    for word in read::many(raw)? {
        let (name, number) =
            of_one(word, "give carriers with numbers of yours, such as telnyx:+14155550101")?;
        let number = read::e164(&Raw::One(number.to_owned()))?;
        if numbers.insert(number, name.clone()).is_some_and(|other| other != name) {
            return Err(Wrong::new(quoted(word), "a number is at one carrier: name it once"));
        }
    }
    Ok(numbers)
}

/// It becomes a part of the API's addresses, so nothing but letters and digits may be in it.
pub(super) fn account_sid(raw: &Raw) -> Result<String, Wrong> {
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
pub(super) fn telnyx_account(raw: &Raw) -> Result<String, Wrong> {
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

pub(super) fn telnyx_connection(raw: &Raw) -> Result<String, Wrong> {
    let id = read::text(raw)?;
    if (1..=20).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_digit()) {
        return Ok(id);
    }
    Err(Wrong::new(
        format_args!("{} is no application of Telnyx", quoted(&id)),
        "copy the id of your application from Telnyx's portal: digits only",
    ))
}

pub(super) fn telnyx_application(raw: &Raw) -> Result<Application, Wrong> {
    match read::one(raw)?.to_ascii_lowercase().as_str() {
        "texml" => Ok(Application::Texml),
        "call_control" => Ok(Application::CallControl),
        other => Err(Wrong::new(
            format_args!("{} is no kind of application at Telnyx", quoted(other)),
            "give texml or call_control",
        )),
    }
}

pub(super) fn telnyx_public_key(raw: &Raw) -> Result<String, Wrong> {
    let key = read::text(raw)?;
    if Verifier::new(&key).is_ok() {
        return Ok(key);
    }
    Err(Wrong::new("it is not base64 of 32 bytes", "copy the public key from Telnyx's portal, under Keys"))
}
