//! A backup put back: unpacked beside the place where it goes, checked to the last byte, and moved there at the end. Over
//! what is there nothing is put.

use super::Tick;
use super::archive::{
    ArchiveError, DATA, DATABASE, Entry, FORM, HEAD, Head, Inside, MANIFEST, Manifest, RECORDINGS,
};
use super::backup::{Hashing, hex};
use super::folder::Folder;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use trunkline_journal::{Cat, Lsn};
use trunkline_store::{Position, Store};

/// Where things go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The data folder.
    pub data: PathBuf,
    /// The folder of recordings, in the data folder or elsewhere.
    pub recordings: PathBuf,
    /// The SQLite file, in the data folder or elsewhere; `None` if the database is a server's.
    pub database: Option<PathBuf>,
}

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// How many files.
    pub files: u64,
    /// Their length.
    pub bytes: u64,
    /// When the backup was made.
    pub at: jiff::Timestamp,
    /// Where its database is.
    pub database: Inside,
}

/// Puts a backup back. `beside` is an empty folder on the disk where the data folder goes.
///
/// # Errors
/// Something is there already; the archive is damaged or cut off; or a file can't be written. Until everything was
/// checked nothing is at its place.
pub fn restore(
    from: &mut dyn Read,
    places: &Places,
    beside: &Path,
    tick: Tick<'_>,
) -> Result<Restored, ArchiveError> {
    let mut taken = vec![&places.data, &places.recordings];
    taken.extend(&places.database);
    for place in taken {
        if !is_free(place)? {
            return Err(ArchiveError::NotEmpty(place.clone()));
        }
    }
    let found = unpack(from, beside, tick)?;
    let head = checked(beside, &found)?;
    put_in_place(places, beside, head.database)?;
    Ok(told(&head, &found))
}

/// Unpacks a backup into an empty folder and checks it to the last byte, and puts nothing anywhere.
///
/// # Errors
/// The archive is damaged or cut off; or a file can't be written.
pub fn inspect(from: &mut dyn Read, beside: &Path, tick: Tick<'_>) -> Result<Restored, ArchiveError> {
    let found = unpack(from, beside, tick)?;
    Ok(told(&checked(beside, &found)?, &found))
}

fn told(head: &Head, found: &BTreeMap<String, Entry>) -> Restored {
    Restored {
        files: u64::try_from(found.len()).unwrap_or(u64::MAX),
        bytes: found.values().map(|entry| entry.bytes).sum(),
        at: head.at,
        database: head.database,
    }
}

/// Whether nothing is there, or an empty folder.
fn is_free(place: &Path) -> Result<bool, ArchiveError> {
    match fs::read_dir(place) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(ArchiveError::file(place)(error)),
    }
}

fn unpack(
    from: &mut dyn Read,
    beside: &Path,
    tick: Tick<'_>,
) -> Result<BTreeMap<String, Entry>, ArchiveError> {
    let mut found = BTreeMap::new();
    let mut archive = tar::Archive::new(from);
    for entry in archive.entries().map_err(ArchiveError::Archive)? {
        let entry = entry.map_err(ArchiveError::Archive)?;
        let path = entry.path().map_err(ArchiveError::Archive)?.into_owned();
        let name = path.to_str().map(ToOwned::to_owned);
        let (Some(name), true, true) = (name, entry.header().entry_type().is_file(), is_inside(&path)) else {
            return Err(ArchiveError::Bad("it holds something else than files of its own".to_owned()));
        };
        let place = beside.join(&path);
        if let Some(folder) = place.parent() {
            make(folder)?;
        }
        let mut content = Hashing { content: entry, hash: Sha256::new(), bytes: 0 };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(&place).map_err(ArchiveError::file(&place))?;
        io::copy(&mut content, &mut file).map_err(ArchiveError::file(&place))?;
        file.sync_all().map_err(ArchiveError::file(&place))?;
        found.insert(name, Entry { bytes: content.bytes, sha256: hex(content.hash) });
        tick(u64::try_from(found.len()).unwrap_or(u64::MAX));
    }
    Ok(found)
}

