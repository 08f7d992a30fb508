//! Hears and speaks. For now: recordings, kept in a folder, whole or not at all.
//!
//! A recording is written to `<name>.part`, synced, renamed, and its folder synced, so that a file without `.part` is
//! complete under any crash. What a recording belongs to, and whether it is wanted, is the engine's affair.

mod recordings;

pub use recordings::{Incoming, RecordingName, Recordings, StoreError, Stored};
