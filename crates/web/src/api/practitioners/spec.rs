//! What is said of practitioners.

use super::{PractitionerJson, PractitionersJson};
use crate::code::Code;
use crate::openapi::{Body, Field, Kind, QUEUE, Spec};
use http::StatusCode;

const PRACTITIONER: Field = Field::new("id", Kind::Id, "The practitioner.")
    .needed()
    .such_as("\"0199b2a4-7c6e-7000-8000-000000000007\"");
const NAME: Field = Field::new("name", Kind::Short(100), "What people call them; it stays as it is.")
    .needed()
    .such_as("\"Dr Levi\"");
const HOURS: Field = Field::new(
    "hours",
    Kind::Object,
    "When appointments begin and end, by the wall clock of one zone.",
)
.such_as(
    "{\"zone\": \"Asia/Jerusalem\", \"hours\": [{\"days\": [\"sun\", \"mon\", \"tue\", \"wed\", \"thu\"], \
         \"from\": \"09:00\", \"to\": \"17:00\"}], \"holidays\": [\"2026-09-12\"]}",
);
const SLOT: Field =
    Field::new("slot_minutes", Kind::Whole(5, 480), "How long an appointment is.").such_as("30");

pub(crate) fn list() -> Spec {
    Spec::of("List practitioners")
        .answers::<PractitionersJson<'_>>(StatusCode::OK, "Practitioners, in the order of their names.")
        .fails(QUEUE)
}

pub(crate) fn show() -> Spec {
    Spec::of("Read a practitioner")
        .path(&[PRACTITIONER])
        .answers::<PractitionerJson<'_>>(StatusCode::OK, "The practitioner.")
        .fails(QUEUE)
}

pub(crate) fn add() -> Spec {
    Spec::of("Add a practitioner")
        .takes(Body::Fields(const { &[NAME, HOURS.needed(), SLOT] }))
        .answers::<PractitionerJson<'_>>(StatusCode::CREATED, "The practitioner.")
        .fails(QUEUE)
        .fails(&[Code::Taken])
}

pub(crate) fn change() -> Spec {
    Spec::of("Change a practitioner's hours")
        .says("The fields that are given are changed. Appointments that were made stay.")
        .path(&[PRACTITIONER])
        .takes(Body::Fields(const { &[HOURS, SLOT] }))
        .answers::<PractitionerJson<'_>>(StatusCode::OK, "The practitioner.")
        .fails(QUEUE)
        .fails(&[Code::Conflict])
}

pub(crate) fn remove() -> Spec {
    Spec::of("Remove a practitioner")
        .says("Nobody gets a time with them any more. Appointments that were made stay.")
        .path(&[PRACTITIONER])
        .answers_nothing(StatusCode::NO_CONTENT, "They are gone.")
        .fails(QUEUE)
}
