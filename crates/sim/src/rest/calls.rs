//! One call: its resource, and ending or redirecting it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::call::{CallRecord, CallStatus};
use crate::clock::rfc2822;
use crate::exchange::Exchange;
use crate::faults::{FaultKind, Moment};
use crate::ids::CallSid;
use crate::orders::{Order, Source, Wish};
use crate::rest::error::RestError;
use crate::rest::form::Params;
use crate::rest::{API_VERSION, create, sid_of};

/// Real time to wait for a live call to obey.
const OBEY: Duration = Duration::from_secs(2);

/// Which moment a resource shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// In the answer to the creation the dates are still missing.
    JustCreated,
    AsItIs,
}

pub(super) async fn fetch(
    State(exchange): State<Arc<Exchange>>,
    Path((_, call)): Path<(String, String)>,
) -> Result<Response, RestError> {
    let call = find(&exchange, &call)?;
    if exchange.faults.strike(Moment::Lookup, call.person(), None).is_some() {
        return Err(RestError::unavailable());
    }
    Ok(Json(json(&exchange, &call, View::AsItIs)).into_response())
}

pub(super) async fn update(
    State(exchange): State<Arc<Exchange>>,
    Path((_, call)): Path<(String, String)>,
    body: String,
) -> Result<Response, RestError> {
    let call = find(&exchange, &call)?;
    let told = told_of_update(&exchange, &call)?;
    let wish = wish(&Params::parse(&body), call.status)?;
    order(&exchange, &call, wish).await?;
    told.or_lost()?;
    let call = exchange.register.get(&call.sid).unwrap_or(call);
    Ok(Json(json(&exchange, &call, View::AsItIs)).into_response())
}

/// Whether the answer to what is asked of a live call arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Well,
    /// It is obeyed, and nobody hears so.
    Lost,
}

impl Told {
    pub(super) fn or_lost(self) -> Result<(), RestError> {
        if self == Self::Lost { Err(RestError::server_error()) } else { Ok(()) }
    }
}

/// What the faults make of the answer; an error if nothing is to be done at all.
pub(super) fn told_of_update(exchange: &Exchange, call: &CallRecord) -> Result<Told, RestError> {
    match exchange.faults.strike(Moment::Update, call.person(), None) {
        None => Ok(Told::Well),
        Some(FaultKind::UpdateFailsAfterObeying) => Ok(Told::Lost),
        Some(_) => Err(RestError::server_error()),
    }
}

pub(super) fn find(exchange: &Exchange, part: &str) -> Result<CallRecord, RestError> {
    exchange.register.get(&CallSid::from(sid_of(part))).ok_or_else(|| RestError::not_found(part))
}

pub(super) fn wish(params: &Params, status: CallStatus) -> Result<Wish, RestError> {
    let not_now = |why: &str| Err(RestError::bad(21_220, format!("Call is not in-progress. {why}")));
    if let Some(word) = params.get("Status") {
        return match (word, status) {
            ("completed" | "canceled", CallStatus::Queued | CallStatus::Ringing) => Ok(Wish::End),
            ("completed", CallStatus::InProgress) => Ok(Wish::End),
            ("completed" | "canceled", _) => not_now("Cannot end it."),
            _ => Err(RestError::bad(20_001, format!("Status {word} is not valid"))),
        };
    }
    let document = match create::target(params, "Url", "Method", 21_205)? {
        Some(target) => Source::Fetch(target),
        None => match params.owned("Twiml") {
            Some(twiml) => Source::Twiml(twiml),
            None => {
                return Err(RestError::bad(20_001, "Nothing to update: Status, Url or Twiml is required"));
            }
        },
    };
    if status == CallStatus::InProgress { Ok(Wish::Follow(document)) } else { not_now("Cannot redirect.") }
}

pub(super) async fn order(exchange: &Exchange, call: &CallRecord, wish: Wish) -> Result<(), RestError> {
    let gone = || RestError::bad(21_220, "Call is not in-progress.");
    let orders = exchange.register.orders(&call.sid).ok_or_else(gone)?;
    let (obeyed, done) = oneshot::channel();
    orders.send(Order { wish, obeyed }).map_err(|_| gone())?;
    // A call that ended by itself meanwhile drops the order, which is as good.
    let _ = tokio::time::timeout(OBEY, done).await;
    Ok(())
}

