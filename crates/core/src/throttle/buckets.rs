//! How often somebody may ask: a bucket of tokens each, one taken by each request, refilled at a steady pace.
//!
//! Of a bucket only the time is kept at which it will be full again; that of one who never asked is full.

use super::Recent;
use jiff::{SignedDuration, Timestamp};

/// How often: so many a second in the long run, so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back in a second.
    pub per_second: u32,
    /// Tokens of a full bucket.
    pub burst: u32,
}

impl Rate {
    /// So many a second, and ten seconds' worth at once.
    pub fn per_second(per_second: u32) -> Self {
        let per_second = per_second.max(1);
        Self { per_second, burst: per_second.saturating_mul(10) }
    }

    /// How long one token takes to come back.
    fn token(self) -> SignedDuration {
        SignedDuration::from_nanos(1_000_000_000 / i64::from(self.per_second.max(1)))
    }

    /// How long an empty bucket takes to fill.
    fn whole(self) -> SignedDuration {
        SignedDuration::from_nanos(
            self.token()
                .as_nanos()
                .saturating_mul(i128::from(self.burst.max(1)))
                .try_into()
                .unwrap_or(i64::MAX),
        )
    }
}

/// How somebody stands after asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many may be asked at once at most.
    pub limit: u32,
    /// How many more may be asked now.
    pub remaining: u32,
    /// After how long all may be asked again.
    pub full_after: SignedDuration,
    /// `None`: this one may be asked. Else after how long it may.
    pub wait: Option<SignedDuration>,
}

/// A bucket for each.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    full_at: Recent<K, Timestamp>,
}

impl<K: Ord> Buckets<K> {
    /// Full buckets; at most so many are remembered.
    pub fn new(rate: Rate, most: usize) -> Self {
        Self { rate, full_at: Recent::new(most) }
    }

    /// Takes a token of this one's, if there is one.
    pub fn take(&mut self, key: K, now: Timestamp) -> Standing {
        let (token, whole) = (self.rate.token(), self.rate.whole());
        let full_at = self.full_at.get_or(key, || now);
        // A clock that was set back empties a bucket at most.
        let lacking = full_at.duration_since(now).clamp(SignedDuration::ZERO, whole);
        let after = lacking.saturating_add(token);
        let wait = (after > whole).then(|| after.saturating_sub(whole));
        let lacking = if wait.is_some() { lacking } else { after };
        *full_at = now.checked_add(lacking).unwrap_or(Timestamp::MAX);
        let left = whole.saturating_sub(lacking).as_nanos() / token.as_nanos().max(1);
        Standing {
            limit: self.rate.burst,
            remaining: u32::try_from(left).unwrap_or(u32::MAX),
            full_after: lacking,
            wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000 + millis).unwrap()
    }

    fn buckets() -> Buckets<&'static str> {
        Buckets::new(Rate { per_second: 2, burst: 3 }, 100)
    }

    #[test]
    fn a_full_bucket_gives_all_at_once_and_then_one_at_a_time() {
        let mut buckets = buckets();
        let mut take = |millis| {
            let Standing { remaining, wait, .. } = buckets.take("a", at(millis));
            (remaining, wait.map(|wait| wait.as_millis()))
        };
        assert_eq!([take(0), take(0), take(0)], [(2, None), (1, None), (0, None)]);
        assert_eq!(take(0), (0, Some(500)));
        assert_eq!(take(400), (0, Some(100)), "asking in vain costs nothing");
        assert_eq!((take(500), take(999)), ((0, None), (0, Some(1))));
        assert_eq!(take(60_000), (2, None), "it never holds more than it does");
    }

    #[test]
    fn nobody_empties_another_s() {
        let mut buckets = buckets();
        for _ in 0..10 {
            buckets.take("a", at(0));
        }
        assert!(buckets.take("a", at(0)).wait.is_some());
        assert_eq!(buckets.take("b", at(0)).wait, None);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut buckets = buckets();
        for _ in 0..3 {
            buckets.take("a", at(100_000_000));
        }
        let stood = buckets.take("a", at(0));
        assert_eq!(stood.wait.map(|wait| wait.as_millis()), Some(500));
        assert_eq!(buckets.take("a", at(500)).wait, None);
    }

    #[test]
    fn in_the_long_run_it_gives_its_rate() {
        let mut buckets = buckets();
        let given = (0..100_000).step_by(10).filter(|millis| buckets.take("a", at(*millis)).wait.is_none());
        let given = given.count();
        assert!((200..=203).contains(&given), "{given}");
    }
}
