//! Whose keys and users there are, and who may do what.
//!
//! In go ids, names, hashes and times; out come rows that the store keeps and every node mirrors ([`Decision`]), and the
//! answer to "may this caller?" ([`Caller`], [`Act`]). A row is added once and revoked once, and never changes otherwise, but
//! for a user's password and a tenant's policy of carriers, of which the later one counts, and for a number ([`crate::numbers`]), of which the higher version does:
//! that is what lets a mirror and a database be brought together
//! without a history. Making secrets and reading clocks is left to the engine.

mod act;
mod caller;
mod carriers;
mod key_hash;
mod password;

pub use act::{Act, Scope, Scopes};
pub use caller::{Caller, Denied, Role};
pub use carriers::{BadPolicy, CarrierPolicy, OwnAccount};
pub use key_hash::{KeyHash, key_text};
pub use password::{
    LOGIN_CHARS_MAX, Login, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, Password, PasswordHash, made_password,
    new_password,
};

use crate::id::{KeyId, TenantId, UserId};
use crate::numbers::Number;
use crate::private::{Address, Private};
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
    /// Which accounts its calls go through; the server's choice among all, if nothing is said.
    #[serde(default)]
    pub carriers: Option<CarrierPolicy>,
    /// When that was said. Of two the later one counts.
    #[serde(default)]
    pub carriers_set_at: Option<Timestamp>,
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
    /// What of that it is good for.
    #[serde(default)]
    pub scopes: Scopes,
    /// Since when.
    pub created_at: Timestamp,
    /// From then on it opens nothing; `None`: it does not run out.
    pub expires_at: Option<Timestamp>,
    /// From then on it opens nothing.
    pub revoked_at: Option<Timestamp>,
}

/// A person who works for a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// For whom they work.
    pub tenant: TenantId,
    /// Their name.
    pub name: Private<String>,
    /// What they sign in as; `None`: they don't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    /// What opens the dashboard to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
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
    /// One of our numbers.
    Number(Number),
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
    /// One of our numbers.
    Number(Address),
}

impl Decision {
    /// Which row this is.
    pub fn id(&self) -> DecisionId {
        match self {
            Self::Tenant(tenant) => DecisionId::Tenant(tenant.id.clone()),
            Self::Key(key) => DecisionId::Key(key.id.clone()),
            Self::User(user) => DecisionId::User(user.id.clone()),
            Self::Number(number) => DecisionId::Number(number.number.clone()),
        }
    }

    /// Since when it is revoked for good, if it is. A number never is: it may be given again.
    pub fn revoked_at(&self) -> Option<Timestamp> {
        match self {
            Self::Tenant(tenant) => tenant.revoked_at,
            Self::Key(key) => key.revoked_at,
            Self::User(user) => user.revoked_at,
            Self::Number(_) => None,
        }
    }

    /// The same row, revoked at this time unless it was before; a number is nobody's from then on.
    pub fn revoked(self, at: Timestamp) -> Self {
        let mut this = match self {
            Self::Number(number) if number.is_given() => return Self::Number(number.removed(at)),
            this => this,
        };
        let revoked = match &mut this {
            Self::Tenant(tenant) => &mut tenant.revoked_at,
            Self::Key(key) => &mut key.revoked_at,
            Self::User(user) => &mut user.revoked_at,
            Self::Number(_) => return this,
        };
        revoked.get_or_insert(at);
        this
    }

    /// What two sides that have this row agree on: this one's word stands, but for what never goes back. A revocation is
    /// not taken back, of two passwords and of two policies of carriers the later one counts, and of two versions of a number
    /// the higher.
    pub fn agreed(self, other: &Self) -> Self {
        let this = match (self, other) {
            (Self::Number(number), Self::Number(other)) => return Self::Number(number.newer(other)),
            (this, _) => this,
        };
        let mut agreed = match (this.revoked_at(), other.revoked_at()) {
            (None, Some(at)) => this.revoked(at),
            _ => this,
        };
        if let (Self::User(user), Self::User(other)) = (&mut agreed, other) {
            let set_at = |password: &Option<Password>| password.as_ref().map(|password| password.set_at);
            if set_at(&other.password) > set_at(&user.password) {
                user.password.clone_from(&other.password);
            }
        }
        if let (Self::Tenant(tenant), Self::Tenant(other)) = (&mut agreed, other)
            && other.carriers_set_at > tenant.carriers_set_at
        {
            tenant.carriers.clone_from(&other.carriers);
            tenant.carriers_set_at = other.carriers_set_at;
        }
        agreed
    }
}

