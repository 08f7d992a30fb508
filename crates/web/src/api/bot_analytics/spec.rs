//! What is said of the analytics of bots.

use super::BotAnalyticsJson;
use crate::code::Code;
use crate::openapi::{Field, Kind, Spec};
use http::StatusCode;

const ASKED: &[Field] = &[
    Field::new("since", Kind::Day, "The first day; thirty days before `until` if left out.").or_blank(),
    Field::new("until", Kind::Day, "The day after the last one; tomorrow if left out.").or_blank(),
    Field::new(
        "by",
        Kind::Word(&["bot", "day", "campaign"]),
        "What sums are told apart by; bot if left out.",
    )
    .or_blank(),
    Field::new("campaign", Kind::Id, "Only calls of this campaign.").or_blank(),
    Field::new("bot", Kind::Text, "Only calls with this bot."),
];
const SUMS: &str = "Calls count on the day they were created, in UTC, as what they are now. A cost that is not known is counted \
                    in `calls_without_cost`, and never taken for nothing.";

pub(crate) fn show() -> Spec {
    Spec::of("Read what calls with bots came to: outcomes, waits for answers, tokens and their cost")
        .says(SUMS)
        .query(ASKED)
        .answers::<BotAnalyticsJson>(StatusCode::OK, "The sums.")
        .fails(&[Code::HistoryUnavailable])
}

pub(crate) fn csv() -> Spec {
    Spec::of("Have what calls with bots came to as CSV")
        .says(SUMS)
        .query(ASKED)
        .answers_file(StatusCode::OK, "The file.", &["text/csv"])
        .with_headers(&["Content-Disposition"])
        .fails(&[Code::HistoryUnavailable])
}
