//! What people and machines read: lines and tables on standard output, complaints on standard error.
//!
//! A reader that goes away (`| head`) ends the program quietly, as it should.

use std::io::{self, Write};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// One JSON value a line.
    Json,
}

impl Form {
    pub fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// Writes a line to standard output.
pub(crate) fn say(line: &str) {
    put(&mut io::stdout().lock(), line);
}

/// Writes a JSON value as a line of its own.
pub(crate) fn say_json(value: &impl serde::Serialize) {
    if let Ok(text) = serde_json::to_string(value) {
        say(&text);
    }
}

/// Writes a line to standard error.
pub(crate) fn complain(line: &str) {
    put(&mut io::stderr().lock(), &format!("trunkline: {line}"));
}

fn put(to: &mut impl Write, line: &str) {
    let written = writeln!(to, "{line}").and_then(|()| to.flush());
    if written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
}

/// Rows under headings, each column as wide as its widest word. Control characters of strangers stay outside.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|word| clean(word)).collect()).collect();
    let width = |column: usize| {
        let heading = headings.get(column).map_or(0, |heading| heading.chars().count());
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|word| word.chars().count())
            .fold(heading, usize::max)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |words: &mut dyn Iterator<Item = &str>| {
        let cells = words.zip(&widths).map(|(word, width)| format!("{word:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&mut headings.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines
}

/// Text of strangers as one harmless line.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_word() {
        let rows = vec![vec!["Ann".into(), "busy".into()], vec!["דנה לוי".into(), "no".into()]];
        assert_eq!(table(&["name", "end"], &rows), ["name     end", "Ann      busy", "דנה לוי  no"]);
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\nc"), "a [31mb c");
    }
}
