//! What is said or played, as a script holds it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is said or played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The text; may hold `{{name}}` and `{{variable}}`. May be empty when there is audio.
    pub text: String,
    /// Played instead of the text.
    pub audio: Option<AudioUrl>,
}

impl Prompt {
    /// A prompt that is spoken.
    #[must_use]
    pub fn say(text: impl Into<String>) -> Self {
        Self { text: text.into(), audio: None }
    }

    /// A prompt that is played.
    #[must_use]
    pub fn play(audio: AudioUrl) -> Self {
        Self { text: String::new(), audio: Some(audio) }
    }
}

/// Where a carrier fetches an audio file: `http://` or `https://`, at most 2,000 characters, none of them blank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AudioUrl(String);

/// Not an address that a carrier could fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an audio file is given by its full address, http:// or https://, without blanks")]
pub struct BadAudioUrl;

impl AudioUrl {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AudioUrl {
    type Err = BadAudioUrl;

    fn from_str(url: &str) -> Result<Self, BadAudioUrl> {
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or(BadAudioUrl)?;
        let odd = |char: char| char.is_whitespace() || char.is_control();
        let starts_well = host.chars().next().is_some_and(|char| char.is_alphanumeric() || char == '[');
        if starts_well && url.len() <= 2_000 && !url.contains(odd) {
            Ok(Self(url.to_owned()))
        } else {
            Err(BadAudioUrl)
        }
    }
}

impl TryFrom<String> for AudioUrl {
    type Error = BadAudioUrl;

    fn try_from(url: String) -> Result<Self, BadAudioUrl> {
        url.parse()
    }
}

impl From<AudioUrl> for String {
    fn from(url: AudioUrl) -> Self {
        url.0
    }
}
