//! Understanding: from keys, words and recordings to an answer. Whole words only: "no" is not in "know".

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Choice, Key, Kind, Next, Question, Texts};

/// A number longer than this is a cat on the keypad.
const MAX_NUMBER_DIGITS: usize = 30;

/// What the carrier heard at a cursor.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Keys pressed; after a recording the key that ended it. Anything but keys in it is ignored.
    #[serde(default)]
    pub digits: Option<String>,
    /// Words recognized.
    #[serde(default)]
    pub speech: Option<String>,
    /// Whether there is a recording.
    #[serde(default)]
    pub recording: bool,
}

/// What it means.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The recording is the answer.
    Recorded,
    /// Yes, or no.
    YesNo(bool),
    /// It may be recorded, or may not.
    Consent(bool),
    /// The digits, leading zeros kept.
    Number(String),
    /// One of the choices.
    Choice {
        /// Its key.
        key: Key,
        /// Its label.
        label: String,
    },
    /// Something, but no answer to this question.
    Invalid,
    /// Nothing.
    Silence,
    /// The question once more, please.
    Repeat,
    /// Never call again, please.
    OptOut,
}

/// What was understood and where the call goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was understood.
    pub answer: Answer,
    /// Where the call goes.
    pub next: Next,
}

impl Answer {
    /// Whether the question is answered by it.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        match self {
            Self::Recorded | Self::YesNo(_) | Self::Consent(_) | Self::Number(_) | Self::Choice { .. } => {
                true
            }
            Self::Invalid | Self::Silence | Self::Repeat | Self::OptOut => false,
        }
    }
}

/// What was heard on a question, given the key that opts out.
pub(super) fn understand(question: &Question, opt_out: Option<Key>, texts: &Texts, heard: &Heard) -> Answer {
    let keys: String =
        heard.digits.iter().flat_map(|keys| keys.chars()).filter(|char| is_key(*char)).collect();
    let speech = heard.speech.as_deref().map(words).unwrap_or_default();
    let pressed = keys.parse::<Key>().ok();
    let numeric = matches!(question.kind, Kind::Numeric { .. });
    let alone = |key: &Key| pressed == Some(*key) && !(numeric && key.is_digit());
    if opt_out.as_ref().is_some_and(alone) {
        return Answer::OptOut;
    }
    if question.repeat_key.as_ref().is_some_and(alone) {
        return Answer::Repeat;
    }
    if keys.is_empty() && speech.is_empty() && !heard.recording {
        return Answer::Silence;
    }
    let understood = match &question.kind {
        Kind::Text => heard.recording.then_some(Answer::Recorded),
        Kind::YesNo => yes_no(&keys, &speech, texts).map(Answer::YesNo),
        Kind::Consent => yes_no(&keys, &speech, texts).map(Answer::Consent),
        Kind::Numeric { digits } if keys.is_empty() => number(spoken_digits(&speech, texts), *digits),
        Kind::Numeric { digits } => number(Some(keys.trim_end_matches('#').to_owned()), *digits),
        Kind::Choice { choices } if keys.is_empty() => spoken_choice(choices, &speech, texts),
        Kind::Choice { choices } => choices.iter().find(|choice| pressed == Some(choice.key)).map(chosen),
    };
    understood.unwrap_or(Answer::Invalid)
}

fn is_key(char: char) -> bool {
    Key::try_from(char).is_ok()
}

/// The words of a sentence in lower case, without punctuation at their ends.
fn words(sentence: &str) -> Vec<String> {
    let breaks = |char: char| char.is_whitespace() || matches!(char, ',' | '-' | '/' | '־');
    sentence
        .split(breaks)
        .map(|word| word.trim_matches(|char: char| !char.is_alphanumeric()).to_lowercase().replace('’', "'"))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Yes or no, but not both. Keys count before words.
fn yes_no(keys: &str, speech: &[String], texts: &Texts) -> Option<bool> {
    match keys {
        "" => {}
        "1" => return Some(true),
        "2" | "0" => return Some(false),
        _ => return None,
    }
    let says = |meaning: &[&str]| speech.iter().any(|word| meaning.contains(&word.as_str()));
    match (says(texts.yes_words), says(texts.no_words)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        (true, true) | (false, false) => None,
    }
}

fn number(digits: Option<String>, wanted: Option<u8>) -> Option<Answer> {
    let digits =
        digits.filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let fits =
        wanted.map_or(digits.len() <= MAX_NUMBER_DIGITS, |wanted| digits.len() == usize::from(wanted.max(1)));
    fits.then_some(Answer::Number(digits))
}

/// The digits of a sentence that is nothing but digits. "One hundred" is not, and better asked again than taken as 1.
fn spoken_digits(speech: &[String], texts: &Texts) -> Option<String> {
    speech.iter().map(|word| digits_of(word, texts)).collect()
}

fn digits_of(word: &str, texts: &Texts) -> Option<String> {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(word.to_owned());
    }
    texts.digit_words.iter().position(|names| names.contains(&word)).map(|digit| digit.to_string())
}

/// The choice whose label was said, the longest one if one label lies in another; else the one whose key was said.
fn spoken_choice(choices: &[Choice], speech: &[String], texts: &Texts) -> Option<Answer> {
    let said = choices.iter().filter_map(|choice| {
        let label = words(&choice.label);
        let said = !label.is_empty() && speech.windows(label.len()).any(|window| window == label);
        said.then_some((label.len(), choice))
    });
    let said: Vec<(usize, &Choice)> = said.collect();
    let longest = said.iter().map(|(length, _)| *length).max().unwrap_or_default();
    let mut best = said.iter().filter(|(length, _)| *length == longest);
    match (best.next(), best.next()) {
        (Some((_, choice)), None) => Some(chosen(choice)),
        (Some(_), Some(_)) => None,
        (None, _) => {
            let mut keys = speech.iter().filter_map(|word| digits_of(word, texts));
            let key = keys.next().filter(|_| keys.next().is_none())?.parse().ok()?;
            choices.iter().find(|choice| choice.key == key).map(chosen)
        }
    }
}

fn chosen(choice: &Choice) -> Answer {
    Answer::Choice { key: choice.key, label: choice.label.clone() }
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |text: &Option<String>| text.as_ref().map(|text| text.chars().count());
        f.debug_struct("Heard")
            .field("digits", &length(&self.digits))
            .field("speech", &length(&self.speech))
            .field("recording", &self.recording)
            .finish()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded => f.write_str("Recorded"),
            Self::YesNo(_) => f.write_str("YesNo(•••)"),
            Self::Consent(yes) => write!(f, "Consent({yes})"),
            Self::Number(digits) => write!(f, "Number({} digits)", digits.len()),
            Self::Choice { .. } => f.write_str("Choice(•••)"),
            Self::Invalid => f.write_str("Invalid"),
            Self::Silence => f.write_str("Silence"),
            Self::Repeat => f.write_str("Repeat"),
            Self::OptOut => f.write_str("OptOut"),
        }
    }
}
