//! Words that carriers use and we do not know.

use std::fmt;

/// A word that we do not know, cut to a length that fits a journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownWord(String);

impl UnknownWord {
    pub(crate) fn new(word: &str) -> Self {
        Self(word.chars().filter(|char| !char.is_control()).take(64).collect())
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
