//! How values look to people: times, durations, states.

use super::texts::Texts;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use trunkline_core::call::{Call, CallType, Side, Status};

/// A point in time, for machines and for people, in UTC.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    pub(crate) iso: String,
    /// The day, such as `2026-01-31`.
    pub(crate) day: String,
    /// The time of the day, to the second.
    pub(crate) clock: String,
}

impl Time {
    pub(crate) fn new(at: Timestamp) -> Self {
        let utc = at.to_zoned(TimeZone::UTC);
        Self {
            iso: at.to_string(),
            day: utc.strftime("%Y-%m-%d").to_string(),
            clock: utc.strftime("%H:%M:%S").to_string(),
        }
    }
}

/// `0:41`, `12:05`, `1:02:03`.
pub(crate) fn duration(secs: u32) -> String {
    let (hours, minutes, secs) = (secs / 3_600, secs / 60 % 60, secs % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{secs:02}") } else { format!("{minutes}:{secs:02}") }
}

/// A status as a small coloured word.
#[derive(Clone, Debug)]
pub(crate) struct Pill {
    pub(crate) tone: &'static str,
    pub(crate) text: String,
}

impl Pill {
    pub(crate) fn of(t: Texts, status: Status) -> Self {
        Self { tone: tone(status), text: t.get(&format!("status-{}", status.as_str())) }
    }
}

/// The class that gives a status its colour. Colour only repeats what the word says.
pub(crate) fn tone(status: Status) -> &'static str {
    match status {
        Status::Initiated | Status::Ringing => "is-waiting",
        Status::Answered | Status::OnHold | Status::Transferring => "is-live",
        Status::Completed => "is-good",
        Status::Busy | Status::NoAnswer | Status::Missed | Status::Canceled => "is-soft",
        Status::Failed | Status::Rejected => "is-bad",
    }
}

/// A call as a row of a list.
pub(crate) struct Row {
    pub(crate) href: String,
    pub(crate) name: Option<String>,
    pub(crate) number: String,
    pub(crate) is_inbound: bool,
    /// What users of an app exchange in it, if it is between two.
    pub(crate) exchange: Option<String>,
    pub(crate) pill: Pill,
    pub(crate) script: String,
    pub(crate) answers: usize,
    pub(crate) created: Time,
    pub(crate) duration: Option<String>,
}

impl Row {
    pub(crate) fn of(t: Texts, call: &Call, now: Timestamp) -> Self {
        Self {
            href: format!("/calls/{}", call.id),
            name: name_of(call),
            number: number_of(call),
            is_inbound: call.direction == trunkline_core::call::Direction::Inbound,
            exchange: call.app.as_ref().map(|app| exchange(t, app.call_type)),
            pill: Pill::of(t, call.status()),
            script: call.script.as_ref().map(|script| script.name.clone()).unwrap_or_default(),
            answers: call.answer_count(),
            created: Time::new(call.created_at),
            duration: call.duration_secs().or_else(|| so_far(call, now)).map(duration),
        }
    }
}

/// How long a live call has been connected, in seconds.
fn so_far(call: &Call, now: Timestamp) -> Option<u32> {
    if call.is_over() {
        return None;
    }
    u32::try_from(now.duration_since(call.answered_at()?).as_secs()).ok()
}

/// What users of an app exchange, in words.
pub(crate) fn exchange(t: Texts, what: CallType) -> String {
    t.get(&format!("call-type-{}", what.as_str()))
}

/// The person's number; of a registered call without one, its client's name of the call; of a call between users of an app, both of them.
pub(crate) fn number_of(call: &Call) -> String {
    if call.app.is_some() {
        let user = |side| call.app_user(side).map_or_else(|| "–".to_owned(), |user| brief(user.as_str()));
        return format!("{} → {}", user(Side::Caller), user(Side::Receiver));
    }
    let number = call.party.person(call.direction).as_str();
    let called = call.registered.and(call.leg().carrier_call_id.as_ref()).filter(|_| number.is_empty());
    called.map_or(number, |id| id.as_str()).to_owned()
}

/// As much of an app's name of a user as a row can hold.
fn brief(user: &str) -> String {
    const MOST: usize = 40;
    if user.chars().count() <= MOST {
        user.to_owned()
    } else {
        user.chars().take(MOST).chain(['…']).collect()
    }
}

/// The person's name, if there is one with anything in it.
pub(crate) fn name_of(call: &Call) -> Option<String> {
    let name = call.party.name.as_ref()?.reveal().trim();
    // A name is data: ten thousand characters of it must not fill the page.
    (!name.is_empty()).then(|| name.chars().take(80).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::texts::Language;

    #[test]
    fn durations_read_like_a_clock() {
        assert_eq!(duration(0), "0:00");
        assert_eq!(duration(41), "0:41");
        assert_eq!(duration(725), "12:05");
        assert_eq!(duration(3_723), "1:02:03");
    }

    #[test]
    fn times_are_shown_in_utc() {
        let time = Time::new("2026-01-31T23:59:58.5+02:00".parse().unwrap());
        assert_eq!((time.day.as_str(), time.clock.as_str()), ("2026-01-31", "21:59:58"));
        assert_eq!(time.iso, "2026-01-31T21:59:58.5Z");
    }

    #[test]
    fn every_status_has_a_word_in_every_language() {
        for language in Language::ALL {
            for status in Status::ALL {
                let text = Pill::of(Texts { language }, status).text;
                assert!(!text.starts_with("status-"), "{language:?} {text}");
            }
        }
    }
}
