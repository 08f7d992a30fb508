//! Telnyx's API as far as calls that voice documents lead need it: `/v2/texml/…`, the application, the numbers.
//!
//! Requests are read into the parameters that Twilio's have, checked by the same code, and answered in Telnyx's shapes. A
//! call that waits is said to ring, and a listing names no parents; a sound's address holds for ten minutes and wants no
//! key.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{CallRecord, CallStatus, Direction};
use crate::clock::rfc2822;
use crate::connection::Wire;
use crate::exchange::Exchange;
use crate::faults::{FaultKind, Moment};
use crate::ids::RecordingSid;
use crate::led::{BadArgument, Wrong};
use crate::mouth::Application;
use crate::numbers::OwnNumber;
use crate::recordings;
use crate::rest::create::{self, Created};
use crate::rest::error::RestError;
use crate::rest::form::Params;
use crate::rest::recordings::is_ready;
use crate::rest::{call_control, calls, list, sid_of};

/// A refusal in Telnyx's words.
pub(super) enum Refusal {
    Rest(RestError),
    /// Of a call or command of Call Control.
    Argument(BadArgument),
}

impl From<RestError> for Refusal {
    fn from(error: RestError) -> Self {
        Self::Rest(error)
    }
}

impl From<BadArgument> for Refusal {
    fn from(bad: BadArgument) -> Self {
        Self::Argument(bad)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let RestError { http, code, message } = match self {
            Self::Rest(error) => error,
            Self::Argument(bad) => return refused(&bad),
        };
        let (http, code, title, field) = match code {
            20_003 => (http, "10009", "Authentication failed", None),
            20_404 => (http, "10005", "Resource not found", None),
            20_429 => (http, "10011", "Too many requests", None),
            20_500 | 20_503 => (http, "10007", "Unexpected error", None),
            21_201 => (StatusCode::UNPROCESSABLE_ENTITY, "10004", "Missing required parameter", Some("/To")),
            21_211 => (StatusCode::UNPROCESSABLE_ENTITY, "10002", "Invalid phone number", Some("/To")),
            21_210 | 21_212 | 21_213 => {
                (StatusCode::UNPROCESSABLE_ENTITY, "10002", "Invalid phone number", Some("/From"))
            }
            21_220 => (StatusCode::UNPROCESSABLE_ENTITY, "90018", "Call has already ended", None),
            NOT_ANSWERED => (StatusCode::UNPROCESSABLE_ENTITY, "90034", "Call not answered yet", None),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "10015", "Bad Request", None),
        };
        let mut error = json!({ "code": code, "title": title, "detail": message });
        if let Some(field) = field {
            error["source"] = json!({ "pointer": field });
        }
        (http, Json(json!({ "errors": [error] }))).into_response()
    }
}

/// What is wrong with an argument, and where it stands.
fn refused(bad: &BadArgument) -> Response {
    let (code, title, detail) = match bad.wrong {
        Wrong::Missing => ("10004", "Missing required parameter", format!("{} is missing", bad.name)),
        Wrong::Number => ("10002", "Invalid phone number", format!("{} is not in +E164 format", bad.name)),
        Wrong::Value(must) => ("10015", "Bad Request", format!("{} {must}", bad.name)),
        Wrong::NotSimulated => ("10015", "Bad Request", format!("{} is not simulated here", bad.name)),
    };
    let source = json!({ "pointer": format!("/{}", bad.name) });
    let error = json!({ "code": code, "title": title, "detail": detail, "source": source });
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "errors": [error] }))).into_response()
}

/// The code of a refusal that only Telnyx has.
pub(super) const NOT_ANSWERED: u32 = 90_034;

pub(super) type Answer<T> = Result<T, Refusal>;

