//! What may stand in the fields of an appointment.

use crate::script::clean;
use thiserror::Error;

/// The longest name of whoever comes, and of to whom, in characters.
const NAME_CHARS: usize = 100;
/// The longest notes, in characters.
const NOTES_CHARS: usize = 2_000;
/// The shortest and the longest appointment, in minutes.
const MINUTES: std::ops::RangeInclusive<u32> = 5..=480;

/// Why a field can't hold that. Never repeats what was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadField {
    /// A name that is empty or too long.
    #[error("give 1 to {NAME_CHARS} characters")]
    Name,
    /// Notes that are too long.
    #[error("give at most {NOTES_CHARS} characters")]
    Notes,
    /// No length an appointment has.
    #[error("an appointment has {} to {} minutes", MINUTES.start(), MINUTES.end())]
    Minutes,
}

/// The name of whoever comes: one line.
///
/// # Errors
/// `Name`.
pub fn customer(words: &str) -> Result<String, BadField> {
    name(words)
}

/// The name of to whom: one line, by which they are told apart.
///
/// # Errors
/// `Name`.
pub fn practitioner_name(words: &str) -> Result<String, BadField> {
    name(words)
}

fn name(words: &str) -> Result<String, BadField> {
    let name = clean(words, NAME_CHARS + 1);
    let length = name.chars().count();
    let is_good = (1..=NAME_CHARS).contains(&length) && name.chars().any(char::is_alphanumeric);
    if is_good { Ok(name) } else { Err(BadField::Name) }
}

/// Notes; `None` if they say nothing.
///
/// # Errors
/// `Notes`.
pub fn notes(words: &str) -> Result<Option<String>, BadField> {
    let words = words.trim();
    let is_odd = |char: char| char == '\0';
    if words.chars().count() > NOTES_CHARS || words.contains(is_odd) {
        return Err(BadField::Notes);
    }
    Ok((!words.is_empty()).then(|| words.to_owned()))
}

/// How long it is.
///
/// # Errors
/// `Minutes`.
pub fn minutes(minutes: u32) -> Result<u16, BadField> {
    let length = MINUTES.contains(&minutes).then(|| u16::try_from(minutes).ok()).flatten();
    length.ok_or(BadField::Minutes)
}
