//! Calls between users of an app, by the users' own tokens: call, accept, reject, end. A call that is not theirs is none.

pub(crate) mod spec;

use super::call_json::CallJson;
use super::fields::Fields;
use super::orders::{hash, idempotency_key};
use super::{AsUser, CallRef, Named, json, read};
use crate::problem::Problem;
use crate::signaling::resuming;
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use trunkline_core::call::{Call, CallType, Idempotency};
use trunkline_core::id::{AppUserId, ConversationId, DeviceId};
use trunkline_engine::{AppDesk, AppOrder};

/// A call, for a device that takes part in it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AppCall")]
struct TakingPart<'a> {
    #[serde(flatten)]
    call: CallJson<'a>,
    /// What this side shows to come back to the call after its socket was lost: keep it, and show it to nobody.
    resume_token: String,
}

/// Servers that help two browsers to reach each other, as `RTCPeerConnection` takes them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IceServers")]
struct IceServersJson<'a> {
    ice_servers: Vec<IceServerJson<'a>>,
    /// When the credentials run out; null if there are none. Ask again before.
    expires_at: Option<Timestamp>,
    ttl_seconds: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IceServer")]
struct IceServerJson<'a> {
    urls: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
}

/// `POST /api/calls/initiate`
pub(crate) async fn initiate(
    State(web): State<Arc<Web>>,
    AsUser(desk): AsUser,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let body = read(&web, request).await?;
    let mut order = order(&body)?;
    order.idempotency = key.map(|key| Idempotency { key, body: hash(&body) });
    let placed = desk.initiate(order).await?;
    let call = CallJson::from(&placed);
    let body = TakingPart { call, resume_token: token(&web, &desk, &placed.call) };
    let mut response = json(StatusCode::CREATED, &body);
    if let Ok(location) = HeaderValue::from_str(&format!("/api/calls/{}", placed.call.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// `POST /api/calls/{id}/accept`
pub(crate) async fn accept(
    State(web): State<Arc<Web>>,
    AsUser(desk): AsUser,
    Named(id): Named<CallRef>,
    request: Request,
) -> Result<Response, Problem> {
    let device = device(&read(&web, request).await?)?;
    let call = desk.accept(id.as_str(), device).await?;
    let body = TakingPart { call: CallJson::of(&call), resume_token: token(&web, &desk, &call) };
    Ok(json(StatusCode::OK, &body))
}

/// `POST /api/calls/{id}/reject`
pub(crate) async fn reject(
    State(web): State<Arc<Web>>,
    AsUser(desk): AsUser,
    Named(id): Named<CallRef>,
    request: Request,
) -> Result<Response, Problem> {
    let device = device(&read(&web, request).await?)?;
    let call = desk.reject(id.as_str(), device).await?;
    Ok(json(StatusCode::OK, &CallJson::of(&call)))
}

/// `GET /api/ice-servers`
pub(crate) async fn ice_servers(State(web): State<Arc<Web>>, asker: super::Asker) -> Response {
    let (set, now) = (&web.app_calls, web.engine.now());
    let mut servers = Vec::new();
    if !set.stun.is_empty() {
        servers.push(IceServerJson { urls: &set.stun, username: None, credential: None });
    }
    let credentials = set.turn.as_ref().and_then(|turn| turn.credentials(asker.user(), now));
    if let (Some(turn), Some(made)) = (&set.turn, &credentials) {
        servers.push(IceServerJson {
            urls: &turn.urls,
            username: Some(made.username.clone()),
            credential: Some(made.credential.clone()),
        });
    }
    let expires = credentials.map(|made| made.expires);
    let left = expires.map(|expires| expires.duration_since(now).as_secs());
    json(StatusCode::OK, &IceServersJson { ice_servers: servers, expires_at: expires, ttl_seconds: left })
}

fn token(web: &Web, desk: &AppDesk, call: &Call) -> String {
    resuming::token(&web.access, desk.user(), call.id)
}

fn order(body: &[u8]) -> Result<AppOrder, Problem> {
    let mut fields = Fields::read(body)?;
    let receiver =
        name(&mut fields, "receiver_id")?.ok_or_else(|| Problem::field("receiver_id", "is missing"))?;
    let receiver = AppUserId::parse(&receiver).ok_or_else(|| {
        Problem::field(
            "receiver_id",
            "give 1 to 128 characters, without control characters and space around it",
        )
    })?;
    let call_type = match fields.text(&["call_type"])?.as_deref() {
        None | Some("audio") => CallType::Voice,
        Some(word) => {
            CallType::parse(word).ok_or_else(|| Problem::field("call_type", "give voice or video"))?
        }
    };
    let conversation = name(&mut fields, "conversation_id")?.map(|word| {
        ConversationId::parse(&word).ok_or_else(|| {
            Problem::field("conversation_id", "give 1 to 128 characters, without control characters")
        })
    });
    let order = AppOrder {
        receiver,
        call_type,
        conversation: conversation.transpose()?,
        device: device_of(&mut fields)?,
        ring_timeout_secs: fields.whole("ring_timeout_secs")?,
        idempotency: None,
    };
    fields.none_left()?;
    Ok(order)
}

/// A name that some apps have as a number.
fn name(fields: &mut Fields, field: &'static str) -> Result<Option<String>, Problem> {
    match fields.take(&[field]) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
        Some(_) => Err(Problem::field(field, "must be a string")),
    }
}

/// The device that speaks, from a body that may be empty.
pub(super) fn device(body: &[u8]) -> Result<Option<DeviceId>, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let mut fields = Fields::read(body)?;
    let device = device_of(&mut fields)?;
    fields.none_left()?;
    Ok(device)
}

fn device_of(fields: &mut Fields) -> Result<Option<DeviceId>, Problem> {
    let wrong = || Problem::field("device_id", "give 1 to 64 visible ASCII characters");
    fields.text(&["device_id"])?.map(|word| DeviceId::parse(&word).ok_or_else(wrong)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_a_user_and_nothing_that_means_nothing() {
        let read = |body: &str| order(body.as_bytes());
        let full = read(
            r#"{"receiver_id": "bob", "call_type": "video", "conversation_id": 7, "device_id": "phone", "ring_timeout_secs": 20}"#,
        )
        .unwrap();
        assert_eq!((full.receiver.as_str(), full.call_type), ("bob", CallType::Video));
        assert_eq!(full.conversation, ConversationId::parse("7"));
        assert_eq!((full.device, full.ring_timeout_secs), (DeviceId::parse("phone"), Some(20)));
        assert_eq!(read(r#"{"receiver_id": 12}"#).unwrap().receiver.as_str(), "12");
        for bad in [
            "",
            "{}",
            r#"{"receiver_id": ""}"#,
            r#"{"receiver_id": -1}"#,
            r#"{"receiver_id": " bob"}"#,
            r#"{"receiver_id": "bob", "call_type": "fax"}"#,
            r#"{"receiver_id": "bob", "device_id": "a b"}"#,
            r#"{"receiver_id": "bob", "reciever": 1}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(device(b"").unwrap(), None);
        assert_eq!(device(br#"{"device_id": "x"}"#).unwrap(), DeviceId::parse("x"));
        assert!(device(b"{").is_err());
    }
}
