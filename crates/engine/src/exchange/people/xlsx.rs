//! Workbooks: the first sheet, cell by cell, as a person sees it.

use super::{BadList, ListRow, MAX_COLUMNS, MAX_UNPACKED, Rows};
use calamine::{DataRef, ExcelDateTime, Reader, Xlsx};
use jiff::SignedDuration;
use jiff::civil::date;
use std::io::{Cursor, Read, copy, sink};
use zip::ZipArchive;

/// Reads the first sheet that is not empty.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<ListRow>, BadList> {
    weigh(bytes)?;
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(bad)?;
    for sheet in book.sheet_names() {
        let rows = sheet_rows(&mut book, &sheet)?;
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
    Ok(Vec::new())
}

/// Unpacks everything into nothing first: a small file may become gigabytes, and the reader holds what it unpacks.
fn weigh(bytes: &[u8]) -> Result<(), BadList> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(bad)?;
    let mut left = MAX_UNPACKED;
    for place in 0..archive.len() {
        let part = archive.by_index(place).map_err(bad)?;
        let unpacked = copy(&mut part.take(left + 1), &mut sink()).map_err(bad)?;
        left = left.checked_sub(unpacked).ok_or(BadList::TooLarge)?;
    }
    Ok(())
}

fn sheet_rows(book: &mut Xlsx<Cursor<&[u8]>>, sheet: &str) -> Result<Vec<ListRow>, BadList> {
    let mut reader = book.worksheet_cells_reader(sheet).map_err(bad)?;
    let mut rows = Rows::default();
    let (mut number, mut cells) = (0, Vec::new());
    while let Some(cell) = reader.next_cell().map_err(bad)? {
        let (row, column) = cell.get_position();
        if u64::from(row) != number && !cells.is_empty() {
            rows.add(number + 1, std::mem::take(&mut cells))?;
        }
        number = u64::from(row);
        let place = usize::try_from(column).unwrap_or(usize::MAX);
        let text = text(cell.get_value());
        if place >= MAX_COLUMNS {
            // Formats reach far beyond what is filled in; what is filled in must not.
            if text.is_empty() { continue } else { return Err(BadList::TooWide { row: number + 1 }) }
        }
        if cells.len() <= place {
            cells.resize(place + 1, String::new());
        }
        cells[place] = text;
    }
    rows.add(number + 1, cells)?;
    Ok(rows.0)
}

/// A cell as text. A number that a spreadsheet took a phone number for has no point and no exponent.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(whole) => whole.to_string(),
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(moment) => moment_text(moment),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// Days since the end of 1899, as workbooks count them, as a date, a time or both.
fn moment_text(moment: &ExcelDateTime) -> String {
    let days = moment.as_f64();
    let day = date(1899, 12, 30).at(0, 0, 0, 0);
    let whole = SignedDuration::try_from_secs_f64((days * 86_400.0).round());
    let Some(at) = whole.ok().and_then(|since| day.checked_add(since).ok()) else { return days.to_string() };
    match (days < 1.0, days.fract() == 0.0) {
        (true, _) => at.time().to_string(),
        (false, true) => at.date().to_string(),
        (false, false) => at.strftime("%Y-%m-%d %H:%M").to_string(),
    }
}

/// Parsers name places in the file, not what stands there.
fn bad(error: impl std::error::Error) -> BadList {
    BadList::Workbook(error.to_string())
}
