//! From the folder into the bucket: one file at a time, and out of the folder when the bucket has all of it.
//!
//! Whatever is cut off is done again: the same bytes go under the same name. A recording that was removed while it was on
//! its way is removed from the bucket, too.

use crate::recordings::{Recordings, measured};
use crate::{Bucket, BucketError, RecordingName, StoreError};
use thiserror::Error;
use tokio::fs;

/// What became of a file that was to be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The bucket has it.
    Whole,
    /// It is gone: somebody removed it meanwhile.
    Gone,
}

/// Why a file was not moved.
#[derive(Debug, Error)]
pub enum MovingError {
    /// The bucket: the next file will not go either.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// This file: others may go.
    #[error(transparent)]
    Folder(#[from] StoreError),
}

impl Recordings {
    /// Those that wait in the folder to be moved, at most `limit`; none if there is no bucket.
    ///
    /// # Errors
    /// The folder can't be listed.
    pub async fn waiting(&self, limit: usize) -> Result<Vec<RecordingName>, StoreError> {
        if self.bucket().is_none() {
            return Ok(Vec::new());
        }
        let folder = self.folder();
        let mut entries = fs::read_dir(folder).await.map_err(|e| StoreError::io(folder, e))?;
        let mut names = Vec::new();
        while let Some(entry) = entries.next_entry().await.map_err(|e| StoreError::io(folder, e))? {
            if names.len() >= limit {
                break;
            }
            names.extend(entry.file_name().to_str().and_then(RecordingName::of_file));
        }
        names.sort();
        Ok(names)
    }

    /// Moves one into the bucket; without one it stays.
    ///
    /// # Errors
    /// It is still in the folder.
    pub async fn move_one(&self, name: &RecordingName) -> Result<Moved, MovingError> {
        match self.bucket() {
            Some(bucket) => self.move_into(bucket, name).await,
            None => Ok(Moved::Gone),
        }
    }

    async fn move_into(&self, bucket: &Bucket, name: &RecordingName) -> Result<Moved, MovingError> {
        let path = self.path(name);
        let Some((_, sha256)) = measured(&path).await? else { return Ok(Moved::Gone) };
        match bucket.put(name, &path, &sha256).await {
            Err(BucketError::File(_)) if !self.is_in_folder(name).await? => return Ok(Moved::Gone),
            Err(BucketError::File(source)) => return Err(StoreError::Io { path, source }.into()),
            put => put?,
        }
        match fs::remove_file(&path).await {
            Ok(()) => Ok(Moved::Whole),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                bucket.remove(name).await?;
                Ok(Moved::Gone)
            }
            Err(error) => Err(StoreError::io(&path, error).into()),
        }
    }
}
