//! What is said of numbers never to call.

use super::{AddedJson, SuppressionsJson};
use crate::code::Code;
use crate::openapi::{Body, Field, JOURNAL, Kind, Spec};
use http::StatusCode;

const NUMBER: &[Field] = &[
    Field::new("number", Kind::Text, "The number.").needed().such_as("\"+15550100123\""),
    Field::new("reason", Kind::Text, "Why, for who reads the list.").such_as("\"asked by mail\""),
];

pub(crate) fn list() -> Spec {
    Spec::of("List numbers never to call").answers::<SuppressionsJson<'_>>(StatusCode::OK, "All of them.")
}

pub(crate) fn add() -> Spec {
    Spec::of("Never call a number")
        .says("Taken also while the database is away.")
        .takes(Body::Fields(NUMBER))
        .answers::<AddedJson<'_>>(StatusCode::CREATED, "It is on the list.")
        .fails(&[Code::Closed])
        .fails(JOURNAL)
}
