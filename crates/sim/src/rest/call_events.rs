//! The events that are kept of calls that commands lead: `GET /v2/call_events`, by leg or between two numbers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::CallRecord;
use crate::exchange::Exchange;
use crate::faults::Moment;
use crate::led::{iso, leg_id, session_id};
use crate::mouth::cause;
use crate::rest::error::RestError;
use crate::rest::telnyx::Answer;

/// `filter[leg_id]`, `filter[from]`, `filter[to]`, `filter[occurred_at][gte]`.
pub(super) async fn events(
    State(exchange): State<Arc<Exchange>>,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer<Json<Value>> {
    if exchange.faults.strike(Moment::Lookup, "*", None).is_some() {
        return Err(RestError::unavailable().into());
    }
    let wanted = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let after = wanted("filter[occurred_at][gte]").and_then(|at| at.parse::<Timestamp>().ok());
    let (leg, from, to) = (wanted("filter[leg_id]"), wanted("filter[from]"), wanted("filter[to]"));
    let mut calls = exchange.register.all(None);
    if from.is_some() && exchange.faults.strike(Moment::List, to.unwrap_or("*"), None).is_some() {
        calls.clear();
    }
    let is_wanted = |call: &&CallRecord| {
        exchange.legs.leads(&call.sid)
            && leg.is_none_or(|leg| leg_id(&exchange, call) == leg)
            && from.is_none_or(|from| call.from == from)
            && to.is_none_or(|to| call.to == to)
    };
    let data: Vec<Value> = calls
        .iter()
        .filter(is_wanted)
        .flat_map(|call| of(&exchange, call))
        .filter(|(at, _)| after.is_none_or(|after| *at >= after))
        .map(|(_, event)| event)
        .collect();
    let meta =
        json!({ "total_pages": 1, "total_results": data.len(), "page_number": 1, "page_size": data.len() });
    Ok(Json(json!({ "data": data, "meta": meta })))
}

/// Those that say where a call stands.
fn of(exchange: &Exchange, call: &CallRecord) -> Vec<(Timestamp, Value)> {
    let code = call.sip_code.map(|code| code.to_string());
    let (why, source) = cause(call.status.as_str(), code.as_deref());
    let told = [
        ("call.initiated", Some(call.created_at), json!({})),
        ("call.answered", call.answered_at, json!({})),
        (
            "call.hangup",
            call.ended_at,
            json!({ "hangup_cause": why, "hangup_source": source, "sip_hangup_cause": code }),
        ),
    ];
    let known = told.into_iter().filter_map(|(name, at, more)| Some((name, at?, more)));
    known
        .map(|(name, at, mut payload)| {
            payload["call_control_id"] = json!(call.sid);
            payload["client_state"] = json!(exchange.legs.state(&call.sid));
            payload["from"] = json!(call.from);
            payload["to"] = json!(call.to);
            let event = json!({
                "record_type": "call_event",
                "type": "webhook",
                "name": name,
                "call_leg_id": leg_id(exchange, call),
                "call_session_id": session_id(exchange, call),
                "event_timestamp": iso(at),
                "metadata": { "event_type": name, "payload": payload },
            });
            (at, event)
        })
        .collect()
}
