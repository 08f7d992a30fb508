//! Who may come in: API keys, known by their hashes only, compared in constant time.

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};

/// The SHA-256 of an API key. Keys are long and random, so that a fast hash is enough.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// A hash that was stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash's bytes, to store it.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A short mark of the key, for the sessions that were opened with it: it tells nothing about the key.
    pub(crate) fn mark(&self) -> String {
        Sha256::digest(self.0).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(•••)")
    }
}

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
    /// The keys that are valid.
    pub keys: Vec<KeyHash>,
    /// What signs sessions.
    pub session_secret: SessionSecret,
    /// How long a session lasts, by the engine's clock.
    pub session_lifetime: SignedDuration,
}

impl Access {
    /// Keys and a secret; sessions last twelve hours.
    pub fn new(keys: Vec<KeyHash>, session_secret: SessionSecret) -> Self {
        Self { keys, session_secret, session_lifetime: SignedDuration::from_hours(12) }
    }

    /// The key that was given, if it is one of ours. Takes the same time for every wrong key: all are compared.
    pub(crate) fn admit(&self, key: &str) -> Option<KeyHash> {
        let given = KeyHash::of(key);
        let mut found = None;
        for known in &self.keys {
            let same: Choice = known.0.ct_eq(&given.0);
            if bool::from(same) {
                found = Some(*known);
            }
        }
        found
    }

    /// Whether a key with this mark is still valid.
    pub(crate) fn has_mark(&self, mark: &str) -> bool {
        self.keys.iter().any(|key| key.mark() == mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        Access::new(vec![KeyHash::of("one"), KeyHash::of("two")], SessionSecret::new([7; 32]))
    }

    #[test]
    fn every_known_key_is_admitted_and_no_other() {
        assert_eq!(access().admit("two"), Some(KeyHash::of("two")));
        for wrong in ["", "on", "one ", "ONE", "three"] {
            assert_eq!(access().admit(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn without_keys_nobody_is_admitted() {
        assert_eq!(Access { keys: Vec::new(), ..access() }.admit(""), None);
    }

    #[test]
    fn neither_keys_nor_secrets_print_themselves() {
        let printed = format!("{:?}", access());
        assert!(!printed.contains('7'), "{printed}");
    }
}
