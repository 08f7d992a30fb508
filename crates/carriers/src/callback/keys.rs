//! What seals a callback's state, and opens it again.
//!
//! AES-256-GCM-SIV with a nonce that is a keyed hash of the state: no chance is needed, the same state gives the same
//! bytes, and should two states ever share a nonce, the cipher still gives nothing away but whether they are equal.

use super::state::CallbackState;
use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use std::fmt;
use std::fmt::Write as _;
use thiserror::Error;

/// The longest token that is looked at. Ours have about 150 characters.
const MAX_TOKEN: usize = 1_024;
const NONCE: usize = 12;
const PURPOSE: &[u8] = b"trunkline callback v1";

/// The keys: the first seals, all of them open, so that a key can be replaced while calls are live.
pub struct SecretKeys {
    first: Key,
    others: Vec<Key>,
}

/// Why a setting is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadSecretKey {
    /// Not 32 bytes, in hex or base64.
    #[error("secret key {number} is not 32 bytes written as 64 hex digits or in base64")]
    Form {
        /// Which, from 1.
        number: usize,
    },
    /// None at all.
    #[error("at least one secret key is needed")]
    None,
}

/// Why a token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadToken {
    /// Not a token at all, or one of a later version.
    #[error("the token has no known form")]
    Malformed,
    /// Sealed by no key of ours, or changed since.
    #[error("the token was not sealed by us")]
    Forged,
}

impl SecretKeys {
    /// Keys parted by commas or blanks, each 32 bytes in hex or base64, as in the setting.
    ///
    /// # Errors
    /// [`BadSecretKey`] says which one is wrong, never what it holds.
    pub fn parse(list: &str) -> Result<Self, BadSecretKey> {
        let words =
            list.split(|char: char| char == ',' || char.is_whitespace()).filter(|word| !word.is_empty());
        let mut keys = words.enumerate().map(|(index, word)| {
            key_bytes(word).map(|bytes| Key::new(&bytes)).ok_or(BadSecretKey::Form { number: index + 1 })
        });
        let first = keys.next().ok_or(BadSecretKey::None)??;
        Ok(Self { first, others: keys.collect::<Result<_, _>>()? })
    }

