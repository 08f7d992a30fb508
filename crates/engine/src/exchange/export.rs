//! Everything there is, as JSON lines.

use super::error::ExchangeError;
use super::line::{End, FORM, Head, Line, OrphanLine, SuppressionLine};
use super::{PAGE, Tick};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::Write;
use trunkline_core::tenancy::Decision;
use trunkline_store::{AppointmentsCounted, QueueCount, Store, WhoseCount};

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// How many calls.
    pub calls: u64,
    /// How many events.
    pub events: u64,
    /// How many suppressions, lifted ones among them.
    pub suppressions: u64,
    /// Rows of the queue.
    #[serde(flatten)]
    pub queue: QueueCount,
    /// Tenants and numbers.
    #[serde(flatten)]
    pub whose: WhoseCount,
    /// Appointments, and with whom.
    #[serde(flatten)]
    pub calendar: AppointmentsCounted,
    /// Of all rows, in hex: two databases with the same rows have the same.
    pub sha256: String,
}

/// Writes everything the store has: tenants and numbers; calls with turns and events, events without a call, suppressions;
/// appointments; people, jobs, attempts and campaigns, unless it is an index, which has none. What opens doors is left out: keys, users,
/// and the endpoints of webhooks with their secrets. Beside a running server each call is whole and as it
/// was at one moment.
///
/// # Errors
/// The database went away, or the file could not be written.
pub async fn export_lines(
    store: &Store,
    kind: Kind,
    to: &mut (dyn Write + Send),
    at: Timestamp,
    tick: Tick<'_>,
) -> Result<Exported, ExchangeError> {
    let mut lines = Lines {
        to,
        hash: Sha256::new(),
        calls: 0,
        events: 0,
        suppressions: 0,
        queue: QueueCount::default(),
        whose: WhoseCount::default(),
        calendar: AppointmentsCounted::default(),
    };
    lines.head(at)?;
    lines.whose(store).await?;
    lines.calls(store, tick).await?;
    lines.orphans(store).await?;
    lines.suppressions(store).await?;
    if kind == Kind::Database {
        lines.calendar(store).await?;
        lines.queue(store).await?;
    }
    lines.end()
}

/// What a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A database, with a queue.
    Database,
    /// An index over a journal: whom it knows it has from calls.
    Index,
}

struct Lines<'a> {
    to: &'a mut (dyn Write + Send),
    hash: Sha256,
    calls: u64,
    events: u64,
    suppressions: u64,
    queue: QueueCount,
    whose: WhoseCount,
    calendar: AppointmentsCounted,
}

