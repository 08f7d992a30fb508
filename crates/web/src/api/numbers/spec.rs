//! What is said of numbers.

use super::{NumberJson, NumbersJson};
use crate::code::Code;
use crate::openapi::{Body, Field, Kind, Spec, TENANCY, id};
use http::StatusCode;

const WHOSE: Field = Field::new("tenant", Kind::Text, "Whose; all that you know of, if left out.");
const NUMBER: Field = id("number", "The number, in E.164.", "\"+15005550007\"");
const ANSWERING: &[Field] = &[
    Field::new("script", Kind::Text, "The script that answers, as `GET /api/scripts` lists them; this or `forward`.")
        .such_as("\"questions\""),
    Field::new("forward", Kind::Text, "The number that callers are put through to, instead of a script."),
    Field::new("bot", Kind::Text, "The bot that answers, instead of a script."),
    Field::new("label", Kind::Text, "What people call it.").such_as("\"Front desk\""),
    Field::new("opening_hours", Kind::Object, "When it is open, by the wall clock of one zone; always if left out.").such_as(
        "{\"zone\": \"Europe/London\", \"hours\": [{\"days\": [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"], \
         \"from\": \"09:00\", \"to\": \"17:00\"}], \"holidays\": [\"2026-12-25\"]}",
    ),
    Field::new(
        "after_hours",
        Kind::Object,
        "What answers while it is closed, or where nobody takes a forwarded call: a `message`, in a `language`, a `script`, or both; a sentence that says so, if left out.",
    )
    .such_as("{\"message\": \"We are closed. Please call on a working day.\", \"language\": \"en-GB\"}"),
    Field::new("tenant", Kind::Text, "Whose it is to be; your own, or as it was, if left out."),
];

pub(crate) fn list() -> Spec {
    Spec::of("List numbers")
        .says("Those of the settings first, then those that were set here.")
        .query(&[WHOSE])
        .answers::<NumbersJson<'_>>(StatusCode::OK, "Numbers.")
        .fails(&[Code::Forbidden, Code::NotFound])
}

pub(crate) fn show() -> Spec {
    Spec::of("Show a number")
        .says("With `If-None-Match` and the ETag of an earlier answer, a number that has not changed is answered with 304.")
        .path(const { &[NUMBER] })
        .head(Field::new("If-None-Match", Kind::Text, "The ETag of what you have."))
        .answers::<NumberJson<'_>>(StatusCode::OK, "The number.")
        .with_headers(&["ETag"])
        .answers_nothing(StatusCode::NOT_MODIFIED, "It is as you have it.")
        .with_headers(&["ETag"])
}

pub(crate) fn set() -> Spec {
    Spec::of("Say what answers a number")
        .says("All of it: what is left out is no more. Calls that come in within a second, on every server, are answered so.")
        .path(const { &[NUMBER] })
        .takes(Body::Fields(ANSWERING))
        .answers::<NumberJson<'_>>(StatusCode::OK, "The number, which was yours before.")
        .answers::<NumberJson<'_>>(StatusCode::CREATED, "The number, which was nobody's.")
        .fails(TENANCY)
        .fails(&[Code::Taken, Code::InSettings, Code::Conflict])
}

pub(crate) fn remove() -> Spec {
    Spec::of("Take a number back")
        .says("Its calls are nobody's from now on, or whose the settings say.")
        .path(const { &[NUMBER] })
        .answers_nothing(StatusCode::NO_CONTENT, "It is taken back.")
        .fails(TENANCY)
        .fails(&[Code::InSettings, Code::Conflict])
}
