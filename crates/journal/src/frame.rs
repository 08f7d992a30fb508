//! The bytes of a segment: encoding and checking, without any I/O.
//!
//! ```text
//! segment = header batch*
//! header  = magic 8 | crc 4 | chain 4 | id 8 | first lsn 8 | node epoch 8 | salt 8                                  (48)
//! batch   = magic 4 | crc 4 | segment 8 | offset 8 | durable 8 | first lsn 8 | epoch 8 | count 4 | bytes 4   record* (56)
//! record  = length 4 | crc 4 | lsn 8 | kind 1 | class 1 | payload                                                   (18)
//! ```
//! All numbers are little endian. Three checks hold the file together:
//! * The **chain**: each record's CRC-32 starts from the one before (through batch and segment headers), so nothing can be
//!   removed, doubled or moved without being noticed.
//! * A batch header says **where it stands** (segment, offset) and **what was durable** before it was written. That claim is what
//!   tells damage to acknowledged data from the torn tail of a power cut.
//! * The **salt**, random per segment, goes into every batch header's checksum, so that nobody can send us a payload that would
//!   be taken for a batch header.

use crc32fast::Hasher;

use crate::lsn::{Class, Lsn};

const SEGMENT_MAGIC: [u8; 8] = *b"TRNKLNJ1";
/// First bytes of a batch; what a scan after damage looks for.
pub(crate) const BATCH_MAGIC: [u8; 4] = *b"\xABTB1";

pub(crate) const SEGMENT_HEADER: usize = 48;
pub(crate) const BATCH_HEADER: usize = 56;
pub(crate) const RECORD_HEADER: usize = 18;

/// The longest payload that can be appended, in bytes.
pub const MAX_PAYLOAD: usize = 16 << 20;

/// Why bytes are not what was once written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The file ends in the middle of something.
    #[error("the file ends too early")]
    Short,
    /// A header does not begin as it must.
    #[error("not a header")]
    Magic,
    /// A checksum does not fit its bytes, or does not follow from the record before.
    #[error("the checksum does not fit")]
    Checksum,
    /// A header that was written for another place.
    #[error("belongs to another place")]
    Misplaced,
    /// A length, class or count that cannot be.
    #[error("impossible length, class or count")]
    Impossible,
    /// A sequence number that does not increase.
    #[error("the sequence number does not increase")]
    Order,
    /// A segment that should be there is not.
    #[error("the segment is missing")]
    Missing,
}

/// What stands at the head of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub id: u64,
    pub first_lsn: Lsn,
    pub epoch: u64,
    pub salt: u64,
    /// The checksum of the last record of the segment before (0 in the first).
    pub chain: u32,
}

impl SegmentHeader {
    pub fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut out = [0; SEGMENT_HEADER];
        out[..8].copy_from_slice(&SEGMENT_MAGIC);
        out[12..16].copy_from_slice(&self.chain.to_le_bytes());
        put_u64(&mut out, 16, self.id);
        put_u64(&mut out, 24, self.first_lsn.get());
        put_u64(&mut out, 32, self.epoch);
        put_u64(&mut out, 40, self.salt);
        let crc = crc32fast::hash(&out[12..]);
        out[8..12].copy_from_slice(&crc.to_le_bytes());
        out
    }

    pub fn decode(bytes: &[u8], id: u64) -> Result<Self, Flaw> {
        if bytes.len() < SEGMENT_HEADER {
            return Err(Flaw::Short);
        }
        if bytes[..8] != SEGMENT_MAGIC {
            return Err(Flaw::Magic);
        }
        if get_u32(bytes, 8) != crc32fast::hash(&bytes[12..SEGMENT_HEADER]) {
            return Err(Flaw::Checksum);
        }
        let header = Self {
            chain: get_u32(bytes, 12),
            id: get_u64(bytes, 16),
            first_lsn: Lsn::new(get_u64(bytes, 24)),
            epoch: get_u64(bytes, 32),
            salt: get_u64(bytes, 40),
        };
        if header.id == id { Ok(header) } else { Err(Flaw::Misplaced) }
    }

    /// Where the chain of this segment begins.
    pub fn chain_start(&self) -> u32 {
        let mut hasher = Hasher::new_with_initial(self.chain);
        hasher.update(&self.encode());
        hasher.finalize()
    }
}

