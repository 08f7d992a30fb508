//! The journal's folder: names of files, its lock, and making changes of the folder itself durable.
//!
//! ```text
//! lock                                     held (flock) by the one process that writes
//! reserve                                  space given up on a full disk
//! segment-00000001-00000000000000000001    id, first sequence number
//! checkpoint-00000000000000004711          the last sequence number it covers
//! checkpoint-….tmp, reserve.tmp            never finished; removed at start
//! set-aside-…                              what a repair cut off; nobody reads it but people
//! ```

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::{
    error::{Doing, FileError, OpenError},
    lsn::Lsn,
    options::Sync,
};

/// A segment file, as its name tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentName {
    pub id: u64,
    pub first_lsn: Lsn,
    pub path: PathBuf,
}

/// What is in the folder, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub segments: Vec<SegmentName>,
    pub checkpoints: Vec<(Lsn, PathBuf)>,
    pub unfinished: Vec<PathBuf>,
}

pub(crate) fn segment_path(dir: &Path, id: u64, first_lsn: Lsn) -> PathBuf {
    dir.join(format!("segment-{id:08}-{:020}", first_lsn.get()))
}

pub(crate) fn checkpoint_path(dir: &Path, covers: Lsn) -> PathBuf {
    dir.join(format!("checkpoint-{:020}", covers.get()))
}

pub(crate) fn reserve_path(dir: &Path) -> PathBuf {
    dir.join("reserve")
}

/// Lists the folder. Files of other names are none of the journal's business.
pub(crate) fn list(dir: &Path) -> Result<Contents, FileError> {
    let mut contents = Contents::default();
    for entry in fs::read_dir(dir).doing("list", dir)? {
        let path = entry.doing("list", dir)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.ends_with(".tmp") && (name.starts_with("checkpoint-") || name.starts_with("reserve")) {
            contents.unfinished.push(path);
        } else if let Some((id, first_lsn)) = parse_segment(name) {
            contents.segments.push(SegmentName { id, first_lsn, path });
        } else if let Some(covers) = name.strip_prefix("checkpoint-").and_then(|n| n.parse().ok()) {
            contents.checkpoints.push((Lsn::new(covers), path));
        }
    }
    contents.segments.sort_by_key(|segment| segment.id);
    contents.checkpoints.sort();
    Ok(contents)
}

fn parse_segment(name: &str) -> Option<(u64, Lsn)> {
    let (id, first_lsn) = name.strip_prefix("segment-")?.split_once('-')?;
    Some((id.parse().ok()?, Lsn::new(first_lsn.parse().ok()?)))
}

/// The files of a journal, in the order in which a copy can be made of them while the journal goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// First these: what a checkpoint vouches for is in the segments by then.
    pub checkpoints: Vec<PathBuf>,
    /// Then these, oldest first, each as far as it goes: what is cut off at the end looks like a torn tail.
    pub segments: Vec<PathBuf>,
}

/// Lists the files of the journal in `dir`. A copy is whole if one of its checkpoints is still there when its last
/// segment has been copied, or if it has none.
///
/// # Errors
/// The folder can't be listed.
pub fn files(dir: &Path) -> Result<Files, FileError> {
    let contents = list(dir)?;
    Ok(Files {
        checkpoints: contents.checkpoints.into_iter().map(|(_, path)| path).collect(),
        segments: contents.segments.into_iter().map(|segment| segment.path).collect(),
    })
}

/// A journal's folder, held: nobody opens the journal while this lives.
#[derive(Debug)]
pub struct FolderLock {
    /// Held, never read.
    _file: File,
}

/// Holds a journal's folder (made if need be) as an open journal does, without reading it.
///
/// # Errors
/// Another process has it, or a file operation failed.
pub fn hold(dir: &Path) -> Result<FolderLock, OpenError> {
    lock(dir).map(|file| FolderLock { _file: file })
}

