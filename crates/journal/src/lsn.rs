//! The words of the journal: where a record stands, and what gives way first when space is short.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The log sequence number of a record: strictly increasing, never reused for a durable record, the first is 1.
///
/// Numbers may have gaps: a batch that was refused (full disk) takes its numbers with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lsn(u64);

impl Lsn {
    /// Stands before the first record.
    pub const ZERO: Self = Self(0);

    /// The sequence number with this value.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number itself, for cursors that are stored elsewhere.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The one before it.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A place in the journal: a segment and a byte in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Position {
    /// The segment's id; segments are numbered from 1 without gaps.
    pub segment: u64,
    /// Bytes from the start of that segment's file.
    pub offset: u64,
}

/// One durable record, as a reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its sequence number.
    pub lsn: Lsn,
    /// What the payload is; the journal stores it and asks no more.
    pub kind: u8,
    /// The bytes that were appended.
    pub payload: Vec<u8>,
    /// Where it stands, for people who look into files.
    pub at: Position,
}

/// What a record is for, as far as shortage of space is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// Starts something new: refused first.
    Dial = 0,
    /// News about something that goes on: refused second.
    Event = 1,
    /// Ends something, and so frees what it held: taken as long as the reserve lasts.
    Ending = 2,
}

impl Class {
    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Dial),
            1 => Some(Self::Event),
            2 => Some(Self::Ending),
            _ => None,
        }
    }
}