/// What stands before the records of one group commit. A batch without records is a watermark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub segment: u64,
    pub offset: u64,
    /// Everything in this segment before this offset was durable when the batch was written.
    pub durable: u64,
    pub first_lsn: Lsn,
    pub epoch: u64,
    pub count: u32,
    /// Length of the records that follow.
    pub bytes: u32,
}

impl BatchHeader {
    pub fn encode(&self, salt: u64) -> [u8; BATCH_HEADER] {
        let mut out = [0; BATCH_HEADER];
        out[..4].copy_from_slice(&BATCH_MAGIC);
        put_u64(&mut out, 8, self.segment);
        put_u64(&mut out, 16, self.offset);
        put_u64(&mut out, 24, self.durable);
        put_u64(&mut out, 32, self.first_lsn.get());
        put_u64(&mut out, 40, self.epoch);
        out[48..52].copy_from_slice(&self.count.to_le_bytes());
        out[52..56].copy_from_slice(&self.bytes.to_le_bytes());
        let crc = salted(salt, &out[8..]);
        out[4..8].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads the header that stands at `offset` of `segment`; one that was written for another place is refused.
    pub fn decode(bytes: &[u8], segment: &SegmentHeader, offset: u64) -> Result<Self, Flaw> {
        if bytes.len() < BATCH_HEADER {
            return Err(Flaw::Short);
        }
        if bytes[..4] != BATCH_MAGIC {
            return Err(Flaw::Magic);
        }
        if get_u32(bytes, 4) != salted(segment.salt, &bytes[8..BATCH_HEADER]) {
            return Err(Flaw::Checksum);
        }
        let header = Self {
            segment: get_u64(bytes, 8),
            offset: get_u64(bytes, 16),
            durable: get_u64(bytes, 24),
            first_lsn: Lsn::new(get_u64(bytes, 32)),
            epoch: get_u64(bytes, 40),
            count: get_u32(bytes, 48),
            bytes: get_u32(bytes, 52),
        };
        if header.segment != segment.id || header.offset != offset || header.durable > offset {
            return Err(Flaw::Misplaced);
        }
        Ok(header)
    }

    /// The offset behind the last record of this batch.
    pub fn end(&self) -> u64 {
        self.offset + BATCH_HEADER as u64 + u64::from(self.bytes)
    }
}

/// The chain, carried through a batch header.
pub(crate) fn chain_batch(chain: u32, header: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(chain);
    hasher.update(&header[..BATCH_HEADER]);
    hasher.finalize()
}

/// The fixed part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub length: u32,
    pub crc: u32,
    pub lsn: Lsn,
    pub kind: u8,
    pub class: Class,
}

impl RecordHeader {
    pub fn decode(bytes: &[u8]) -> Result<Self, Flaw> {
        if bytes.len() < RECORD_HEADER {
            return Err(Flaw::Short);
        }
        let length = get_u32(bytes, 0);
        let class = Class::from_byte(bytes[17]).ok_or(Flaw::Impossible)?;
        if length as usize > MAX_PAYLOAD {
            return Err(Flaw::Impossible);
        }
        Ok(Self { length, crc: get_u32(bytes, 4), lsn: Lsn::new(get_u64(bytes, 8)), kind: bytes[16], class })
    }

    /// Header and payload together, in bytes.
    pub fn span(&self) -> usize {
        RECORD_HEADER + self.length as usize
    }
}

