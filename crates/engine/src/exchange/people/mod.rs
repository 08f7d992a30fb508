//! Lists of people as files: CSV, XLSX and JSON become rows of text, each with the number that a person sees beside it.
//!
//! In: the bytes of a file and what it is ([`ListForm`]). Out: [`ListRow`]s, or one [`BadList`] that says what would be
//! right. What the columns mean and what each row becomes is the core's (`leads`); who may be called is the engine's.
//!
//! A file is held in memory while it is read, and is bounded before it is unpacked: in rows, in bytes, and in what a
//! packed workbook becomes.

mod csv;
mod encoding;
mod json;
#[cfg(test)]
mod tests;
mod xlsx;

pub use encoding::{Encoding, UnknownEncoding};

/// More rows than this come in several files.
pub const MAX_ROWS: usize = 250_000;
/// More columns than this are no list of people.
const MAX_COLUMNS: usize = 200;
/// What a packed workbook may become.
const MAX_UNPACKED: u64 = 512 << 20;

/// What a list is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListForm {
    /// Rows of text; commas, semicolons or tabs between cells.
    Csv,
    /// A workbook; its first sheet counts.
    Xlsx,
    /// An array of objects, `{"people": [...]}`, or one object a line.
    Json,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// The number a person sees beside it: a spreadsheet's row; in JSON the place of the object, from 1, and 0 for the names.
    pub number: u64,
    /// Its cells, as text.
    pub cells: Vec<String>,
}

/// A list as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its rows, the headings among them.
    pub rows: Vec<ListRow>,
    /// How its text was written, where that could be told in several ways.
    pub encoding: Option<Encoding>,
}

/// Why a file is no list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadList {
    /// The text is in some older encoding, and nobody says which.
    #[error(
        "the file is not UTF-8: save it as \"CSV UTF-8\" or as a workbook (.xlsx), or say encoding=windows-1252 or windows-1255"
    )]
    Encoding,
    /// The text is not in the encoding that was said.
    #[error("the file is not {}", word(.0))]
    NotSo(Encoding),
    /// CSV that breaks off, or the like.
    #[error("row {row}: {why}")]
    Csv {
        /// Where.
        row: u64,
        /// What is wrong.
        why: String,
    },
    /// No workbook.
    #[error("this is no workbook that can be read: {0}")]
    Workbook(String),
    /// No JSON.
    #[error("this is no JSON list of people: {0}")]
    Json(String),
    /// Too many rows.
    #[error("it has more than {MAX_ROWS} rows: part it into several files")]
    TooManyRows,
    /// Too wide.
    #[error("row {row} has more than {MAX_COLUMNS} columns")]
    TooWide {
        /// Which row.
        row: u64,
    },
    /// A small file that becomes a huge one.
    #[error("unpacked it would be larger than {} MiB", MAX_UNPACKED >> 20)]
    TooLarge,
    /// Nothing.
    #[error("it has no rows")]
    Empty,
}

impl ListForm {
    /// By a content type such as `text/csv; charset=utf-8`.
    pub fn of_content_type(kind: &str) -> Option<Self> {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "text/csv" | "text/plain" | "text/tab-separated-values" | "application/csv" => Some(Self::Csv),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Some(Self::Xlsx),
            "application/json" | "application/x-ndjson" | "application/jsonl" => Some(Self::Json),
            _ => None,
        }
    }

    /// By the ending of a file's name.
    pub fn of_name(name: &str) -> Option<Self> {
        let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
        match ending.as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "xlsx" => Some(Self::Xlsx),
            "json" | "jsonl" | "ndjson" => Some(Self::Json),
            _ => None,
        }
    }

    /// What it is called where files are sent.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json => "application/json",
        }
    }
}

/// Reads a list. Blank rows are left out; the rows after them keep their numbers. What is said of the encoding counts for CSV that
/// is neither marked nor UTF-8.
///
/// # Errors
/// Why it can't be read, and what would be right. Nothing of the file is quoted.
pub fn read(bytes: &[u8], form: ListForm, said: Option<Encoding>) -> Result<List, BadList> {
    let list = match form {
        ListForm::Csv => csv::read(bytes, said)?,
        ListForm::Xlsx => List { rows: xlsx::read(bytes)?, encoding: None },
        ListForm::Json => List { rows: json::read(bytes)?, encoding: None },
    };
    if list.rows.is_empty() { Err(BadList::Empty) } else { Ok(list) }
}

/// What an encoding is called.
fn word(encoding: &Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "UTF-8",
        Encoding::Utf16 => "UTF-16",
        Encoding::Windows1255 => "Windows-1255",
        Encoding::Windows1252 => "Windows-1252",
    }
}

/// The rows of a list under way, bounded.
#[derive(Default)]
struct Rows(Vec<ListRow>);

impl Rows {
    fn add(&mut self, number: u64, cells: Vec<String>) -> Result<(), BadList> {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        if cells.len() > MAX_COLUMNS {
            return Err(BadList::TooWide { row: number });
        }
        if self.0.len() > MAX_ROWS {
            return Err(BadList::TooManyRows);
        }
        self.0.push(ListRow { number, cells: cells.into_iter().map(plain).collect() });
        Ok(())
    }
}

/// A cell as it was meant: what we wrote so that no spreadsheet takes it for a formula comes back as it was, and what no
/// database keeps is left out.
fn plain(cell: String) -> String {
    let cell = if cell.contains('\0') { cell.replace('\0', "") } else { cell };
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest.to_owned(),
        _ => cell,
    }
}
