//! What is said of recordings.

use super::link::LinkJson;
use crate::code::Code;
use crate::openapi::{CALL, Field, Kind, Spec};
use http::StatusCode;

const NUMBER: Field =
    Field::new("n", Kind::Whole(0, 65_535), "Which of the call's recordings, from 0.").needed().such_as("0");

const FOR_SECS: Field =
    Field::new("for_secs", Kind::Whole(10, 86_400), "For how many seconds it is good; 600 unless said.")
        .or_blank();

pub(crate) fn link() -> Spec {
    Spec::of("Make a link to a recording")
        .says("For players and people without a key: the link opens this recording for a while, in whole or in part, as long as the key that made it opens anything.")
        .path(&[CALL, NUMBER])
        .query(&[FOR_SECS])
        .answers::<LinkJson>(StatusCode::CREATED, "The link.")
        .fails(&[Code::HistoryUnavailable, Code::RecordingRemoved])
}

pub(crate) fn recording() -> Spec {
    Spec::of("Hear a recording")
        .path(&[CALL, NUMBER])
        .head(Field::new("Range", Kind::Text, "Which bytes, such as `bytes=0-1023`."))
        .head(Field::new("If-None-Match", Kind::Text, "The ETag of what you have."))
        .answers_file(StatusCode::OK, "The whole recording.", &["audio/wav"])
        .with_headers(&["ETag"])
        .answers_file(StatusCode::PARTIAL_CONTENT, "The wanted part.", &["audio/wav"])
        .with_headers(&["ETag", "Content-Range"])
        .answers_nothing(StatusCode::NOT_MODIFIED, "It is as you have it.")
        .with_headers(&["ETag"])
        .fails(&[
            Code::RangeNotSatisfiable,
            Code::HistoryUnavailable,
            Code::RecordingsAway,
            Code::RecordingRemoved,
        ])
}
