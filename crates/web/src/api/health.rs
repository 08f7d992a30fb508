//! Probes. They need no key, and tell those without one nothing but words.

pub(crate) mod spec;

use super::{admitted, json};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_engine::Part;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Health")]
struct HealthJson {
    status: &'static str,
    active_calls: u64,
    recovered_calls: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Readiness")]
struct ReadyJson<'a> {
    /// `ok`, `degraded` or `draining`.
    status: &'static str,
    draining: bool,
    lag_events: u64,
    parked_calls: u64,
    parts: BTreeMap<&'static str, PartJson<'a>>,
}

/// How one part is. Reasons name files and hosts: who runs the server may read them, others learn the state only.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PartOfServer")]
#[serde(untagged)]
enum PartJson<'a> {
    Whole(&'a Part),
    State { state: &'static str },
}

/// `GET /health`: 200 once recovery is through.
pub(crate) async fn health(State(web): State<Arc<Web>>) -> Response {
    if !web.engine.is_recovered() {
        return Problem::new(Code::Starting).retry_after(1).into_response();
    }
    let health = web.engine.health().await;
    json(
        StatusCode::OK,
        &HealthJson {
            status: "ok",
            active_calls: health.active_calls,
            recovered_calls: health.recovered_calls,
        },
    )
}

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: whether calls should come here, part by part. Degraded is ready: calls go on.
pub(crate) async fn ready(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    if !web.engine.is_recovered() {
        return Problem::new(Code::Starting).retry_after(1).into_response();
    }
    let health = web.engine.health().await;
    let with_reasons = admitted(&web, &headers).is_some_and(|admitted| admitted.caller.runs_the_server());
    let mut parts = vec![
        ("journal", &health.journal),
        ("database", &health.database),
        ("carrier", &health.carrier),
        ("scripts", &health.scripts),
    ];
    parts.extend(health.cache.as_ref().map(|cache| ("cache", cache)));
    parts.extend(health.recordings.as_ref().map(|recordings| ("recordings", recordings)));
    let is_degraded =
        health.parked_calls > 0 || parts.iter().any(|(_, part)| matches!(part, Part::Degraded { .. }));
    let body = ReadyJson {
        status: if health.draining {
            "draining"
        } else if is_degraded {
            "degraded"
        } else {
            "ok"
        },
        draining: health.draining,
        lag_events: health.lag_events,
        parked_calls: health.parked_calls,
        parts: parts.iter().map(|(name, part)| (*name, PartJson::of(part, with_reasons))).collect(),
    };
    json(if health.draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }, &body)
}

impl<'a> PartJson<'a> {
    fn of(part: &'a Part, with_reasons: bool) -> Self {
        match part {
            part if with_reasons => Self::Whole(part),
            Part::Ok { .. } => Self::State { state: "ok" },
            Part::Degraded { .. } => Self::State { state: "degraded" },
        }
    }
}
