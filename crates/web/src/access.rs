//! Who may come in: API keys, known by their hashes only. The configured ones are compared here, in constant time; those
//! that were made for tenants are the engine's to know.

use crate::cors::Origin;
use crate::proxies::Network;
use crate::web::Web;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};
use trunkline_core::id::{KeyId, UserId};
use trunkline_core::tenancy::{Caller, KeyHash};
use trunkline_engine::SignedIn;

/// What the marks of people begin with: no id of a key does.
const PERSON: &str = "u_";

/// The secret that signs sessions of the dashboard.
#[derive(Clone)]
pub struct SessionSecret([u8; 32]);

impl SessionSecret {
    /// Takes 32 secret bytes; the same bytes after a restart keep people signed in.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(•••)")
    }
}

/// Who may come in.
#[derive(Clone, Debug)]
pub struct Access {
    /// The configured keys: they run the server.
    pub keys: Vec<KeyHash>,
    /// What signs sessions.
    pub session_secret: SessionSecret,
    /// How long a session lasts, by the engine's clock.
    pub session_lifetime: SignedDuration,
    /// Proxies whose word counts of whom they serve.
    pub trusted_proxies: Vec<Network>,
    /// Origins whose pages may read what the API answers.
    pub origins: Vec<Origin>,
}

impl Access {
    /// Keys and a secret; sessions last twelve hours, no proxy is trusted, and no other origin may read.
    pub fn new(keys: Vec<KeyHash>, session_secret: SessionSecret) -> Self {
        Self {
            keys,
            session_secret,
            session_lifetime: SignedDuration::from_hours(12),
            trusted_proxies: Vec::new(),
            origins: Vec::new(),
        }
    }

    /// Whether this is a configured key. Takes the same time for every wrong key: all are compared.
    fn is_configured(&self, given: &KeyHash) -> bool {
        let mut found = Choice::from(0);
        for known in &self.keys {
            found |= known.as_bytes().ct_eq(given.as_bytes());
        }
        found.into()
    }

    /// Whether a configured key has this mark.
    fn has_mark(&self, mark: &str) -> bool {
        self.keys.iter().any(|key| self::mark(key) == mark)
    }
}

/// A short mark of a configured key, for the sessions that were opened with it: it tells nothing about the key.
fn mark(key: &KeyHash) -> String {
    Sha256::digest(key.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// Whose calls they see, and what they may.
    pub(crate) caller: Caller,
    /// What names the key or the person that let them in, in sessions: never the key.
    pub(crate) mark: String,
}

impl From<SignedIn> for Admitted {
    fn from(person: SignedIn) -> Self {
        Self { mark: format!("{PERSON}{}_{}", person.user, person.mark), caller: person.caller }
    }
}

/// The person of a mark and the mark of their password, if it is that of a person.
fn person(mark: &str) -> Option<(UserId, &str)> {
    let (id, password) = mark.strip_prefix(PERSON)?.rsplit_once('_')?;
    Some((UserId::new(id), password))
}

/// The person of a mark, if it is that of one.
pub(crate) fn user(mark: &str) -> Option<UserId> {
    person(mark).map(|(user, _)| user)
}

impl Web {
    /// Lets in whoever has a key that opens something now.
    pub(crate) fn admit(&self, key: &str) -> Option<Admitted> {
        let given = KeyHash::of(key);
        if self.access.is_configured(&given) {
            return Some(Admitted { caller: Caller::system(), mark: mark(&given) });
        }
        let holder = self.engine.admit(&given)?;
        Some(Admitted { caller: holder.caller, mark: holder.key.to_string() })
    }

    /// Who holds the key of this mark, or is its person, if it opens anything now.
    pub(crate) fn admitted(&self, mark: &str) -> Option<Caller> {
        if let Some((user, password)) = person(mark) {
            return self.engine.signed_in(&user, password);
        }
        if self.access.has_mark(mark) {
            return Some(Caller::system());
        }
        Some(self.engine.holder(&KeyId::new(mark))?.caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        Access::new(vec![KeyHash::of("one"), KeyHash::of("two")], SessionSecret::new([7; 32]))
    }

    #[test]
    fn every_configured_key_is_known_and_no_other() {
        let is_configured = |access: Access, key: &str| access.is_configured(&KeyHash::of(key));
        assert!(is_configured(access(), "one") && is_configured(access(), "two"));
        for wrong in ["", "on", "one ", "ONE", "three"] {
            assert!(!is_configured(access(), wrong), "{wrong:?}");
        }
        assert!(!is_configured(Access { keys: Vec::new(), ..access() }, ""), "without keys there is none");
    }

    #[test]
    fn a_mark_is_its_keys_and_no_other_s() {
        assert!(access().has_mark(&mark(&KeyHash::of("one"))));
        assert!(!access().has_mark(&mark(&KeyHash::of("three"))) && !access().has_mark(""));
    }

    #[test]
    fn neither_keys_nor_secrets_print_themselves() {
        let printed = format!("{:?}", access());
        assert!(!printed.contains('7'), "{printed}");
    }
}
