//! The calendar: appointments made, changed and listed, and whose time is taken.

use super::{READING, WRITING, rows};
use crate::db::{Durability, Tx};
use crate::error::{Away, StoreError};
use crate::project::RETRIES;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use trunkline_core::appointment::{Appointment, AppointmentStatus, Taken};
use trunkline_core::id::{AppointmentId, CallId, TenantId};
use trunkline_core::private::Address;

/// Which appointments of a tenant.
#[derive(Clone, Debug, Default)]
pub struct AppointmentFilter {
    /// Of this number.
    pub phone: Option<Address>,
    /// With them.
    pub practitioner: Option<String>,
    /// That stand so.
    pub status: Option<AppointmentStatus>,
    /// From then on.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
}

/// Behind which appointment a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppointmentCursor {
    /// When that one begins.
    pub start: Timestamp,
    /// Its id.
    pub id: AppointmentId,
}

/// What became of an appointment that was to be made.
#[derive(Clone, Debug, PartialEq)]
pub enum Made {
    /// It is there.
    Yes,
    /// Its time is somebody else's. Nothing was made.
    Taken,
    /// The call that wants it has booked this one before. Nothing was made.
    Before(Box<Appointment>),
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is so.
    Yes,
    /// The time it was to be at is somebody else's. It is as it was.
    Taken,
    /// Somebody else changed it since it was read.
    Conflict,
}

impl Store {
    /// An appointment of a tenant.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if its row can't be read.
    pub async fn appointment(
        &self,
        tenant: &TenantId,
        id: AppointmentId,
    ) -> Result<Option<Appointment>, StoreError> {
        let values = vec![tenant.as_str().into(), id.to_string().into()];
        let rows = self.db.read(READING, &sql::APPOINTMENT, values).await?;
        rows.first().map(rows::read).transpose()
    }

    /// A page of a tenant's appointments, the earliest first.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn appointments(
        &self,
        tenant: &TenantId,
        filter: &AppointmentFilter,
        after: Option<AppointmentCursor>,
        limit: u16,
    ) -> Result<Vec<Appointment>, StoreError> {
        let micros = |at: Option<Timestamp>, otherwise: i64| at.map_or(otherwise, Timestamp::as_microsecond);
        let mut values: Vec<Value> = vec![
            tenant.as_str().into(),
            micros(filter.since, i64::MIN).into(),
            micros(filter.until, i64::MAX).into(),
            micros(after.map(|after| after.start), i64::MIN).into(),
            after.map_or(String::new(), |after| after.id.to_string()).into(),
            filter.practitioner.as_deref().into(),
            filter.status.map(AppointmentStatus::as_str).into(),
            i64::from(limit).into(),
        ];
        let statement = match &filter.phone {
            None => &sql::LIST_APPOINTMENTS,
            Some(phone) => {
                values.push(phone.as_str().into());
                &sql::LIST_APPOINTMENTS_OF_PHONE
            }
        };
        self.db.read(READING, statement, values).await?.iter().map(rows::read).collect()
    }

    /// The next appointment of a number that is still to come.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if its row can't be read.
    pub async fn next_appointment(
        &self,
        tenant: &TenantId,
        phone: &Address,
        now: Timestamp,
    ) -> Result<Option<Appointment>, StoreError> {
        let values = vec![tenant.as_str().into(), phone.as_str().into(), now.as_microsecond().into()];
        let rows = self.db.read(READING, &sql::NEXT_APPOINTMENT, values).await?;
        rows.first().map(rows::read).transpose()
    }

    /// The appointment that was booked in a call.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if its row can't be read.
    pub async fn appointment_booked_in(&self, call: CallId) -> Result<Option<Appointment>, StoreError> {
        let rows = self.db.read(READING, &sql::APPOINTMENT_OF_CALL, vec![call.to_string().into()]).await?;
        rows.first().map(rows::read).transpose()
    }

    /// What of somebody's time is taken between these cells.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn taken_cells(
        &self,
        tenant: &TenantId,
        practitioner: &str,
        (first, last): (i64, i64),
    ) -> Result<Taken, StoreError> {
        let values = vec![tenant.as_str().into(), practitioner.into(), first.into(), last.into()];
        let rows = self.db.read(READING, &sql::TAKEN_CELLS, values).await?;
        rows.iter().map(|row| row.int("cell")).collect()
    }

    /// Makes an appointment, durably, unless its time is taken: of two that want it at once one gets it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn make_appointment(&self, new: &Appointment) -> Result<Made, StoreError> {
        for _ in 0..RETRIES {
            match self.try_to_make(new).await {
                Err(StoreError::Unavailable { why: Away::GivesWay, .. }) => {}
                done => return done,
            }
        }
        self.try_to_make(new).await
    }

    async fn try_to_make(&self, new: &Appointment) -> Result<Made, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        if !rows::add(&mut tx, new).await? {
            drop(tx);
            let before = match new.booked_by {
                Some(call) => self.appointment_booked_in(call).await?,
                None => None,
            };
            return match before {
                Some(before) => Ok(Made::Before(Box::new(before))),
                None => Err(StoreError::poison(WRITING, "there is an appointment of this id")),
            };
        }
        if !rows::take_cells(&mut tx, new).await? {
            return Ok(Made::Taken);
        }
        tx.commit().await?;
        Ok(Made::Yes)
    }

    /// Makes what of these can be made, durably and in one step; whether each was. The first of two that want one time gets it.
    ///
    /// # Errors
    /// `Unavailable`: none was made.
    pub async fn make_appointments(&self, new: &[Appointment]) -> Result<Vec<bool>, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let mut made = Vec::with_capacity(new.len());
        for appointment in new {
            made.push(put(&mut tx, appointment).await?);
        }
        tx.commit().await?;
        Ok(made)
    }

    /// Writes an appointment over the version that was read, durably, unless the time it is now at is taken.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn change_appointment(&self, new: &Appointment, was: u64) -> Result<Changed, StoreError> {
        for _ in 0..RETRIES {
            match self.try_to_change(new, was).await {
                Err(StoreError::Unavailable { why: Away::GivesWay, .. }) => {}
                done => return done,
            }
        }
        self.try_to_change(new, was).await
    }

    async fn try_to_change(&self, new: &Appointment, was: u64) -> Result<Changed, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        if !rows::change(&mut tx, new, was).await? {
            return Ok(Changed::Conflict);
        }
        rows::free_cells(&mut tx, new.id).await?;
        if !rows::take_cells(&mut tx, new).await? {
            return Ok(Changed::Taken);
        }
        tx.commit().await?;
        Ok(Changed::Yes)
    }
}

/// Adds one that is not there and whose time is free; whether it was added.
pub(super) async fn put(tx: &mut Tx, new: &Appointment) -> Result<bool, StoreError> {
    if !rows::take_cells(tx, new).await? {
        rows::free_cells(tx, new.id).await?;
        return Ok(false);
    }
    let is_new = rows::add(tx, new).await?;
    if !is_new {
        rows::free_cells(tx, new.id).await?;
    }
    Ok(is_new)
}

/// Takes a person out of the calendar; how many appointments were theirs.
pub(crate) async fn forget_appointments(
    tx: &mut Tx,
    tenant: &TenantId,
    phone: &Address,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let person = || vec![Value::from(tenant.as_str()), phone.as_str().into(), at.as_microsecond().into()];
    tx.run(&sql::FREE_PERSONS_CELLS, person()).await?;
    tx.run(&sql::FORGET_APPOINTMENTS, person()).await
}
