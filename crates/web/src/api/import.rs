//! Taking over calls that were kept elsewhere: each row is imported or told why not, and the same rows can be sent again.

pub(crate) mod spec;

use super::fields::Fields;
use super::orders::hash;
use super::registered::{registration, status};
use super::{Mine, json, read};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use trunkline_core::call::Status;
use trunkline_core::id::CallId;
use trunkline_engine::{Desk, Novelty, Registration, Report, ReportId};

/// More rows than this come in several requests.
const ROWS_MAX: usize = 10_000;
/// Rows that wait for the journal together, so that many share one sync.
const AT_ONCE: usize = 128;

#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "Imported")]
struct ImportedJson {
    /// Calls that are here now and were not before.
    new: usize,
    /// Calls that were here already.
    known: usize,
    /// Rows that were not taken.
    refused: usize,
    calls: Vec<RowJson>,
}

/// What became of one row.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportedRow")]
struct RowJson {
    /// Which row, from 0.
    row: usize,
    call_id: Value,
    #[serde(flatten)]
    result: ResultJson,
}

#[derive(Serialize, JsonSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
#[schemars(rename = "RowResult")]
enum ResultJson {
    New(TakenJson),
    Known(TakenJson),
    Refused {
        #[schemars(with = "crate::problem::ProblemJson<'static>")]
        problem: Value,
    },
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TakenRow")]
struct TakenJson {
    id: CallId,
    status: Status,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// A row, understood.
struct Row {
    registration: Registration,
    reports: Vec<Report>,
}

/// `POST /api/calls/import`
pub(crate) async fn import(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let Some(Value::Array(rows)) = fields.take(&["calls"]) else {
        return Err(Problem::field("calls", "give a list of calls"));
    };
    fields.none_left()?;
    if rows.len() > ROWS_MAX {
        return Err(Problem::new(Code::PayloadTooLarge).detail(format!("at most {ROWS_MAX} calls at once")));
    }
    let results = stream::iter(rows.into_iter().enumerate().map(|(row, value)| take(&desk, row, value)));
    let calls: Vec<RowJson> = results.buffered(AT_ONCE).collect().await;
    let mut imported = ImportedJson::default();
    for row in &calls {
        match row.result {
            ResultJson::New(_) => imported.new += 1,
            ResultJson::Known(_) => imported.known += 1,
            ResultJson::Refused { .. } => imported.refused += 1,
        }
    }
    imported.calls = calls;
    Ok(json(StatusCode::OK, &imported))
}

async fn take(desk: &Desk, row: usize, value: Value) -> RowJson {
    let call_id = value.get("call_id").cloned().unwrap_or_default();
    let result = match taken(desk, value).await {
        Ok(result) => result,
        Err(problem) => ResultJson::Refused { problem: problem.body() },
    };
    RowJson { row, call_id, result }
}

async fn taken(desk: &Desk, value: Value) -> Result<ResultJson, Problem> {
    let Row { registration, reports } = understood(value)?;
    let placed = desk.import(registration, reports).await?;
    let (id, status) = (placed.call.id, placed.call.status());
    let taken = TakenJson { id, status, warnings: placed.warnings };
    Ok(match placed.novelty {
        Novelty::New => ResultJson::New(taken),
        Novelty::Repeated => ResultJson::Known(taken),
    })
}

/// Reads a row under the names that people have. What has no place of its own is kept as metadata, not lost.
fn understood(value: Value) -> Result<Row, Problem> {
    let id = ReportId::Body(hash(value.to_string().as_bytes()));
    let mut fields = Fields::of(value)?;
    let mut registration = registration(&mut fields)?;
    let word = fields.text(&["status"])?;
    let mut moment = |names: &[&'static str]| moment(names[0], fields.take(names).as_ref());
    registration.began_at = moment(&["created_at", "started_at"])?;
    let answered_at = moment(&["answered_at"])?;
    let ended_at = moment(&["ended_at"])?;
    let updated_at = moment(&["updated_at"])?;
    for (name, value) in fields.rest() {
        registration.metadata.reveal_mut().entry(name).or_insert(value);
    }
    let report = |word: &str, at: Option<Timestamp>| {
        let status = status(word)?;
        let (word, metadata, id) = (word.to_owned(), Default::default(), id.clone());
        Ok::<_, Problem>(Report { status, word, metadata, id, at })
    };
    let mut reports = Vec::new();
    if answered_at.is_some() {
        reports.push(report("answered", answered_at)?);
    }
    match word.as_deref() {
        Some(word) if status(word)?.is_over() => reports.push(report(word, ended_at.or(updated_at))?),
        Some(word) => reports.push(report(word, updated_at)?),
        None if ended_at.is_some() => reports.push(report("completed", ended_at)?),
        None => {}
    }
    Ok(Row { registration, reports })
}

/// A time as programs write it: with its zone, without one (UTC), or as seconds since 1970.
fn moment(field: &str, value: Option<&Value>) -> Result<Option<Timestamp>, Problem> {
    let read = match value {
        None => return Ok(None),
        Some(Value::String(text)) => text
            .parse()
            .ok()
            .or_else(|| Some(text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())),
        Some(Value::Number(secs)) => secs
            .as_f64()
            .and_then(|secs| SignedDuration::try_from_secs_f64(secs).ok())
            .and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok()),
        Some(_) => None,
    };
    let wrong = || Problem::field(field, "a time such as 2026-01-31T12:00:00Z, or seconds since 1970");
    read.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_brings_its_times_and_loses_nothing() {
        let row = understood(json!({
            "call_id": "CA1", "session_id": "s", "provider": "twilio", "status": "completed",
            "created_at": "2025-01-31T12:00:00.25", "answered_at": 1_738_324_810, "ended_at": "2025-01-31T12:01:00Z",
            "agent": "ann", "metadata": {"a": 1}
        }))
        .unwrap();
        assert_eq!(row.registration.began_at, Some("2025-01-31T12:00:00.25Z".parse().unwrap()));
        let told: Vec<_> =
            row.reports.iter().map(|report| (report.status, report.at.unwrap().to_string())).collect();
        assert_eq!(
            told,
            [
                (Status::Answered, "2025-01-31T12:00:10Z".to_owned()),
                (Status::Completed, "2025-01-31T12:01:00Z".to_owned())
            ]
        );
        let metadata = row.registration.metadata.reveal();
        assert_eq!((&metadata["agent"], &metadata["a"]), (&json!("ann"), &json!(1)));
    }

    #[test]
    fn an_end_without_a_status_is_an_end() {
        let row = |more: Value| {
            let mut row = json!({"call_id": "CA1", "session_id": "s", "provider": "twilio"});
            row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            understood(row).map(|row| row.reports.iter().map(|report| report.status).collect::<Vec<_>>())
        };
        assert_eq!(row(json!({"ended_at": 1_738_324_810})).unwrap(), [Status::Completed]);
        assert_eq!(row(json!({"ended_at": null, "status": "active"})).unwrap(), [Status::Answered]);
        assert_eq!(row(json!({})).unwrap(), []);
        for wrong in [json!({"ended_at": "soon"}), json!({"status": "odd"}), json!({"created_at": 1e300})] {
            assert!(row(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
