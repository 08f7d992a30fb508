//! The head of a WAV file with two channels of µ-law at 8 kHz: as carriers and models speak it, byte for byte.
//!
//! A file that grows has a head that does not say how long it is, as programs that read what is still being written understand
//! it; whoever ends the file writes the true one over it. What length there is follows from the file's own, so a file that was
//! cut off anywhere can be given its head later.

/// So long is the head.
pub(crate) const HEAD_BYTES: usize = 58;
/// A pair of bytes, left and right.
const PAIR_BYTES: u64 = 2;
/// 8,000 pairs a second.
const BYTES_PER_SEC: u32 = 16_000;
const SAMPLES_PER_SEC: u32 = 8_000;
const CHANNELS: u16 = 2;
const BITS: u16 = 8;
/// WAVE_FORMAT_MULAW.
const MULAW: u16 = 7;
/// What stands for a length that nobody knows yet.
const UNKNOWN: u32 = u32::MAX;

/// The head of a file that still grows.
pub(crate) fn growing() -> [u8; HEAD_BYTES] {
    head(UNKNOWN, UNKNOWN, UNKNOWN)
}

/// The head of a file with so many bytes of sound; of more than a WAV can have, that of one that grows.
pub(crate) fn whole(sound_bytes: u64) -> [u8; HEAD_BYTES] {
    let lengths = || {
        let sound = u32::try_from(sound_bytes).ok()?;
        let behind = u32::try_from(HEAD_BYTES - 8).ok()?;
        Some((sound.checked_add(behind)?, u32::try_from(sound_bytes / PAIR_BYTES).ok()?, sound))
    };
    lengths().map_or_else(growing, |(riff, samples, sound)| head(riff, samples, sound))
}

/// How many bytes of sound a file of this length holds, in whole pairs; `None` if it has not even a head.
pub(crate) fn sound_in(file_bytes: u64) -> Option<u64> {
    let sound = file_bytes.checked_sub(u64::try_from(HEAD_BYTES).ok()?)?;
    Some(sound - sound % PAIR_BYTES)
}

/// How long a file of this length plays, in whole seconds.
pub(crate) fn seconds_in(file_bytes: u64) -> u32 {
    let secs = sound_in(file_bytes).unwrap_or(0) / u64::from(BYTES_PER_SEC);
    u32::try_from(secs).unwrap_or(u32::MAX)
}

fn head(riff: u32, samples: u32, sound: u32) -> [u8; HEAD_BYTES] {
    let parts: [&[u8]; 15] = [
        b"RIFF",
        &riff.to_le_bytes(),
        b"WAVEfmt ",
        &18_u32.to_le_bytes(),
        &MULAW.to_le_bytes(),
        &CHANNELS.to_le_bytes(),
        &SAMPLES_PER_SEC.to_le_bytes(),
        &BYTES_PER_SEC.to_le_bytes(),
        &2_u16.to_le_bytes(),
        &BITS.to_le_bytes(),
        // Nothing more is said of the format; then how many pairs there are.
        &0_u16.to_le_bytes(),
        b"fact\x04\x00\x00\x00",
        &samples.to_le_bytes(),
        b"data",
        &sound.to_le_bytes(),
    ];
    let mut head = [0; HEAD_BYTES];
    for (to, from) in head.iter_mut().zip(parts.into_iter().flatten()) {
        *to = *from;
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The pieces of a RIFF file: their names, and where each is.
    fn pieces(file: &[u8]) -> Vec<(String, std::ops::Range<usize>)> {
        assert_eq!((&file[..4], &file[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
        let word =
            |at: usize| usize::try_from(u32::from_le_bytes(file[at..at + 4].try_into().unwrap())).unwrap();
        assert_eq!(word(4), file.len() - 8, "the whole of it");
        let (mut at, mut pieces) = (12, Vec::new());
        while at < file.len() {
            let length = word(at + 4);
            pieces.push((String::from_utf8(file[at..at + 4].to_vec()).unwrap(), at + 8..at + 8 + length));
            at += 8 + length;
        }
        assert_eq!(at, file.len(), "the last one ends where the file does");
        pieces
    }

    #[test]
    fn the_head_says_what_follows() {
        let mut file = whole(4).to_vec();
        file.extend([1, 2, 3, 4]);
        let pieces = pieces(&file);
        assert_eq!(pieces.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["fmt ", "fact", "data"]);
        assert_eq!(
            file[pieces[0].1.clone()],
            [7, 0, 2, 0, 0x40, 0x1F, 0, 0, 0x80, 0x3E, 0, 0, 2, 0, 8, 0, 0, 0]
        );
        assert_eq!(file[pieces[1].1.clone()], [2, 0, 0, 0], "two pairs");
        assert_eq!(file[pieces[2].1.clone()], [1, 2, 3, 4]);
    }

    #[test]
    fn a_file_longer_than_a_wav_can_say_keeps_the_head_of_one_that_grows() {
        assert_eq!(whole(u64::from(u32::MAX)), growing());
        assert_eq!(whole(u64::from(u32::MAX) - 51), head(u32::MAX - 1, (u32::MAX - 51) / 2, u32::MAX - 51));
    }

    #[test]
    fn seconds_are_whole_ones() {
        assert_eq!([0, 58, 16_057, 16_058, 32_000].map(seconds_in), [0, 0, 0, 1, 1]);
    }

    proptest! {
        /// Whatever was written when the power of a process went, what is there can be given its head.
        #[test]
        fn a_file_that_was_cut_off_anywhere_is_whole_once_it_has_its_head(sound in prop::collection::vec(any::<u8>(), 0..600), cut in 0_usize..700) {
            let mut file = growing().to_vec();
            file.extend(&sound);
            file.truncate(cut);
            match sound_in(u64::try_from(file.len()).unwrap()) {
                None => prop_assert!(file.len() < HEAD_BYTES),
                Some(left) => {
                    file.truncate(HEAD_BYTES + usize::try_from(left).unwrap());
                    file[..HEAD_BYTES].copy_from_slice(&whole(left));
                    let pieces = pieces(&file);
                    let (name, place) = pieces.last().unwrap();
                    prop_assert_eq!(name, "data");
                    let kept = &file[place.clone()];
                    prop_assert!(sound.starts_with(kept) && kept.len().is_multiple_of(2));
                    prop_assert!(sound.len().min(cut - HEAD_BYTES) - kept.len() < 2);
                }
            }
        }
    }
}
