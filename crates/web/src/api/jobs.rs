//! Jobs of the queue: putting people in, and why somebody is not being called now. Leads: who they are.

pub(crate) mod spec;

use super::fields::Fields;
use super::{Mine, Named, json};
use crate::body::{self, Bound};
use crate::gates::GateJson;
use crate::pages::texts::Texts;
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::call::{Disposition, Outcome, Status};
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::{AccountId, AttemptNo, CallId, CampaignId, JobId, LeadId};
use trunkline_core::private::Private;
use trunkline_core::queue::{Bucket, JobState, Priority};
use trunkline_core::window::Zone;
use trunkline_engine::{JobView, Person};
use trunkline_engine::{Lead, QueuedJob};

/// More people than this come in several requests.
const PEOPLE_MAX: usize = 50_000;
/// A list of people is larger than other bodies, and takes longer to come.
pub(super) const LIST: Bound = Bound { bytes: 32 << 20, time: Duration::from_secs(60) };
const PAGE: u32 = 100;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Enqueued")]
struct EnqueuedJson {
    added: usize,
    skipped: Vec<SkippedJson>,
    jobs: Vec<JobId>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SkippedPerson")]
struct SkippedJson {
    /// Which one, from 0.
    row: usize,
    why: String,
    code: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "JobPage")]
struct JobsJson<'a> {
    jobs: Vec<JobJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Job")]
pub(super) struct JobJson<'a> {
    id: JobId,
    campaign_id: Option<CampaignId>,
    lead_id: LeadId,
    to: &'a str,
    name: Option<&'a str>,
    priority: Priority,
    bucket: Bucket,
    #[serde(flatten)]
    state: &'a JobState,
    attempt: AttemptNo,
    used: u16,
    promised: Option<Timestamp>,
    call_back: Option<Timestamp>,
    enqueued_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<GateJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "JobWithAttempts")]
pub(super) struct JobViewJson<'a> {
    #[serde(flatten)]
    job: JobJson<'a>,
    attempts: Vec<AttemptJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_duplicate: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Attempt")]
struct AttemptJson<'a> {
    no: AttemptNo,
    call_id: CallId,
    claimed_at: Timestamp,
    carrier: Option<&'a str>,
    status: Option<Status>,
    disposition: Option<Disposition>,
    outcome: Option<Outcome>,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
    ended_at: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LeadPage")]
struct LeadsJson<'a> {
    leads: Vec<LeadJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Lead")]
struct LeadJson<'a> {
    id: LeadId,
    number: &'a str,
    raw: &'a str,
    name: Option<&'a str>,
    zone: Option<&'a str>,
    fields: &'a BTreeMap<String, String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> JobJson<'a> {
    fn of(queued: &'a QueuedJob, gate: Option<&'a Closed>, texts: Texts) -> Self {
        let job = &queued.job;
        Self {
            id: job.id,
            campaign_id: job.campaign,
            lead_id: job.lead,
            to: queued.number.as_str(),
            name: queued.name.as_ref().map(|name| name.reveal().as_str()),
            priority: job.priority,
            bucket: job.state.bucket(),
            state: &job.state,
            attempt: job.attempt,
            used: job.used,
            promised: job.promised,
            call_back: job.call_back,
            enqueued_at: job.enqueued_at,
            gate: gate.map(|closed| GateJson::of(closed, texts)),
        }
    }
}

impl<'a> LeadJson<'a> {
    fn of(lead: &'a Lead) -> Self {
        Self {
            id: lead.id,
            number: lead.number.as_str(),
            raw: lead.raw.reveal(),
            name: lead.name.as_ref().map(|name| name.reveal().as_str()),
            zone: lead.zone.as_ref().map(Zone::as_str),
            fields: lead.fields.reveal(),
            created_at: lead.created_at,
            updated_at: lead.updated_at,
        }
    }
}

/// `POST /api/campaigns/{id}/jobs`
pub(crate) async fn add(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(campaign): Named<CampaignId>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, sent) = request.into_parts();
    let bytes = web.limits.api_bytes.max(LIST.bytes);
    let body = body::read(&parts.headers, sent, Bound { bytes, ..LIST }).await?;
    let mut fields = Fields::read(&body)?;
    let Some(Value::Array(rows)) = fields.take(&["people", "leads"]) else {
        return Err(Problem::field("people", "give a list of people, each with \"to\""));
    };
    fields.none_left()?;
    if rows.len() > PEOPLE_MAX {
        return Err(
            Problem::new(Code::PayloadTooLarge).detail(format!("at most {PEOPLE_MAX} people at once"))
        );
    }
    let mut people = Vec::with_capacity(rows.len());
    for (row, value) in rows.into_iter().enumerate() {
        people.push(person(value).map_err(|problem| problem.with("row", row))?);
    }
    let enqueued = desk.enqueue(campaign, people).await?;
    let skipped = enqueued.skipped.into_iter().map(|one| SkippedJson {
        row: one.place,
        why: one.why.to_string(),
        code: one.why.code(),
    });
    let answer =
        EnqueuedJson { added: enqueued.added.len(), skipped: skipped.collect(), jobs: enqueued.added };
    Ok(json(StatusCode::CREATED, &answer))
}

fn person(value: Value) -> Result<Person, Problem> {
    if let Value::String(to) = value {
        return Ok(Person { to: Private::new(to), ..Person::default() });
    }
    let mut fields = Fields::of(value)?;
    let person = of_fields(&mut fields)?;
    fields.none_left()?;
    Ok(person)
}

