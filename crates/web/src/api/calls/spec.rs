//! What is said of reading calls.

use super::{CallJson, CallsJson, EventsJson, TurnsJson};
use crate::code::Code;
use crate::openapi::{CALL, Field, Kind, Spec};
use http::StatusCode;
use trunkline_core::call::Status;

const FILTERS: &[Field] = &[
    Field::new("status", Kind::Words(&Status::WORDS), "Calls of one of these statuses, parted by commas.")
        .or_blank(),
    Field::new("active", Kind::Flag, "`true`: only calls that are not over.").or_blank(),
    Field::new("direction", Kind::Word(&["inbound", "outbound"]), "Which way they go.").or_blank(),
    Field::new("carrier", Kind::Text, "Through which carrier, such as `twilio`."),
    Field::new("campaign", Kind::Id, "Calls of this campaign.").or_blank(),
    Field::new("number", Kind::Text, "Calls from or to a number that holds these digits."),
    Field::new(
        "search",
        Kind::Text,
        "Calls with words that begin so, all of them, in numbers, name, metadata or answers; of a number any three digits.",
    ),
    Field::new("since", Kind::Day, "Calls that began then or later.").or_blank(),
    Field::new("until", Kind::Day, "Calls that began before.").or_blank(),
    Field::new("with", Kind::Short(128), "Calls between users of an app with this one.").or_blank(),
    Field::new("limit", Kind::Whole(1, 500), "How many at most.").or_blank(),
    Field::new("cursor", Kind::Text, "What came as `next` with the page before."),
];

const METADATA: &str = "`metadata.KEY=VALUE` lists calls with this value in their metadata, for up to eight keys. While \
                        the database is away only calls that are not over are listed, and `history` says so.";

pub(crate) fn list() -> Spec {
    Spec::of("List calls, newest first")
        .says(METADATA)
        .query(FILTERS)
        .answers::<CallsJson<'_>>(StatusCode::OK, "A page of calls.")
}

pub(crate) fn active() -> Spec {
    Spec::of("List calls that are not over")
        .says(METADATA)
        .query(FILTERS)
        .answers::<CallsJson<'_>>(StatusCode::OK, "A page of calls.")
}

pub(crate) fn show() -> Spec {
    Spec::of("Read a call")
        .says("With `If-None-Match` and the ETag of an earlier answer, a call that has not changed is answered with 304.")
        .path(&[CALL])
        .head(Field::new("If-None-Match", Kind::Text, "The ETag of what you have."))
        .answers::<CallJson<'_>>(StatusCode::OK, "The call.")
        .with_headers(&["ETag"])
        .answers_nothing(StatusCode::NOT_MODIFIED, "It is as you have it.")
        .with_headers(&["ETag"])
        .fails(&[Code::HistoryUnavailable])
}

pub(crate) fn turns() -> Spec {
    Spec::of("Read what was asked and answered")
        .path(&[CALL])
        .answers::<TurnsJson<'_>>(
            StatusCode::OK,
            "Questions in order, with answers, transcripts and recordings.",
        )
        .fails(&[Code::HistoryUnavailable])
}

pub(crate) fn events() -> Spec {
    Spec::of("Read a call's history")
        .says("Everything that was heard of it, also what changed nothing and why.")
        .path(&[CALL])
        .answers::<EventsJson<'_>>(StatusCode::OK, "Events in order.")
        .fails(&[Code::HistoryUnavailable])
}