pub(super) fn router(exchange: Arc<Exchange>) -> Router {
    let with_key = Router::new()
        .route("/v2/texml/calls/{connection}", post(call))
        .route("/v2/texml/Accounts/{account}/Calls", get(calls_page))
        .route("/v2/texml/Accounts/{account}/Calls.json", get(calls_page))
        .route("/v2/texml/Accounts/{account}/Calls/{call}", get(fetch).post(update))
        .route("/v2/texml/Accounts/{account}/Recordings/{recording}", get(recording))
        .route("/v2/texml_applications/{connection}", get(application).patch(change_application))
        .merge(call_control::routes())
        .route("/v2/phone_numbers", get(numbers))
        .route("/v2/phone_numbers/{number}", patch(change_number))
        .layer(middleware::from_fn_with_state(Arc::clone(&exchange), admit));
    Router::new()
        .merge(with_key)
        .route("/v2/media/{name}", get(media))
        .fallback(async || Refusal::Rest(RestError::not_found("resource")))
        .with_state(exchange)
}

/// Lets in who has the key and asks for that account and application.
async fn admit(State(exchange): State<Arc<Exchange>>, request: Request, next: Next) -> Response {
    if let Some(FaultKind::SlowAnswers { millis }) = exchange.faults.strike(Moment::Rest, "*", None) {
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
    }
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if header.and_then(|header| header.strip_prefix("Bearer ")) != Some(exchange.auth_token.as_str()) {
        return Refusal::Rest(RestError::UNAUTHORIZED).into_response();
    }
    let parts: Vec<&str> = request.uri().path().split('/').collect();
    let is_ours = match parts.as_slice() {
        ["", "v2", "texml", "Accounts", account, ..] => *account == exchange.account_sid,
        ["", "v2", "texml", "calls", connection, ..] | ["", "v2", "texml_applications", connection] => {
            *connection == exchange.connection
        }
        ["", "v2", "call_control_applications", application] | ["", "v2", "connections", application, ..] => {
            *application == exchange.call_control
        }
        _ => true,
    };
    if is_ours {
        next.run(request).await
    } else {
        Refusal::Rest(RestError::not_found("account")).into_response()
    }
}

async fn call(
    State(exchange): State<Arc<Exchange>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    body: Bytes,
) -> Answer<Response> {
    let params = params(&body)?;
    Ok(match create::place(&exchange, &wire, &params).await? {
        Created::Call(call) => {
            let answer =
                json!({ "call_sid": call.sid, "from": call.from, "to": call.to, "status": "queued" });
            Json(answer).into_response()
        }
        Created::Garbage => {
            ([(header::CONTENT_TYPE, "application/json")], "{\"call_sid\": \"v3:").into_response()
        }
        Created::Reset => StatusCode::NO_CONTENT.into_response(),
    })
}

/// The request's JSON as the parameters that Twilio's request would have.
fn params(body: &[u8]) -> Answer<Params> {
    let bad = || RestError::bad(20_001, "the body is not a JSON object");
    let json: Value = serde_json::from_slice(body).map_err(|_| bad())?;
    let mut pairs = Vec::new();
    for (name, value) in json.as_object().ok_or_else(bad)? {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match name.as_str() {
            "UrlMethod" => pairs.push(("Method".to_owned(), text)),
            "Texml" => pairs.push(("Twiml".to_owned(), text)),
            // One value, parted by blanks.
            "StatusCallbackEvent" => {
                pairs.extend(text.split_whitespace().map(|event| (name.clone(), event.to_owned())));
            }
            "Timeout" if !within(&text, 5..=120) => return Err(out_of_range(name)),
            "TimeLimit" if !within(&text, 30..=14_400) => return Err(out_of_range(name)),
            "MachineDetectionTimeout" if !within(&text, 500..=60_000) => return Err(out_of_range(name)),
            _ => pairs.push((name.clone(), text)),
        }
    }
    Ok(Params::of(pairs))
}

fn within(text: &str, range: std::ops::RangeInclusive<u32>) -> bool {
    text.parse().is_ok_and(|number| range.contains(&number))
}

fn out_of_range(name: &str) -> Refusal {
    RestError::bad(20_001, format!("{name} is out of its range")).into()
}

