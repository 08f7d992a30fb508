//! Call Control's create request. What its answers mean is in `crate::posting`.
//!
//! It bears a name of its own (`command_id`), under which Telnyx makes one call only, for a minute. An attempt may wake up
//! hours later, so it is sent once all the same, and reconciled where its answer is unclear (decision 2).

use super::client::CallControl;
use super::mark::{Mark, token_in};
use crate::carrier::{MachineDetection, Order, PostAnswer, Until};
use crate::guarded::LastLook;
use crate::posting::{Answers, post};
use crate::telnyx::client::failure;
use crate::telnyx::{is_call_id, words};
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_core::id::CarrierCallId;

/// Telnyx's own bounds, in seconds.
const RING_SECS: std::ops::RangeInclusive<u32> = 5..=600;
const LIMIT_SECS: std::ops::RangeInclusive<u32> = 30..=14_400;
/// How long after one another an event is told again that was not taken; a minute in all at most.
const TOLD_AGAIN_MILLIS: [u32; 5] = [1_000, 3_000, 6_000, 15_000, 30_000];
/// Those whose loss would have to be found out by waiting.
const TOLD_AGAIN: [&str; 6] = [
    "call.answered",
    "call.hangup",
    "call.speak.ended",
    "call.playback.ended",
    "call.gather.ended",
    "call.recording.saved",
];

const ANSWERS: Answers = Answers { created, failure, refusal: words::refusal };

pub(super) async fn place(control: &CallControl, order: &Order, look: LastLook) -> PostAnswer {
    let telnyx = &control.telnyx;
    let url = telnyx.address("/calls");
    let Ok(json) = serde_json::to_vec(&request(order, &telnyx.connection)) else {
        return PostAnswer::NotSent("the request can't be written".to_owned());
    };
    post(|body| telnyx.posting(&url, body), json.into(), look, &ANSWERS).await
}

fn request(order: &Order, connection: &str) -> Value {
    let token = token_in(&order.urls.voice).unwrap_or_default();
    let again: serde_json::Map<String, Value> = TOLD_AGAIN
        .iter()
        .map(|event| ((*event).to_owned(), json!({ "retries_ms": TOLD_AGAIN_MILLIS })))
        .collect();
    let mut request = json!({
        "connection_id": connection,
        "to": order.to.as_str(),
        "from": order.from.as_str(),
        "timeout_secs": order.ring_timeout_secs.clamp(*RING_SECS.start(), *RING_SECS.end()),
        "time_limit_secs": order.time_limit_secs.clamp(*LIMIT_SECS.start(), *LIMIT_SECS.end()),
        "webhook_url": order.urls.events,
        "webhook_url_method": "POST",
        "webhook_retries_policies": again,
        "command_id": named(&token),
        "client_state": Mark::of_leg(token).to_client_state(),
    });
    if let MachineDetection::Beside { until, timeout_secs } = order.machine_detection {
        request["answering_machine_detection"] = json!(match until {
            Until::Verdict => "detect",
            Until::GreetingEnds => "greeting_end",
        });
        request["answering_machine_detection_config"] =
            json!({ "total_analysis_time_millis": u32::from(timeout_secs) * 1_000 });
    }
    request
}

/// The attempt's name: the same whenever it is made of the same sealed state, which names call, leg and fence.
pub(super) fn named(token: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    let hex: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The new leg's name.
pub(super) fn created(body: &[u8]) -> Option<CarrierCallId> {
    #[derive(Deserialize)]
    struct Created {
        data: Call,
    }
    #[derive(Deserialize)]
    struct Call {
        call_control_id: String,
    }
    let Created { data } = serde_json::from_slice(body).ok()?;
    is_call_id(&data.call_control_id).then(|| CarrierCallId::new(data.call_control_id))
}
