//! What one device has said and the other has perhaps not heard: kept, bounded, until it is there, and for as long as it may
//! come back with nothing left.

use super::frames::{Media, SignalKind};

/// More frames than this are not kept for one side.
const MOST_FRAMES: usize = 1_024;
/// Nor more bytes.
const MOST_BYTES: usize = 512 * 1_024;

/// What is kept for one side.
#[derive(Debug, Default)]
pub struct Kept {
    frames: Vec<Frame>,
    bytes: usize,
}

#[derive(Debug)]
struct Frame {
    text: String,
    is_heard: bool,
}

/// Too much is kept for the side already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

impl Kept {
    /// Keeps what was said to this side. An offer begins anew: what came before it is worth nothing.
    ///
    /// # Errors
    /// [`NoRoom`] if the side has not heard it and it can't be kept; of what was heard only what fits is kept.
    pub fn keep(&mut self, kind: SignalKind, text: &str, is_heard: bool) -> Result<(), NoRoom> {
        if kind == SignalKind::Offer {
            self.forget();
        }
        if self.frames.len() >= MOST_FRAMES || self.bytes + text.len() > MOST_BYTES {
            return if is_heard { Ok(()) } else { Err(NoRoom) };
        }
        self.bytes += text.len();
        self.frames.push(Frame { text: text.to_owned(), is_heard });
        Ok(())
    }

    /// What a device of this side is to hear that has just come, in order.
    pub fn replayed(&mut self, media: Media) -> Vec<String> {
        let unheard = |frame: &&mut Frame| media == Media::Lost || !frame.is_heard;
        let told = self.frames.iter_mut().filter(unheard).map(|frame| {
            frame.is_heard = true;
            frame.text.clone()
        });
        told.collect()
    }

    /// Nothing of it is worth anything any more.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_hears_what_was_said_since_the_last_offer_and_once() {
        let mut kept = Kept::default();
        for (kind, text) in [
            (SignalKind::Candidate, "old"),
            (SignalKind::Offer, "offer"),
            (SignalKind::Candidate, "one"),
            (SignalKind::Candidate, "two"),
        ] {
            kept.keep(kind, text, false).unwrap();
        }
        assert_eq!(kept.replayed(Media::Kept), ["offer", "one", "two"]);
        assert!(kept.replayed(Media::Kept).is_empty(), "it was heard");
        assert_eq!(kept.replayed(Media::Lost).len(), 3, "who has lost everything hears it again");
    }

    #[test]
    fn what_is_kept_has_its_bounds_and_what_is_heard_goes_on_beyond_them() {
        let mut kept = Kept::default();
        for n in 0..MOST_FRAMES {
            kept.keep(SignalKind::Candidate, &n.to_string(), false).unwrap();
        }
        assert_eq!(kept.keep(SignalKind::Candidate, "more", false), Err(NoRoom));
        assert_eq!(kept.keep(SignalKind::Candidate, "more", true), Ok(()));
        assert_eq!(kept.keep(SignalKind::Offer, "anew", false), Ok(()), "an offer makes room");
        let large = "x".repeat(MOST_BYTES);
        assert_eq!(kept.keep(SignalKind::Candidate, &large, false), Err(NoRoom));
    }
}
