//! What is said of analytics.

use super::AnalyticsJson;
use crate::code::Code;
use crate::openapi::{Field, Kind, Spec};
use http::StatusCode;

const ASKED: &[Field] = &[
    Field::new("since", Kind::Day, "The first day; thirty days before `until` if left out.").or_blank(),
    Field::new("until", Kind::Day, "The day after the last one; tomorrow if left out.").or_blank(),
    Field::new(
        "by",
        Kind::Word(&["day", "carrier", "campaign", "script"]),
        "What sums are told apart by; day if left out.",
    )
    .or_blank(),
    Field::new("carrier", Kind::Text, "Only calls through this carrier, such as `twilio`."),
    Field::new("campaign", Kind::Id, "Only calls of this campaign.").or_blank(),
    Field::new("script", Kind::Text, "Only calls with this script."),
];
const DAYS: &str = "Calls count on the day they were created, in UTC, as what they are now. The sums are kept as calls change and \
                    do not slow down with history.";

pub(crate) fn show() -> Spec {
    Spec::of("Read what calls came to: counts, answer rate, lengths, ends, and how far people came")
        .says(DAYS)
        .query(ASKED)
        .answers::<AnalyticsJson>(StatusCode::OK, "The sums.")
        .fails(&[Code::HistoryUnavailable])
}

pub(crate) fn csv() -> Spec {
    Spec::of("Have what calls came to as CSV")
        .says(DAYS)
        .query(ASKED)
        .answers_file(StatusCode::OK, "The file.", &["text/csv"])
        .with_headers(&["Content-Disposition"])
        .fails(&[Code::HistoryUnavailable])
}
