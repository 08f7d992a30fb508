//! What one device has said and the other has not heard: kept, bounded, until it is there.

use super::frames::SignalKind;
use std::collections::VecDeque;

/// More frames than this are not kept for one side.
const MOST_FRAMES: usize = 1_024;
/// Nor more bytes.
const MOST_BYTES: usize = 512 * 1_024;

/// What is kept for one side.
#[derive(Debug, Default)]
pub struct Kept {
    frames: VecDeque<String>,
    bytes: usize,
}

/// Too much is kept for the side already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

impl Kept {
    /// Tells the side something, or keeps it: if it does not hear it, or has not heard yet what was said before. An offer begins
    /// anew: what came before it is worth nothing.
    ///
    /// # Errors
    /// [`NoRoom`] if it can't be kept.
    pub fn pass(
        &mut self,
        kind: SignalKind,
        text: &str,
        is_heard: impl FnOnce(&str) -> bool,
    ) -> Result<(), NoRoom> {
        if kind == SignalKind::Offer {
            self.forget();
        }
        if self.frames.is_empty() && is_heard(text) {
            return Ok(());
        }
        if self.frames.len() >= MOST_FRAMES || self.bytes + text.len() > MOST_BYTES {
            return Err(NoRoom);
        }
        self.bytes += text.len();
        self.frames.push_back(text.to_owned());
        Ok(())
    }

    /// A device of this side has come: it is told what was kept, in order, as far as it hears it.
    pub fn replay(&mut self, mut is_heard: impl FnMut(&str) -> bool) {
        while self.frames.front().is_some_and(|text| is_heard(text)) {
            if let Some(text) = self.frames.pop_front() {
                self.bytes -= text.len();
            }
        }
    }

    /// Nothing of it is worth anything any more.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SignalKind::{Candidate, Offer};

    fn replayed(kept: &mut Kept) -> Vec<String> {
        let mut told = Vec::new();
        kept.replay(|text| {
            told.push(text.to_owned());
            true
        });
        told
    }

    #[test]
    fn who_comes_late_hears_what_was_said_since_the_last_offer_and_once() {
        let mut kept = Kept::default();
        for (kind, text) in [(Candidate, "old"), (Offer, "offer"), (Candidate, "one"), (Candidate, "two")] {
            kept.pass(kind, text, |_| false).unwrap();
        }
        assert_eq!(replayed(&mut kept), ["offer", "one", "two"]);
        assert!(replayed(&mut kept).is_empty(), "it was heard");
    }

    #[test]
    fn nothing_is_told_before_what_was_said_before_it() {
        let mut kept = Kept::default();
        kept.pass(Offer, "offer", |_| false).unwrap();
        kept.pass(Candidate, "one", |text| panic!("{text} is told before its offer")).unwrap();
        let mut left = 1;
        kept.replay(|_| std::mem::take(&mut left) > 0);
        assert_eq!(replayed(&mut kept), ["one"], "what was not heard is kept");
        kept.pass(Candidate, "two", |_| true).unwrap();
        assert!(replayed(&mut kept).is_empty());
        kept.pass(Candidate, "three", |_| false).unwrap();
        kept.pass(Offer, "anew", |_| true).unwrap();
        assert!(replayed(&mut kept).is_empty(), "an offer needs nothing of what was said before");
    }

    #[test]
    fn what_is_kept_has_its_bounds() {
        let mut kept = Kept::default();
        for n in 0..MOST_FRAMES {
            kept.pass(Candidate, &n.to_string(), |_| false).unwrap();
        }
        assert_eq!(kept.pass(Candidate, "more", |_| true), Err(NoRoom));
        assert_eq!(kept.pass(Offer, "anew", |_| false), Ok(()), "an offer makes room");
        let large = "x".repeat(MOST_BYTES);
        assert_eq!(kept.pass(Candidate, &large, |_| false), Err(NoRoom));
        assert_eq!(replayed(&mut kept), ["anew"]);
        assert_eq!(kept.bytes, 0);
    }
}
