//! The archive of a backup: a tar file that any program can look into.
//!
//! ```text
//! trunkline-backup.json   which form, which program, when, which database
//! database.db             SQLite, one state of it
//! data/…                  the data folder: first the journal's checkpoints, then its segments, then the rest
//! recordings/…            the recordings
//! manifest.json           every file above with its length and SHA-256: an archive without it was cut off
//! ```

use super::folder::FolderTrouble;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use trunkline_journal::FileError;
use trunkline_store::StoreError;

pub(super) const FORM: u32 = 1;
pub(super) const HEAD: &str = "trunkline-backup.json";
pub(super) const DATABASE: &str = "database.db";
pub(super) const DATA: &str = "data";
pub(super) const RECORDINGS: &str = "recordings";
pub(super) const MANIFEST: &str = "manifest.json";

/// What the archive is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub form: u32,
    pub program: String,
    pub at: Timestamp,
    /// Whether the database is in it.
    pub database: Inside,
}

/// Where the database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inside {
    /// In the archive.
    Archive,
    /// On a server, which has backups of its own.
    Server,
    /// There was none yet.
    Nowhere,
}

/// Every file of the archive.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub files: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub bytes: u64,
    pub sha256: String,
}

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The folder that is backed up.
    #[error(transparent)]
    Folder(#[from] FolderTrouble),
    /// The journal can't be listed.
    #[error(transparent)]
    Journal(#[from] FileError),
    /// The database.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What happened to it.
        source: io::Error,
    },
    /// The archive itself can't be written or read.
    #[error("the archive: {0}")]
    Archive(#[source] io::Error),
    /// The journal let go of a file that was to be copied.
    #[error("the journal went on too far meanwhile; run it again")]
    Overtaken,
    /// Something is there already.
    #[error("{} is not empty: nothing is put over what is there", .0.display())]
    NotEmpty(PathBuf),
    /// It is no archive of ours, or a damaged one.
    #[error("the archive is not a whole backup of this program: {0}")]
    Bad(String),
}

impl ArchiveError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
