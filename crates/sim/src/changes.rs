//! Who waits for something to happen waits here, without polling.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

/// A counter of changes and a counter of work under way.
pub(crate) struct Changes {
    version: watch::Sender<u64>,
    busy: AtomicUsize,
}

impl Default for Changes {
    fn default() -> Self {
        Self { version: watch::Sender::new(0), busy: AtomicUsize::new(0) }
    }
}

impl Changes {
    /// Something changed.
    pub(crate) fn bump(&self) {
        self.version.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// Waits until the condition holds; it is asked again after every change.
    pub(crate) async fn until(&self, mut holds: impl FnMut() -> bool) {
        let mut version = self.version.subscribe();
        while !holds() {
            // The sender lives as long as self.
            let _ = version.changed().await;
        }
    }

    /// True when no call is live and no webhook is on its way.
    pub(crate) fn is_idle(&self) -> bool {
        self.busy.load(Ordering::Acquire) == 0
    }

    /// Marks work as under way until the mark is dropped.
    pub(crate) fn mark_busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(self))
    }
}

/// Work under way.
pub(crate) struct Busy(Arc<Changes>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
        self.0.bump();
    }
}
