//! Walks the folder before anything is changed, and tells damage from a torn tail.
//!
//! What is flawed counts as **damage** if anything shows that it had been durable: a segment after it, a batch header behind
//! it that says so, or a checkpoint. Otherwise it is a **torn tail**: bytes of a group commit that nobody was told about.

use std::{fs, path::Path};

use crate::{
    checkpoint::Facts,
    error::{Damage, Doing, FileError, OpenError, ReadError},
    folder::{self, SegmentName},
    frame::{Flaw, SEGMENT_HEADER, SegmentHeader},
    lsn::{Lsn, Position},
    walk::{Mark, Step, Stop, Walker},
};

/// What a walk over the folder found, before anything is changed.
pub(crate) struct Survey {
    /// The last good sequence number.
    pub last: Lsn,
    /// How many records stand behind the checkpoint.
    pub records: u64,
    pub tail: Tail,
}

/// How the last segment ends.
pub(crate) enum Tail {
    /// No segment at all: a new journal.
    Fresh,
    /// Its creation was cut short: not even the header is good, and nothing can be in it.
    Unborn { segment: SegmentName, length: u64, chain: u32 },
    /// Good up to `mark`; what is behind is torn. Everything before `certain` was known to be durable.
    Good {
        segment: SegmentName,
        header: SegmentHeader,
        length: u64,
        mark: Mark,
        certain: u64,
        watermarked: bool,
    },
}

/// Walks what stands behind the checkpoint.
pub(crate) fn survey(
    dir: &Path,
    segments: &[SegmentName],
    facts: Option<Facts>,
) -> Result<Survey, OpenError> {
    let refuse = |damage| OpenError::Damaged { dir: dir.to_owned(), damage };
    let covers = facts.map_or(Lsn::ZERO, |facts| facts.covers);
    let Some(oldest) = segments.first() else {
        if facts.is_some() {
            let file = folder::segment_path(dir, 1, Lsn::new(1));
            return Err(refuse(Damage { file, offset: 0, flaw: Flaw::Missing }));
        }
        return Ok(Survey { last: Lsn::ZERO, records: 0, tail: Tail::Fresh });
    };
    if oldest.first_lsn > covers.next() {
        return Err(OpenError::NoCheckpoint { dir: dir.to_owned(), oldest: oldest.first_lsn });
    }
    let mut from = segments.iter().rposition(|segment| segment.first_lsn <= covers.next()).unwrap_or(0);
    if from + 1 == segments.len() && length_of(&segments[from])? <= SEGMENT_HEADER as u64 {
        // If it has to be made anew, it must go on from the chain of the one before.
        from = from.saturating_sub(1);
    }
    let walk = walk_all(dir, &segments[from..], facts).map_err(|error| match error {
        ReadError::Damaged(damage) => refuse(damage),
        ReadError::File(error) => error.into(),
        ReadError::Gone { oldest, .. } => OpenError::NoCheckpoint { dir: dir.to_owned(), oldest },
    })?;
    let newest = segments.last().unwrap_or(oldest);
    let end = Position { segment: newest.id, offset: walk.tail.end() };
    if walk.last < covers || facts.is_some_and(|facts| facts.durable > end) {
        // The checkpoint remembers more than the segments have: a segment vanished, or was cut.
        return Err(refuse(Damage { file: newest.path.clone(), offset: end.offset, flaw: Flaw::Short }));
    }
    Ok(walk)
}

impl Tail {
    fn end(&self) -> u64 {
        match self {
            Self::Fresh => 0,
            // It is made anew, with its header.
            Self::Unborn { .. } => SEGMENT_HEADER as u64,
            Self::Good { mark, .. } => mark.offset,
        }
    }
}

/// Walks all segments from the one that the checkpoint ends in.
fn walk_all(dir: &Path, segments: &[SegmentName], facts: Option<Facts>) -> Result<Survey, ReadError> {
    let covers = facts.map_or(Lsn::ZERO, |facts| facts.covers);
    let mut survey = Survey { last: covers, records: 0, tail: Tail::Fresh };
    let mut before: Option<Mark> = None;
    for (n, segment) in segments.iter().enumerate() {
        let expected = segments[0].id + n as u64;
        if segment.id != expected {
            let file = folder::segment_path(
                dir,
                expected,
                before.map_or(segment.first_lsn, |mark| mark.last.next()),
            );
            return Err(Damage { file, offset: 0, flaw: Flaw::Missing }.into());
        }
        let is_last = n + 1 == segments.len();
        let length = length_of(segment)?;
        let mut walker = match Walker::open(&segment.path, segment.id, length) {
            Ok(walker) => walker,
            // The header is durable before anything stands behind it. So a bad one with nothing behind was never used.
            Err(ReadError::Damaged(_)) if is_last && length <= SEGMENT_HEADER as u64 => {
                let (chain, last) = before.map_or((0, covers), |mark| (mark.chain, mark.last));
                survey.last = last.max(segment.first_lsn.before());
                survey.tail = Tail::Unborn { segment: segment.clone(), length, chain };
                return Ok(survey);
            }
            Err(error) => return Err(error),
        };
        let header = *walker.header();
        if before.is_some_and(|mark| mark.chain != header.chain || mark.last >= header.first_lsn)
            || header.first_lsn != segment.first_lsn
        {
            // The segment before ends on a whole batch, but not on its last one.
            return Err(Damage { file: segment.path.clone(), offset: 0, flaw: Flaw::Misplaced }.into());
        }
        let stopped = walk_one(&mut walker, covers, &mut survey.records);
        let mark = walker.whole();
        if let Err(stop) = stopped {
            let damage = walker.explain(stop);
            let witnessed = !is_last
                || facts.is_some_and(|facts| {
                    facts.durable > Position { segment: segment.id, offset: mark.offset }
                })
                || walker.witness(length)?.durable > mark.offset;
            if witnessed || matches!(damage, ReadError::File(_)) {
                return Err(damage);
            }
        }
        survey.last = mark.last;
        before = Some(mark);
        let certain = walker.batch().map_or(0, |batch| batch.durable);
        let watermarked = walker.batch().is_none_or(|batch| batch.count == 0);
        survey.tail = Tail::Good { segment: segment.clone(), header, length, mark, certain, watermarked };
    }
    Ok(survey)
}

fn length_of(segment: &SegmentName) -> Result<u64, FileError> {
    Ok(fs::metadata(&segment.path).doing("look at", &segment.path)?.len())
}

fn walk_one(walker: &mut Walker, covers: Lsn, records: &mut u64) -> Result<(), Stop> {
    loop {
        match walker.step()? {
            Step::Batch => {}
            Step::Record { lsn, .. } if lsn > covers => *records += 1,
            Step::Record { .. } => {}
            Step::End => return Ok(()),
        }
    }
}
