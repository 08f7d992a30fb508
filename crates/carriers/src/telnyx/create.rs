//! Telnyx's create request for a call that a voice document leads. What its answers mean is in `crate::posting`.
//!
//! It goes to the application (`/texml/calls/{connection}`) and not to the account: only there the answer is said to
//! bear the call's id. It knows no idempotency key either, so all that is said of Twilio's request holds for this one.

use super::client::{Telnyx, failure};
use super::{is_call_id, words};
use crate::carrier::{MachineDetection, Order, PostAnswer, Until};
use crate::guarded::LastLook;
use crate::posting::{Answers, post};
use serde::{Deserialize, Serialize};
use trunkline_core::id::CarrierCallId;

/// Telnyx's own bounds, in seconds.
const RING_SECS: std::ops::RangeInclusive<u32> = 5..=120;
const LIMIT_SECS: std::ops::RangeInclusive<u32> = 30..=14_400;

const ANSWERS: Answers = Answers { created, failure, refusal: words::refusal };

/// The names are Telnyx's, case and all.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    to: &'a str,
    from: &'a str,
    url: &'a str,
    /// Its name in one edition of Telnyx's specification of this request; `Method` in the other.
    url_method: &'a str,
    method: &'a str,
    fallback_url: &'a str,
    status_callback: &'a str,
    status_callback_method: &'a str,
    /// One value, parted by blanks; at Twilio one parameter each.
    status_callback_event: &'a str,
    timeout: u32,
    time_limit: u32,
    #[serde(flatten)]
    detection: Option<Detection<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Detection<'a> {
    machine_detection: &'a str,
    detection_mode: &'a str,
    /// In milliseconds; at Twilio in seconds.
    machine_detection_timeout: u32,
    async_amd: bool,
    async_amd_status_callback: &'a str,
    async_amd_status_callback_method: &'a str,
    /// A machine's beginning must not cut off what it is to hear at its end.
    cancel_playback_on_machine_detection: bool,
    cancel_playback_on_detect_message_end: bool,
}

pub(super) async fn place(telnyx: &Telnyx, order: &Order, look: LastLook) -> PostAnswer {
    let url = telnyx.address(&format!("/texml/calls/{}", telnyx.connection));
    let Ok(json) = serde_json::to_vec(&request(order)) else {
        return PostAnswer::NotSent("the request can't be written".to_owned());
    };
    post(|body| telnyx.posting(&url, body), json.into(), look, &ANSWERS).await
}

fn request(order: &Order) -> Request<'_> {
    Request {
        to: order.to.as_str(),
        from: order.from.as_str(),
        url: &order.urls.voice,
        url_method: "POST",
        method: "POST",
        fallback_url: &order.urls.fallback,
        status_callback: &order.urls.status,
        status_callback_method: "POST",
        status_callback_event: "initiated ringing answered completed",
        timeout: order.ring_timeout_secs.clamp(*RING_SECS.start(), *RING_SECS.end()),
        time_limit: order.time_limit_secs.clamp(*LIMIT_SECS.start(), *LIMIT_SECS.end()),
        detection: match order.machine_detection {
            MachineDetection::Off => None,
            MachineDetection::Beside { until, timeout_secs } => Some(Detection {
                machine_detection: match until {
                    Until::Verdict => "Enable",
                    Until::GreetingEnds => "DetectMessageEnd",
                },
                detection_mode: "Regular",
                machine_detection_timeout: u32::from(timeout_secs.clamp(3, 59)) * 1_000,
                async_amd: true,
                async_amd_status_callback: &order.urls.amd,
                async_amd_status_callback_method: "POST",
                cancel_playback_on_machine_detection: false,
                cancel_playback_on_detect_message_end: false,
            }),
        },
    }
}

/// The specification writes the answer flat; other parts of the API wrap it in `data`.
fn created(body: &[u8]) -> Option<CarrierCallId> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Created {
        Flat {
            #[serde(alias = "sid")]
            call_sid: String,
        },
        Wrapped {
            data: Call,
        },
    }
    #[derive(Deserialize)]
    struct Call {
        #[serde(alias = "sid")]
        call_sid: String,
    }
    let sid = match serde_json::from_slice(body).ok()? {
        Created::Flat { call_sid } | Created::Wrapped { data: Call { call_sid } } => call_sid,
    };
    is_call_id(&sid).then(|| CarrierCallId::new(sid))
}
