//! Which script, and which text of it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a script is called: 1 to 64 characters, no control characters, slashes or blanks at the ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct ScriptName(String);

/// A name that no script may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a script's name has 1 to 64 characters, none of them a slash or a control character, no blank at its ends"
)]
pub struct BadScriptName;

impl ScriptName {
    /// What the built-in script is called.
    #[must_use]
    pub fn builtin() -> Self {
        Self("builtin".to_owned())
    }

    /// What a script is called that is made of a message.
    #[must_use]
    pub fn message() -> Self {
        Self("message".to_owned())
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ScriptName {
    type Err = BadScriptName;

    fn from_str(name: &str) -> Result<Self, BadScriptName> {
        let length = name.chars().count();
        let odd = |char: char| char.is_control() || char == '/' || char == '\\';
        if length == 0 || length > 64 || name.trim() != name || name.contains(odd) {
            return Err(BadScriptName);
        }
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for ScriptName {
    type Error = BadScriptName;

    fn try_from(name: String) -> Result<Self, BadScriptName> {
        name.parse()
    }
}

impl From<ScriptName> for String {
    fn from(name: ScriptName) -> Self {
        name.0
    }
}

impl fmt::Display for ScriptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hash of the bytes a script was read from: the first eight bytes of their SHA-256, written as 16 hex digits.
/// It is of the bytes, not of what we make of them, so that an upgrade of this program doesn't orphan live calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScriptVersion(u64);

/// Not 16 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a script's version is 16 lower-case hex digits")]
pub struct BadScriptVersion;

impl ScriptVersion {
    /// The version of a script read from these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        Self(digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte)))
    }

    /// The eight bytes, for a token that must be short.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The version whose [`ScriptVersion::to_bytes`] these are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }
}

impl FromStr for ScriptVersion {
    type Err = BadScriptVersion;

    fn from_str(text: &str) -> Result<Self, BadScriptVersion> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 16 || !text.bytes().all(hex) {
            return Err(BadScriptVersion);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| BadScriptVersion)
    }
}

impl TryFrom<String> for ScriptVersion {
    type Error = BadScriptVersion;

    fn try_from(text: String) -> Result<Self, BadScriptVersion> {
        text.parse()
    }
}

impl From<ScriptVersion> for String {
    fn from(version: ScriptVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for ScriptVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
