//! `[journal]`: how much disk the journal may take, and how long it is kept.

use std::time::Duration;

use super::error::SettingError;
use super::given::Given;
use super::key::{Absent, Facts, Key, Section};
use super::read;

const JOURNAL: &str = "journal";
const SECS_PER_HOUR: u64 = 3600;

static SEGMENT_BYTES: Key<u64> = Key::new(
    JOURNAL,
    "segment_bytes",
    read::bytes::<{ 1 << 20 }, { 4 << 30 }>,
    Absent::Default("\"64MiB\""),
    "Size of one of its files.",
);
static BACKLOG_BYTES: Key<u64> = Key::new(
    JOURNAL,
    "backlog_bytes",
    read::bytes::<{ 4 << 20 }, { 1 << 50 }>,
    Absent::Default("\"8GiB\""),
    "What may wait for the database. At 80 % new calls are refused, at 95 % everything but the ends of calls.",
);
static RESERVE_BYTES: Key<u64> = Key::new(
    JOURNAL,
    "reserve_bytes",
    read::bytes::<{ 1 << 20 }, { 64 << 30 }>,
    Absent::Default("\"64MiB\""),
    "Disk held back, so that the ends of calls can still be written when the disk is full.",
);
static RETENTION_HOURS: Key<u64> = Key::new(
    JOURNAL,
    "retention_hours",
    read::whole::<1, 8760>,
    Absent::Default("24"),
    "Hours a file is kept after the database has it all.",
);

static KEYS: [&Facts; 4] =
    [&SEGMENT_BYTES.facts, &BACKLOG_BYTES.facts, &RESERVE_BYTES.facts, &RETENTION_HOURS.facts];

/// The section as declared.
pub static SECTION: Section = Section {
    name: JOURNAL,
    about: "The journal: what happened, before anything else knows it.",
    keys: &KEYS,
};

/// The journal's size and age.
#[derive(Debug, Clone)]
pub struct Journal {
    /// Size of one segment, in bytes.
    pub segment_bytes: u64,
    /// What may wait for the store, in bytes.
    pub backlog_bytes: u64,
    /// Disk held back for the ends of calls, in bytes.
    pub reserve_bytes: u64,
    /// Age at which a projected segment may go.
    pub retention: Duration,
}

impl Journal {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        Ok(Self {
            segment_bytes: given.read(&SEGMENT_BYTES)?,
            backlog_bytes: given.read(&BACKLOG_BYTES)?,
            reserve_bytes: given.read(&RESERVE_BYTES)?,
            retention: Duration::from_secs(given.read(&RETENTION_HOURS)? * SECS_PER_HOUR),
        })
    }
}
