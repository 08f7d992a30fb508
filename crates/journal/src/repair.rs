//! Repair: a person decided to go on without what is damaged. Everything from the damage on is set aside, nothing is deleted.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{
    checkpoint,
    error::{Damage, Doing, FileError, OpenError, ReadError},
    folder::{self, Replace, SegmentName},
    frame::{RECORD_HEADER, SEGMENT_HEADER},
    lsn::{Lsn, Position},
    options::Options,
    recover, segment,
    walk::{Mark, Step, Walker},
};

/// What a repair did.
#[derive(Debug, Clone)]
pub struct Repaired {
    /// Where the journal was cut.
    pub damage: Damage,
    /// The last record that was kept.
    pub last: Lsn,
    /// The number of the next record; higher than any that was lost, so that no cursor can confuse them.
    pub next: Lsn,
    /// Where the rest is now.
    pub set_aside: Vec<PathBuf>,
    /// How many bytes that is.
    pub bytes: u64,
}

/// Cuts the journal in `dir` at its first damage and sets the rest aside. `None` if nothing is damaged (a torn tail is no
/// damage: the next start cuts it). Interrupted, it is to be run again.
///
/// # Errors
/// Another process has the folder, or a file operation failed.
pub fn repair(dir: &Path, options: &Options) -> Result<Option<Repaired>, OpenError> {
    let _lock = folder::lock(dir)?;
    let Some(damage) = recover::find_damage(dir)? else { return Ok(None) };
    let contents = folder::list(dir)?;
    let loaded = checkpoint::load_newest(&contents.checkpoints)?;
    let covers = loaded.newest.as_ref().map_or(Lsn::ZERO, |(facts, _)| facts.covers);
    let cut = contents.segments.iter().position(|segment| segment.path >= damage.file);
    let (good, rest) = contents.segments.split_at(cut.unwrap_or(contents.segments.len()));

    let keeps_head =
        damage.offset >= SEGMENT_HEADER as u64 && rest.first().is_some_and(|s| s.path == damage.file);
    let end = if keeps_head { rest.first() } else { good.last() };
    let mark = end.map(mark_of).transpose()?;
    let last = mark.map_or(covers, |mark| mark.last);
    let next = rest.iter().try_fold(last.max(covers).next(), |next, segment| highest(next, segment, last))?;

    let mut repaired = Repaired { damage, last, next, set_aside: Vec::new(), bytes: 0 };
    let aside = if keeps_head { &rest[1..] } else { rest };
    if let Some(head) = rest.first().filter(|_| keeps_head) {
        copy_rest(head, &mut repaired)?;
    }
    for segment in aside.iter().rev() {
        repaired.bytes += fs::metadata(&segment.path).doing("look at", &segment.path)?.len();
        repaired.set_aside.push(folder::set_aside(&segment.path)?);
    }
    folder::sync_folder(dir, options.sync)?;
    let id = end.map_or(1, |segment| segment.id + 1);
    let fresh = segment::create(dir, id, next, mark.map_or(0, |mark| mark.chain), options)?;
    if let Some(head) = rest.first().filter(|_| keeps_head) {
        cut_at(&head.path, repaired.damage.offset)?;
    }
    if let Some((facts, payload)) = loaded.newest {
        // It vouched for a place that has been set aside.
        let durable = Position { segment: id, offset: fresh.length };
        let facts = checkpoint::Facts { durable, ..facts };
        checkpoint::write(dir, facts, &payload, options.sync).map_err(|error| match error {
            Replace::Write(error) | Replace::Sync(error) => error,
        })?;
    }
    Ok(Some(repaired))
}

/// Where a segment stops being good.
fn mark_of(segment: &SegmentName) -> Result<Mark, OpenError> {
    let length = fs::metadata(&segment.path).doing("look at", &segment.path)?.len();
    let mut walker = Walker::open(&segment.path, segment.id, length).map_err(|error| match error {
        ReadError::File(error) => OpenError::File(error),
        ReadError::Damaged(Damage { file, .. }) => {
            OpenError::File(FileError { what: "read", file, source: std::io::ErrorKind::InvalidData.into() })
        }
        ReadError::Gone { oldest, .. } => OpenError::NoCheckpoint { dir: segment.path.clone(), oldest },
    })?;
    while let Ok(Step::Batch | Step::Record { .. }) = walker.step() {}
    Ok(walker.whole())
}

/// A number that no record in this segment can have reached: there can't be more records than would fit.
fn highest(next: Lsn, segment: &SegmentName, last: Lsn) -> Result<Lsn, FileError> {
    let bytes = fs::metadata(&segment.path).doing("look at", &segment.path)?.len();
    let from = segment.first_lsn.max(last).get();
    Ok(next.max(Lsn::new(from.saturating_add(bytes / RECORD_HEADER as u64).saturating_add(1))))
}

fn copy_rest(segment: &SegmentName, repaired: &mut Repaired) -> Result<(), FileError> {
    let offset = repaired.damage.offset;
    let name = segment.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let to = folder::free_name(&segment.path, &format!("{name}-from-{offset}"));
    let copy = || {
        let mut bytes = Vec::new();
        let mut file = File::open(&segment.path)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_to_end(&mut bytes)?;
        let mut aside = OpenOptions::new().write(true).create_new(true).open(&to)?;
        aside.write_all(&bytes)?;
        aside.sync_all()?;
        Ok(bytes.len() as u64)
    };
    repaired.bytes += copy().doing("set aside", &to)?;
    repaired.set_aside.push(to);
    Ok(())
}

fn cut_at(path: &Path, offset: u64) -> Result<(), FileError> {
    let file = OpenOptions::new().write(true).open(path).doing("open", path)?;
    file.set_len(offset).doing("cut", path)?;
    file.sync_all().doing("sync", path)
}
