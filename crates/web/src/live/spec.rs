//! What is said of live events.

use super::ticket::TicketJson;
use crate::code::Code;
use crate::openapi::{Field, Kind, Spec};
use http::StatusCode;
use trunkline_engine::EventName;

const FILTERS: &[Field] = &[
    Field::new("call", Kind::Text, "Only of this call: our id or the carrier's."),
    Field::new("campaign", Kind::Id, "Only of calls of this campaign.").or_blank(),
    Field::new("types", Kind::Words(&EventName::WORDS), "Only events of these types, parted by commas.")
        .or_blank(),
    Field::new("after", Kind::Text, "The id of an event: everything after it is told first."),
];

pub(crate) fn follow() -> Spec {
    Spec::of("Follow live events")
        .says("An answer that does not end: server-sent events, told once they are durable, in order per call. docs/events.md lists \
               their types and says how to go on after a break. Over a WebSocket: `/ws/events`.")
        .query(FILTERS)
        .head(Field::new("Last-Event-ID", Kind::Text, "The id of the last event that was heard: goes on behind it."))
        .answers_file(StatusCode::OK, "Events as they happen.", &["text/event-stream"])
        .fails(&[Code::NotFound, Code::EventsGone, Code::TooManyStreams, Code::HistoryUnavailable])
}

pub(crate) fn sell() -> Spec {
    Spec::of("Get a ticket for one WebSocket")
        .says("For browsers, which can't send a key with one: `/ws/events?token=TICKET` opens one socket, once, within a minute.")
        .answers::<TicketJson>(StatusCode::CREATED, "The ticket.")
}
