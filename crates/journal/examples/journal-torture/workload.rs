//! What is written and how it is known again: each record says which writer made it, its number there, and bytes that follow
//! from both. So loss, doubling, disorder and alteration all show.

use std::path::Path;

use trunkline_journal::{Class, Journal, Lsn, OpenError, Options, ReadError, Record, Recovered, Sync};
use trunkline_testkit::chance::Chance;

use crate::Outcome;

/// A record of a writer.
pub fn payload(writer: usize, number: u64) -> Vec<u8> {
    let mut chance = Chance::from_seed((writer as u64) << 48 ^ number);
    let length = chance.between(12, 1200);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(12)];
    chance.fill(&mut bytes);
    bytes[..4].copy_from_slice(&(writer as u32).to_le_bytes());
    bytes[4..12].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// The class of a record.
pub fn class(number: u64) -> Class {
    match number % 4 {
        0 => Class::Dial,
        3 => Class::Ending,
        _ => Class::Event,
    }
}

/// How every tortured journal is kept.
pub fn options(sync: Sync, segment_bytes: u64) -> Options {
    Options {
        segment_bytes,
        reserve_bytes: 4 << 10,
        sync,
        idle_watermark: std::time::Duration::from_millis(10),
        node_epoch: 1,
        ..Options::default()
    }
}

/// For each writer, the number it will use next: everything before is in the journal, once and in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fold(pub Vec<u64>);

impl Fold {
    /// Takes a record in; it must be the next of its writer, and unaltered.
    pub fn apply(&mut self, record: &Record) -> Outcome<()> {
        let (writer, rest) = record.payload.split_first_chunk::<4>().ok_or("a record without a writer")?;
        let (number, _) = rest.split_first_chunk::<8>().ok_or("a record without a number")?;
        let (writer, number) = (u32::from_le_bytes(*writer) as usize, u64::from_le_bytes(*number));
        if self.0.len() <= writer {
            self.0.resize(writer + 1, 0);
        }
        if number != self.0[writer] || record.payload != payload(writer, number) {
            return Err(format!(
                "record {}: writer {writer} number {number} is not {}",
                record.lsn, self.0[writer]
            )
            .into());
        }
        self.0[writer] += 1;
        Ok(())
    }

    /// As the payload of a checkpoint.
    pub fn encode(&self) -> Vec<u8> {
        self.0.iter().flat_map(|next| next.to_le_bytes()).collect()
    }

    fn decode(bytes: &[u8]) -> Self {
        Self(bytes.as_chunks::<8>().0.iter().map(|next| u64::from_le_bytes(*next)).collect())
    }

    /// How many records `acked` has that this has not.
    pub fn lacks(&self, acked: &Self) -> u64 {
        let have = |writer| self.0.get(writer).copied().unwrap_or(0);
        acked.0.iter().enumerate().map(|(writer, next)| next.saturating_sub(have(writer))).sum()
    }
}

/// Opens a journal as its engine would: checkpoint, then tail.
pub fn open(dir: &Path, options: Options) -> Result<(Journal, Recovered, Fold), Broken> {
    let (journal, recovered) = Journal::open(dir, options)?;
    let mut fold =
        recovered.checkpoint.as_ref().map(|found| Fold::decode(&found.payload)).unwrap_or_default();
    let after = recovered.checkpoint.as_ref().map_or(Lsn::ZERO, |found| found.covers);
    let mut reader = journal.reader(after)?;
    loop {
        let records = reader.next_batch(1000, 1 << 20)?;
        if records.is_empty() {
            return Ok((journal, recovered, fold));
        }
        for record in records {
            fold.apply(&record).map_err(|error| Broken::Wrong(error.to_string()))?;
        }
    }
}

/// Why a journal could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It refused to open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It opened, and could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record is missing, doubled or altered.
    #[error("{0}")]
    Wrong(String),
}
