//! A backup: everything of a data folder in one archive, also while a server goes on writing.
//!
//! The order makes it one state: the database first, so that the journal, copied later, holds everything the database
//! has eaten and more; then the journal, so that the keys, copied later, open all of it; the recordings last, for those
//! that the database names are there by then.

use super::Tick;
use super::archive::{
    ArchiveError, DATA, DATABASE, Entry, FORM, HEAD, Head, Inside, MANIFEST, Manifest, RECORDINGS,
};
use super::folder::Folder;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use trunkline_store::{Copied, Store};

/// What was put into the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// How many files.
    pub files: u64,
    /// Their length.
    pub bytes: u64,
    /// How many of them are recordings.
    pub recordings: u64,
    /// Where the database is.
    pub database: Inside,
}

/// Writes an archive of the folder and of the store, if that is an SQLite file. `scratch` is a path where nothing is and
/// where the copy of the database can be for a while; `leave_out` are files of the data folder that are not copied, such
/// as the database itself.
///
/// # Errors
/// Something can't be read, or the archive can't be written.
pub async fn backup(
    folder: &Folder,
    store: Option<&Store>,
    scratch: &Path,
    leave_out: &[PathBuf],
    to: &mut (dyn Write + Send),
    at: Timestamp,
    tick: Tick<'_>,
) -> Result<Backup, ArchiveError> {
    folder.identity()?;
    let database = match store {
        None => Inside::Nowhere,
        Some(store) => match store.copy_to(scratch).await? {
            Copied::Whole => Inside::Archive,
            Copied::Not => Inside::Server,
        },
    };
    let mut archive = Archive { tar: tar::Builder::new(to), manifest: Manifest::default(), at, tick };
    let program = format!("trunkline {}", env!("CARGO_PKG_VERSION"));
    archive.json(HEAD, &Head { form: FORM, program, at, database })?;
    if database == Inside::Archive {
        archive.file(scratch, DATABASE)?;
        let _ = fs::remove_file(scratch);
    }
    journal(&mut archive, folder)?;
    rest(&mut archive, folder, &folder.data, leave_out)?;
    let before = archive.manifest.files.len();
    if folder.recordings.is_dir() {
        for path in listed(&folder.recordings)? {
            archive.unless_gone(&path, &format!("{RECORDINGS}/{}", name_of(&path)?))?;
        }
    }
    let files = count(archive.manifest.files.len());
    let recordings = files - count(before);
    let bytes = archive.manifest.files.values().map(|entry| entry.bytes).sum();
    archive.end()?;
    Ok(Backup { files, bytes, recordings, database })
}

/// The journal: checkpoints, then segments, oldest first.
fn journal(archive: &mut Archive<'_>, folder: &Folder) -> Result<(), ArchiveError> {
    let dir = folder.journal();
    if !dir.is_dir() {
        return Ok(());
    }
    let place = |path: &Path| name_of(path).map(|name| format!("{DATA}/journal/{name}"));
    let checkpoints = trunkline_journal::files(&dir)?.checkpoints;
    for path in &checkpoints {
        archive.overtaken_if_gone(path, &place(path)?)?;
    }
    for path in trunkline_journal::files(&dir)?.segments {
        archive.overtaken_if_gone(&path, &place(&path)?)?;
    }
    let still = trunkline_journal::files(&dir)?.checkpoints;
    if checkpoints.is_empty() || checkpoints.iter().any(|path| still.contains(path)) {
        Ok(())
    } else {
        Err(ArchiveError::Overtaken)
    }
}

