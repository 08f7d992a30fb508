//! Appointments as a tenant's people and software see them: listed, made, changed, imported, and which times are free.
//!
//! The store is their truth, as of campaigns: what changes is decided there, in full, and without it nothing changes. That two
//! never get one time is the store's key.
//!
//! - `calendar`: the doors · `practitioners`: with whom · `free_times` · `importing`: lists
//! - `tools`: what the model of a bot's call asks for, and what comes of it

mod calendar;
mod free_times;
mod importing;
mod practitioners;
mod tools;

pub use calendar::{AppointmentChange, AppointmentPage, AppointmentQuery, NewAppointment};
pub use free_times::FreeTimesOf;
pub use importing::{AppointmentsOrder, AppointmentsReport};
pub use practitioners::{NewPractitioner, PractitionerChange};
pub(crate) use tools::ToolsOf;

use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::reader::Unavailable;
use trunkline_core::appointment::NotThat;
use trunkline_store::{Store, StoreError};

/// Why an appointment or a practitioner stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum AppointmentError {
    /// There is none, as far as the caller can tell.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A field is wrong.
    #[error("{field}: {why}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, in words for the reader.
        why: String,
    },
    /// Somebody else has that time.
    #[error("this time is taken")]
    SlotTaken,
    /// There is a practitioner of this name.
    #[error("there is a practitioner of this name already")]
    NameTaken,
    /// It can't be changed as it stands.
    #[error(transparent)]
    NotThat(#[from] NotThat),
    /// Somebody else changed it at the same time.
    #[error("somebody else changed it at the same time; look at it and try again")]
    Conflict,
    /// There is no database to keep it in.
    #[error("appointments need a database: DATABASE_URL is none")]
    NoDatabase,
    /// The store can't be reached.
    #[error("appointments can't be read or changed now: {0}")]
    Away(#[from] Unavailable),
    /// It failed.
    #[error(transparent)]
    Failed(#[from] IntakeError),
}

/// The caller of a bot listens to nothing while its stream begins: a calendar that takes longer is away.
pub(crate) const LOOKS_UP_FOR: std::time::Duration = std::time::Duration::from_millis(500);

impl Inner {
    /// Asks the store about appointments, if there is one that has any.
    pub(crate) async fn ask_calendar<T>(
        &self,
        ask: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
    ) -> Result<T, AppointmentError> {
        if self.config.database.is_index() {
            return Err(AppointmentError::NoDatabase);
        }
        Ok(self.ask_store(ask).await?)
    }
}

fn invalid(field: &'static str, why: impl std::fmt::Display) -> AppointmentError {
    AppointmentError::Invalid { field, why: why.to_string() }
}

fn no_chance(error: getrandom::Error) -> AppointmentError {
    AppointmentError::Failed(IntakeError::Failed(error.to_string()))
}