/// Makes the folder if need be, and takes its lock. The lock lasts as long as the returned file is open.
pub(crate) fn lock(dir: &Path) -> Result<File, OpenError> {
    if !dir.exists() {
        fs::create_dir_all(dir).doing("create", dir)?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_folder(parent, Sync::Fdatasync)?;
        }
    }
    let path = dir.join("lock");
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&path).doing("open", &path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(Err::<(), _>(error)
            .doing("lock", &path)
            .err()
            .map_or_else(|| OpenError::Locked(dir.to_owned()), OpenError::File)),
    }
}

/// Makes creations, renames and removals in `dir` durable.
pub(crate) fn sync_folder(dir: &Path, sync: Sync) -> Result<(), FileError> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    match sync {
        Sync::Off => Ok(()),
        Sync::Fdatasync => File::open(dir).and_then(|folder| folder.sync_all()).doing("sync", dir),
    }
}

/// Writes `parts` to a new file and puts it in the place of `path`, so that a crash leaves the old or the new, never half.
pub(crate) fn replace(path: &Path, parts: &[&[u8]], sync: Sync) -> Result<(), Replace> {
    let tmp = path.with_extension("tmp");
    write_tmp(&tmp, parts, sync).inspect_err(|_| drop(fs::remove_file(&tmp)))?;
    fs::rename(&tmp, path).doing("rename", path).map_err(Replace::Write)?;
    match path.parent() {
        Some(dir) => sync_folder(dir, sync).map_err(Replace::Sync),
        None => Ok(()),
    }
}

/// Which half of a replacement failed: after a failed sync nothing on this disk can be believed.
#[derive(Debug)]
pub(crate) enum Replace {
    Write(FileError),
    Sync(FileError),
}

fn write_tmp(tmp: &Path, parts: &[&[u8]], sync: Sync) -> Result<(), Replace> {
    let write = || -> io::Result<File> {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(tmp)?;
        for part in parts {
            file.write_all(part)?;
        }
        Ok(file)
    };
    let file = write().doing("write", tmp).map_err(Replace::Write)?;
    match sync {
        Sync::Off => Ok(()),
        Sync::Fdatasync => file.sync_all().doing("sync", tmp).map_err(Replace::Sync),
    }
}

/// Gives a file a name that nobody reads but people, and never one that is taken.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let to = free_name(path, &name);
    fs::rename(path, &to).doing("set aside", path)?;
    Ok(to)
}

/// A free name beside `path` for what is set aside.
pub(crate) fn free_name(path: &Path, name: &str) -> PathBuf {
    let mut n = 0;
    loop {
        let to = path.with_file_name(format!("set-aside-{n}-{name}"));
        if !to.exists() {
            return to;
        }
        n += 1;
    }
}

/// Whether the disk has room for the reserve, and as much again for what comes then. Asked first, because trying would
/// take from others, for a moment, the little that is left.
pub(crate) fn has_room(dir: &Path, reserve: u64) -> bool {
    let wanted = reserve.saturating_mul(2);
    rustix::fs::statvfs(dir).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= wanted)
}

/// Takes `bytes` of the disk, to be given back when it is full. Real blocks: a sparse file would reserve nothing.
pub(crate) fn take_reserve(dir: &Path, bytes: u64, sync: Sync) -> Result<(), Replace> {
    static BLOCK: [u8; 64 << 10] = [0; 64 << 10];
    let whole = usize::try_from(bytes / BLOCK.len() as u64).unwrap_or(usize::MAX);
    let rest = usize::try_from(bytes % BLOCK.len() as u64).unwrap_or(0);
    let mut parts: Vec<&[u8]> = vec![&BLOCK; whole];
    parts.push(&BLOCK[..rest]);
    replace(&reserve_path(dir), &parts, sync)
}

/// Gives the reserve back. Whether it was there.
pub(crate) fn release_reserve(dir: &Path) -> bool {
    fs::remove_file(reserve_path(dir)).is_ok()
}
