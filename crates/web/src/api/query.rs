//! The filters of a list of calls, as they stand in an address.

use crate::problem::Problem;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use trunkline_core::call::{Direction, Status};
use trunkline_core::id::AppUserId;
use trunkline_engine::{Query, Scope};

/// Reads the part of an address after `?`. A name we do not know is an error: a misspelled filter would quietly list
/// everything.
pub(crate) fn parse(query: &str) -> Result<Query, Problem> {
    let mut asked = Query::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if value.contains('\0') || name.contains('\0') {
            return Err(Problem::query("query", "must not contain NUL"));
        }
        // What was no text has become this on the way here, and would look for something else.
        if value.contains(char::REPLACEMENT_CHARACTER) || name.contains(char::REPLACEMENT_CHARACTER) {
            return Err(Problem::query("query", "must be UTF-8"));
        }
        if !value.is_empty() {
            set(&mut asked, &name, &value)?;
        }
    }
    Ok(asked)
}

/// The other user whom a user asks about, and the rest of the query.
pub(crate) fn with(query: &str) -> Result<(Option<AppUserId>, String), Problem> {
    let (mut with, mut rest) = (None, form_urlencoded::Serializer::new(String::new()));
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name != "with" {
            rest.append_pair(&name, &value);
        } else if !value.is_empty() {
            let other = AppUserId::parse(&value);
            with = Some(other.ok_or_else(|| Problem::query("with", "a user's id"))?);
        }
    }
    Ok((with, rest.finish()))
}

fn set(query: &mut Query, name: &str, value: &str) -> Result<(), Problem> {
    match name {
        "status" => {
            for word in value.split(',') {
                let status = Status::parse(word).ok_or_else(|| {
                    Problem::query("status", &format!("one of {}", words(&Status::ALL.map(Status::as_str))))
                })?;
                query.statuses.push(status);
            }
        }
        "active" if matches!(value, "true" | "1") => query.active = Scope::Active,
        "active" if matches!(value, "false" | "0") => query.active = Scope::All,
        "active" => return Err(Problem::query("active", "true or false")),
        "direction" => {
            query.direction = Some(match value {
                "inbound" => Direction::Inbound,
                "outbound" => Direction::Outbound,
                _ => return Err(Problem::query("direction", "inbound or outbound")),
            });
        }
        "carrier" | "provider" => query.carrier = Some(value.to_ascii_lowercase()),
        "campaign" | "campaign_id" => {
            let id = value.parse().ok();
            query.campaign = Some(id.ok_or_else(|| Problem::query("campaign", "a campaign's id"))?);
        }
        "number" => query.number = Some(value.to_owned()),
        "search" => query.search = Some(value.to_owned()),
        "since" => query.since = Some(time("since", value)?),
        "until" => query.until = Some(time("until", value)?),
        "cursor" => query.cursor = Some(value.to_owned()),
        "limit" => {
            let limit = value.parse().ok().filter(|limit| (1..=500).contains(limit));
            query.limit = Some(limit.ok_or_else(|| Problem::query("limit", "a whole number from 1 to 500"))?);
        }
        other => match other.strip_prefix("metadata.") {
            Some(key) if !key.is_empty() && query.metadata.len() < 8 => {
                query.metadata.push((key.to_owned(), value.to_owned()));
            }
            Some(_) => return Err(Problem::query("metadata", "at most eight keys, each with a name")),
            None => return Err(Problem::query(other, "there is no such filter")),
        },
    }
    Ok(())
}

/// A time, or a day, which begins at midnight UTC.
fn time(name: &str, value: &str) -> Result<Timestamp, Problem> {
    let day = || value.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    let wrong = || Problem::query(name, "a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31");
    value.parse().ok().or_else(|| Some(day()?.timestamp())).ok_or_else(wrong)
}

fn words(words: &[&str]) -> String {
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_as_people_write_them() {
        let query = parse(
            "status=completed,no-answer&status=in-progress&direction=inbound&number=%2B15550100\
             &search=ann+lee&metadata.crm=17&since=2026-01-31&limit=20&carrier=Twilio&until=",
        )
        .unwrap();
        assert_eq!(query.statuses, [Status::Completed, Status::NoAnswer, Status::Answered]);
        assert_eq!(query.direction, Some(Direction::Inbound));
        assert_eq!(query.number.as_deref(), Some("+15550100"));
        assert_eq!(query.search.as_deref(), Some("ann lee"));
        assert_eq!(query.metadata, [("crm".to_owned(), "17".to_owned())]);
        assert_eq!(query.since, Some("2026-01-31T00:00:00Z".parse().unwrap()));
        assert_eq!(query.until, None);
        assert_eq!(query.limit, Some(20));
        assert_eq!(query.carrier.as_deref(), Some("twilio"));
    }

    #[test]
    fn what_is_no_filter_is_refused_not_ignored() {
        for wrong in [
            "statuss=completed",
            "status=done",
            "limit=0",
            "limit=501",
            "limit=1e3",
            "limit=99999999999999999999",
            "direction=up",
            "active=yes",
            "since=yesterday",
            "search=%00",
            "search=%ff",
            "metadata.=1",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
