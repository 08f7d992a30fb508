//! What operators do to appointments: whether each holds its own time and no other, and letting go of those that were long ago.

use super::{READING, WRITING};
use crate::db::Durability;
use crate::error::StoreError;
use crate::rows;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use trunkline_core::appointment::Appointment;
use trunkline_core::id::{AppointmentId, TenantId};

const PRUNING: &str = "pruning appointments";

/// Whose time an appointment holds, and which of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldTime {
    /// Of which tenant.
    pub tenant: TenantId,
    /// With whom.
    pub practitioner: String,
    /// The cells, in their order.
    pub cells: Vec<i64>,
}

impl Store {
    /// The time that these appointments hold, as it is kept beside them. One that holds the time of several has several.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn held_times(
        &self,
        of: &[Appointment],
    ) -> Result<BTreeMap<AppointmentId, Vec<HeldTime>>, StoreError> {
        let ids = rows_of(of.iter().map(|one| one.id))?;
        let mut held: BTreeMap<AppointmentId, Vec<HeldTime>> = BTreeMap::new();
        for row in self.db.read(READING, &sql::CELLS_OF, vec![ids]).await? {
            let (tenant, practitioner) = (row.word("tenant")?, row.text("practitioner")?);
            let times = held.entry(row.word("appointment")?).or_default();
            let cell = row.int("cell")?;
            match times.iter_mut().find(|time| time.tenant == tenant && time.practitioner == practitioner) {
                Some(time) => time.cells.push(cell),
                None => times.push(HeldTime { tenant, practitioner, cells: vec![cell] }),
            }
        }
        Ok(held)
    }

    /// How much time is held for appointments that are not there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn times_of_nobody(&self) -> Result<u64, StoreError> {
        let rows = self.db.read(READING, &sql::CELLS_OF_NOBODY, Vec::new()).await?;
        rows.first().map_or(Ok(0), |row| row.number("n"))
    }

    /// How many appointments began before a time.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn appointments_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let asked = vec![before.as_microsecond().into()];
        let rows = self.db.read(READING, &sql::APPOINTMENTS_BEFORE, asked).await?;
        rows.first().map_or(Ok(0), |row| row.number("n"))
    }

    /// Lets go of appointments that began before a time, at most so many; how many went.
    ///
    /// # Errors
    /// `Unavailable`: none went.
    pub async fn prune_appointments(&self, before: Timestamp, limit: u16) -> Result<u64, StoreError> {
        let mut tx = self.db.begin(PRUNING, Durability::Decision).await?;
        let asked = vec![before.as_microsecond().into(), i64::from(limit).into()];
        let rows = tx.rows(&sql::OLD_APPOINTMENTS, asked).await?;
        let ids = rows.iter().map(|row| row.word("id")).collect::<Result<Vec<AppointmentId>, _>>()?;
        tx.run(&sql::PRUNE_CELLS, vec![rows_of(ids.iter().copied())?]).await?;
        tx.run(&sql::PRUNE_APPOINTMENTS, vec![rows_of(ids.iter().copied())?]).await?;
        tx.commit().await?;
        Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
    }
}

fn rows_of(ids: impl Iterator<Item = AppointmentId>) -> Result<Value, StoreError> {
    let ids: Vec<IdRow> = ids.map(|id| IdRow { id }).collect();
    let rows = rows::as_object(ids.iter()).map_err(|_| StoreError::poison(WRITING, "a row is no JSON"))?;
    Ok(Value::Rows(rows))
}

#[derive(Serialize)]
struct IdRow {
    id: AppointmentId,
}
