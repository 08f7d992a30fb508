//! The one table of who may do what: each act has the least role that it takes and the scope that a key must have for it.

use super::Role;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something that a caller may want to do. Whose things it is done to is the tenant's matter, not this one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Read and hear of calls, campaigns, people and scripts.
    Look,
    /// Place and end calls, keep registered ones, suppress a number.
    Call,
    /// Make and move campaigns, their people and their jobs.
    Campaign,
    /// Make and revoke keys, users and webhooks, set users' passwords, and say what answers numbers.
    ManageAccess,
    /// Make and revoke tenants, see how the server is, drain it, clean up.
    RunTheServer,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Look, Self::Call, Self::Campaign, Self::ManageAccess, Self::RunTheServer];

    /// The least role that it takes, and the scope of a key.
    pub fn needs(self) -> (Role, Scope) {
        match self {
            Self::Look => (Role::Agent, Scope::Read),
            Self::Call => (Role::Agent, Scope::Calls),
            Self::Campaign => (Role::Agent, Scope::Campaigns),
            Self::ManageAccess => (Role::Admin, Scope::Admin),
            Self::RunTheServer => (Role::SystemAdmin, Scope::Admin),
        }
    }
}

/// What a key is good for, within what its role may. None includes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Reading.
    Read,
    /// Placing, ending and keeping calls.
    Calls,
    /// Campaigns, people and jobs.
    Campaigns,
    /// Keys, users, tenants, the server.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Calls, Self::Campaigns, Self::Admin];
    /// Their words.
    pub const WORDS: [&str; 4] = ["read", "calls", "campaigns", "admin"];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Calls => "calls",
            Self::Campaigns => "campaigns",
            Self::Admin => "admin",
        }
    }

    /// The scope of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes; written as a list of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(with = "Vec<Scope>", inline)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope there is: what a key has of which nothing else was said.
    pub const ALL: Self = Self(0b1111);

    /// Whether this one is among them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether each of these is among those.
    pub fn are_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes, in their order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// The words with a space between.
    pub fn words(self) -> String {
        self.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Reads words with space or commas between; `None` if one is unknown or there is none.
    pub fn parse(words: &str) -> Option<Self> {
        let words = words.split([' ', ',']).filter(|word| !word.is_empty());
        let scopes = words.map(Scope::parse).collect::<Option<Self>>()?;
        (!scopes.is_empty()).then_some(scopes)
    }
}

impl Default for Scopes {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let scopes: Self = Vec::<Scope>::deserialize(from)?.into_iter().collect();
        if scopes.is_empty() { Err(D::Error::custom("no scope")) } else { Ok(scopes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written_and_nothing_else_is() {
        let some: Scopes = [Scope::Campaigns, Scope::Read].into_iter().collect();
        assert_eq!(some.words(), "read campaigns");
        assert_eq!(
            (Scopes::parse("campaigns, read"), Scopes::parse(&some.words())),
            (Some(some), Some(some))
        );
        assert_eq!(serde_json::to_string(&some).unwrap(), r#"["read","campaigns"]"#);
        assert_eq!(serde_json::from_str::<Scopes>(r#"["campaigns","read"]"#).unwrap(), some);
        for wrong in ["", " ", "all", "read,root"] {
            assert_eq!(Scopes::parse(wrong), None, "{wrong:?}");
        }
        assert!(serde_json::from_str::<Scopes>("[]").is_err());
        assert_eq!(Scope::ALL.map(Scope::as_str), Scope::WORDS);
    }

    #[test]
    fn a_part_is_within_the_whole_and_not_the_other_way_round() {
        let read: Scopes = [Scope::Read].into_iter().collect();
        assert!(read.are_within(Scopes::ALL) && read.are_within(read));
        assert!(!Scopes::ALL.are_within(read));
    }
}
