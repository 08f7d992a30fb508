//! The recordings of calls, in the folder and in the bucket.

use super::folder::Folder;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use trunkline_core::call::{Call, RecordingState};
use trunkline_media::{PlaceError, RecordingName};

/// A recording that a call says is kept.
pub(super) struct Kept<'a> {
    /// Its file.
    pub file: RecordingName,
    pub bytes: u64,
    pub sha256: &'a str,
}

/// The recordings that a call says are kept.
pub(super) fn kept(call: &Call) -> impl Iterator<Item = Kept<'_>> {
    let id = call.id.to_string();
    call.recordings().filter_map(move |(_, recording)| match &recording.state {
        RecordingState::Stored { bytes, sha256 } => {
            let file = RecordingName::new(&id, recording.id.as_str())?;
            Some(Kept { file, bytes: *bytes, sha256 })
        }
        _ => None,
    })
}

/// Every recording a call has ever named, kept or not.
pub(super) fn named(call: &Call) -> impl Iterator<Item = RecordingName> + '_ {
    let id = call.id.to_string();
    call.recordings().filter_map(move |(_, recording)| RecordingName::new(&id, recording.id.as_str()))
}

/// Why a recording is not what it should be; `None` if it is.
pub(super) async fn flaw(folder: &Folder, kept: &Kept<'_>) -> Option<String> {
    let name = kept.file.file();
    match folder.kept().look(&kept.file).await {
        Ok(Some((bytes, _))) if bytes != kept.bytes => {
            Some(format!("the recording {name} has {bytes} bytes instead of {}", kept.bytes))
        }
        Ok(Some((_, Some(sha256)))) if sha256 != kept.sha256 => {
            Some(format!("the recording {name} has another checksum"))
        }
        Ok(Some(_)) => None,
        Ok(None) => Some(format!("the recording {name} is missing")),
        Err(error) => Some(format!("the recording {name} can't be looked at: {error}")),
    }
}

/// The names of all complete recordings in the folder; none if there is no folder.
pub(super) fn list(folder: &Folder) -> io::Result<BTreeSet<String>> {
    let entries = match fs::read_dir(&folder.recordings) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(error),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        if let Ok(name) = entry?.file_name().into_string()
            && !name.ends_with(".part")
            && !name.ends_with(".growing")
        {
            names.insert(name);
        }
    }
    Ok(names)
}

/// Removes it wherever it is, durably once the folder is synced; its length, if it was anywhere.
pub(super) async fn remove(folder: &Folder, name: &RecordingName) -> Result<Option<u64>, PlaceError> {
    folder.kept().remove(name).await
}

/// Its length, if it is anywhere.
pub(super) async fn length(folder: &Folder, name: &RecordingName) -> Result<Option<u64>, PlaceError> {
    Ok(folder.kept().look(name).await?.map(|(bytes, _)| bytes))
}

/// Makes removals durable.
pub(super) fn sync(folder: &Folder) -> io::Result<()> {
    match File::open(&folder.recordings) {
        Ok(opened) => opened.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
