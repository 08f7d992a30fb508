//! Appointments: listed, made, changed, cancelled, imported; and which times are free.

pub(crate) mod spec;

use super::fields::Fields;
use super::{Mine, Named, json, lists, read};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use trunkline_core::appointment::{Appointment, AppointmentStatus, Practitioner, When};
use trunkline_core::id::{AppointmentId, CallId, PractitionerId};
use trunkline_core::private::{Address, Private};
use trunkline_core::window::Zone;
use trunkline_engine::exchange::people::Encoding;
use trunkline_engine::{
    AppointmentChange, AppointmentCursor, AppointmentQuery, AppointmentsOrder, AppointmentsReport,
    FreeTimesOf, NewAppointment, Trial,
};

/// The most of a page.
const MAX_PAGE: u16 = 500;
/// The most free times of each practitioner.
const MAX_TIMES: u16 = 500;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AppointmentPage")]
struct AppointmentsJson<'a> {
    appointments: Vec<AppointmentJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Appointment")]
struct AppointmentJson<'a> {
    id: AppointmentId,
    /// Who comes.
    customer: &'a str,
    /// Their number, in E.164.
    phone: &'a str,
    /// To whom.
    practitioner: &'a str,
    /// When it begins.
    start: Timestamp,
    /// The same by the clock of its zone.
    start_local: String,
    end: Timestamp,
    zone: &'a Zone,
    minutes: u16,
    status: AppointmentStatus,
    notes: Option<&'a str>,
    /// The call in which a bot booked it.
    booked_by: Option<CallId>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FreeTimes")]
struct SlotsJson<'a> {
    practitioners: Vec<DiaryJson<'a>>,
}

/// The free times of one practitioner.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PractitionersFreeTimes")]
struct DiaryJson<'a> {
    id: PractitionerId,
    name: &'a str,
    zone: &'a Zone,
    /// How long an appointment is.
    minutes: u16,
    slots: Vec<SlotJson>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FreeTime")]
struct SlotJson {
    start: Timestamp,
    /// The same by the clock of the zone.
    start_local: String,
}

impl<'a> AppointmentJson<'a> {
    fn of(of: &'a Appointment) -> Self {
        Self {
            id: of.id,
            customer: of.customer.reveal(),
            phone: of.phone.as_str(),
            practitioner: &of.practitioner,
            start: of.start,
            start_local: local(of.start, &of.zone),
            end: of.end(),
            zone: &of.zone,
            minutes: of.minutes,
            status: of.status,
            notes: of.notes.as_ref().map(|notes| notes.reveal().as_str()),
            booked_by: of.booked_by,
            created_at: of.created_at,
            updated_at: of.updated_at,
        }
    }
}

fn local(at: Timestamp, zone: &Zone) -> String {
    at.to_zoned(zone.rules()).strftime("%Y-%m-%dT%H:%M%:z").to_string()
}

/// `GET /api/appointments`
pub(crate) async fn list(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let page = desk.appointments(asked(query.as_deref())?).await?;
    let next_cursor = page.next.map(|next| format!("{}_{}", next.start.as_microsecond(), next.id));
    let appointments = page.appointments.iter().map(AppointmentJson::of).collect();
    Ok(json(StatusCode::OK, &AppointmentsJson { appointments, next_cursor }))
}

/// `GET /api/appointments/{id}`
pub(crate) async fn show(Mine(desk): Mine, Named(id): Named<AppointmentId>) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &AppointmentJson::of(&desk.appointment(id).await?)))
}

/// `POST /api/appointments`
pub(crate) async fn make(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let needed =
        |name: &'static str, value: Option<String>| value.ok_or_else(|| Problem::field(name, "is missing"));
    let asked = NewAppointment {
        customer: needed("customer", fields.text(&["customer"])?)?.into(),
        phone: needed("phone", fields.text(&["phone"])?)?.into(),
        practitioner: needed("practitioner", fields.text(&["practitioner"])?)?,
        start: start(&mut fields)?.ok_or_else(|| Problem::field("start", "is missing"))?,
        zone: zone(&mut fields)?,
        minutes: fields.whole("minutes")?,
        status: status(&mut fields)?.unwrap_or_default(),
        notes: fields.text(&["notes"])?.map(Private::new),
    };
    fields.none_left()?;
    Ok(json(StatusCode::CREATED, &AppointmentJson::of(&desk.make_appointment(asked).await?)))
}

