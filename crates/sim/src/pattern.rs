//! Which numbers a habit or a fault is meant for.

use serde::{Deserialize, Serialize};

/// A number or a set of numbers: `*` is everyone, `+1555*` a prefix, `*99` a suffix, anything else one number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// True when the number is meant.
    pub fn matches(&self, number: &str) -> bool {
        match (self.0.strip_prefix('*'), self.0.strip_suffix('*')) {
            (Some(suffix), _) => number.ends_with(suffix),
            (None, Some(prefix)) => number.starts_with(prefix),
            (None, None) => self.0 == number,
        }
    }

    /// True for a pattern that names exactly one number.
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Pattern {
    fn default() -> Self {
        Self("*".into())
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_one_number_a_prefix_a_suffix_or_everyone() {
        assert!(Pattern::default().matches("+15550100"));
        assert!(Pattern::from("+1555*").matches("+15550100"));
        assert!(!Pattern::from("+1555*").matches("+15660100"));
        assert!(Pattern::from("*0100").matches("+15550100"));
        assert!(Pattern::from("+15550100").matches("+15550100"));
        assert!(!Pattern::from("+15550100").matches("+155501001"));
    }
}
