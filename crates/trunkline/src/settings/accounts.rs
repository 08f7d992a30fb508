//! `[[carrier.accounts]]`: accounts by name, also several of one kind.
//!
//! In: rows of words. Out: the same lines as those of the settings for one account of a kind (`carrier.rs`). Secrets are not written
//! here: a row names the variable or the file that holds its own.

use std::collections::BTreeSet;
use std::path::PathBuf;

use trunkline_core::phone::CountryCode;
use url::Url;

use super::carrier::{self, Account, Application, Line, Said};
use super::error::{SettingError, Wrong, nearest, quoted};
use super::file;
use super::given::Given;
use super::key::{Facts, Raw};
use super::{public_url, read};

/// The kind of accounts at Twilio, and the name of the one that has no other.
pub(super) const TWILIO: &str = "twilio";
/// The kind of accounts at Telnyx.
pub(super) const TELNYX: &str = "telnyx";

const RIGHT: &str = "write { name = \"israel\", kind = \"twilio\", account_sid = \"AC…\", auth_token_env = \"ISRAEL_TOKEN\" }";
const MOST_CHARS: usize = 32;

/// What every account may say of itself, then what one at Twilio says, and one at Telnyx.
const COMMON: [&str; 7] = ["name", "kind", "from", "numbers", "weight", "countries", "api_base"];
const TWILIOS: [&str; 3] = ["account_sid", "auth_token_env", "auth_token_file"];
const TELNYXS: [&str; 6] =
    ["account", "api_key_env", "api_key_file", "public_key", "connection", "application"];

/// An account as it is written, its secret not yet looked up.
#[derive(Debug, Clone)]
pub struct Row {
    pub(super) name: String,
    from: Option<String>,
    numbers: Vec<String>,
    weight: u32,
    countries: BTreeSet<CountryCode>,
    secret: SecretAt,
    access: Access,
}

/// Where a secret is.
#[derive(Debug, Clone)]
enum SecretAt {
    Variable(String),
    File(PathBuf),
}

#[derive(Debug, Clone)]
enum Access {
    Twilio {
        account_sid: String,
        api_base: Url,
    },
    Telnyx {
        account: String,
        public_key: String,
        connection: String,
        application: Application,
        api_base: Url,
    },
}

impl Row {
    /// The account, with its secret.
    pub(super) fn line(self, given: &Given, facts: &Facts) -> Result<Line, SettingError> {
        let secret = match &self.secret {
            SecretAt::Variable(name) => given.variable(name),
            SecretAt::File(path) => super::given::read_secret(path),
        };
        let secret = secret.and_then(|secret| read::secret(&Raw::One(secret)));
        let of_this = |wrong: Wrong| Wrong { what: format!("{}: {}", self.name, wrong.what), ..wrong };
        let secret = secret.map_err(|wrong| of_this(wrong).at(facts.path(), given.origin(facts)))?;
        let account = match self.access {
            Access::Twilio { account_sid, api_base } => {
                Account::Twilio { account_sid, auth_token: secret, api_base }
            }
            Access::Telnyx { account, public_key, connection, application, api_base } => {
                Account::Telnyx { account, api_key: secret, public_key, connection, application, api_base }
            }
        };
        Ok(Line {
            name: self.name,
            said: Said::InTheTable,
            from: self.from,
            account,
            weight: self.weight,
            countries: self.countries,
            numbers: self.numbers,
        })
    }
}

/// Reads the table; in the environment it is one line of TOML.
pub(super) fn rows(raw: &Raw) -> Result<Vec<Row>, Wrong> {
    match raw {
        Raw::Rows(rows) => rows.iter().map(|fields| row(&Fields(fields))).collect(),
        Raw::Many(none) if none.is_empty() => Ok(Vec::new()),
        Raw::Many(_) => Err(Wrong::new("it is a list of words", RIGHT)),
        Raw::One(text) => match file::parse_value(text) {
            Ok(list @ (Raw::Rows(_) | Raw::Many(_))) => rows(&list),
            Ok(Raw::One(_)) | Err(_) => {
                Err(Wrong::new("it is no list of accounts", "write it as TOML: [{ name = …, kind = … }, …]"))
            }
        },
    }
}

/// The fields of one row.
struct Fields<'a>(&'a [(String, String)]);

