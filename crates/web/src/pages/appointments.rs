//! The page of appointments: who comes to whom and when, by number, practitioner and status; each can be cancelled.

use super::forgery;
use super::frame::{Frame, Section};
use super::show::Pill;
use super::texts::Texts;
use super::{Reader, page};
use crate::api::Named;
use crate::api::appointments::asked;
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use std::sync::Arc;
use trunkline_core::appointment::{Appointment, AppointmentStatus};
use trunkline_core::id::AppointmentId;
use trunkline_core::tenancy::Act;
use trunkline_engine::{AppointmentChange, AppointmentCursor, AppointmentPage, AppointmentQuery};

#[derive(Template)]
#[template(path = "appointments.html")]
struct AppointmentsPage {
    frame: Frame,
    t: Texts,
    phone: String,
    practitioner: String,
    since: String,
    statuses: Vec<StatusChoice>,
    rows: Vec<Row>,
    more: Option<String>,
    /// Whether the reader may cancel.
    may_change: bool,
}

struct StatusChoice {
    word: &'static str,
    text: String,
    is_chosen: bool,
}

struct Row {
    /// By the clock of its zone.
    day: String,
    clock: String,
    iso: String,
    zone: String,
    customer: String,
    phone: String,
    practitioner: String,
    pill: Pill,
    notes: Option<String>,
    /// The call in which a bot booked it.
    call: Option<String>,
    /// Where it is cancelled, while it can be.
    cancel: Option<String>,
}

/// `GET /appointments`
pub(crate) async fn list(State(web): State<Arc<Web>>, reader: Reader, RawQuery(query): RawQuery) -> Response {
    let query = match asked(query.as_deref()) {
        Ok(query) => query,
        Err(problem) => return reader.trouble(&web, &problem).await,
    };
    let mut looked = query.clone();
    if query.filter.since.is_none() && query.after.is_none() {
        // What is over is found by asking for it.
        let day = jiff::SignedDuration::from_hours(24);
        looked.filter.since = reader.desk.now().checked_sub(day).ok();
    }
    match reader.desk.appointments(looked).await {
        Ok(found) => {
            let frame = Frame::of(&web, &reader, Section::Appointments).await;
            page(StatusCode::OK, &AppointmentsPage::of(frame, &reader, &query, &found))
        }
        Err(error) => reader.trouble(&web, &error.into()).await,
    }
}

/// `POST /appointments/{id}/cancel`
pub(crate) async fn cancel(
    State(web): State<Arc<Web>>,
    reader: Reader,
    id: Result<Named<AppointmentId>, Problem>,
    request: Request,
) -> Response {
    if let Err(problem) = forgery::form(&web, &reader.session, request).await {
        return reader.trouble(&web, &problem).await;
    }
    let Named(id) = match id {
        Ok(id) => id,
        Err(problem) => return reader.trouble(&web, &problem).await,
    };
    let change =
        AppointmentChange { status: Some(AppointmentStatus::Cancelled), ..AppointmentChange::default() };
    match reader.desk.change_appointment(id, change).await {
        Ok(_) => Redirect::to("/appointments").into_response(),
        Err(error) => reader.trouble(&web, &error.into()).await,
    }
}

impl AppointmentsPage {
    fn of(frame: Frame, reader: &Reader, query: &AppointmentQuery, found: &AppointmentPage) -> Self {
        let t = reader.t;
        let filter = &query.filter;
        let choice = |status: AppointmentStatus| StatusChoice {
            word: status.as_str(),
            text: word(t, status),
            is_chosen: filter.status == Some(status),
        };
        let may_change = reader.caller.may(Act::Call).is_ok();
        Self {
            phone: filter.phone.as_ref().map(ToString::to_string).unwrap_or_default(),
            practitioner: filter.practitioner.clone().unwrap_or_default(),
            since: filter.since.map(|since| since.strftime("%Y-%m-%d").to_string()).unwrap_or_default(),
            statuses: AppointmentStatus::ALL.map(choice).into(),
            rows: found.appointments.iter().map(|one| Row::of(t, one, may_change)).collect(),
            more: found.next.map(|next| more(query, next)),
            may_change,
            frame,
            t,
        }
    }
}

impl Row {
    fn of(t: Texts, one: &Appointment, may_change: bool) -> Self {
        let local = one.local();
        let tone = match one.status {
            AppointmentStatus::Scheduled => "is-waiting",
            AppointmentStatus::Confirmed | AppointmentStatus::Completed => "is-good",
            AppointmentStatus::Rescheduled => "is-live",
            AppointmentStatus::Cancelled => "is-soft",
        };
        Self {
            day: local.strftime("%Y-%m-%d").to_string(),
            clock: local.strftime("%H:%M").to_string(),
            iso: one.start.to_string(),
            zone: one.zone.to_string(),
            customer: one.customer.reveal().clone(),
            phone: one.phone.to_string(),
            practitioner: one.practitioner.clone(),
            pill: Pill { tone, text: word(t, one.status) },
            notes: one.notes.as_ref().map(|notes| notes.reveal().clone()),
            call: one.booked_by.map(|call| format!("/calls/{call}")),
            cancel: (may_change && one.status.is_open()).then(|| format!("/appointments/{}/cancel", one.id)),
        }
    }
}

fn word(t: Texts, status: AppointmentStatus) -> String {
    t.get(&format!("appointment-{}", status.as_str()))
}

/// The address of the next page, with the same filters.
fn more(query: &AppointmentQuery, next: AppointmentCursor) -> String {
    let mut words = form_urlencoded::Serializer::new(String::new());
    let filter = &query.filter;
    if let Some(phone) = &filter.phone {
        words.append_pair("phone", phone.as_str());
    }
    if let Some(practitioner) = &filter.practitioner {
        words.append_pair("practitioner", practitioner);
    }
    if let Some(status) = filter.status {
        words.append_pair("status", status.as_str());
    }
    words.append_pair("cursor", &format!("{}_{}", next.start.as_microsecond(), next.id));
    format!("/appointments?{}", words.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::texts::Language;
    use trunkline_core::bot::Tool;

    #[test]
    fn every_word_of_a_closed_set_is_in_every_language() {
        for t in Language::ALL.map(|language| Texts { language }) {
            let has = |key: String| assert_ne!(t.get(&key), key);
            for status in AppointmentStatus::ALL {
                has(format!("appointment-{}", status.as_str()));
            }
            for tool in Tool::ALL {
                has(format!("tool-{}", tool.as_str()));
            }
        }
    }
}
