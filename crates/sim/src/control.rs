//! The simulator's own API under `/sim`, in JSON, for whoever wants to steer or judge it. It asks for no credentials:
//! bind the simulator to loopback.
//!
//! | request | does |
//! |---|---|
//! | `GET /sim/calls?to=N` | every call, or those to one number, oldest first |
//! | `GET /sim/dialed` | number → how many calls were made to it |
//! | `GET /sim/stats` | calls live now, most at once, calls in all |
//! | `GET /sim/heard/{CallSid}` | what the person heard and answered |
//! | `GET /sim/webhooks` | requests made to the product, with their answers |
//! | `PUT /sim/people/{number or pattern}` | a habit, e.g. `{"habit":"answers","said":["Ann"]}` |
//! | `GET`, `POST`, `DELETE /sim/faults` | lists, adds, removes all, e.g. `{"kind":"create_fails","on":"+1555*","count":3}` |
//! | `POST /sim/inbound` | `{"from":N,"to":OURS,"habit":{…}}`: a person calls us, with `"verstat":"TN-Validation-Passed-A"` vouched for; answers with the call |
//! | `POST /sim/calls/{CallSid}/hang-up` | its person hangs up, or declines while it rings |
//! | `GET /sim/calls/{CallSid}/line.wav` | what went over the line of somebody who speaks: the person left, what they heard right |
//! | `GET /sim/wait` | answers when no call is live and no webhook on its way |

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::CallRecord;
use crate::courier::WebhookRecord;
use crate::exchange::Exchange;
use crate::faults::{Fault, FaultReport};
use crate::ids::CallSid;
use crate::pattern::Pattern;
use crate::person::Habit;

type Shared = State<Arc<Exchange>>;

/// All routes of the control API.
pub(crate) fn router(exchange: Arc<Exchange>) -> Router {
    Router::new()
        .route("/sim/calls", get(calls))
        .route("/sim/calls/{call}/hang-up", post(hang_up))
        .route("/sim/calls/{call}/line.wav", get(line))
        .route("/sim/dialed", get(dialed))
        .route("/sim/stats", get(stats))
        .route("/sim/heard/{call}", get(heard))
        .route("/sim/webhooks", get(webhooks))
        .route("/sim/people/{number}", put(person))
        .route("/sim/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/sim/inbound", post(inbound))
        .route("/sim/wait", get(wait))
        .with_state(exchange)
}

#[derive(Deserialize)]
struct To {
    to: Option<String>,
}

async fn calls(State(exchange): Shared, Query(To { to }): Query<To>) -> Json<Vec<CallRecord>> {
    // In a query a plus sign that was not encoded has become a space.
    let to = to.map(|to| to.replacen(' ', "+", 1));
    Json(exchange.register.all(to.as_deref()))
}

async fn hang_up(State(exchange): Shared, Path(call): Path<String>) -> StatusCode {
    if exchange.hang_up(&CallSid::from(call)) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn line(State(exchange): Shared, Path(call): Path<String>) -> Response {
    let Some(tape) = exchange.tapes.get(&CallSid::from(call)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match tape.wav() {
        Ok(wav) => ([(header::CONTENT_TYPE, "audio/wav")], wav).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn dialed(State(exchange): Shared) -> Json<Value> {
    Json(json!(exchange.register.dialed()))
}

async fn stats(State(exchange): Shared) -> Json<Value> {
    let (live, peak) = exchange.register.live();
    let made: u64 = exchange.register.dialed().values().sum();
    Json(json!({ "live": live, "most_at_once": peak, "dialed": made }))
}

async fn heard(State(exchange): Shared, Path(call): Path<String>) -> Response {
    match exchange.register.heard(&CallSid::from(call)) {
        Some(heard) => Json(heard).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn webhooks(State(exchange): Shared) -> Json<Vec<WebhookRecord>> {
    Json(exchange.courier.webhooks())
}

async fn person(State(exchange): Shared, Path(number): Path<String>, Json(habit): Json<Habit>) -> StatusCode {
    exchange.people.set(Pattern::from(number.as_str()), habit);
    StatusCode::NO_CONTENT
}

async fn faults(State(exchange): Shared) -> Json<Vec<FaultReport>> {
    Json(exchange.faults.all())
}

async fn add_fault(State(exchange): Shared, Json(fault): Json<Fault>) -> StatusCode {
    exchange.faults.add(fault);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(exchange): Shared) -> StatusCode {
    exchange.faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Inbound {
    from: String,
    to: String,
    #[serde(default)]
    habit: Option<Habit>,
    #[serde(default)]
    verstat: Option<String>,
}

async fn inbound(State(exchange): Shared, Json(asked): Json<Inbound>) -> Response {
    let Inbound { from, to, habit, verstat } = asked;
    match exchange.call_in(&from, &to, habit, verstat) {
        Ok(call) => (StatusCode::CREATED, Json(call)).into_response(),
        Err(error) => (StatusCode::NOT_FOUND, error.to_string()).into_response(),
    }
}

async fn wait(State(exchange): Shared) -> StatusCode {
    exchange.changes.until(|| exchange.changes.is_idle()).await;
    StatusCode::NO_CONTENT
}
