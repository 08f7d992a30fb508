//! How fast one socket may talk: a bucket of its own, so that nobody pays for another.

use std::time::Instant;

/// So many seconds' worth may come at once: a thousand candidates are no flood.
const BURST_SECS: u32 = 10;

/// What one socket may still say.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: f64,
    most: f64,
    left: f64,
    at: Instant,
}

impl Pace {
    pub(super) fn new(per_second: u32, at: Instant) -> Self {
        let most = f64::from(per_second) * f64::from(BURST_SECS);
        Self { per_second: f64::from(per_second), most, left: most, at }
    }

    /// Whether one more frame is within what it may say.
    pub(super) fn allows(&mut self, at: Instant) -> bool {
        let since = at.saturating_duration_since(self.at).as_secs_f64();
        self.at = at;
        self.left = self.most.min(self.left + since * self.per_second);
        let allows = self.left >= 1.0;
        if allows {
            self.left -= 1.0;
        }
        allows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_thousand_candidates_pass_and_a_flood_does_not() {
        let begun = Instant::now();
        let mut pace = Pace::new(200, begun);
        assert!((0..2_000).all(|_| pace.allows(begun)));
        assert!(!pace.allows(begun));
        let later = begun + Duration::from_secs(1);
        assert_eq!((0..10_000).filter(|_| pace.allows(later)).count(), 200);
    }
}
