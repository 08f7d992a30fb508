//! Leads: what the columns of an imported file mean, and what each of its rows becomes.
//!
//! In: header names and the first rows ([`Mapping::guess`]), then cell by cell each row ([`Import::row`]). Out: a
//! [`Draft`] of a lead, or a [`RowFault`] that says which row, which column and why. Rows are looked at one at a time, so a
//! file of any size needs no more memory than the set of its numbers.
//!
//! A lead lacks a value that the script speaks of? Then its row is refused here, and not in the middle of a call.
//!
//! Left to others: reading CSV, XLSX and JSON, writing rows, and doing all or nothing (engine, store).

mod columns;
mod import;
#[cfg(test)]
mod tests;

pub use columns::{Column, Headed, Mapping, MappingFault};
pub use import::{Draft, Import, Row, RowError, RowFault, Tally};
