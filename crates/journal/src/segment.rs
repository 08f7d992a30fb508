//! Segment files: what the journal remembers of each, and how a new one comes into being.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::{
    error::{Doing, FileError, OpenError},
    folder,
    frame::{SEGMENT_HEADER, SegmentHeader},
    lsn::Lsn,
    options::{Options, Sync},
};

/// A segment as the journal remembers it.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub id: u64,
    pub first_lsn: Lsn,
    pub bytes: u64,
    pub path: PathBuf,
}

/// The segment that is written to, and where.
#[derive(Debug)]
pub(crate) struct Active {
    pub file: File,
    pub path: PathBuf,
    pub header: SegmentHeader,
    /// Everything before is good and durable.
    pub length: u64,
    pub chain: u32,
    pub watermarked: bool,
}

/// Makes the next segment: created, synced, and its folder synced, before anything is put into it.
pub(crate) fn create(
    dir: &Path,
    id: u64,
    first_lsn: Lsn,
    chain: u32,
    options: &Options,
) -> Result<Active, CreateError> {
    let salt = getrandom::u64().map_err(CreateError::Randomness)?;
    let header = SegmentHeader { id, first_lsn, epoch: options.node_epoch, salt, chain };
    let path = folder::segment_path(dir, id, first_lsn);
    let written = write_header(&path, &header).doing("create", &path);
    let file = written.map_err(|error| {
        drop(fs::remove_file(&path));
        CreateError::Write(error)
    })?;
    if options.sync == Sync::Fdatasync {
        file.sync_all().doing("sync", &path).map_err(CreateError::Sync)?;
        folder::sync_folder(dir, options.sync).map_err(CreateError::Sync)?;
    }
    let length = SEGMENT_HEADER as u64;
    Ok(Active { file, path, header, length, chain: header.chain_start(), watermarked: true })
}

/// Why a segment could not be made: after a failed write the old one goes on, after a failed sync nothing does.
#[derive(Debug)]
pub(crate) enum CreateError {
    Write(FileError),
    Sync(FileError),
    Randomness(getrandom::Error),
}

impl From<CreateError> for OpenError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Write(error) | CreateError::Sync(error) => Self::File(error),
            CreateError::Randomness(error) => Self::Randomness(error),
        }
    }
}

fn write_header(path: &Path, header: &SegmentHeader) -> std::io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&header.encode())?;
    Ok(file)
}
