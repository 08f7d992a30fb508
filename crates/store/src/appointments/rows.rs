//! An appointment as its row has it, and the cells that it takes.

use super::WRITING;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::Row;
use crate::rows;
use crate::sql;
use crate::value::Value;
use serde::Serialize;
use trunkline_core::appointment::Appointment;
use trunkline_core::id::{AppointmentId, TenantId};
use trunkline_core::private::{Address, Private};

pub(super) fn read(row: &Row) -> Result<Appointment, StoreError> {
    Ok(Appointment {
        id: row.word("id")?,
        tenant: TenantId::new(row.text("tenant")?),
        customer: Private::new(row.text("customer")?),
        phone: Address::new(row.text("phone")?),
        practitioner: row.text("practitioner")?,
        start: row.time("start_at")?,
        zone: row.word("zone")?,
        minutes: row.number("minutes")?,
        status: row.word("status")?,
        notes: row.opt_text("notes")?.map(Private::new),
        booked_by: row.opt_word("booked_by")?,
        version: row.number("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Adds it; whether there was none of its id, and none that its call had booked.
pub(super) async fn add(tx: &mut Tx, new: &Appointment) -> Result<bool, StoreError> {
    let values = vec![
        new.id.to_string().into(),
        new.tenant.as_str().into(),
        new.customer.reveal().as_str().into(),
        new.phone.as_str().into(),
        new.practitioner.as_str().into(),
        new.start.as_microsecond().into(),
        new.zone.as_str().into(),
        i64::from(new.minutes).into(),
        new.status.as_str().into(),
        notes(new),
        new.booked_by.map(|call| call.to_string()).into(),
        version(new.version),
        new.created_at.as_microsecond().into(),
        new.updated_at.as_microsecond().into(),
    ];
    Ok(tx.run(&sql::ADD_APPOINTMENT, values).await? > 0)
}

/// Writes it over the version that was read; whether it still was that.
pub(super) async fn change(tx: &mut Tx, new: &Appointment, was: u64) -> Result<bool, StoreError> {
    let values = vec![
        new.id.to_string().into(),
        new.tenant.as_str().into(),
        new.customer.reveal().as_str().into(),
        new.phone.as_str().into(),
        new.practitioner.as_str().into(),
        new.start.as_microsecond().into(),
        new.zone.as_str().into(),
        i64::from(new.minutes).into(),
        new.status.as_str().into(),
        notes(new),
        version(new.version),
        new.updated_at.as_microsecond().into(),
        version(was),
    ];
    Ok(tx.run(&sql::CHANGE_APPOINTMENT, values).await? > 0)
}

/// Takes the time it needs; whether all of it was free.
pub(super) async fn take_cells(tx: &mut Tx, of: &Appointment) -> Result<bool, StoreError> {
    let Some(cells) = of.cells() else { return Ok(true) };
    let wanted: Vec<CellRow<'_>> = cells
        .map(|cell| CellRow { tenant: &of.tenant, practitioner: &of.practitioner, cell, appointment: of.id })
        .collect();
    let many = u64::try_from(wanted.len()).unwrap_or(u64::MAX);
    // The error of the JSON writer may quote what it wrote: it stays here.
    let rows = rows::as_object(wanted.iter()).map_err(|_| StoreError::poison(WRITING, "a row is no JSON"))?;
    Ok(tx.run(&sql::TAKE_CELLS, vec![Value::Rows(rows)]).await? == many)
}

pub(super) async fn free_cells(tx: &mut Tx, of: AppointmentId) -> Result<(), StoreError> {
    tx.run(&sql::FREE_CELLS, vec![of.to_string().into()]).await.map(drop)
}

#[derive(Serialize)]
struct CellRow<'a> {
    tenant: &'a TenantId,
    practitioner: &'a str,
    cell: i64,
    appointment: AppointmentId,
}

fn notes(of: &Appointment) -> Value {
    of.notes.as_ref().map(|notes| notes.reveal().as_str()).into()
}

/// Nobody changes an appointment so often.
fn version(version: u64) -> Value {
    i64::try_from(version).unwrap_or(i64::MAX).into()
}
