//! Data keys of persons: what is sealed with a person's key can be erased everywhere at once, by forgetting the key.
//!
//! ```text
//! file  = magic 8 entry*
//! entry = person 16 | key id 8 | key 32 | durable 8 | crc 4      (68)
//! ```
//! One small file, appended to, mode 0600. A new key is synced before the first text sealed with it is given out. As in the
//! journal, each entry says how much of the file was durable before it: that tells damage from a torn tail.
//!
//! Sealed texts are AES-256-GCM-SIV in base64url: `version 1 | key id 8 | nonce 12 | ciphertext and tag`, bound to the person.
//!
//! Limits: all keys are kept in memory (about 80 bytes for each person); forgetting rewrites the file; and whether a disk
//! keeps old blocks of an overwritten file somewhere is beyond us (what we can reach is overwritten with zeros).

use std::{
    collections::{HashMap, HashSet},
    fmt,
    fs::{self, File, OpenOptions},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};

use crate::{
    error::{Damage, Doing, FileError},
    folder::{self, Replace},
    frame::{Flaw, get_u32, get_u64},
    options::Sync,
};

const MAGIC: [u8; 8] = *b"TRNKLNK1";
const ENTRY: usize = 68;
const VERSION: u8 = 1;
const SEAL_HEAD: usize = 1 + 8 + 12;

/// Whose key it is; the caller derives it from tenant and number. Never printed: it may be guessed back.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PersonId(pub [u8; 16]);

impl fmt::Debug for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonId(…)")
    }
}

/// Why the ring could not be opened or a key not be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A key that had been in use is damaged; restore the file from a backup.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// A file operation failed; after [`FileError::is_full`] it may succeed later.
    #[error(transparent)]
    File(#[from] FileError),
    /// A sync failed before: the process must exit.
    #[error("the key file is poisoned by a failed sync")]
    Poisoned,
    /// The system gave no randomness.
    #[error("the system gave no randomness: {0}")]
    Randomness(getrandom::Error),
    /// The plaintext is longer than the cipher can take.
    #[error("too long to be sealed")]
    TooLong,
}

/// Why a sealed text could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsealed {
    /// The key it was sealed with was forgotten: the person was erased.
    #[error("erased")]
    Erased,
    /// Not a sealed text, altered, or of another person.
    #[error("the sealed text is damaged")]
    Damaged,
}

#[derive(Clone, Copy)]
struct Key {
    id: [u8; 8],
    secret: [u8; 32],
}

/// The ring of all data keys.
pub struct KeyRing {
    path: PathBuf,
    keys: RwLock<HashMap<PersonId, Key>>,
    /// New keys that wait for whoever holds the file next: they share one sync.
    wanted: Mutex<HashMap<PersonId, Key>>,
    file: Mutex<KeyFile>,
    /// Who was sealed for lately; `None` while nobody asks.
    lately: Mutex<Option<Lately>>,
}

/// Who was sealed for in this turn and in the one before.
#[derive(Default)]
struct Lately {
    now: HashSet<PersonId>,
    before: HashSet<PersonId>,
}

struct KeyFile {
    file: File,
    length: u64,
    poisoned: bool,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("path", &self.path).field("keys", &self.keys.read().len()).finish()
    }
}

