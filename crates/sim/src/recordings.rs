//! Recordings: their records, and audio made up on demand.
//!
//! A recording is 8 kHz mono, exactly as long as its duration says, with tones that differ from one to the next, so
//! that two recordings that were mixed up can be told apart by ear and by bytes.

use std::collections::HashMap;
use std::io::Cursor;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::ids::{CallSid, RecordingSid};

const SAMPLE_RATE: u32 = 8_000;
const BEEP_SAMPLES: u32 = SAMPLE_RATE / 4;

/// What made a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RecordingSource {
    /// `<Record>`.
    RecordVerb,
    /// `Record=true` when the call was created.
    OutboundAPI,
    /// `record_start`.
    StartCallRecordingAPI,
}

impl RecordingSource {
    /// The carrier's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecordVerb => "RecordVerb",
            Self::OutboundAPI => "OutboundAPI",
            Self::StartCallRecordingAPI => "StartCallRecordingAPI",
        }
    }
}

/// One recording.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RecordingRecord {
    /// The carrier's id.
    pub sid: RecordingSid,
    /// The call that was recorded.
    pub call: CallSid,
    /// Whole seconds.
    pub secs: u32,
    /// What made it.
    pub source: RecordingSource,
    /// When recording began.
    pub started_at: Timestamp,
    /// From when the audio can be downloaded.
    pub media_from: Timestamp,
}

/// All recordings.
#[derive(Default)]
pub(crate) struct Recordings(Mutex<State>);

#[derive(Default)]
struct State {
    all: HashMap<RecordingSid, RecordingRecord>,
    by_call: HashMap<CallSid, Vec<RecordingSid>>,
}

impl Recordings {
    pub(crate) fn add(&self, record: RecordingRecord) {
        let mut state = self.0.lock();
        state.by_call.entry(record.call.clone()).or_default().push(record.sid.clone());
        state.all.insert(record.sid.clone(), record);
    }

    pub(crate) fn get(&self, sid: &RecordingSid) -> Option<RecordingRecord> {
        self.0.lock().all.get(sid).cloned()
    }

    /// A call's recordings, oldest first.
    pub(crate) fn of_call(&self, call: &CallSid) -> Vec<RecordingRecord> {
        let state = self.0.lock();
        let sids = state.by_call.get(call).into_iter().flatten();
        sids.filter_map(|sid| state.all.get(sid).cloned()).collect()
    }
}

/// Makes a recording's WAV file.
pub(crate) fn wav(sid: &RecordingSid, secs: u32) -> Result<Vec<u8>, hound::Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec)?;
    let mut chance = Chance::of(0, &["tone", sid.as_str()]);
    let mut pitch = 0.0;
    for sample in 0..secs * SAMPLE_RATE {
        let within = sample % BEEP_SAMPLES;
        if within == 0 {
            pitch = f64::from(chance.within(300..=1_200));
        }
        let phase = std::f64::consts::TAU * pitch * f64::from(within) / f64::from(SAMPLE_RATE);
        // A fade at both ends of a beep, or it would click.
        let fade = (f64::from(within.min(BEEP_SAMPLES - within)) / 200.0).min(1.0);
        writer.write_sample((phase.sin() * fade * 8_000.0) as i16)?;
    }
    writer.finalize()?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_as_long_as_it_says_and_unlike_the_next() {
        let ann = wav(&"RE1".into(), 3).unwrap();
        let reader = hound::WavReader::new(Cursor::new(&ann)).unwrap();
        assert_eq!((reader.spec().channels, reader.spec().sample_rate), (1, 8_000));
        assert_eq!(reader.duration(), 3 * 8_000);
        assert_ne!(ann, wav(&"RE2".into(), 3).unwrap());
        assert_eq!(ann, wav(&"RE1".into(), 3).unwrap());
    }
}
