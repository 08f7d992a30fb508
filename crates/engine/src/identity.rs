//! Who this data folder is: its journal's name, and the salt that keeps numbers out of the key file.

use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use trunkline_store::JournalIdent;

/// Why the folder's identity could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The folder or file.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what this program wrote.
    #[error("{} is not an identity file of this program; restore it from a backup", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
    },
    /// The system gave no randomness.
    #[error("the system gave no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// A data folder's identity.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    journal: String,
    pub salt: [u8; 32],
}

impl Identity {
    /// Reads it, or makes it in a new folder.
    pub fn open(folder: &Path) -> Result<Self, IdentityError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| IdentityError::Io { path, source }
        };
        fs::create_dir_all(folder).map_err(io(folder))?;
        let path = folder.join("identity.json");
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| IdentityError::Damaged { path }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let identity = Self::draw()?;
                let part = folder.join("identity.json.part");
                let mut file = File::create(&part).map_err(io(&part))?;
                file.write_all(&serde_json::to_vec(&identity).unwrap_or_default()).map_err(io(&part))?;
                file.sync_all().map_err(io(&part))?;
                fs::rename(&part, &path).map_err(io(&path))?;
                File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))?;
                Ok(identity)
            }
            Err(source) => Err(IdentityError::Io { path, source }),
        }
    }

    /// Reads it; `None` in a folder where no server ever was.
    pub fn read(folder: &Path) -> Result<Option<Self>, IdentityError> {
        let path = folder.join("identity.json");
        match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(|_| IdentityError::Damaged { path })
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(IdentityError::Io { path, source }),
        }
    }

    fn draw() -> Result<Self, IdentityError> {
        let (mut name, mut salt) = ([0; 8], [0; 32]);
        getrandom::fill(&mut name)?;
        getrandom::fill(&mut salt)?;
        Ok(Self { journal: name.iter().map(|byte| format!("{byte:02x}")).collect(), salt })
    }

    /// The journal, as this node feeds a database with it.
    pub fn journal(&self, node: &str) -> JournalIdent {
        JournalIdent { node: node.to_owned(), journal: self.journal.clone() }
    }
}
