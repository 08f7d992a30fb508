//! History that comes from elsewhere: written into the tables as it is, without any journal's cursor.
//!
//! The same rules as for a projection: an event that is there stays, a fold never replaces a newer one, the counts move
//! by what really changed; so a batch may be written again. But no journal holds these rows, and so each batch waits for
//! the disk.

use crate::appointments::{AppointmentRows, AppointmentsCounted, put_appointments};
use crate::db::{Durability, Tx};
use crate::decision;
use crate::error::{Away, StoreError};
use crate::event::EventRow;
use crate::project::{Leads, New, RETRIES, Turns, put_calls, put_events, put_suppressions};
use crate::queue::{QueueCount, QueueRows, put_queue};
use crate::roster;
use crate::store::Store;
use crate::suppression::Suppression;
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;
use trunkline_core::call::Call;
use trunkline_core::roster::Roster;
use trunkline_core::tenancy::Decision;

/// A piece of history.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// The folds of calls. Of several folds of one call the last one counts.
    pub calls: Vec<Call>,
    /// Events, also of calls that are not among these.
    pub events: Vec<EventRow>,
    /// Numbers that were suppressed, or released.
    pub suppressions: Vec<Suppression>,
    /// Whether the calls make leads: not where these come as rows of their own.
    pub people: Leads,
    /// Rows of the queue.
    pub queue: QueueRows,
    /// Tenants and numbers. What else is decision data opens doors, and comes with no history.
    pub whose: Vec<Decision>,
    /// Who is in a conversation of an app's users, and whom a user blocks.
    pub rosters: Vec<Roster>,
    /// Appointments, and with whom.
    pub appointments: AppointmentRows,
}

/// How many rows that say whose calls are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WhoseCount {
    /// Tenants.
    pub tenants: u64,
    /// Numbers, those that are nobody's any more among them.
    pub numbers: u64,
    /// Rosters of apps' users.
    #[serde(skip_serializing_if = "is_none")]
    pub rosters: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

impl WhoseCount {
    /// One more row.
    pub fn add(&mut self, decision: &Decision) {
        match decision {
            Decision::Tenant(_) => self.tenants += 1,
            Decision::Number(_) => self.numbers += 1,
            Decision::Key(_) | Decision::User(_) => {}
        }
    }
}

impl AddAssign for WhoseCount {
    fn add_assign(&mut self, more: Self) {
        self.tenants += more.tenants;
        self.numbers += more.numbers;
        self.rosters += more.rosters;
    }
}

/// What of an import was new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Calls that were not there.
    pub calls: u64,
    /// Events that were not there.
    pub events: u64,
    /// Suppressions that were not there, or were older.
    pub suppressions: u64,
    /// Rows of the queue that were not there.
    pub queue: QueueCount,
    /// Tenants and numbers that were not there, or were older.
    pub whose: WhoseCount,
    /// Appointments and practitioners that were not there.
    pub appointments: AppointmentsCounted,
}

impl Store {
    /// Writes a piece of history, all or nothing; when this returns it is on the disk.
    ///
    /// # Errors
    /// `Unavailable`: try again later. `Poison`: something in it will never go in.
    pub async fn import(&self, batch: &Import) -> Result<Imported, StoreError> {
        let ids = batch.calls.iter().map(|call| call.id).chain(batch.events.iter().map(|event| event.call));
        self.make_room(ids).await?;
        for _ in 0..RETRIES {
            match self.try_to_import(batch).await {
                Err(StoreError::Unavailable { why: Away::GivesWay, .. }) => {}
                done => return done,
            }
        }
        self.try_to_import(batch).await
    }

    async fn try_to_import(&self, batch: &Import) -> Result<Imported, StoreError> {
        const DOING: &str = "importing a batch";
        let mut tx = self.db.begin(DOING, Durability::Decision).await?;
        let New(calls) = put_calls(&mut tx, batch.calls.iter(), &Turns::All, batch.people).await?;
        let New(events) = put_events(&mut tx, &batch.events).await?;
        let New(suppressions) = put_suppressions(&mut tx, &batch.suppressions).await?;
        let queue = put_queue(&mut tx, &batch.queue).await?;
        let mut whose = put_whose(&mut tx, &batch.whose).await?;
        whose.rosters = put_rosters(&mut tx, &batch.rosters).await?;
        let appointments = put_appointments(&mut tx, &batch.appointments).await?;
        self.db.in_place(DOING)?;
        tx.commit().await?;
        Ok(Imported { calls, events, suppressions, queue, whose, appointments })
    }
}

/// Rosters that were not there, or were older.
async fn put_rosters(tx: &mut Tx, rosters: &[Roster]) -> Result<u64, StoreError> {
    if rosters.is_empty() {
        return Ok(0);
    }
    // Counted first: each row says after how many changes it was written.
    decision::count(tx).await?;
    let mut new = 0;
    for one in rosters {
        new += roster::write(tx, one).await?;
    }
    Ok(new)
}

/// Tenants and numbers that were not there. A number that is somebody else's here stays theirs.
async fn put_whose(tx: &mut Tx, rows: &[Decision]) -> Result<WhoseCount, StoreError> {
    let mut new = WhoseCount::default();
    for row in rows.iter().filter(|row| matches!(row, Decision::Tenant(_) | Decision::Number(_))) {
        if decision::bring(tx, row).await? {
            new.add(row);
        }
    }
    if new != WhoseCount::default() {
        decision::count(tx).await?;
    }
    Ok(new)
}
