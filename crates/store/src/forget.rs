//! A person's calls: found by the number, and blanked in every table.

use crate::appointments::forget_appointments;
use crate::db::{Db, Durability};
use crate::error::StoreError;
use crate::event::EventRow;
use crate::project::{Leads, New, Turns, put, put_calls, put_events, written};
use crate::queue::forget_person;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, EventKey, TenantId};
use trunkline_core::private::Address;

const DOING: &str = "erasing a person";

/// An event without its personal part.
#[derive(Clone, Debug)]
pub struct Blanked {
    /// Of which call.
    pub call: CallId,
    /// Which event of it.
    pub key: EventKey,
    /// What is left of it, as JSON.
    pub body: Box<RawValue>,
}

#[derive(Serialize)]
struct BodyColumns<'a> {
    call: CallId,
    key: &'a EventKey,
    body: &'a str,
}

/// What was blanked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Calls.
    pub calls: u64,
    /// Events.
    pub events: u64,
}

/// What of a person was in the queue and in the calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// Jobs.
    pub jobs: u64,
    /// Leads.
    pub leads: u64,
    /// Appointments.
    pub appointments: u64,
}

impl Store {
    /// Whose calls there are.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        let rows = self.db.read(DOING, &sql::TENANTS_WITH_CALLS, vec![]).await?;
        rows.iter().map(|row| row.text("tenant").map(TenantId::new)).collect()
    }

    /// The next calls after this one with this person: called at this number by us, or calling us from it.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn calls_with(
        &self,
        tenant: &TenantId,
        number: &Address,
        after: Option<CallId>,
        limit: u16,
    ) -> Result<Vec<Call>, StoreError> {
        let after = after.map_or(String::new(), |id| id.to_string());
        let values =
            vec![tenant.as_str().into(), number.as_str().into(), after.into(), i64::from(limit).into()];
        let rows = self.db.read(DOING, &sql::CALLS_WITH, values).await?;
        let ids = rows.iter().map(|row| row.word("id")).collect::<Result<Vec<CallId>, _>>()?;
        self.load_folds(&ids).await
    }

    /// The next calls after this one that this user of an app made.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn app_calls_from(
        &self,
        tenant: &TenantId,
        user: &Address,
        after: Option<CallId>,
        limit: u16,
    ) -> Result<Vec<Call>, StoreError> {
        let after = after.map_or(String::new(), |id| id.to_string());
        let values =
            vec![tenant.as_str().into(), user.as_str().into(), after.into(), i64::from(limit).into()];
        let rows = self.db.read(DOING, &sql::APP_CALLS_FROM, values).await?;
        let ids = rows.iter().map(|row| row.word("id")).collect::<Result<Vec<CallId>, _>>()?;
        self.load_folds(&ids).await
    }

    /// The next calls after this one that were handed to this number, by us. Reads every call of the tenant.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn calls_handed_to(
        &self,
        tenant: &TenantId,
        number: &Address,
        after: Option<CallId>,
        limit: u16,
    ) -> Result<Vec<Call>, StoreError> {
        // What only looks alike is sorted out by whoever asks.
        let pattern = format!("%\"to\":\"{}\"%", number.as_str());
        let after = after.map_or(String::new(), |id| id.to_string());
        let values = vec![tenant.as_str().into(), pattern.into(), after.into(), i64::from(limit).into()];
        let rows = self.db.read(DOING, &sql::CALLS_HOLDING, values).await?;
        let ids = rows.iter().map(|row| row.word("id")).collect::<Result<Vec<CallId>, _>>()?;
        self.load_folds(&ids).await
    }

    /// Writes calls and events that have lost their personal parts over what they were, and says so in `notes`; all or
    /// nothing, and on the disk when this returns. What was there before may still be found in the file: see
    /// [`Store::scrub`].
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget(
        &self,
        calls: &[Call],
        events: &[Blanked],
        notes: &[EventRow],
    ) -> Result<Forgotten, StoreError> {
        let mut tx = self.db.begin(DOING, Durability::Decision).await?;
        put_calls(&mut tx, calls.iter(), &Turns::All, Leads::Apart).await?;
        let bodies = events.iter().map(|event| BodyColumns {
            call: event.call,
            key: &event.key,
            body: event.body.get(),
        });
        let events = put(&mut tx, &sql::REWRITE_EVENTS, written(bodies)?).await?;
        let New(_) = put_events(&mut tx, notes).await?;
        self.db.in_place(DOING)?;
        tx.commit().await?;
        Ok(Forgotten { calls: u64::try_from(calls.len()).unwrap_or(u64::MAX), events })
    }

    /// Takes a person out of the queue, out of the leads and out of the calendar, durably: open jobs and appointments that are
    /// ahead are cancelled, and of all of them nobody can tell any more whose they were.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a job can't be read.
    pub async fn forget_lead(
        &self,
        tenant: &TenantId,
        number: &Address,
        at: Timestamp,
    ) -> Result<Unlisted, StoreError> {
        let mut tx = self.db.begin(DOING, Durability::Decision).await?;
        let (jobs, leads) = forget_person(&mut tx, tenant, number, at).await?;
        let appointments = forget_appointments(&mut tx, tenant, number, at).await?;
        self.db.in_place(DOING)?;
        tx.commit().await?;
        Ok(Unlisted { jobs, leads, appointments })
    }

    /// How many jobs, leads and appointments a person has.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_lead(&self, tenant: &TenantId, number: &Address) -> Result<Unlisted, StoreError> {
        let mut tx = self.db.snapshot(DOING).await?;
        let person = || vec![Value::from(tenant.as_str()), number.as_str().into()];
        let jobs = tx.rows(&sql::PERSON_JOBS_COUNTED, person()).await?;
        let jobs = jobs.first().map_or(Ok(0), |row| row.number("n"))?;
        let leads = u64::try_from(tx.rows(&sql::PERSON_LEADS, person()).await?.len()).unwrap_or(u64::MAX);
        let appointments = tx.rows(&sql::PERSON_APPOINTMENTS_COUNTED, person()).await?;
        let appointments = appointments.first().map_or(Ok(0), |row| row.number("n"))?;
        tx.commit().await?;
        Ok(Unlisted { jobs, leads, appointments })
    }

    /// Leaves nothing of what was deleted or written over in an SQLite file or its log. PostgreSQL does so by itself, in
    /// its own time: `false`.
    ///
    /// # Errors
    /// `Unavailable`: somebody else has the file open, or the disk is too full for a second copy of it.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        match &*self.db {
            Db::Sqlite(sqlite) => sqlite.scrub("writing its file anew").await.map(|()| true),
            Db::Postgres(_) => Ok(false),
        }
    }
}
