//! The data folder's small private files: keys, and where the running server is. Readable by their owner only, and
//! whole or not there.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A file or folder that can't be used.
#[derive(Debug, Error)]
#[error("cannot use {}", path.display())]
pub struct FolderError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError { path, source }
}

/// Makes the folder, for its owner only, unless it is there.
pub(crate) fn make(folder: &Path) -> Result<(), FolderError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))
}

/// Reads a private file, or makes it. Of two processes that make it at once one wins, and both get what it made.
pub(crate) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> Result<String, FolderError>,
) -> Result<String, FolderError> {
    if let Some(text) = read(path)? {
        return Ok(text);
    }
    let part = written_beside(path, &make()?)?;
    let linked = fs::hard_link(&part, path);
    let _ = fs::remove_file(&part);
    match linked {
        Ok(()) => sync_folder_of(path)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(at(path)(error)),
    }
    read(path)?.ok_or_else(|| at(path)(io::ErrorKind::NotFound.into()))
}

/// Puts a private file in the place of the one that may be there.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), FolderError> {
    let part = written_beside(path, text)?;
    fs::rename(&part, path).map_err(at(path))?;
    sync_folder_of(path)
}

/// The file's text, if it is there.
pub(crate) fn read(path: &Path) -> Result<Option<String>, FolderError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path)(error)),
    }
}

fn written_beside(path: &Path, text: &str) -> Result<PathBuf, FolderError> {
    let part = path.with_extension(format!("part-{}", std::process::id()));
    let _ = fs::remove_file(&part);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&part).map_err(at(&part))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(at(&part))?;
    Ok(part)
}

fn sync_folder_of(path: &Path) -> Result<(), FolderError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_was_made_first_stays_and_is_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/secret.key");
        make(path.parent().unwrap()).unwrap();
        let text = read_or_make(&path, || Ok("one".to_owned())).unwrap();
        let again = read_or_make(&path, || Ok("two".to_owned())).unwrap();
        assert_eq!((text.as_str(), again.as_str()), ("one", "one"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        replace(&path, "three").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("three"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left behind");
    }
}