impl Fields<'_> {
    fn given(&self, name: &str) -> Option<Raw> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| Raw::One(value.clone()))
    }

    /// A field that may be left out.
    fn read<T>(&self, name: &str, read: fn(&Raw) -> Result<T, Wrong>) -> Result<Option<T>, Wrong> {
        let of_this = |wrong: Wrong| Wrong { what: format!("{name}: {}", wrong.what), ..wrong };
        self.given(name).map(|raw| read(&raw)).transpose().map_err(of_this)
    }

    fn needed<T>(&self, name: &str, read: fn(&Raw) -> Result<T, Wrong>) -> Result<T, Wrong> {
        self.read(name, read)?.ok_or_else(|| Wrong::new(format_args!("{name} is missing"), RIGHT))
    }

    fn secret(&self, name: &str) -> Result<SecretAt, Wrong> {
        let (env, file) = (format!("{name}_env"), format!("{name}_file"));
        match (self.read(&env, read::text)?, self.read(&file, read::path)?) {
            (Some(variable), None) => Ok(SecretAt::Variable(variable)),
            (None, Some(path)) => Ok(SecretAt::File(path)),
            (Some(_), Some(_)) => {
                Err(Wrong::new(format_args!("both {env} and {file} are there"), "keep one of the two"))
            }
            (None, None) => Err(Wrong::new(
                format_args!("{name} is missing"),
                format_args!("give {env}, the variable that holds it, or {file}"),
            )),
        }
    }

    fn api_base(&self, usual: &str) -> Result<Url, Wrong> {
        match self.read("api_base", public_url::api_base)? {
            Some(base) => Ok(base),
            None => public_url::api_base(&Raw::One(usual.to_owned())),
        }
    }

    /// Refuses a field that no such account has.
    fn only(&self, own: &[&'static str]) -> Result<(), Wrong> {
        let known = || COMMON.iter().chain(own).copied();
        let Some((name, _)) = self.0.iter().find(|(name, _)| !known().any(|known| known == name)) else {
            return Ok(());
        };
        let held = ["auth_token", "api_key"].into_iter().find(|secret| secret == name);
        let meant = nearest(name, known()).map(|meant| format!("did you mean {meant}?"));
        let right = match held {
            Some(secret) => format!("name the variable that holds it: {secret}_env"),
            None => {
                meant.unwrap_or_else(|| format!("it may have {}", known().collect::<Vec<_>>().join(", ")))
            }
        };
        Err(Wrong::new(format_args!("{} is unknown in it", quoted(name)), right))
    }
}

fn row(fields: &Fields<'_>) -> Result<Row, Wrong> {
    let name = fields.needed("name", name)?;
    named_row(fields, &name).map_err(|wrong| Wrong { what: format!("{name}: {}", wrong.what), ..wrong })
}

fn named_row(fields: &Fields<'_>, name: &str) -> Result<Row, Wrong> {
    let kind = fields.needed("kind", read::text)?;
    let (secret, access) = match kind.as_str() {
        TWILIO => {
            fields.only(&TWILIOS)?;
            let account_sid = fields.needed("account_sid", carrier::account_sid)?;
            let api_base = fields.api_base("https://api.twilio.com")?;
            (fields.secret("auth_token")?, Access::Twilio { account_sid, api_base })
        }
        TELNYX => {
            fields.only(&TELNYXS)?;
            let access = Access::Telnyx {
                account: fields.needed("account", carrier::telnyx_account)?,
                public_key: fields.needed("public_key", carrier::telnyx_public_key)?,
                connection: fields.needed("connection", carrier::telnyx_connection)?,
                application: fields
                    .read("application", carrier::telnyx_application)?
                    .unwrap_or(Application::Texml),
                api_base: fields.api_base("https://api.telnyx.com")?,
            };
            (fields.secret("api_key")?, access)
        }
        other => {
            return Err(Wrong::new(format_args!("kind: {}", quoted(other)), "give twilio or telnyx"));
        }
    };
    if [TWILIO, TELNYX].contains(&name) && name != kind {
        return Err(Wrong::new(
            format_args!("an account of the kind {kind} can't be called so"),
            "give it another name",
        ));
    }
    Ok(Row {
        name: name.to_owned(),
        from: fields.read("from", read::e164)?,
        numbers: fields.read("numbers", numbers)?.unwrap_or_default(),
        weight: fields.read("weight", carrier::weight)?.unwrap_or(1),
        countries: fields.read("countries", countries)?.unwrap_or_default(),
        secret,
        access,
    })
}

/// A word that people can write anywhere: in an order, a label of a metric, a list parted by commas and colons.
fn name(raw: &Raw) -> Result<String, Wrong> {
    let name = read::text(raw)?;
    let right = "give up to 32 lower-case letters, digits, - and _, a letter first, such as twilio-israel";
    let is_word = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= MOST_CHARS
        && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_'));
    let is_taken = ["app", "sim"].contains(&name.as_str()) || name.starts_with("simulator");
    if is_word && !is_taken {
        return Ok(name);
    }
    Err(Wrong::new(format_args!("{} can't be an account's name", quoted(&name)), right))
}

fn numbers(raw: &Raw) -> Result<Vec<String>, Wrong> {
    read::many(raw)?.into_iter().map(|number| read::e164(&Raw::One(number.to_owned()))).collect()
}

fn countries(raw: &Raw) -> Result<BTreeSet<CountryCode>, Wrong> {
    let right = "give countries by their two letters, such as IL";
    read::many(raw)?
        .into_iter()
        .map(|code| code.parse().map_err(|_| Wrong::new(quoted(code), right)))
        .collect()
}
