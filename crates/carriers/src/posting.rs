//! The one create request of an attempt, whatever the carrier: sent once, if the last look allows it, its answer read to
//! the end or given up.
//!
//! No carrier is relied on to know a request again, so every answer is one of these:
//!
//! | answer | means |
//! |---|---|
//! | 2xx with a call's id | placed |
//! | 4xx with the carrier's own code | refused, by the code |
//! | 429, whoever says so | refused: too many, nothing was dialed |
//! | no connection, no name, no TLS, no time left before it was written | not sent: nothing of the body went out |
//! | not allowed any more when the connection was open | withheld: nothing of the body went out |
//! | all else: 5xx, a redirect, silence, a reset, an unreadable 2xx, **a 4xx without the carrier's code** | unclear |
//!
//! A 4xx without a code comes from somebody between us and the carrier. It says nothing of what became of the request
//! behind it (a 408 may come from a gateway that had passed it on), and reconciling costs minutes where a second call
//! to a person, or a lead given up for a proxy's mood, costs more.

use crate::carrier::PostAnswer;
use crate::guarded::{Fate, LastLook, guarded};
use crate::http::{Cut, Failure, ReadFailure, bounded, without_numbers};
use bytes::Bytes;
use reqwest::{Body, RequestBuilder, StatusCode};
use trunkline_core::call::{Refusal, RefusalClass};
use trunkline_core::id::CarrierCallId;

/// A call resource has about two kilobytes.
const MAX_ANSWER: usize = 64 * 1_024;

/// How a carrier's answer to a create request is read.
pub(crate) struct Answers {
    /// The new call's id in a 2xx.
    pub(crate) created: fn(&[u8]) -> Option<CarrierCallId>,
    /// The carrier's own failure.
    pub(crate) failure: ReadFailure,
    /// What it means.
    pub(crate) refusal: fn(&Failure) -> RefusalClass,
}

/// Sends it, once.
pub(crate) async fn post(
    request: impl FnOnce(Body) -> RequestBuilder,
    body: Bytes,
    look: LastLook,
    answers: &Answers,
) -> PostAnswer {
    let (body, seal) = guarded(body, look);
    let mut response = match request(Body::wrap(body)).send().await {
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
    meaning(status, &body, answers)
}

fn meaning(status: StatusCode, body: &[u8], answers: &Answers) -> PostAnswer {
    if status.is_success() {
        return match (answers.created)(body) {
            Some(id) => PostAnswer::Placed(id),
            None => unclear(status, "with no call in it"),
        };
    }
    let failure = (answers.failure)(body);
    if status == StatusCode::TOO_MANY_REQUESTS {
        return refused(status, RefusalClass::TooMany, failure);
    }
    match failure {
        Some(failure) if status.is_client_error() => {
            refused(status, (answers.refusal)(&failure), Some(failure))
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
        code,
        http: Some(status.as_u16()),
        message: without_numbers(&message),
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
