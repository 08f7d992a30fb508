//! What is said of calls that clients carry themselves.

use super::{ReportedJson, SessionJson};
use crate::api::call_json::CallJson;
use crate::code::Code;
use crate::openapi::{Body, CALL, Field, JOURNAL, Kind, Spec};
use http::StatusCode;
use trunkline_core::call::Status;

const SESSION: Field = Field::new("sid", Kind::Short(255), "The conversation, by the client's own name.")
    .needed()
    .such_as("\"session-1\"");

pub(crate) const REGISTRATION: &[Field] = &[
    Field::new("call_id", Kind::Text, "The call's id in your software.").needed().such_as("\"CA17\""),
    Field::new("session_id", Kind::Text, "The conversation it belongs to.").needed().such_as("\"session-1\""),
    Field::new("provider", Kind::Text, "Through whom it goes.")
        .needed()
        .or(&["carrier"])
        .such_as("\"twilio\""),
    Field::new(
        "direction",
        Kind::Text,
        "`inbound` or `outbound`; what begins with `outbound-` is understood.",
    ),
    Field::new("from_number", Kind::Text, "Who calls.").or(&["from"]),
    Field::new("to_number", Kind::Text, "Who is called.").or(&["to"]),
    Field::new("metadata", Kind::Object, "Anything of yours, kept with the call."),
];

const EVENT_ID: Field =
    Field::new("event_id", Kind::Short(255), "Your name of what you say: said twice, it counts once.");

const REPORT: &[Field] = &[
    Field::new(
        "status",
        Kind::Word(&Status::WORDS),
        "Where the call is; upper and lower case mean the same.",
    )
    .needed()
    .such_as("\"completed\""),
    Field::new("metadata", Kind::Object, "Keys to set; null removes one."),
    EVENT_ID,
];

const PATCH: &[Field] = &[
    Field::new("metadata", Kind::Object, "Keys to set; null removes one. At least one key.")
        .needed()
        .such_as("{\"crm\": \"18\"}"),
    EVENT_ID,
];

/// What can be in the way of a word about a call.
const IN_THE_WAY: &[Code] =
    &[Code::NotRegistered, Code::RegisteredOtherwise, Code::Closed, Code::HistoryUnavailable];

pub(crate) fn register() -> Spec {
    Spec::of("Have a call kept that you carry yourself")
        .says("The same registration again is the same call.")
        .takes(Body::Fields(REGISTRATION))
        .answers::<CallJson<'_>>(StatusCode::CREATED, "The call, new here.")
        .with_headers(&["Location"])
        .answers::<CallJson<'_>>(StatusCode::OK, "The call, known already.")
        .with_headers(&["Location"])
        .fails(IN_THE_WAY)
        .fails(JOURNAL)
}

pub(crate) fn report() -> Spec {
    Spec::of("Say where a registered call is")
        .says("A word that would move the call backwards changes nothing; `reason` says so.")
        .path(&[CALL])
        .idempotent()
        .takes(Body::Fields(REPORT))
        .answers::<ReportedJson<'_>>(StatusCode::OK, "The call, and whether the word moved it.")
        .fails(IN_THE_WAY)
        .fails(JOURNAL)
}

pub(crate) fn merge() -> Spec {
    Spec::of("Change a call's metadata")
        .path(&[CALL])
        .idempotent()
        .takes(Body::Fields(PATCH))
        .answers::<CallJson<'_>>(StatusCode::OK, "The call.")
        .fails(IN_THE_WAY)
        .fails(JOURNAL)
}

pub(crate) fn unregister() -> Spec {
    Spec::of("Take a registration back")
        .says("Of a call that nobody knows, too, so that it can be repeated.")
        .path(&[CALL])
        .answers_nothing(StatusCode::NO_CONTENT, "It is not registered.")
        .fails(IN_THE_WAY)
        .fails(JOURNAL)
}

pub(crate) fn unregister_session() -> Spec {
    Spec::of("Take back the registrations of a conversation")
        .path(&[SESSION])
        .answers_nothing(StatusCode::NO_CONTENT, "None of its calls is registered.")
        .fails(IN_THE_WAY)
        .fails(JOURNAL)
}

pub(crate) fn session() -> Spec {
    Spec::of("Read which conversation a call belongs to")
        .path(&[CALL])
        .answers::<SessionJson<'_>>(StatusCode::OK, "The conversation.")
        .fails(&[Code::HistoryUnavailable])
}

pub(crate) fn of_session() -> Spec {
    Spec::of("Read the call of a conversation")
        .path(&[SESSION])
        .answers::<CallJson<'_>>(StatusCode::OK, "The call.")
        .fails(&[Code::HistoryUnavailable])
}
