//! What somebody says in a voice of their own: the words, for whoever reads along, and the sound, for whoever has ears.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A sentence.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Spoken {
    /// The words.
    pub text: String,
    /// How they sound.
    pub sound: Voice,
}

/// A sound as telephones have it, µ-law of 8,000 samples a second; in JSON it is base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Voice(pub Vec<u8>);

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes of sound", self.0.len())
    }
}

impl Serialize for Voice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Voice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let sound = STANDARD.decode(text);
        sound
            .map(Self)
            .map_err(|_| de::Error::custom("a sound is base64 of mu-law at 8,000 samples a second"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::Habit;

    #[test]
    fn a_voice_is_written_in_base64_and_nothing_else_is_one() {
        let speaks = r#"{"habit":"speaks","said":[{"text":"Yes.","sound":"AP9/"}]}"#;
        let habit: Habit = serde_json::from_str(speaks).unwrap();
        let said = vec![Spoken { text: "Yes.".to_owned(), sound: Voice(vec![0x00, 0xFF, 0x7F]) }];
        assert_eq!(habit, Habit::Speaks { said });
        assert_eq!(serde_json::to_string(&habit).unwrap(), speaks);
        assert!(serde_json::from_str::<Habit>(&speaks.replace("AP9/", "Yes, please!")).is_err());
    }
}
