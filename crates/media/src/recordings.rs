//! The folder of recordings.

use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

/// A recording's name in the folder: letters, digits, `-` and `_` only, so that it can never leave the folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordingName(String);

impl RecordingName {
    /// A name made of the call's id and the carrier's recording id; `None` if either holds anything but letters,
    /// digits, `-` and `_`, or is empty or longer than 100 characters.
    pub fn new(call: &str, recording: &str) -> Option<Self> {
        let fine = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        (fine(call) && fine(recording)).then(|| Self(format!("{call}.{recording}.wav")))
    }
}

impl RecordingName {
    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.0
    }
}

/// A folder of recordings.
#[derive(Clone, Debug)]
pub struct Recordings {
    folder: PathBuf,
    max_bytes: u64,
}

/// A recording that is complete on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content, in hex.
    pub sha256: String,
}

/// Why a recording could not be kept.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The disk refused.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// The disk's word.
        source: io::Error,
    },
    /// It is longer than allowed.
    #[error("the recording is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: u64,
    },
}

impl StoreError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

impl Recordings {
    /// Opens the folder, making it if need be. Half-written files of an earlier run are removed: the carrier still has them.
    pub async fn open(folder: impl Into<PathBuf>, max_bytes: u64) -> Result<Self, StoreError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).await.map_err(|e| StoreError::io(&folder, e))?;
        let mut entries = fs::read_dir(&folder).await.map_err(|e| StoreError::io(&folder, e))?;
        while let Some(entry) = entries.next_entry().await.map_err(|e| StoreError::io(&folder, e))? {
            if entry.path().extension().is_some_and(|ext| ext == "part") {
                fs::remove_file(entry.path()).await.map_err(|e| StoreError::io(&entry.path(), e))?;
            }
        }
        Ok(Self { folder, max_bytes })
    }

    /// Begins to write a recording.
    pub async fn begin(&self, name: &RecordingName) -> Result<Incoming, StoreError> {
        let part = self.folder.join(format!("{}.part", name.0));
        let file = File::create(&part).await.map_err(|e| StoreError::io(&part, e))?;
        Ok(Incoming {
            file,
            part,
            whole: self.path(name),
            hash: Sha256::new(),
            bytes: 0,
            limit: self.max_bytes,
        })
    }

    /// Where a complete recording is or would be.
    pub fn path(&self, name: &RecordingName) -> PathBuf {
        self.folder.join(&name.0)
    }

    /// Removes a recording; one that is not there is fine.
    pub async fn remove(&self, name: &RecordingName) -> Result<(), StoreError> {
        let path = self.path(name);
        match fs::remove_file(&path).await {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(StoreError::io(&path, e)),
            _ => Ok(()),
        }
    }
}

/// A recording being written. Dropped before [`Incoming::finish`], it leaves only a `.part` file.
#[derive(Debug)]
pub struct Incoming {
    file: File,
    part: PathBuf,
    whole: PathBuf,
    hash: Sha256,
    bytes: u64,
    limit: u64,
}

impl Incoming {
    /// Adds bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.limit {
            return Err(StoreError::TooLong { limit: self.limit });
        }
        self.hash.update(bytes);
        self.file.write_all(bytes).await.map_err(|e| StoreError::io(&self.part, e))
    }

    /// Makes it durable under its own name.
    pub async fn finish(mut self) -> Result<Stored, StoreError> {
        self.file.flush().await.map_err(|e| StoreError::io(&self.part, e))?;
        self.file.sync_all().await.map_err(|e| StoreError::io(&self.part, e))?;
        fs::rename(&self.part, &self.whole).await.map_err(|e| StoreError::io(&self.whole, e))?;
        if let Some(folder) = self.whole.parent() {
            let handle = File::open(folder).await.map_err(|e| StoreError::io(folder, e))?;
            handle.sync_all().await.map_err(|e| StoreError::io(folder, e))?;
        }
        let sha256 = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Stored { path: self.whole, bytes: self.bytes, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> RecordingName {
        RecordingName::new("0190-call", "RE1").unwrap()
    }

    #[test]
    fn a_name_never_leaves_the_folder() {
        for bad in ["", "..", "a/b", "a\\b", "RE1.wav", "RE\0"] {
            assert_eq!(RecordingName::new("call", bad), None, "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_finished_recording_is_there_with_its_checksum() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = Recordings::open(dir.path(), 100).await.unwrap();
        let mut incoming = recordings.begin(&name()).await.unwrap();
        incoming.write(b"ab").await.unwrap();
        incoming.write(b"c").await.unwrap();
        let stored = incoming.finish().await.unwrap();
        assert_eq!(std::fs::read(&stored.path).unwrap(), b"abc");
        assert_eq!(stored.bytes, 3);
        assert_eq!(stored.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[tokio::test]
    async fn a_half_written_recording_is_gone_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = Recordings::open(dir.path(), 100).await.unwrap();
        let mut incoming = recordings.begin(&name()).await.unwrap();
        incoming.write(b"half").await.unwrap();
        drop(incoming);
        Recordings::open(dir.path(), 100).await.unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_recording_over_the_limit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = Recordings::open(dir.path(), 3).await.unwrap();
        let mut incoming = recordings.begin(&name()).await.unwrap();
        assert!(matches!(incoming.write(b"four").await, Err(StoreError::TooLong { limit: 3 })));
    }
}
