//! What is said of results.

use super::ResultsJson;
use crate::openapi::{Field, Kind, QUEUE, Spec};
use http::StatusCode;

const OF: [Field; 2] = [
    Field::new("script", Kind::Short(200), "Everybody who was asked by this script."),
    Field::new("campaign", Kind::Id, "Everybody in this campaign, called or not."),
];
const PAGED: &[Field] = &[
    OF[0],
    OF[1],
    Field::new("limit", Kind::Whole(1, 500), "How many people at most."),
    Field::new("cursor", Kind::Text, "What came as `next` with the page before."),
];
const WHOSE: &str = "Say one of `script` and `campaign`.";
const TABLE: &str = "Say one of `script` and `campaign`. A cell is what the answer means, else its words, else the keys, else the \
                     address of its recording. No cell is taken for a formula.";

pub(crate) fn page() -> Spec {
    Spec::of("Read what people answered: one row a person, one column a question")
        .says(WHOSE)
        .query(PAGED)
        .answers::<ResultsJson<'_>>(
            StatusCode::OK,
            "A page of people; of several answers to a question the last one.",
        )
        .fails(QUEUE)
        .fails(&[crate::code::Code::NotFound, crate::code::Code::NotNow])
}

pub(crate) fn csv() -> Spec {
    table("Have what people answered as CSV", &["text/csv"])
}

pub(crate) fn xlsx() -> Spec {
    table(
        "Have what people answered as a workbook",
        &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
    )
}

fn table(summary: &'static str, forms: &'static [&'static str]) -> Spec {
    Spec::of(summary)
        .says(TABLE)
        .query(&OF)
        .answers_file(StatusCode::OK, "The file.", forms)
        .with_headers(&["Content-Disposition"])
        .fails(QUEUE)
        .fails(&[crate::code::Code::NotFound, crate::code::Code::NotNow])
}
