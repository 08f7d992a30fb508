//! Which words find a call: those of its numbers, its name, its metadata and what was said in it. The same words are kept by every
//! database, looked for in memory, and taken out of what somebody types; so that all of them find the same.
//!
//! A word is a run of letters and digits of any language, in small letters. A word that is looked for finds those that begin with
//! it. A number is found by any three or more of its digits that follow each other. All words that are looked for must be there,
//! in any order. Whatever else is typed parts words and means nothing: there is no syntax, and no wrong one.

use crate::call::Call;
use crate::private::Address;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// A longer word is known by its beginning.
const LETTERS: usize = 40;
/// Of a call so many different words are kept.
const KEPT: usize = 400;
/// Of a search so many words are heard.
const ASKED: usize = 8;
/// A number is found by so many of its digits.
const DIGITS: usize = 3;

/// The different words of a call, at most 400: numbers first, then name, metadata and answers.
pub fn words_of(call: &Call) -> Vec<String> {
    let mut words = Kept::default();
    for address in [&call.party.to, &call.party.from] {
        words.number(address);
    }
    if let Some(name) = &call.party.name {
        words.text(name.reveal());
    }
    for value in call.party.metadata.reveal().values() {
        words.value(value);
    }
    for turn in call.turns.values() {
        if let Some(said) = &turn.transcript {
            words.text(said.reveal());
        }
        if let Some(speech) = turn.answer.as_ref().and_then(|answer| answer.speech.as_ref()) {
            words.text(speech.reveal());
        }
    }
    words.list
}

#[derive(Default)]
struct Kept {
    list: Vec<String>,
    known: BTreeSet<String>,
}

impl Kept {
    fn add(&mut self, word: String) {
        if self.list.len() < KEPT && self.known.insert(word.clone()) {
            self.list.push(word);
        }
    }

    fn text(&mut self, text: &str) {
        words(text).for_each(|word| self.add(word));
    }

    /// Every end of a number, so that a beginning of one of them is any part of it.
    fn number(&mut self, address: &Address) {
        let digits = address.as_str().trim_start_matches('+');
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.text(address.as_str());
        }
        for from in 0..=digits.len().saturating_sub(DIGITS) {
            self.add(cut(&digits[from..]));
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(text) => self.text(text),
            Value::Bool(_) | Value::Number(_) => self.text(&value.to_string()),
            Value::Array(all) => all.iter().for_each(|value| self.value(value)),
            Value::Object(all) => all.values().for_each(|value| self.value(value)),
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).map(cut).filter(|word| !word.is_empty())
}

fn cut(word: &str) -> String {
    word.chars()
        .flat_map(char::to_lowercase)
        .filter(|letter| letter.is_alphanumeric())
        .take(LETTERS)
        .collect()
}

/// The words that somebody looks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked(Vec<String>);

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asked({} words)", self.0.len())
    }
}

impl Asked {
    /// Takes the words out of what was typed. A number that is written with spaces, dashes or brackets is one word.
    pub fn read(typed: &str) -> Self {
        let is_of_a_number = |letter: char| letter.is_ascii_digit() || " +-.()/".contains(letter);
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let mut asked: Vec<String> = if digits.len() >= DIGITS && typed.chars().all(is_of_a_number) {
            vec![cut(&digits)]
        } else {
            words(typed).collect()
        };
        asked.truncate(ASKED);
        Self(asked)
    }

    /// The words: letters and digits only. Where there is none, nothing is found.
    pub fn words(&self) -> &[String] {
        &self.0
    }

    /// Whether a call is found by them.
    pub fn finds(&self, call: &Call) -> bool {
        let words = words_of(call);
        !self.0.is_empty() && self.0.iter().all(|asked| words.iter().any(|word| word.starts_with(asked)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(typed: &str) -> Vec<String> {
        Asked::read(typed).0
    }

    #[test]
    fn what_parts_words_means_nothing() {
        assert_eq!(asked("Ann O'Neil*"), ["ann", "o", "neil"]);
        assert_eq!(asked("\"a\" OR (b NEAR c) -d: %_\\'"), ["a", "or", "b", "near", "c", "d"]);
        assert_eq!(asked("דנה־לוי"), ["דנה", "לוי"]);
        assert_eq!(asked("!? \u{0} %"), [""; 0]);
    }

    #[test]
    fn a_number_is_one_word_however_it_is_written() {
        for typed in ["+1 (555) 010-0123", "1.555.010.0123", "15550100123"] {
            assert_eq!(asked(typed), ["15550100123"], "{typed}");
        }
        assert_eq!(asked("4711 Ann"), ["4711", "ann"]);
        assert_eq!(asked("12"), ["12"]);
    }

    #[test]
    fn a_number_is_kept_so_that_any_three_digits_of_it_begin_a_word() {
        let mut kept = Kept::default();
        kept.number(&Address::new("+15550"));
        assert_eq!(kept.list, ["15550", "5550", "550"]);
        kept = Kept::default();
        kept.number(&Address::new("sip:Ann@example.com"));
        assert_eq!(kept.list, ["sip", "ann", "example", "com"]);
    }

    #[test]
    fn no_call_has_more_words_than_are_kept_and_no_word_more_letters() {
        let mut kept = Kept::default();
        kept.text(&(0..1_000).map(|n| format!("w{n} ")).collect::<String>());
        assert_eq!(kept.list.len(), KEPT);
        assert_eq!(cut(&"Ä".repeat(100)).chars().count(), LETTERS);
    }
}