    /// One key of these bytes, fresh from the machine's source of chance.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self { first: Key::new(bytes), others: Vec::new() }
    }

    /// The same bytes as a word for a key file, which [`SecretKeys::parse`] reads.
    pub fn word(bytes: &[u8; 32]) -> String {
        hex(bytes)
    }

    /// Adds a key that opens and does not seal.
    #[must_use]
    pub fn with_older(mut self, bytes: &[u8; 32]) -> Self {
        self.others.push(Key::new(bytes));
        self
    }

    /// A short name of the sealing key that tells nothing about it: to be sure that two nodes, or a node and its
    /// store, use the same one.
    pub fn fingerprint(&self) -> &str {
        &self.first.fingerprint
    }

    /// The names of all keys, the sealing one first.
    pub fn fingerprints(&self) -> impl Iterator<Item = &str> {
        self.all().map(|key| key.fingerprint.as_str())
    }

    /// The state as a token: base64url, always the same for the same state, under 1 KiB for any account's name that
    /// a carrier has.
    pub fn seal(&self, state: &CallbackState) -> String {
        let plain = state.to_bytes();
        let key = &self.first;
        let nonce = key.nonce(&plain);
        let mut token = vec![key.id];
        token.extend(nonce);
        // Sealing fails only on texts of many gigabytes; an empty token then opens nowhere.
        token.extend(key.cipher.encrypt(&Nonce::from(nonce), sealed(&plain)).unwrap_or_default());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The state in a token.
    ///
    /// # Errors
    /// [`BadToken`] when it isn't one of ours.
    pub fn open(&self, token: &str) -> Result<CallbackState, BadToken> {
        if token.len() > MAX_TOKEN {
            return Err(BadToken::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| BadToken::Malformed)?;
        let (id, rest) = bytes.split_first().ok_or(BadToken::Malformed)?;
        let (nonce, cipher) = rest.split_first_chunk::<NONCE>().ok_or(BadToken::Malformed)?;
        let plain = self
            .all()
            .filter(|key| key.id == *id)
            .find_map(|key| key.cipher.decrypt(&Nonce::from(*nonce), sealed(cipher)).ok())
            .ok_or(BadToken::Forged)?;
        CallbackState::from_bytes(&plain).ok_or(BadToken::Malformed)
    }

    /// A secret of somebody else's, to be kept in a database: as text, readable with these keys and for this purpose only.
    pub fn seal_secret(&self, purpose: &[u8], secret: &[u8]) -> String {
        let key = &self.first;
        let nonce = key.nonce(&[purpose, &[0], secret].concat());
        let mut sealed = vec![key.id];
        sealed.extend(nonce);
        let payload = Payload { msg: secret, aad: purpose };
        // Sealing fails only on texts of many gigabytes; what is left then opens nowhere.
        sealed.extend(key.cipher.encrypt(&Nonce::from(nonce), payload).unwrap_or_default());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Such a secret.
    ///
    /// # Errors
    /// [`BadToken`] when no key of these sealed it for this purpose.
    pub fn open_secret(&self, purpose: &[u8], sealed: &str) -> Result<SecretBox<Vec<u8>>, BadToken> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| BadToken::Malformed)?;
        let (id, rest) = bytes.split_first().ok_or(BadToken::Malformed)?;
        let (nonce, cipher) = rest.split_first_chunk::<NONCE>().ok_or(BadToken::Malformed)?;
        let payload = || Payload { msg: cipher, aad: purpose };
        let mut keys = self.all().filter(|key| key.id == *id);
        let opened = keys.find_map(|key| key.cipher.decrypt(&Nonce::from(*nonce), payload()).ok());
        opened.map(|secret| SecretBox::new(Box::new(secret))).ok_or(BadToken::Forged)
    }

    /// A short keyed hash: for keys of events that depend on what somebody keyed or said. A plain hash of four digits
    /// is read back in a moment, and event keys are not sealed.
    pub fn tag(&self, what: &[u8]) -> String {
        let digest = mac(self.first.tag_key.expose_secret(), what);
        hex(&digest[..8])
    }

    /// Keys for another use, made of these: the one that seals, and the older ones. Nothing of one use can be learned from
    /// another.
    pub fn derived(&self, purpose: &[u8]) -> (SecretBox<[u8; 32]>, Vec<SecretBox<[u8; 32]>>) {
        let derive = |key: &Key| SecretBox::new(Box::new(mac(key.derive_key.expose_secret(), purpose)));
        (derive(&self.first), self.others.iter().map(derive).collect())
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fingerprints()).finish()
    }
}

struct Key {
    id: u8,
    fingerprint: String,
    cipher: Aes256GcmSiv,
    nonce_key: SecretBox<[u8; 32]>,
    tag_key: SecretBox<[u8; 32]>,
    derive_key: SecretBox<[u8; 32]>,
}

impl Key {
    /// One secret, five uses: each has a key of its own, so that none can weaken another.
    fn new(secret: &[u8; 32]) -> Self {
        let name = mac(secret, b"trunkline fingerprint");
        Self {
            id: name[0],
            fingerprint: hex(&name[..8]),
            cipher: Aes256GcmSiv::new(&mac(secret, b"trunkline callback seal").into()),
            nonce_key: SecretBox::new(Box::new(mac(secret, b"trunkline callback nonce"))),
            tag_key: SecretBox::new(Box::new(mac(secret, b"trunkline event tag"))),
            derive_key: SecretBox::new(Box::new(mac(secret, b"trunkline derive"))),
        }
    }

    fn nonce(&self, plain: &[u8]) -> [u8; NONCE] {
        let digest = mac(self.nonce_key.expose_secret(), plain);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&digest[..NONCE]);
        nonce
    }
}

fn sealed(text: &[u8]) -> Payload<'_, '_> {
    Payload { msg: text, aad: PURPOSE }
}

