//! Recovery: from files to the one point where writing goes on, and to what a person must be told.
//!
//! Only what stands behind the newest readable checkpoint is walked. Nothing is changed before everything was read and found to
//! be either whole or a torn tail.
//!
//! What is flawed counts as **damage** (refuse to start) if anything shows that it had been durable: a segment after it, a batch
//! header behind it that says so, or a checkpoint. Otherwise it is a **torn tail**: bytes of a group commit that nobody was
//! told about. The limit: damage in the very last acknowledged batch, before any later header or checkpoint was written,
//! looks like a torn tail. The idle watermark narrows that to the last 0.1 s before a crash.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crate::{
    checkpoint::{self, Checkpoint, Facts},
    error::{Damage, Doing, FileError, OpenError, ReadError},
    folder::{self, SegmentName},
    frame::{Flaw, SEGMENT_HEADER, SegmentHeader},
    lsn::{Lsn, Position},
    options::{Options, Sync},
    walk::{Mark, Step, Walker},
};

/// What was found when the journal was opened.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// The newest readable checkpoint. What came after is read by a reader that starts at its `covers`.
    pub checkpoint: Option<Checkpoint>,
    /// What was cut off, if the last process died while it wrote.
    pub torn: Option<TornTail>,
    /// The last durable sequence number.
    pub last: Lsn,
    /// The first sequence number that is kept.
    pub oldest: Lsn,
    /// How many records stand behind the checkpoint.
    pub records: u64,
    /// How far the store had eaten when the checkpoint was made.
    pub projected: Lsn,
    /// Newer checkpoints that could not be read.
    pub damaged_checkpoints: Vec<Damage>,
}

/// Bytes behind the last whole batch: written, never acknowledged, now cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The segment's file.
    pub file: PathBuf,
    /// Where it was cut.
    pub offset: u64,
    /// How many bytes were cut.
    pub bytes: u64,
}

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

/// Everything a journal starts from.
pub(crate) struct Start {
    pub recovered: Recovered,
    pub segments: Vec<Segment>,
    pub active: Active,
    pub checkpoints: Vec<Lsn>,
}

/// What a walk over the folder found, before anything is changed.
struct Survey {
    last: Lsn,
    records: u64,
    tail: Tail,
}

