//! JSON lines into a database: looked through first, from the first line to the last, then written in batches.

use super::Tick;
use super::error::{BadLine, ExchangeError};
use super::export::hex;
use super::line::{self, End, FORM, Line};
use crate::imported::{calls_of, records};
use crate::operating::{Held, HeldError, all_suppressions};
use crate::patience::with_patience;
use crate::record::{DecisionRecord, RecordError, RosterRecord, kind};
use crate::trust::Stands;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read};
use trunkline_core::call::Call;
use trunkline_core::campaign::CampaignState;
use trunkline_core::id::{CallId, CampaignId, TenantId};
use trunkline_core::roster::Roster;
use trunkline_core::tenancy::{Decision, DecisionId};
use trunkline_store::{
    AppointmentRows, AppointmentsCounted, EventRow, Import, Imported, Leads, QueueCount, QueueRows, Store,
    WhoseCount,
};

/// Longer than the longest call there can be; shorter than what would fill the memory.
const MAX_LINE: usize = 256 << 20;
/// A batch is written when it holds so many calls or events.
const BATCH_CALLS: usize = 200;
const BATCH_EVENTS: usize = 4_000;
/// Or so many rows of the queue.
const BATCH_QUEUE: usize = 2_000;

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
    /// How many rows of the queue.
    #[serde(flatten)]
    pub queue: QueueCount,
    /// Tenants and numbers.
    #[serde(flatten)]
    pub whose: WhoseCount,
    /// Appointments, and with whom.
    #[serde(flatten)]
    pub calendar: AppointmentsCounted,
    /// The campaigns, each with its tenant and name.
    #[serde(skip)]
    pub campaigns: Vec<(CampaignId, TenantId, String)>,
    /// How many of these are running: a server on the database goes on with them.
    pub running: u64,
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
        let add = lines.at(line.rows())?;
        found.calls += count(add.calls.len());
        found.not_ended += count(add.calls.iter().filter(|call| !call.is_over()).count());
        found.events += count(add.events.len());
        found.suppressions += count(add.suppressions.len());
        found.queue += add.queue.count();
        found.calendar += add.appointments.count();
        add.whose.iter().for_each(|row| found.whose.add(row));
        found.whose.rosters += count(add.rosters.len());
        for campaign in add.queue.campaigns {
            found.running += u64::from(campaign.state == CampaignState::Running);
            found.campaigns.push((campaign.id, campaign.tenant, campaign.policy.name));
        }
    }
    lines.ended(&found)?;
    Ok(found)
}

impl Checked {
    /// A batch of it. A file without people, out of an index or an older program, has them in its calls.
    fn begin(&self) -> Import {
        let people = if self.queue.leads == 0 { Leads::OfCalls } else { Leads::Apart };
        Import { people, ..Import::default() }
    }
}

/// Whether a queue can go into this store.
///
/// # Errors
/// `NoQueue`: it is an index, and the file has campaigns. `Taken`: it has another campaign of the same name. `Store`.
pub async fn fits(found: &Checked, keeper: Keeper<'_>) -> Result<(), ExchangeError> {
    let store = match keeper {
        Keeper::Database(store) => store,
        Keeper::Journal(..) if found.calendar != AppointmentsCounted::default() => {
            return Err(ExchangeError::NoCalendar { appointments: found.calendar.appointments });
        }
        Keeper::Journal(..) if found.campaigns.is_empty() => return Ok(()),
        Keeper::Journal(..) => return Err(ExchangeError::NoQueue { campaigns: found.queue.campaigns }),
    };
    for known in store.campaigns().await?.whole()? {
        let is_other = |(id, tenant, name): &&(CampaignId, TenantId, String)| {
            *id != known.id && *tenant == known.tenant && *name == known.policy.name
        };
        if let Some((id, ..)) = found.campaigns.iter().find(is_other) {
            return Err(ExchangeError::Taken { campaign: *id, known: known.id });
        }
    }
    Ok(())
}

/// Who keeps what is imported.
#[derive(Clone, Copy)]
pub enum Keeper<'a> {
    /// The database, and no journal.
    Database(&'a Store),
    /// The journal of a folder without a database; the store is the index over it, up to date.
    Journal(&'a Held, &'a Store),
}

/// Gives a file, of which that was found, to its keeper, who holds afterwards what it held before and what stands in the file. Look through
/// it with [`check`] first: this stops at the first wrong line, with everything before it written. What is there already
/// is left as it is, so that a second run completes a first one that was cut off. What is imported is history: nobody
/// goes on with a call in it.
///
/// # Errors
/// The database went away, the journal can't be written, or the file is no longer what was looked through.
pub async fn import(
    keeper: Keeper<'_>,
    found: &Checked,
    from: &mut (dyn BufRead + Send),
    tick: Tick<'_>,
) -> Result<Imported, ExchangeError> {
    let mut lines = Lines::new(from);
    lines.head()?;
    let (mut batch, mut new, mut done, mut queued) = (found.begin(), Imported::default(), 0, 0);
    while let Some(line) = lines.next()? {
        let add = lines.at(line.rows())?;
        done += count(add.calls.len());
        batch.calls.extend(add.calls);
        batch.events.extend(add.events);
        batch.suppressions.extend(add.suppressions);
        queued += add.appointments.appointments.len();
        batch.appointments.append(add.appointments);
        queued += add.queue.jobs.len() + add.queue.leads.len() + add.queue.attempts.len();
        batch.queue.append(add.queue);
        batch.whose.extend(add.whose);
        batch.rosters.extend(add.rosters);
        let whose = batch.whose.len() + batch.rosters.len();
        let rows = batch.calls.len() + batch.suppressions.len() + whose;
        if queued >= BATCH_QUEUE || rows >= BATCH_CALLS || batch.events.len() >= BATCH_EVENTS {
            write(keeper, std::mem::replace(&mut batch, found.begin()), &mut new).await?;
            queued = 0;
            tick(done);
        }
    }
    write(keeper, batch, &mut new).await?;
    tick(done);
    Ok(new)
}

