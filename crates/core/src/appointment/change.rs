//! What may become of an appointment: the one place that decides it, whoever asks.

use super::{Appointment, AppointmentStatus};
use crate::window::Zone;
use jiff::Timestamp;
use thiserror::Error;

/// What somebody wants of an appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Whoever comes said that they will.
    Confirm,
    /// It is to be at another time, or with somebody else.
    Move {
        /// When.
        start: Timestamp,
        /// By whose clock; as it was if absent.
        zone: Option<Zone>,
        /// With whom; as it was if absent.
        practitioner: Option<String>,
        /// How long; as it was if absent.
        minutes: Option<u16>,
    },
    /// It is not to take place.
    Cancel,
    /// It took place.
    Complete,
}

/// Why an appointment stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotThat {
    /// It does not take place.
    #[error("the appointment is cancelled")]
    Cancelled,
    /// It took place.
    #[error("the appointment has taken place")]
    Completed,
}

impl Appointment {
    /// The appointment after a change; as it was, version and all, if that is how it is already.
    ///
    /// # Errors
    /// [`NotThat`].
    pub fn apply(&self, change: &Change, now: Timestamp) -> Result<Self, NotThat> {
        let next = match (self.status, change) {
            (AppointmentStatus::Cancelled, Change::Cancel)
            | (AppointmentStatus::Completed, Change::Complete) => return Ok(self.clone()),
            (AppointmentStatus::Cancelled, _) => return Err(NotThat::Cancelled),
            (AppointmentStatus::Completed, _) => return Err(NotThat::Completed),
            (_, Change::Confirm) => Self { status: AppointmentStatus::Confirmed, ..self.clone() },
            (_, Change::Cancel) => Self { status: AppointmentStatus::Cancelled, ..self.clone() },
            (_, Change::Complete) => Self { status: AppointmentStatus::Completed, ..self.clone() },
            (_, Change::Move { start, zone, practitioner, minutes }) => {
                let moved = Self {
                    start: *start,
                    zone: zone.clone().unwrap_or_else(|| self.zone.clone()),
                    practitioner: practitioner.clone().unwrap_or_else(|| self.practitioner.clone()),
                    minutes: minutes.unwrap_or(self.minutes),
                    ..self.clone()
                };
                if moved == *self {
                    return Ok(moved);
                }
                Self { status: AppointmentStatus::Rescheduled, ..moved }
            }
        };
        if next == *self {
            return Ok(next);
        }
        Ok(Self { version: self.version.saturating_add(1), updated_at: now, ..next })
    }
}
