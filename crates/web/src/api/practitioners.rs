//! With whom appointments are made, and when.

pub(crate) mod spec;

use super::fields::Fields;
use super::{Mine, Named, json, read};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use trunkline_core::appointment::Practitioner;
use trunkline_core::id::PractitionerId;
use trunkline_core::numbers::OpeningHours;
use trunkline_engine::{NewPractitioner, PractitionerChange};

/// How long an appointment is, unless it is said.
const MINUTES: u32 = 30;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Practitioners")]
struct PractitionersJson<'a> {
    practitioners: Vec<PractitionerJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Practitioner")]
struct PractitionerJson<'a> {
    id: PractitionerId,
    name: &'a str,
    /// When appointments begin and end.
    hours: &'a OpeningHours,
    /// How long one is, unless it says otherwise.
    slot_minutes: u16,
}

impl<'a> From<&'a Practitioner> for PractitionerJson<'a> {
    fn from(of: &'a Practitioner) -> Self {
        Self { id: of.id, name: &of.name, hours: &of.hours, slot_minutes: of.slot_minutes }
    }
}

/// `GET /api/practitioners`
pub(crate) async fn list(Mine(desk): Mine) -> Result<Response, Problem> {
    let all = desk.practitioners().await?;
    let practitioners = all.iter().map(PractitionerJson::from).collect();
    Ok(json(StatusCode::OK, &PractitionersJson { practitioners }))
}

/// `GET /api/practitioners/{id}`
pub(crate) async fn show(Mine(desk): Mine, Named(id): Named<PractitionerId>) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &PractitionerJson::from(&desk.practitioner(id).await?)))
}

/// `POST /api/practitioners`
pub(crate) async fn add(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let asked = NewPractitioner {
        name: fields.text(&["name"])?.ok_or_else(|| Problem::field("name", "is missing"))?,
        hours: hours(&mut fields)?.ok_or_else(|| Problem::field("hours", "is missing"))?,
        slot_minutes: fields.whole("slot_minutes")?.unwrap_or(MINUTES),
    };
    fields.none_left()?;
    Ok(json(StatusCode::CREATED, &PractitionerJson::from(&desk.add_practitioner(asked).await?)))
}

/// `PATCH /api/practitioners/{id}`
pub(crate) async fn change(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(id): Named<PractitionerId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let change =
        PractitionerChange { hours: hours(&mut fields)?, slot_minutes: fields.whole("slot_minutes")? };
    fields.none_left()?;
    Ok(json(StatusCode::OK, &PractitionerJson::from(&desk.change_practitioner(id, change).await?)))
}

/// `DELETE /api/practitioners/{id}`
pub(crate) async fn remove(Mine(desk): Mine, Named(id): Named<PractitionerId>) -> Result<Response, Problem> {
    desk.remove_practitioner(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn hours(fields: &mut Fields) -> Result<Option<OpeningHours>, Problem> {
    let hours: Option<Value> = fields.take(&["hours"]);
    let hours = hours.map(serde_json::from_value).transpose();
    hours.map_err(|bad: serde_json::Error| Problem::field("hours", &bad.to_string()))
}
