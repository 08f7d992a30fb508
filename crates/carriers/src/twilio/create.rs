//! Twilio's create request. What its answers mean is in `crate::posting`.

use super::client::{Twilio, failure};
use super::{is_sid, words};
use crate::carrier::{MachineDetection, Order, PostAnswer, Until};
use crate::guarded::LastLook;
use crate::posting::{Answers, post};
use form_urlencoded::Serializer;
use serde::Deserialize;
use trunkline_core::id::CarrierCallId;

/// Twilio's own bounds of the ring timeout, in seconds.
const RING_SECS: std::ops::RangeInclusive<u32> = 5..=600;

const ANSWERS: Answers = Answers { created, failure, refusal: words::refusal };

pub(super) async fn place(twilio: &Twilio, order: &Order, look: LastLook) -> PostAnswer {
    let url = twilio.address("/Calls.json");
    post(|body| twilio.posting(&url, body), form(order).into(), look, &ANSWERS).await
}

fn created(body: &[u8]) -> Option<CarrierCallId> {
    #[derive(Deserialize)]
    struct Created {
        sid: String,
    }
    let created: Created = serde_json::from_slice(body).ok()?;
    is_sid(&created.sid, "CA").then(|| CarrierCallId::new(created.sid))
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
