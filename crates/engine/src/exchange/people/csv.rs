//! CSV as spreadsheets write it: with or without a mark at its beginning, with commas, semicolons or tabs.

use super::encoding::{self, Encoding};
use super::{BadList, List, Rows};

/// Reads it, in the encoding that is said if it is neither marked nor UTF-8.
pub(super) fn read(bytes: &[u8], said: Option<Encoding>) -> Result<List, BadList> {
    let (text, encoding) = encoding::text(bytes, said)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let (mut rows, mut record, mut number) = (Rows::default(), csv::StringRecord::new(), 0);
    loop {
        let from = place(&reader);
        let more = reader.read_record(&mut record);
        let more = more.map_err(|_| BadList::Csv { row: number + 1, why: "it can't be read".to_owned() })?;
        if !more {
            return Ok(List { rows: rows.0, encoding: Some(encoding) });
        }
        // The reader passes over blank lines without a word, and a spreadsheet counts them.
        let passed = text.get(from..place(&reader)).unwrap_or_default();
        let blank =
            passed.chars().take_while(|char| matches!(char, '\r' | '\n')).filter(|char| *char == '\n');
        number += 1 + u64::try_from(blank.count()).unwrap_or_default() - leftover(&text, from);
        rows.add(number, record.iter().map(ToOwned::to_owned).collect())?;
    }
}

/// After `\r` the reader stops, and the `\n` that belongs to it comes first in what is read next.
fn leftover(text: &str, from: usize) -> u64 {
    let around = from.checked_sub(1).and_then(|before| text.as_bytes().get(before..=from));
    u64::from(around == Some(b"\r\n".as_slice()))
}

fn place(reader: &csv::Reader<&[u8]>) -> usize {
    usize::try_from(reader.position().byte()).unwrap_or(usize::MAX)
}

/// What is between cells: whichever the first line has most of, outside of quotes.
fn delimiter(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in text.trim_start().bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            _ if is_quoted => {}
            other => counts.iter_mut().filter(|(mark, _)| *mark == other).for_each(|(_, count)| *count += 1),
        }
    }
    // Of equal counts the first stands.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(mark, _)| mark)
}
