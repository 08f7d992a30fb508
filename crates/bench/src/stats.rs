//! Percentiles of latencies, and what several repetitions agree on.

use std::time::Duration;

use serde::Serialize;

/// Latencies of one window, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<u64>);

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, latency: Duration) {
        self.0.push(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many per second, if they took so long in all.
    pub fn per_second(&self, took: Duration) -> f64 {
        self.0.len() as f64 / took.as_secs_f64().max(f64::EPSILON)
    }

    /// Their percentiles, in milliseconds.
    pub fn percentiles(&self) -> Percentiles {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = |percent| rank(&sorted, percent).map_or(0.0, |nanos| nanos as f64 / 1e6);
        Percentiles { p50: at(50), p95: at(95), p99: at(99), max: at(100) }
    }
}

/// What half, nearly all, and all of them stay under.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The worst.
    pub max: f64,
}

/// The smallest value that at least `percent` of a hundred values do not exceed.
pub fn rank<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let place = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(place - 1).copied()
}

/// What several repetitions measured: their median, and how far they lie apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// The spread of some values; all zero if there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let (Some(min), Some(max)) = (sorted.first(), sorted.last()) else { return Self::default() };
        let half = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[half - 1], sorted[half])
        } else {
            sorted[half]
        };
        Self { median, min: *min, max: *max }
    }

    /// A value that was measured once.
    pub fn once(value: f64) -> Self {
        Self { median: value, min: value, max: value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let mut latencies = Latencies::default();
        (1..=200).rev().for_each(|millis| latencies.add(Duration::from_millis(millis)));
        assert_eq!(latencies.percentiles(), Percentiles { p50: 100.0, p95: 190.0, p99: 198.0, max: 200.0 });
        assert_eq!(latencies.per_second(Duration::from_secs(4)), 50.0);
    }

    #[test]
    fn a_single_value_is_every_percentile_and_none_is_none() {
        assert_eq!((rank(&[7], 1), rank(&[7], 50), rank(&[7], 100)), (Some(7), Some(7), Some(7)));
        assert_eq!(rank::<u64>(&[], 50), None);
        assert_eq!(Latencies::default().percentiles().p99, 0.0);
    }

    #[test]
    fn the_median_lies_in_the_middle_of_odd_and_even_numbers_of_repetitions() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { median: 2.0, min: 1.0, max: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(Spread::of([]), Spread::default());
    }
}