fn mac(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    // HMAC pads a short key with zeros to one block; so done here, nothing can fail.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new(&block.into());
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn key_bytes(word: &str) -> Option<[u8; 32]> {
    let bytes = if word.len() == 64 {
        unhex(word)?
    } else {
        [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]
            .iter()
            .find_map(|base| base.decode(word).ok())?
    };
    bytes.try_into().ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect();
    Some(digits?.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::super::state::Place;
    use super::super::state::tests::any_state;
    use super::*;
    use proptest::prelude::*;
    use trunkline_core::id::{AccountId, CallId, Fence, LegNo};

    fn keys(byte: u8) -> SecretKeys {
        SecretKeys::from_bytes(&[byte; 32])
    }

    proptest! {
        #[test]
        fn a_sealed_state_opens_and_is_short(state in any_state()) {
            let token = keys(1).seal(&state);
            prop_assert!(token.len() < 300);
            prop_assert_eq!(keys(1).open(&token), Ok(state));
        }

        #[test]
        fn the_same_state_gives_the_same_token(state in any_state()) {
            prop_assert_eq!(keys(1).seal(&state), keys(1).seal(&state));
        }

        #[test]
        fn a_token_with_any_bit_changed_is_refused(state in any_state(), bit in 0usize..2_000) {
            let mut bytes = URL_SAFE_NO_PAD.decode(keys(1).seal(&state)).unwrap();
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(keys(1).open(&URL_SAFE_NO_PAD.encode(bytes)), Err(BadToken::Forged));
        }

        #[test]
        fn no_text_makes_opening_panic(token in ".{0,300}") {
            prop_assert!(keys(1).open(&token).is_err());
        }

        #[test]
        fn a_cut_token_is_refused(state in any_state(), keep in 0usize..300) {
            let token = keys(1).seal(&state);
            prop_assume!(keep < token.len());
            prop_assert!(keys(1).open(&token[..keep]).is_err());
        }
    }

    #[test]
    fn a_key_that_was_replaced_still_opens() {
        let state = CallbackState {
            account: AccountId::new("twilio:AC1"),
            call: CallId::from_bytes([5; 16]),
            leg: LegNo::FIRST,
            fence: Fence::FIRST,
            script: None,
            place: Place::START,
        };
        let token = keys(1).seal(&state);
        assert_eq!(keys(2).open(&token), Err(BadToken::Forged));
        assert_eq!(keys(2).with_older(&[1; 32]).open(&token), Ok(state.clone()));
        assert_ne!(keys(2).with_older(&[1; 32]).seal(&state), token);
    }

    #[test]
    fn keys_for_other_uses_come_in_the_same_order_and_differ_by_use_and_secret() {
        let of = |keys: &SecretKeys, purpose: &[u8]| {
            let (first, others) = keys.derived(purpose);
            let mut all = vec![*first.expose_secret()];
            all.extend(others.iter().map(|key| *key.expose_secret()));
            all
        };
        let both = of(&keys(2).with_older(&[1; 32]), b"cache");
        assert_eq!(both, [of(&keys(2), b"cache"), of(&keys(1), b"cache")].concat());
        assert_ne!(both[0], both[1]);
        assert_ne!(both[0], of(&keys(2), b"other")[0]);
    }

    #[test]
    fn keys_are_read_in_hex_and_in_every_base64() {
        let bytes = [0xfb; 32];
        let names: Vec<String> = [
            SecretKeys::word(&bytes),
            SecretKeys::word(&bytes).to_uppercase(),
            STANDARD.encode(bytes),
            STANDARD_NO_PAD.encode(bytes),
            URL_SAFE.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
        ]
        .iter()
        .map(|word| SecretKeys::parse(word).unwrap().fingerprint().to_owned())
        .collect();
        assert!(names.iter().all(|name| name == &names[0]), "{names:?}");
        assert_eq!(SecretKeys::parse("").unwrap_err(), BadSecretKey::None);
        let second = format!("{}, tooshort", SecretKeys::word(&bytes));
        assert_eq!(SecretKeys::parse(&second).unwrap_err(), BadSecretKey::Form { number: 2 });
    }

    #[test]
    fn keys_print_their_fingerprints_only() {
        let shown = format!("{:?}", SecretKeys::from_bytes(&[7; 32]));
        assert!(!shown.contains("0707") && !shown.contains("7, 7"), "{shown}");
    }

    #[test]
    fn a_sealed_secret_opens_for_its_purpose_and_with_a_key_that_was_replaced() {
        let (old, new) =
            (SecretKeys::from_bytes(&[1; 32]), SecretKeys::from_bytes(&[2; 32]).with_older(&[1; 32]));
        let sealed = old.seal_secret(b"one", b"a secret");
        assert!(!sealed.contains("secret"));
        assert_eq!(new.open_secret(b"one", &sealed).unwrap().expose_secret(), b"a secret");
        assert!(new.open_secret(b"two", &sealed).is_err());
        assert!(SecretKeys::from_bytes(&[2; 32]).open_secret(b"one", &sealed).is_err());
        for odd in ["", "x", "שלום", &sealed[1..]] {
            assert!(old.open_secret(b"one", odd).is_err());
        }
    }
}
