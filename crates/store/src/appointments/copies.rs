//! Appointments and practitioners as they stand: walked through for exports, written as they are by imports. What is there
//! already stays, and so does whose time is taken.

use super::{READING, calendar, practitioners, rows};
use crate::db::Tx;
use crate::error::StoreError;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use trunkline_core::appointment::{Appointment, Practitioner};
use trunkline_core::id::{AppointmentId, PractitionerId};

/// Rows of the calendar.
#[derive(Clone, Debug, Default)]
pub struct AppointmentRows {
    /// With whom.
    pub practitioners: Vec<Practitioner>,
    /// Appointments.
    pub appointments: Vec<Appointment>,
}

/// How many rows of the calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppointmentsCounted {
    /// With whom.
    pub practitioners: u64,
    /// Appointments.
    pub appointments: u64,
}

impl AppointmentRows {
    /// How many there are.
    pub fn count(&self) -> AppointmentsCounted {
        let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        AppointmentsCounted {
            practitioners: count(self.practitioners.len()),
            appointments: count(self.appointments.len()),
        }
    }

    /// Takes in more of them.
    pub fn append(&mut self, more: Self) {
        self.practitioners.extend(more.practitioners);
        self.appointments.extend(more.appointments);
    }
}

impl std::ops::AddAssign for AppointmentsCounted {
    fn add_assign(&mut self, more: Self) {
        self.practitioners += more.practitioners;
        self.appointments += more.appointments;
    }
}

impl Store {
    /// The next practitioners after this one in the order of ids, of every tenant; empty at the end.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn practitioners_after(
        &self,
        after: Option<PractitionerId>,
        limit: u16,
    ) -> Result<Vec<Practitioner>, StoreError> {
        let rows = self.db.read(READING, &sql::PRACTITIONERS_AFTER, page(after, limit)).await?;
        rows.iter().map(practitioners::read).collect()
    }

    /// The next appointments after this one in the order of ids, of every tenant; empty at the end.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn appointments_after(
        &self,
        after: Option<AppointmentId>,
        limit: u16,
    ) -> Result<Vec<Appointment>, StoreError> {
        let rows = self.db.read(READING, &sql::APPOINTMENTS_AFTER, page(after, limit)).await?;
        rows.iter().map(rows::read).collect()
    }
}

/// Writes what is not there yet; how many rows that were. One whose time somebody else has here is left out.
pub(crate) async fn put_appointments(
    tx: &mut Tx,
    rows: &AppointmentRows,
) -> Result<AppointmentsCounted, StoreError> {
    let mut new = AppointmentsCounted::default();
    for practitioner in &rows.practitioners {
        new.practitioners += u64::from(practitioners::put(tx, practitioner).await?);
    }
    for appointment in &rows.appointments {
        if !is_there(tx, appointment).await? {
            new.appointments += u64::from(calendar::put(tx, appointment).await?);
        }
    }
    Ok(new)
}

async fn is_there(tx: &mut Tx, of: &Appointment) -> Result<bool, StoreError> {
    let values = vec![of.tenant.as_str().into(), of.id.to_string().into()];
    Ok(!tx.rows(&sql::APPOINTMENT, values).await?.is_empty())
}

fn page(after: Option<impl ToString>, limit: u16) -> Vec<Value> {
    // Every id is greater than nothing.
    vec![after.map_or(String::new(), |id| id.to_string()).into(), i64::from(limit).into()]
}
