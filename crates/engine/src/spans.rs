//! What is traced of the engine: the list of its spans. They hold ids and counts, and never whom a call is with.
//!
//! A span that nobody collects costs a look at an atomic.

use tracing::{Span, info_span};
use trunkline_core::call::Event;

/// An event on its way to the disk.
pub(crate) fn appending(event: &Event) -> Span {
    info_span!("journal.append", call.id = %event.call, event.source = event.source.as_str())
}

/// Records on their way into the store.
pub(crate) fn projecting(records: usize) -> Span {
    info_span!("store.project", records)
}

/// A question to the carrier, or an order.
pub(crate) fn asking(what: &'static str) -> Span {
    info_span!("carrier.request", otel.kind = "client", what)
}

/// A message to tenants' software.
pub(crate) fn sending() -> Span {
    info_span!("webhook.send", otel.kind = "client")
}
