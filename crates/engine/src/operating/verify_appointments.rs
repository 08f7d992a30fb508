//! The check of appointments: each holds the time of its own, and no other; and what a call said of one stands in it.

use super::PAGE;
use super::verify::{Check, VerifyError};
use trunkline_core::appointment::Appointment;
use trunkline_store::HeldTime;

impl Check<'_> {
    /// Every appointment of the database, against the time that is kept for it.
    pub(super) async fn appointments(&mut self) -> Result<(), VerifyError> {
        let mut after = None;
        loop {
            let page = self.store.appointments_after(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let held = self.store.held_times(&page).await?;
            for appointment in &page {
                let flaw = flaw(appointment, held.get(&appointment.id).map_or(&[][..], Vec::as_slice));
                self.report.appointments.count(flaw.is_none());
                if let Some(flaw) = flaw {
                    self.report.fault(format!("appointment {}", appointment.id), flaw);
                }
            }
        }
        let of_nobody = self.store.times_of_nobody().await?;
        if of_nobody > 0 {
            let what = format!("{of_nobody} times are held for appointments that are not there");
            self.report.fault("appointments", what);
        }
        Ok(())
    }
}

/// What is wrong with the time that an appointment holds.
fn flaw(appointment: &Appointment, held: &[HeldTime]) -> Option<&'static str> {
    let wanted: Vec<i64> = appointment.cells().map(Iterator::collect).unwrap_or_default();
    match held {
        [] if wanted.is_empty() => None,
        [] => Some("its time is free for others"),
        _ if wanted.is_empty() => Some("it is cancelled and holds time"),
        [time] if time.tenant != appointment.tenant || time.practitioner != appointment.practitioner => {
            Some("it holds the time of somebody else")
        }
        [time] if time.cells != wanted => Some("it holds other time than its own"),
        [_] => None,
        [_, _, ..] => Some("it holds the time of several"),
    }
}
