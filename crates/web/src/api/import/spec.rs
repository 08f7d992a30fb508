//! What is said of taking over calls.

use super::{ImportedJson, ROWS_MAX};
use crate::openapi::{Body, Field, JOURNAL, Kind, Spec};
use http::StatusCode;

const ROWS: &[Field] =
    &[Field::new("calls", Kind::Rows(ROWS_MAX as u64), "Each with `call_id`, `session_id` and `provider`, and perhaps `status`, `direction`, `from_number`, `to_number`, `created_at`, `answered_at`, `ended_at`, `metadata`; what has no place of its own is kept as metadata.")
        .needed()
        .such_as(r#"[{"call_id": "CA17", "session_id": "session-1", "provider": "twilio", "status": "completed"}]"#)];

pub(crate) fn import() -> Spec {
    Spec::of("Take over calls that were kept elsewhere")
        .says("Each row is taken or told why not; the same rows can be sent again.")
        .takes(Body::Fields(ROWS))
        .answers::<ImportedJson>(StatusCode::OK, "What became of each row.")
        .fails(JOURNAL)
}
