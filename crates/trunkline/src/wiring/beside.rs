//! What a running server leaves for the command line of the same machine: its address, and a key that dies with it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder::{self, FolderError};

const FILE: &str = "server.json";

/// Where the server of a data folder is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Beside {
    /// Its address on this machine.
    pub url: String,
    /// A key that it takes while it runs.
    pub key: String,
    /// Its process.
    pub pid: u32,
    /// Whether it is here to stay.
    #[serde(default)]
    pub stands: Stands,
}

/// Whether a server serves, or finishes what it is saying.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stands {
    /// It serves.
    #[default]
    Serving,
    /// It was told to stop.
    Leaving,
}

impl Beside {
    /// Leaves it in the data folder.
    pub fn leave(&self, folder: &Path) -> Result<(), FolderError> {
        folder::replace(&folder.join(FILE), &serde_json::to_string(self).unwrap_or_default())
    }

    /// Finds what a server has left, if one has.
    pub fn find(folder: &Path) -> Result<Option<Self>, FolderError> {
        let text = folder::read(&folder.join(FILE))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Says that this process is leaving, for the one that comes. Where it can't be said, that one is told that the folder is
    /// in use, and is started again.
    pub fn say_leaving(folder: &Path, pid: u32) {
        if let Ok(Some(found)) = Self::find(folder)
            && found.pid == pid
        {
            let _ = Self { stands: Stands::Leaving, ..found }.leave(folder);
        }
    }

    /// Takes it away, unless another server has left its own meanwhile.
    pub fn take_away(folder: &Path, pid: u32) {
        if Self::find(folder).ok().flatten().is_some_and(|found| found.pid == pid) {
            let _ = std::fs::remove_file(folder.join(FILE));
        }
    }
}