/// What else is in the data folder: keys, names, what was set aside.
fn rest(
    archive: &mut Archive<'_>,
    folder: &Folder,
    dir: &Path,
    leave_out: &[PathBuf],
) -> Result<(), ArchiveError> {
    for path in listed(dir)? {
        if path == folder.recordings || leave_out.contains(&path) {
            continue;
        }
        if path.is_dir() {
            rest(archive, folder, &path, leave_out)?;
            continue;
        }
        let name = name_of(&path)?;
        let of_journal = dir == folder.journal();
        let is_copied = of_journal && (name.starts_with("segment-") || name.starts_with("checkpoint-"));
        let is_of_the_moment = of_journal && ["lock", "reserve"].contains(&name.as_str());
        if is_copied || is_of_the_moment || is_unfinished(&name) || name == "server.json" {
            continue;
        }
        let Ok(inside) = path.strip_prefix(&folder.data) else { continue };
        let Some(inside) = inside.to_str() else { return Err(unnamable(&path)) };
        archive.unless_gone(&path, &format!("{DATA}/{inside}"))?;
    }
    Ok(())
}

fn is_unfinished(name: &str) -> bool {
    name.ends_with(".tmp") || name.ends_with(".part") || name.ends_with(".growing") || name.contains(".part-")
}

/// What is in a folder, in the order of names.
fn listed(dir: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
    let entries = fs::read_dir(dir).map_err(ArchiveError::file(dir))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(ArchiveError::file(dir))?.path());
    }
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> Result<String, ArchiveError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(ToOwned::to_owned).ok_or_else(|| unnamable(path))
}

fn unnamable(path: &Path) -> ArchiveError {
    ArchiveError::file(path)(io::Error::other("its name is no text"))
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// An archive that is being written.
struct Archive<'a> {
    tar: tar::Builder<&'a mut (dyn Write + Send)>,
    manifest: Manifest,
    at: Timestamp,
    tick: Tick<'a>,
}

impl Archive<'_> {
    /// A file that may be removed meanwhile, and then need not be in it.
    fn unless_gone(&mut self, path: &Path, name: &str) -> Result<(), ArchiveError> {
        match self.file(path, name) {
            Err(ArchiveError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// A file of the journal: without it the copy has a hole.
    fn overtaken_if_gone(&mut self, path: &Path, name: &str) -> Result<(), ArchiveError> {
        match self.file(path, name) {
            Err(ArchiveError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Err(ArchiveError::Overtaken)
            }
            done => done,
        }
    }

    /// Adds a file as far as it goes at this moment.
    fn file(&mut self, path: &Path, name: &str) -> Result<(), ArchiveError> {
        let file = File::open(path).map_err(ArchiveError::file(path))?;
        let bytes = file.metadata().map_err(ArchiveError::file(path))?.len();
        self.add(name, bytes, file.take(bytes))?;
        (self.tick)(count(self.manifest.files.len()));
        Ok(())
    }

    fn add(&mut self, name: &str, bytes: u64, content: impl Read) -> Result<(), ArchiveError> {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(self.at.as_second()).unwrap_or(0));
        let mut content = Hashing { content, hash: Sha256::new(), bytes: 0 };
        self.tar.append_data(&mut header, name, &mut content).map_err(ArchiveError::Archive)?;
        if content.bytes != bytes {
            let cut = io::Error::other("it became shorter while it was copied");
            return Err(ArchiveError::file(name)(cut));
        }
        let sha256 = hex(content.hash);
        self.manifest.files.insert(name.to_owned(), Entry { bytes, sha256 });
        Ok(())
    }

    fn json(&mut self, name: &str, value: &impl Serialize) -> Result<(), ArchiveError> {
        let text = serde_json::to_vec_pretty(value).map_err(|error| ArchiveError::Archive(error.into()))?;
        self.add(name, count(text.len()), text.as_slice())
    }

    fn end(mut self) -> Result<(), ArchiveError> {
        let manifest = self.manifest.clone();
        self.json(MANIFEST, &manifest)?;
        let to = self.tar.into_inner().map_err(ArchiveError::Archive)?;
        to.flush().map_err(ArchiveError::Archive)
    }
}

/// Reads and remembers what was read.
pub(super) struct Hashing<R> {
    pub content: R,
    pub hash: Sha256,
    pub bytes: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.bytes += count(read);
        Ok(read)
    }
}

pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
