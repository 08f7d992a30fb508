//! What is said when a setting is wrong: one line that names the setting, where it was given, what is wrong with it
//! and what would be right. Secrets are never quoted.

use std::fmt;
use std::path::PathBuf;

/// Where a setting was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command line flag, with its dashes.
    Flag(&'static str),
    /// A variable of the process's environment.
    Environment(String),
    /// A line of a `.env` file, or of `trunkline.toml`; lines count from 1.
    File {
        /// The file as it was named to us.
        path: PathBuf,
        /// The line on which the setting stands.
        line: usize,
    },
    /// Nowhere: the built-in value is in force, or the setting is missing.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("not set"),
        }
    }
}

/// A setting that can't be used. Prints as one line; the command line ends with exit code 2 on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The setting's name as `trunkline.toml` spells it (`server.port`), or the name that was given when it is no
    /// setting at all.
    pub setting: String,
    /// Where it was given.
    pub origin: Origin,
    /// What is wrong and what would be right.
    pub wrong: Wrong,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}; {}", self.setting, self.origin, self.wrong.what, self.wrong.right)
    }
}

impl std::error::Error for SettingError {}

/// Why a value is refused, and what would be accepted in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong, without the setting's name.
    pub what: String,
    /// What would be right.
    pub right: String,
}

impl Wrong {
    /// Says what is wrong and what would be right. Line breaks are folded, so that an error stays one line.
    pub fn new(what: impl fmt::Display, right: impl fmt::Display) -> Self {
        let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { what: one_line(what.to_string()), right: one_line(right.to_string()) }
    }

    /// Places the refusal at a setting and where it was given.
    pub fn at(self, setting: impl Into<String>, origin: Origin) -> SettingError {
        SettingError { setting: setting.into(), origin, wrong: self }
    }
}

/// A value as it may be quoted in an error: shortened, with control characters made visible.
pub fn quoted(value: &str) -> String {
    let shown: String = value.chars().take(60).flat_map(char::escape_debug).collect();
    let more = if value.chars().nth(60).is_some() { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

/// The word of `known` that `given` was probably meant to be, if one is near enough to be worth naming.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = given.chars().count().div_ceil(3);
    known
        .into_iter()
        .map(|word| (distance(given, word), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many letters must be added, dropped or changed to make one word of the other, without regard to case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let known = ["port", "host", "data_dir", "public_urls"];
        assert_eq!(nearest("prot", known), Some("port"));
        assert_eq!(nearest("Public_URL", known), Some("public_urls"));
        assert_eq!(nearest("datadir", known), Some("data_dir"));
        assert_eq!(nearest("telephone", known), None);
    }

    #[test]
    fn a_long_or_odd_value_is_shortened_and_made_visible() {
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
        assert_eq!(quoted(&"x".repeat(100)), format!("\"{}…\"", "x".repeat(60)));
    }

    #[test]
    fn an_error_is_one_line_whatever_its_parts_are() {
        let error = Wrong::new("two\n  lines", "one\tline").at("a.b", Origin::Flag("--b"));
        assert_eq!(error.to_string(), "a.b (--b): two lines; one line");
    }
}