impl KeyRing {
    /// Opens the key file at `path`, or makes it. Lock the folder before (an open journal does).
    ///
    /// # Errors
    /// A key is damaged, or a file operation failed.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        remove_unfinished(&path.with_extension("tmp"))?;
        if !path.exists() {
            put_in_place(path, &MAGIC)?;
        }
        let bytes = fs::read(path).doing("read", path)?;
        let (keys, length, certain) = decode_file(path, &bytes)?;
        let file = open_file(path)?;
        if length < bytes.len() as u64 {
            let bytes = bytes.len() as u64 - length;
            tracing::warn!(file = %path.display(), offset = length, bytes, "the key file's tail was torn: cut");
            file.set_len(length).doing("cut", path)?;
        }
        // What a failed sync left in the cache is written again before it is believed.
        let uncertain = bytes.get(certain..usize::try_from(length).unwrap_or(certain)).unwrap_or_default();
        file.write_all_at(uncertain, certain as u64).doing("write again", path)?;
        file.sync_all().doing("sync", path)?;
        if let Some(dir) = path.parent() {
            // The last process may have died between putting this file in its place and making that durable.
            folder::sync_folder(dir, Sync::Fdatasync)?;
        }
        let file = Mutex::new(KeyFile { file, length, poisoned: false });
        Ok(Self {
            path: path.to_owned(),
            keys: RwLock::new(keys),
            wanted: Mutex::default(),
            file,
            lately: Mutex::default(),
        })
    }

    /// Reads the key file as it is, to open what was sealed. Changes nothing and needs no lock, and so may look at a file
    /// that is in use; sealing for a new person, or forgetting one, fails.
    ///
    /// # Errors
    /// The file is not there or can't be read, or a key is damaged.
    pub fn peek(path: &Path) -> Result<Self, KeyError> {
        let file = File::open(path).doing("open", path)?;
        let (keys, length, _) = decode_file(path, &fs::read(path).doing("read", path)?)?;
        // Nothing may be written by this handle.
        let file = Mutex::new(KeyFile { file, length, poisoned: true });
        Ok(Self {
            path: path.to_owned(),
            keys: RwLock::new(keys),
            wanted: Mutex::default(),
            file,
            lately: Mutex::default(),
        })
    }

    /// Seals `plaintext` for `person`. The first time this makes the person's key, and blocks until it is durable.
    ///
    /// # Errors
    /// The key could not be made durable.
    pub fn seal(&self, person: PersonId, plaintext: &[u8]) -> Result<String, KeyError> {
        let known = {
            let keys = self.keys.read();
            // Under the lock: whoever forgets keys sees it, or we see that the key is gone.
            if let Some(lately) = &mut *self.lately.lock() {
                lately.now.insert(person);
            }
            keys.get(&person).copied()
        };
        let key = match known {
            Some(key) => key,
            None => self.make(person)?,
        };
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).map_err(KeyError::Randomness)?;
        let aad = bound_to(person, key.id);
        let payload = Payload { msg: plaintext, aad: &aad };
        let sealed = Aes256GcmSiv::new(&key.secret.into()).encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| KeyError::TooLong)?;
        Ok(URL_SAFE_NO_PAD.encode([&[VERSION][..], &key.id, &nonce, &sealed].concat()))
    }

    /// Opens what was sealed for `person`.
    ///
    /// # Errors
    /// See [`Unsealed`].
    pub fn unseal(&self, person: PersonId, sealed: &str) -> Result<Vec<u8>, Unsealed> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Unsealed::Damaged)?;
        let (head, body) = bytes.split_at_checked(SEAL_HEAD).ok_or(Unsealed::Damaged)?;
        if head[0] != VERSION {
            return Err(Unsealed::Damaged);
        }
        let key = self.keys.read().get(&person).copied();
        let key = key.filter(|key| key.id == head[1..9]).ok_or(Unsealed::Erased)?;
        let nonce = <[u8; 12]>::try_from(&head[9..]).map_err(|_| Unsealed::Damaged)?;
        let aad = bound_to(person, key.id);
        let payload = Payload { msg: body, aad: &aad };
        Aes256GcmSiv::new(&key.secret.into())
            .decrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Unsealed::Damaged)
    }

    /// Forgets the person's key, durably: what was sealed with it can be opened by nobody. Whether there was one. Blocking.
    ///
    /// # Errors
    /// The file could not be replaced: the key is still there.
    pub fn forget(&self, person: PersonId) -> Result<bool, KeyError> {
        Ok(self.forget_all(&[person])? > 0)
    }

    /// The same for many at once, with the file replaced once; how many there were.
    ///
    /// # Errors
    /// The file could not be replaced: all keys are still there.
    pub fn forget_all(&self, persons: &[PersonId]) -> Result<usize, KeyError> {
        let mut file = self.file.lock();
        if file.poisoned {
            return Err(KeyError::Poisoned);
        }
        let mut kept = self.keys.read().clone();
        let forgotten = persons.iter().filter(|person| kept.remove(person).is_some()).count();
        if forgotten == 0 {
            return Ok(0);
        }
        let written = file.replace(&self.path, &kept)?;
        *self.keys.write() = kept;
        written.settle(&mut file, &self.path)?;
        Ok(forgotten)
    }

    /// Begins a turn. From the first one on it is remembered for whom something is sealed, for this turn and the next.
    pub fn turn(&self) {
        let mut lately = self.lately.lock();
        let now = lately.take().map(|lately| lately.now).unwrap_or_default();
        *lately = Some(Lately { now: HashSet::new(), before: now });
    }

    /// Forgets keys beside those who seal: only of persons for whom nothing was sealed in this turn and the one before. So
    /// a text that is sealed already and not yet written anywhere keeps its key, if no turn is shorter than that takes. How
    /// many went. Blocking.
    ///
    /// # Errors
    /// The file could not be replaced: all keys are still there.
    pub fn forget_idle(&self, persons: &[PersonId]) -> Result<usize, KeyError> {
        let mut file = self.file.lock();
        if file.poisoned {
            return Err(KeyError::Poisoned);
        }
        // Out of the ring first: who is sealed for from now on waits for the file, and gets another key.
        let (kept, gone) = {
            let mut keys = self.keys.write();
            let lately = self.lately.lock();
            let Some(lately) = &*lately else { return Ok(0) };
            let idle = persons.iter().filter(|one| !lately.now.contains(one) && !lately.before.contains(one));
            let gone: Vec<_> = idle.filter_map(|one| Some((*one, keys.remove(one)?))).collect();
            (keys.clone(), gone)
        };
        if gone.is_empty() {
            return Ok(0);
        }
        match file.replace(&self.path, &kept) {
            Ok(written) => written.settle(&mut file, &self.path)?,
            Err(error) => {
                self.keys.write().extend(gone);
                return Err(error);
            }
        }
        Ok(gone.len())
    }

    /// Makes the keys of all of these who have none, with one write and one sync: for whoever is about to seal for many. Blocking.
    ///
    /// # Errors
    /// The keys could not be made durable.
    pub fn make_all(&self, persons: &[PersonId]) -> Result<(), KeyError> {
        if !self.want_lacking(persons)? {
            return Ok(());
        }
        let mut file = self.file.lock();
        // Somebody may have taken our wishes, and failed with them.
        self.want_lacking(persons)?;
        self.write_wanted(&mut file).map(drop)
    }

    /// Whether the person has a key.
    #[must_use]
    pub fn knows(&self, person: PersonId) -> bool {
        self.keys.read().contains_key(&person)
    }

    /// How many persons have a key.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.read().len()
    }

    /// Whether nobody has a key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes a key. Whoever gets the file writes all keys that are wanted by then.
    fn make(&self, person: PersonId) -> Result<Key, KeyError> {
        self.want(person)?;
        let mut file = self.file.lock();
        let made = self.keys.read().get(&person).copied();
        if let Some(key) = made {
            // We may have wished for what was just being made: a second key would lock out what the first one sealed.
            self.wanted.lock().remove(&person);
            return Ok(key);
        }
        // Somebody may have taken our wish, and failed with it.
        self.want(person)?;
        self.write_wanted(&mut file)?.get(&person).copied().ok_or(KeyError::Poisoned)
    }

    /// Writes all keys that are wanted by now, for whoever has the file; what was made meanwhile is not made again.
    fn write_wanted(
        &self,
        file: &mut KeyFile,
    ) -> Result<RwLockWriteGuard<'_, HashMap<PersonId, Key>>, KeyError> {
        let mut wanted = std::mem::take(&mut *self.wanted.lock());
        {
            let keys = self.keys.read();
            wanted.retain(|person, _| !keys.contains_key(person));
        }
        if !wanted.is_empty() {
            file.append(&self.path, &wanted)?;
        }
        let mut keys = self.keys.write();
        keys.extend(wanted);
        Ok(keys)
    }

    /// Wishes for the keys of those who have none; whether there are any.
    fn want_lacking(&self, persons: &[PersonId]) -> Result<bool, KeyError> {
        let lacking: Vec<PersonId> = {
            let keys = self.keys.read();
            persons.iter().filter(|person| !keys.contains_key(person)).copied().collect()
        };
        for person in &lacking {
            self.want(*person)?;
        }
        Ok(!lacking.is_empty())
    }

    fn want(&self, person: PersonId) -> Result<(), KeyError> {
        let mut wanted = self.wanted.lock();
        if let std::collections::hash_map::Entry::Vacant(place) = wanted.entry(person) {
            let mut key = Key { id: [0; 8], secret: [0; 32] };
            getrandom::fill(&mut key.id).map_err(KeyError::Randomness)?;
            getrandom::fill(&mut key.secret).map_err(KeyError::Randomness)?;
            place.insert(key);
        }
        Ok(())
    }
}