/// Whether a path stays within the folder it is unpacked in.
fn is_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// Every file of the manifest, and no other, each as it was.
fn checked(beside: &Path, found: &BTreeMap<String, Entry>) -> Result<Head, ArchiveError> {
    let bad = |why: String| Err(ArchiveError::Bad(why));
    let Some(head) = json::<Head>(beside, HEAD) else { return bad(format!("it has no {HEAD}")) };
    if head.form > FORM {
        return bad(format!(
            "it has form {}, and this program knows {FORM}: use the newer version",
            head.form
        ));
    }
    let Some(manifest) = json::<Manifest>(beside, MANIFEST) else {
        return bad(format!("it has no {MANIFEST}, and was cut off"));
    };
    for (name, entry) in &manifest.files {
        match found.get(name) {
            None => return bad(format!("{name} is missing")),
            Some(other) if other != entry => return bad(format!("{name} is not what it was")),
            Some(_) => {}
        }
    }
    match found.keys().find(|name| *name != MANIFEST && !manifest.files.contains_key(*name)) {
        Some(name) => bad(format!("{name} does not belong to it")),
        None => Ok(head),
    }
}

fn json<T: serde::de::DeserializeOwned>(beside: &Path, name: &str) -> Option<T> {
    serde_json::from_slice(&fs::read(beside.join(name)).ok()?).ok()
}

/// Moves everything to where it goes, the data folder last.
fn put_in_place(places: &Places, beside: &Path, database: Inside) -> Result<(), ArchiveError> {
    let data = beside.join(DATA);
    make(&data)?;
    // What goes into the data folder is put there before that is moved.
    let there = |place: &Path| match place.strip_prefix(&places.data) {
        Ok(inside) => data.join(inside),
        Err(_) => place.to_owned(),
    };
    if beside.join(RECORDINGS).is_dir() {
        put(&beside.join(RECORDINGS), &there(&places.recordings))?;
    }
    if let (Some(place), Inside::Archive) = (&places.database, database) {
        put(&beside.join(DATABASE), &there(place))?;
    }
    sync_below(&data)?;
    put(&data, &places.data)
}

fn put(from: &Path, to: &Path) -> Result<(), ArchiveError> {
    if let Some(folder) = to.parent() {
        make(folder)?;
    }
    if to.is_dir() {
        // Empty, as was seen before.
        fs::remove_dir(to).map_err(ArchiveError::file(to))?;
    }
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy(from, to)?,
        done => done.map_err(ArchiveError::file(to))?,
    }
    to.parent().map_or(Ok(()), sync)
}

/// To another disk.
fn copy(from: &Path, to: &Path) -> Result<(), ArchiveError> {
    if from.is_dir() {
        make(to)?;
        for entry in fs::read_dir(from).map_err(ArchiveError::file(from))? {
            let entry = entry.map_err(ArchiveError::file(from))?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return sync(to);
    }
    fs::copy(from, to).map_err(ArchiveError::file(to))?;
    File::open(to).and_then(|file| file.sync_all()).map_err(ArchiveError::file(to))
}

fn make(folder: &Path) -> Result<(), ArchiveError> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(ArchiveError::file(folder))
}

fn sync_below(folder: &Path) -> Result<(), ArchiveError> {
    for entry in fs::read_dir(folder).map_err(ArchiveError::file(folder))? {
        let path = entry.map_err(ArchiveError::file(folder))?.path();
        if path.is_dir() {
            sync_below(&path)?;
        }
    }
    sync(folder)
}

fn sync(folder: &Path) -> Result<(), ArchiveError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(ArchiveError::file(folder))
}

/// Fits the cursor of a server's database to a folder that was put back: one that stands behind the journal's end would
/// let it pass over everything that is written from now on. Whether it did.
///
/// # Errors
/// The folder can't be read, or the database went away.
pub async fn adopt(folder: &Folder, store: &Store) -> Result<bool, ArchiveError> {
    let journal = folder.identity()?.journal(&folder.node);
    let records = Cat::open(&folder.journal(), Lsn::ZERO)?;
    let end = records.filter_map(Result::ok).last().map_or(0, |record| record.lsn.get());
    let fed = store.fed_by().await?;
    match fed.iter().find(|feeder| feeder.journal == journal) {
        Some(feeder) if feeder.position.0 > end => {
            store.reset_cursor(&journal, Position(end)).await?;
            Ok(true)
        }
        Some(_) | None => Ok(false),
    }
}
