//! How the queue is, and what will become of a campaign.

pub(crate) mod spec;

use super::{Mine, Named, json};
use crate::gates::{self, GateJson};
use crate::pages::texts::Texts;
use crate::problem::Problem;
use axum::extract::RawQuery;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use trunkline_core::id::{CampaignId, JobId};
use trunkline_core::plan::{Assumptions, Plan};
use trunkline_engine::{OldestJob, Rate};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QueueStats")]
struct StatsJson {
    depth: u64,
    in_progress: u64,
    parked: u64,
    in_line: u64,
    oldest: Option<OldestJob>,
    rate: Rate,
    gates: Vec<GateCountJson>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "GateCount")]
struct GateCountJson {
    code: String,
    words: String,
    jobs: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CampaignPlan")]
struct PlanJson<'a> {
    start: Timestamp,
    assume: Assumptions,
    #[serde(flatten)]
    plan: &'a Plan,
    skipped_words: BTreeMap<&'a str, String>,
    skipped_leads: Vec<SkippedJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SkippedLead")]
struct SkippedJson<'a> {
    job_id: JobId,
    to: &'a str,
    gate: GateJson<'a>,
}

/// `GET /api/queue/stats`
pub(crate) async fn stats(Mine(desk): Mine, headers: HeaderMap) -> Result<Response, Problem> {
    let texts = Texts::of_reader(&headers);
    let stats = desk.queue_stats().await?;
    let gates = stats.gates.into_iter().map(|gate| GateCountJson {
        words: gates::title(&gate.code, texts),
        code: gate.code,
        jobs: gate.jobs,
    });
    let stats = StatsJson {
        depth: stats.depth,
        in_progress: stats.in_progress,
        parked: stats.parked,
        in_line: stats.in_line,
        oldest: stats.oldest,
        rate: stats.rate,
        gates: gates.collect(),
    };
    Ok(json(StatusCode::OK, &stats))
}

/// `GET /api/campaigns/{id}/plan?start&answered&machine&busy&talk_secs&ring_secs&seed`
pub(crate) async fn plan(
    Mine(desk): Mine,
    Named(id): Named<CampaignId>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (assume, start) = asked(query.as_deref())?;
    let start = start.unwrap_or_else(|| desk.now());
    let foreseen = desk.plan_campaign(id, assume, Some(start)).await?;
    let texts = Texts::of_reader(&headers);
    let skipped = foreseen.skipped.iter().map(|(job_id, to, closed)| SkippedJson {
        job_id: *job_id,
        to: to.as_str(),
        gate: GateJson::of(closed, texts),
    });
    let words = foreseen.plan.skipped.keys().map(|code| (code.as_str(), gates::title(code, texts)));
    let plan = PlanJson {
        start,
        assume,
        plan: &foreseen.plan,
        skipped_words: words.collect(),
        skipped_leads: skipped.collect(),
    };
    Ok(json(StatusCode::OK, &plan))
}

fn asked(query: Option<&str>) -> Result<(Assumptions, Option<Timestamp>), Problem> {
    let (mut assume, mut start) = (Assumptions::default(), None);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "start" => {
                let time = value.parse();
                start =
                    Some(time.map_err(|_| Problem::query("start", "a time such as 2026-01-31T12:00:00Z"))?);
            }
            "answered" => assume.answered = share(&name, &value)?,
            "machine" => assume.machine = share(&name, &value)?,
            "busy" => assume.busy = share(&name, &value)?,
            "talk_secs" => assume.talk_secs = secs(&name, &value)?,
            "ring_secs" => assume.ring_secs = secs(&name, &value)?,
            "seed" => {
                assume.seed = value.parse().map_err(|_| Problem::query("seed", "a whole number"))?;
            }
            _ => {
                let there =
                    "no such word; there are start, answered, machine, busy, talk_secs, ring_secs, seed";
                return Err(Problem::query(&name, there));
            }
        }
    }
    if assume.answered + assume.machine + assume.busy > 1.0 {
        return Err(Problem::query("answered", "with machine and busy it is more than 1: these are shares"));
    }
    Ok((assume, start))
}

fn share(name: &str, value: &str) -> Result<f64, Problem> {
    let share = value.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| Problem::query(name, "a share from 0 to 1"))
}

fn secs(name: &str, value: &str) -> Result<u32, Problem> {
    let secs = value.parse().ok().filter(|secs| (1..=14_400).contains(secs));
    secs.ok_or_else(|| Problem::query(name, "whole seconds from 1 to 14400"))
}