/// A call's resource, all dates and figures as strings.
pub(super) fn json(exchange: &Exchange, call: &CallRecord, view: View) -> Value {
    let account = &exchange.account_sid;
    let uri = format!("/{API_VERSION}/Accounts/{account}/Calls/{}", call.sid);
    let ours = if call.person() == call.to { &call.from } else { &call.to };
    let date = |at: Option<Timestamp>| at.filter(|_| view == View::AsItIs).map(rfc2822);
    let updated = call.ended_at.or(call.answered_at).or(call.started_at).unwrap_or(call.created_at);
    json!({
        "sid": call.sid,
        "account_sid": account,
        "annotation": null,
        "answered_by": call.answered_by,
        "api_version": API_VERSION,
        "caller_name": null,
        "date_created": date(Some(call.created_at)),
        "date_updated": date(Some(updated)),
        "direction": call.direction.as_str(),
        "duration": call.duration_secs.map(|secs| secs.to_string()),
        "end_time": date(call.ended_at),
        "forwarded_from": null,
        "from": call.from,
        "from_formatted": formatted(&call.from),
        "group_sid": null,
        "parent_call_sid": call.parent,
        "phone_number_sid": exchange.numbers.by_number(ours).map(|number| number.sid),
        "price": price(call).filter(|_| is_priced(call, exchange.clock.now())),
        "price_unit": "USD",
        "queue_time": call.queue_ms.to_string(),
        "start_time": date(call.started_at),
        "status": call.status.as_str(),
        "to": call.to,
        "to_formatted": formatted(&call.to),
        "trunk_sid": null,
        "uri": format!("{uri}.json"),
        "subresource_uris": {
            "events": format!("{uri}/Events.json"),
            "notifications": format!("{uri}/Notifications.json"),
            "payments": format!("{uri}/Payments.json"),
            "recordings": format!("{uri}/Recordings.json"),
            "siprec": format!("{uri}/Siprec.json"),
            "streams": format!("{uri}/Streams.json"),
            "transcriptions": format!("{uri}/Transcriptions.json"),
            "user_defined_message_subscriptions": format!("{uri}/UserDefinedMessageSubscriptions.json"),
            "user_defined_messages": format!("{uri}/UserDefinedMessages.json"),
        },
    })
}

/// Prices are worked out some minutes after the end.
const PRICED_AFTER: SignedDuration = SignedDuration::from_mins(3);

pub(super) fn is_priced(call: &CallRecord, now: Timestamp) -> bool {
    call.ended_at.is_some_and(|ended| now.duration_since(ended) >= PRICED_AFTER)
}

/// 1.4 US cents for every minute begun, known when the call is over.
pub(super) fn price(call: &CallRecord) -> Option<String> {
    call.answered_at?;
    let minutes = call.duration_secs?.div_ceil(60);
    Some(format!("-{}.{:04}", minutes * 140 / 10_000, minutes * 140 % 10_000))
}

/// North American numbers as `(512) 555-0100`, others as they are.
fn formatted(number: &str) -> String {
    let digits = number.strip_prefix("+1").filter(|digits| digits.len() == 10 && digits.is_ascii());
    match digits {
        Some(digits) => format!("({}) {}-{}", &digits[..3], &digits[3..6], &digits[6..]),
        None => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_can_be_ended_while_it_lives_and_redirected_while_it_talks() {
        let ask = |text, status| wish(&Params::parse(text), status).err().map_or(0, |error| error.code);
        assert_eq!(ask("Status=canceled", CallStatus::Ringing), 0);
        assert_eq!(ask("Status=completed", CallStatus::InProgress), 0);
        assert_eq!(ask("Status=canceled", CallStatus::InProgress), 21_220);
        assert_eq!(ask("Status=completed", CallStatus::Busy), 21_220);
        assert_eq!(ask("Url=http://host/next", CallStatus::InProgress), 0);
        assert_eq!(ask("Url=http://host/next", CallStatus::Ringing), 21_220);
        assert_eq!(ask("Status=on-hold", CallStatus::InProgress), 20_001);
    }

    #[test]
    fn numbers_are_formatted_as_twilio_does() {
        assert_eq!(formatted("+15125550100"), "(512) 555-0100");
        assert_eq!(formatted("+4930123456"), "+4930123456");
    }
}
