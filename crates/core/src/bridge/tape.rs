//! A conversation as sound, as it was heard: the caller left, the bot right.
//!
//! In go the caller's frames, what the carrier is asked to play, and its marks; out come pairs of bytes, µ-law at 8 kHz. The
//! caller's frames are the clock: a carrier sends them and its marks on one line, so what it says between two frames happened
//! between them, however late it comes here. What the bot says is laid down when a mark says that it was played, and where that
//! was; what was cleared away is laid down as far as it came. So nothing is on the right that was not heard.
//!
//! Left to others: the file, and whether anything may be kept.

use std::collections::VecDeque;

/// Silence in µ-law.
const SILENCE: u8 = 0xFF;
/// Of each channel, in a millisecond.
const PER_MS: u64 = 8;
/// A mark that is so much later than its sound could have been: the sound began later than was thought.
const LATE: u64 = 200 * PER_MS;
/// A mark that is so much later will not come.
const LOST: u64 = 1_000 * PER_MS;

/// What is kept of one media stream, until it is taken. Moments are counted in frames of the caller, from 0.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// The caller, from `told` on.
    left: VecDeque<u8>,
    /// The bot, from `told` on; what comes after its end is not known yet.
    right: VecDeque<u8>,
    /// So much was taken.
    told: u64,
    /// What the carrier has and has not told to be played.
    pieces: VecDeque<Piece>,
}

/// Some sound with the mark that comes back when it was played.
#[derive(Clone, Debug)]
struct Piece {
    sound: Vec<u8>,
    mark: Option<String>,
    sent_at: u64,
    cleared_at: Option<u64>,
}

impl Tape {
    /// The caller's next sound.
    pub fn heard(&mut self, sound: &[u8]) {
        self.left.extend(sound);
        self.give_up_marks();
    }

    /// The carrier is asked to play this after what it has.
    pub fn plays(&mut self, sound: Vec<u8>) {
        let sent_at = self.now();
        self.pieces.push_back(Piece { sound, mark: None, sent_at, cleared_at: None });
    }

    /// It is asked to say when that was played.
    pub fn marks(&mut self, name: &str) {
        if let Some(last) = self.pieces.back_mut().filter(|last| last.mark.is_none()) {
            last.mark = Some(name.to_owned());
        }
    }

    /// It is asked to forget what it has not played.
    pub fn clears(&mut self) {
        let now = self.now();
        for piece in &mut self.pieces {
            piece.cleared_at.get_or_insert(now);
        }
    }

    /// It says that everything before this mark was played, or forgotten.
    pub fn marked(&mut self, name: &str) {
        let named = |piece: &Piece| piece.mark.as_deref() == Some(name);
        let Some(last) = self.pieces.iter().position(named) else { return };
        let now = self.now();
        for piece in self.pieces.drain(..=last).collect::<Vec<_>>() {
            self.lay(&piece, now);
        }
    }

    /// What is certain by now and was not taken: left, right, left, right.
    pub fn take(&mut self) -> Vec<u8> {
        let now = self.now();
        let certain = match self.pieces.front() {
            Some(piece) => now.min(self.right_end().max(piece.sent_at)),
            None => now,
        };
        self.give(certain)
    }

    /// The stream is over: what was being played is laid down as far as it came, and the rest is taken.
    pub fn end(&mut self) -> Vec<u8> {
        self.clears();
        let now = self.now();
        for piece in std::mem::take(&mut self.pieces) {
            self.lay(&piece, now);
        }
        self.give(now.max(self.right_end()))
    }

    fn now(&self) -> u64 {
        self.told + count(self.left.len())
    }

    fn right_end(&self) -> u64 {
        self.told + count(self.right.len())
    }

    /// Where a piece begins if the carrier plays one after the other without a pause.
    fn start_of(&self, piece: &Piece) -> u64 {
        self.right_end().max(piece.sent_at)
    }

    /// A piece of which is told now that it was played, or forgotten.
    fn lay(&mut self, piece: &Piece, now: u64) {
        let length = count(piece.sound.len());
        let start = self.start_of(piece);
        let (start, length) = match piece.cleared_at {
            Some(_) => (start, length.min(now.saturating_sub(start))),
            None if now > start + length + LATE => (now - length, length),
            None => (start, length),
        };
        if length > 0 {
            self.right.resize(size(start.saturating_sub(self.told)), SILENCE);
            self.right.extend(piece.sound.iter().take(size(length)));
        }
    }

    /// Marks that are far too late are waited for no longer: the sound was played as it was to be.
    fn give_up_marks(&mut self) {
        let now = self.now();
        while let Some(piece) = self.pieces.front() {
            let end = self.start_of(piece) + count(piece.sound.len());
            let upto = piece.cleared_at.map_or(end, |at| at.min(end));
            if now <= upto + LOST {
                return;
            }
            if let Some(piece) = self.pieces.pop_front() {
                self.lay(&piece, upto);
            }
        }
    }

    fn give(&mut self, upto: u64) -> Vec<u8> {
        let length = size(upto.saturating_sub(self.told));
        for channel in [&mut self.left, &mut self.right] {
            if channel.len() < length {
                channel.resize(length, SILENCE);
            }
        }
        self.told += count(length);
        let pairs = self.left.drain(..length).zip(self.right.drain(..length));
        pairs.flat_map(|(left, right)| [left, right]).collect()
    }
}

fn count(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
