//! What commands need that open the folder and the database themselves.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use trunkline_engine::Bucket;
use trunkline_engine::operating::{Folder, Held, HeldError};
use trunkline_journal::{FolderLock, OpenError};
use trunkline_store::{Store, StoreError};

use crate::exit::{Exit, Failure, chain};
use crate::settings::Settings;
use crate::terminal::Progress;
use crate::wiring::{journal_options, make_folder};

/// Opens a database that must be there. An index is made or brought up to date first, if nobody else has the folder.
pub(super) async fn open_store(settings: &Settings) -> Result<Store, Failure> {
    let target = &settings.store.database;
    if target.is_index()
        && let Some(index) = index(settings).await?
    {
        return Ok(index);
    }
    match target.file() {
        Some(path) if !path.is_file() => {
            Err(Failure::new(Exit::Failed, format_args!("there is no database at {}", path.display())))
        }
        _ => Store::open(target).await.map_err(|error| of_store(&error)),
    }
}

/// The index over a journal, up to date; `None` if a server has the folder, or none ever had.
async fn index(settings: &Settings) -> Result<Option<Store>, Failure> {
    let folder = place(settings)?;
    if !folder.data.join("journal").is_dir() {
        return Ok(None);
    }
    let held = match Held::open(&folder, journal_options(settings)) {
        Err(HeldError::Journal(OpenError::Locked(_))) => return Ok(None),
        held => held.map_err(|error| of_held(&error))?,
    };
    let mut progress = Progress::new("records of the journal", None);
    let index = Box::pin(held.index(&settings.store.database, &mut |done| progress.at(done))).await;
    held.close();
    index.map(Some).map_err(|error| of_held(&error))
}

/// Opens the database, or makes it.
pub(super) async fn make_store(settings: &Settings) -> Result<Store, Failure> {
    if let Some(path) = settings.store.database.file()
        && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        make_folder(folder).map_err(|error| Failure::new(Exit::Failed, chain(&error)))?;
    }
    Store::open(&settings.store.database).await.map_err(|error| of_store(&error))
}

/// The folder of the settings, which need not be there.
pub(super) fn place(settings: &Settings) -> Result<Folder, Failure> {
    let bucket = settings.recordings.bucket.as_ref().map(Bucket::open).transpose();
    Ok(Folder {
        data: settings.server.data_dir.clone(),
        recordings: settings.recordings.folder.clone(),
        bucket: bucket.map_err(|error| Failure::while_doing("recordings.store", &error))?,
        node: settings.server.node.clone(),
    })
}

/// The folder that must be a server's.
pub(super) fn folder(settings: &Settings) -> Result<Folder, Failure> {
    let folder = place(settings)?;
    if !folder.data.is_dir() {
        let gone = folder.data.display();
        return Err(Failure::new(Exit::Failed, format_args!("there is no data folder {gone}")));
    }
    Ok(folder)
}

/// A folder's refusal as one line.
pub(super) fn of_held(error: &HeldError) -> Failure {
    match error {
        HeldError::Journal(OpenError::Locked(folder)) => {
            Failure::new(Exit::Failed, format_args!("a server runs on {}; stop it first", folder.display()))
        }
        HeldError::Journal(OpenError::Damaged { .. } | OpenError::NoCheckpoint { .. }) => {
            Failure::new(Exit::Damaged, chain(error))
        }
        error => Failure::new(Exit::Failed, chain(error)),
    }
}

/// Takes the data folder's lock: no server runs on it, and none can start until this is dropped.
pub(super) fn hold(settings: &Settings, otherwise: &str) -> Result<FolderLock, Failure> {
    let folder = &settings.server.data_dir;
    make_folder(folder).map_err(|error| Failure::new(Exit::Failed, chain(&error)))?;
    trunkline_journal::hold(&folder.join("journal")).map_err(|error| match error {
        OpenError::Locked(_) => Failure::new(
            Exit::Failed,
            format_args!("a server runs on {}; stop it first{otherwise}", folder.display()),
        ),
        error => Failure::new(Exit::Failed, chain(&error)),
    })
}

/// A database's refusal as one line.
pub(super) fn of_store(error: &StoreError) -> Failure {
    Failure::while_doing("the database", error)
}

/// A file that appears under its name when it is whole, and not before; for its owner only, as it holds what people
/// said.
pub(super) struct Whole {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
}

impl Whole {
    /// Begins it.
    pub fn begin(path: &Path) -> Result<Self, Failure> {
        let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
        name.push(format!(".part-{}", std::process::id()));
        let part = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(&part).map_err(|error| cannot_write(&part, &error))?;
        Ok(Self { path: path.to_owned(), part, file: BufWriter::with_capacity(1 << 20, file) })
    }

    /// What to write to.
    pub fn writer(&mut self) -> &mut BufWriter<File> {
        &mut self.file
    }

    /// Puts it in its place, on the disk.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.put_in_place().map_err(|error| cannot_write(&self.path, &error))
    }

    fn put_in_place(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.part, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        // Gone already, if it was finished.
        let _ = fs::remove_file(&self.part);
    }
}

/// Whether the file is a stream of this process.
pub(super) fn is_stream(file: &Path) -> bool {
    file.as_os_str() == "-"
}

pub(super) fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::while_doing(format_args!("cannot write {}", path.display()), error)
}

pub(super) fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    Failure::while_doing(format_args!("cannot read {}", path.display()), error)
}
