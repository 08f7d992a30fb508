//! What opens this server and what seals its callbacks: from the settings, else from private files in the data folder.
//!
//! An API key is kept as its hash; the key itself is shown once, when it is made. A server that runs leaves a key of
//! its own for the command line of the same machine (`beside.rs`): it dies with the server.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use trunkline_carriers::callback::{BadSecretKey, SecretKeys};
use trunkline_web::{KeyHash, SessionSecret};

use super::folder::{self, FolderError};
use crate::settings::Access;

const SEALING: &str = "secret.key";
const ACCESS: &str = "access.json";

/// Why the keys can't be had.
#[derive(Debug, Error)]
pub enum KeysError {
    /// A file.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file that this program did not write.
    #[error("{file} in the data folder is damaged; restore it from a backup, or delete it to get new keys")]
    Damaged {
        /// Which.
        file: &'static str,
    },
    /// The sealing keys.
    #[error("{0}")]
    Sealing(#[from] BadSecretKey),
    /// The system gave no randomness.
    #[error("the system gave no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// All keys of a server.
pub(crate) struct Keys {
    /// Seals what travels in callback addresses.
    pub sealing: SecretKeys,
    /// Opens the API.
    pub api: Vec<KeyHash>,
    /// Signs the dashboard's sessions.
    pub session: SessionSecret,
    /// The API key, if it was made just now: to be shown once.
    pub fresh: Option<String>,
}

/// What the data folder keeps.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Hashes of API keys, base64.
    api_keys: Vec<String>,
    /// What signs sessions, base64.
    session_secret: String,
}

impl Keys {
    /// Reads the keys, and makes those that are neither set nor there.
    pub fn open(access: &Access, folder: &Path) -> Result<Self, KeysError> {
        let sealing = sealing(access, folder)?;
        let path = folder.join(ACCESS);
        let session: [u8; 32] = chance()?;
        let empty = Kept { api_keys: Vec::new(), session_secret: URL_SAFE_NO_PAD.encode(session) };
        let text = folder::read_or_make(&path, || Ok(json(&empty)))?;
        let mut kept: Kept =
            serde_json::from_str(&text).map_err(|_| KeysError::Damaged { file: ACCESS })?;
        let session = SessionSecret::new(bytes(&kept.session_secret)?);
        if let Some(key) = &access.api_key {
            return Ok(Self { sealing, api: vec![KeyHash::of(key.expose_secret())], session, fresh: None });
        }
        let mut fresh = None;
        if kept.api_keys.is_empty() {
            let key = api_key()?;
            kept.api_keys.push(URL_SAFE_NO_PAD.encode(KeyHash::of(&key).as_bytes()));
            folder::replace(&path, &json(&kept))?;
            fresh = Some(key);
        }
        let api = kept.api_keys.iter().map(|hash| Ok(KeyHash::from_bytes(bytes(hash)?)));
        Ok(Self { sealing, api: api.collect::<Result<_, KeysError>>()?, session, fresh })
    }
}

/// A new API key.
pub(crate) fn api_key() -> Result<String, getrandom::Error> {
    Ok(format!("tk_{}", URL_SAFE_NO_PAD.encode(chance::<24>()?)))
}

/// The sealing keys of the settings, else the folder's own.
fn sealing(access: &Access, folder: &Path) -> Result<SecretKeys, KeysError> {
    if !access.secret_keys.is_empty() {
        let words: Vec<_> = access.secret_keys.iter().map(ExposeSecret::expose_secret).collect();
        return Ok(SecretKeys::parse(&words.join(","))?);
    }
    let fresh = SecretKeys::word(&chance()?);
    let text = folder::read_or_make(&folder.join(SEALING), || Ok(fresh))?;
    SecretKeys::parse(&text).map_err(|_| KeysError::Damaged { file: SEALING })
}

fn chance<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn json(kept: &Kept) -> String {
    serde_json::to_string(kept).unwrap_or_default()
}

fn bytes(text: &str) -> Result<[u8; 32], KeysError> {
    let decoded = URL_SAFE_NO_PAD.decode(text).ok();
    decoded.and_then(|bytes| bytes.try_into().ok()).ok_or(KeysError::Damaged { file: ACCESS })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(api_key: Option<&str>) -> Access {
        Access { api_key: api_key.map(Into::into), secret_keys: Vec::new() }
    }

    #[test]
    fn a_key_is_made_once_and_kept_as_its_hash() {
        let dir = tempfile::tempdir().unwrap();
        let first = Keys::open(&access(None), dir.path()).unwrap();
        let key = first.fresh.expect("made at the first start");
        let again = Keys::open(&access(None), dir.path()).unwrap();
        assert!(again.fresh.is_none());
        assert_eq!(again.api, [KeyHash::of(&key)]);
        assert_eq!(again.sealing.fingerprint(), first.sealing.fingerprint());
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(!text.contains(&key), "the key itself is nowhere");
        }
    }

    #[test]
    fn a_fixed_key_is_the_only_one_and_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::open(&access(Some("fixed-key")), dir.path()).unwrap();
        assert_eq!((keys.api, keys.fresh), (vec![KeyHash::of("fixed-key")], None));
        let later = Keys::open(&access(None), dir.path()).unwrap();
        assert!(later.fresh.is_some(), "without the setting one is made");
    }

    #[test]
    fn a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(ACCESS), "{").unwrap();
        let error = Keys::open(&access(None), dir.path()).err().unwrap();
        assert!(error.to_string().starts_with("access.json"), "{error}");
    }
}
