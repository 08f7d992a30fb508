//! Appointments: who comes to whom, when, and what may become of it.
//!
//! In go an appointment's row, what somebody wants changed ([`Change`]) and the time; out comes the changed row, or why
//! not ([`NotThat`]). Which times of a practitioner are free is read off opening hours and what is taken ([`Practitioner::free`]).
//!
//! No two appointments of one practitioner share a moment. That is kept by the store and not by a look beforehand: an
//! appointment takes up *cells* of five minutes ([`cells`]), and a cell is somebody's once.
//!
//! Left to others: rows (store), who may ask (engine), what a bot may do in a call ([`crate::bot`]).

mod change;
mod fields;
mod practitioner;
mod when;

pub use change::{Change, NotThat};
pub use fields::{BadField, customer, minutes, notes, practitioner_name};
pub use practitioner::{FreeTimes, Practitioner, Taken};
pub use when::{NoTime, When};

use crate::id::{AppointmentId, CallId, TenantId};
use crate::private::{Address, Private};
use crate::window::Zone;
use jiff::{SignedDuration, Timestamp, Zoned};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How long a cell is, in seconds.
const CELL_SECS: i64 = 300;

/// One appointment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// Our name of it.
    pub id: AppointmentId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who comes.
    pub customer: Private<String>,
    /// Their number, in E.164; of somebody who was erased, a word that is none.
    pub phone: Address,
    /// To whom.
    pub practitioner: String,
    /// When it begins.
    pub start: Timestamp,
    /// By whose clock people speak of it.
    pub zone: Zone,
    /// How long it is.
    pub minutes: u16,
    /// Where it stands.
    pub status: AppointmentStatus,
    /// What else is to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Private<String>>,
    /// The call in which a bot booked it. A call books once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booked_by: Option<CallId>,
    /// Counted up with every change.
    pub version: u64,
    /// Since when it is known.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where an appointment stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentStatus {
    /// It was made.
    #[default]
    Scheduled,
    /// Whoever comes said that they will.
    Confirmed,
    /// It was moved to another time.
    Rescheduled,
    /// It does not take place.
    Cancelled,
    /// It took place.
    Completed,
}

impl AppointmentStatus {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 5] =
        [Self::Scheduled, Self::Confirmed, Self::Rescheduled, Self::Cancelled, Self::Completed];
    /// Their words.
    pub const WORDS: [&'static str; 5] = ["scheduled", "confirmed", "rescheduled", "cancelled", "completed"];

    /// The word in JSON and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Confirmed => "confirmed",
            Self::Rescheduled => "rescheduled",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
        }
    }

    /// A word as people write it.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase();
        match word.as_str() {
            "canceled" => Some(Self::Cancelled),
            word => Self::ALL.into_iter().find(|status| status.as_str() == word),
        }
    }

    /// Whether anything more can become of it.
    pub fn is_open(self) -> bool {
        match self {
            Self::Scheduled | Self::Confirmed | Self::Rescheduled => true,
            Self::Cancelled | Self::Completed => false,
        }
    }

    /// Whether its time is taken.
    pub fn takes_time(self) -> bool {
        self != Self::Cancelled
    }
}

impl Appointment {
    /// When it ends.
    pub fn end(&self) -> Timestamp {
        end(self.start, self.minutes)
    }

    /// When it begins, by the clock that people go by.
    pub fn local(&self) -> Zoned {
        self.start.to_zoned(self.zone.rules())
    }

    /// Which cells of its practitioner's time are its own; none once it is cancelled.
    pub fn cells(&self) -> Option<RangeInclusive<i64>> {
        self.status.takes_time().then(|| cells(self.start, self.minutes))
    }

    /// Whether it is still to come and takes place as far as anybody knows.
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        self.status.is_open() && self.start > now
    }
}

/// The cells that so many minutes from a time on take up. One that is begun is taken whole.
pub fn cells(start: Timestamp, minutes: u16) -> RangeInclusive<i64> {
    let first = start.as_second().div_euclid(CELL_SECS);
    let last = (end(start, minutes.max(1)).as_second() - 1).div_euclid(CELL_SECS);
    first..=last.max(first)
}

fn end(start: Timestamp, minutes: u16) -> Timestamp {
    start.checked_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
