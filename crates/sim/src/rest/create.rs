//! `POST Calls.json`: a call is asked for. Checked as Twilio checks, accepted or lost as the faults say.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;

use crate::call::{CallEvent, CallRecord};
use crate::connection::Wire;
use crate::exchange::Exchange;
use crate::faults::{FaultKind, Moment};
use crate::life::{Detection, Plan, Wait, WholeCall};
use crate::orders::Source;
use crate::rest::calls::{self, View};
use crate::rest::error::RestError;
use crate::rest::form::Params;
use crate::target::{Method, Target};

const LONGEST_RING_SECS: u32 = 600;
const LONGEST_TWIML: usize = 4_000;
/// Real time for which a request without an answer is held before its connection is dropped.
const HANG: Duration = Duration::from_secs(120);

/// A call that is fit to be made.
struct Request {
    from: String,
    to: String,
    plan: Plan,
}

/// What is answered to a create request that was not refused.
pub(super) enum Created {
    /// The call.
    Call(Box<CallRecord>),
    /// The beginning of an answer, that of another call's.
    Garbage,
    /// Nothing: writing the answer resets the connection.
    Reset,
}

pub(super) async fn call(
    State(exchange): State<Arc<Exchange>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    body: String,
) -> Response {
    match place(&exchange, &wire, &Params::parse(&body)).await {
        Ok(Created::Call(call)) => {
            (StatusCode::CREATED, axum::Json(calls::json(&exchange, &call, View::JustCreated)))
                .into_response()
        }
        Ok(Created::Garbage) => {
            (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], "{\"sid\": \"CA")
                .into_response()
        }
        Ok(Created::Reset) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => error.into_response(),
    }
}

/// Makes the call, as the faults allow.
pub(super) async fn place(
    exchange: &Arc<Exchange>,
    wire: &Wire,
    params: &Params,
) -> Result<Created, RestError> {
    let Request { from, to, plan } = read(exchange, params)?;
    let callee = to.clone();
    place_as_faults_allow(exchange, wire, &callee, move |exchange| Some(exchange.place(&from, &to, plan)))
        .await
}

/// Makes a call in whatever way it is made, and answers, as the faults allow.
pub(super) async fn place_as_faults_allow(
    exchange: &Arc<Exchange>,
    wire: &Wire,
    to: &str,
    accept: impl FnOnce(&Arc<Exchange>) -> Option<CallRecord> + Send + 'static,
) -> Result<Created, RestError> {
    let Some(fault) = exchange.faults.strike(Moment::Create, to, None) else {
        return made(accept(exchange));
    };
    match fault {
        FaultKind::CreateFails => Err(RestError::server_error()),
        FaultKind::CreateUnavailable => Err(RestError::unavailable()),
        FaultKind::CreateThrottled => Err(RestError::throttled()),
        FaultKind::CreateResets => Ok(reset(wire)),
        FaultKind::CreateAcceptsLate { secs } => accept_late(exchange, accept, secs).await,
        FaultKind::CreateFailsAfterAccepting => {
            accept(exchange);
            Err(RestError::server_error())
        }
        FaultKind::CreateHangsAfterAccepting => {
            accept(exchange);
            tokio::time::sleep(HANG).await;
            Ok(reset(wire))
        }
        FaultKind::CreateResetsAfterAccepting => {
            accept(exchange);
            Ok(reset(wire))
        }
        FaultKind::CreateAnswersGarbage => {
            accept(exchange);
            Ok(Created::Garbage)
        }
        _ => made(accept(exchange)),
    }
}

fn made(call: Option<CallRecord>) -> Result<Created, RestError> {
    call.map(|call| Created::Call(Box::new(call))).ok_or_else(RestError::unavailable)
}

/// The call is made later, whether or not the client is still there.
async fn accept_late(
    exchange: &Arc<Exchange>,
    accept: impl FnOnce(&Arc<Exchange>) -> Option<CallRecord> + Send + 'static,
    secs: u32,
) -> Result<Created, RestError> {
    let (sender, accepted) = oneshot::channel();
    let later = Arc::clone(exchange);
    exchange.spawn(async move {
        later.clock.sleep(Duration::from_secs(secs.into())).await;
        let _ = sender.send(accept(&later));
    });
    made(accepted.await.ok().flatten())
}

/// The answer is never written: writing it resets the connection.
fn reset(wire: &Wire) -> Created {
    wire.cut();
    Created::Reset
}

