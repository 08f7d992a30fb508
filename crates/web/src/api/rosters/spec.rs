//! What is said of conversations' members and of who blocks whom.

use super::{BlocksJson, MembersJson};
use crate::code::Code;
use crate::openapi::{Body, Field, JOURNAL, Kind, Spec, id};
use http::StatusCode;

const CONVERSATION: Field = id("id", "The conversation, as calls name it in `conversation_id`.", "\"7\"");
const OTHER: Field = id("user", "The other user: the `sub` of their tokens.", "\"bob\"");
const WHOSE: Field =
    Field::new("user_id", Kind::Short(128), "With a key: whose list. A user's token is about their own.");
const MEMBERS: &[Field] = &[Field::new(
    "members",
    Kind::Rows(1_000),
    "Every user who is in it, by the `sub` of their tokens; 1,000 at most. Nobody else is from now on.",
)
.needed()
.such_as("[\"ann\", \"bob\"]")];

pub(crate) fn members() -> Spec {
    Spec::of("Show who is in a conversation")
        .path(const { &[CONVERSATION] })
        .answers::<MembersJson<'_>>(StatusCode::OK, "Its members.")
        .fails(&[Code::NotFound])
}

pub(crate) fn set_members() -> Spec {
    Spec::of("Say who is in a conversation")
        .says(
            "Only these may open its socket; and where `app_calls.who_may_call` is `conversation`, only these call each other in it. \
             Taken also while the database is away. Calls that ring or are answered go on.",
        )
        .path(const { &[CONVERSATION] })
        .takes(Body::Fields(MEMBERS))
        .answers::<MembersJson<'_>>(StatusCode::OK, "Its members.")
        .fails(&[Code::RosterFull, Code::Conflict])
        .fails(JOURNAL)
}

pub(crate) fn blocks() -> Spec {
    Spec::of("List whom a user blocks")
        .query(&[WHOSE])
        .answers::<BlocksJson<'_>>(StatusCode::OK, "Whom they block.")
}

pub(crate) fn block() -> Spec {
    Spec::of("Block a user")
        .says(
            "Their calls to who blocks them ring nowhere from now on, and to them are calls that nobody takes. Taken also while the \
             database is away. A call that rings already goes on.",
        )
        .path(const { &[OTHER] })
        .query(&[WHOSE])
        .answers::<BlocksJson<'_>>(StatusCode::OK, "Whom they block now.")
        .fails(&[Code::RosterFull, Code::Conflict])
        .fails(JOURNAL)
}

pub(crate) fn unblock() -> Spec {
    Spec::of("Unblock a user")
        .path(const { &[OTHER] })
        .query(&[WHOSE])
        .answers_nothing(StatusCode::NO_CONTENT, "They are not blocked.")
        .fails(&[Code::Conflict])
        .fails(JOURNAL)
}
