//! A JSON value that knows where it stands in its file, so that whoever wrote the file is told the place.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// What is wrong with the file of a script or a bot, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct ScriptError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// In plain words; names the question if it is in one.
    pub what: String,
}

impl ScriptError {
    /// The same, said to be inside of something larger.
    pub(crate) fn within(self, whole: &str) -> Self {
        Self { what: format!("{whole}: {}", self.what), ..self }
    }
}

/// One value and the text it stands in.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    source: &'a str,
    raw: &'a str,
}

/// The fields of an object.
pub(crate) struct Fields<'a> {
    object: Node<'a>,
    fields: BTreeMap<String, &'a RawValue>,
}

impl<'a> Node<'a> {
    /// Reads a file: UTF-8, with or without a byte order mark.
    pub(crate) fn root(bytes: &'a [u8]) -> Result<Self, ScriptError> {
        let source = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let (line, column) = end_of(&String::from_utf8_lossy(valid));
                return Err(ScriptError { line, column, what: "this is not UTF-8 text".to_owned() });
            }
        };
        let source = source.strip_prefix('\u{FEFF}').unwrap_or(source);
        let raw = serde_json::from_str::<&RawValue>(source).map_err(|error| syntax(source, &error))?;
        Ok(Self { source, raw: raw.get() })
    }

    /// An error at this value.
    pub(crate) fn error(&self, what: impl Into<String>) -> ScriptError {
        // `raw` is a part of `source`, so the distance of their first bytes is where it begins.
        let offset = (self.raw.as_ptr() as usize).saturating_sub(self.source.as_ptr() as usize);
        let (line, column) = end_of(self.source.get(..offset).unwrap_or_default());
        ScriptError { line, column, what: what.into() }
    }

    pub(crate) fn is_list(&self) -> bool {
        self.raw.starts_with('[')
    }

    pub(crate) fn is_object(&self) -> bool {
        self.raw.starts_with('{')
    }

    /// The elements of a list.
    pub(crate) fn list(&self, what: &str) -> Result<Vec<Self>, ScriptError> {
        if !self.is_list() {
            return Err(self.not(what, "a list"));
        }
        let items: Vec<&'a RawValue> = self.read()?;
        Ok(items.into_iter().map(|item| self.part(item)).collect())
    }

    /// The fields of an object.
    pub(crate) fn fields(&self, what: &str) -> Result<Fields<'a>, ScriptError> {
        if !self.is_object() {
            return Err(self.not(what, "an object"));
        }
        Ok(Fields { object: *self, fields: self.read()? })
    }

    /// A string.
    pub(crate) fn text(&self, what: &str) -> Result<String, ScriptError> {
        match self.read()? {
            Value::String(text) => Ok(text),
            _ => Err(self.not(what, "text in quotes")),
        }
    }

    /// A string, or a number or a boolean as it is written.
    pub(crate) fn word(&self, what: &str) -> Result<String, ScriptError> {
        match self.read()? {
            Value::String(text) => Ok(text),
            Value::Number(_) | Value::Bool(_) => Ok(self.raw.to_owned()),
            _ => Err(self.not(what, "text, a number, true or false")),
        }
    }

    /// A whole number between these, inclusive.
    pub(crate) fn number<N: TryFrom<u64>>(
        &self,
        what: &str,
        least: u64,
        most: u64,
    ) -> Result<N, ScriptError> {
        let expected = format!("a whole number from {least} to {most}");
        let Value::Number(number) = self.read()? else { return Err(self.not(what, &expected)) };
        let number = number.as_u64().filter(|number| (least..=most).contains(number));
        number.and_then(|number| N::try_from(number).ok()).ok_or_else(|| self.not(what, &expected))
    }

    /// True or false.
    pub(crate) fn flag(&self, what: &str) -> Result<bool, ScriptError> {
        match self.read()? {
            Value::Bool(flag) => Ok(flag),
            _ => Err(self.not(what, "true or false")),
        }
    }

    fn not(&self, what: &str, expected: &str) -> ScriptError {
        let found = match self.raw.chars().next() {
            Some('{') => "an object",
            Some('[') => "a list",
            Some('"') => "text",
            Some('t' | 'f') => "true or false",
            Some('n') => "null",
            _ => self.raw,
        };
        let found: String = found.chars().take(40).collect();
        self.error(format!("{what} must be {expected}, but this is {found}"))
    }

    fn part(&self, raw: &'a RawValue) -> Self {
        Self { source: self.source, raw: raw.get() }
    }

    fn read<T: serde::Deserialize<'a>>(&self) -> Result<T, ScriptError> {
        serde_json::from_str(self.raw).map_err(|error| self.error(plain(&error)))
    }
}

impl<'a> Fields<'a> {
    /// The value under the first of these names that is there and not null.
    pub(crate) fn get(&self, names: &[&str]) -> Option<Node<'a>> {
        let value =
            names.iter().find_map(|name| self.fields.get(*name).filter(|value| value.get() != "null"));
        value.map(|value| self.object.part(value))
    }

    /// Refuses a field that is none of these, with the place of its value.
    pub(crate) fn only(&self, names: &[&str], what: &str) -> Result<(), ScriptError> {
        match self.fields.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, value)) => {
                let name: String = name.chars().filter(|char| !char.is_control()).take(40).collect();
                let there = names.join(", ");
                Err(self.object.part(value).error(format!("{what} has no “{name}”; there are: {there}")))
            }
        }
    }

    /// An error at the object.
    pub(crate) fn error(&self, what: impl Into<String>) -> ScriptError {
        self.object.error(what)
    }
}

fn syntax(source: &str, error: &serde_json::Error) -> ScriptError {
    let line = error.line().max(1);
    let text = source.split('\n').nth(line - 1).unwrap_or_default();
    // serde_json counts bytes, people count characters.
    let bytes = error.column().saturating_sub(1);
    let column = text.char_indices().take_while(|(at, _)| *at < bytes).count() + 1;
    let what = match text.get(bytes..).and_then(|rest| rest.chars().next()) {
        Some(']' | '}') if follows_comma(source, line, bytes) => {
            "there is a comma too many before this bracket".to_owned()
        }
        _ => plain(error),
    };
    ScriptError { line, column, what }
}

/// Whether a comma is the last thing before this byte of this line, blanks and line breaks aside.
fn follows_comma(source: &str, line: usize, bytes: usize) -> bool {
    let before: usize = source.split_inclusive('\n').take(line - 1).map(str::len).sum();
    source.get(..before + bytes).is_some_and(|before| before.trim_end().ends_with(','))
}

fn plain(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the file ends too early: a closing quote or bracket is missing".to_owned();
    }
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    format!("this is not JSON: {message}")
}

/// Line and column right after a text, from 1.
fn end_of(text: &str) -> (usize, usize) {
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
