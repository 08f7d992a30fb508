//! Whose keys and users there are, and who may do what.
//!
//! In go ids, names, hashes and times; out come rows that the store keeps and every node mirrors ([`Decision`]), and the
//! answer to "may this caller?" ([`Caller`]). A row is added once and revoked once, and never changes otherwise: that is
//! what lets a mirror and a database be brought together without a history. Making secrets and reading clocks is left to
//! the engine.

mod caller;
mod key_hash;

pub use caller::{Caller, Role};
pub use key_hash::{KeyHash, key_text};

use crate::id::{KeyId, TenantId, UserId};
use crate::private::Private;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest name of a tenant, a key or a user, in characters.
pub const NAME_CHARS: usize = 200;

/// Somebody whose calls are nobody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tenant {
    /// Its id, chosen by whoever made it; never given twice.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
    /// From then on none of its keys opens anything; its rows stay.
    pub revoked_at: Option<Timestamp>,
}

/// A key of the API, known by its hash only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id, which opens nothing.
    pub id: KeyId,
    /// Whose calls it opens.
    pub tenant: TenantId,
    /// SHA-256 of the key.
    pub hash: KeyHash,
    /// What it is for, in words.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
    /// From then on it opens nothing; `None`: it does not run out.
    pub expires_at: Option<Timestamp>,
    /// From then on it opens nothing.
    pub revoked_at: Option<Timestamp>,
}

/// A person who works for a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// For whom they work.
    pub tenant: TenantId,
    /// Their name.
    pub name: Private<String>,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub revoked_at: Option<Timestamp>,
}

/// A row of decision data: SQL is its truth, and every node mirrors it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A tenant.
    Tenant(Tenant),
    /// A key.
    Key(ApiKey),
    /// A user.
    User(User),
}

/// Which row of decision data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionId {
    /// A tenant.
    Tenant(TenantId),
    /// A key.
    Key(KeyId),
    /// A user.
    User(UserId),
}

impl Decision {
    /// Which row this is.
    pub fn id(&self) -> DecisionId {
        match self {
            Self::Tenant(tenant) => DecisionId::Tenant(tenant.id.clone()),
            Self::Key(key) => DecisionId::Key(key.id.clone()),
            Self::User(user) => DecisionId::User(user.id.clone()),
        }
    }

    /// Since when it is revoked, if it is.
    pub fn revoked_at(&self) -> Option<Timestamp> {
        match self {
            Self::Tenant(tenant) => tenant.revoked_at,
            Self::Key(key) => key.revoked_at,
            Self::User(user) => user.revoked_at,
        }
    }

    /// The same row, revoked at this time unless it was before.
    pub fn revoked(mut self, at: Timestamp) -> Self {
        let revoked = match &mut self {
            Self::Tenant(tenant) => &mut tenant.revoked_at,
            Self::Key(key) => &mut key.revoked_at,
            Self::User(user) => &mut user.revoked_at,
        };
        revoked.get_or_insert(at);
        self
    }
}

impl ApiKey {
    /// Whether it opens anything at this time, as far as the key itself can tell.
    pub fn opens_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires| now < expires)
    }
}

/// A word that can't name what it should.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadName {
    /// A tenant's id.
    #[error("give 1 to 63 small letters, digits and dashes, a letter or digit first, such as acme")]
    Tenant,
    /// A name.
    #[error("give 1 to {NAME_CHARS} characters, none of them a control character")]
    Name,
    /// A role.
    #[error("one of {}", Role::WORDS.join(", "))]
    Role,
}

/// Reads a tenant's id. It stands in addresses, commands and records: what it may be made of is narrow.
///
/// # Errors
/// [`BadName::Tenant`].
pub fn tenant_id(word: &str) -> Result<TenantId, BadName> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_good = (1..=63).contains(&word.len())
        && word.bytes().all(|byte| is_plain(byte) || byte == b'-')
        && word.bytes().next().is_some_and(is_plain);
    if is_good { Ok(TenantId::new(word)) } else { Err(BadName::Tenant) }
}

/// Reads a name, without the space around it.
///
/// # Errors
/// [`BadName::Name`].
pub fn name(words: &str) -> Result<String, BadName> {
    let words = words.trim();
    let is_good = (1..=NAME_CHARS).contains(&words.chars().count()) && !words.chars().any(char::is_control);
    if is_good { Ok(words.to_owned()) } else { Err(BadName::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_id_is_a_plain_word() {
        for good in ["acme", "a", "7-eleven", &"x".repeat(63)] {
            assert_eq!(tenant_id(good).unwrap().as_str(), good);
        }
        for bad in ["", "-acme", "Acme", "a b", "a/b", "a.b", "אבג", "a\0", &"x".repeat(64)] {
            assert_eq!(tenant_id(bad), Err(BadName::Tenant), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_one_line_of_anybodys_letters() {
        assert_eq!(name(" Acme & בניו ").unwrap(), "Acme & בניו");
        for bad in ["", "  ", "a\nb", "a\0b", &"x".repeat(201)] {
            assert_eq!(name(bad), Err(BadName::Name), "{bad:?}");
        }
    }

    #[test]
    fn a_key_opens_until_it_runs_out_or_is_revoked() {
        let at = |secs| Timestamp::from_second(secs).unwrap();
        let key = ApiKey {
            id: KeyId::new("k"),
            tenant: TenantId::new("acme"),
            hash: KeyHash::of("secret"),
            name: "test".to_owned(),
            role: Role::Agent,
            created_at: at(0),
            expires_at: Some(at(100)),
            revoked_at: None,
        };
        assert!(key.opens_at(at(99)) && !key.opens_at(at(100)));
        let Decision::Key(revoked) = Decision::Key(key).revoked(at(50)) else { unreachable!() };
        assert!(!revoked.opens_at(at(10)), "a revoked key opens nothing, whatever the clock says");
        let again = Decision::Key(revoked).revoked(at(70));
        assert_eq!(again.revoked_at(), Some(at(50)), "the first revocation stands");
    }
}
