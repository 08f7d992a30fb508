//! Which frame of a call it is: each that is passed on has a number, so that a device that comes back tells one that it has heard from a
//! new one.

use jiff::Timestamp;

/// Numbers frames of one call, rising. Nothing of it outlives the server: so they follow the time since the call began, in microseconds,
/// and what is said after a restart has a higher number than what was said before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbering {
    last: u64,
}

impl Numbering {
    /// The next number.
    pub fn next(&mut self, began: Timestamp, now: Timestamp) -> u64 {
        let since = u64::try_from(now.duration_since(began).as_micros()).unwrap_or(0);
        self.last = since.max(self.last.saturating_add(1));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_microsecond(micros).unwrap()
    }

    #[test]
    fn numbers_rise_whatever_the_clock_says_and_after_a_restart() {
        let mut numbers = Numbering::default();
        let times = [1_000, 1_000, 1_001, 5_000, 900, 0];
        let told = times.map(|now| numbers.next(at(900), at(now)));
        assert_eq!(told, [100, 101, 102, 4_100, 4_101, 4_102]);
        assert!(Numbering::default().next(at(900), at(9_000)) > 4_102, "another process, later");
        assert_eq!(Numbering::default().next(at(900), at(0)), 1, "a clock that was set back");
    }
}
