//! What is said of call-backs.

use crate::api::jobs::JobViewJson;
use crate::code::Code;
use crate::openapi::{Body, Field, JOB, Kind, QUEUE, Spec};
use http::StatusCode;

const WHEN: &[Field] =
    &[Field::new("at", Kind::Time, "When the person asked to be called: from now to a year ahead.")
        .needed()
        .such_as("\"2027-01-31T12:00:00Z\"")];

pub(crate) fn promise() -> Spec {
    Spec::of("Call a person back at a time they asked for")
        .says("The time counts before any delay between tries; hours, suppressions and every other gate hold all the same.")
        .path(&[JOB])
        .takes(Body::Fields(WHEN))
        .answers::<JobViewJson<'_>>(StatusCode::OK, "The job.")
        .fails(QUEUE)
        .fails(&[Code::NotNow, Code::Suppressed, Code::Conflict])
}
