//! Reads what is durable, in order, while the writer goes on.

use std::sync::Arc;

use crate::{
    error::ReadError,
    lsn::{Lsn, Position, Record},
    segment::Segment,
    shared::Shared,
    walk::{Step, Walker},
};

/// A cursor over the durable records after one sequence number. Only durable records are ever seen.
///
/// Reads block on the file system (mostly on its cache). A reader that has caught up costs one atomic load.
pub struct Reader {
    shared: Arc<Shared>,
    after: Lsn,
    walker: Option<Walker>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("after", &self.after).finish_non_exhaustive()
    }
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, after: Lsn) -> Result<Self, ReadError> {
        let oldest = shared.ledger.lock().oldest();
        if after.next() < oldest {
            return Err(ReadError::Gone { after, oldest });
        }
        Ok(Self { shared, after, walker: None })
    }

    /// The sequence number of the last record that was given out.
    #[must_use]
    pub fn position(&self) -> Lsn {
        self.after
    }

    /// The next records, at most `max_records` and about `max_bytes` of payload (one record may exceed it). Empty means: caught up;
    /// [`crate::Journal::changed`] tells when to ask again.
    ///
    /// # Errors
    /// The records were retired, the file is damaged, or it could not be read. The reader stays where it was, and may be
    /// asked again.
    pub fn next_batch(&mut self, max_records: usize, max_bytes: usize) -> Result<Vec<Record>, ReadError> {
        if self.after >= self.shared.durable() {
            return Ok(Vec::new());
        }
        let mut records = Vec::new();
        let filled = self.fill(&mut records, max_records, max_bytes);
        if filled.is_err() {
            // What was read before the flaw is given out first; the flaw is met again by the next call.
            self.walker = None;
        }
        match filled {
            Err(error) if records.is_empty() => Err(error),
            Ok(()) | Err(_) => Ok(records),
        }
    }

    fn fill(
        &mut self,
        records: &mut Vec<Record>,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<(), ReadError> {
        let mut bytes = 0;
        let end = self.shared.ledger.lock().durable_at;
        while records.len() < max_records && bytes < max_bytes {
            let walker = match &mut self.walker {
                Some(walker) => walker,
                None => self.walker.insert(open(&self.shared, self.after, end)?),
            };
            let stopped = match walker.step() {
                Ok(Step::Record { lsn, kind, payload, at }) if lsn > self.after => {
                    bytes += payload.len();
                    self.after = lsn;
                    records.push(Record { lsn, kind, payload: payload.to_vec(), at });
                    continue;
                }
                Ok(Step::Record { .. } | Step::Batch) => continue,
                Ok(Step::End) => None,
                Err(stop) => Some(stop),
            };
            match stopped {
                Some(stop) => return Err(walker.explain(stop)),
                None if self.go_on(end)? => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// At the end of what the walker may see: is there more by now, here or in the next segment?
    fn go_on(&mut self, end: Position) -> Result<bool, ReadError> {
        let Some(walker) = &mut self.walker else { return Ok(true) };
        let here = walker.header().id;
        let seen = walker.whole().offset;
        match limit(&self.shared, here, end) {
            Some(limit) if limit > seen => walker.extend(limit),
            _ if here >= end.segment => return Ok(false),
            _ => self.walker = Some(open_id(&self.shared, here + 1, self.after, end)?),
        }
        Ok(true)
    }
}

/// Opens the segment that holds what comes after `after`.
fn open(shared: &Shared, after: Lsn, end: Position) -> Result<Walker, ReadError> {
    let ledger = shared.ledger.lock();
    let oldest = ledger.oldest();
    if after.next() < oldest {
        return Err(ReadError::Gone { after, oldest });
    }
    let behind = ledger.segments.partition_point(|segment| segment.first_lsn <= after.next());
    let id = ledger.segments.get(behind.saturating_sub(1)).map_or(0, |segment| segment.id);
    drop(ledger);
    open_id(shared, id, after, end)
}

fn open_id(shared: &Shared, id: u64, after: Lsn, end: Position) -> Result<Walker, ReadError> {
    let ledger = shared.ledger.lock();
    let Some(segment) = find(&ledger.segments, id) else {
        return Err(ReadError::Gone { after, oldest: ledger.oldest() });
    };
    let (path, bytes) = (segment.path.clone(), segment.bytes);
    drop(ledger);
    Walker::open(&path, id, if id == end.segment { end.offset } else { bytes })
}

/// How far a segment may be read; `None` if it has been retired.
fn limit(shared: &Shared, id: u64, end: Position) -> Option<u64> {
    if id == end.segment {
        return Some(end.offset);
    }
    find(&shared.ledger.lock().segments, id).map(|segment| segment.bytes)
}

fn find(segments: &[Segment], id: u64) -> Option<&Segment> {
    segments.binary_search_by_key(&id, |segment| segment.id).ok().and_then(|place| segments.get(place))
}
