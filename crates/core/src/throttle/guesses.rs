//! How often somebody may guess a secret: some times freely, then with a wait that doubles with each wrong guess.
//!
//! A guess counts as wrong when it begins, so that many at once win nothing; a right one is taken back.

use super::Recent;
use jiff::{SignedDuration, Timestamp};

/// How many wrong guesses are free, how long the wait may grow, and when all is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leniency {
    /// Wrong guesses without a wait.
    pub free: u32,
    /// The wait after that, which doubles.
    pub first: SignedDuration,
    /// The longest wait.
    pub longest: SignedDuration,
    /// Without a guess for so long, all is forgotten.
    pub forgets: SignedDuration,
}

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    last: Timestamp,
}

/// Wrong guesses, by who guesses or at whose secret.
#[derive(Debug)]
pub struct Guesses<K> {
    leniency: Leniency,
    wrong: Recent<K, Wrong>,
}

impl<K: Ord> Guesses<K> {
    /// Nobody has guessed; at most so many are remembered.
    pub fn new(leniency: Leniency, most: usize) -> Self {
        Self { leniency, wrong: Recent::new(most) }
    }

    /// How long a guess must wait; `None` if it may be made now. Nothing is counted.
    pub fn wait(&mut self, key: K, now: Timestamp) -> Option<SignedDuration> {
        let leniency = self.leniency;
        let wrong = *self.wrong.get(key)?;
        let since = now.duration_since(wrong.last);
        // A clock that was set back must not lock anybody out.
        if since.is_negative() || since >= leniency.forgets {
            return None;
        }
        let wait = leniency.wait_after(wrong.count).saturating_sub(since);
        wait.is_positive().then_some(wait)
    }

    /// A guess begins: it counts as wrong.
    pub fn begins(&mut self, key: K, now: Timestamp) {
        let forgets = self.leniency.forgets;
        let wrong = self.wrong.get_or(key, || Wrong { count: 0, last: now });
        if now.duration_since(wrong.last) >= forgets {
            wrong.count = 0;
        }
        *wrong = Wrong { count: wrong.count.saturating_add(1), last: now };
    }

    /// It was right: it does not count after all. Wrong ones before it do.
    pub fn was_right(&mut self, key: K) {
        if let Some(wrong) = self.wrong.get(key) {
            wrong.count = wrong.count.saturating_sub(1);
        }
    }

    /// Forgets what was guessed here: the secret is its holder's again.
    pub fn forget(&mut self, key: &K) {
        self.wrong.forget(key);
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.wrong.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.wrong.is_empty()
    }
}

impl Leniency {
    fn wait_after(self, wrong: u32) -> SignedDuration {
        let Some(doublings) = wrong.checked_sub(self.free) else { return SignedDuration::ZERO };
        self.first.saturating_mul(1 << doublings.min(20)).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENIENCY: Leniency = Leniency {
        free: 3,
        first: SignedDuration::from_secs(1),
        longest: SignedDuration::from_secs(60),
        forgets: SignedDuration::from_secs(900),
    };

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + secs).unwrap()
    }

    /// Guesses wrongly as fast as it may, and gives when.
    fn times(guesses: &mut Guesses<&'static str>, many: usize) -> Vec<i64> {
        let (mut now, mut times) = (0, Vec::new());
        while times.len() < many {
            match guesses.wait("ann", at(now)) {
                None => {
                    guesses.begins("ann", at(now));
                    times.push(now);
                }
                Some(wait) => now += wait.as_secs().max(1),
            }
        }
        times
    }

    #[test]
    fn s_17_the_wait_doubles_with_each_wrong_guess_up_to_its_longest() {
        let mut guesses = Guesses::new(LENIENCY, 100);
        assert_eq!(times(&mut guesses, 12), [0, 0, 0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
        assert_eq!(guesses.wait("ben", at(243)), None, "another does not wait");
        assert!(guesses.wait("ann", at(244)).is_some(), "the control");
        assert_eq!(guesses.wait("ann", at(243 + 900)), None, "after a while all is forgotten");
    }

    #[test]
    fn s_17_many_guesses_at_once_are_no_way_round() {
        let mut guesses = Guesses::new(LENIENCY, 100);
        let begun = (0..50).filter(|_| {
            let may = guesses.wait("ann", at(0)).is_none();
            if may {
                guesses.begins("ann", at(0));
            }
            may
        });
        assert_eq!(begun.count(), 3);
    }

    #[test]
    fn a_right_guess_is_taken_back_and_wrong_ones_before_it_are_not() {
        let mut guesses = Guesses::new(LENIENCY, 100);
        for _ in 0..3 {
            guesses.begins("ann", at(0));
        }
        guesses.was_right("ann");
        assert_eq!(guesses.wait("ann", at(0)), None);
        guesses.begins("ann", at(0));
        assert!(guesses.wait("ann", at(0)).is_some());
        guesses.forget(&"ann");
        assert_eq!(guesses.wait("ann", at(0)), None);
    }

    #[test]
    fn s_17_memory_is_bounded_however_many_names_are_tried() {
        let mut guesses = Guesses::new(LENIENCY, 100);
        for name in 0..10_000 {
            guesses.begins(name, at(0));
        }
        assert!(guesses.len() <= 100);
    }
}
