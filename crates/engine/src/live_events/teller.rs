//! Tells: reads what has become durable, and puts it where listeners look. One task for all of them.

use super::cursor::{Place, mark};
use super::event::LiveEvent;
use crate::engine::Inner;
use crate::record::Codec;
use std::sync::Arc;
use std::time::Duration;
use trunkline_journal::{Lsn, ReadError, Reader, Record};

/// How many listeners may read in the journal at once: they share the disk with the projector.
pub(crate) const HISTORY_READERS: usize = 2;
/// The tail begins so many records before the end that is found at a start: who listened before it goes on there.
const BEFORE_START: u64 = 8_192;
const BATCH_RECORDS: usize = 1_000;
const BATCH_BYTES: usize = 1 << 20;
/// After a read that failed.
const RETRY: Duration = Duration::from_millis(500);

impl Inner {
    /// Tells until the server stops.
    pub(crate) async fn tell_events(self: Arc<Self>) {
        loop {
            let failed = tokio::select! {
                failed = self.tell_on() => failed,
                () = self.stop.cancelled() => return,
            };
            tracing::warn!(error = %failed, "events.not_told: the journal can't be read; tried again");
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn tell_on(&self) -> ReadError {
        let mut reader = match self.begin_tail() {
            Ok(reader) => reader,
            Err(failed) => return failed,
        };
        let mut has_caught_up = false;
        loop {
            let mut read = || reader.next_batch(BATCH_RECORDS, BATCH_BYTES);
            // What was written a moment ago is in the system's memory, and little: no thread is worth it.
            let read = if has_caught_up { read() } else { tokio::task::block_in_place(read) };
            match read {
                Ok(records) if records.is_empty() => {
                    has_caught_up = true;
                    self.journal.changed(reader.position()).await;
                }
                Ok(records) => {
                    let events = records.iter().flat_map(|record| self.told(record)).collect();
                    self.tail.push(events, Place::after(reader.position()));
                }
                Err(failed) => return failed,
            }
        }
    }

    fn begin_tail(&self) -> Result<Reader, ReadError> {
        let status = self.journal.status();
        let some = Lsn::new(status.durable.get().saturating_sub(BEFORE_START));
        let reader = self.journal.reader(some.max(status.oldest.before()))?;
        self.tail.begin(Place::after(reader.position()));
        Ok(reader)
    }

    /// What a record tells listeners. One that can't be read was told of where it was met first.
    pub(crate) fn told(&self, record: &Record) -> Vec<LiveEvent> {
        match Codec::heard(record.kind, &record.payload) {
            Ok(Some(heard)) => LiveEvent::told(mark(&self.ident), record.lsn, &heard).collect(),
            Ok(None) | Err(_) => Vec::new(),
        }
    }
}
