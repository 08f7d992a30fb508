//! The doors of those who keep the calendar.

use super::{AppointmentError, invalid, no_chance};
use crate::clock::chance;
use crate::desk::Desk;
use crate::engine::Inner;
use std::sync::Arc;
use trunkline_core::appointment::{self, Appointment, AppointmentStatus, Change, Practitioner, When};
use trunkline_core::id::{AppointmentId, TenantId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::{Address, Private};
use trunkline_core::window::Zone;
use trunkline_store::{AppointmentCursor, AppointmentFilter, Changed, Made};

/// Appointments of a page, unless it is said.
const PAGE: u16 = 50;
/// How long an appointment is with somebody of whom no hours are known, in minutes.
const MINUTES: u16 = 30;

/// Which appointments somebody wants to see.
#[derive(Clone, Debug, Default)]
pub struct AppointmentQuery {
    /// Which; a number in `phone` is read as people write it.
    pub filter: AppointmentFilter,
    /// Behind which.
    pub after: Option<AppointmentCursor>,
    /// How many at most.
    pub limit: Option<u16>,
}

/// A page of appointments.
#[derive(Clone, Debug)]
pub struct AppointmentPage {
    /// The earliest first.
    pub appointments: Vec<Appointment>,
    /// Where the next page begins, if there may be one.
    pub next: Option<AppointmentCursor>,
}

/// An appointment that somebody wants made, as it came in.
#[derive(Clone, Debug)]
pub struct NewAppointment {
    /// Who comes.
    pub customer: Private<String>,
    /// Their number, as a person writes it.
    pub phone: Private<String>,
    /// To whom.
    pub practitioner: String,
    /// When: with an offset, or by the clock of the zone.
    pub start: When,
    /// By whose clock; the practitioner's if absent.
    pub zone: Option<Zone>,
    /// How long; as the practitioner's appointments are if absent.
    pub minutes: Option<u32>,
    /// Where it stands.
    pub status: AppointmentStatus,
    /// What else is to be known.
    pub notes: Option<Private<String>>,
}

/// What is to be changed of an appointment; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct AppointmentChange {
    /// Who comes.
    pub customer: Option<Private<String>>,
    /// Their number, as a person writes it.
    pub phone: Option<Private<String>>,
    /// To whom.
    pub practitioner: Option<String>,
    /// When: with an offset, or by the clock of the zone.
    pub start: Option<When>,
    /// By whose clock.
    pub zone: Option<Zone>,
    /// How long.
    pub minutes: Option<u32>,
    /// Confirmed, cancelled or completed.
    pub status: Option<AppointmentStatus>,
    /// What else is to be known; nothing if it is empty.
    pub notes: Option<Private<String>>,
}

impl Desk {
    /// A page of appointments.
    ///
    /// # Errors
    /// `Invalid`; `NoDatabase`; `Away`.
    pub async fn appointments(&self, query: AppointmentQuery) -> Result<AppointmentPage, AppointmentError> {
        let limit = query.limit.unwrap_or(PAGE);
        let inner = self.inner();
        let mut filter = query.filter;
        if let Some(phone) = &filter.phone {
            filter.phone = Some(inner.phone(phone.as_str())?);
        }
        let tenant = self.tenant();
        let appointments = inner
            .ask_calendar(async |store| store.appointments(tenant, &filter, query.after, limit).await)
            .await?;
        let is_full = appointments.len() >= usize::from(limit);
        let next = appointments.last().filter(|_| is_full);
        let next = next.map(|last| AppointmentCursor { start: last.start, id: last.id });
        Ok(AppointmentPage { appointments, next })
    }

    /// An appointment.
    ///
    /// # Errors
    /// `NotFound`; `NoDatabase`; `Away`.
    pub async fn appointment(&self, id: AppointmentId) -> Result<Appointment, AppointmentError> {
        self.inner().appointment(self.tenant(), id).await
    }

