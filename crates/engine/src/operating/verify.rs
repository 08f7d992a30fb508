//! The check: the journal against the database, the database against itself, and the recordings.
//!
//! What the journal still holds and the database has eaten must be there, event by event. What the database holds must be
//! what its own events make it, column by column, also where the journal has long gone; a call may be ahead of them by what
//! still waits in the journal. Of the queue, whose truth is the database's, jobs, attempts and calls must be of one mind
//! (`verify_queue`), and so must our numbers (`verify_numbers`) and appointments with the time they hold
//! (`verify_appointments`). Nothing is changed.

use super::folder::{Folder, FolderTrouble};
use super::replay::{Made, replay};
use super::report::Report;
use super::{PAGE, Tick, recordings};
use crate::imported::calls_of;
use crate::record::{Codec, DecisionRecord, Decoded};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;
use trunkline_core::call::{Call, Event};
use trunkline_core::id::CallId;
use trunkline_core::numbers::Number;
use trunkline_core::private::Address;
use trunkline_journal::{Cat, FileError, Lsn, ReadError};
use trunkline_store::{AuditedCall, EventRow, Feeder, Import, Position, Pruning, Store, StoreError};

/// How many events of the journal are looked up at once.
const BATCH: usize = 2_000;
/// Beside a running server a call may be changing while it is looked at: it is looked at again, so often.
pub(super) const LOOKS: u32 = 20;
pub(super) const BETWEEN: Duration = Duration::from_millis(250);
/// Of a call whose row is another than its events say.
const NOT_MADE: &str = "the call is not what its events make it";

/// Whether somebody writes meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// No server runs on the folder.
    Nobody,
    /// One does.
    Server,
}

/// Why a check was not done to its end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderTrouble),
    /// The journal can't be listed.
    #[error(transparent)]
    Journal(#[from] FileError),
    /// The folder of recordings can't be listed.
    #[error("the recordings: {0}")]
    Recordings(#[from] std::io::Error),
}

/// Checks a folder and its database.
///
/// # Errors
/// Something could not be looked at. What is wrong is no error: it is what is reported.
pub async fn verify(
    folder: &Folder,
    store: &Store,
    beside: Beside,
    tick: Tick<'_>,
) -> Result<Report, VerifyError> {
    let mut check = Check {
        folder,
        store,
        files: recordings::list(folder)?,
        prunings: store.prunings().await?,
        report: Report::default(),
        suspects: BTreeMap::new(),
        counted: HashSet::new(),
        gone: HashSet::new(),
        imported: Vec::new(),
        lacking: BTreeMap::new(),
        numbers: BTreeMap::new(),
        nodes: store.fed_by().await?.len(),
        eaten: None,
    };
    let records = check.journal(tick).await?;
    check.calls(records, tick).await?;
    if beside == Beside::Server {
        check.look_again().await?;
    }
    check.hear_what_waits().await?;
    check.say_suspects();
    check.queue(beside).await?;
    check.numbers().await?;
    check.appointments().await?;
    check.rest().await?;
    Ok(check.report)
}

pub(super) struct Check<'a> {
    folder: &'a Folder,
    pub(super) store: &'a Store,
    /// Recordings that no call has named yet.
    files: BTreeSet<String>,
    prunings: Vec<Pruning>,
    pub(super) report: Report,
    /// Calls whose rows are not what they should be, and why.
    suspects: BTreeMap<String, Vec<String>>,
    /// Calls of the journal that are there.
    counted: HashSet<CallId>,
    /// Calls that went, by the journal's word.
    gone: HashSet<CallId>,
    /// Pieces of history in the journal that are yet to be looked up.
    imported: Vec<Import>,
    /// Imported calls that are not there, or not whole, and how many of their events.
    lacking: BTreeMap<CallId, u64>,
    /// Our numbers, as the journal has them.
    pub(super) numbers: BTreeMap<Address, Number>,
    /// How many nodes feed the database: each keeps recordings in a folder of its own.
    nodes: usize,
    /// Up to where the database has eaten this folder's journal, if it has.
    eaten: Option<Position>,
}

/// An event as the journal has it.
struct Journaled {
    row: EventRow,
    event: Event,
}

