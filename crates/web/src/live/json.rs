//! How an event looks to a listener. Names are only ever added.

use jiff::Timestamp;
use serde::Serialize;
use trunkline_core::call::{Disposition, Source, State, Status};
use trunkline_core::id::{CallId, CampaignId};
use trunkline_engine::{Cursor, LiveEvent, Lost};

/// One event.
#[derive(Serialize)]
struct EventJson<'a> {
    id: Text<Cursor>,
    r#type: &'static str,
    at: Timestamp,
    call_id: CallId,
    tenant: &'a str,
    call: CallLite,
    /// The event's word in the call's history.
    kind: &'static str,
    source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<u16>,
}

/// What the call was when the event had happened.
#[derive(Serialize)]
struct CallLite {
    id: CallId,
    status: Status,
    state: State,
    disposition: Option<Disposition>,
    campaign_id: Option<CampaignId>,
}

/// A listener has missed something, and goes on from `id`.
#[derive(Serialize)]
struct ResyncJson<'a> {
    id: Text<Cursor>,
    r#type: &'static str,
    reason: &'static str,
    detail: String,
    /// After which event it wanted to go on.
    after: &'a str,
}

/// Where a listener stands.
#[derive(Serialize)]
struct StandsJson {
    id: Text<Cursor>,
    r#type: &'static str,
}

/// Something that is written as its text.
struct Text<T>(T);

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

pub(super) fn event(event: &LiveEvent) -> String {
    written(&EventJson {
        id: Text(event.id),
        r#type: event.name.as_str(),
        at: event.at,
        call_id: event.call,
        tenant: event.tenant.as_str(),
        call: CallLite {
            id: event.call,
            status: event.status,
            state: event.state,
            disposition: event.disposition,
            campaign_id: event.campaign,
        },
        kind: event.kind,
        source: event.source,
        occurred_at: event.occurred_at,
        question: event.question,
    })
}

pub(super) fn resync(now: Cursor, lost: Lost, after: &str) -> String {
    let (reason, detail) = (lost.as_str(), lost.to_string());
    written(&ResyncJson { id: Text(now), r#type: "resync", reason, detail, after })
}

/// What is said to a listener that hears nothing else: `ready` or `heartbeat`.
pub(super) fn stands(word: &'static str, at: Cursor) -> String {
    written(&StandsJson { id: Text(at), r#type: word })
}

fn written(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_else(|error| {
        tracing::error!(%error, "an event could not be written as JSON");
        "{}".to_owned()
    })
}
