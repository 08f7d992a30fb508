//! Frames of a carrier that does not keep their order, put in order again: a small window, and no waiting for what was lost.

use std::collections::BTreeMap;

/// How many frames are held back for one that is missing.
const WINDOW: usize = 3;

/// Puts frames in the order of their numbers.
#[derive(Clone, Debug)]
pub struct Shuffled<T> {
    next: Option<u64>,
    held: BTreeMap<u64, T>,
}

impl<T> Default for Shuffled<T> {
    fn default() -> Self {
        Self { next: None, held: BTreeMap::new() }
    }
}

impl<T> Shuffled<T> {
    /// Takes a frame with its number, and gives those whose turn it is. A frame that comes after its turn has passed is
    /// dropped: what follows it has been heard already.
    pub fn take(&mut self, no: u64, frame: T) -> Vec<T> {
        if self.next.is_some_and(|next| no < next) {
            return Vec::new();
        }
        self.held.insert(no, frame);
        let mut ready = Vec::new();
        while let Some((&first, _)) = self.held.iter().next() {
            let is_next = self.next.is_none_or(|next| first == next);
            if !is_next && self.held.len() <= WINDOW {
                break;
            }
            if let Some(frame) = self.held.remove(&first) {
                ready.push(frame);
            }
            self.next = Some(first + 1);
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn heard(numbers: &[u64]) -> Vec<u64> {
        let mut shuffled = Shuffled::default();
        numbers.iter().flat_map(|no| shuffled.take(*no, *no)).collect()
    }

    #[test]
    fn telnyx_frames_may_be_out_of_order() {
        assert_eq!(heard(&[1, 3, 2, 4, 6, 5]), [1, 2, 3, 4, 5, 6]);
        assert_eq!(heard(&[1, 4, 3, 2, 5]), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_lost_frame_is_waited_for_no_longer_than_the_window() {
        assert_eq!(heard(&[1, 3, 4, 5, 6]), [1, 3, 4, 5, 6]);
        assert_eq!(heard(&[1, 3, 4, 5]), [1], "three are held back for the second");
    }

    #[test]
    fn a_frame_that_comes_twice_or_too_late_is_heard_once_or_never() {
        assert_eq!(heard(&[1, 1, 2, 2]), [1, 2]);
        assert_eq!(heard(&[1, 3, 4, 5, 6, 2, 7]), [1, 3, 4, 5, 6, 7]);
    }

    proptest! {
        #[test]
        fn what_comes_out_is_in_order_whatever_goes_in(numbers in proptest::collection::vec(0_u64..50, 0..60)) {
            let out = heard(&numbers);
            prop_assert!(out.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