impl Check<'_> {
    /// Every event in the journal that the database has eaten; how many records were looked at.
    async fn journal(&mut self, tick: Tick<'_>) -> Result<u64, VerifyError> {
        let (ident, codec) = self.folder.peek()?;
        let fed = self.store.fed_by().await?;
        let Some(Feeder { position, .. }) = fed.iter().find(|feeder| feeder.journal == ident) else {
            if !fed.is_empty() {
                self.report.fault("database", "it was fed by another journal than this folder's");
            }
            self.report.waiting = waiting(self.folder, Position(0));
            return Ok(0);
        };
        let (mut batch, mut last, mut missing, mut done) = (Vec::new(), Lsn::ZERO, BTreeMap::new(), 0);
        for record in Cat::open(&self.folder.journal(), Lsn::ZERO)? {
            let record = match record {
                Ok(record) => record,
                // What is being written now, or was torn, is behind what the database has eaten.
                Err(_) if last.get() >= position.0 => break,
                Err(error) => {
                    self.report.fault("journal", said(&error));
                    continue;
                }
            };
            last = record.lsn;
            done += 1;
            tick(done);
            if last.get() > position.0 {
                break;
            }
            if let Some(journaled) = self.decoded(&codec, &record) {
                batch.push(journaled);
            }
            if batch.len() >= BATCH {
                self.look_up(std::mem::take(&mut batch), &mut missing).await?;
            }
            if self.imported.len() >= usize::from(PAGE) {
                self.look_up_imported().await?;
            }
        }
        self.look_up(batch, &mut missing).await?;
        self.look_up_imported().await?;
        if last > Lsn::ZERO && last.get() < position.0 {
            self.report.fault(
                "database",
                "it is ahead of the journal: one of the two was restored without the other",
            );
        }
        self.report.waiting = waiting(self.folder, *position);
        self.eaten = Some(*position);
        self.say_missing(missing);
        Ok(done)
    }

    fn decoded(&mut self, codec: &Codec, record: &trunkline_journal::Record) -> Option<Journaled> {
        let decoded = codec.decode(record.kind, &record.payload);
        let (event, tenant, refused) = match decoded {
            Ok(Decoded::Event { event, tenant, refused }) => (event, tenant, refused),
            Ok(Decoded::Pruned(pruned)) => {
                self.gone.extend(pruned.calls);
                return None;
            }
            Ok(Decoded::Decision(decision)) => {
                if let DecisionRecord::Number(number) = *decision {
                    self.heard_of(number);
                }
                return None;
            }
            Ok(Decoded::Imported(piece)) => {
                self.imported.push(*piece);
                return None;
            }
            Ok(_) => return None,
            Err(error) => {
                self.report.fault(format!("journal record {}", record.lsn), error.to_string());
                return None;
            }
        };
        let applied = refused.as_ref().map_or(Ok(()), Err);
        let row = EventRow::new(Position(record.lsn.get()), tenant, &event, applied).ok()?;
        Some(Journaled { row, event: *event })
    }

    async fn look_up(
        &mut self,
        batch: Vec<Journaled>,
        missing: &mut BTreeMap<CallId, Missing>,
    ) -> Result<(), VerifyError> {
        let ids: BTreeSet<CallId> = batch.iter().map(|journaled| journaled.row.call).collect();
        let ids: Vec<CallId> = ids.into_iter().collect();
        let known: BTreeSet<CallId> = self.store.known(&ids).await?.into_iter().collect();
        let events = self.store.events_of(&ids).await?;
        for Journaled { row, event } in batch {
            let found = events.get(&row.call).and_then(|rows| rows.iter().find(|found| found.key == row.key));
            let flaw = match found {
                None => Some("an event of the journal is missing"),
                Some(found) if found.position == row.position && !is_same(found, &row) => {
                    Some("an event is not as the journal has it")
                }
                Some(_) => None,
            };
            if known.contains(&row.call) {
                self.report.events.count(flaw.is_none());
                if let Some(flaw) = flaw {
                    self.report.fault(row.call.to_string(), format!("{flaw}: record {}", row.position));
                }
            } else {
                missing.entry(row.call).or_default().add(&event, flaw.is_none());
            }
        }
        for id in known {
            if self.counted.insert(id) {
                self.report.calls.count(true);
            }
        }
        Ok(())
    }

    /// Whether what was imported is there.
    async fn look_up_imported(&mut self) -> Result<(), VerifyError> {
        let pieces = std::mem::take(&mut self.imported);
        let ids: Vec<CallId> =
            pieces.iter().flat_map(calls_of).collect::<BTreeSet<_>>().into_iter().collect();
        let known: BTreeSet<CallId> = self.store.known(&ids).await?.into_iter().collect();
        let events = self.store.events_of(&ids).await?;
        for piece in pieces {
            for call in &piece.calls {
                match known.contains(&call.id) {
                    true if self.counted.insert(call.id) => self.report.calls.count(true),
                    true => {}
                    false => drop(self.lacking.entry(call.id).or_default()),
                }
            }
            for row in &piece.events {
                let found = events.get(&row.call);
                match found.is_some_and(|rows| rows.iter().any(|found| found.key == row.key)) {
                    true => self.report.events.count(true),
                    false => *self.lacking.entry(row.call).or_default() += 1,
                }
            }
        }
        Ok(())
    }

    fn say_missing(&mut self, missing: BTreeMap<CallId, Missing>) {
        for (id, events) in std::mem::take(&mut self.lacking) {
            if self.gone.contains(&id) {
                self.report.pruned += 1;
                continue;
            }
            self.report.events.of += events;
            if !self.counted.contains(&id) {
                self.report.calls.count(false);
            }
            self.report.fault(id.to_string(), "what was imported of this call is not in the database");
        }
        for (id, missing) in missing {
            match &missing.call {
                _ if self.gone.contains(&id) => self.report.pruned += 1,
                Some(call) if self.prunings.iter().any(|pruning| pruning.takes(call)) => {
                    self.report.pruned += 1;
                }
                Some(_) => {
                    self.report.calls.count(false);
                    self.report.events.of += missing.events;
                    self.report.events.good += missing.there;
                    self.report.fault(id.to_string(), "the call is in the journal and not in the database");
                }
                // Its beginning is not in the journal, and the call need not be anywhere.
                None => {
                    self.report.events.of += missing.events;
                    self.report.events.good += missing.there;
                    if missing.there < missing.events {
                        self.report.fault(id.to_string(), "events of the journal are missing");
                    }
                }
            }
        }
    }

    /// Every call of the database.
    async fn calls(&mut self, mut done: u64, tick: Tick<'_>) -> Result<(), VerifyError> {
        let mut after = String::new();
        loop {
            let page = self.store.audit_after(&after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.id);
            self.attempts_of(&page).await?;
            for audited in &page {
                done += 1;
                self.rows(audited);
                if let Some(history) = &audited.history {
                    self.recordings(&history.call).await;
                }
            }
            tick(done);
        }
    }

    fn rows(&mut self, audited: &AuditedCall) {
        let mut flaws = audited.flaws.clone();
        if let Some(history) = &audited.history {
            match replay(&history.events) {
                Made::Call(made) if *made == history.call => {}
                Made::Call(_) => flaws.push(NOT_MADE.to_owned()),
                Made::Unreadable => flaws.push("an event can't be read".to_owned()),
                Made::Nothing => self.report.incomplete += 1,
            }
        }
        match flaws.is_empty() {
            true => self.report.folds.count(true),
            false => drop(self.suspects.insert(audited.id.clone(), flaws)),
        }
    }

    async fn recordings(&mut self, call: &Call) {
        let is_erased = call.is_erased();
        self.report.erased += u64::from(is_erased);
        for kept in recordings::kept(call) {
            let is_there = self.files.remove(kept.file.file());
            if !is_erased {
                // Another node may have it.
                if !is_there && self.folder.bucket.is_none() && self.nodes > 1 {
                    continue;
                }
                let flaw = recordings::flaw(self.folder, &kept).await;
                self.report.recordings.count(flaw.is_none());
                if let Some(flaw) = flaw {
                    self.report.fault(call.id.to_string(), flaw);
                }
            } else if is_there {
                self.report.fault(call.id.to_string(), "a recording of an erased person is still there");
            }
        }
        // One that is being fetched, or was given up half-way.
        for name in recordings::named(call) {
            self.files.remove(name.file());
        }
    }

    /// What was found wrong while a server writes may have been half-way between two states.
    async fn look_again(&mut self) -> Result<(), VerifyError> {
        for _ in 0..LOOKS {
            if self.suspects.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN).await;
            let ids: Vec<String> = std::mem::take(&mut self.suspects).into_keys().collect();
            for audited in self.store.audit(&ids).await? {
                self.rows(&audited);
            }
        }
        Ok(())
    }

    /// A call is written as it is at that moment, which may be ahead of the events that are written with it. After a power cut
    /// those that it was ahead by wait in the journal, and are written at the next start.
    async fn hear_what_waits(&mut self) -> Result<(), VerifyError> {
        let is_ahead = |flaws: &Vec<String>| matches!(flaws.as_slice(), [only] if only == NOT_MADE);
        let ids: Vec<String> =
            self.suspects.iter().filter(|(_, flaws)| is_ahead(flaws)).map(|(id, _)| id.clone()).collect();
        let Some(eaten) = self.eaten.filter(|_| !ids.is_empty()) else { return Ok(()) };
        let waiting = self.waiting_of(&ids, eaten)?;
        for audited in self.store.audit(&ids).await? {
            let Some(history) = &audited.history else { continue };
            let mut events = history.events.clone();
            let ahead = waiting.get(&history.call.id).into_iter().flatten().find(|waiting| {
                events.push((*waiting).clone());
                matches!(replay(&events), Made::Call(made) if *made == history.call)
            });
            if ahead.is_some() && self.suspects.remove(&audited.id).is_some() {
                self.report.folds.count(true);
            }
        }
        Ok(())
    }

    /// The events of these calls that the database has not eaten yet.
    fn waiting_of(
        &self,
        ids: &[String],
        eaten: Position,
    ) -> Result<BTreeMap<CallId, Vec<EventRow>>, VerifyError> {
        let (_, codec) = self.folder.peek()?;
        let mut found: BTreeMap<CallId, Vec<EventRow>> = BTreeMap::new();
        for record in Cat::open(&self.folder.journal(), Lsn::new(eaten.0))?.map_while(Result::ok) {
            let Ok(Decoded::Event { event, tenant, refused }) = codec.decode(record.kind, &record.payload)
            else {
                continue;
            };
            let applied = refused.as_ref().map_or(Ok(()), Err);
            let row = EventRow::new(Position(record.lsn.get()), tenant, &event, applied);
            if let Some(row) = row.ok().filter(|row| ids.contains(&row.call.to_string())) {
                found.entry(row.call).or_default().push(row);
            }
        }
        Ok(found)
    }

    fn say_suspects(&mut self) {
        for (id, flaws) in std::mem::take(&mut self.suspects) {
            self.report.folds.count(false);
            flaws.iter().for_each(|flaw| self.report.fault(&id, flaw));
        }
    }

    /// Counts, and what belongs to nothing.
    async fn rest(&mut self) -> Result<(), VerifyError> {
        let (drift, kept) = self.store.drift().await?;
        self.report.counts.of = kept.max(count(drift.len()));
        self.report.counts.good = self.report.counts.of - count(drift.len());
        for drift in &drift {
            let of = format!("count of tenant {}, day {}, {}", drift.tenant, drift.day, drift.of);
            self.report.fault(of, format!("it is {} off", drift.by));
        }
        let strays = self.store.strays().await?;
        self.report.loose.turns = strays.turns;
        self.report.loose.legs = strays.legs;
        self.report.loose.recordings = count(self.files.len());
        let mut after = None;
        loop {
            let page = self.store.orphans_after(after, PAGE).await?;
            let Some((last, _)) = page.last_key_value() else { return Ok(()) };
            after = Some(*last);
            for (id, events) in &page {
                self.report.loose.events += count(events.len());
                // With its beginning, the call itself must be there.
                if matches!(replay(events), Made::Call(_)) {
                    self.report.folds.count(false);
                    self.report.fault(id.to_string(), "the call's events are there and its row is missing");
                }
            }
        }
    }
}