/// A file that is in its place, of so many bytes; the old one is still open.
struct Replaced(u64);

impl Replaced {
    /// Goes over to the new file, and leaves nothing of the old one.
    fn settle(self, file: &mut KeyFile, path: &Path) -> Result<(), KeyError> {
        let new = match open_file(path) {
            Ok(new) => new,
            Err(error) => {
                // The open file has no name any more: a key that is written there is lost with the process.
                file.poisoned = true;
                return Err(error.into());
            }
        };
        let old = std::mem::replace(&mut file.file, new);
        let old_length = std::mem::replace(&mut file.length, self.0);
        blank(&old, old_length);
        Ok(())
    }
}

impl KeyFile {
    fn replace(&mut self, path: &Path, kept: &HashMap<PersonId, Key>) -> Result<Replaced, KeyError> {
        let bytes = encode_file(kept);
        match put_in_place(path, &bytes) {
            Ok(()) => Ok(Replaced(bytes.len() as u64)),
            Err(error) => {
                self.poisoned |= matches!(error, KeyError::Poisoned);
                Err(error)
            }
        }
    }

    fn append(&mut self, path: &Path, keys: &HashMap<PersonId, Key>) -> Result<(), KeyError> {
        if self.poisoned {
            return Err(KeyError::Poisoned);
        }
        let mut bytes = Vec::with_capacity(keys.len() * ENTRY);
        for (person, key) in keys {
            bytes.extend_from_slice(&encode(*person, key, self.length));
        }
        if let Err(error) = self.file.write_all_at(&bytes, self.length).doing("write", path) {
            let cut = self.file.set_len(self.length).and_then(|()| self.file.sync_data());
            self.poisoned = cut.is_err() || !error.is_full();
            return Err(error.into());
        }
        if let Err(error) = self.file.sync_data().doing("sync", path) {
            self.poisoned = true;
            tracing::error!(%error, cause = %error.source, "the key file is poisoned: the process must exit");
            return Err(KeyError::Poisoned);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }
}

fn open_file(path: &Path) -> Result<File, FileError> {
    OpenOptions::new().read(true).write(true).mode(0o600).open(path).doing("open", path)
}

fn put_in_place(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    folder::replace(path, &[bytes], Sync::Fdatasync).map_err(|error| match error {
        Replace::Write(error) => error.into(),
        Replace::Sync(error) => {
            tracing::error!(%error, cause = %error.source, "the key file is poisoned: the process must exit");
            KeyError::Poisoned
        }
    })
}

/// A forgetting that was cut short has left a copy of the other keys.
fn remove_unfinished(tmp: &Path) -> Result<(), FileError> {
    match fs::remove_file(tmp) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).doing("remove", tmp),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Best effort: the file has no name any more, and nobody will read it.
fn blank(file: &File, length: u64) {
    let zeros = vec![0; usize::try_from(length).unwrap_or(0)];
    if file.write_all_at(&zeros, 0).and_then(|()| file.sync_data()).is_err() {
        tracing::warn!("old keys could not be overwritten on disk");
    }
}

fn bound_to(person: PersonId, id: [u8; 8]) -> [u8; 25] {
    let mut aad = [VERSION; 25];
    aad[1..9].copy_from_slice(&id);
    aad[9..].copy_from_slice(&person.0);
    aad
}

fn encode(person: PersonId, key: &Key, durable: u64) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    entry[..16].copy_from_slice(&person.0);
    entry[16..24].copy_from_slice(&key.id);
    entry[24..56].copy_from_slice(&key.secret);
    entry[56..64].copy_from_slice(&durable.to_le_bytes());
    let crc = crc32fast::hash(&entry[..64]);
    entry[64..].copy_from_slice(&crc.to_le_bytes());
    entry
}

