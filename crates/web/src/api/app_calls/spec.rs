//! What is said of calls between users of an app.

use super::{CallJson, IceServersJson, TakingPart};
use crate::code::Code;
use crate::live::ticket::TicketJson;
use crate::openapi::{Body, CALL, Field, JOURNAL, Kind, Spec};
use http::StatusCode;

const DEVICE: Field = Field::new(
    "device_id",
    Kind::Short(64),
    "The device that speaks: the one of its socket. If left out, the first one that says something in the call.",
);
const INITIATE: &[Field] = &[
    Field::new("receiver_id", Kind::Short(128), "Whom to call: the `sub` of their tokens.")
        .needed()
        .such_as("\"bob\""),
    Field::new(
        "call_type",
        Kind::Word(&["voice", "video", "audio"]),
        "What to exchange; voice, if left out.",
    ),
    Field::new("conversation_id", Kind::Short(128), "The conversation it belongs to in your app."),
    DEVICE,
    Field::new("ring_timeout_secs", Kind::Whole(5, 180), "How long it may ring; as set, if left out."),
];
pub(crate) const ONE_DEVICE: &[Field] = &[DEVICE];

pub(crate) fn initiate() -> Spec {
    Spec::of("Call another user")
        .says(
            "With a token of a user (`docs/app-calls.md`), not with a key. Every device of the receiver rings. If they call at the \
             same moment, theirs is accepted and answered here, with `is_duplicate`. Who is in another call is not rung: the call \
             is `busy`.",
        )
        .takes(Body::Fields(INITIATE))
        .idempotent()
        .answers::<TakingPart<'_>>(StatusCode::CREATED, "The call.")
        .with_headers(&["Location"])
        .fails(&[Code::Forbidden, Code::KeyInFlight, Code::KeyReused, Code::Closed, Code::HistoryUnavailable])
        .fails(&[Code::MayNotCall, Code::NotFound, Code::AnsweredElsewhere, Code::TooManyCalls])
        .fails(JOURNAL)
}

pub(crate) fn accept() -> Spec {
    Spec::of("Accept a call")
        .says("The first device wins; others are answered 409. With a token of a user, not with a key.")
        .path(&[CALL])
        .takes(Body::Optional(ONE_DEVICE))
        .answers::<TakingPart<'_>>(StatusCode::OK, "The call, which is answered.")
        .fails(&[Code::Forbidden, Code::AnsweredElsewhere, Code::AlreadyOver, Code::HistoryUnavailable])
        .fails(JOURNAL)
}

pub(crate) fn reject() -> Spec {
    Spec::of("Reject a call")
        .says(
            "It is over, for all devices of the receiver; where `app_calls.when_rejected` is `silence`, the device that is named stops \
             ringing and the others go on. With a token of a user (`docs/app-calls.md`), not with a key.",
        )
        .path(&[CALL])
        .takes(Body::Optional(ONE_DEVICE))
        .answers::<CallJson<'_>>(StatusCode::OK, "The call.")
        .fails(&[Code::Forbidden, Code::NotNow, Code::AlreadyOver, Code::HistoryUnavailable])
        .fails(JOURNAL)
}

pub(crate) fn ticket() -> Spec {
    Spec::of("Get a ticket for one socket")
        .says("`/ws?token=TICKET` opens one socket, once, within a minute, for as long as the token is good that bought it. With a \
               token of a user, not with a key.")
        .answers::<TicketJson>(StatusCode::CREATED, "The ticket.")
        .fails(&[Code::Forbidden])
}

pub(crate) fn ice_servers() -> Spec {
    Spec::of("List STUN and TURN servers")
        .says("As `RTCPeerConnection` takes them. The credentials run out: ask again before `expires_at`.")
        .answers::<IceServersJson<'_>>(StatusCode::OK, "The servers.")
}
