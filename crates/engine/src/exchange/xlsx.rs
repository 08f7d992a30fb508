//! A workbook, written row by row: its sheets wait in temporary files, not in memory.

use super::error::ExchangeError;
use super::sheet::Cell;
use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};
use std::io::{Seek, Write};

/// What a sheet can hold, the headings included.
const ROWS: u32 = 1_048_576;
/// What a cell can hold.
const LETTERS: usize = 32_767;

/// The sheets of a workbook.
pub(super) struct Sheets<'a> {
    workbook: Workbook,
    headings: &'a [&'a str],
    /// Which row of which sheet is next.
    next: Option<(usize, u32)>,
}

impl<'a> Sheets<'a> {
    /// No sheet yet; each begins with these headings.
    pub fn new(headings: &'a [&'a str]) -> Self {
        Self { workbook: Workbook::new(), headings, next: None }
    }

    /// Adds a row, on a new sheet if the last one is full.
    pub fn add(&mut self, row: &[Cell]) -> Result<(), ExchangeError> {
        let (sheet, at) = match self.next {
            Some((sheet, at)) if at < ROWS => (sheet, at),
            Some((sheet, _)) => (self.begin(sheet + 1)?, 1),
            None => (self.begin(0)?, 1),
        };
        put(self.workbook.worksheet_from_index(sheet)?, at, row)?;
        self.next = Some((sheet, at + 1));
        Ok(())
    }

    /// Writes the workbook, with one sheet at least.
    pub fn save<W: Write + Seek + Send>(mut self, to: W) -> Result<(), ExchangeError> {
        if self.next.is_none() {
            self.begin(0)?;
        }
        Ok(self.workbook.save_to_writer(to)?)
    }

    fn begin(&mut self, sheet: usize) -> Result<usize, ExchangeError> {
        let worksheet = self.workbook.add_worksheet_with_constant_memory()?;
        let headings: Vec<Cell> =
            self.headings.iter().map(|heading| Cell::Text((*heading).to_owned())).collect();
        put(worksheet, 0, &headings)?;
        Ok(sheet)
    }
}

fn put(sheet: &mut Worksheet, at: u32, row: &[Cell]) -> Result<(), XlsxError> {
    for (column, cell) in (0..).zip(row) {
        match cell {
            Cell::Empty => {}
            Cell::Number(number) => drop(sheet.write_number(at, column, *number)?),
            // A text cell is never a formula, whatever it begins with.
            Cell::Text(text) => drop(sheet.write_string(at, column, fitting(text))?),
        }
    }
    Ok(())
}

/// As much as a cell holds; the end of a longer text says that it goes on.
fn fitting(text: &str) -> String {
    if text.len() <= LETTERS || text.encode_utf16().count() <= LETTERS {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut units = 0;
    for letter in text.chars() {
        units += letter.len_utf16();
        if units >= LETTERS {
            break;
        }
        kept.push(letter);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_for_a_cell_is_cut_and_says_so() {
        let long = "ש".repeat(LETTERS + 1);
        let cut = fitting(&long);
        assert_eq!(cut.encode_utf16().count(), LETTERS);
        assert!(cut.ends_with('…'));
        assert_eq!(fitting("=1+1"), "=1+1");
    }

    #[test]
    fn a_workbook_without_calls_has_its_headings() {
        let mut bytes = std::io::Cursor::new(Vec::new());
        Sheets::new(&["id"]).save(&mut bytes).unwrap();
        assert!(bytes.into_inner().starts_with(b"PK"));
    }
}