/// A person, out of fields that may hold more.
pub(super) fn of_fields(fields: &mut Fields) -> Result<Person, Problem> {
    let to = fields.text(&["to", "number", "phone"])?.ok_or_else(|| Problem::field("to", "is missing"))?;
    let priority = fields.take(&["priority"]).map(serde_json::from_value).transpose();
    Ok(Person {
        to: Private::new(to),
        name: fields.text(&["name"])?.map(Private::new),
        zone: fields.text(&["zone"])?,
        variables: Private::new(texts(fields.object("variables")?)?),
        priority: priority.map_err(|_| Problem::field("priority", "high, default or low"))?,
        dedup: fields.text(&["dedup_key"])?,
        not_before: fields.time("not_before")?,
    })
}

fn texts(object: Map<String, Value>) -> Result<BTreeMap<String, String>, Problem> {
    let text = |(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(number) => Ok((name, number.to_string())),
        Value::Bool(yes) => Ok((name, yes.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(Problem::field("variables", "texts and numbers only"))
        }
    };
    object.into_iter().map(text).collect()
}

/// `GET /api/campaigns/{id}/jobs?bucket&cursor&limit`
pub(crate) async fn list(
    Mine(desk): Mine,
    Named(campaign): Named<CampaignId>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = PageAsked::read(query.as_deref())?;
    let texts = Texts::of_reader(&headers);
    let jobs = desk.jobs(campaign, asked.bucket, asked.cursor, asked.limit).await?;
    let is_full = u32::try_from(jobs.len()).is_ok_and(|found| found == asked.limit);
    let next_cursor = jobs.last().filter(|_| is_full).map(|last| match asked.bucket {
        Some(_) => last.job.id.to_string(),
        None => last.job.lead.to_string(),
    });
    let jobs = jobs.iter().map(|queued| JobJson::of(queued, queued.gate.as_ref(), texts)).collect();
    Ok(json(StatusCode::OK, &JobsJson { jobs, next_cursor }))
}

/// `GET /api/jobs/{id}`, `GET /api/jobs/{id}/why`: the job, its dials, and the gate that is closed at this moment.
pub(crate) async fn show(
    Mine(desk): Mine,
    Named(id): Named<JobId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(told(&desk.job(id).await?, &headers))
}

/// `POST /api/jobs/{id}/cancel`
pub(crate) async fn cancel(
    Mine(desk): Mine,
    Named(id): Named<JobId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(told(&desk.cancel_job(id).await?, &headers))
}

/// `POST /api/jobs/{id}/retry`: one that was set aside waits for its turn again.
pub(crate) async fn retry(
    Mine(desk): Mine,
    Named(id): Named<JobId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(told(&desk.retry_job(id).await?, &headers))
}

fn told(job: &JobView, headers: &HeaderMap) -> Response {
    view(StatusCode::OK, job, None, Texts::of_reader(headers))
}

/// A job with its dials, and, for who has put it in, whether it was there.
pub(super) fn view(status: StatusCode, view: &JobView, is_duplicate: Option<bool>, texts: Texts) -> Response {
    let attempts = view.attempts.iter().map(|attempt| AttemptJson {
        no: attempt.no,
        call_id: attempt.call,
        claimed_at: attempt.claimed_at,
        carrier: attempt.account.as_ref().map(AccountId::carrier),
        status: attempt.status,
        disposition: attempt.disposition,
        outcome: attempt.outcome,
        error_code: attempt.error_code.as_deref(),
        error_message: attempt.error_message.as_deref(),
        ended_at: attempt.ended_at,
    });
    let job = JobJson::of(&view.queued, view.closed.as_ref(), texts);
    json(status, &JobViewJson { job, attempts: attempts.collect(), is_duplicate })
}

/// `GET /api/leads?cursor&limit`
pub(crate) async fn leads(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let asked = PageAsked::read(query.as_deref())?;
    let cursor = asked.cursor.map(|cursor| cursor.parse::<LeadId>()).transpose();
    let after = cursor.map_err(|_| Problem::query("cursor", "not one of ours"))?;
    let leads = desk.leads(after, asked.limit).await?;
    let is_full = u32::try_from(leads.len()).is_ok_and(|found| found == asked.limit);
    let next_cursor = leads.last().filter(|_| is_full).map(|last| last.id.to_string());
    Ok(json(StatusCode::OK, &LeadsJson { leads: leads.iter().map(LeadJson::of).collect(), next_cursor }))
}

/// Which page of a list.
struct PageAsked {
    bucket: Option<Bucket>,
    cursor: Option<String>,
    limit: u32,
}

impl PageAsked {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut asked = Self { bucket: None, cursor: None, limit: PAGE };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "bucket" => {
                    let word = Value::String(value.into_owned());
                    asked.bucket = Some(serde_json::from_value(word).map_err(|_| {
                        Problem::query(
                            "bucket",
                            "one of waiting, in_progress, completed, failed, skipped, canceled, parked",
                        )
                    })?);
                }
                "cursor" => asked.cursor = Some(value.into_owned()),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=1_000).contains(limit));
                    asked.limit = limit.ok_or_else(|| Problem::query("limit", "1 to 1000"))?;
                }
                _ => return Err(Problem::query(&name, "no such filter; there are bucket, cursor, limit")),
            }
        }
        Ok(asked)
    }
}
