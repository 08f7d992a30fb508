//! Values that belong to a person and must not reach a log: they serialize as themselves and print as dots.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A personal value (a name, what somebody said, free metadata). `Debug` hides it; [`Private::reveal`] is the one
/// door, so that a search for that word finds every place where personal data is used.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps a personal value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself.
    pub fn reveal(&self) -> &T {
        &self.0
    }

    /// The value itself, to change it in place.
    pub fn reveal_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// Who is at one end of a phone call, as the carrier writes it: an E.164 number nearly always, but also `anonymous`,
/// `client:ann` or a SIP address on inbound calls. Prints in full with `Display`, masked with `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Address(String);

impl Address {
    /// An address as the carrier or the caller of our API gave it.
    pub fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }

    /// The address in full.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address with its middle hidden, for logs: `+1555•••0123`.
    pub fn masked(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        if chars.len() < 8 {
            return "•••".to_owned();
        }
        let head: String = chars[..4].iter().collect();
        let tail: String = chars[chars.len() - 2..].iter().collect();
        format!("{head}•••{tail}")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_value_never_prints_itself() {
        let name = Private::new("Ann Lee".to_owned());
        assert_eq!(format!("{name:?}"), "•••");
        assert_eq!(format!("{:?}", Address::new("+15550100123")), "+155•••23");
    }

    #[test]
    fn a_short_address_is_hidden_whole() {
        assert_eq!(Address::new("911").masked(), "•••");
    }
}