impl Lines<'_> {
    fn head(&mut self, at: Timestamp) -> Result<(), ExchangeError> {
        let program = format!("trunkline {}", env!("CARGO_PKG_VERSION"));
        let head = Head { form: FORM, program: Some(program), at: Some(at) };
        let bytes = written(&Line::Export(head), "the first line")?;
        Ok(self.to.write_all(&bytes)?)
    }

    /// First, so that whoever takes the lines in one after the other knows whose the calls are.
    async fn whose(&mut self, store: &Store) -> Result<(), ExchangeError> {
        let mut rows = store.decisions().await?;
        // Each engine has its own order of letters.
        rows.sort_by_key(Decision::id);
        for row in rows {
            self.whose.add(&row);
            match row {
                Decision::Tenant(tenant) => self.put(&Line::Tenant(tenant), || "a tenant".to_owned())?,
                Decision::Number(number) => {
                    self.put(&Line::Number(Box::new(number)), || "a number".to_owned())?;
                }
                Decision::Key(_) | Decision::User(_) => {}
            }
        }
        let mut rosters = store.rosters_since(0).await?;
        rosters.sort_by(|one, other| (&one.tenant, &one.of).cmp(&(&other.tenant, &other.of)));
        for roster in rosters {
            self.whose.rosters += 1;
            self.put(&Line::Roster(roster.into()), || "a roster".to_owned())?;
        }
        Ok(())
    }

    async fn calls(&mut self, store: &Store, tick: Tick<'_>) -> Result<(), ExchangeError> {
        let mut after = None;
        loop {
            let page = store.histories_after(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.call.id);
            for history in page {
                self.calls += 1;
                self.events += count(history.events.len());
                let id = history.call.id;
                self.put(&Line::from(history), || format!("call {id}"))?;
            }
            tick(self.calls);
        }
    }

    async fn orphans(&mut self, store: &Store) -> Result<(), ExchangeError> {
        let mut after = None;
        loop {
            let page = store.orphans_after(after, PAGE).await?;
            let Some((last, _)) = page.last_key_value() else { return Ok(()) };
            after = Some(*last);
            for (call, events) in page {
                self.events += count(events.len());
                if let Some(line) = OrphanLine::new(call, events) {
                    self.put(&Line::Orphans(line), || format!("events of {call}"))?;
                }
            }
        }
    }

    async fn suppressions(&mut self, store: &Store) -> Result<(), ExchangeError> {
        let mut after = None;
        loop {
            let page = store.suppressions_after(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            for suppression in page {
                self.suppressions += 1;
                let line = Line::Suppression(SuppressionLine::from(suppression));
                self.put(&line, || "a suppression".to_owned())?;
            }
        }
    }

    async fn calendar(&mut self, store: &Store) -> Result<(), ExchangeError> {
        let mut after = None;
        loop {
            let page = store.practitioners_after(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for row in page {
                self.calendar.practitioners += 1;
                let id = row.id;
                self.put(&Line::Practitioner(Box::new(row)), || format!("practitioner {id}"))?;
            }
        }
        let mut after = None;
        loop {
            let page = store.appointments_after(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for row in page {
                self.calendar.appointments += 1;
                let id = row.id;
                self.put(&Line::Appointment(Box::new(row)), || format!("appointment {id}"))?;
            }
        }
    }

    /// Campaigns last: who takes the lines in one after the other has everybody before anybody is dialed.
    async fn queue(&mut self, store: &Store) -> Result<(), ExchangeError> {
        let mut after = None;
        loop {
            let page = store.leads_after(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for lead in page {
                self.queue.leads += 1;
                self.put(&Line::Lead(Box::new(lead)), || "a lead".to_owned())?;
            }
        }
        let mut after = None;
        loop {
            let page = store.jobs_after(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.job.id);
            for job in page {
                self.queue.jobs += 1;
                let id = job.job.id;
                self.put(&Line::Job(Box::new(job)), || format!("job {id}"))?;
            }
        }
        let mut after = None;
        loop {
            let page = store.attempts_after(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.call);
            for attempt in page {
                self.queue.attempts += 1;
                let call = attempt.call;
                self.put(&Line::Attempt(attempt), || format!("the attempt of {call}"))?;
            }
        }
        for campaign in store.campaigns().await?.whole()? {
            self.queue.campaigns += 1;
            let id = campaign.id;
            self.put(&Line::Campaign(Box::new(campaign)), || format!("campaign {id}"))?;
        }
        Ok(())
    }

    fn end(self) -> Result<Exported, ExchangeError> {
        let sha256 = hex(self.hash);
        let Self { calls, events, suppressions, queue, whose, calendar, .. } = self;
        let end = End { calls, events, suppressions, queue, whose, calendar, sha256: Some(sha256.clone()) };
        self.to.write_all(&written(&Line::End(end), "the last line")?)?;
        self.to.flush()?;
        Ok(Exported { calls, events, suppressions, queue, whose, calendar, sha256 })
    }

    fn put(&mut self, line: &Line, what: impl Fn() -> String) -> Result<(), ExchangeError> {
        let bytes = serde_json::to_vec(line).map_err(|_| ExchangeError::Json { what: what() });
        let mut bytes = bytes?;
        bytes.push(b'\n');
        self.hash.update(&bytes);
        Ok(self.to.write_all(&bytes)?)
    }
}

fn written(line: &Line, what: &str) -> Result<Vec<u8>, ExchangeError> {
    let bytes = serde_json::to_vec(line).map_err(|_| ExchangeError::Json { what: what.to_owned() });
    bytes.map(|mut bytes| {
        bytes.push(b'\n');
        bytes
    })
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
