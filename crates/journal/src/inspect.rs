//! For people: check every byte of a journal folder (`verify`), and list every record with its place (`cat`). Changes nothing,
//! needs no lock, and so may look at a journal that is in use: its last bytes may then look torn.

use std::{fs, path::Path, path::PathBuf, vec};

use serde::Serialize;

use crate::{
    checkpoint,
    error::{Damage, Doing, FileError, ReadError},
    folder::{self, SegmentName},
    frame::Flaw,
    lsn::{Lsn, Position, Record},
    walk::{Mark, Step, Walker},
};

/// Everything that was found in a folder.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// Each segment, oldest first, with what is good in it.
    pub segments: Vec<VerifiedSegment>,
    /// What the readable checkpoints cover, oldest first.
    pub checkpoints: Vec<Lsn>,
    /// What is not as it was written; empty for a sound journal.
    pub findings: Vec<Finding>,
}

/// One segment, as far as it is good.
#[derive(Debug, Clone, Serialize)]
pub struct VerifiedSegment {
    /// The segment's file.
    pub file: PathBuf,
    /// How long the file is, in bytes.
    pub bytes: u64,
    /// How many records are good.
    pub records: u64,
    /// The last good sequence number.
    pub last: Lsn,
}

/// Something that is not as it was written.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Where, and what.
    pub damage: Damage,
    /// How bad it is.
    pub verdict: Verdict,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Acknowledged data, or a checkpoint, is damaged.
    Damaged,
    /// A tail that nobody vouches for: written when the power went, or being written now. The next start cuts it.
    Torn,
}

/// Checks every byte of the journal in `dir`.
///
/// # Errors
/// A file operation failed. Damage is not an error here, it is what is reported.
pub fn verify(dir: &Path) -> Result<Verification, FileError> {
    verify_up_to(dir, None)
}

pub(crate) fn verify_up_to(dir: &Path, durable: Option<Position>) -> Result<Verification, FileError> {
    let contents = folder::list(dir)?;
    let mut found = Verification::default();
    let mut witness = durable.unwrap_or_default();
    for (covers, path) in &contents.checkpoints {
        match checkpoint::load(path, *covers)? {
            Ok((facts, _)) => {
                found.checkpoints.push(*covers);
                witness = witness.max(facts.durable);
            }
            Err(flaw) => found.report(path, 0, flaw, Verdict::Damaged),
        }
    }
    if let (Some(last), None) = (contents.segments.last(), durable) {
        witness = witness.max(Position { segment: last.id, offset: 0 });
    }
    let mut before: Option<(u64, Option<Mark>)> = None;
    for segment in &contents.segments {
        if durable.is_some_and(|durable| segment.id > durable.segment) {
            break;
        }
        if let Some((id, _)) = before.filter(|(id, _)| id + 1 != segment.id) {
            found.report(&folder::segment_path(dir, id + 1, Lsn::ZERO), 0, Flaw::Missing, Verdict::Damaged);
            before = None;
        }
        let limit = durable.filter(|durable| durable.segment == segment.id).map(|durable| durable.offset);
        let mark = found.check_segment(segment, before.and_then(|(_, mark)| mark), witness, limit)?;
        before = Some((segment.id, mark));
    }
    Ok(found)
}

impl Verification {
    /// Whether nothing is damaged. A torn tail is no damage.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.verdict == Verdict::Torn)
    }

    /// How many records are good.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.segments.iter().map(|segment| segment.records).sum()
    }

    fn report(&mut self, file: &Path, offset: u64, flaw: Flaw, verdict: Verdict) {
        self.findings.push(Finding { damage: Damage { file: file.to_owned(), offset, flaw }, verdict });
    }

    /// Walks one segment. Returns where it ends, if it is good to its end.
    fn check_segment(
        &mut self,
        segment: &SegmentName,
        before: Option<Mark>,
        witness: Position,
        limit: Option<u64>,
    ) -> Result<Option<Mark>, FileError> {
        let file = &segment.path;
        let bytes = fs::metadata(file).doing("look at", file)?.len();
        let limit = limit.unwrap_or(bytes);
        let mut summary = VerifiedSegment { file: file.clone(), bytes, records: 0, last: segment.first_lsn };
        let checked = walk(segment, before, limit, &mut summary);
        self.segments.push(summary);
        match checked {
            Ok(mark) => Ok(Some(mark)),
            Err(ReadError::Damaged(damage)) => {
                let at = Position { segment: segment.id, offset: damage.offset };
                let vouched = witness > at || behind(file, segment.id, limit)? > damage.offset;
                let verdict = if vouched { Verdict::Damaged } else { Verdict::Torn };
                self.findings.push(Finding { damage, verdict });
                Ok(None)
            }
            Err(ReadError::File(error)) => Err(error),
            Err(ReadError::Gone { .. }) => Ok(None),
        }
    }
}

