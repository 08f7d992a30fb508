//! What is said of jobs and leads.

use super::{EnqueuedJson, JobViewJson, JobsJson, LeadsJson, PEOPLE_MAX};
use crate::code::Code;
use crate::openapi::{Body, CAMPAIGN, Field, JOB, Kind, QUEUE, Spec};
use http::StatusCode;

/// What can be said of a person.
pub(crate) const PERSON: [Field; 7] = [
    Field::new("to", Kind::Text, "Their number.")
        .needed()
        .or(&["number", "phone"])
        .such_as("\"+15550100123\""),
    Field::new("name", Kind::Text, "Their name.").such_as("\"Ann\""),
    Field::new("zone", Kind::Text, "Their time zone, where the number does not tell it.")
        .such_as("\"Europe/Berlin\""),
    Field::new("variables", Kind::Texts, "What the script speaks of."),
    Field::new("priority", Kind::Word(&["high", "default", "low"]), "How urgent it is."),
    Field::new("dedup_key", Kind::Text, "While a job of this key is open, there is no second."),
    Field::new("not_before", Kind::Time, "Not called before."),
];

const PEOPLE: &[Field] = &[Field::new("people", Kind::People(&PERSON, PEOPLE_MAX as u64), "Whom to reach.")
    .needed()
    .or(&["leads"])
    .such_as(r#"[{"to": "+15550100123", "name": "Ann"}]"#)];

const LIMIT: Field = Field::new("limit", Kind::Whole(1, 1_000), "How many at most.");
const CURSOR: Field = Field::new("cursor", Kind::Text, "What came as `next_cursor` with the page before.");
const BUCKETS: Field = Field::new(
    "bucket",
    Kind::Word(&["waiting", "in_progress", "completed", "failed", "skipped", "canceled", "parked"]),
    "Only jobs that stand so.",
);

pub(crate) fn add() -> Spec {
    Spec::of("Put people into a campaign")
        .path(&[CAMPAIGN])
        .takes(Body::Fields(PEOPLE))
        .answers::<EnqueuedJson>(
            StatusCode::CREATED,
            "Who is in the queue now, and who was left out and why.",
        )
        .fails(QUEUE)
        .fails(&[Code::NotNow, Code::Conflict])
}

pub(crate) fn list() -> Spec {
    Spec::of("List a campaign's jobs")
        .path(&[CAMPAIGN])
        .query(&[BUCKETS, LIMIT, CURSOR])
        .answers::<JobsJson<'_>>(StatusCode::OK, "A page of jobs.")
        .fails(QUEUE)
        .fails(&[Code::InvalidField])
}

pub(crate) fn show() -> Spec {
    Spec::of("Read a job: its dials, and why it is not being dialed now")
        .path(&[JOB])
        .answers::<JobViewJson<'_>>(
            StatusCode::OK,
            "The job; `gate` says what is closed at this moment, in the reader's language.",
        )
        .fails(QUEUE)
}

pub(crate) fn cancel() -> Spec {
    changes("Cancel a job")
}

pub(crate) fn retry() -> Spec {
    changes("Let a job that was set aside wait for its turn again")
}

fn changes(summary: &'static str) -> Spec {
    Spec::of(summary)
        .path(&[JOB])
        .answers::<JobViewJson<'_>>(StatusCode::OK, "The job.")
        .fails(QUEUE)
        .fails(&[Code::NotNow, Code::Conflict, Code::InvalidField])
}

pub(crate) fn leads() -> Spec {
    Spec::of("List the people of all campaigns")
        .query(&[LIMIT, CURSOR])
        .answers::<LeadsJson<'_>>(StatusCode::OK, "A page of people.")
        .fails(QUEUE)
}
