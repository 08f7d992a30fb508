//! The handle: open, append, wait, checkpoint, retire, close.

use std::{
    fs::{self, File},
    future::Future,
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;

use crate::{
    checkpoint::{self, Facts},
    error::{AppendError, CheckpointError, Doing, FileError, OpenError, ReadError},
    folder::{self, Replace},
    inspect::{self, Verification},
    lsn::{Class, Lsn, Position},
    options::Options,
    queue::Pending,
    reader::Reader,
    recover::{self, Recovered},
    segment::Segment,
    shared::{Ledger, Progress, Shared, Status},
    writer::Writer,
};

/// A journal that is open for appending. Clones are handles to the same journal.
#[derive(Debug, Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// One checkpoint or retirement at a time.
    upkeep: Mutex<()>,
    /// Held, never read: the folder is ours as long as it lives.
    _lock: File,
}

/// What [`Journal::retire`] removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retired {
    /// How many segments.
    pub segments: usize,
    /// How many bytes.
    pub bytes: u64,
}

impl Journal {
    /// Opens the journal in `dir` (made if need be), recovers it, and starts its writer. Blocking.
    ///
    /// # Errors
    /// Another process has the folder, acknowledged data is damaged, or a file operation failed.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Recovered), OpenError> {
        let lock = folder::lock(dir)?;
        let start = recover::recover(dir, &options)?;
        let reserve =
            fs::metadata(folder::reserve_path(dir)).is_ok_and(|meta| meta.len() == options.reserve_bytes);
        let ledger = Ledger {
            durable_at: Position { segment: start.active.header.id, offset: start.active.length },
            durable: start.recovered.last,
            segments: start.segments,
            projected: start.recovered.projected,
            checkpoints: start.checkpoints,
            refused: Vec::new(),
            full: false,
            reserve_held: reserve,
        };
        let shared = Arc::new(Shared::new(dir.to_owned(), options, ledger, start.recovered.last));
        shared.update_intake(&shared.ledger.lock());
        let writer = Writer::new(Arc::clone(&shared), start.active);
        let thread = thread::Builder::new().name("journal".into()).spawn(move || writer.run());
        let writer = Mutex::new(Some(thread.map_err(OpenError::Thread)?));
        let inner = Inner { shared, writer, upkeep: Mutex::new(()), _lock: lock };
        Ok((Self { inner: Arc::new(inner) }, start.recovered))
    }

    /// Queues a record. Never blocks on the disk; the order of calls is the order of sequence numbers.
    ///
    /// # Errors
    /// The record was refused at once: no space for its class, too large, or the journal has ended.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a record is given away: its writer has no further use for it"
    )]
    pub fn append(&self, kind: u8, payload: Vec<u8>, class: Class) -> Result<Pending, AppendError> {
        self.inner.shared.queue.push(kind, &payload, class)
    }

    /// Whether records of this class are taken now: asked before something is done that only a record makes good.
    ///
    /// # Errors
    /// What [`Journal::append`] would say now.
    pub fn takes(&self, class: Class) -> Result<(), AppendError> {
        self.inner.shared.queue.takes(class)
    }

    /// The highest durable sequence number.
    #[must_use]
    pub fn durable(&self) -> Lsn {
        self.inner.shared.durable()
    }

    /// Waits until the record with this sequence number is durable.
    ///
    /// # Errors
    /// The record was refused, or the journal was poisoned or closed before it was durable.
    pub async fn wait_durable(&self, lsn: Lsn) -> Result<(), AppendError> {
        let done =
            |progress: &Progress| progress.settled >= lsn || progress.fatal.is_some() || progress.ended;
        match self.watch(done).await {
            Some(progress) if progress.settled >= lsn => self.inner.shared.fate_of(lsn),
            Some(progress) if progress.fatal.is_some() => Err(AppendError::Poisoned),
            Some(_) | None => Err(AppendError::Closed),
        }
    }

    /// Waits until something after `seen` is durable, and says up to where. Wakes a tailing reader.
    ///
    /// Never resolves if the journal ends first: watch [`Journal::fatal`] beside it.
    pub async fn changed(&self, seen: Lsn) -> Lsn {
        match self.watch(|progress| progress.durable > seen).await {
            Some(progress) => progress.durable,
            None => std::future::pending().await,
        }
    }

    /// Resolves, with the reason, when the journal is poisoned: the process must then exit with a failure. A retry would lie.
    pub fn fatal(&self) -> impl Future<Output = String> + Send + use<> {
        let mut progress = self.inner.shared.progress.subscribe();
        async move {
            let fatal = progress.wait_for(|progress| progress.fatal.is_some()).await;
            match fatal.map(|progress| progress.fatal.clone()) {
                Ok(Some(why)) => why,
                Ok(None) | Err(_) => std::future::pending().await,
            }
        }
    }

    async fn watch(&self, done: impl FnMut(&Progress) -> bool) -> Option<Progress> {
        let mut progress = self.inner.shared.progress.subscribe();
        progress.wait_for(done).await.ok().map(|progress| progress.clone())
    }

    /// Writes a checkpoint that stands for every record up to `covers`. Blocking.
    ///
    /// # Errors
    /// It covers what is not durable or is older than the newest; or a file operation failed, and the one before stays.
    pub fn checkpoint(&self, covers: Lsn, payload: &[u8]) -> Result<(), CheckpointError> {
        let _upkeep = self.inner.upkeep.lock();
        let shared = &self.inner.shared;
        if shared.is_poisoned() {
            return Err(CheckpointError::Poisoned);
        }
        let facts = facts(&shared.ledger.lock(), covers)?;
        let written = checkpoint::write(&shared.dir, facts, payload, shared.options.sync);
        written.map_err(|error| match error {
            Replace::Write(error) => error,
            Replace::Sync(error) => self.poisoned_by(error),
        })?;
        let kept = checkpoint::remove_old(&shared.dir)?;
        shared.ledger.lock().checkpoints = kept;
        Ok(())
    }

    /// A reader of everything durable after `after`.
    ///
    /// # Errors
    /// These records have been retired.
    pub fn reader(&self, after: Lsn) -> Result<Reader, ReadError> {
        Reader::new(Arc::clone(&self.inner.shared), after)
    }

    /// Removes segments that nobody needs: covered by both kept checkpoints, projected, and last written to more than
    /// `retention` before `now`. Tells the journal how far the store has eaten, which opens the doors that a backlog closed.
    /// Blocking; call it every few seconds.
    ///
    /// With one checkpoint only nothing goes: if that one were damaged, the segments would be all there is.
    ///
    /// # Errors
    /// A file operation failed; what was removed before stays removed.
    pub fn retire(&self, projected: Lsn, now: SystemTime, retention: Duration) -> Result<Retired, FileError> {
        let _upkeep = self.inner.upkeep.lock();
        let shared = &self.inner.shared;
        let mut old = {
            let mut ledger = shared.ledger.lock();
            ledger.projected = ledger.projected.max(projected);
            shared.update_intake(&ledger);
            retirable(&ledger, ledger.projected)
        };
        let mut ripe = 0;
        for segment in &old {
            if !is_older(&segment.path, now, retention)? {
                break;
            }
            ripe += 1;
        }
        old.truncate(ripe);
        self.remove(old)
    }

    /// Removes the segments that end at `upto` or before, and that both kept checkpoints cover, whatever their age: for
    /// whoever knows that nothing in them is wanted any more. Blocking.
    ///
    /// # Errors
    /// A file operation failed; what was removed before stays removed.
    pub fn let_go(&self, upto: Lsn) -> Result<Retired, FileError> {
        let _upkeep = self.inner.upkeep.lock();
        let unwanted = retirable(&self.inner.shared.ledger.lock(), upto);
        self.remove(unwanted)
    }

    /// How many segments [`Journal::let_go`] would remove.
    #[must_use]
    pub fn would_let_go(&self, upto: Lsn) -> usize {
        retirable(&self.inner.shared.ledger.lock(), upto).len()
    }

    /// The segments there are, oldest first, by the number of their first record; the last one is being written.
    #[must_use]
    pub fn segments(&self) -> Vec<Lsn> {
        self.inner.shared.ledger.lock().segments.iter().map(|segment| segment.first_lsn).collect()
    }

    fn remove(&self, segments: Vec<Segment>) -> Result<Retired, FileError> {
        let shared = &self.inner.shared;
        let mut retired = Retired::default();
        for segment in segments {
            // Forgotten first, so that no reader begins there; then one by one and synced, so that no cut of the power can
            // leave a hole between segments.
            shared.ledger.lock().segments.retain(|kept| kept.id != segment.id);
            fs::remove_file(&segment.path).doing("remove", &segment.path)?;
            folder::sync_folder(&shared.dir, shared.options.sync).map_err(|error| self.poisoned_by(error))?;
            retired.segments += 1;
            retired.bytes += segment.bytes;
        }
        Ok(retired)
    }

    /// Checks every byte of every file up to what is durable, while the journal goes on. Blocking, and long.
    ///
    /// # Errors
    /// A file operation failed. Damage is not an error here, it is what is reported.
    pub fn scrub(&self) -> Result<Verification, FileError> {
        let durable_at = self.inner.shared.ledger.lock().durable_at;
        inspect::verify_up_to(&self.inner.shared.dir, Some(durable_at))
    }

    /// How the journal is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.inner.shared.status()
    }

    /// Writes what waits, and ends. Other handles then get [`AppendError::Closed`]. Blocking.
    pub fn close(self) {
        self.inner.finish();
    }

    fn poisoned_by(&self, error: FileError) -> FileError {
        self.inner.shared.poison(format!("{error}: {}", error.source));
        error
    }
}

