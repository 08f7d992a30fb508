//! The language a script is spoken in, and the guess when its file doesn't say.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Texts;

/// A BCP 47 tag such as `en-US`. Carriers want the region too, so bare `en` and `he` get theirs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

/// Not a language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a language is written as a tag, such as en-US or he-IL")]
pub struct BadLanguage;

impl Language {
    /// `en-US`.
    #[must_use]
    pub fn english() -> Self {
        Self("en-US".to_owned())
    }

    /// `he-IL`.
    #[must_use]
    pub fn hebrew() -> Self {
        Self("he-IL".to_owned())
    }

    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What we say in this language by ourselves; English where we have no words of our own.
    #[must_use]
    pub fn texts(&self) -> &'static Texts {
        if self.primary() == "he" { &Texts::HEBREW } else { &Texts::ENGLISH }
    }

    /// Hebrew if most letters of the text are, else English: a plain list of questions doesn't say.
    pub(super) fn guess<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let letters = texts.flat_map(str::chars).filter(|char| char.is_alphabetic());
        let (hebrew, all) = letters.fold((0usize, 0usize), |(hebrew, all), char| {
            (hebrew + usize::from(('\u{590}'..='\u{5FF}').contains(&char)), all + 1)
        });
        if hebrew * 2 > all { Self::hebrew() } else { Self::english() }
    }

    fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl FromStr for Language {
    type Err = BadLanguage;

    fn from_str(tag: &str) -> Result<Self, BadLanguage> {
        let tag = tag.trim().replace('_', "-");
        let mut parts = tag.split('-');
        let primary = parts.next().unwrap_or_default().to_ascii_lowercase();
        if !(2..=3).contains(&primary.len()) || !primary.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Err(BadLanguage);
        }
        let rest: Vec<&str> = parts.collect();
        let fits = |part: &&str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if rest.len() > 4 || !rest.iter().all(fits) {
            return Err(BadLanguage);
        }
        // `iw` is what Java still calls Hebrew.
        let primary = if primary == "iw" { "he" } else { primary.as_str() };
        match (primary, rest.as_slice()) {
            ("en", []) => Ok(Self::english()),
            ("he", []) => Ok(Self::hebrew()),
            (_, []) => Ok(Self(primary.to_owned())),
            (_, [region]) if region.len() == 2 => {
                Ok(Self(format!("{primary}-{}", region.to_ascii_uppercase())))
            }
            _ => Ok(Self(format!("{primary}-{}", rest.join("-")))),
        }
    }
}

impl TryFrom<String> for Language {
    type Error = BadLanguage;

    fn try_from(tag: String) -> Result<Self, BadLanguage> {
        tag.parse()
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
