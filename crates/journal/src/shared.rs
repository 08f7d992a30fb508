//! What the writer, the readers and the handle know together: segments, progress, shortage, and the fatal end.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;

use crate::{
    error::AppendError,
    lsn::{Lsn, Position},
    options::Options,
    queue::{Intake, Queue},
    segment::Segment,
};

/// How far the journal has come; watched by those who wait.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    pub durable: Lsn,
    /// Every record up to here is durable or refused.
    pub settled: Lsn,
    pub fatal: Option<String>,
    /// The writer has ended: nothing more will be settled.
    pub ended: bool,
}

/// How a journal is doing, for pages, health and alarms.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Bytes in all segments.
    pub bytes: u64,
    /// How many segments there are.
    pub segments: usize,
    /// The highest durable sequence number.
    pub durable: Lsn,
    /// The first sequence number that is kept.
    pub oldest: Lsn,
    /// Bytes in segments that are not wholly projected.
    pub backlog_bytes: u64,
    /// Bytes that wait in memory for the disk.
    pub waiting_bytes: usize,
    /// What the newest checkpoint covers.
    pub checkpoint: Lsn,
    /// Which classes are taken.
    pub taking: Taking,
    /// Whether the reserve for a full disk is in place.
    pub reserve_held: bool,
    /// Records that were refused after they were queued, since the start, because the disk was full.
    pub refused: u64,
    /// How long the last write and sync took, in microseconds.
    pub last_commit_micros: u64,
    /// Why the journal is poisoned, if it is.
    pub fatal: Option<String>,
}

/// Which classes of records are taken, and why not all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Taking {
    /// All.
    All,
    /// No new dials: the backlog is above 80 % of its bound.
    NoDials,
    /// Only endings: the backlog is above 95 % of its bound.
    EndingsByBacklog,
    /// Only endings: the disk is full.
    EndingsByFullDisk,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    pub segments: Vec<Segment>,
    /// Where the last durable batch ends.
    pub durable_at: Position,
    /// The last durable record.
    pub durable: Lsn,
    pub projected: Lsn,
    /// What the kept checkpoints cover, oldest first.
    pub checkpoints: Vec<Lsn>,
    /// Ranges of refused sequence numbers since the start, both ends included, merged.
    pub refused: Vec<(Lsn, Lsn)>,
    /// The disk is full; only the writer says so.
    pub full: bool,
    pub reserve_held: bool,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub dir: PathBuf,
    pub options: Options,
    pub queue: Queue,
    pub ledger: Mutex<Ledger>,
    pub progress: watch::Sender<Progress>,
    durable: AtomicU64,
    poisoned: AtomicBool,
    pub refused: AtomicU64,
    pub last_commit_micros: AtomicU64,
}

/// Refused ranges are merged; more than this many separate ones means weeks on a full disk, and the oldest no longer matter.
const REFUSED_RANGES: usize = 4096;

impl Shared {
    pub fn new(dir: PathBuf, options: Options, ledger: Ledger, last: Lsn) -> Self {
        let queue = Queue::new(last.next(), options.queue_bytes);
        let (progress, _) =
            watch::channel(Progress { durable: last, settled: last, fatal: None, ended: false });
        Self {
            dir,
            options,
            queue,
            ledger: Mutex::new(ledger),
            progress,
            durable: AtomicU64::new(last.get()),
            poisoned: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            last_commit_micros: AtomicU64::new(0),
        }
    }

    pub fn durable(&self) -> Lsn {
        Lsn::new(self.durable.load(Ordering::Acquire))
    }

    /// The writer got this far. Called before the records of the batch are acknowledged.
    pub fn advance(&self, durable: Option<Lsn>, settled: Lsn) {
        if let Some(lsn) = durable {
            self.durable.store(lsn.get(), Ordering::Release);
        }
        self.progress.send_modify(|progress| {
            progress.durable = durable.unwrap_or(progress.durable);
            progress.settled = settled;
        });
    }

    /// The end: nothing on this disk can be believed any more until recovery has looked at it.
    pub fn poison(&self, why: String) {
        if !self.poisoned.swap(true, Ordering::AcqRel) {
            tracing::error!(%why, "the journal is poisoned: the process must exit");
            self.progress.send_modify(|progress| progress.fatal = Some(why));
        }
        self.queue.poison();
    }

    /// The writer has ended.
    pub fn end(&self) {
        self.progress.send_modify(|progress| progress.ended = true);
    }

    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// What became of a record that is settled.
    pub fn fate_of(&self, lsn: Lsn) -> Result<(), AppendError> {
        let ledger = self.ledger.lock();
        let refused = ledger.refused.iter().any(|(first, last)| (*first..=*last).contains(&lsn));
        if refused { Err(AppendError::Full) } else { Ok(()) }
    }

    /// Opens or closes the doors by what the ledger says.
    pub fn update_intake(&self, ledger: &Ledger) {
        let intake = ledger.intake(self.options.backlog_bytes);
        if self.queue.intake() != intake {
            tracing::warn!(?intake, backlog = ledger.backlog(), "the journal changes what it takes");
            self.queue.set_intake(intake);
        }
    }

    pub fn status(&self) -> Status {
        let ledger = self.ledger.lock();
        let fatal = self.progress.borrow().fatal.clone();
        Status {
            bytes: ledger.segments.iter().map(|segment| segment.bytes).sum(),
            segments: ledger.segments.len(),
            durable: self.durable(),
            oldest: ledger.oldest(),
            backlog_bytes: ledger.backlog(),
            waiting_bytes: self.queue.waiting(),
            checkpoint: ledger.checkpoints.last().copied().unwrap_or_default(),
            taking: match ledger.intake(self.options.backlog_bytes) {
                Intake::Open => Taking::All,
                Intake::NoDials => Taking::NoDials,
                Intake::EndingsByBacklog => Taking::EndingsByBacklog,
                Intake::EndingsByFull => Taking::EndingsByFullDisk,
            },
            reserve_held: ledger.reserve_held,
            refused: self.refused.load(Ordering::Relaxed),
            last_commit_micros: self.last_commit_micros.load(Ordering::Relaxed),
            fatal,
        }
    }
}

impl Ledger {
    /// The first sequence number that is kept.
    pub fn oldest(&self) -> Lsn {
        self.segments.first().map_or(Lsn::new(1), |segment| segment.first_lsn)
    }

    /// Bytes in segments that hold something not yet projected.
    pub fn backlog(&self) -> u64 {
        if self.projected >= self.durable {
            return 0;
        }
        let unread = self.segments.partition_point(|segment| segment.first_lsn <= self.projected.next());
        self.segments[unread.saturating_sub(1)..].iter().map(|segment| segment.bytes).sum()
    }

    fn intake(&self, bound: u64) -> Intake {
        let backlog = u128::from(self.backlog()) * 100;
        let bound = u128::from(bound);
        match () {
            () if self.full => Intake::EndingsByFull,
            () if backlog >= bound * 95 => Intake::EndingsByBacklog,
            () if backlog >= bound * 80 => Intake::NoDials,
            () => Intake::Open,
        }
    }

    pub fn refuse(&mut self, first: Lsn, last: Lsn) {
        match self.refused.last_mut() {
            Some(range) if range.1.next() == first => range.1 = last,
            _ => {
                if self.refused.len() == REFUSED_RANGES {
                    self.refused.remove(0);
                }
                self.refused.push((first, last));
            }
        }
    }
}
