//! Walks one segment, checking every byte: for recovery, readers, `verify` and `cat` alike.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::{
    error::{Damage, Doing, FileError, ReadError},
    frame::{
        BATCH_HEADER, BATCH_MAGIC, BatchHeader, Flaw, RECORD_HEADER, RecordHeader, SEGMENT_HEADER,
        SegmentHeader, chain_batch, chain_record,
    },
    lsn::{Lsn, Position},
};

const CHUNK: usize = 256 << 10;

/// What the walker came upon.
pub(crate) enum Step<'a> {
    /// A batch begins. Its records are good only if the walk gets past all of them.
    Batch,
    /// A record that fits the chain.
    Record { lsn: Lsn, kind: u8, payload: &'a [u8], at: Position },
    /// Everything up to the limit was good.
    End,
}

/// Why the walk stopped before its limit.
#[derive(Debug)]
pub(crate) enum Stop {
    Io(io::Error),
    Flawed(Flaw),
}

/// A position in a segment, with the chain up to there.
pub(crate) struct Walker {
    file: File,
    path: PathBuf,
    header: SegmentHeader,
    window: Window,
    chain: u32,
    last: Lsn,
    batch: Option<BatchHeader>,
    records_left: u32,
    whole: Mark,
}

/// The end of the last batch that was good from end to end: where to cut, and where damage is reported.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub offset: u64,
    /// The checksum there, from which the next batch goes on.
    pub chain: u32,
    /// The last sequence number before it, or the one before the segment's first.
    pub last: Lsn,
}

impl Walker {
    /// Opens the segment and checks its header. A walk goes no further than `limit`.
    pub fn open(path: &Path, id: u64, limit: u64) -> Result<Self, ReadError> {
        let file = File::open(path).doing("open", path)?;
        let mut window = Window { limit, ..Window::default() };
        let head = window.bytes(&file, SEGMENT_HEADER).doing("read", path)?;
        let header = SegmentHeader::decode(head.unwrap_or_default(), id).map_err(|flaw| Damage {
            file: path.to_owned(),
            offset: 0,
            flaw,
        })?;
        window.advance(SEGMENT_HEADER);
        let whole = Mark {
            offset: SEGMENT_HEADER as u64,
            chain: header.chain_start(),
            last: header.first_lsn.before(),
        };
        Ok(Self {
            file,
            path: path.to_owned(),
            header,
            window,
            chain: whole.chain,
            last: whole.last,
            batch: None,
            records_left: 0,
            whole,
        })
    }

    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// The end of what was good so far.
    pub fn whole(&self) -> Mark {
        self.whole
    }

    /// The last batch header that was walked over.
    pub fn batch(&self) -> Option<&BatchHeader> {
        self.batch.as_ref()
    }

    /// Lets the walk go on to a later end of the file.
    pub fn extend(&mut self, limit: u64) {
        self.window.limit = limit;
    }

