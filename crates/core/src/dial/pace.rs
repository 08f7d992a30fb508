//! How fast: when the next attempt may begin, so that no second sees more than were granted.
//!
//! Attempts that are apart by more than timers are coarse keep their distance exactly. Where they follow each other faster,
//! one that comes late may be made up for: within [`SLACK`], which the distances pay for, so that any second still sees
//! no more than were granted.

use super::gates;
use jiff::{SignedDuration, Timestamp};

/// So much lateness may be made up for.
pub const SLACK: SignedDuration = SignedDuration::from_millis(20);

/// From one attempt to the next.
pub fn gap(cps: f64) -> SignedDuration {
    let exact = gates::gap(cps);
    if exact >= SLACK { exact } else { gates::gap(cps / (1.0 + SLACK.as_secs_f64())) }
}

/// Takes the turn of one attempt, `last` being the turn before it. What comes back is the turn that was taken: where
/// attempts follow fast it may lie a little before `now`.
///
/// # Errors
/// Too early: when it may.
pub fn turn(last: Option<Timestamp>, cps: f64, now: Timestamp) -> Result<Timestamp, Timestamp> {
    let gap = gap(cps);
    let due = last.and_then(|last| last.checked_add(gap).ok()).unwrap_or(now);
    if due > now {
        return Err(due);
    }
    let earliest = if gap >= SLACK { now } else { now.checked_sub(SLACK).unwrap_or(now) };
    Ok(due.max(earliest))
}

/// When an attempt that asks now will have its turn, behind so many that were promised one.
pub fn expected(last: Option<Timestamp>, cps: f64, promised: u32, now: Timestamp) -> Timestamp {
    let gap = gap(cps);
    let next = last.and_then(|last| last.checked_add(gap).ok()).map_or(now, |due| due.max(now));
    let ahead = gap.checked_mul(i32::try_from(promised).unwrap_or(i32::MAX));
    ahead.and_then(|ahead| next.checked_add(ahead).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_microsecond(micros).unwrap()
    }

    #[test]
    fn a_slow_pace_is_kept_exactly() {
        assert_eq!(turn(None, 1.0, at(5)), Ok(at(5)));
        assert_eq!(turn(Some(at(0)), 1.0, at(999_999)), Err(at(1_000_000)));
        assert_eq!(
            turn(Some(at(0)), 1.0, at(1_700_000)),
            Ok(at(1_700_000)),
            "what was missed is not made up for"
        );
    }

    #[test]
    fn however_late_timers_are_no_second_sees_more_than_were_granted() {
        for (cps, late) in [(640.0, 1_000), (640.0, 7_000), (640.0, 30_000), (5_000.0, 2_000), (100.0, 500)] {
            let (mut now, mut last, mut begun) = (0, None, Vec::new());
            while now < 5_000_000 {
                match turn(last, cps, at(now)) {
                    Ok(taken) => {
                        last = Some(taken);
                        begun.push(now);
                    }
                    Err(due) => now = due.as_microsecond() + late,
                }
            }
            let most = begun
                .iter()
                .enumerate()
                .map(|(n, from)| begun[n..].iter().take_while(|then| **then < from + 1_000_000).count());
            assert!(most.max().unwrap() as f64 <= cps + 1.0, "{cps} a second");
            // The control: it is not just slow.
            if late < 20_000 && cps > 50.0 {
                assert!(
                    begun.len() as f64 > 5.0 * cps * 0.9,
                    "{} of {cps} a second, timers late by {late} µs",
                    begun.len()
                );
            }
        }
    }

    #[test]
    fn those_who_were_promised_a_turn_come_first() {
        assert_eq!(expected(Some(at(0)), 10.0, 3, at(50_000)), at(400_000));
        assert_eq!(expected(None, 10.0, 0, at(50_000)), at(50_000));
    }
}
