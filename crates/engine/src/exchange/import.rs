//! JSON lines into a database: looked through first, from the first line to the last, then written in batches.

use super::Tick;
use super::error::{BadLine, ExchangeError};
use super::export::hex;
use super::line::{self, End, FORM, Line};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::{BufRead, Read};
use trunkline_store::{Import, Imported, Store};

/// Longer than the longest call there can be; shorter than what would fill the memory.
const MAX_LINE: usize = 256 << 20;
/// A batch is written when it holds so many calls or events.
const BATCH_CALLS: usize = 200;
const BATCH_EVENTS: usize = 4_000;

/// What stands in a file that is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// How many calls.
    pub calls: u64,
    /// How many of them were not over when the file was written: nobody goes on with them here.
    pub not_ended: u64,
    /// How many events.
    pub events: u64,
    /// How many suppressions.
    pub suppressions: u64,
}

/// Looks through a whole file and changes nothing.
///
/// # Errors
/// The first line that is wrong, with its number and why; or the file can't be read.
pub fn check(from: &mut dyn BufRead) -> Result<Checked, ExchangeError> {
    let mut lines = Lines::new(from);
    lines.head()?;
    let mut found = Checked::default();
    while let Some(line) = lines.next()? {
        let add = lines.at(rows(line))?;
        found.calls += count(add.calls.len());
        found.not_ended += count(add.calls.iter().filter(|call| !call.is_over()).count());
        found.events += count(add.events.len());
        found.suppressions += count(add.suppressions.len());
    }
    lines.ended(&found)?;
    Ok(found)
}

/// Writes a file into the store, which holds afterwards what it held before and what stands in the file. Look through
/// it with [`check`] first: this stops at the first wrong line, with everything before it written. What is there already
/// is left as it is, so that a second run completes a first one that was cut off. No journal's cursor moves: what is
/// imported is history.
///
/// # Errors
/// The database went away, or the file is no longer what was looked through.
pub async fn import(
    store: &Store,
    from: &mut (dyn BufRead + Send),
    tick: Tick<'_>,
) -> Result<Imported, ExchangeError> {
    let mut lines = Lines::new(from);
    lines.head()?;
    let (mut batch, mut new, mut done) = (Import::default(), Imported::default(), 0);
    while let Some(line) = lines.next()? {
        let add = lines.at(rows(line))?;
        done += count(add.calls.len());
        batch.calls.extend(add.calls);
        batch.events.extend(add.events);
        batch.suppressions.extend(add.suppressions);
        if batch.calls.len() + batch.suppressions.len() >= BATCH_CALLS || batch.events.len() >= BATCH_EVENTS {
            write(store, std::mem::take(&mut batch), &mut new).await?;
            tick(done);
        }
    }
    write(store, batch, &mut new).await?;
    tick(done);
    Ok(new)
}

async fn write(store: &Store, batch: Import, new: &mut Imported) -> Result<(), ExchangeError> {
    let added = crate::patience::with_patience(|| store.import(&batch)).await?;
    new.calls += added.calls;
    new.events += added.events;
    new.suppressions += added.suppressions;
    Ok(())
}

/// What a line between the first and the last brings.
fn rows(line: Line) -> Result<Import, BadLine> {
    let mut rows = Import::default();
    match line {
        Line::Call(line) => {
            let (call, events) = line.rows()?;
            rows.calls.push(call);
            rows.events = events;
        }
        Line::Orphans(line) => rows.events = line.rows()?,
        Line::Suppression(line) => rows.suppressions.push(line.row()?),
        Line::Export(_) => return Err(BadLine::Head),
        Line::End(_) => return Err(BadLine::AfterTheEnd),
    }
    Ok(rows)
}

/// The lines of a file, one at a time.
struct Lines<'a, R: ?Sized> {
    from: &'a mut R,
    text: String,
    number: u64,
    hash: Sha256,
    end: Option<End>,
}

impl<'a, R: BufRead + ?Sized> Lines<'a, R> {
    fn new(from: &'a mut R) -> Self {
        Self { from, text: String::new(), number: 0, hash: Sha256::new(), end: None }
    }

    fn head(&mut self) -> Result<(), ExchangeError> {
        let read = self.read()?;
        match read.then(|| line::read(&self.text)) {
            Some(Ok(Line::Export(head))) if head.form <= FORM => Ok(()),
            Some(Ok(Line::Export(head))) => self.at(Err(BadLine::Newer { found: head.form, known: FORM })),
            Some(Ok(_) | Err(_)) | None => self.at(Err(BadLine::NoHead)),
        }
    }

    /// The next line before the last; `None` after the last.
    fn next(&mut self) -> Result<Option<Line>, ExchangeError> {
        if !self.read()? {
            return match self.end {
                Some(_) => Ok(None),
                None => self.at(Err(BadLine::CutOff)),
            };
        }
        if self.end.is_some() {
            return self.at(Err(BadLine::AfterTheEnd));
        }
        let line = line::read(&self.text);
        match self.at(line)? {
            Line::End(end) => {
                self.end = Some(end);
                self.next()
            }
            line => {
                self.hash.update(self.text.as_bytes());
                Ok(Some(line))
            }
        }
    }

    /// Whether the last line says what was found.
    fn ended(self, found: &Checked) -> Result<(), ExchangeError> {
        let Self { number: line, hash, end, .. } = self;
        let bad = |why| Err(ExchangeError::Bad { line, why });
        let Some(end) = end else { return bad(BadLine::CutOff) };
        let words = |calls, events, suppressions| {
            format!("{calls} calls, {events} events and {suppressions} suppressions")
        };
        let counted = words(end.calls, end.events, end.suppressions);
        let there = words(found.calls, found.events, found.suppressions);
        if counted != there {
            return bad(BadLine::Count { counted, found: there });
        }
        match end.sha256 {
            Some(sha256) if sha256 != hex(hash) => bad(BadLine::Checksum),
            Some(_) | None => Ok(()),
        }
    }

    /// Reads a line with its line feed; `false` at the end of the file.
    fn read(&mut self) -> Result<bool, ExchangeError> {
        self.text.clear();
        let limit = count(MAX_LINE) + 1;
        self.number += 1;
        let read = self.from.take(limit).read_line(&mut self.text);
        match read {
            Ok(0) => {
                self.number -= 1;
                Ok(false)
            }
            Ok(bytes) if bytes > MAX_LINE => self.at(Err(BadLine::TooLong(MAX_LINE))),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                self.at(Err(BadLine::Unreadable("it is not UTF-8".to_owned())))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn at<T>(&self, done: Result<T, BadLine>) -> Result<T, ExchangeError> {
        done.map_err(|why| ExchangeError::Bad { line: self.number.max(1), why })
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
