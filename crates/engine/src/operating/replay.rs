//! A call made again from its events as the database keeps them.

use crate::record::ERASED;
use trunkline_core::call::{Call, Event, What};
use trunkline_store::EventRow;

/// What events make.
pub(crate) enum Made {
    /// This call.
    Call(Box<Call>),
    /// Nothing: its beginning is not among them.
    Nothing,
    /// An event is not one of this version.
    Unreadable,
}

/// Makes the call that these events, in their order, are about.
pub(crate) fn replay(events: &[EventRow]) -> Made {
    let mut made: Option<Call> = None;
    let mut rows: Vec<&EventRow> = events.iter().filter(|row| row.kind != ERASED).collect();
    if rows.iter().any(|row| row.kind == "taken_over") {
        // Of two journals: their places say nothing of what came first.
        rows.sort_by_key(|row| {
            let begins = matches!(row.kind.as_str(), "requested" | "arrived" | "registered" | "app_called");
            (!begins, row.received_at)
        });
    }
    for row in rows {
        let Some(event) = event(row) else { return Made::Unreadable };
        match &mut made {
            Some(call) => drop(call.apply(&event)),
            None => match Call::begin(&event) {
                Some((call, _)) => made = Some(call),
                None => return Made::Nothing,
            },
        }
    }
    made.map_or(Made::Nothing, |call| Made::Call(Box::new(call)))
}

/// The event that a row keeps.
pub(crate) fn event(row: &EventRow) -> Option<Event> {
    Some(Event {
        call: row.call,
        key: row.key.clone(),
        received_at: row.received_at,
        occurred_at: row.occurred_at,
        source: row.source,
        what: serde_json::from_str::<What>(row.body.reveal().get()).ok()?,
    })
}
