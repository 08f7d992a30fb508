//! What bots' calls said of appointments: confirmed and cancelled in the transaction of the calls' own rows.

use super::rows;
use crate::db::Tx;
use crate::error::StoreError;
use crate::sql;
use jiff::Timestamp;
use trunkline_core::id::{AppointmentId, TenantId};

/// What a call said of an appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppointmentNews {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which.
    pub appointment: AppointmentId,
    /// Whether it is kept.
    pub kept: Kept,
    /// When it was said: what somebody else did later stands.
    pub at: Timestamp,
}

/// Whether an appointment is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is confirmed.
    Yes,
    /// It is cancelled.
    No,
}

pub(crate) async fn put_appointment_news(tx: &mut Tx, news: &[AppointmentNews]) -> Result<(), StoreError> {
    for one in news {
        let statement = match one.kept {
            Kept::Yes => &sql::CONFIRM_APPOINTMENT,
            Kept::No => &sql::CANCEL_APPOINTMENT,
        };
        let (id, at) = (one.appointment.to_string(), one.at.as_microsecond());
        let changed = tx.run(statement, vec![one.tenant.as_str().into(), id.into(), at.into()]).await?;
        if changed > 0 && one.kept == Kept::No {
            rows::free_cells(tx, one.appointment).await?;
        }
    }
    Ok(())
}
