//! One row of CSV, safe to open in a spreadsheet.

use super::sheet::Cell;
use std::io::{self, Write};

/// Writes a row.
pub(super) fn write(to: &mut (dyn Write + Send), row: &[Cell]) -> io::Result<()> {
    for (place, cell) in row.iter().enumerate() {
        if place > 0 {
            to.write_all(b",")?;
        }
        match cell {
            Cell::Empty => {}
            Cell::Number(number) => write!(to, "{number}")?,
            Cell::Text(text) => to.write_all(quoted(&harmless(text)).as_bytes())?,
        }
    }
    to.write_all(b"\r\n")
}

/// A text that no spreadsheet takes for a formula: strangers choose names, and a formula could send the sheet away.
fn harmless(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[Cell]) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes, cells).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe() {
        let table = [
            ("=1+1", "'=1+1"),
            ("+15550100123", "'+15550100123"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("a=b", "a=b"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(line(&[Cell::Text(text.to_owned())]), format!("{expected}\r\n"), "{text:?}");
        }
    }

    #[test]
    fn commas_quotes_and_lines_stay_in_their_cell() {
        let cells = [
            Cell::Text("Lee, Ann".to_owned()),
            Cell::Empty,
            Cell::Number(7),
            Cell::Text("a\"b\nc".to_owned()),
        ];
        assert_eq!(line(&cells), "\"Lee, Ann\",,7,\"a\"\"b\nc\"\r\n");
    }
}
