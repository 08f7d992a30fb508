//! What is said of single jobs.

use crate::api::jobs::{JobViewJson, spec::PERSON};
use crate::code::Code;
use crate::openapi::{Body, Field, Kind, QUEUE, Spec};
use http::StatusCode;

const SINGLE: &[Field] = &[
    PERSON[0],
    PERSON[1],
    PERSON[2],
    PERSON[3],
    PERSON[4],
    PERSON[5],
    PERSON[6],
    Field::new("campaign_id", Kind::Text, "Of which campaign; without one, a script is called with.")
        .or(&["campaign"]),
    Field::new(
        "script",
        Kind::Text,
        "What is asked, where there is no campaign; needed where there are several.",
    ),
    Field::new(
        "bot",
        Kind::Text,
        "Which bot talks, where there is no campaign; `script` is then what goes on when it can't.",
    ),
    Field::new("from", Kind::Text, "The number that is shown; the server's own if left out.")
        .or(&["from_number"]),
];

pub(crate) fn add() -> Spec {
    Spec::of("Put one person into the queue")
        .takes(Body::Fields(SINGLE))
        .answers::<JobViewJson<'_>>(StatusCode::CREATED, "The job, new.")
        .with_headers(&["Location"])
        .answers::<JobViewJson<'_>>(StatusCode::OK, "The job that was there.")
        .with_headers(&["Location"])
        .fails(QUEUE)
        .fails(&[Code::NotFound, Code::Suppressed, Code::NotNow, Code::Conflict])
}
