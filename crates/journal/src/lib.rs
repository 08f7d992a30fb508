//! Remembers: a segmented, append-only, group-committed journal of opaque records.
