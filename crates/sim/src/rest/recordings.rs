//! Recordings: the resource with `.json`, the audio with `.wav` or without an extension.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::clock::rfc2822;
use crate::exchange::Exchange;
use crate::ids::{CallSid, RecordingSid};
use crate::recordings::{self, RecordingRecord};
use crate::rest::API_VERSION;
use crate::rest::error::RestError;

pub(super) async fn fetch(
    State(exchange): State<Arc<Exchange>>,
    Path((_, part)): Path<(String, String)>,
) -> Result<Response, RestError> {
    let (sid, kind) = part.split_once('.').unwrap_or((&part, "wav"));
    let missing = || RestError::not_found(sid);
    let recording = exchange.recordings.get(&RecordingSid::from(sid)).ok_or_else(missing)?;
    match kind {
        "json" => Ok(Json(resource(&exchange, &recording)).into_response()),
        "wav" if is_ready(&exchange, &recording) => {
            let bytes =
                recordings::wav(&recording.sid, recording.secs).map_err(|_| RestError::server_error())?;
            Ok(([(header::CONTENT_TYPE, "audio/x-wav")], bytes).into_response())
        }
        _ => Err(missing()),
    }
}

pub(super) async fn of_call(
    State(exchange): State<Arc<Exchange>>,
    Path((_, call)): Path<(String, String)>,
) -> Result<Json<Value>, RestError> {
    let call =
        exchange.register.get(&CallSid::from(call.as_str())).ok_or_else(|| RestError::not_found(&call))?;
    let all = exchange.recordings.of_call(&call.sid);
    let uri = format!("/{API_VERSION}/Accounts/{}/Calls/{}/Recordings.json", exchange.account_sid, call.sid);
    Ok(Json(json!({
        "recordings": all.iter().map(|recording| resource(&exchange, recording)).collect::<Vec<_>>(),
        "first_page_uri": format!("{uri}?PageSize=50&Page=0"),
        "next_page_uri": null,
        "previous_page_uri": null,
        "uri": format!("{uri}?PageSize=50&Page=0"),
        "page": 0,
        "page_size": 50,
        "start": 0,
        "end": all.len().saturating_sub(1),
    })))
}

pub(super) fn is_ready(exchange: &Exchange, recording: &RecordingRecord) -> bool {
    exchange.clock.now() >= recording.media_from
}

fn resource(exchange: &Exchange, recording: &RecordingRecord) -> Value {
    let account = &exchange.account_sid;
    let ready = is_ready(exchange, recording);
    let uri = format!("/{API_VERSION}/Accounts/{account}/Recordings/{}", recording.sid);
    json!({
        "sid": recording.sid,
        "account_sid": account,
        "api_version": API_VERSION,
        "call_sid": recording.call,
        "conference_sid": null,
        "channels": 1,
        "date_created": rfc2822(recording.started_at),
        "date_updated": rfc2822(recording.started_at),
        "start_time": rfc2822(recording.started_at),
        "duration": ready.then(|| recording.secs.to_string()),
        "encryption_details": null,
        "error_code": null,
        "media_url": format!("{}{uri}", exchange.base_url),
        "price": null,
        "price_unit": "USD",
        "source": recording.source.as_str(),
        "status": if ready { "completed" } else { "processing" },
        "track": "both",
        "uri": format!("{uri}.json"),
        "subresource_uris": {
            "add_on_results": format!("{uri}/AddOnResults.json"),
            "transcriptions": format!("{uri}/Transcriptions.json"),
        },
    })
}