async fn fetch(
    State(exchange): State<Arc<Exchange>>,
    Path((_, call)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let call = calls::find(&exchange, &call)?;
    if exchange.faults.strike(Moment::Lookup, call.person(), None).is_some() {
        return Err(RestError::unavailable().into());
    }
    Ok(Json(resource(&exchange, &call)))
}

async fn update(
    State(exchange): State<Arc<Exchange>>,
    Path((_, call)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Json<Value>> {
    let call = calls::find(&exchange, &call)?;
    let told = calls::told_of_update(&exchange, &call)?;
    // A form by the specification; its own library sends JSON.
    let is_json = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let params = if is_json { params(&body)? } else { Params::parse(&String::from_utf8_lossy(&body)) };
    let wish = calls::wish(&params, call.status)?;
    calls::order(&exchange, &call, wish).await?;
    told.or_lost()?;
    let call = exchange.register.get(&call.sid).unwrap_or(call);
    Ok(Json(resource(&exchange, &call)))
}

async fn calls_page(State(exchange): State<Arc<Exchange>>, RawQuery(query): RawQuery) -> Answer<Json<Value>> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let (place, page) = list::found(&exchange, &params)?;
    let path = format!("/v2/texml/Accounts/{}/Calls.json", exchange.account_sid);
    let filters = params.query_without(&["Page", "PageSize", "PageToken"]);
    let next = page.calls.last().filter(|_| page.more).map(|call| {
        let token: String = form_urlencoded::byte_serialize(format!("PA{}", call.sid).as_bytes()).collect();
        format!("{path}?Page={}&PageSize={}&PageToken={token}&{filters}", place.page + 1, place.size)
    });
    Ok(Json(json!({
        "calls": page.calls.iter().map(|call| resource(&exchange, call)).collect::<Vec<_>>(),
        "page": place.page,
        "page_size": place.size,
        "start": place.page * place.size,
        "end": place.page * place.size + page.calls.len(),
        "first_page_uri": format!("{path}?Page=0&PageSize={}", place.size),
        "next_page_uri": next,
        "uri": path,
    })))
}

fn resource(exchange: &Exchange, call: &CallRecord) -> Value {
    let date = |at: Option<Timestamp>| at.map(rfc2822);
    let updated = call.ended_at.or(call.answered_at).or(call.started_at).unwrap_or(call.created_at);
    json!({
        "sid": call.sid,
        "account_sid": exchange.account_sid,
        "answered_by": call.answered_by.as_deref().map(verdict),
        "caller_name": null,
        "date_created": date(Some(call.created_at)),
        "date_updated": date(Some(updated)),
        "direction": if call.direction == Direction::Inbound { "inbound" } else { "outbound" },
        "duration": call.duration_secs.map(|secs| secs.to_string()),
        "end_time": date(call.ended_at),
        "from": call.from,
        "from_formatted": call.from,
        "price": calls::price(call).filter(|_| calls::is_priced(call, exchange.clock.now())),
        "price_unit": "USD",
        "start_time": date(call.started_at),
        // Telnyx has no word for a call that waits.
        "status": if call.status == CallStatus::Queued { "ringing" } else { call.status.as_str() },
        "to": call.to,
        "to_formatted": call.to,
        "uri": format!("/v2/texml/Accounts/{}/Calls/{}", exchange.account_sid, call.sid),
    })
}

/// The resource knows three verdicts; the callback more.
fn verdict(word: &str) -> &'static str {
    match word {
        "human" => "human",
        word if word.starts_with("machine") => "machine",
        _ => "not_sure",
    }
}

async fn recording(
    State(exchange): State<Arc<Exchange>>,
    Path((_, part)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let missing = || RestError::not_found(&part);
    let recording = exchange.recordings.get(&RecordingSid::from(sid_of(&part))).ok_or_else(missing)?;
    let ready = is_ready(&exchange, &recording);
    Ok(Json(json!({
        "sid": recording.sid,
        "account_sid": exchange.account_sid,
        "call_sid": recording.call,
        "conference_sid": null,
        "channels": 1,
        "date_created": recording.started_at.to_string(),
        "date_updated": recording.started_at.to_string(),
        "start_time": recording.started_at.to_string(),
        "duration": ready.then(|| recording.secs.to_string()),
        "error_code": null,
        "media_url": ready.then(|| exchange.media_url(&recording.sid)),
        "source": recording.source.as_str(),
        "status": if ready { "completed" } else { "in-progress" },
        "subresources_uris": null,
        "uri": format!("/v2/texml/Accounts/{}/Recordings/{}.json", exchange.account_sid, recording.sid),
    })))
}

#[derive(Deserialize)]
struct Until {
    until: i64,
}

async fn media(
    State(exchange): State<Arc<Exchange>>,
    Path(name): Path<String>,
    Query(Until { until }): Query<Until>,
) -> Answer<Response> {
    let missing = || RestError::not_found(&name);
    if exchange.clock.now().as_second() > until {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let sid = name.strip_suffix(".wav").ok_or_else(missing)?;
    let recording = exchange.recordings.get(&RecordingSid::from(sid)).ok_or_else(missing)?;
    if !is_ready(&exchange, &recording) {
        return Err(missing().into());
    }
    let bytes = recordings::wav(&recording.sid, recording.secs).map_err(|_| RestError::server_error())?;
    Ok(([(header::CONTENT_TYPE, "audio/x-wav")], bytes).into_response())
}

/// All numbers lead to the one application, which has the addresses.
async fn application(State(exchange): State<Arc<Exchange>>) -> Json<Value> {
    let own = exchange.numbers.all().into_iter().next().unwrap_or_default();
    Json(json!({ "data": {
        "id": exchange.connection,
        "record_type": "texml_application",
        "friendly_name": "Simulated application",
        "active": true,
        "voice_url": own.voice_url,
        "voice_fallback_url": own.voice_fallback_url,
        "voice_method": own.voice_method.to_ascii_lowercase(),
        "status_callback": own.status_callback,
        "status_callback_method": own.status_callback_method.to_ascii_lowercase(),
    }}))
}

async fn change_application(
    State(exchange): State<Arc<Exchange>>,
    Json(change): Json<Value>,
) -> Answer<Json<Value>> {
    for needed in ["friendly_name", "voice_url"] {
        if !change[needed].is_string() {
            return Err(RestError::bad(20_001, format!("{needed} is missing")).into());
        }
    }
    for own in exchange.numbers.all() {
        exchange.numbers.update(&own.sid, |own| {
            for (name, field) in [
                ("voice_url", &mut own.voice_url),
                ("voice_fallback_url", &mut own.voice_fallback_url),
                ("status_callback", &mut own.status_callback),
            ] {
                if let Some(value) = change[name].as_str() {
                    value.clone_into(field);
                }
            }
        });
    }
    Ok(application(State(exchange)).await)
}

async fn numbers(State(exchange): State<Arc<Exchange>>) -> Json<Value> {
    let all = exchange.numbers.all();
    let data: Vec<Value> = all.iter().map(|own| number(&exchange, own)).collect();
    let meta =
        json!({ "total_pages": 1, "total_results": data.len(), "page_number": 1, "page_size": data.len() });
    Json(json!({ "data": data, "meta": meta }))
}

async fn change_number(State(exchange): State<Arc<Exchange>>, Path(id): Path<String>) -> Answer<Json<Value>> {
    let own = exchange.numbers.by_sid(&id).ok_or_else(|| RestError::not_found(&id))?;
    Ok(Json(json!({ "data": number(&exchange, &own) })))
}

fn number(exchange: &Exchange, own: &OwnNumber) -> Value {
    json!({
        "id": own.sid,
        "record_type": "phone_number",
        "phone_number": own.number,
        "status": "active",
        "connection_id": match exchange.application {
            Application::Texml => &exchange.connection,
            Application::CallControl => &exchange.call_control,
        },
        "connection_name": "Simulated application",
    })
}
