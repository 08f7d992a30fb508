//! What is said of placing and ending calls.

use crate::api::call_json::CallJson;
use crate::code::Code;
use crate::openapi::{Body, CALL, Field, JOURNAL, Kind, Spec};
use http::StatusCode;

const ORDER: &[Field] = &[
    Field::new("to", Kind::Text, "Whom to call: E.164, or as dialed in the server's country.")
        .needed()
        .or(&["to_number"])
        .such_as("\"+15550100123\""),
    Field::new("from", Kind::Text, "The number that is shown; the server's own if left out.")
        .or(&["from_number"]),
    Field::new(
        "script",
        Kind::Text,
        "What is asked, as `GET /api/scripts` lists it; needed where there are several.",
    ),
    Field::new(
        "bot",
        Kind::Text,
        "The bot that talks, as `GET /api/bots` lists it; the script is then what goes on if it can't. \
         `metadata.appointment_id` says what it is about; the next appointment of the number if left out.",
    ),
    Field::new(
        "stream_url",
        Kind::Text,
        "A WebSocket of yours (`wss://`): the carrier opens a media stream to it when the call is answered, and the person \
         talks with your software. When it closes, the call ends, or goes on with the `script` that is named beside it.",
    )
    .such_as("\"wss://media.example.com/in\""),
    Field::new("name", Kind::Text, "The person's name, for the script to speak.").such_as("\"Ann\""),
    Field::new("variables", Kind::Texts, "What else the script speaks of.").such_as("{\"day\": \"Tuesday\"}"),
    Field::new("metadata", Kind::Object, "Anything of yours, kept with the call.")
        .such_as("{\"crm\": \"17\"}"),
    Field::new("session_id", Kind::Text, "The conversation it belongs to, by your name."),
    Field::new("ring_timeout_secs", Kind::Whole(0, 4_294_967_295), "How long it may ring."),
    Field::new("time_limit_secs", Kind::Whole(0, 4_294_967_295), "How long it may last."),
    Field::new("not_before", Kind::Time, "Not dialed before."),
    Field::new("carrier", Kind::Text, "The carrier to ask first, by its name; one of the configured ones. With two, the server chooses where none is named.").or(&["provider"]),
    Field::new("record", Kind::Yes, "Answers are recorded where the script says so; `false` is refused."),
    Field::new("priority", Kind::Number, "Taken and not used: single calls are dialed in order."),
];

pub(crate) fn place() -> Spec {
    Spec::of("Place a call")
        .says("The call exists, durably, when the answer comes; it is dialed as soon as gates allow.")
        .idempotent()
        .takes(Body::Fields(ORDER))
        .answers::<CallJson<'_>>(
            StatusCode::ACCEPTED,
            "The call; `is_duplicate` if the key had placed it before.",
        )
        .with_headers(&["Location"])
        .fails(&[Code::Suppressed, Code::KeyInFlight, Code::KeyReused, Code::Closed])
        .fails(JOURNAL)
}

pub(crate) fn end() -> Spec {
    Spec::of("End a call")
        .says("A user of an app may end their own calls, by their own token: such a call is over with the answer.")
        .path(&[CALL])
        .takes(Body::Optional(crate::api::app_calls::spec::ONE_DEVICE))
        .answers::<CallJson<'_>>(StatusCode::OK, "The call between users, which is over.")
        .answers::<CallJson<'_>>(StatusCode::ACCEPTED, "The call, which ends as soon as the carrier says so.")
        .fails(&[Code::AlreadyOver, Code::AnsweredElsewhere, Code::HistoryUnavailable])
        .fails(JOURNAL)
}
