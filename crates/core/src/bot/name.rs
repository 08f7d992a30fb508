//! Which bot, and which text of it.

use crate::script::{BadScriptVersion, ScriptVersion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a bot is called: 1 to 64 characters, no control characters, slashes or blanks at the ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct BotName(String);

/// A name that no bot may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a bot's name has 1 to 64 characters, none of them a slash or a control character, no blank at its ends"
)]
pub struct BadBotName;

impl BotName {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BotName {
    type Err = BadBotName;

    fn from_str(name: &str) -> Result<Self, BadBotName> {
        let length = name.chars().count();
        let odd = |char: char| char.is_control() || char == '/' || char == '\\';
        if length == 0 || length > 64 || name.trim() != name || name.contains(odd) {
            return Err(BadBotName);
        }
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for BotName {
    type Error = BadBotName;

    fn try_from(name: String) -> Result<Self, BadBotName> {
        name.parse()
    }
}

impl From<BotName> for String {
    fn from(name: BotName) -> Self {
        name.0
    }
}

impl fmt::Display for BotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hash of the bytes a bot was read from, made and written as a script's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BotVersion(ScriptVersion);

impl BotVersion {
    /// The version of a bot read from these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(ScriptVersion::of(bytes))
    }
}

impl FromStr for BotVersion {
    type Err = BadScriptVersion;

    fn from_str(text: &str) -> Result<Self, BadScriptVersion> {
        text.parse().map(Self)
    }
}

impl fmt::Display for BotVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