/// Writes a record whose checksum is not yet known: only the writer knows what stands before it.
pub(crate) fn push_record(out: &mut Vec<u8>, lsn: Lsn, kind: u8, class: Class, payload: &[u8]) {
    let mut header = [0; RECORD_HEADER];
    // MAX_PAYLOAD is checked before, so the length fits.
    header[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    put_u64(&mut header, 8, lsn.get());
    header[16] = kind;
    header[17] = class as u8;
    out.extend_from_slice(&header);
    out.extend_from_slice(payload);
}

/// The checksum of the record that fills `record`, following `chain`.
pub(crate) fn chain_record(chain: u32, record: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(chain);
    hasher.update(&record[..4]);
    hasher.update(&record[8..]);
    hasher.finalize()
}

/// Puts the checksums into the records of a batch, and returns the chain behind them.
pub(crate) fn seal_records(mut chain: u32, mut records: &mut [u8]) -> u32 {
    while records.len() >= RECORD_HEADER {
        let span = RECORD_HEADER + get_u32(records, 0) as usize;
        let (record, rest) = records.split_at_mut(span);
        chain = chain_record(chain, record);
        record[4..8].copy_from_slice(&chain.to_le_bytes());
        records = rest;
    }
    chain
}

fn salted(salt: u64, bytes: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

fn put_u64(out: &mut [u8], at: usize, value: u64) {
    out[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

pub(crate) fn get_u32(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

pub(crate) fn get_u64(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEGMENT: SegmentHeader =
        SegmentHeader { id: 7, first_lsn: Lsn::new(100), epoch: 3, salt: 0xFEED_5EED, chain: 0x1234 };
    const BATCH: BatchHeader = BatchHeader {
        segment: 7,
        offset: 4_000,
        durable: 3_900,
        first_lsn: Lsn::new(120),
        epoch: 3,
        count: 2,
        bytes: 99,
    };

    #[test]
    fn headers_come_back_as_they_were_written() {
        assert_eq!(SegmentHeader::decode(&SEGMENT.encode(), 7), Ok(SEGMENT));
        assert_eq!(BatchHeader::decode(&BATCH.encode(SEGMENT.salt), &SEGMENT, 4_000), Ok(BATCH));
    }

    #[test]
    fn a_batch_header_found_elsewhere_is_not_believed() {
        let bytes = BATCH.encode(SEGMENT.salt);
        assert_eq!(BatchHeader::decode(&bytes, &SEGMENT, 4_001), Err(Flaw::Misplaced));
        let other = SegmentHeader { id: 8, ..SEGMENT };
        assert_eq!(BatchHeader::decode(&bytes, &other, 4_000), Err(Flaw::Misplaced));
    }

    #[test]
    fn a_batch_header_made_without_the_salt_is_not_believed() {
        let forged = BATCH.encode(0);
        assert_eq!(BatchHeader::decode(&forged, &SEGMENT, 4_000), Err(Flaw::Checksum));
    }

    proptest! {
        #[test]
        fn any_flipped_bit_in_a_header_is_noticed(bit in 0usize..BATCH_HEADER * 8) {
            let mut bytes = BATCH.encode(SEGMENT.salt);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(BatchHeader::decode(&bytes, &SEGMENT, 4_000).is_err());
            let mut bytes = SEGMENT.encode();
            let bit = bit % (SEGMENT_HEADER * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(SegmentHeader::decode(&bytes, 7).is_err());
        }

        #[test]
        fn records_come_back_and_any_flipped_bit_breaks_the_chain(
            payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..8),
            seed in any::<u32>(),
            flip in any::<proptest::sample::Index>(),
        ) {
            let mut bytes = Vec::new();
            for (n, payload) in payloads.iter().enumerate() {
                push_record(&mut bytes, Lsn::new(n as u64 + 1), n as u8, Class::Event, payload);
            }
            let end = seal_records(seed, &mut bytes);
            prop_assert_eq!(read_back(seed, &bytes), Some((payloads, end)));

            let bit = flip.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(read_back(seed, &bytes), None);
        }
    }

    fn read_back(mut chain: u32, mut bytes: &[u8]) -> Option<(Vec<Vec<u8>>, u32)> {
        let mut payloads = Vec::new();
        while !bytes.is_empty() {
            let header = RecordHeader::decode(bytes).ok()?;
            let record = bytes.get(..header.span())?;
            chain = chain_record(chain, record);
            if chain != header.crc {
                return None;
            }
            payloads.push(record[RECORD_HEADER..].to_vec());
            bytes = &bytes[header.span()..];
        }
        Some((payloads, chain))
    }
}
