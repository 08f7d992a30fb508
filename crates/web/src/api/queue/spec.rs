//! What is said of the queue and of plans.

use super::{PlanJson, StatsJson};
use crate::code::Code;
use crate::openapi::{CAMPAIGN, Field, Kind, QUEUE, Spec};
use http::StatusCode;

const ASSUMED: &[Field] = &[
    Field::new("start", Kind::Time, "When it starts; now if left out."),
    Field::new(
        "answered",
        Kind::Share,
        "The share of attempts that a person answers; with the others at most 1.",
    )
    .such_as("0.4"),
    Field::new("machine", Kind::Share, "The share that a machine answers.").such_as("0.2"),
    Field::new("busy", Kind::Share, "The share that is busy.").such_as("0.05"),
    Field::new("talk_secs", Kind::Whole(1, 14_400), "How long a conversation takes."),
    Field::new("ring_secs", Kind::Whole(1, 14_400), "How long it rings before an answer."),
    Field::new("seed", Kind::Whole(0, u64::MAX), "What chance is drawn from."),
];

pub(crate) fn stats() -> Spec {
    Spec::of("Read how the queue is")
        .answers::<StatsJson>(StatusCode::OK, "How many wait, where and since when.")
        .fails(QUEUE)
}

pub(crate) fn plan() -> Spec {
    Spec::of("Foresee a campaign")
        .says("It is played through in virtual time; the same question gets the same answer.")
        .path(&[CAMPAIGN])
        .query(ASSUMED)
        .answers::<PlanJson<'_>>(StatusCode::OK, "What would become of it.")
        .fails(QUEUE)
        .fails(&[Code::InvalidField, Code::NotNow])
}
