//! A table for people, as CSV, a workbook or JSON. No cell is ever taken for a formula.

use super::csv;
use super::error::ExchangeError;
use super::people::ListForm;
use super::xlsx::Sheets;
use serde_json::{Map, Value};
use std::io::Cursor;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A count.
    Number(u32),
}

/// What a table is written in.
pub type SheetForm = ListForm;

/// A whole table as the bytes of a file.
///
/// # Errors
/// The workbook could not be made.
pub fn write_sheet(
    form: SheetForm,
    headings: &[&str],
    rows: Vec<Vec<Cell>>,
) -> Result<Vec<u8>, ExchangeError> {
    let mut bytes = Vec::new();
    match form {
        ListForm::Csv => {
            let heads: Vec<Cell> = headings.iter().map(|heading| Cell::Text((*heading).to_owned())).collect();
            csv::write(&mut bytes, &heads)?;
            for row in rows {
                csv::write(&mut bytes, &row)?;
            }
        }
        ListForm::Xlsx => {
            let mut sheets = Sheets::new(headings);
            for row in rows {
                sheets.add(&row)?;
            }
            sheets.save(Cursor::new(&mut bytes))?;
        }
        ListForm::Json => {
            let all: Vec<Value> = rows.into_iter().map(|row| object(headings, row)).collect();
            bytes =
                serde_json::to_vec(&all).map_err(|_| ExchangeError::Json { what: "the table".to_owned() })?;
        }
    }
    Ok(bytes)
}

fn object(headings: &[&str], row: Vec<Cell>) -> Value {
    let value = |cell| match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) => Value::String(text),
        Cell::Number(number) => Value::from(number),
    };
    let fields = headings.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), value(cell)));
    Value::Object(Map::from_iter(fields))
}
