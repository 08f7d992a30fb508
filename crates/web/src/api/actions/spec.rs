//! What is said of holding, resuming and transferring a live call.

use crate::api::call_json::CallJson;
use crate::code::Code;
use crate::openapi::{Body, CALL, Field, JOURNAL, Kind, Spec};
use http::StatusCode;

const TRANSFER: &[Field] = &[
    Field::new("to", Kind::Text, "Whom to call: E.164, or as dialed in the server's country.")
        .needed()
        .or(&["to_number"])
        .such_as("\"+15550100123\""),
    Field::new(
        "ring_timeout_secs",
        Kind::Whole(0, 4_294_967_295),
        "How long it may ring; as the call itself, if left out.",
    ),
    Field::new(
        "mode",
        Kind::Word(&["blind", "attended"]),
        "`attended`: whoever picks up is asked first, and takes the call by a key. `blind` if left out.",
    ),
];

pub(crate) fn hold() -> Spec {
    action("Put a call on hold")
        .says("The person waits and hears music, or words. The call is `on_hold` when the carrier plays them, and goes on by itself after `limits.hold_secs`.")
}

pub(crate) fn resume() -> Spec {
    action("Let a call on hold go on")
        .says("The script goes on where it stood: the question that was open is asked again from the top, and answers that were given are kept.")
}

pub(crate) fn transfer() -> Spec {
    action("Hand a call to somebody else")
        .says(
            "Blind: the person is put through as soon as the other answers, and the script is done with; `legs` shows both. \
             Attended: the other hears who is on the line and takes the call by pressing 1 or declines by pressing 2; the person \
             hears it ring meanwhile. If nobody takes it the person hears so, and the script goes on where it stood. The number \
             must be one that this server may call.",
        )
        .takes(Body::Fields(TRANSFER))
        .fails(&[Code::Suppressed, Code::NoSlot, Code::TooFast])
}

fn action(title: &'static str) -> Spec {
    Spec::of(title)
        .path(&[CALL])
        .idempotent()
        .answers::<CallJson<'_>>(
            StatusCode::ACCEPTED,
            "The call; what was asked happens as soon as the carrier does it.",
        )
        .fails(&[Code::AlreadyOver, Code::NotNow, Code::KeyReused, Code::HistoryUnavailable])
        .fails(JOURNAL)
}
