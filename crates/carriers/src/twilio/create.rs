//! The one create request of an attempt, and what its answer means.
//!
//! Twilio takes no idempotency key, so this is sent once, and every answer is one of four:
//!
//! | answer | means |
//! |---|---|
//! | 2xx with a call's id | placed |
//! | 4xx with Twilio's own code | refused, by the code |
//! | 429, whoever says so | refused: too many, nothing was dialed |
//! | no connection, no name, no TLS, no time left before it was written | not sent: nothing of the form went out |
//! | not allowed any more when the connection was open | withheld: nothing of the form went out |
//! | all else: 5xx, a redirect, silence, a reset, an unreadable 2xx, **a 4xx without Twilio's code** | unclear |
//!
//! A 4xx without a code comes from somebody between us and Twilio. It says nothing of what became of the request
//! behind it (a 408 may come from a gateway that had passed it on), and reconciling costs minutes where a second call
//! to a person, or a lead given up for a proxy's mood, costs more.

use super::client::{Cut, Failure, Twilio, bounded};
use super::{is_sid, words};
use crate::carrier::{MachineDetection, Order, PostAnswer, Until};
use crate::guarded::{Fate, LastLook, guarded};
use form_urlencoded::Serializer;
use reqwest::StatusCode;
use serde::Deserialize;
use trunkline_core::call::{Refusal, RefusalClass};
use trunkline_core::id::CarrierCallId;

/// A call resource has about two kilobytes.
const MAX_ANSWER: usize = 64 * 1_024;
/// Twilio's own bounds of the ring timeout, in seconds.
const RING_SECS: std::ops::RangeInclusive<u32> = 5..=600;

#[derive(Deserialize)]
struct Created {
    sid: String,
}

pub(super) async fn place(twilio: &Twilio, order: &Order, look: LastLook) -> PostAnswer {
    let (form, seal) = guarded(form(order).into(), look);
    let mut response = match twilio.posting(&twilio.address("/Calls.json"), form).send().await {
        Ok(response) => response,
        Err(error) => {
            return match seal.fate() {
                Fate::Kept => PostAnswer::NotSent(never_out(&error).to_owned()),
                Fate::Withheld(why) => PostAnswer::Withheld(why),
                Fate::Out => PostAnswer::Unclear(lost(&error).to_owned()),
            };
        }
    };
    let status = response.status();
    let body = match bounded(&mut response, MAX_ANSWER).await {
        Ok(body) => body,
        // The status alone tells this much, whatever became of the words.
        Err(_) if status == StatusCode::TOO_MANY_REQUESTS => Vec::new(),
        Err(Cut::TooLarge) => return unclear(status, "with far too long a body"),
        Err(Cut::Net(_)) => return unclear(status, "and broke off"),
    };
    meaning(status, &body)
}

fn form(order: &Order) -> String {
    let ring = order.ring_timeout_secs.clamp(*RING_SECS.start(), *RING_SECS.end());
    let mut form = Serializer::new(String::new());
    form.append_pair("To", order.to.as_str())
        .append_pair("From", order.from.as_str())
        .append_pair("Url", &order.urls.voice)
        .append_pair("Method", "POST")
        .append_pair("FallbackUrl", &order.urls.fallback)
        .append_pair("FallbackMethod", "POST")
        .append_pair("StatusCallback", &order.urls.status)
        .append_pair("StatusCallbackMethod", "POST")
        .append_pair("Timeout", &ring.to_string())
        .append_pair("TimeLimit", &order.time_limit_secs.max(1).to_string());
    // One parameter each: joined into one, they are silently ignored.
    for event in ["initiated", "ringing", "answered", "completed"] {
        form.append_pair("StatusCallbackEvent", event);
    }
    if let MachineDetection::Beside { until, timeout_secs } = order.machine_detection {
        let word = match until {
            Until::Verdict => "Enable",
            Until::GreetingEnds => "DetectMessageEnd",
        };
        form.append_pair("MachineDetection", word)
            .append_pair("MachineDetectionTimeout", &timeout_secs.clamp(3, 59).to_string())
            .append_pair("AsyncAmd", "true")
            .append_pair("AsyncAmdStatusCallback", &order.urls.amd)
            .append_pair("AsyncAmdStatusCallbackMethod", "POST");
    }
    form.finish()
}

fn meaning(status: StatusCode, body: &[u8]) -> PostAnswer {
    if status.is_success() {
        let created: Option<Created> = serde_json::from_slice(body).ok();
        return match created.filter(|created| is_sid(&created.sid, "CA")) {
            Some(created) => PostAnswer::Placed(CarrierCallId::new(created.sid)),
            None => unclear(status, "with no call in it"),
        };
    }
    let failure: Option<Failure> = serde_json::from_slice(body).ok();
    if status == StatusCode::TOO_MANY_REQUESTS {
        return refused(status, RefusalClass::TooMany, failure);
    }
    match failure {
        Some(failure) if status.is_client_error() => {
            refused(status, words::refusal(failure.code), Some(failure))
        }
        Some(failure) => unclear(status, &format!("with code {}", failure.code)),
        None => unclear(status, "without the carrier's code"),
    }
}

fn refused(status: StatusCode, class: RefusalClass, failure: Option<Failure>) -> PostAnswer {
    let (code, message) =
        failure.map_or((None, String::new()), |failure| (Some(failure.code), failure.message));
    PostAnswer::Refused(Refusal {
        class,
        code: code.map(|code| code.to_string()),
        http: Some(status.as_u16()),
        message: words::without_numbers(&message),
    })
}

fn unclear(status: StatusCode, what: &str) -> PostAnswer {
    PostAnswer::Unclear(format!("the carrier answered {} {what}", status.as_u16()))
}

fn never_out(error: &reqwest::Error) -> &'static str {
    if error.is_dns() {
        "the carrier's name can't be resolved"
    } else if error.is_timeout() {
        "no connection to the carrier in time"
    } else {
        "no connection to the carrier"
    }
}

fn lost(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() { "no answer in time" } else { "the connection broke before the answer" }
}
