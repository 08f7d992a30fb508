//! The folder of recordings, and the bucket behind it, if there is one.

use crate::{Bucket, BucketError};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sha2::{Digest, Sha256};
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio_util::io::ReaderStream;

/// How much is read from a file at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A recording, or a part of it, piece by piece.
pub type Audio = BoxStream<'static, io::Result<Bytes>>;

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
    /// The recording that a file is, by the file's name; `None` if it is none, or none that is complete.
    pub fn of_file(file: &str) -> Option<Self> {
        let (call, recording) = file.strip_suffix(".wav")?.split_once('.')?;
        Self::new(call, recording)
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.0
    }
}

/// A folder of recordings, and the bucket that they go to from there, if there is one.
#[derive(Clone, Debug)]
pub struct Recordings {
    folder: PathBuf,
    bucket: Option<Bucket>,
    max_bytes: u64,
    begun: Arc<AtomicU64>,
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
    /// Whether there is no room: it passes when somebody makes some.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::TooLong { .. } => false,
        }
    }
}

/// Why a recording can't be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is in no place that we look at.
    #[error("it is not there")]
    Missing,
    /// Its file.
    #[error("its file can't be read: {0}")]
    File(#[from] io::Error),
    /// The bucket.
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

/// What did not go with one of the places of recordings.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] StoreError),
    /// The bucket.
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

impl StoreError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

impl Recordings {
    /// Opens the folder, making it if need be. Half-written files of an earlier run are removed: the carrier still has them.
    pub async fn open(
        folder: impl Into<PathBuf>,
        bucket: Option<Bucket>,
        max_bytes: u64,
    ) -> Result<Self, StoreError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).await.map_err(|e| StoreError::io(&folder, e))?;
        let mut entries = fs::read_dir(&folder).await.map_err(|e| StoreError::io(&folder, e))?;
        while let Some(entry) = entries.next_entry().await.map_err(|e| StoreError::io(&folder, e))? {
            if entry.path().extension().is_some_and(|ext| ext == "part") {
                fs::remove_file(entry.path()).await.map_err(|e| StoreError::io(&entry.path(), e))?;
            }
        }
        Ok(Self { folder, bucket, max_bytes, begun: Arc::default() })
    }

    /// A folder as it is, beside whoever writes to it.
    pub fn at(folder: impl Into<PathBuf>, bucket: Option<Bucket>) -> Self {
        Self { folder: folder.into(), bucket, max_bytes: u64::MAX, begun: Arc::default() }
    }

    /// The bucket, if there is one.
    pub fn bucket(&self) -> Option<&Bucket> {
        self.bucket.as_ref()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Begins to write a recording.
    pub async fn begin(&self, name: &RecordingName) -> Result<Incoming, StoreError> {
        // Announced twice, it may be fetched twice at once: each has a file of its own.
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let part = self.folder.join(format!("{}.{number}.part", name.0));
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

    /// Reads a part of it, as it comes, from wherever it is.
    ///
    /// # Errors
    /// It is in neither place, or can't be read there.
    pub async fn read(&self, name: &RecordingName, bytes: Range<u64>) -> Result<Audio, ReadError> {
        match File::open(self.path(name)).await {
            Ok(mut file) => {
                file.seek(SeekFrom::Start(bytes.start)).await?;
                let part = file.take(bytes.end.saturating_sub(bytes.start));
                Ok(ReaderStream::with_capacity(part, CHUNK_BYTES).boxed())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => match &self.bucket {
                Some(bucket) => bucket.read(name, bytes).await?.ok_or(ReadError::Missing),
                None => Err(ReadError::Missing),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Length and SHA-256 of it, wherever it is: measured in the folder, and by the bucket's word there. `None` if it is in
    /// neither place.
    ///
    /// # Errors
    /// It can't be looked at.
    pub async fn look(&self, name: &RecordingName) -> Result<Option<(u64, Option<String>)>, PlaceError> {
        if let Some((bytes, sha256)) = measured(&self.path(name)).await? {
            return Ok(Some((bytes, Some(sha256))));
        }
        let Some(bucket) = &self.bucket else { return Ok(None) };
        Ok(bucket.look(name).await?.map(|found| (found.bytes, found.sha256)))
    }

    pub(crate) async fn is_in_folder(&self, name: &RecordingName) -> Result<bool, StoreError> {
        let path = self.path(name);
        fs::try_exists(&path).await.map_err(|e| StoreError::io(&path, e))
    }

    /// Removes it wherever it is; its length, if it was anywhere.
    ///
    /// # Errors
    /// It may still be there.
    pub async fn remove(&self, name: &RecordingName) -> Result<Option<u64>, PlaceError> {
        // The folder first: what is on its way into the bucket notices.
        let begun = removed(&self.growing(name)).await?;
        let in_folder = removed(&self.path(name)).await?.or(begun);
        let in_bucket = match &self.bucket {
            Some(bucket) => bucket.remove(name).await?,
            None => None,
        };
        Ok(in_folder.or(in_bucket))
    }
}

/// Removes a file; its length, if it was there.
async fn removed(path: &Path) -> Result<Option<u64>, StoreError> {
    let removed = match fs::metadata(path).await {
        Ok(meta) => fs::remove_file(path).await.map(|()| Some(meta.len())),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map_err(|e| StoreError::io(path, e)),
    }
}

/// Length and SHA-256 of a file, if it is there.
pub(crate) async fn measured(path: &Path) -> Result<Option<(u64, String)>, StoreError> {
    let mut file = match File::open(path).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|e| StoreError::io(path, e))?,
    };
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; CHUNK_BYTES]);
    loop {
        let read = file.read(&mut piece).await.map_err(|e| StoreError::io(path, e))?;
        if read == 0 {
            return Ok(Some((bytes, hex(hash))));
        }
        hash.update(&piece[..read]);
        bytes += u64::try_from(read).unwrap_or(0);
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A recording being written. Dropped before [`Incoming::finish`], it leaves nothing; a crash leaves a `.part` file.
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
        let hash = std::mem::take(&mut self.hash);
        Ok(Stored { path: self.whole.clone(), bytes: self.bytes, sha256: hex(hash) })
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Gone already, if it was finished; on a full disk others need its room.
        let _ = std::fs::remove_file(&self.part);
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
        let recordings = Recordings::open(dir.path(), None, 100).await.unwrap();
        let mut incoming = recordings.begin(&name()).await.unwrap();
        incoming.write(b"ab").await.unwrap();
        incoming.write(b"c").await.unwrap();
        let stored = incoming.finish().await.unwrap();
        assert_eq!(std::fs::read(&stored.path).unwrap(), b"abc");
        assert_eq!(stored.bytes, 3);
        assert_eq!(stored.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[tokio::test]
    async fn two_that_bring_the_same_recording_at_once_do_not_meet() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = Recordings::open(dir.path(), None, 100).await.unwrap();
        let mut one = recordings.begin(&name()).await.unwrap();
        one.write(b"abc").await.unwrap();
        let mut other = recordings.begin(&name()).await.unwrap();
        let stored = one.finish().await.unwrap();
        other.write(b"ab").await.unwrap();
        assert_eq!(std::fs::read(&stored.path).unwrap(), b"abc", "the half of another is not in it");
        other.write(b"c").await.unwrap();
        assert_eq!(other.finish().await.unwrap(), stored);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_half_written_recording_is_gone_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = Recordings::open(dir.path(), None, 100).await.unwrap();
        let mut incoming = recordings.begin(&name()).await.unwrap();
        incoming.write(b"half").await.unwrap();
        std::mem::forget(incoming);
        Recordings::open(dir.path(), None, 100).await.unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_recording_over_the_limit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = Recordings::open(dir.path(), None, 3).await.unwrap();
        let mut incoming = recordings.begin(&name()).await.unwrap();
        assert!(matches!(incoming.write(b"four").await, Err(StoreError::TooLong { limit: 3 })));
    }
}
