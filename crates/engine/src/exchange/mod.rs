//! History as files: everything as JSON lines, out of any database and into any other; calls as a table for people.
//!
//! ```text
//! store ─ export_lines ─► {"export":…} {"call":…}… {"orphans":…}… {"suppression":…}…
//!     {"lead":…}… {"job":…}… {"attempt":…}… {"campaign":…}… {"end":…} ─ check, fits, import ─► store
//! journal ─ (no database) import ─► records of the same lines, sealed, and the index over them
//! store ─ export_csv, export_xlsx ─► one row a call
//! ```
//!
//! All of it streams, page by page in the order of ids: memory does not grow with history. The end line counts what
//! came before and bears its SHA-256, so that a file which was cut off is not taken for a whole one, and two databases
//! hold the same rows exactly if their end lines are equal. Where files are, and who may read them, is the caller's
//! affair.

mod csv;
mod error;
mod export;
mod import;
pub(crate) mod line;
pub mod people;
mod sheet;
mod table;
mod xlsx;

pub use error::{BadLine, ExchangeError};
pub use export::{Exported, Kind, export_lines};
pub use import::{Checked, Keeper, check, fits, import};
pub use sheet::{Cell, SheetForm, write_sheet};
pub(crate) use table::{answers_of, some, text, time, word};
pub use table::{export_csv, export_xlsx};

/// Told how many calls are done, now and then.
pub type Tick<'a> = &'a mut (dyn FnMut(u64) + Send);

/// How many calls are read at once.
const PAGE: u16 = 200;