/// `PATCH /api/appointments/{id}`
pub(crate) async fn change(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(id): Named<AppointmentId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let change = AppointmentChange {
        customer: fields.text(&["customer"])?.map(Private::new),
        phone: fields.text(&["phone"])?.map(Private::new),
        practitioner: fields.text(&["practitioner"])?,
        start: start(&mut fields)?,
        zone: zone(&mut fields)?,
        minutes: fields.whole("minutes")?,
        status: status(&mut fields)?,
        notes: fields.text(&["notes"])?.map(Private::new),
    };
    fields.none_left()?;
    Ok(json(StatusCode::OK, &AppointmentJson::of(&desk.change_appointment(id, change).await?)))
}

/// `POST /api/appointments/{id}/cancel`
pub(crate) async fn cancel(Mine(desk): Mine, Named(id): Named<AppointmentId>) -> Result<Response, Problem> {
    let change =
        AppointmentChange { status: Some(AppointmentStatus::Cancelled), ..AppointmentChange::default() };
    Ok(json(StatusCode::OK, &AppointmentJson::of(&desk.change_appointment(id, change).await?)))
}

/// `POST /api/appointments/import`
pub(crate) async fn import(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let (order, encoding) = import_asked(query.as_deref())?;
    let list = lists::list(&web, encoding, request).await?;
    let report = desk.import_appointments(list.rows, order).await?;
    let is_new = report.added > 0 && !report.dry_run;
    let report = AppointmentsReport { encoding: list.encoding, ..report };
    Ok(json(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &report))
}

/// `GET /api/appointments/slots`
pub(crate) async fn slots(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let diaries = desk.free_times(slots_asked(query.as_deref())?).await?;
    let practitioners = diaries.iter().map(|diary| {
        let Practitioner { id, name, hours, slot_minutes, .. } = &diary.practitioner;
        let slot = |start: &Timestamp| SlotJson { start: *start, start_local: local(*start, &hours.zone) };
        let slots = diary.free.iter().map(slot).collect();
        DiaryJson { id: *id, name, zone: &hours.zone, minutes: *slot_minutes, slots }
    });
    Ok(json(StatusCode::OK, &SlotsJson { practitioners: practitioners.collect() }))
}

fn start(fields: &mut Fields) -> Result<Option<When>, Problem> {
    let text = fields.text(&["start"])?;
    let when = text.map(|text| text.parse::<When>().map_err(|bad| Problem::field("start", &bad.to_string())));
    when.transpose()
}

fn zone(fields: &mut Fields) -> Result<Option<Zone>, Problem> {
    let text = fields.text(&["zone"])?;
    text.map(|text| text.parse::<Zone>().map_err(|bad| Problem::field("zone", &bad.to_string()))).transpose()
}

fn status(fields: &mut Fields) -> Result<Option<AppointmentStatus>, Problem> {
    let Some(word) = fields.text(&["status"])? else { return Ok(None) };
    let odd = || Problem::field("status", &format!("one of {}", AppointmentStatus::WORDS.join(", ")));
    AppointmentStatus::parse(&word).ok_or_else(odd).map(Some)
}

/// The filters of a list of appointments, as they stand in an address.
pub(crate) fn asked(query: Option<&str>) -> Result<AppointmentQuery, Problem> {
    let mut asked = AppointmentQuery::default();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if value.is_empty() {
            continue;
        }
        is_text(&name, &value)?;
        let filter = &mut asked.filter;
        match &*name {
            "phone" | "number" => filter.phone = Some(Address::new(value)),
            "practitioner" => filter.practitioner = Some(value.into_owned()),
            "status" => {
                let odd =
                    || Problem::query("status", &format!("one of {}", AppointmentStatus::WORDS.join(", ")));
                filter.status = Some(AppointmentStatus::parse(&value).ok_or_else(odd)?);
            }
            "since" => filter.since = Some(time("since", &value)?),
            "until" => filter.until = Some(time("until", &value)?),
            "cursor" => {
                let cursor = cursor(&value).ok_or_else(|| Problem::query("cursor", "is none of ours"))?;
                asked.after = Some(cursor);
            }
            "limit" => asked.limit = Some(most(&value, MAX_PAGE)?),
            _ => {
                let there =
                    "no such filter; there are phone, practitioner, status, since, until, cursor, limit";
                return Err(Problem::query(&name, there));
            }
        }
    }
    Ok(asked)
}

