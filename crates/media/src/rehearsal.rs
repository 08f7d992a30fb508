//! Everything that is asked of a bucket, once, with an object that is nobody's: before a call needs it.

use crate::bucket::{Bucket, BucketError};
use crate::recordings::RecordingName;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use std::io;
use std::path::Path;
use thiserror::Error;

/// What did not work.
#[derive(Debug, Error)]
pub enum NotRehearsed {
    /// It takes no object.
    #[error("it takes no object: {0}")]
    Write(#[source] BucketError),
    /// What it took can't be read.
    #[error("what it took can't be read: {0}")]
    Read(#[source] BucketError),
    /// What came back broke off, or is something else.
    #[error("what it gives back is not what it took")]
    Differs,
    /// It can't be removed: what is to be erased would stay.
    #[error("what it took can't be removed: {0}")]
    Remove(#[source] BucketError),
    /// It says that it was removed, and gives it back still.
    #[error("what was removed is there still")]
    Stays,
    /// The run has a name that no object can have.
    #[error("its name is none of letters and digits")]
    Name,
    /// The file to put there.
    #[error("a file of our own: {0}")]
    File(#[from] io::Error),
}

impl Bucket {
    /// Writes an object of this run, reads it back and removes it, by way of a file in this folder.
    ///
    /// # Errors
    /// The first that did not work. An object that could be written is removed, if that works.
    pub async fn rehearse(&self, run: &str, folder: &Path) -> Result<(), NotRehearsed> {
        let name = &RecordingName::new("selftest", run).ok_or(NotRehearsed::Name)?;
        let words = format!("written by trunkline selftest, and nobody's: {}", name.file());
        let path = folder.join(name.file());
        tokio::fs::write(&path, &words).await?;
        let sha256: String = Sha256::digest(&words).iter().map(|byte| format!("{byte:02x}")).collect();
        let put = self.put(name, &path, &sha256).await;
        tokio::fs::remove_file(&path).await?;
        put.map_err(NotRehearsed::Write)?;
        let read = self.is_given_back(name, words.as_bytes(), &sha256).await;
        let removed = self.remove(name).await.map_err(NotRehearsed::Remove);
        read?;
        removed?;
        match self.look(name).await.map_err(NotRehearsed::Remove)? {
            Some(_) => Err(NotRehearsed::Stays),
            None => Ok(()),
        }
    }

    async fn is_given_back(
        &self,
        name: &RecordingName,
        words: &[u8],
        sha256: &str,
    ) -> Result<(), NotRehearsed> {
        let length = u64::try_from(words.len()).unwrap_or(u64::MAX);
        let found = self.look(name).await.map_err(NotRehearsed::Read)?;
        let is_told =
            found.is_some_and(|found| found.bytes == length && found.sha256.as_deref() == Some(sha256));
        let pieces = self.read(name, 0..length).await.map_err(NotRehearsed::Read)?;
        let Some(pieces) = pieces.filter(|_| is_told) else { return Err(NotRehearsed::Differs) };
        let read: Vec<_> = pieces.try_collect().await.map_err(|_| NotRehearsed::Differs)?;
        if read.concat() == words { Ok(()) } else { Err(NotRehearsed::Differs) }
    }
}