    /// Makes an appointment. At a time that is taken nothing is made; whether the practitioner is there then is not asked.
    ///
    /// # Errors
    /// `Invalid`; `SlotTaken`; `NoDatabase`; `Away`.
    pub async fn make_appointment(&self, asked: NewAppointment) -> Result<Appointment, AppointmentError> {
        self.to_the_end(async move |inner, tenant| inner.make_appointment(&tenant, asked).await).await?
    }

    /// Changes an appointment.
    ///
    /// # Errors
    /// `NotFound`; `Invalid`; `NotThat`; `SlotTaken`; `Conflict`; `NoDatabase`; `Away`.
    pub async fn change_appointment(
        &self,
        id: AppointmentId,
        change: AppointmentChange,
    ) -> Result<Appointment, AppointmentError> {
        self.to_the_end(async move |inner, tenant| inner.change_appointment(&tenant, id, change).await)
            .await?
    }
}

impl Inner {
    async fn appointment(
        &self,
        tenant: &TenantId,
        id: AppointmentId,
    ) -> Result<Appointment, AppointmentError> {
        let found = self.ask_calendar(async |store| store.appointment(tenant, id).await).await?;
        found.ok_or(AppointmentError::NotFound("appointment"))
    }

    async fn make_appointment(
        self: Arc<Self>,
        tenant: &TenantId,
        asked: NewAppointment,
    ) -> Result<Appointment, AppointmentError> {
        let known = self.ask_calendar(async |store| store.practitioners(tenant).await).await?;
        let new = self.new_appointment(tenant, &known, asked)?;
        match self.ask_calendar(async |store| store.make_appointment(&new).await).await? {
            Made::Yes => {
                tracing::info!(appointment = %new.id, %tenant, "appointment.made");
                Ok(new)
            }
            Made::Taken | Made::Before(_) => Err(AppointmentError::SlotTaken),
        }
    }

