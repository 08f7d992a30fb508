//! Checkpoints: an opaque payload that stands for every record up to one sequence number.
//!
//! ```text
//! magic 8 | crc 4 | zero 4 | covers 8 | durable segment 8 | durable offset 8 | projected 8 | length 8 | payload
//! ```
//! Two are kept. A damaged newest one costs only a longer replay, because segments go by the older of the two.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    error::{Damage, Doing, FileError},
    folder::{self, Replace},
    frame::{Flaw, get_u32, get_u64},
    lsn::{Lsn, Position},
    options::Sync,
};

const MAGIC: [u8; 8] = *b"TRNKLNC1";
const HEADER: usize = 56;
/// The newest, and one to fall back to.
pub(crate) const KEPT: usize = 2;

/// What was written down about everything up to `covers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last sequence number it stands for.
    pub covers: Lsn,
    /// The bytes that were given to [`crate::Journal::checkpoint`].
    pub payload: Vec<u8>,
}

/// What the journal itself adds to a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub covers: Lsn,
    /// Known durable when it was made: one more witness against damage in the tail.
    pub durable: Position,
    /// How far the store had eaten, so that a start without the database knows its backlog.
    pub projected: Lsn,
}

pub(crate) fn write(dir: &Path, facts: Facts, payload: &[u8], sync: Sync) -> Result<(), Replace> {
    let header = encode(facts, payload);
    folder::replace(&folder::checkpoint_path(dir, facts.covers), &[&header, payload], sync)
}

/// Removes all but the newest. Called only when the newest is known to be durable.
pub(crate) fn remove_old(dir: &Path) -> Result<Vec<Lsn>, FileError> {
    let mut found = folder::list(dir)?.checkpoints;
    let kept = found.split_off(found.len().saturating_sub(KEPT));
    for (_, path) in found {
        fs::remove_file(&path).doing("remove", &path)?;
    }
    Ok(kept.into_iter().map(|(covers, _)| covers).collect())
}

/// The newest checkpoint that can be read, and those that could not.
pub(crate) struct Loaded {
    pub newest: Option<(Facts, Vec<u8>)>,
    pub damaged: Vec<Damage>,
}

pub(crate) fn load_newest(found: &[(Lsn, PathBuf)]) -> Result<Loaded, FileError> {
    let mut damaged = Vec::new();
    for (covers, path) in found.iter().rev() {
        match load(path, *covers)? {
            Ok(newest) => return Ok(Loaded { newest: Some(newest), damaged }),
            Err(flaw) => damaged.push(Damage { file: path.clone(), offset: 0, flaw }),
        }
    }
    Ok(Loaded { newest: None, damaged })
}

/// Reads one; the inner error is damage.
pub(crate) fn load(path: &Path, covers: Lsn) -> Result<Result<(Facts, Vec<u8>), Flaw>, FileError> {
    let mut bytes = fs::read(path).doing("read", path)?;
    Ok(decode(&bytes, covers).map(|facts| {
        bytes.drain(..HEADER);
        (facts, bytes)
    }))
}

fn encode(facts: Facts, payload: &[u8]) -> [u8; HEADER] {
    let words = [
        facts.covers.get(),
        facts.durable.segment,
        facts.durable.offset,
        facts.projected.get(),
        payload.len() as u64,
    ];
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&MAGIC);
    for (word, place) in words.iter().zip(header[16..].chunks_exact_mut(8)) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    let crc = checksum(&header[12..], payload);
    header[8..12].copy_from_slice(&crc.to_le_bytes());
    header
}

fn decode(bytes: &[u8], covers: Lsn) -> Result<Facts, Flaw> {
    if bytes.len() < HEADER || (bytes.len() - HEADER) as u64 != get_u64(bytes, 48) {
        return Err(Flaw::Short);
    }
    if bytes[..8] != MAGIC {
        return Err(Flaw::Magic);
    }
    if get_u32(bytes, 8) != checksum(&bytes[12..HEADER], &bytes[HEADER..]) {
        return Err(Flaw::Checksum);
    }
    let facts = Facts {
        covers: Lsn::new(get_u64(bytes, 16)),
        durable: Position { segment: get_u64(bytes, 24), offset: get_u64(bytes, 32) },
        projected: Lsn::new(get_u64(bytes, 40)),
    };
    if facts.covers == covers { Ok(facts) } else { Err(Flaw::Misplaced) }
}

fn checksum(header: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FACTS: Facts = Facts {
        covers: Lsn::new(42),
        durable: Position { segment: 3, offset: 777 },
        projected: Lsn::new(40),
    };

    proptest! {
        #[test]
        fn a_checkpoint_comes_back_and_any_flipped_bit_is_noticed(
            payload in proptest::collection::vec(any::<u8>(), 0..300),
            flip in any::<proptest::sample::Index>(),
        ) {
            let mut bytes = encode(FACTS, &payload).to_vec();
            bytes.extend_from_slice(&payload);
            prop_assert_eq!(decode(&bytes, FACTS.covers), Ok(FACTS));
            let bit = flip.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(decode(&bytes, FACTS.covers).is_err());
        }
    }

    #[test]
    fn the_newest_readable_checkpoint_is_used() {
        let dir = tempfile::tempdir().unwrap();
        for covers in [10, 20, 30] {
            let facts = Facts { covers: Lsn::new(covers), ..FACTS };
            write(dir.path(), facts, &covers.to_le_bytes(), Sync::Fdatasync).unwrap();
        }
        let kept = remove_old(dir.path()).unwrap();
        assert_eq!(kept, [Lsn::new(20), Lsn::new(30)]);

        let newest = folder::checkpoint_path(dir.path(), Lsn::new(30));
        let mut bytes = fs::read(&newest).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&newest, bytes).unwrap();
        let loaded = load_newest(&folder::list(dir.path()).unwrap().checkpoints).unwrap();
        assert_eq!(loaded.newest.unwrap().1, 20u64.to_le_bytes());
        assert_eq!(loaded.damaged[0].file, newest);
    }
}
