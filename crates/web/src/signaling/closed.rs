//! How often sockets of users' devices ended, and why: for whoever watches the server.

use parking_lot::Mutex;
use std::collections::BTreeMap;

/// The counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Closed(Mutex<BTreeMap<&'static str, u64>>);

impl Closed {
    /// One more ended.
    pub(super) fn count(&self, why: &'static str) {
        *self.0.lock().entry(why).or_default() += 1;
    }

    /// All of them.
    pub(crate) fn read(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().clone()
    }
}