impl Tenant {
    /// One that is made now, and goes by the server's choice of carriers.
    pub fn new(id: TenantId, name: String, created_at: Timestamp) -> Self {
        Self { id, name, created_at, revoked_at: None, carriers: None, carriers_set_at: None }
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
    /// Scopes of a key.
    #[error("one or more of {}", Scope::WORDS.join(", "))]
    Scopes,
    /// A login name.
    #[error(
        "give an e-mail address or a plain word of letters, digits and any of @ . _ + -, a letter or digit first"
    )]
    Login,
    /// A password.
    #[error("give {PASSWORD_CHARS_MIN} or more characters, not all the same and not the login name")]
    Password,
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
            scopes: Scopes::ALL,
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

    #[test]
    fn of_two_passwords_the_later_one_counts_whichever_side_has_it() {
        let at = |secs| Timestamp::from_second(secs).unwrap();
        let user = |password: Option<i64>| {
            Decision::User(User {
                id: UserId::new("u"),
                tenant: TenantId::new("acme"),
                name: "Ann".to_owned().into(),
                login: Some(Login::parse("ann").unwrap()),
                password: password.map(|secs| {
                    let hash = PasswordHash::new(secs.to_string());
                    Password { hash, set_at: at(secs) }
                }),
                role: Role::Agent,
                created_at: at(0),
                revoked_at: None,
            })
        };
        for (one, other) in [(Some(1), Some(2)), (None, Some(2)), (Some(2), Some(2))] {
            assert_eq!(user(one).agreed(&user(other)), user(Some(2)));
            assert_eq!(user(other).agreed(&user(one)), user(Some(2)));
        }
        let revoked = user(Some(1)).revoked(at(5));
        assert_eq!(user(Some(2)).agreed(&revoked), user(Some(2)).revoked(at(5)));
    }

    #[test]
    fn of_two_policies_of_carriers_the_later_one_counts_also_one_that_takes_the_other_back() {
        let at = |secs| Timestamp::from_second(secs).unwrap();
        let tenant = |said: Option<(i64, Option<&str>)>| {
            let policy = |name: &str| CarrierPolicy {
                accounts: vec![OwnAccount {
                    name: name.to_owned(),
                    from: None,
                    weight: 1,
                    countries: [].into(),
                }],
                choice: crate::dial::choice::Policy::First,
            };
            Decision::Tenant(Tenant {
                id: TenantId::new("acme"),
                name: "Acme".to_owned(),
                created_at: at(0),
                revoked_at: None,
                carriers: said.and_then(|(_, name)| name).map(policy),
                carriers_set_at: said.map(|(secs, _)| at(secs)),
            })
        };
        let table = [
            (None, Some((2, Some("israel")))),
            (Some((1, Some("twilio"))), Some((2, Some("israel")))),
            (Some((1, Some("twilio"))), Some((2, None))),
        ];
        for (earlier, later) in table {
            assert_eq!(tenant(earlier).agreed(&tenant(later)), tenant(later));
            assert_eq!(tenant(later).agreed(&tenant(earlier)), tenant(later));
        }
        let old = r#"{"id":"acme","name":"Acme","created_at":"2026-01-01T00:00:00Z","revoked_at":null}"#;
        assert!(serde_json::from_str::<Tenant>(old).is_ok_and(|tenant| tenant.carriers.is_none()));
    }

    #[test]
    fn a_key_of_before_there_were_scopes_has_all() {
        let old = r#"{"id":"k","tenant":"acme","hash":"HASH","name":"x","role":"agent",
            "created_at":"2026-01-01T00:00:00Z","expires_at":null,"revoked_at":null}"#;
        let key: ApiKey = serde_json::from_str(&old.replace("HASH", &"0".repeat(64))).unwrap();
        assert_eq!(key.scopes, Scopes::ALL);
    }
}
