//! When a delivery is tried again, and when an endpoint is given up.

use jiff::{SignedDuration, Timestamp};

/// How long after each failed attempt the next one is made, in seconds: a day and a half in all.
pub const SCHEDULE_SECS: [u32; 8] = [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400];
/// An endpoint that took nothing for so long is disabled.
pub const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);
/// The chance adds this part of the wait at most: those that failed together do not come back together.
const SPREAD: f64 = 0.2;

/// When to try again after so many failed attempts, the last one at `now`; `None` if it was the last. `jitter` is drawn by
/// chance: all of its values are equally good.
pub fn retry_at(failed: u32, now: Timestamp, jitter: u16) -> Option<Timestamp> {
    let index = usize::try_from(failed.checked_sub(1)?).ok()?;
    let wait = f64::from(*SCHEDULE_SECS.get(index)?);
    let more = wait * SPREAD * f64::from(jitter) / f64::from(u16::MAX);
    let wait = SignedDuration::try_from_secs_f64(wait + more).ok()?;
    now.checked_add(wait).ok()
}

/// Whether an endpoint that has taken nothing since then is given up.
pub fn is_given_up(failing_since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(failing_since) >= GIVEN_UP_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    #[test]
    fn attempts_are_spread_over_a_day_and_a_half_and_then_end() {
        let mut now = at(0);
        let mut failed = 1;
        while let Some(next) = retry_at(failed, now, 0) {
            assert!(next > now);
            (now, failed) = (next, failed + 1);
        }
        assert_eq!(failed, 9, "eight retries after the first attempt");
        assert_eq!(now, at(5 + 60 + 300 + 1_800 + 7_200 + 18_000 + 36_000 + 50_400));
    }

    #[test]
    fn chance_adds_a_fifth_at_most_and_takes_nothing() {
        for (index, secs) in (1..).zip(SCHEDULE_SECS) {
            let wait = |jitter| retry_at(index, at(0), jitter).unwrap().as_second();
            assert_eq!(wait(0), i64::from(secs));
            assert_eq!(wait(u16::MAX), i64::from(secs) + i64::from(secs / 5));
            assert!(wait(0) <= wait(30_000) && wait(30_000) <= wait(u16::MAX));
        }
    }

    #[test]
    fn nothing_that_did_not_fail_is_tried_again() {
        assert_eq!(retry_at(0, at(0), 0), None);
    }

    #[test]
    fn an_endpoint_is_given_up_after_days_and_not_before() {
        assert!(!is_given_up(at(0), at(5 * 86_400 - 1)));
        assert!(is_given_up(at(0), at(5 * 86_400)));
    }
}