    /// The next step. After a [`Stop`] the walker stands still.
    pub fn step(&mut self) -> Result<Step<'_>, Stop> {
        if self.records_left > 0 {
            return self.record();
        }
        self.whole = Mark { offset: self.window.at, chain: self.chain, last: self.last };
        if self.window.at == self.window.limit {
            return Ok(Step::End);
        }
        let at = self.window.at;
        let bytes = self
            .window
            .bytes(&self.file, BATCH_HEADER)
            .map_err(Stop::Io)?
            .ok_or(Stop::Flawed(Flaw::Short))?;
        let batch = BatchHeader::decode(bytes, &self.header, at).map_err(Stop::Flawed)?;
        self.chain = chain_batch(self.chain, bytes);
        if batch.end() > self.window.limit {
            return Err(Stop::Flawed(Flaw::Short));
        }
        if batch.count == 0 && batch.bytes != 0 {
            return Err(Stop::Flawed(Flaw::Impossible));
        }
        self.window.advance(BATCH_HEADER);
        self.batch = Some(batch);
        self.records_left = batch.count;
        Ok(Step::Batch)
    }

    fn record(&mut self) -> Result<Step<'_>, Stop> {
        let offset = self.window.at;
        let end = self.batch.map_or(offset, |batch| batch.end());
        let header = self.window.bytes(&self.file, RECORD_HEADER).map_err(Stop::Io)?;
        let header = RecordHeader::decode(header.unwrap_or_default()).map_err(Stop::Flawed)?;
        let span = header.span();
        let next = offset + span as u64;
        if next > end || (self.records_left == 1 && next != end) {
            return Err(Stop::Flawed(Flaw::Impossible));
        }
        if header.lsn <= self.last {
            return Err(Stop::Flawed(Flaw::Order));
        }
        let bytes =
            self.window.bytes(&self.file, span).map_err(Stop::Io)?.ok_or(Stop::Flawed(Flaw::Short))?;
        let chain = chain_record(self.chain, bytes);
        if chain != header.crc {
            return Err(Stop::Flawed(Flaw::Checksum));
        }
        self.chain = chain;
        self.last = header.lsn;
        self.records_left -= 1;
        if self.records_left == 0 {
            self.whole = Mark { offset: next, chain, last: header.lsn };
        }
        let payload = self.window.take(span);
        Ok(Step::Record {
            lsn: header.lsn,
            kind: header.kind,
            payload: &payload[RECORD_HEADER..],
            at: Position { segment: self.header.id, offset },
        })
    }

    /// Puts a name and a place to a [`Stop`].
    pub fn explain(&self, stop: Stop) -> ReadError {
        explain(&self.path, self.whole.offset, stop)
    }

    /// Looks behind the damage for the highest offset that some whole batch header says was durable, and for the highest
    /// sequence number that is mentioned there.
    pub fn witness(&self, limit: u64) -> Result<Witness, FileError> {
        let mut witness = Witness::default();
        let mut window = Window { at: self.whole.offset, limit, ..Window::default() };
        loop {
            let at = window.at;
            let wanted = usize::try_from(limit.saturating_sub(at)).unwrap_or(usize::MAX).min(CHUNK);
            let Some(bytes) = window.bytes(&self.file, wanted).doing("read", &self.path)? else { break };
            if bytes.len() < BATCH_HEADER {
                break;
            }
            let starts = bytes.len() - BATCH_HEADER + 1;
            for start in (0..starts).filter(|&start| bytes[start..].starts_with(&BATCH_MAGIC)) {
                if let Ok(batch) = BatchHeader::decode(&bytes[start..], &self.header, at + start as u64) {
                    witness.durable = witness.durable.max(batch.durable);
                    let last = batch.first_lsn.get().saturating_add(u64::from(batch.count));
                    witness.mentioned = witness.mentioned.max(Lsn::new(last));
                }
            }
            window.advance(starts);
        }
        Ok(witness)
    }
}

/// Says where and in which file a walk was stopped.
pub(crate) fn explain(path: &Path, offset: u64, stop: Stop) -> ReadError {
    match stop {
        Stop::Io(source) => FileError { what: "read", file: path.to_owned(), source }.into(),
        Stop::Flawed(flaw) => Damage { file: path.to_owned(), offset, flaw }.into(),
    }
}

/// What the batch headers behind some damage say.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Witness {
    pub durable: u64,
    pub mentioned: Lsn,
}

/// A part of the file in memory, moving forward.
#[derive(Default)]
struct Window {
    buffer: Vec<u8>,
    /// Where in the buffer `at` stands.
    cursor: usize,
    at: u64,
    limit: u64,
}

impl Window {
    /// The next `count` bytes, or `None` where the limit comes before.
    fn bytes(&mut self, file: &File, count: usize) -> io::Result<Option<&[u8]>> {
        let have = self.buffer.len() - self.cursor;
        if have < count {
            let left = self.limit.saturating_sub(self.at);
            if left < count as u64 {
                return Ok(None);
            }
            self.buffer.drain(..self.cursor);
            self.cursor = 0;
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(count.max(CHUNK));
            self.buffer.resize(wanted, 0);
            if let Err(error) = file.read_exact_at(&mut self.buffer[have..], self.at + have as u64) {
                self.buffer.truncate(have);
                // The file is shorter than its length said: it was cut while we looked.
                return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
            }
        }
        Ok(Some(&self.buffer[self.cursor..self.cursor + count]))
    }

    /// Goes on by bytes that [`Window::bytes`] gave.
    fn advance(&mut self, count: usize) {
        self.cursor += count;
        self.at += count as u64;
    }

    fn take(&mut self, count: usize) -> &[u8] {
        let start = self.cursor;
        self.advance(count);
        &self.buffer[start..start + count]
    }
}
