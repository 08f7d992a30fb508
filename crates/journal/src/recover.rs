//! Recovery: from files to the one point where writing goes on, and to what a person must be told.
//!
//! Only what stands behind the newest readable checkpoint is walked (`survey`). Damage there: refuse to start, change nothing. A torn
//! tail: cut it, make what is left durable, and say so.
//!
//! The limit: damage in the very last acknowledged batch, before any later header or checkpoint was written, looks like a torn
//! tail. The idle watermark narrows that to the last 0.1 s before a crash.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::{
    checkpoint::{self, Checkpoint},
    error::{Damage, Doing, FileError, OpenError},
    folder::{self, SegmentName},
    frame::SEGMENT_HEADER,
    lsn::Lsn,
    options::{Options, Sync},
    segment::{self, Active, Segment},
    survey::{Tail, survey},
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

/// Everything a journal starts from.
pub(crate) struct Start {
    pub recovered: Recovered,
    pub segments: Vec<Segment>,
    pub active: Active,
    pub checkpoints: Vec<Lsn>,
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

/// Reads the folder, cuts a torn tail, and makes sure that everything which is left is durable.
pub(crate) fn recover(dir: &Path, options: &Options) -> Result<Start, OpenError> {
    let contents = folder::list(dir)?;
    let loaded = checkpoint::load_newest(&contents.checkpoints)?;
    let facts = loaded.newest.as_ref().map(|(facts, _)| *facts);
    let survey = survey(dir, &contents.segments, facts)?;
    for path in &contents.unfinished {
        fs::remove_file(path).doing("remove", path)?;
    }
    for damage in &loaded.damaged {
        // Else it would count as one of the two that are kept.
        folder::set_aside(&damage.file)?;
    }
    let checkpoints = folder::list(dir)?.checkpoints.into_iter().map(|(covers, _)| covers).collect();

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
            "the journal's tail was torn: cut {} bytes that nothing vouches for", torn.bytes
        );
    }
    for damage in &recovered.damaged_checkpoints {
        tracing::error!(%damage, "a checkpoint can't be read and is set aside: an older one is used, and more is replayed");
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
        Tail::Fresh => Ok((segment::create(dir, 1, last.next(), 0, options)?, None)),
        Tail::Unborn { segment, length, chain } => {
            fs::remove_file(&segment.path).doing("remove", &segment.path)?;
            let active = segment::create(dir, segment.id, last.next(), chain, options)?;
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