/// What is known of a call that the database does not have.
#[derive(Default)]
struct Missing {
    call: Option<Box<Call>>,
    events: u64,
    there: u64,
}

impl Missing {
    fn add(&mut self, event: &Event, is_there: bool) {
        self.events += 1;
        self.there += u64::from(is_there);
        match &mut self.call {
            Some(call) => drop(call.apply(event)),
            None => self.call = Call::begin(event).map(|(call, _)| Box::new(call)),
        }
    }
}

/// Whether a row is as the journal would have it. That an event changed nothing may have been found out when it was
/// projected.
fn is_same(found: &EventRow, journaled: &EventRow) -> bool {
    found.tenant == journaled.tenant
        && found.received_at == journaled.received_at
        && found.occurred_at == journaled.occurred_at
        && found.source == journaled.source
        && found.kind == journaled.kind
        && (found.applied == journaled.applied || journaled.applied.is_ok())
        && found.body.reveal().get() == journaled.body.reveal().get()
}

/// How many records of the journal come after this.
fn waiting(folder: &Folder, after: Position) -> u64 {
    let records =
        Cat::open(&folder.journal(), Lsn::new(after.0)).map(|cat| cat.take_while(Result::is_ok).count());
    records.map_or(0, count)
}

fn said(error: &ReadError) -> String {
    error.to_string()
}

pub(super) fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