impl Inner {
    fn finish(&self) {
        self.shared.queue.close();
        if let Some(writer) = self.writer.lock().take()
            && writer.join().is_err()
        {
            self.shared.poison("the journal's writer thread panicked".into());
        }
        self.shared.end();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.finish();
    }
}

fn facts(ledger: &Ledger, covers: Lsn) -> Result<Facts, CheckpointError> {
    if covers > ledger.durable {
        return Err(CheckpointError::NotDurable { covers, durable: ledger.durable });
    }
    match ledger.checkpoints.last() {
        Some(&newest) if newest > covers => Err(CheckpointError::Older { covers, newest }),
        _ => Ok(Facts { covers, durable: ledger.durable_at, projected: ledger.projected }),
    }
}

/// The closed segments, oldest first, whose last record is `upto` or before and covered by the older of two checkpoints.
fn retirable(ledger: &Ledger, upto: Lsn) -> Vec<Segment> {
    let covered = match ledger.checkpoints.as_slice() {
        [.., older, _newer] => *older,
        [_] | [] => return Vec::new(),
    };
    let gone_by = covered.min(upto);
    let closed = ledger.segments.windows(2).take_while(|pair| pair[1].first_lsn <= gone_by.next());
    closed.map(|pair| pair[0].clone()).collect()
}

fn is_older(path: &Path, now: SystemTime, retention: Duration) -> Result<bool, FileError> {
    let written = fs::metadata(path).and_then(|meta| meta.modified()).doing("look at", path)?;
    Ok(now.duration_since(written).is_ok_and(|age| age >= retention))
}
