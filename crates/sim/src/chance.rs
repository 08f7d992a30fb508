//! All of the simulator's chance, made from a seed and from what is being decided.
//!
//! A generator is derived from the seed and a list of words such as the number called and how often it was called
//! before. So the order in which calls happen to run changes nothing: the same seed gives each call the same life.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

/// A small generator (SplitMix64) whose numbers never change between versions of a library.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// Derives a generator from the seed and the words that name the decision.
    pub(crate) fn of(seed: u64, words: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        for word in words {
            hash.update((word.len() as u64).to_be_bytes());
            hash.update(word.as_bytes());
        }
        let digest = hash.finalize();
        Self(digest.iter().take(8).fold(0, |state, byte| (state << 8) | u64::from(*byte)))
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in the range, ends included.
    pub(crate) fn within(&mut self, range: RangeInclusive<u32>) -> u32 {
        let width = u64::from(range.end().saturating_sub(*range.start())) + 1;
        range.start() + u32::try_from(self.bits() % width).unwrap_or(0)
    }

    /// True with the given probability.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        let unit = (self.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }

    /// One of the choices; `None` when there is none.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let last = u32::try_from(choices.len().checked_sub(1)?).unwrap_or(u32::MAX);
        choices.get(self.within(0..=last) as usize)
    }

    /// 32 lower-case hexadecimal digits, as in a carrier's ids.
    pub(crate) fn hex32(&mut self) -> String {
        let mut hex = String::with_capacity(32);
        for _ in 0..2 {
            // Writing into a String cannot fail.
            let _ = write!(hex, "{:016x}", self.bits());
        }
        hex
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_give_the_same_chance_and_others_do_not() {
        let draw = |seed, words: &[&str]| Chance::of(seed, words).hex32();
        assert_eq!(draw(1, &["a", "b"]), draw(1, &["a", "b"]));
        assert_ne!(draw(1, &["a", "b"]), draw(2, &["a", "b"]));
        assert_ne!(draw(1, &["a", "b"]), draw(1, &["ab"]));
    }

    #[test]
    fn a_range_includes_both_ends() {
        let mut chance = Chance::of(1, &["ends"]);
        let mut seen: Vec<u32> = (0..100).map(|_| chance.within(1..=3)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [1, 2, 3]);
    }
}