fn slots_asked(query: Option<&str>) -> Result<FreeTimesOf, Problem> {
    let mut asked = FreeTimesOf::default();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if value.is_empty() {
            continue;
        }
        is_text(&name, &value)?;
        match &*name {
            "practitioner" => asked.practitioner = Some(value.into_owned()),
            "since" => asked.since = Some(time("since", &value)?),
            "until" => asked.until = Some(time("until", &value)?),
            "limit" => asked.most = Some(usize::from(most(&value, MAX_TIMES)?)),
            _ => {
                return Err(Problem::query(
                    &name,
                    "no such filter; there are practitioner, since, until, limit",
                ));
            }
        }
    }
    Ok(asked)
}

fn import_asked(query: Option<&str>) -> Result<(AppointmentsOrder, Option<Encoding>), Problem> {
    let (mut order, mut encoding) = (AppointmentsOrder::default(), None);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match (&*name, &*value) {
            ("dry_run", "true" | "1") => order.trial = Trial::Yes,
            ("dry_run", "false" | "0") => order.trial = Trial::No,
            ("dry_run", _) => return Err(Problem::query("dry_run", "true or false")),
            ("zone", zone) => {
                let zone = zone.parse::<Zone>();
                order.zone = Some(zone.map_err(|bad| Problem::query("zone", &bad.to_string()))?);
            }
            ("encoding", word) => {
                let word = word.parse::<Encoding>();
                encoding = Some(word.map_err(|wrong| Problem::query("encoding", &wrong.to_string()))?);
            }
            (name, _) => return Err(Problem::query(name, "no such word; there are dry_run, zone, encoding")),
        }
    }
    Ok((order, encoding))
}

fn is_text(name: &str, value: &str) -> Result<(), Problem> {
    let odd = |text: &str| text.contains('\0') || text.contains(char::REPLACEMENT_CHARACTER);
    if odd(name) || odd(value) { Err(Problem::query("query", "must be UTF-8 without NUL")) } else { Ok(()) }
}

fn most(value: &str, limit: u16) -> Result<u16, Problem> {
    let most = value.parse().ok().filter(|most| (1..=limit).contains(most));
    most.ok_or_else(|| Problem::query("limit", &format!("a whole number from 1 to {limit}")))
}

/// A time, or a day, which begins at midnight UTC.
fn time(name: &str, value: &str) -> Result<Timestamp, Problem> {
    let day = || value.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    let wrong = || Problem::query(name, "a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31");
    value.parse().ok().or_else(|| Some(day()?.timestamp())).ok_or_else(wrong)
}

fn cursor(text: &str) -> Option<AppointmentCursor> {
    let (micros, id) = text.split_once('_')?;
    let start = Timestamp::from_microsecond(micros.parse().ok()?).ok()?;
    Some(AppointmentCursor { start, id: id.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_as_people_write_them_and_no_word_is_ignored() {
        let id = "0199b2a4-7c6e-7000-8000-000000000001";
        let query =
            format!("status=canceled&phone=%2B15550100&since=2026-01-31&limit=3&cursor=7_{id}&until=");
        let read = asked(Some(&query)).unwrap();
        assert_eq!(read.filter.status, Some(AppointmentStatus::Cancelled));
        assert_eq!((read.limit, read.filter.until), (Some(3), None));
        assert_eq!(read.after.unwrap().id.to_string(), id);
        for odd in [
            "status=gone",
            "limit=0",
            "limit=501",
            "since=soon",
            "cursor=x",
            "cursor=1_x",
            "stat=x",
            "phone=%00",
        ] {
            assert!(asked(Some(odd)).is_err(), "{odd}");
        }
        assert!(slots_asked(Some("practitioner=Dr+Lee&until=2026-01-31")).is_ok());
        assert!(slots_asked(Some("doctor=Lee")).is_err() && import_asked(Some("zone=Mars")).is_err());
    }
}
