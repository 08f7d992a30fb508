//! A recording that we make ourselves, while it is made: a file that can be read at any moment, and is given its place among the
//! recordings when it ends, or at the next start.
//!
//! It grows as `<name>.growing`, with a head that says that its length is not known yet. What was written is there after
//! `kill -9`; ending it (the true head, the disk, the name) is the same step whether the maker or the next process does it.

use crate::recordings::{RecordingName, Recordings, StoreError, Stored, measured};
use crate::wav;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

/// A recording that is being made.
#[derive(Debug)]
pub struct Growing {
    file: File,
    path: PathBuf,
    bytes: u64,
    limit: u64,
}

/// A recording that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grown {
    /// Where it is, and what.
    pub stored: Stored,
    /// How long it plays, in whole seconds.
    pub duration_secs: u32,
}

impl Recordings {
    /// Begins a recording of two channels of µ-law at 8 kHz.
    ///
    /// # Errors
    /// The disk refuses.
    pub async fn grow(&self, name: &RecordingName) -> Result<Growing, StoreError> {
        let path = self.growing(name);
        let mut file = File::create(&path).await.map_err(|e| StoreError::io(&path, e))?;
        let head = wav::growing();
        let begun = async {
            file.write_all(&head).await?;
            file.flush().await
        };
        begun.await.map_err(|e| StoreError::io(&path, e))?;
        let bytes = u64::try_from(head.len()).unwrap_or(0);
        Ok(Growing { file, path, bytes, limit: self.max_bytes() })
    }

    /// Ends it, whoever began it, and makes it durable under its own name; as often as anybody asks. `None` if there is no sound of
    /// it here.
    ///
    /// # Errors
    /// The disk refuses: it can be ended later.
    pub async fn end(&self, name: &RecordingName) -> Result<Option<Grown>, StoreError> {
        let (growing, whole) = (self.growing(name), self.path(name));
        let has_sound = give_head(&growing).await.map_err(|e| StoreError::io(&growing, e))?;
        if has_sound == Some(false) {
            fs::remove_file(&growing).await.map_err(|e| StoreError::io(&growing, e))?;
        }
        if has_sound == Some(true) {
            fs::rename(&growing, &whole).await.map_err(|e| StoreError::io(&whole, e))?;
            let folder = File::open(self.folder()).await.map_err(|e| StoreError::io(self.folder(), e))?;
            folder.sync_all().await.map_err(|e| StoreError::io(self.folder(), e))?;
        }
        let found = measured(&whole).await?;
        Ok(found.map(|(bytes, sha256)| Grown {
            stored: Stored { path: whole, bytes, sha256 },
            duration_secs: wav::seconds_in(bytes),
        }))
    }

    pub(crate) fn growing(&self, name: &RecordingName) -> PathBuf {
        self.folder().join(format!("{}.growing", name.file()))
    }
}

/// Writes the head that belongs to what is there, and waits for the disk: whether there is any sound. `None` if there is no file.
async fn give_head(path: &Path) -> io::Result<Option<bool>> {
    let mut file = match OpenOptions::new().write(true).open(path).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let Some(sound) = wav::sound_in(file.metadata().await?.len()).filter(|sound| *sound > 0) else {
        return Ok(Some(false));
    };
    let head = wav::whole(sound);
    file.set_len(sound + u64::try_from(head.len()).unwrap_or(0)).await?;
    file.seek(SeekFrom::Start(0)).await?;
    file.write_all(&head).await?;
    file.flush().await?;
    file.sync_all().await?;
    Ok(Some(true))
}

impl Growing {
    /// Adds pairs of bytes: left, right. When this returns they outlive the process.
    ///
    /// # Errors
    /// The disk refuses, or it would be longer than allowed; what was written before stands.
    pub async fn write(&mut self, pairs: &[u8]) -> Result<(), StoreError> {
        let bytes = self.bytes + u64::try_from(pairs.len()).unwrap_or(u64::MAX);
        if bytes > self.limit {
            return Err(StoreError::TooLong { limit: self.limit });
        }
        self.bytes = bytes;
        let written = async {
            self.file.write_all(pairs).await?;
            self.file.flush().await
        };
        written.await.map_err(|e| StoreError::io(&self.path, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> RecordingName {
        RecordingName::new("0190-call", "talk-1").unwrap()
    }

    async fn recordings(dir: &tempfile::TempDir) -> Recordings {
        Recordings::open(dir.path(), None, 1_000).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_written_is_whole_once_it_is_ended_and_ending_it_again_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = recordings(&dir).await;
        let mut growing = recordings.grow(&name()).await.unwrap();
        growing.write(&[1, 2, 3, 4]).await.unwrap();
        drop(growing);
        let grown = recordings.end(&name()).await.unwrap().unwrap();
        let file = std::fs::read(&grown.stored.path).unwrap();
        assert_eq!((&file[..58], &file[58..]), (&wav::whole(4)[..], &[1, 2, 3, 4][..]));
        assert_eq!(grown.stored.bytes, 62);
        assert_eq!(recordings.end(&name()).await.unwrap(), Some(grown));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn what_a_process_left_behind_is_ended_by_the_next_one_without_the_half_of_a_pair() {
        let dir = tempfile::tempdir().unwrap();
        let mut growing = recordings(&dir).await.grow(&name()).await.unwrap();
        growing.write(&[1, 2, 3]).await.unwrap();
        // Nobody ends it, and the folder is opened anew.
        std::mem::forget(growing);
        let after = recordings(&dir).await;
        let grown = after.end(&name()).await.unwrap().unwrap();
        assert_eq!(std::fs::read(&grown.stored.path).unwrap()[58..], [1, 2]);
    }

    #[tokio::test]
    async fn a_recording_without_sound_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = recordings(&dir).await;
        drop(recordings.grow(&name()).await.unwrap());
        assert_eq!(recordings.end(&name()).await.unwrap(), None);
        assert_eq!(recordings.end(&name()).await.unwrap(), None, "and of one that never began");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn one_that_is_too_long_keeps_what_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = recordings(&dir).await;
        let mut growing = recordings.grow(&name()).await.unwrap();
        growing.write(&[1; 900]).await.unwrap();
        assert!(matches!(growing.write(&[2; 100]).await, Err(StoreError::TooLong { limit: 1_000 })));
        let grown = recordings.end(&name()).await.unwrap().unwrap();
        assert_eq!(grown.stored.bytes, 958);
    }

    #[tokio::test]
    async fn removing_a_recording_removes_what_is_being_made_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = recordings(&dir).await;
        let mut growing = recordings.grow(&name()).await.unwrap();
        growing.write(&[1, 2]).await.unwrap();
        assert_eq!(recordings.remove(&name()).await.unwrap(), Some(60));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
