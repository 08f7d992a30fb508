//! The recordings of calls as files.

use super::folder::Folder;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use trunkline_core::call::{Call, RecordingState};
use trunkline_media::RecordingName;

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
    call.turns.values().flat_map(|turn| &turn.recordings).filter_map(move |recording| {
        match &recording.state {
            RecordingState::Stored { bytes, sha256 } => {
                let file = RecordingName::new(&id, recording.id.as_str())?;
                Some(Kept { file, bytes: *bytes, sha256 })
            }
            _ => None,
        }
    })
}

/// Every recording a call has ever named, kept or not.
pub(super) fn named(call: &Call) -> impl Iterator<Item = RecordingName> + '_ {
    let id = call.id.to_string();
    let all = call.turns.values().flat_map(|turn| &turn.recordings);
    all.filter_map(move |recording| RecordingName::new(&id, recording.id.as_str()))
}

/// Why a recording is not what it should be; `None` if it is.
pub(super) fn flaw(folder: &Folder, kept: &Kept<'_>) -> Option<String> {
    let path = folder.recording(kept.file.file());
    match measured(&path) {
        Ok((bytes, _)) if bytes != kept.bytes => {
            Some(format!("the recording {} has {bytes} bytes instead of {}", path.display(), kept.bytes))
        }
        Ok((_, sha256)) if sha256 != kept.sha256 => {
            Some(format!("the recording {} has another checksum", path.display()))
        }
        Ok(_) => None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Some(format!("the recording {} is missing", path.display()))
        }
        Err(error) => Some(format!("the recording {} can't be read: {error}", path.display())),
    }
}

fn measured(path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut hash, mut bytes) = (File::open(path)?, Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()));
        }
        hash.update(&buffer[..read]);
        bytes += u64::try_from(read).unwrap_or(0);
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
        {
            names.insert(name);
        }
    }
    Ok(names)
}

/// Removes a file, durably once the folder is synced; whether it was there, and its length.
pub(super) fn remove(folder: &Folder, name: &RecordingName) -> io::Result<Option<u64>> {
    let path = folder.recording(name.file());
    match fs::metadata(&path).and_then(|meta| fs::remove_file(&path).map(|()| meta.len())) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Its length, if it is there.
pub(super) fn length(folder: &Folder, name: &RecordingName) -> io::Result<Option<u64>> {
    match fs::metadata(folder.recording(name.file())) {
        Ok(meta) => Ok(Some(meta.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes removals durable.
pub(super) fn sync(folder: &Folder) -> io::Result<()> {
    match File::open(&folder.recordings) {
        Ok(opened) => opened.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
