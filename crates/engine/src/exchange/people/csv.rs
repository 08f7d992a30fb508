//! CSV as spreadsheets write it: with or without a mark at its beginning, with commas, semicolons or tabs.

use super::{BadList, ListRow, Rows};

/// Reads it.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<ListRow>, BadList> {
    let text = text(bytes)?;
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
            return Ok(rows.0);
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

/// Its text: UTF-8, or UTF-16 with its mark, as "Unicode text" is saved.
fn text(bytes: &[u8]) -> Result<String, BadList> {
    let wide = |unit: fn([u8; 2]) -> u16, rest: &[u8]| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| BadList::Encoding)
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => wide(u16::from_be_bytes, rest),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).map_err(|_| BadList::Encoding),
        plain => String::from_utf8(plain.to_vec()).map_err(|_| BadList::Encoding),
    }
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
