//! `[access]`: the secrets that open this server and seal what travels with a call.

use secrecy::{ExposeSecret, SecretString};
use trunkline_carriers::callback::SecretKeys;

use super::error::{SettingError, Wrong};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const ACCESS: &str = "access";

/// Fewer characters than this in a key could be guessed.
pub const STRONG_CHARS: usize = 32;

static API_KEY: Key<SecretString> = Key::new(
    ACCESS,
    "api_key",
    read::secret,
    Absent::Unset("\"(the output of: openssl rand -hex 32)\""),
    "Fixes the first API key. Without it one is made at the first start and printed once.",
)
.env(&["TRUNKLINE_API_KEY"])
.secret();

static SECRET_KEYS: Key<Vec<SecretString>> = Key::new(
    ACCESS,
    "secret_keys",
    secret_keys,
    Absent::Default("[]"),
    "Keys that seal what travels in callback addresses, each 32 bytes in hex or base64: the first seals, all open. \
     Without any, a file in data_dir.",
)
.env(&["TRUNKLINE_SECRET_KEYS"])
.secret();

static KEYS: [&Facts; 2] = [&API_KEY.facts, &SECRET_KEYS.facts];

/// The section as declared.
pub static SECTION: Section = Section {
    name: ACCESS,
    about: "Secrets. Better given in the environment, or as a file: NAME_FILE=/path.",
    keys: &KEYS,
};

/// The secrets that open this server and seal what travels with a call.
#[derive(Debug, Clone)]
pub struct Access {
    /// The first API key, if it is fixed.
    pub api_key: Option<SecretString>,
    /// Sealing keys, each 32 bytes in hex or base64: the first seals, all open. Empty: the data folder's own.
    pub secret_keys: Vec<SecretString>,
}

impl Access {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used; never with its value.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        Ok(Self { api_key: given.read_given(&API_KEY)?, secret_keys: given.read(&SECRET_KEYS)? })
    }
}

/// Each must be what the sealing itself can use: said here, with the place where it was given.
fn secret_keys(raw: &Raw) -> Result<Vec<SecretString>, Wrong> {
    let mut keys = Vec::new();
    for word in read::many(raw)? {
        let key = read::secret(&Raw::One(word.to_owned()))?;
        if SecretKeys::parse(key.expose_secret()).is_err() {
            return Err(Wrong::new(
                format_args!("key {} is not 32 bytes in hex or base64", keys.len() + 1),
                "give 64 hex digits, such as the output of: openssl rand -hex 32",
            ));
        }
        keys.push(key);
    }
    Ok(keys)
}
