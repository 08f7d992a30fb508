//! The one thread that writes: takes all that waits, writes it with one call, syncs once, acknowledges.
//!
//! What it promises: nothing is acknowledged before it is durable; a failed sync is the end (a second one would lie); a full
//! disk leaves no trace in the file, costs the records of that batch, and never the endings as long as the reserve lasts.

use std::{
    io,
    os::unix::fs::FileExt,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::{
    error::{Doing, FileError, is_full},
    folder::{self, Replace},
    frame::{
        BATCH_HEADER, BatchHeader, RECORD_HEADER, RecordHeader, SEGMENT_HEADER, chain_batch, seal_records,
    },
    lsn::{Class, Lsn, Position},
    options::Sync,
    queue::{Outcome, Taken, Work},
    segment::{self, Active, CreateError, Segment},
    shared::{Ledger, Shared},
};

/// A buffer that grew beyond this is given back to the system after use.
const KEPT_BUFFER: usize = 4 << 20;

pub(crate) struct Writer {
    shared: Arc<Shared>,
    active: Active,
    /// The disk is full: the reserve was given up, and only endings are written.
    full: bool,
    reserve_held: bool,
    last_probe: Instant,
}

/// Why a batch was not written.
enum Failure {
    /// The file is as it was before.
    Full,
    /// Nobody knows what the disk has.
    Fatal(String),
}

impl Failure {
    fn fatal(error: &FileError) -> Self {
        Self::Fatal(format!("{error}: {}", error.source))
    }
}

impl Writer {
    pub fn new(shared: Arc<Shared>, active: Active) -> Self {
        let reserve_held = shared.ledger.lock().reserve_held;
        Self { shared, active, full: false, reserve_held, last_probe: Instant::now() }
    }

    /// Runs until the queue is closed or the disk fails.
    pub fn run(mut self) {
        let mut spare = Vec::new();
        if !self.reserve_held {
            self.regain_reserve();
        }
        while !self.shared.is_poisoned() {
            match self.shared.queue.take(&mut spare, self.patience()) {
                Work::Batch(taken) => spare = self.commit(taken),
                Work::Idle => self.watermark(),
                Work::Close => return self.watermark(),
            }
            if !self.reserve_held && self.last_probe.elapsed() >= self.shared.options.full_probe {
                self.regain_reserve();
            }
        }
    }

    fn patience(&self) -> Option<Duration> {
        let options = &self.shared.options;
        match (self.full, self.active.watermarked) {
            (true, _) => Some(options.full_probe),
            (false, false) => Some(options.idle_watermark),
            (false, true) => None,
        }
    }

    /// Writes a batch and tells everybody. Gives the buffer back.
    fn commit(&mut self, mut taken: Taken) -> Vec<u8> {
        let started = Instant::now();
        let outcome = self.write_or_make_room(&mut taken);
        match outcome {
            Ok(outcome) => {
                let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
                self.shared.last_commit_micros.store(micros, Ordering::Relaxed);
                self.shared.advance(self.durable_in(&taken, outcome), taken.last);
                taken.fate.settle(outcome);
            }
            Err(why) => {
                self.shared.poison(why);
                taken.fate.settle(Outcome::Poisoned);
            }
        }
        if taken.bytes.capacity() > KEPT_BUFFER { Vec::new() } else { taken.bytes }
    }

    fn durable_in(&self, taken: &Taken, outcome: Outcome) -> Option<Lsn> {
        match outcome {
            Outcome::Durable => Some(taken.last),
            Outcome::EndingsOnly => Some(self.shared.ledger.lock().durable),
            Outcome::Full | Outcome::Poisoned => None,
        }
    }

    fn write_or_make_room(&mut self, taken: &mut Taken) -> Result<Outcome, String> {
        if !self.full {
            match self.write(&mut taken.bytes, taken.first, taken.last, taken.count) {
                Ok(()) => return Ok(Outcome::Durable),
                Err(Failure::Fatal(why)) => return Err(why),
                Err(Failure::Full) => self.give_up_reserve(),
            }
        }
        let kept = self.keep_endings(taken);
        let Some((first, last)) = kept.lsns else { return Ok(Outcome::Full) };
        match self.write(&mut taken.bytes, first, last, kept.count) {
            Ok(()) => Ok(Outcome::EndingsOnly),
            Err(Failure::Fatal(why)) => Err(why),
            Err(Failure::Full) => {
                self.shared.refused.fetch_add(u64::from(kept.count), Ordering::Relaxed);
                self.shared.ledger.lock().refuse(taken.first, taken.last);
                Ok(Outcome::Full)
            }
        }
    }

    /// One write, one sync; or the file is as it was.
    fn write(&mut self, bytes: &mut [u8], first: Lsn, last: Lsn, count: u32) -> Result<(), Failure> {
        self.rotate_for(bytes.len(), first)?;
        let chain = self.seal(bytes, first, count);
        if let Err(error) = write_all(&self.active, bytes) {
            return Err(self.cut_back(error));
        }
        self.sync()?;
        self.active.chain = chain;
        self.active.length += bytes.len() as u64;
        self.active.watermarked = count == 0;
        let mut ledger = self.shared.ledger.lock();
        ledger.durable = last;
        self.note_length(&mut ledger);
        Ok(())
    }

    fn note_length(&self, ledger: &mut Ledger) {
        ledger.durable_at = Position { segment: self.active.header.id, offset: self.active.length };
        if let Some(segment) = ledger.segments.last_mut() {
            segment.bytes = self.active.length;
        }
        self.shared.update_intake(ledger);
    }

    /// Puts header and checksums into the batch, and returns the chain behind it.
    fn seal(&self, bytes: &mut [u8], first: Lsn, count: u32) -> u32 {
        let (head, records) = bytes.split_at_mut(BATCH_HEADER);
        let header = BatchHeader {
            segment: self.active.header.id,
            offset: self.active.length,
            durable: match self.shared.options.sync {
                Sync::Fdatasync => self.active.length,
                Sync::Off => 0,
            },
            first_lsn: first,
            epoch: self.shared.options.node_epoch,
            count,
            // The queue's bound is far below 4 GiB.
            bytes: records.len() as u32,
        };
        head.copy_from_slice(&header.encode(self.active.header.salt));
        seal_records(chain_batch(self.active.chain, head), records)
    }

    /// Begins the next segment if the batch would make this one too long.
    fn rotate_for(&mut self, bytes: usize, first: Lsn) -> Result<(), Failure> {
        let used = self.active.length > SEGMENT_HEADER as u64;
        if !used || self.active.length + bytes as u64 <= self.shared.options.segment_bytes {
            return Ok(());
        }
        let next = self.active.header.id + 1;
        let made = segment::create(&self.shared.dir, next, first, self.active.chain, &self.shared.options);
        self.active = made.map_err(|error| match error {
            CreateError::Write(error) if error.is_full() => Failure::Full,
            CreateError::Write(error) | CreateError::Sync(error) => Failure::fatal(&error),
            CreateError::Randomness(error) => Failure::Fatal(format!("no randomness for a segment: {error}")),
        })?;
        let mut ledger = self.shared.ledger.lock();
        ledger.segments.push(Segment {
            id: next,
            first_lsn: first,
            bytes: self.active.length,
            path: self.active.path.clone(),
        });
        Ok(())
    }

    /// After a short or failed write: the file ends again where it was good, and that is durable before anything else is.
    fn cut_back(&self, error: io::Error) -> Failure {
        let full = is_full(&error);
        let cut = self.active.file.set_len(self.active.length).doing("cut", &self.active.path);
        match (full, cut) {
            (true, Ok(())) => self.sync().err().unwrap_or(Failure::Full),
            (true, Err(error)) => Failure::fatal(&error),
            (false, _) => {
                Failure::fatal(&FileError { what: "write", file: self.active.path.clone(), source: error })
            }
        }
    }

    fn sync(&self) -> Result<(), Failure> {
        match self.shared.options.sync {
            Sync::Off => Ok(()),
            Sync::Fdatasync => self
                .active
                .file
                .sync_data()
                .doing("sync", &self.active.path)
                .map_err(|error| Failure::fatal(&error)),
        }
    }

    /// Leaves only the endings in the batch; the others count as refused.
    fn keep_endings(&self, taken: &mut Taken) -> Kept {
        let mut kept = Kept { count: 0, lsns: None };
        let mut bytes = vec![0; BATCH_HEADER];
        let mut rest = &taken.bytes[BATCH_HEADER..];
        let mut ledger = self.shared.ledger.lock();
        while let Ok(header) = RecordHeader::decode(rest) {
            let (record, behind) = rest.split_at(header.span());
            rest = behind;
            if header.class == Class::Ending {
                bytes.extend_from_slice(record);
                kept.count += 1;
                kept.lsns = Some((kept.lsns.map_or(header.lsn, |(first, _)| first), header.lsn));
            } else {
                ledger.refuse(header.lsn, header.lsn);
            }
        }
        self.shared.refused.fetch_add(u64::from(taken.count - kept.count), Ordering::Relaxed);
        taken.bytes = bytes;
        kept
    }

    fn give_up_reserve(&mut self) {
        self.last_probe = Instant::now();
        let released = folder::release_reserve(&self.shared.dir);
        (self.full, self.reserve_held) = (true, false);
        self.tell_room();
        tracing::error!(released, "the journal's disk is full: only endings are taken");
    }

    /// Takes the reserve if the disk has room for it; then there is room for everybody again.
    fn regain_reserve(&mut self) {
        self.last_probe = Instant::now();
        let options = &self.shared.options;
        if !folder::has_room(&self.shared.dir, options.reserve_bytes) {
            return;
        }
        match folder::take_reserve(&self.shared.dir, options.reserve_bytes, options.sync) {
            Ok(()) => {
                (self.full, self.reserve_held) = (false, true);
                self.tell_room();
                tracing::info!("the journal's reserve is in place");
            }
            Err(Replace::Write(error)) => tracing::debug!(%error, "no room yet for the journal's reserve"),
            Err(Replace::Sync(error)) => self.shared.poison(format!("{error}: {}", error.source)),
        }
    }

    fn tell_room(&self) {
        let mut ledger = self.shared.ledger.lock();
        (ledger.full, ledger.reserve_held) = (self.full, self.reserve_held);
        self.shared.update_intake(&ledger);
    }

    /// Writes down that everything so far was durable, so that later damage there is known as such.
    fn watermark(&mut self) {
        if self.active.watermarked || self.full || self.shared.is_poisoned() {
            return;
        }
        let last = self.shared.durable();
        let mut bytes = [0; BATCH_HEADER];
        match self.write(&mut bytes, last.next(), last, 0) {
            Ok(()) => {}
            // It is not worth the reserve. The next batch will tell the same.
            Err(Failure::Full) => self.active.watermarked = true,
            Err(Failure::Fatal(why)) => self.shared.poison(why),
        }
    }
}

struct Kept {
    count: u32,
    lsns: Option<(Lsn, Lsn)>,
}

fn write_all(active: &Active, bytes: &[u8]) -> io::Result<()> {
    debug_assert!(bytes.len() >= BATCH_HEADER && BATCH_HEADER > RECORD_HEADER);
    active.file.write_all_at(bytes, active.length)
}