fn walk(
    segment: &SegmentName,
    before: Option<Mark>,
    limit: u64,
    summary: &mut VerifiedSegment,
) -> Result<Mark, ReadError> {
    let mut walker = Walker::open(&segment.path, segment.id, limit)?;
    let header = *walker.header();
    let follows = before.is_none_or(|mark| mark.chain == header.chain && mark.last < header.first_lsn);
    if !follows || header.first_lsn != segment.first_lsn {
        return Err(Damage { file: segment.path.clone(), offset: 0, flaw: Flaw::Misplaced }.into());
    }
    loop {
        match walker.step() {
            Ok(Step::Batch) => {}
            Ok(Step::Record { lsn, .. }) => {
                summary.records += 1;
                summary.last = lsn;
            }
            Ok(Step::End) => return Ok(walker.whole()),
            Err(stop) => return Err(walker.explain(stop)),
        }
    }
}

/// The highest offset that a batch header behind the damage says was durable.
fn behind(file: &Path, id: u64, limit: u64) -> Result<u64, FileError> {
    let mut walker = match Walker::open(file, id, limit) {
        Ok(walker) => walker,
        Err(ReadError::File(error)) => return Err(error),
        // Without a header there is nothing to read it by; with bytes behind it, it had been durable.
        Err(ReadError::Damaged(_) | ReadError::Gone { .. }) => return Ok(limit.saturating_sub(48)),
    };
    while let Ok(Step::Batch | Step::Record { .. }) = walker.step() {}
    Ok(walker.witness(limit)?.durable)
}

/// Every record of a folder in order, each with its place; damage is given out as an error, then the next segment follows.
pub struct Cat {
    segments: vec::IntoIter<SegmentName>,
    walker: Option<Walker>,
    after: Lsn,
}

impl Cat {
    /// Lists the records after `after` in the journal in `dir`.
    ///
    /// # Errors
    /// The folder can't be listed.
    pub fn open(dir: &Path, after: Lsn) -> Result<Self, FileError> {
        let mut segments = folder::list(dir)?.segments;
        let behind = segments.partition_point(|segment| segment.first_lsn <= after.next());
        segments.drain(..behind.saturating_sub(1));
        Ok(Self { segments: segments.into_iter(), walker: None, after })
    }

    fn next_segment(&mut self) -> Option<Result<(), ReadError>> {
        let segment = self.segments.next()?;
        let length = fs::metadata(&segment.path).doing("look at", &segment.path).map(|meta| meta.len());
        let opened = length
            .map_err(ReadError::from)
            .and_then(|length| Walker::open(&segment.path, segment.id, length));
        Some(opened.map(|walker| self.walker = Some(walker)))
    }
}

impl Iterator for Cat {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(walker) = &mut self.walker else {
                match self.next_segment()? {
                    Ok(()) => continue,
                    Err(error) => return Some(Err(error)),
                }
            };
            let stopped = match walker.step() {
                Ok(Step::Record { lsn, kind, payload, at }) if lsn > self.after => {
                    return Some(Ok(Record { lsn, kind, payload: payload.to_vec(), at }));
                }
                Ok(Step::Batch | Step::Record { .. }) => continue,
                Ok(Step::End) => None,
                Err(stop) => Some(stop),
            };
            let error = stopped.map(|stop| walker.explain(stop));
            self.walker = None;
            if let Some(error) = error {
                return Some(Err(error));
            }
        }
    }
}
