//! How fast carriers are answered: a person waits at the other end of some of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper ends of the buckets, in milliseconds. Above the last: everything else.
const ENDS_MS: [u64; 12] = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/// Answers by how long they took, since the start.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    /// What a person waits for: the next thing they hear.
    pub(crate) voice: Histogram,
    /// What the carrier merely tells.
    pub(crate) callbacks: Histogram,
}

#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// One more than there are ends.
    counts: [AtomicU64; ENDS_MS.len() + 1],
    micros: AtomicU64,
}

/// A histogram as it is at a moment.
#[derive(Debug, PartialEq)]
pub(crate) struct Counted {
    /// Up to so many milliseconds, this many; each with those before it.
    pub(crate) up_to: Vec<(u64, u64)>,
    pub(crate) all: u64,
    pub(crate) micros: u64,
}

impl Histogram {
    pub(crate) fn took(&self, time: Duration) {
        let bucket = ENDS_MS.partition_point(|end| time > Duration::from_millis(*end));
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(crate) fn counted(&self) -> Counted {
        let mut all = 0;
        let mut sums = self.counts.iter().map(|count| {
            all += count.load(Ordering::Relaxed);
            all
        });
        let up_to = ENDS_MS.into_iter().zip(&mut sums).collect();
        sums.for_each(drop);
        Counted { up_to, all, micros: self.micros.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_in_the_bucket_of_its_time_and_in_all_above() {
        let histogram = Histogram::default();
        for ms in [1, 2, 30, 10_001] {
            histogram.took(Duration::from_millis(ms));
        }
        let counted = histogram.counted();
        let of = |end| counted.up_to.iter().find(|(ms, _)| *ms == end).map(|(_, count)| *count);
        assert_eq!([of(1), of(5), of(25), of(50), of(10_000)], [Some(1), Some(2), Some(2), Some(3), Some(3)]);
        assert_eq!((counted.all, counted.micros), (4, 10_034_000));
    }
}
