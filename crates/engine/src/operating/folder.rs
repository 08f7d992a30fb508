//! A data folder, looked at from outside.

use crate::identity::{Identity, IdentityError};
use crate::record::Codec;
use std::path::PathBuf;
use std::sync::Arc;
use trunkline_journal::keys::{KeyError, KeyRing};
use trunkline_media::{Bucket, Recordings};
use trunkline_store::JournalIdent;

/// The file of the persons' keys.
pub(crate) const KEYS: &str = "persons.keys";

/// Where things are, and by which name a database knows them.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The data folder.
    pub data: PathBuf,
    /// The folder of recordings.
    pub recordings: PathBuf,
    /// The bucket they go to from there, if there is one.
    pub bucket: Option<Bucket>,
    /// The node whose folder it is, as its database knows it.
    pub node: String,
}

/// Why a folder can't be looked at.
#[derive(Debug, thiserror::Error)]
pub enum FolderTrouble {
    /// No server ever was there.
    #[error("{} is no data folder: it has no identity.json", .0.display())]
    NoFolder(PathBuf),
    /// Its identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Its keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

impl Folder {
    pub(crate) fn journal(&self) -> PathBuf {
        self.data.join("journal")
    }

    pub(crate) fn identity(&self) -> Result<Identity, FolderTrouble> {
        Identity::read(&self.data)?.ok_or_else(|| FolderTrouble::NoFolder(self.data.clone()))
    }

    /// The folder's name, and what reads its journal. Changes nothing.
    pub(crate) fn peek(&self) -> Result<(JournalIdent, Codec), FolderTrouble> {
        let identity = self.identity()?;
        let keys = KeyRing::peek(&self.data.join(KEYS))?;
        Ok((identity.journal(&self.node), Codec::new(Arc::new(keys), identity.salt)))
    }

    /// The recordings, beside whoever writes them.
    pub(crate) fn kept(&self) -> Recordings {
        Recordings::at(&self.recordings, self.bucket.clone())
    }
}
