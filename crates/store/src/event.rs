//! The history of a call: every event, applied or refused.

use crate::error::StoreError;
use crate::position::Position;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use jiff::Timestamp;
use serde_json::value::{RawValue, to_raw_value};
use trunkline_core::call::{Event, Refused, Source};
use trunkline_core::id::{CallId, EventKey, TenantId};
use trunkline_core::private::Private;

/// One event as the history keeps it.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its place in the journal.
    pub position: Position,
    /// The call it is about.
    pub call: CallId,
    /// Whose call that is.
    pub tenant: TenantId,
    /// Unique within the call: a second one with the same key is not kept.
    pub key: EventKey,
    /// When we heard of it.
    pub received_at: Timestamp,
    /// When it happened by the carrier's word, where it has one.
    pub occurred_at: Option<Timestamp>,
    /// Who told us.
    pub source: Source,
    /// What kind of fact it is, such as `progress`.
    pub kind: String,
    /// Whether it changed the call, or why not.
    pub applied: Result<(), String>,
    /// The fact itself, as JSON.
    pub body: Private<Box<RawValue>>,
}

impl EventRow {
    /// The row of an event that stands at `position`, and what became of it.
    ///
    /// # Errors
    /// `Poison` if the event can't be written as JSON.
    pub fn new(
        position: Position,
        tenant: TenantId,
        event: &Event,
        applied: Result<(), &Refused>,
    ) -> Result<Self, StoreError> {
        const DOING: &str = "preparing an event";
        let body = to_raw_value(&event.what).map_err(|_| StoreError::poison(DOING, "an event is no JSON"))?;
        Ok(Self {
            position,
            call: event.call,
            tenant,
            key: event.key.clone(),
            received_at: event.received_at,
            occurred_at: event.occurred_at,
            source: event.source,
            kind: kind_of(&body).to_owned(),
            applied: applied.map_err(ToString::to_string),
            body: Private::new(body),
        })
    }
}

/// The tag that every event's JSON begins with.
fn kind_of(body: &RawValue) -> &str {
    let tagged = body.get().strip_prefix(r#"{"kind":""#).and_then(|rest| rest.split_once('"'));
    tagged.map_or("unknown", |(kind, _)| kind)
}

impl Store {
    /// The history of a tenant's call, in the order of the journal; empty if the call is not the tenant's.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn events(&self, tenant: &TenantId, call: CallId) -> Result<Vec<EventRow>, StoreError> {
        let values = vec![tenant.as_str().into(), call.to_string().into()];
        let rows = self.db.read("reading a call's events", &sql::EVENTS, values).await?;
        rows.iter().map(event).collect()
    }
}

pub(crate) fn event(row: &Row) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        position: Position(row.number("position")?),
        call: row.word("call")?,
        tenant: TenantId::new(row.text("tenant")?),
        key: EventKey::new(row.text("key")?),
        received_at: row.time("received_at")?,
        occurred_at: row.opt_time("occurred_at")?,
        source: row.word("source")?,
        kind: row.text("kind")?,
        applied: match row.int("applied")? {
            1 => Ok(()),
            _ => Err(row.opt_text("refused")?.unwrap_or_default()),
        },
        body: Private::new(row.json("body")?),
    })
}
