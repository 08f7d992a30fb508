//! The account's numbers: listed, fetched and pointed somewhere else.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::numbers::OwnNumber;
use crate::rest::error::RestError;
use crate::rest::form::Params;
use crate::rest::{API_VERSION, sid_of};
use crate::target::{Method, Target};

pub(super) async fn list(State(exchange): State<Arc<Exchange>>, RawQuery(query): RawQuery) -> Json<Value> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let wanted = params.get("PhoneNumber");
    let numbers: Vec<Value> = exchange
        .numbers
        .all()
        .iter()
        .filter(|own| wanted.is_none_or(|wanted| own.number.contains(wanted)))
        .map(|own| resource(&exchange, own))
        .collect();
    let uri = format!(
        "/{API_VERSION}/Accounts/{}/IncomingPhoneNumbers.json?PageSize=1000&Page=0",
        exchange.account_sid
    );
    Json(json!({
        "end": numbers.len().saturating_sub(1),
        "incoming_phone_numbers": numbers,
        "first_page_uri": uri,
        "next_page_uri": null,
        "previous_page_uri": null,
        "uri": uri,
        "page": 0,
        "page_size": 1_000,
        "start": 0,
    }))
}

pub(super) async fn fetch(
    State(exchange): State<Arc<Exchange>>,
    Path((_, part)): Path<(String, String)>,
) -> Result<Json<Value>, RestError> {
    let own = exchange.numbers.by_sid(sid_of(&part)).ok_or_else(|| RestError::not_found(&part))?;
    Ok(Json(resource(&exchange, &own)))
}

pub(super) async fn update(
    State(exchange): State<Arc<Exchange>>,
    Path((_, part)): Path<(String, String)>,
    body: String,
) -> Result<Json<Value>, RestError> {
    let params = Params::parse(&body);
    for name in ["VoiceUrl", "VoiceFallbackUrl", "StatusCallback"] {
        if params.get(name).is_some_and(|url| Target::parse(url, Method::Post).is_none()) {
            return Err(RestError::bad(21_502, format!("{name} is not valid")));
        }
    }
    let own = exchange.numbers.update(sid_of(&part), |own| change(own, &params));
    let own = own.ok_or_else(|| RestError::not_found(&part))?;
    Ok(Json(resource(&exchange, &own)))
}

fn change(own: &mut OwnNumber, params: &Params) {
    for (name, field) in [
        ("FriendlyName", &mut own.friendly_name),
        ("VoiceUrl", &mut own.voice_url),
        ("VoiceMethod", &mut own.voice_method),
        ("VoiceFallbackUrl", &mut own.voice_fallback_url),
        ("VoiceFallbackMethod", &mut own.voice_fallback_method),
        ("StatusCallback", &mut own.status_callback),
        ("StatusCallbackMethod", &mut own.status_callback_method),
    ] {
        if let Some(value) = params.get(name) {
            value.clone_into(field);
        }
    }
}

fn resource(exchange: &Exchange, own: &OwnNumber) -> Value {
    let account = &exchange.account_sid;
    json!({
        "sid": own.sid,
        "account_sid": account,
        "address_requirements": "none",
        "address_sid": null,
        "api_version": API_VERSION,
        "beta": false,
        "bundle_sid": null,
        "capabilities": { "voice": true, "sms": false, "mms": false, "fax": false },
        "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
        "date_updated": "Thu, 01 Jan 2026 00:00:00 +0000",
        "emergency_address_sid": null,
        "emergency_address_status": "unregistered",
        "emergency_status": "Inactive",
        "friendly_name": own.friendly_name,
        "identity_sid": null,
        "origin": "twilio",
        "phone_number": own.number,
        "sms_application_sid": "",
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": "POST",
        "sms_url": "",
        "status": "in-use",
        "status_callback": own.status_callback,
        "status_callback_method": own.status_callback_method,
        "subresource_uris": {},
        "trunk_sid": null,
        "uri": format!("/{API_VERSION}/Accounts/{account}/IncomingPhoneNumbers/{}.json", own.sid),
        "voice_application_sid": null,
        "voice_caller_id_lookup": false,
        "voice_fallback_method": own.voice_fallback_method,
        "voice_fallback_url": own.voice_fallback_url,
        "voice_method": own.voice_method,
        "voice_receive_mode": "voice",
        "voice_url": own.voice_url,
    })
}
