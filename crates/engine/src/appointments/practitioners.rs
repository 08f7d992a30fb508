//! The doors of those who say with whom appointments are made, and when.

use super::{AppointmentError, invalid, no_chance};
use crate::clock::chance;
use crate::desk::Desk;
use trunkline_core::appointment::{self, Practitioner};
use trunkline_core::id::PractitionerId;
use trunkline_core::numbers::OpeningHours;
use trunkline_store::PractitionerSaved;

/// So many practitioners a tenant may have.
const OF_TENANT: usize = 200;

/// A practitioner that somebody wants.
#[derive(Clone, Debug)]
pub struct NewPractitioner {
    /// What people call them. It stays.
    pub name: String,
    /// When appointments begin and end.
    pub hours: OpeningHours,
    /// How long one is.
    pub slot_minutes: u32,
}

/// What is to be changed of a practitioner; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct PractitionerChange {
    /// When appointments begin and end.
    pub hours: Option<OpeningHours>,
    /// How long one is.
    pub slot_minutes: Option<u32>,
}

impl Desk {
    /// This tenant's practitioners, in the order of their names.
    ///
    /// # Errors
    /// `NoDatabase`; `Away`.
    pub async fn practitioners(&self) -> Result<Vec<Practitioner>, AppointmentError> {
        self.inner().ask_calendar(async |store| store.practitioners(self.tenant()).await).await
    }

    /// A practitioner.
    ///
    /// # Errors
    /// `NotFound`; `NoDatabase`; `Away`.
    pub async fn practitioner(&self, id: PractitionerId) -> Result<Practitioner, AppointmentError> {
        let found =
            self.inner().ask_calendar(async |store| store.practitioner(self.tenant(), id).await).await?;
        found.ok_or(AppointmentError::NotFound("practitioner"))
    }

    /// Adds a practitioner.
    ///
    /// # Errors
    /// `Invalid`; `NameTaken`; `NoDatabase`; `Away`.
    pub async fn add_practitioner(&self, asked: NewPractitioner) -> Result<Practitioner, AppointmentError> {
        let name = appointment::practitioner_name(&asked.name).map_err(|bad| invalid("name", bad))?;
        let known = self.practitioners().await?;
        if known.iter().any(|whom| whom.name.to_lowercase() == name.to_lowercase()) {
            return Err(AppointmentError::NameTaken);
        }
        if known.len() >= OF_TENANT {
            let why = format!("there are {OF_TENANT} practitioners, which is as many as a tenant may have");
            return Err(invalid("name", why));
        }
        let new = Practitioner {
            id: PractitionerId::minted(self.now(), chance().map_err(no_chance)?),
            tenant: self.tenant().clone(),
            name,
            hours: asked.hours,
            slot_minutes: slot(asked.slot_minutes)?,
            version: 1,
        };
        checked(&new)?;
        let added = new.clone();
        let saved = self.to_the_end(async move |inner, _| {
            inner.ask_calendar(async |store| store.add_practitioner(&added).await).await
        });
        match saved.await?? {
            PractitionerSaved::Yes => Ok(new),
            PractitionerSaved::Conflict => Err(AppointmentError::NameTaken),
        }
    }

    /// Changes a practitioner. Appointments that were made stay, also outside of the new hours.
    ///
    /// # Errors
    /// `NotFound`; `Invalid`; `Conflict`; `NoDatabase`; `Away`.
    pub async fn change_practitioner(
        &self,
        id: PractitionerId,
        change: PractitionerChange,
    ) -> Result<Practitioner, AppointmentError> {
        let was = self.practitioner(id).await?;
        let mut new = was.clone();
        if let Some(hours) = change.hours {
            new.hours = hours;
        }
        if let Some(minutes) = change.slot_minutes {
            new.slot_minutes = slot(minutes)?;
        }
        checked(&new)?;
        if new == was {
            return Ok(was);
        }
        let changed = new.clone();
        let saved = self.to_the_end(async move |inner, _| {
            inner.ask_calendar(async |store| store.change_practitioner(&changed).await).await
        });
        match saved.await?? {
            PractitionerSaved::Yes => Ok(Practitioner { version: was.version.saturating_add(1), ..new }),
            PractitionerSaved::Conflict => Err(AppointmentError::Conflict),
        }
    }

    /// Removes a practitioner: nobody gets a time with them any more. Appointments that were made stay.
    ///
    /// # Errors
    /// `NotFound`; `NoDatabase`; `Away`.
    pub async fn remove_practitioner(&self, id: PractitionerId) -> Result<(), AppointmentError> {
        let removed = self.to_the_end(async move |inner, tenant| {
            inner.ask_calendar(async |store| store.remove_practitioner(&tenant, id).await).await
        });
        if removed.await?? { Ok(()) } else { Err(AppointmentError::NotFound("practitioner")) }
    }
}

fn checked(of: &Practitioner) -> Result<(), AppointmentError> {
    of.check().map_err(|bad| invalid("hours", bad))
}

fn slot(minutes: u32) -> Result<u16, AppointmentError> {
    appointment::minutes(minutes).map_err(|bad| invalid("slot_minutes", bad))
}
