//! What is said of lists as files.

use crate::code::Code;
use crate::openapi::{Body, CAMPAIGN, Field, JOURNAL, Kind, QUEUE, Spec};
use http::StatusCode;
use trunkline_engine::ListReport;
use trunkline_engine::exchange::people::Encoding;

const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const READ: &[&str] = &["text/csv", "application/json", SHEET];
const WRITTEN: &[&str] = &["text/csv", "application/json", SHEET];
const COLUMNS: &str = "The body is the file. `column.phone=Mobile` names a column that was guessed wrong.";

const ASKED: &[Field] = &[
    Field::new("dry_run", Kind::Flag, "`true`: nothing is written."),
    Field::new("country", Kind::Letters(2), "Whose national numbers are meant: two letters.")
        .such_as("\"US\""),
    Field::new("encoding", Kind::Word(&Encoding::WORDS), "What CSV is written in, where it is not UTF-8."),
];
const WITH_REASON: &[Field] =
    &[ASKED[0], ASKED[1], ASKED[2], Field::new("reason", Kind::Text, "Why, for who reads the list.")];
const FORM: &[Field] = &[Field::new(
    "format",
    Kind::Word(&["csv", "xlsx", "json"]),
    "What the file is written in; csv if left out.",
)];
pub(crate) fn import_people() -> Spec {
    takes("Put a list of people into a campaign")
        .path(&[CAMPAIGN])
        .query(ASKED)
        .fails(QUEUE)
        .fails(&[Code::NotNow])
}

pub(crate) fn import_leads() -> Spec {
    takes("Take in a list of people").query(ASKED).fails(QUEUE)
}

pub(crate) fn import_suppressions() -> Spec {
    takes("Never call the numbers of a list").query(WITH_REASON).fails(JOURNAL)
}

fn takes(summary: &'static str) -> Spec {
    Spec::of(summary)
        .says(COLUMNS)
        .takes(Body::File(READ))
        .answers::<ListReport>(StatusCode::OK, "Nothing was added: a dry run, or all were known or left out.")
        .answers::<ListReport>(StatusCode::CREATED, "What came of it; the rows that were left out, with why.")
        .fails(&[Code::InvalidField])
}

pub(crate) fn results() -> Spec {
    file("Have a campaign's results as a file").path(&[CAMPAIGN]).fails(QUEUE)
}

pub(crate) fn export_leads() -> Spec {
    file("Have the people of all campaigns as a file").fails(QUEUE)
}

pub(crate) fn export_suppressions() -> Spec {
    file("Have the numbers never to call as a file")
}

fn file(summary: &'static str) -> Spec {
    Spec::of(summary)
        .query(FORM)
        .answers_file(StatusCode::OK, "The file.", WRITTEN)
        .with_headers(&["Content-Disposition"])
}
