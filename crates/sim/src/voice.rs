//! Speech as sound, for a world without ears: each byte of a text lasts 60 ms, as that byte over and over. No byte of a text is
//! ever 0xFF, which is silence, or 0xFE, which is noise. Cut anywhere, it is the beginning of the text.
//!
//! Whoever changes a byte on the way, or sends it to the wrong place, is heard.

/// Silence in µ-law.
pub(crate) const SILENCE: u8 = 0xFF;
/// A sound that is nobody's word.
pub(crate) const NOISE: u8 = 0xFE;
/// 8,000 bytes are a second.
pub(crate) const BYTES_PER_MS: usize = 8;
/// A frame of 20 ms.
pub(crate) const FRAME: usize = 20 * BYTES_PER_MS;
const BYTES_PER_LETTER: usize = 60 * BYTES_PER_MS;

/// A text as sound.
pub(crate) fn sound(text: &str) -> Vec<u8> {
    text.bytes().flat_map(|byte| std::iter::repeat_n(byte, BYTES_PER_LETTER)).collect()
}

/// The text of a sound, as far as it goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ear {
    text: Vec<u8>,
    letter: u8,
    length: usize,
}

impl Ear {
    pub(crate) fn hear(&mut self, sound: &[u8]) {
        for &byte in sound {
            if byte != self.letter {
                self.end_letter();
                self.letter = byte;
            }
            self.length += 1;
        }
    }

    fn end_letter(&mut self) {
        // A letter of which less than half was heard is none.
        let times = (self.length + BYTES_PER_LETTER / 2) / BYTES_PER_LETTER;
        if self.letter < NOISE {
            self.text.extend(std::iter::repeat_n(self.letter, times));
        }
        self.length = 0;
    }

    /// What was heard since the last time.
    pub(crate) fn take(&mut self) -> String {
        self.end_letter();
        String::from_utf8_lossy(&std::mem::take(&mut self.text)).trim().to_owned()
    }
}

/// Whether somebody, or something, can be heard.
pub(crate) fn is_sound(frame: &[u8]) -> bool {
    frame.iter().any(|byte| *byte != SILENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(sound: &[u8]) -> String {
        let mut ear = Ear::default();
        ear.hear(sound);
        ear.take()
    }

    #[test]
    fn what_is_said_is_heard_and_what_is_cut_off_is_not() {
        let said = sound("Hello, all is well. שלום");
        assert_eq!(heard(&said), "Hello, all is well. שלום");
        assert_eq!(heard(&said[..BYTES_PER_LETTER * 5]), "Hello");
        assert_eq!(heard(&said[..BYTES_PER_LETTER * 5 + 100]), "Hello");
        assert_eq!(heard(&[SILENCE; 8_000]), "");
        assert_eq!(heard(&[NOISE; 8_000]), "");
    }
}
