//! A frame of sound that says whose it is and when it was said: 20 ms of µ-law in base64, of which the first bytes are no sound.
//! The bridge looks at no sound, so it takes them for one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// 20 ms.
const BYTES: usize = 160;
/// What is written into them: 24 characters of base64.
const STAMP: usize = 18;
/// Something that can be heard.
const SOUND: u8 = 0x55;

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When it was said, in nanoseconds since the beginning.
    pub at: u64,
    /// In which call.
    pub call: u32,
    /// Which of its speaker's frames it is, from 0.
    pub no: u32,
    /// Whether it was said at its time. Those that a model makes ahead wait for nobody's sake.
    pub is_timely: bool,
}

impl Stamp {
    /// The frame, in base64.
    pub fn sound(self) -> String {
        let mut bytes = [SOUND; BYTES];
        bytes[..8].copy_from_slice(&self.at.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.call.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.no.to_be_bytes());
        bytes[16] = u8::from(self.is_timely);
        STANDARD.encode(bytes)
    }

    /// What stands in a frame, if it has a stamp.
    pub fn read(sound: &str) -> Option<Self> {
        let bytes = STANDARD.decode(sound.get(..STAMP * 4 / 3)?).ok()?;
        Some(Self {
            at: u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?),
            call: u32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?),
            no: u32::from_be_bytes(bytes.get(12..16)?.try_into().ok()?),
            is_timely: *bytes.get(16)? == 1,
        })
    }
}

/// The text of a field, where it is the only one of its name: reading the whole frame would cost more than what is measured.
pub fn field<'a>(frame: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = frame.split_once(&format!("\"{name}\":\""))?;
    after.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_as_long_as_telephones_have_it_and_says_what_was_written_into_it() {
        let stamp = Stamp { at: 123_456_789_012, call: 49, no: 70_000, is_timely: true };
        let sound = stamp.sound();
        assert_eq!(sound.len(), 216);
        assert_eq!(Stamp::read(&sound), Some(stamp));
        assert_eq!(Stamp::read("short"), None);
    }

    #[test]
    fn a_field_is_found_by_its_name() {
        let frame = r#"{"event":"media","streamSid":"MZ1","media":{"payload":"AAAA"}}"#;
        assert_eq!((field(frame, "payload"), field(frame, "event")), (Some("AAAA"), Some("media")));
        assert_eq!(field(frame, "name"), None);
    }
}
