//! How an event looks to a listener, on a stream, on a socket and in a webhook. Names are only ever added.

use super::cursor::Cursor;
use super::event::LiveEvent;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use trunkline_core::call::{Disposition, Source, State, Status};
use trunkline_core::id::{CallId, CampaignId};

#[derive(Serialize)]
struct EventJson<'a> {
    #[serde(serialize_with = "as_text")]
    id: Cursor,
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

fn as_text<S: Serializer>(id: &Cursor, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

impl LiveEvent {
    /// The event as JSON: the same wherever and whenever it is told.
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string(&EventJson {
            id: self.id,
            r#type: self.name.as_str(),
            at: self.at,
            call_id: self.call,
            tenant: self.tenant.as_str(),
            call: CallLite {
                id: self.call,
                status: self.status,
                state: self.state,
                disposition: self.disposition,
                campaign_id: self.campaign,
            },
            kind: self.kind,
            source: self.source,
            occurred_at: self.occurred_at,
            question: self.question,
        });
        json.unwrap_or_else(|error| {
            tracing::error!(%error, "an event could not be written as JSON");
            "{}".to_owned()
        })
    }
}