fn read(exchange: &Exchange, params: &Params) -> Result<Request, RestError> {
    let to = params.get("To").ok_or_else(|| RestError::bad(21_201, "No 'To' number is specified"))?;
    let from = params.get("From").ok_or_else(|| RestError::bad(21_213, "No 'From' number is specified"))?;
    if !is_dialable(to) {
        return Err(RestError::bad(21_211, format!("The 'To' number {to} is not a valid phone number.")));
    }
    if !is_dialable(from) {
        return Err(RestError::bad(21_212, format!("The 'From' number {from} is not a valid phone number.")));
    }
    if from.starts_with('+') && exchange.numbers.by_number(from).is_none() {
        let message =
            format!("The source phone number provided, {from}, is not yet verified for your account.");
        return Err(RestError::bad(21_210, message));
    }
    let mut plan = Plan::new(document(params)?);
    plan.fallback = target(params, "FallbackUrl", "FallbackMethod", 21_205)?;
    plan.status = target(params, "StatusCallback", "StatusCallbackMethod", 21_609)?;
    plan.events = params.all("StatusCallbackEvent").filter_map(CallEvent::parse).collect();
    plan.ring_secs = number(params, "Timeout")?.unwrap_or(plan.ring_secs).clamp(1, LONGEST_RING_SECS);
    plan.limit_secs = number(params, "TimeLimit")?.unwrap_or(plan.limit_secs);
    plan.detection = detection(params)?;
    if params.is_true("Record") {
        let told = target(params, "RecordingStatusCallback", "RecordingStatusCallbackMethod", 21_609)?;
        plan.recording = WholeCall::Recorded { told };
    }
    Ok(Request { from: from.to_owned(), to: to.to_owned(), plan })
}

/// E.164, or the address of an app or of a SIP phone.
fn is_dialable(address: &str) -> bool {
    if ["client:", "sip:"]
        .iter()
        .any(|scheme| address.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
    {
        return true;
    }
    let Some(digits) = address.strip_prefix('+') else { return false };
    (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn document(params: &Params) -> Result<Source, RestError> {
    if let Some(target) = target(params, "Url", "Method", 21_205)? {
        return Ok(Source::Fetch(target));
    }
    match params.get("Twiml") {
        Some(twiml) if twiml.len() > LONGEST_TWIML => {
            Err(RestError::bad(21_626, format!("Twiml is longer than {LONGEST_TWIML} characters")))
        }
        Some(twiml) => Ok(Source::Twiml(twiml.to_owned())),
        None => Err(RestError::bad(21_205, "Url parameter is required.")),
    }
}

/// A URL with its method; the code is that of an unusable one.
pub(super) fn target(
    params: &Params,
    url: &str,
    method: &str,
    code: u32,
) -> Result<Option<Target>, RestError> {
    let Some(text) = params.get(url) else { return Ok(None) };
    let how = match params.get(method) {
        None => Method::Post,
        Some(word) => {
            Method::parse(word).ok_or_else(|| RestError::bad(21_403, format!("{method} is not valid")))?
        }
    };
    Target::parse(text, how)
        .map(Some)
        .ok_or_else(|| RestError::bad(code, format!("{url} is not a valid URL: {text}")))
}

fn number(params: &Params, name: &str) -> Result<Option<u32>, RestError> {
    params
        .number(name)
        .transpose()
        .map_err(|text| RestError::bad(20_001, format!("Parameter {name} is not a number: {text}")))
}

fn detection(params: &Params) -> Result<Detection, RestError> {
    let wait = match params.get("MachineDetection") {
        None => return Ok(Detection::Off),
        Some("Enable") => Wait::Greeting,
        Some("DetectMessageEnd") => Wait::EndOfGreeting,
        Some(word) => return Err(RestError::bad(20_001, format!("MachineDetection {word} is not valid"))),
    };
    if params.get("SendDigits").is_some() {
        // Keys that are sent on the answer take the place of listening to who answers.
        return Ok(Detection::Off);
    }
    if params.is_true("AsyncAmd") {
        let told = target(params, "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod", 21_609)?;
        return Ok(Detection::Beside { wait, told });
    }
    Ok(Detection::First(wait))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::SimOptions;

    fn code(pairs: &[(&str, &str)]) -> u32 {
        let exchange = Exchange::open(SimOptions::default(), String::new()).unwrap();
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        read(&exchange, &Params::parse(&text)).err().map_or(0, |error| error.code)
    }

    #[test]
    fn requests_are_refused_with_twilios_codes() {
        let from = ("From", "+15005550006");
        let to = ("To", "+15125550100");
        let url = ("Url", "http://127.0.0.1:9/voice");
        assert_eq!(code(&[from, to, url]), 0);
        assert_eq!(code(&[from, url]), 21_201);
        assert_eq!(code(&[from, ("To", "5125550100"), url]), 21_211);
        assert_eq!(code(&[to, url]), 21_213);
        assert_eq!(code(&[to, ("From", "me"), url]), 21_212);
        assert_eq!(code(&[to, ("From", "+15005550007"), url]), 21_210);
        assert_eq!(code(&[from, to]), 21_205);
        assert_eq!(code(&[from, to, ("Url", "/voice")]), 21_205);
        assert_eq!(code(&[from, to, url, ("StatusCallback", "nowhere")]), 21_609);
        assert_eq!(code(&[from, to, ("Twiml", "<Response/>")]), 0);
    }
}
