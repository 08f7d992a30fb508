//! What is said of webhooks.

use super::{
    AttemptJson, DeliveriesJson, KEEP_SECS, MAX_KEEP_SECS, ReplayedJson, StandingJson, WebhookJson,
    WebhooksJson,
};
use crate::code::Code;
use crate::openapi::{Body, Field, Kind, Spec, WEBHOOKS, id};
use http::StatusCode;
use trunkline_core::outgoing::DeliveryState;
use trunkline_engine::EventName;

const WEBHOOK: Field =
    Field::new("id", Kind::Id, "The webhook.").needed().such_as("\"0199b2a4-7c6e-7000-8000-000000000005\"");
const URL: Field = Field::new("url", Kind::Text, "Where events are sent: https, and on the public internet.")
    .such_as("\"https://crm.example/hooks\"");
const ABOUT: Field = Field::new("description", Kind::Text, "What it is for.").such_as("\"CRM\"");
const TYPES: Field =
    Field::new("types", Kind::Several(&EventName::WORDS), "Only events of these types; all if it is empty.")
        .such_as("[\"call.ended\"]");
const NEW: &[Field] = &[URL.needed(), ABOUT, TYPES];
const CHANGE: &[Field] = &[
    URL,
    ABOUT,
    TYPES,
    Field::new("enabled", Kind::Flag, "Whether anything is sent. What happens meanwhile waits."),
];
const ROTATE: &[Field] = &[Field::new(
    "keep_secs",
    Kind::Whole(0, MAX_KEEP_SECS as u64),
    "For how long the old secret signs as well; a day if left out.",
)
.such_as("86400")];
const REPLAY: &[Field] = &[
    Field::new("since", Kind::Time, "Everything that happened then or later.")
        .such_as("\"2026-01-31T12:00:00Z\""),
    Field::new("after", Kind::Text, "Everything behind the event of this id."),
];
const _: () = assert!(KEEP_SECS == 86_400, "the description of keep_secs says so");

pub(crate) fn list() -> Spec {
    Spec::of("List webhooks").answers::<WebhooksJson<'_>>(StatusCode::OK, "Webhooks.").fails(WEBHOOKS)
}

pub(crate) fn add() -> Spec {
    Spec::of("Have events sent to an address")
        .says("`secret` verifies what is sent: it is told in this answer and never again.")
        .takes(Body::Fields(NEW))
        .answers::<WebhookJson<'_>>(StatusCode::CREATED, "The webhook.")
        .fails(WEBHOOKS)
}

pub(crate) fn show() -> Spec {
    Spec::of("Read a webhook, and how many deliveries stand how")
        .path(&[WEBHOOK])
        .answers::<StandingJson<'_>>(StatusCode::OK, "The webhook.")
        .fails(WEBHOOKS)
}

pub(crate) fn change() -> Spec {
    Spec::of("Change a webhook")
        .says("The fields that are given are changed.")
        .path(&[WEBHOOK])
        .takes(Body::Fields(CHANGE))
        .answers::<WebhookJson<'_>>(StatusCode::OK, "The webhook.")
        .fails(WEBHOOKS)
        .fails(&[Code::Conflict])
}

pub(crate) fn remove() -> Spec {
    Spec::of("Remove a webhook")
        .says("Nothing is sent to it any more, also not what waits.")
        .path(&[WEBHOOK])
        .answers_nothing(StatusCode::NO_CONTENT, "It is gone.")
        .fails(WEBHOOKS)
}

pub(crate) fn rotate() -> Spec {
    Spec::of("Give a webhook a new secret")
        .says("For a while both sign, so that the receiver can change over. `secret` is told in this answer only.")
        .path(&[WEBHOOK])
        .takes(Body::Fields(ROTATE))
        .answers::<WebhookJson<'_>>(StatusCode::OK, "The webhook.")
        .fails(WEBHOOKS)
        .fails(&[Code::Conflict])
}

pub(crate) fn test() -> Spec {
    Spec::of("Send a webhook an event that did not happen")
        .says("It is sent at once, has the type `webhook.test`, and stands in no history.")
        .path(&[WEBHOOK])
        .answers::<AttemptJson>(StatusCode::OK, "What came of it.")
        .fails(WEBHOOKS)
}

pub(crate) fn replay() -> Spec {
    Spec::of("Send everything once more, from a place on")
        .says("Give one of `since` and `after`. The events keep their ids.")
        .path(&[WEBHOOK])
        .takes(Body::Fields(REPLAY))
        .answers::<ReplayedJson>(StatusCode::OK, "How many.")
        .fails(WEBHOOKS)
}

pub(crate) fn deliveries() -> Spec {
    Spec::of("List what was sent to a webhook")
        .path(&[WEBHOOK])
        .query(
            const {
                &[
                    Field::new("state", Kind::Word(&DeliveryState::WORDS), "Only those that stand so."),
                    Field::new("limit", Kind::Whole(1, 200), "How many at most."),
                    Field::new("cursor", Kind::Text, "What came as `next_cursor` with the page before."),
                ]
            },
        )
        .answers::<DeliveriesJson<'_>>(StatusCode::OK, "Deliveries with their attempts, the newest first.")
        .fails(WEBHOOKS)
}

pub(crate) fn retry() -> Spec {
    Spec::of("Send one event once more")
        .path(const { &[WEBHOOK, id("event", "The event.", "\"5f1c09a20000000000000a47\"")] })
        .answers_nothing(StatusCode::ACCEPTED, "It is sent as soon as it can be.")
        .fails(WEBHOOKS)
}
