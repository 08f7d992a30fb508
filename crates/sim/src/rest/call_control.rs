//! Telnyx's Call Control: `POST /v2/calls`, commands to live calls, what is known of one, its application and its recordings.
//!
//! Bodies are read by `led::command`; what a call does with a command is its own affair.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::call::{CallRecord, CallStatus, Direction};
use crate::connection::Wire;
use crate::exchange::Exchange;
use crate::faults::Moment;
use crate::ids::{CallSid, RecordingSid};
use crate::led::{self, BadArgument, Command, Message, Wrong, iso, leg_id, session_id};
use crate::orders::Wish;
use crate::recordings::RecordingRecord;
use crate::rest::calls;
use crate::rest::create::{self, Created};
use crate::rest::error::RestError;
use crate::rest::recordings::is_ready;
use crate::rest::telnyx::{Answer, NOT_ANSWERED};

/// So long after its end a call can be asked for.
const KNOWN: SignedDuration = SignedDuration::from_mins(10);

type Shared = State<Arc<Exchange>>;

pub(super) fn routes() -> Router<Arc<Exchange>> {
    Router::new()
        .route("/v2/calls", post(dial))
        .route("/v2/calls/{call}", get(status))
        .route("/v2/calls/{call}/actions/{action}", post(command))
        .route("/v2/connections/{connection}/active_calls", get(active_calls))
        .route("/v2/call_control_applications/{application}", get(application).patch(change_application))
        .route("/v2/call_events", get(call_events))
        .route("/v2/recordings", get(recordings))
        .route("/v2/recordings/{recording}", get(recording))
}

fn body(bytes: &[u8]) -> Answer<Value> {
    let bad = || RestError::bad(20_001, "the body is not a JSON object");
    let json: Value = serde_json::from_slice(bytes).map_err(|_| bad())?;
    if json.is_object() { Ok(json) } else { Err(bad().into()) }
}

