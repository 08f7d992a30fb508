//! What went over a line, frame by frame and both ways, for somebody to listen to: a witness that is neither the product's nor
//! the model's.

use std::collections::HashMap;
use std::io::Cursor;

use parking_lot::Mutex;

use crate::ids::CallSid;

const SAMPLE_RATE: u32 = 8_000;

/// Both sides of a line, in µ-law.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    said: Vec<u8>,
    heard: Vec<u8>,
}

impl Tape {
    /// One frame each way; both are as long.
    pub(crate) fn frame(&mut self, said: &[u8], heard: &[u8]) {
        self.said.extend_from_slice(said);
        self.heard.extend_from_slice(heard);
    }

    /// Stereo: what the person said left, what they heard right.
    pub(crate) fn wav(&self) -> Result<Vec<u8>, hound::Error> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec)?;
        for (said, heard) in self.said.iter().zip(&self.heard) {
            writer.write_sample(linear(*said))?;
            writer.write_sample(linear(*heard))?;
        }
        writer.finalize()?;
        Ok(bytes.into_inner())
    }
}

/// A sample of µ-law as G.711 has it: sign, exponent and mantissa, all turned over.
fn linear(sample: u8) -> i16 {
    const BIAS: i16 = 0x84;
    let sample = !sample;
    let mantissa = (i16::from(sample & 0x0F) << 3) + BIAS;
    let size = (mantissa << ((sample >> 4) & 7)) - BIAS;
    if sample & 0x80 == 0 { size } else { -size }
}

/// The tapes of calls.
#[derive(Default)]
pub(crate) struct Tapes(Mutex<HashMap<CallSid, Tape>>);

impl Tapes {
    /// A call's tape, as far as it goes.
    pub(crate) fn keep(&self, call: &CallSid, tape: Tape) {
        self.0.lock().insert(call.clone(), tape);
    }

    pub(crate) fn get(&self, call: &CallSid) -> Option<Tape> {
        self.0.lock().get(call).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_mean_what_the_standard_says() {
        for (sample, means) in
            [(0xFF, 0), (0x7F, 0), (0x80, 32_124), (0x00, -32_124), (0xFE, 8), (0x7E, -8), (0xAF, 4_092)]
        {
            assert_eq!(linear(sample), means, "{sample:#x}");
        }
    }

    #[test]
    fn the_person_is_left_and_what_they_heard_is_right() {
        let mut tape = Tape::default();
        tape.frame(&[0x80, 0xFF], &[0xFF, 0x00]);
        let wav = tape.wav().unwrap();
        let mut reader = hound::WavReader::new(Cursor::new(wav)).unwrap();
        assert_eq!((reader.spec().channels, reader.spec().sample_rate), (2, 8_000));
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples, [32_124, 0, 0, -32_124]);
    }
}
