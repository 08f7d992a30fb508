//! Filling names and variables into texts, and making any text fit to be spoken.
//!
//! A name is data: it is filled in once, never expanded, and whatever it holds (control characters, marks that turn
//! the writing direction, ten thousand letters) comes out as one short line of legal XML characters. Escaping `<` and
//! `&` is the carrier's, who writes the document.

use super::Caller;
use std::collections::BTreeSet;

/// A name is spoken up to this many characters.
const MAX_NAME_CHARS: usize = 100;
/// A variable's value is spoken up to this many characters.
const MAX_VALUE_CHARS: usize = 500;
/// Carriers refuse longer texts in one verb.
const MAX_SPOKEN_CHARS: usize = 4_000;

/// The text as one line that can be spoken: no control or direction characters, nothing illegal in XML, runs of
/// blanks folded into one space, at most `max_chars` characters.
#[must_use]
pub fn clean(text: &str, max_chars: usize) -> String {
    let mut line = String::new();
    let mut chars = 0;
    let mut gap = false;
    for char in text.chars() {
        if char.is_whitespace() {
            gap = chars > 0;
            continue;
        }
        if is_silent(char) {
            continue;
        }
        if chars + usize::from(gap) >= max_chars {
            break;
        }
        if gap {
            line.push(' ');
            chars += 1;
            gap = false;
        }
        line.push(char);
        chars += 1;
    }
    line
}

/// The name as it is spoken: cleaned and at most 100 characters; `None` when nothing of it can be said.
#[must_use]
pub fn spoken_name(name: &str) -> Option<String> {
    let name = clean(name, MAX_NAME_CHARS);
    name.chars().any(char::is_alphanumeric).then_some(name)
}

/// The caller's value of a placeholder.
pub(super) fn value(caller: &Caller, key: &str) -> Option<String> {
    let is_name = matches!(key, "name" | "lead_name");
    let name = || caller.name.as_deref().filter(|_| is_name).and_then(spoken_name);
    name().or_else(|| caller.variables.get(key).map(|value| clean(value, MAX_VALUE_CHARS)))
}

/// The text with each `{{placeholder}}` replaced by its value, or by nothing, and cleaned for speech. Values are not
/// looked at again. A blank before a comma or full stop that an empty value left behind is dropped.
pub(super) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    clean(&fill_in(template, value), MAX_SPOKEN_CHARS)
}

/// The same, as it is written: line by line and of any length. The values are one line each.
pub(super) fn fill_in(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, key, after)) = next_placeholder(rest) {
        text.push_str(before);
        match value(key).filter(|value| !value.is_empty()) {
            Some(value) => text.push_str(&value),
            None if after.starts_with([',', '.', '!', '?', ';', ':']) => text.truncate(text.trim_end().len()),
            None => {}
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The keys of the `{{placeholders}}` in a text.
pub(super) fn placeholders(template: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut rest = template;
    while let Some((_, key, after)) = next_placeholder(rest) {
        keys.insert(key.to_owned());
        rest = after;
    }
    keys
}

/// A `{{` that no `}}` closes on the same level, as the text from there on.
pub(super) fn unclosed(template: &str) -> Option<&str> {
    let mut rest = template;
    while let Some((_, _, after)) = next_placeholder(rest) {
        rest = after;
    }
    rest.find("{{").and_then(|start| rest.get(start..))
}

/// What stands before the next placeholder, its key, and what stands after it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (key, after) = rest.split_once("}}")?;
    Some((before, key.trim(), after))
}

/// Characters that mean nothing in speech and trouble elsewhere: control characters, marks of writing direction,
/// invisible fillers, and what XML 1.0 does not allow. The joiners U+200C and U+200D stay: they change how words are
/// read.
fn is_silent(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}')
        || matches!(char, '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
        || matches!(char, '\u{FDD0}'..='\u{FDEF}' | '\u{E0000}'..='\u{E007F}')
        || u32::from(char) & 0xFFFE == 0xFFFE
}
