//! What people and machines read: lines and tables on standard output, complaints on standard error.
//!
//! A reader that goes away (`| head`) ends the program quietly, as it should.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

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

/// Writes a line to standard error that is no complaint.
pub(crate) fn note(line: &str) {
    put(&mut io::stderr().lock(), line);
}

/// How far long work has come: a line on a terminal's standard error, written over once a second. Nothing elsewhere.
pub(crate) struct Progress {
    what: &'static str,
    of: Option<u64>,
    shown: Option<Instant>,
}

impl Progress {
    /// Begins: `what` is counted, up to `of` if that is known.
    pub fn new(what: &'static str, of: Option<u64>) -> Self {
        Self { what, of, shown: io::stderr().is_terminal().then(Instant::now) }
    }

    /// So many are done.
    pub fn at(&mut self, done: u64) {
        let is_due = self.shown.is_some_and(|shown| shown.elapsed() >= Duration::from_secs(1));
        if is_due {
            self.shown = Some(Instant::now());
            let share = self.of.filter(|of| *of > 0).map(|of| format!(" of {of} ({} %)", done * 100 / of));
            let _ = write!(io::stderr().lock(), "\r\x1b[K{done}{} {}", share.unwrap_or_default(), self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
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
