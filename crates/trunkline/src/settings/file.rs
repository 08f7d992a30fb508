//! `trunkline.toml`: its text becomes raw values with the line each stands on. Meaning comes later.

use toml::de::{DeArray, DeTable, DeValue};

use super::error::{Wrong, quoted};
use super::key::Raw;

/// One `name = value` of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counted from 1.
    pub line: usize,
    /// The table it stands in; empty above the first table.
    pub section: String,
    /// Its name in the table.
    pub name: String,
    /// Its value.
    pub value: Raw,
}

/// Something in the file that can't be read as a setting at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Counted from 1.
    pub line: usize,
    /// `section.name` as far as it is known; empty for broken TOML.
    pub setting: String,
    /// What is wrong.
    pub wrong: Wrong,
}

/// Reads all settings of a TOML text, in the order of their names.
///
/// # Errors
/// Broken TOML, or a value of a shape that no setting has (a date, a list in a list).
pub fn parse(text: &str) -> Result<Vec<Entry>, Unreadable> {
    let line_at = |offset| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
    let document = DeTable::parse(text).map_err(|error| Unreadable {
        line: line_at(error.span().map_or(0, |span| span.start)),
        setting: String::new(),
        wrong: Wrong::new(error.message(), "write it as TOML: [section], then name = value"),
    })?;
    let mut entries = Vec::new();
    for (name, value) in document.get_ref() {
        match value.get_ref() {
            DeValue::Table(table) => {
                let section = name.get_ref();
                for (name, value) in table {
                    entries.push(entry(
                        line_at(name.span().start),
                        section,
                        name.get_ref(),
                        value.get_ref(),
                    )?);
                }
            }
            value => entries.push(entry(line_at(name.span().start), "", name.get_ref(), value)?),
        }
    }
    Ok(entries)
}

fn entry(line: usize, section: &str, name: &str, value: &DeValue) -> Result<Entry, Unreadable> {
    match raw(value) {
        Some(value) => Ok(Entry { line, section: section.to_owned(), name: name.to_owned(), value }),
        None => Err(Unreadable {
            line,
            setting: format!("{section}.{name}"),
            wrong: Wrong::new(
                format_args!("{} is no value a setting can have", value.type_str()),
                "see `trunkline config example` for its shape",
            ),
        }),
    }
}

/// Reads a single TOML value, as the built-in values are written.
///
/// # Errors
/// The text is not one TOML value.
pub fn parse_value(text: &str) -> Result<Raw, Wrong> {
    let wrong = || Wrong::new(format_args!("{} is not a TOML value", quoted(text)), "mend the declaration");
    let value = DeValue::parse(text).map_err(|_| wrong())?;
    raw(value.get_ref()).ok_or_else(wrong)
}

fn raw(value: &DeValue) -> Option<Raw> {
    match value {
        DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => rows(items),
        DeValue::Array(items) => {
            items.iter().map(|item| word(item.get_ref())).collect::<Option<_>>().map(Raw::Many)
        }
        value => word(value).map(Raw::One),
    }
}

fn rows(items: &DeArray) -> Option<Raw> {
    let row = |table: &DeTable| {
        table
            .iter()
            .map(|(name, value)| Some((name.get_ref().to_string(), words(value.get_ref())?)))
            .collect()
    };
    items.iter().map(|item| item.get_ref().as_table().and_then(row)).collect::<Option<_>>().map(Raw::Rows)
}

/// A word, or a list of words, parted by commas as the environment writes it.
fn words(value: &DeValue) -> Option<String> {
    match value {
        DeValue::Array(items) => {
            let words: Option<Vec<_>> = items.iter().map(|item| word(item.get_ref())).collect();
            words.map(|words| words.join(","))
        }
        value => word(value),
    }
}

fn word(value: &DeValue) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_value_is_read_with_its_line() {
        let text = "top = true\n\n[server]\nport = 8_080\nhost = \"::1\"\n\n[limits]\ncps = 0.5\n\n[scripts]\nlist = [\n \"a\", \"b\"]\n[[scripts.numbers]]\nnumber = \"+1\"\nscript = \"s\"\n";
        let read: Vec<_> = parse(text)
            .unwrap()
            .into_iter()
            .map(|e| (format!("{}.{}", e.section, e.name), e.line, e.value))
            .collect();
        let one = |text: &str| Raw::One(text.to_owned());
        let row = vec![("number".to_owned(), "+1".to_owned()), ("script".to_owned(), "s".to_owned())];
        assert_eq!(
            read,
            [
                ("limits.cps".to_owned(), 8, one("0.5")),
                ("scripts.list".to_owned(), 11, Raw::Many(vec!["a".to_owned(), "b".to_owned()])),
                ("scripts.numbers".to_owned(), 13, Raw::Rows(vec![row])),
                ("server.host".to_owned(), 5, one("::1")),
                ("server.port".to_owned(), 4, one("8080")),
                (".top".to_owned(), 1, one("true")),
            ]
        );
    }

    #[test]
    fn broken_toml_and_odd_shapes_are_placed() {
        let table = [
            ("[server]\nport 80\n", 2, ""),
            ("[server]\nport = 80\nport = 81\n", 3, ""),
            ("[log]\nfilter = 2026-01-01\n", 2, "log.filter"),
            ("[log]\n\nfilter = [[1]]\n", 3, "log.filter"),
            ("[log.filter]\na = 1\n", 1, "log.filter"),
            ("שם = 1\n\u{1f4de}", 2, ""),
            ("a = \"é", 1, ""),
            ("a = \0", 1, ""),
        ];
        for (text, line, setting) in table {
            let unreadable = parse(text).unwrap_err();
            assert_eq!((unreadable.line, unreadable.setting.as_str()), (line, setting), "{text}");
        }
    }
}