/// A whole file that is put in place at once: each entry vouches for all.
fn encode_file(keys: &HashMap<PersonId, Key>) -> Vec<u8> {
    let length = (MAGIC.len() + keys.len() * ENTRY) as u64;
    let mut bytes = MAGIC.to_vec();
    for (person, key) in keys {
        bytes.extend_from_slice(&encode(*person, key, length));
    }
    bytes
}

/// The keys, how far the file is good, and how far it is known to be durable.
fn decode_file(path: &Path, bytes: &[u8]) -> Result<(HashMap<PersonId, Key>, u64, usize), KeyError> {
    let damage = |offset, flaw| Damage { file: path.to_owned(), offset, flaw };
    let Some(body) = bytes.strip_prefix(&MAGIC) else { return Err(damage(0, Flaw::Magic).into()) };
    let entries: Vec<_> = body.chunks(ENTRY).map(decode).collect();
    let vouched = entries.iter().flatten().map(|(_, _, durable)| *durable).max().unwrap_or(0);
    let good = entries.iter().position(Option::is_none).unwrap_or(entries.len());
    let length = (MAGIC.len() + good * ENTRY) as u64;
    if vouched > length {
        return Err(damage(length, Flaw::Checksum).into());
    }
    let certain = usize::try_from(vouched).unwrap_or(0).max(MAGIC.len());
    let keys = entries.into_iter().map_while(|entry| entry.map(|(person, key, _)| (person, key))).collect();
    Ok((keys, length, certain))
}

fn decode(entry: &[u8]) -> Option<(PersonId, Key, u64)> {
    if entry.len() != ENTRY || crc32fast::hash(&entry[..64]) != get_u32(entry, 64) {
        return None;
    }
    let person = PersonId(entry[..16].try_into().ok()?);
    let key = Key { id: entry[16..24].try_into().ok()?, secret: entry[24..56].try_into().ok()? };
    Some((person, key, get_u64(entry, 56)))
}