/// How the last segment ends.
enum Tail {
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

/// Reads the folder, cuts a torn tail, and makes sure that everything which is left is durable.
pub(crate) fn recover(dir: &Path, options: &Options) -> Result<Start, OpenError> {
    let contents = folder::list(dir)?;
    let loaded = checkpoint::load_newest(&contents.checkpoints)?;
    let facts = loaded.newest.as_ref().map(|(facts, _)| *facts);
    let survey = survey(dir, &contents.segments, facts)?;
    for path in &contents.unfinished {
        fs::remove_file(path).doing("remove", path)?;
    }
    let readable = loaded.damaged.iter().map(|damage| &damage.file);
    let unreadable: Vec<_> = readable.cloned().collect();
    let checkpoints =
        contents.checkpoints.iter().filter(|(_, path)| !unreadable.contains(path)).map(|(covers, _)| *covers);
    let checkpoints = checkpoints.collect();

    let (active, torn) = settle_tail(dir, survey.tail, survey.last, options)?;
    folder::sync_folder(dir, options.sync)?;
    let segments = index(&contents.segments, &active)?;
    let recovered = Recovered {
        torn,
        last: survey.last,
        oldest: segments.first().map_or(survey.last.next(), |segment| segment.first_lsn),
        records: survey.records,
        projected: facts.map_or(Lsn::ZERO, |facts| facts.projected),
        checkpoint: loaded.newest.map(|(facts, payload)| Checkpoint { covers: facts.covers, payload }),
        damaged_checkpoints: loaded.damaged,
    };
    say(&recovered);
    Ok(Start { recovered, segments, active, checkpoints })
}

/// Says loudly what a person should know.
fn say(recovered: &Recovered) {
    if let Some(torn) = &recovered.torn {
        tracing::warn!(
            file = %torn.file.display(), offset = torn.offset, bytes = torn.bytes, last = %recovered.last,
            "the journal's tail was torn: cut {} bytes that were never acknowledged", torn.bytes
        );
    }
    for damage in &recovered.damaged_checkpoints {
        tracing::error!(%damage, "a checkpoint can't be read: an older one is used and more is replayed");
    }
}

/// Where the damage is, for `repair`; `None` if the folder is whole or only torn.
pub(crate) fn find_damage(dir: &Path) -> Result<Option<Damage>, OpenError> {
    let contents = folder::list(dir)?;
    let loaded = checkpoint::load_newest(&contents.checkpoints)?;
    match survey(dir, &contents.segments, loaded.newest.map(|(facts, _)| facts)) {
        Ok(_) => Ok(None),
        Err(OpenError::Damaged { damage, .. }) => Ok(Some(damage)),
        Err(error) => Err(error),
    }
}

fn survey(dir: &Path, segments: &[SegmentName], facts: Option<Facts>) -> Result<Survey, OpenError> {
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
    let from = segments.iter().rposition(|segment| segment.first_lsn <= covers.next()).unwrap_or(0);
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
        let length = fs::metadata(&segment.path).doing("look at", &segment.path)?.len();
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

fn walk_one(walker: &mut Walker, covers: Lsn, records: &mut u64) -> Result<(), crate::walk::Stop> {
    loop {
        match walker.step()? {
            Step::Batch => {}
            Step::Record { lsn, .. } if lsn > covers => *records += 1,
            Step::Record { .. } => {}
            Step::End => return Ok(()),
        }
    }
}

/// Makes the tail what the survey says it is, durably.
fn settle_tail(
    dir: &Path,
    tail: Tail,
    last: Lsn,
    options: &Options,
) -> Result<(Active, Option<TornTail>), OpenError> {
    match tail {
        Tail::Fresh => Ok((create_segment(dir, 1, last.next(), 0, options)?, None)),
        Tail::Unborn { segment, length, chain } => {
            fs::remove_file(&segment.path).doing("remove", &segment.path)?;
            let active = create_segment(dir, segment.id, last.next(), chain, options)?;
            Ok((active, Some(TornTail { file: segment.path, offset: 0, bytes: length })))
        }
        Tail::Good { segment, header, length, mark, certain, watermarked } => {
            let file =
                OpenOptions::new().read(true).write(true).open(&segment.path).doing("open", &segment.path)?;
            let torn = (length > mark.offset).then(|| TornTail {
                file: segment.path.clone(),
                offset: mark.offset,
                bytes: length - mark.offset,
            });
            if torn.is_some() {
                file.set_len(mark.offset).doing("cut", &segment.path)?;
            }
            // A batch may be in the page cache only: after a kill, or after a failed sync, which marks its pages clean all the
            // same. So it is written again, and then synced, before anyone may believe it.
            write_again(&file, certain, mark.offset).doing("write again", &segment.path)?;
            match options.sync {
                Sync::Off => {}
                Sync::Fdatasync => file.sync_all().doing("sync", &segment.path)?,
            }
            // After a cut the last header that was walked over is gone, so nothing vouches for the last batch.
            let watermarked = watermarked && torn.is_none();
            let active = Active {
                file,
                path: segment.path,
                header,
                length: mark.offset,
                chain: mark.chain,
                watermarked,
            };
            Ok((active, torn))
        }
    }
}

fn write_again(file: &File, from: u64, to: u64) -> std::io::Result<()> {
    let from = if from <= SEGMENT_HEADER as u64 { 0 } else { from };
    let length = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, from)?;
    file.write_all_at(&bytes, from)
}

/// Makes the next segment: created, synced, and its folder synced, before anything is put into it.
pub(crate) fn create_segment(
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

/// The segments without gaps up to the active one. Leftovers before a gap are covered by a checkpoint, and left alone.
fn index(names: &[SegmentName], active: &Active) -> Result<Vec<Segment>, FileError> {
    let mut segments = vec![Segment {
        id: active.header.id,
        first_lsn: active.header.first_lsn,
        bytes: active.length,
        path: active.path.clone(),
    }];
    for name in names.iter().rev().skip_while(|name| name.id >= active.header.id) {
        if name.id + 1 != segments[segments.len() - 1].id {
            break;
        }
        let bytes = fs::metadata(&name.path).doing("look at", &name.path)?.len();
        segments.push(Segment { id: name.id, first_lsn: name.first_lsn, bytes, path: name.path.clone() });
    }
    segments.reverse();
    Ok(segments)
}