    /// What is asked for, if it can be meant.
    pub(super) fn new_appointment(
        &self,
        tenant: &TenantId,
        known: &[Practitioner],
        asked: NewAppointment,
    ) -> Result<Appointment, AppointmentError> {
        let now = self.clock.now();
        let (practitioner, whom) = named(known, &asked.practitioner)?;
        let zone = asked.zone.or_else(|| whom.map(|whom| whom.hours.zone.clone()));
        let start = moment(asked.start, zone.as_ref())?;
        let minutes = asked.minutes.map(appointment::minutes).transpose();
        let minutes = minutes.map_err(|bad| invalid("minutes", bad))?;
        Ok(Appointment {
            id: AppointmentId::minted(now, chance().map_err(no_chance)?),
            tenant: tenant.clone(),
            customer: customer(&asked.customer)?,
            phone: self.phone(asked.phone.reveal())?,
            practitioner,
            start,
            zone: zone.unwrap_or_else(Zone::utc),
            minutes: minutes.unwrap_or_else(|| whom.map_or(MINUTES, |whom| whom.slot_minutes)),
            status: asked.status,
            notes: asked.notes.as_ref().map(notes).transpose()?.flatten(),
            booked_by: None,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    async fn change_appointment(
        self: Arc<Self>,
        tenant: &TenantId,
        id: AppointmentId,
        change: AppointmentChange,
    ) -> Result<Appointment, AppointmentError> {
        let was = self.appointment(tenant, id).await?;
        let known = self.ask_calendar(async |store| store.practitioners(tenant).await).await?;
        let new = self.changed(&was, &known, change)?;
        if new == was {
            return Ok(was);
        }
        match self.ask_calendar(async |store| store.change_appointment(&new, was.version).await).await? {
            Changed::Yes => {
                tracing::info!(appointment = %id, %tenant, status = new.status.as_str(), "appointment.changed");
                Ok(new)
            }
            Changed::Taken => Err(AppointmentError::SlotTaken),
            Changed::Conflict => Err(AppointmentError::Conflict),
        }
    }

    fn changed(
        &self,
        was: &Appointment,
        known: &[Practitioner],
        change: AppointmentChange,
    ) -> Result<Appointment, AppointmentError> {
        let now = self.clock.now();
        let mut new = was.clone();
        if let Some(name) = &change.customer {
            new.customer = customer(name)?;
        }
        if let Some(phone) = &change.phone {
            new.phone = self.phone(phone.reveal())?;
        }
        if let Some(words) = &change.notes {
            new.notes = notes(words)?;
        }
        let is_moved = change.start.is_some()
            || change.practitioner.is_some()
            || change.zone.is_some()
            || change.minutes.is_some();
        if is_moved {
            let practitioner = change.practitioner.as_deref().map(|name| named(known, name)).transpose()?;
            let zone = change.zone.unwrap_or_else(|| was.zone.clone());
            let start = change.start.map(|when| moment(when, Some(&zone))).transpose()?;
            let minutes = change.minutes.map(appointment::minutes).transpose();
            let to = Change::Move {
                start: start.unwrap_or(was.start),
                zone: Some(zone),
                practitioner: practitioner.map(|(name, _)| name),
                minutes: minutes.map_err(|bad| invalid("minutes", bad))?,
            };
            new = new.apply(&to, now)?;
        }
        let wished = match change.status {
            None => None,
            Some(AppointmentStatus::Confirmed) => Some(Change::Confirm),
            Some(AppointmentStatus::Cancelled) => Some(Change::Cancel),
            Some(AppointmentStatus::Completed) => Some(Change::Complete),
            Some(as_it_is) if as_it_is == new.status => None,
            Some(AppointmentStatus::Scheduled | AppointmentStatus::Rescheduled) => {
                return Err(invalid(
                    "status",
                    "confirmed, cancelled or completed; another time is given by `start`",
                ));
            }
        };
        if let Some(wished) = wished {
            new = new.apply(&wished, now)?;
        }
        let like = Appointment { version: was.version, updated_at: was.updated_at, ..new.clone() };
        if like == *was {
            return Ok(like);
        }
        // However many of its fields: it is one change.
        Ok(Appointment { version: was.version.saturating_add(1), updated_at: now, ..new })
    }

    /// A number as a person wrote it.
    pub(super) fn phone(&self, raw: &str) -> Result<Address, AppointmentError> {
        let parsed = PhoneNumber::parse(raw, self.config.default_country);
        parsed.map(|parsed| Address::new(parsed.number.as_str())).map_err(|bad| invalid("phone", bad))
    }
}

/// To whom, as their own row spells it, and that row; as it was written if there is none.
fn named<'a>(
    known: &'a [Practitioner],
    name: &str,
) -> Result<(String, Option<&'a Practitioner>), AppointmentError> {
    let name = appointment::practitioner_name(name).map_err(|bad| invalid("practitioner", bad))?;
    let whom = known.iter().find(|whom| whom.name.to_lowercase() == name.to_lowercase());
    Ok((whom.map_or(name, |whom| whom.name.clone()), whom))
}

fn moment(when: When, zone: Option<&Zone>) -> Result<jiff::Timestamp, AppointmentError> {
    let moment = match (when, zone) {
        (When::Day(_), _) => return Err(invalid("start", "give the time too, such as 2026-01-31T09:30")),
        (When::Wall(_), None) => {
            return Err(invalid(
                "zone",
                "by whose clock is it? Give a zone such as Europe/London, or an offset",
            ));
        }
        (When::Wall(_), Some(zone)) => when.moment(zone),
        (When::Moment(moment), _) => Some(moment),
    };
    let within = moment.filter(|moment| (0..=253_402_207_200).contains(&moment.as_second()));
    within.ok_or_else(|| invalid("start", "no calendar goes so far"))
}

fn customer(name: &Private<String>) -> Result<Private<String>, AppointmentError> {
    let name = appointment::customer(name.reveal()).map_err(|bad| invalid("customer", bad))?;
    Ok(Private::new(name))
}

fn notes(words: &Private<String>) -> Result<Option<Private<String>>, AppointmentError> {
    let words = appointment::notes(words.reveal()).map_err(|bad| invalid("notes", bad))?;
    Ok(words.map(Private::new))
}