async fn dial(
    State(exchange): Shared,
    ConnectInfo(wire): ConnectInfo<Wire>,
    bytes: Bytes,
) -> Answer<Response> {
    let json = body(&bytes)?;
    let borne = led::borne(&json)?;
    let dial = led::dial(&json)?;
    let refuse = |name: &str, wrong| BadArgument { name: name.to_owned(), wrong };
    match json["connection_id"].as_str() {
        None => return Err(refuse("connection_id", Wrong::Missing).into()),
        Some(id) if id == exchange.call_control => {}
        Some(_) => {
            let must = "is no active Call Control application of this account";
            return Err(refuse("connection_id", Wrong::Value(must)).into());
        }
    }
    if dial.from.starts_with('+') && exchange.numbers.by_number(&dial.from).is_none() {
        return Err(refuse("from", Wrong::Number).into());
    }
    for linked in dial.linked_to.iter().chain(&dial.joins) {
        if exchange.register.get(linked).is_none_or(|call| call.status.is_final()) {
            return Err(refuse("link_to", Wrong::Value("is no live call")).into());
        }
    }
    let ours = exchange.numbers.by_number(&dial.from);
    if dial.webhook.is_none() && ours.is_none_or(|own| own.voice_url.is_empty()) {
        return Err(refuse("webhook_url", Wrong::Missing).into());
    }
    let to = dial.to.clone();
    let placed = create::place_as_faults_allow(&exchange, &wire, &to, move |exchange| {
        let now = exchange.clock.now();
        let sid = exchange.legs.dial_once(borne.command_id.as_deref(), now, || {
            let call = exchange.call_by_command(dial, borne.client_state);
            call.map_or_else(|| CallSid::from(""), |call| call.sid)
        });
        exchange.register.get(&sid)
    });
    Ok(match placed.await? {
        Created::Call(call) => {
            // Dialing goes on beside this answer.
            let mut data = of(&exchange, &call);
            data["is_alive"] = false.into();
            Json(json!({ "data": data })).into_response()
        }
        Created::Garbage => {
            let text = "{\"data\": {\"call_control_id\": \"v3:";
            ([(header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        Created::Reset => axum::http::StatusCode::NO_CONTENT.into_response(),
    })
}

/// What is known of a call.
fn of(exchange: &Exchange, call: &CallRecord) -> Value {
    let begun = call.started_at.unwrap_or(call.created_at);
    let until = call.ended_at.unwrap_or_else(|| exchange.clock.now());
    let mut data = json!({
        "record_type": "call",
        "call_control_id": call.sid,
        "call_leg_id": leg_id(exchange, call),
        "call_session_id": session_id(exchange, call),
        "client_state": exchange.legs.state(&call.sid),
        "is_alive": !call.status.is_final(),
        "call_duration": until.duration_since(begun).as_secs().max(0),
        "start_time": iso(begun),
    });
    if let Some(ended) = call.ended_at {
        data["end_time"] = iso(ended).into();
    }
    data
}

/// A call that commands lead, and that is not forgotten.
fn find(exchange: &Exchange, id: &str) -> Result<CallRecord, RestError> {
    let call = calls::find(exchange, id)?;
    let is_known = |ended: Timestamp| exchange.clock.now().duration_since(ended) <= KNOWN;
    if exchange.legs.leads(&call.sid) && call.ended_at.is_none_or(is_known) {
        Ok(call)
    } else {
        Err(RestError::not_found(id))
    }
}

async fn status(State(exchange): Shared, Path(call): Path<String>) -> Answer<Json<Value>> {
    let call = find(&exchange, &call)?;
    if exchange.faults.strike(Moment::Lookup, call.person(), None).is_some() {
        return Err(RestError::unavailable().into());
    }
    Ok(Json(json!({ "data": of(&exchange, &call) })))
}

async fn command(
    State(exchange): Shared,
    Path((call, action)): Path<(String, String)>,
    bytes: Bytes,
) -> Answer<Json<Value>> {
    let call = find(&exchange, &call)?;
    let told = calls::told_of_update(&exchange, &call)?;
    let json = if bytes.is_empty() { json!({}) } else { body(&bytes)? };
    let borne = led::borne(&json)?;
    let command = led::command(&action, &json).ok_or_else(|| RestError::not_found(&action))??;
    if call.status.is_final() {
        return Err(ended().into());
    }
    may(&exchange, &call, &command)?;
    if matches!(command, Command::Transcribe(_))
        && exchange.faults.strike(Moment::Transcription, call.person(), None).is_some()
    {
        return Err(RestError::bad(20_001, "transcription is not enabled for this account").into());
    }
    if exchange.legs.is_new(&call.sid, borne.command_id.as_deref(), exchange.clock.now()) {
        let wish = Wish::Led(Box::new(Message::Command { command, borne }));
        calls::order(&exchange, &call, wish).await?;
    }
    told.or_lost()?;
    Ok(Json(json!({ "data": { "result": "ok" } })))
}

fn ended() -> RestError {
    RestError::bad(21_220, "Call has already ended")
}

/// Whether a call may be told this where it stands.
fn may(exchange: &Exchange, call: &CallRecord, command: &Command) -> Answer<()> {
    let not_now = |what: &str| RestError::bad(20_001, what);
    let is_answered = call.status == CallStatus::InProgress;
    match command {
        Command::HangUp => {}
        Command::Answer(_) | Command::Reject(_) if call.direction != Direction::Inbound => {
            return Err(not_now("only an incoming call can be answered or rejected").into());
        }
        Command::Answer(_) | Command::Reject(_) if is_answered => {
            return Err(not_now("the call has already been answered").into());
        }
        Command::Answer(_) | Command::Reject(_) => {}
        _ if !is_answered => {
            return Err(RestError::bad(NOT_ANSWERED, "the call has not been answered yet").into());
        }
        Command::Bridge { with, .. } => {
            let other = exchange.register.get(with).filter(|_| exchange.legs.leads(with));
            let other = other.ok_or_else(|| RestError::not_found(with.as_str()))?;
            if other.status.is_final() {
                return Err(ended().into());
            }
            if other.status != CallStatus::InProgress || *with == call.sid {
                return Err(RestError::bad(NOT_ANSWERED, "the other call has not been answered yet").into());
            }
        }
        _ => {}
    }
    Ok(())
}

async fn active_calls(State(exchange): Shared, Path(_): Path<String>) -> Answer<Json<Value>> {
    if exchange.faults.strike(Moment::Lookup, "*", None).is_some() {
        return Err(RestError::unavailable().into());
    }
    let mut calls = Vec::new();
    if exchange.faults.strike(Moment::List, "*", None).is_none() {
        calls = exchange.register.live_now(exchange.clock.now());
        calls.retain(|call| exchange.legs.leads(&call.sid));
    }
    let data: Vec<Value> = calls
        .iter()
        .map(|call| {
            let mut known = of(&exchange, call);
            if let Some(known) = known.as_object_mut() {
                known.retain(|name, _| !["is_alive", "start_time", "end_time"].contains(&name.as_str()));
                known.entry("client_state").and_modify(|state| {
                    if state.is_null() {
                        *state = "".into();
                    }
                });
            }
            known
        })
        .collect();
    let meta = json!({ "total_items": data.len(), "cursors": { "before": null, "after": null }, "next": null, "previous": null });
    Ok(Json(json!({ "data": data, "meta": meta })))
}

/// The filters of a listing, and its page.
struct Filters(Vec<(String, String)>);

impl Filters {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// True unless the filter is given and names something else.
    fn fits(&self, name: &str, value: &str) -> bool {
        self.get(&format!("filter[{name}]")).is_none_or(|wanted| wanted == value)
    }

    fn page(&self, all: Vec<Value>, usual_size: usize) -> Value {
        let number = |name: &str| self.get(name).and_then(|text| text.parse::<usize>().ok());
        let (page, size) =
            (number("page[number]").unwrap_or(1).max(1), number("page[size]").unwrap_or(usual_size).max(1));
        let meta = json!({
            "total_pages": all.len().div_ceil(size).max(1),
            "total_results": all.len(),
            "page_number": page,
            "page_size": size,
        });
        let data: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
        json!({ "data": data, "meta": meta })
    }
}

/// What was told, of one leg or of all, whether or not it arrived.
async fn call_events(
    State(exchange): Shared,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer<Json<Value>> {
    let filters = Filters(query);
    let number = filters.get("filter[to]").unwrap_or("*");
    if exchange.faults.strike(Moment::Lookup, number, None).is_some() {
        return Err(RestError::unavailable().into());
    }
    if exchange.faults.strike(Moment::List, number, None).is_some() {
        return Ok(Json(filters.page(Vec::new(), 20)));
    }
    let now = exchange.clock.now();
    let all = exchange.legs.kept(|sid, event| {
        let call = exchange.register.listed(sid, now)?;
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let of_call = |name: &str| event["payload"][name].as_str().unwrap_or_default().to_owned();
        let (leg, session) = (of_call("call_leg_id"), of_call("call_session_id"));
        let fits = filters.fits("leg_id", &leg)
            && filters.fits("application_session_id", &session)
            && filters.fits("connection_id", &exchange.call_control)
            && filters.fits("product", "call_control")
            && filters.fits("type", "webhook")
            && filters.fits("name", text("event_type"))
            && filters.fits("from", &call.from)
            && filters.fits("to", &call.to)
            && occurred_within(&filters, text("occurred_at"));
        fits.then(|| {
            json!({
                "record_type": "call_event",
                "type": "webhook",
                "name": event["event_type"],
                "call_leg_id": leg,
                "call_session_id": session,
                "event_timestamp": event["occurred_at"],
                "metadata": { "raw_event": event },
            })
        })
    });
    Ok(Json(filters.page(all, 20)))
}

fn occurred_within(filters: &Filters, at: &str) -> bool {
    let Ok(at) = at.parse::<Timestamp>() else { return false };
    let bound = |name: &str| filters.get(&format!("filter[occurred_at][{name}]"))?.parse::<Timestamp>().ok();
    bound("gte").is_none_or(|from| at >= from)
        && bound("gt").is_none_or(|from| at > from)
        && bound("lte").is_none_or(|to| at <= to)
        && bound("lt").is_none_or(|to| at < to)
        && bound("eq").is_none_or(|same| at == same)
}

/// All numbers lead to the one application, whose addresses are theirs.
async fn application(State(exchange): Shared, Path(_): Path<String>) -> Json<Value> {
    let own = exchange.numbers.all().into_iter().next().unwrap_or_default();
    let failover = Some(own.voice_fallback_url).filter(|url| !url.is_empty());
    Json(json!({ "data": {
        "id": exchange.call_control,
        "record_type": "call_control_application",
        "application_name": "Simulated application",
        "active": true,
        "webhook_event_url": own.voice_url,
        "webhook_event_failover_url": failover,
        "webhook_api_version": "2",
    }}))
}

async fn change_application(
    State(exchange): Shared,
    Path(id): Path<String>,
    Json(change): Json<Map<String, Value>>,
) -> Answer<Json<Value>> {
    for needed in ["application_name", "webhook_event_url"] {
        if !change.get(needed).is_some_and(Value::is_string) {
            return Err(BadArgument { name: needed.to_owned(), wrong: Wrong::Missing }.into());
        }
    }
    for own in exchange.numbers.all() {
        exchange.numbers.update(&own.sid, |own| {
            for (name, field) in [
                ("webhook_event_url", &mut own.voice_url),
                ("webhook_event_failover_url", &mut own.voice_fallback_url),
            ] {
                if let Some(value) = change.get(name) {
                    value.as_str().unwrap_or_default().clone_into(field);
                }
            }
        });
    }
    Ok(application(State(exchange), Path(id)).await)
}

/// `filter[call_leg_id]`, `filter[call_control_id]` and `filter[call_session_id]`; what cannot be had yet is not there.
async fn recordings(
    State(exchange): Shared,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer<Json<Value>> {
    let filters = Filters(query);
    let names = ["call_leg_id", "call_control_id", "call_session_id", "connection_id", "from", "to"];
    let fits = |known: &Value| {
        names.iter().all(|name| filters.fits(name, known[*name].as_str().unwrap_or_default()))
    };
    let mut data = Vec::new();
    for call in exchange.register.all(None).iter().filter(|call| exchange.legs.leads(&call.sid)) {
        for recording in exchange.recordings.of_call(&call.sid) {
            let known = recorded(&exchange, call, &recording);
            if is_ready(&exchange, &recording) && fits(&known) {
                data.push(known);
            }
        }
    }
    Ok(Json(filters.page(data, 20)))
}

async fn recording(State(exchange): Shared, Path(id): Path<String>) -> Answer<Json<Value>> {
    let missing = || RestError::not_found(&id);
    let recording = exchange.recordings.get(&RecordingSid::from(id.as_str())).ok_or_else(missing)?;
    let call = exchange.register.get(&recording.call).ok_or_else(missing)?;
    if !exchange.legs.leads(&call.sid) || !is_ready(&exchange, &recording) {
        return Err(missing().into());
    }
    Ok(Json(json!({ "data": recorded(&exchange, &call, &recording) })))
}

fn recorded(exchange: &Exchange, call: &CallRecord, recording: &RecordingRecord) -> Value {
    let length = SignedDuration::from_secs(recording.secs.into());
    let ended = recording.started_at.saturating_add(length).unwrap_or(recording.started_at);
    json!({
        "id": recording.sid,
        "record_type": "recording",
        "call_control_id": call.sid,
        "call_leg_id": leg_id(exchange, call),
        "call_session_id": session_id(exchange, call),
        "connection_id": exchange.call_control,
        "channels": "single",
        "source": "call",
        "status": "completed",
        "initiated_by": recording.source.as_str(),
        "duration_millis": u64::from(recording.secs) * 1_000,
        "recording_started_at": iso(recording.started_at),
        "recording_ended_at": iso(ended),
        "created_at": iso(ended),
        "updated_at": iso(ended),
        "from": call.from,
        "to": call.to,
        "download_urls": { "wav": exchange.media_url(&recording.sid) },
    })
}
