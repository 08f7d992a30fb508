//! How a journal is kept: sizes in bytes, times as durations; every default is for production.

use std::time::Duration;

/// Settings of one journal folder. They may change between runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// A segment is closed when the next batch would make it longer than this.
    pub segment_bytes: u64,
    /// Size of the reserve file that is given up on a full disk, so that endings still go in. 0 = no reserve.
    pub reserve_bytes: u64,
    /// Bound of what is not yet projected. At 80 % new dials are refused, at 95 % everything but endings.
    pub backlog_bytes: u64,
    /// Bound of what waits in memory for the disk; beyond it everything but endings is refused.
    pub queue_bytes: usize,
    /// Which life of which node writes; stamped on every batch.
    pub node_epoch: u64,
    /// Whether an acknowledgement waits for the disk.
    pub sync: Sync,
    /// How long the writer may be idle before it writes down that the last batch was durable.
    pub idle_watermark: Duration,
    /// How often a full disk is asked whether there is space again.
    pub full_probe: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            reserve_bytes: 16 << 20,
            backlog_bytes: 8 << 30,
            queue_bytes: 64 << 20,
            node_epoch: 0,
            sync: Sync::Fdatasync,
            idle_watermark: Duration::from_millis(100),
            full_probe: Duration::from_millis(500),
        }
    }
}

/// Whether an acknowledgement means that the disk has the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// One fdatasync for each batch, before anything in it is acknowledged.
    Fdatasync,
    /// Nothing is synced. For the controls of fault tests only: a power cut then loses acknowledged records.
    Off,
}