async fn write(keeper: Keeper<'_>, batch: Import, new: &mut Imported) -> Result<(), ExchangeError> {
    let added = match keeper {
        Keeper::Database(store) => with_patience(|| store.import(&batch)).await?,
        Keeper::Journal(held, store) => journal(held, store, &batch).await?,
    };
    new.calls += added.calls;
    new.events += added.events;
    new.suppressions += added.suppressions;
    new.queue += added.queue;
    new.whose += added.whose;
    new.appointments += added.appointments;
    Ok(())
}

/// Journals what is new in a batch, then indexes it.
async fn journal(held: &Held, store: &Store, batch: &Import) -> Result<Imported, ExchangeError> {
    let new = unknown(store, batch).await?;
    let whose = new.whose.iter().map(|row| {
        let record = DecisionRecord::sealed(&held.codec, row)?;
        Ok::<_, RecordError>(serde_json::to_vec(&record)?)
    });
    let rosters = new.rosters.iter().map(|roster| (roster, Stands::Stored));
    let rosters = RosterRecord::sealed_all(&held.codec, rosters).map_err(HeldError::from)?;
    let rosters = rosters.iter().map(|record| Ok::<_, RecordError>(serde_json::to_vec(record)?));
    let whose = whose.chain(rosters).collect::<Result<Vec<_>, _>>().map_err(HeldError::from)?;
    let decided = held.append(kind::DECISION, whose).await?;
    let imported = held.append(kind::IMPORTED, records(&held.codec, &new).map_err(HeldError::from)?).await?;
    let Some(last) = imported.or(decided) else {
        return Ok(Imported::default());
    };
    let added = store.import(&new).await?;
    held.has_eaten(store, last).await?;
    Ok(added)
}

/// The calls of a batch of which the index lacks something, with all that the batch says of them; and what else is new in it.
async fn unknown(store: &Store, batch: &Import) -> Result<Import, ExchangeError> {
    let ids: Vec<CallId> = calls_of(batch).collect::<BTreeSet<_>>().into_iter().collect();
    let known: BTreeMap<CallId, Timestamp> =
        store.load_folds(&ids).await?.into_iter().map(|call| (call.id, call.updated_at)).collect();
    let events = store.events_of(&ids).await?;
    let has = |row: &EventRow| {
        events.get(&row.call).is_some_and(|rows| rows.iter().any(|known| known.key == row.key))
    };
    let is_newer = |call: &&Call| known.get(&call.id).is_none_or(|known| *known < call.updated_at);
    let mut lacking: BTreeSet<CallId> = batch.calls.iter().filter(is_newer).map(|call| call.id).collect();
    lacking.extend(batch.events.iter().filter(|row| !has(row)).map(|row| row.call));
    let suppressions = match batch.suppressions.is_empty() {
        true => Vec::new(),
        false => {
            let known = all_suppressions(store).await?;
            batch.suppressions.iter().filter(|entry| !known.contains(entry)).cloned().collect()
        }
    };
    Ok(Import {
        calls: batch.calls.iter().filter(|call| lacking.contains(&call.id)).cloned().collect(),
        events: batch.events.iter().filter(|row| lacking.contains(&row.call)).cloned().collect(),
        suppressions,
        // An index has whom it knows from calls, and campaigns were refused before.
        people: Leads::OfCalls,
        queue: QueueRows::default(),
        whose: unknown_whose(store, &batch.whose).await?,
        rosters: unknown_rosters(store, &batch.rosters).await?,
        // Refused before, as campaigns are.
        appointments: AppointmentRows::default(),
    })
}

/// The rosters that the index does not have, or has in an earlier version.
async fn unknown_rosters(store: &Store, rosters: &[Roster]) -> Result<Vec<Roster>, ExchangeError> {
    let mut unknown = Vec::new();
    for roster in rosters {
        let known = store.roster(&roster.tenant, &roster.of).await?;
        if known.is_none_or(|known| known.version < roster.version) {
            unknown.push(roster.clone());
        }
    }
    Ok(unknown)
}

/// The tenants and numbers that the index does not have. What is here stays as it is.
async fn unknown_whose(store: &Store, rows: &[Decision]) -> Result<Vec<Decision>, ExchangeError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let known: BTreeMap<DecisionId, Decision> =
        store.decisions().await?.into_iter().map(|row| (row.id(), row)).collect();
    let is_new = |row: &&Decision| match (known.get(&row.id()), row) {
        (None, _) => true,
        (Some(Decision::Number(known)), Decision::Number(new)) => {
            new.version > known.version && !known.is_given()
        }
        (Some(_), _) => false,
    };
    Ok(rows.iter().filter(is_new).cloned().collect())
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
        let words = |calls, events, suppressions, queue: QueueCount, whose: WhoseCount, calendar| {
            let AppointmentsCounted { practitioners, appointments } = calendar;
            let QueueCount { leads, jobs, attempts, campaigns } = queue;
            let WhoseCount { tenants, numbers, rosters } = whose;
            format!(
                "{calls} calls, {events} events, {suppressions} suppressions, {leads} leads, {jobs} jobs, {attempts} \
                 attempts, {campaigns} campaigns, {tenants} tenants, {numbers} numbers, {rosters} rosters, \
                 {practitioners} practitioners and {appointments} appointments"
            )
        };
        let counted = words(end.calls, end.events, end.suppressions, end.queue, end.whose, end.calendar);
        let there =
            words(found.calls, found.events, found.suppressions, found.queue, found.whose, found.calendar);
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
