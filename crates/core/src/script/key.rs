//! The keys of a phone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A key of a phone: `0` to `9`, `*`, `#`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Key(char);

/// Not a key of a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is one of 0 to 9, * and #")]
pub struct BadKey;

impl Key {
    /// `*`.
    pub const STAR: Self = Self('*');
    /// `#`.
    pub const HASH: Self = Self('#');

    /// The keys that unnamed choices get, in this order.
    pub(super) const IN_ORDER: [Self; 10] = [
        Self('1'),
        Self('2'),
        Self('3'),
        Self('4'),
        Self('5'),
        Self('6'),
        Self('7'),
        Self('8'),
        Self('9'),
        Self('0'),
    ];

    /// The key as it is printed on the phone.
    #[must_use]
    pub fn as_char(self) -> char {
        self.0
    }

    /// Whether it could be part of a number.
    #[must_use]
    pub fn is_digit(self) -> bool {
        self.0.is_ascii_digit()
    }
}

impl TryFrom<char> for Key {
    type Error = BadKey;

    fn try_from(char: char) -> Result<Self, BadKey> {
        if char.is_ascii_digit() || char == '*' || char == '#' { Ok(Self(char)) } else { Err(BadKey) }
    }
}

impl From<Key> for char {
    fn from(key: Key) -> Self {
        key.0
    }
}

impl FromStr for Key {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => char.try_into(),
            _ => Err(BadKey),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
