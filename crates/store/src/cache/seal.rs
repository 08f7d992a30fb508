//! What seals values in the cache, and opens them again.
//!
//! AES-256-GCM-SIV with a nonce that is a keyed hash of name and text: no chance is needed. The name that a value stands
//! under is sealed with it, so that one call's value opens nowhere else.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use std::fmt;
use std::fmt::Write as _;
use trunkline_core::id::{CallId, SessionId, TenantId};

const VERSION: u8 = 1;
const NONCE: usize = 12;

/// The keys: the first seals, all of them open. At least one is there.
pub struct CacheKeys {
    first: Key,
    others: Vec<Key>,
}

struct Key {
    id: u8,
    cipher: Aes256GcmSiv,
    nonce: SecretBox<[u8; 32]>,
    names: SecretBox<[u8; 32]>,
}

impl CacheKeys {
    /// Keys made for this and nothing else.
    pub fn new(first: &SecretBox<[u8; 32]>, others: &[SecretBox<[u8; 32]>]) -> Self {
        Self { first: Key::new(first), others: others.iter().map(Key::new).collect() }
    }

    /// The name that a call stands under. It bears our key's own, so that two servers on one Redis never meet.
    pub(super) fn name_of_call(&self, call: CallId) -> String {
        format!("{}:call:{call}", self.room())
    }

    /// The name that a session's pointer stands under: clients make up what they call their sessions.
    pub(super) fn name_of_session(&self, tenant: &TenantId, session: &SessionId) -> String {
        let said = format!("{tenant}\0{session}");
        let hash = mac(self.first.names.expose_secret(), &[b"session", said.as_bytes()]);
        format!("{}:session:{}", self.room(), hex(&hash[..16]))
    }

    fn room(&self) -> String {
        let hash = mac(self.first.names.expose_secret(), &[b"room"]);
        format!("trunkline:{VERSION}:{}", hex(&hash[..4]))
    }

    /// A text sealed for one name.
    pub(super) fn seal(&self, name: &str, text: &[u8]) -> Vec<u8> {
        let key = &self.first;
        let digest = mac(key.nonce.expose_secret(), &[name.as_bytes(), text]);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&digest[..NONCE]);
        let mut value = vec![VERSION, key.id];
        value.extend(nonce);
        // Sealing fails only on texts of many gigabytes; what is left then opens nowhere.
        let sealed = key.cipher.encrypt(&Nonce::from(nonce), Payload { msg: text, aad: name.as_bytes() });
        value.extend(sealed.unwrap_or_default());
        value
    }

    /// The text in a value, if one of our keys sealed it for this name.
    pub(super) fn open(&self, name: &str, value: &[u8]) -> Option<Vec<u8>> {
        let (head, rest) = value.split_first_chunk::<2>()?;
        let (nonce, cipher) = rest.split_first_chunk::<NONCE>()?;
        let [VERSION, id] = head else { return None };
        let sealed = || Payload { msg: cipher, aad: name.as_bytes() };
        let keys = std::iter::once(&self.first).chain(&self.others).filter(|key| key.id == *id);
        keys.into_iter().find_map(|key| key.cipher.decrypt(&Nonce::from(*nonce), sealed()).ok())
    }
}

impl fmt::Debug for CacheKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl Key {
    /// One secret, three uses: each has a key of its own, so that none can weaken another.
    fn new(secret: &SecretBox<[u8; 32]>) -> Self {
        let secret = secret.expose_secret();
        Self {
            id: mac(secret, &[b"id"])[0],
            cipher: Aes256GcmSiv::new(&mac(secret, &[b"seal"]).into()),
            nonce: SecretBox::new(Box::new(mac(secret, &[b"nonce"]))),
            names: SecretBox::new(Box::new(mac(secret, &[b"names"]))),
        }
    }
}

/// A keyed hash of parts, each with its length before it.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a short key with zeros to one block; so done here, nothing can fail.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new(&block.into());
    for part in parts {
        mac.update(&part.len().to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(byte: u8, older: &[u8]) -> CacheKeys {
        let key = |byte: u8| SecretBox::new(Box::new([byte; 32]));
        CacheKeys::new(&key(byte), &older.iter().copied().map(key).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn a_value_opens_under_its_own_name_only(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let value = keys(1, &[]).seal("a", &text);
            prop_assert_eq!(keys(1, &[]).open("a", &value), Some(text));
            prop_assert_eq!(keys(1, &[]).open("b", &value), None);
            prop_assert_eq!(keys(2, &[]).open("a", &value), None);
        }

        #[test]
        fn a_value_with_any_bit_changed_is_refused(text in ".{0,60}", bit in 0usize..4_000) {
            let mut value = keys(1, &[]).seal("a", text.as_bytes());
            let bit = bit % (value.len() * 8);
            value[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(keys(1, &[]).open("a", &value), None);
        }

        #[test]
        fn no_bytes_make_opening_panic(value in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(keys(1, &[]).open("a", &value), None);
        }
    }

    #[test]
    fn a_key_that_was_replaced_still_opens() {
        let value = keys(1, &[]).seal("a", b"x");
        assert_eq!(keys(2, &[1]).open("a", &value).as_deref(), Some(&b"x"[..]));
        assert_ne!(keys(2, &[1]).seal("a", b"x"), value);
    }

    #[test]
    fn names_tell_no_session_and_servers_with_other_keys_have_others() {
        let (tenant, session) = (TenantId::default_tenant(), SessionId::new("+15550100123"));
        let name = keys(1, &[]).name_of_session(&tenant, &session);
        assert!(!name.contains("5550100123"), "{name}");
        assert_ne!(name, keys(2, &[]).name_of_session(&tenant, &session));
        assert_ne!(name, keys(1, &[]).name_of_session(&tenant, &SessionId::new("+15550100124")));
    }
}
