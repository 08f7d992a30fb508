//! Opening hours: a week of hours by the clock on one wall, and days on which it stays closed.

use crate::window::{CallingWindow, Hours, Opening, WeekFault, Zone, Zones, check_week};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// The most that one number may list, of hours and of holidays each.
const LISTED_MAX: usize = 400;

/// When a number is open, by the wall clock of one zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpeningHours {
    /// Where its clock hangs: an IANA name.
    pub zone: Zone,
    /// Open at any of these; they don't overlap.
    pub hours: Vec<Hours>,
    /// Days on which it is closed, whatever the hours say.
    #[serde(default)]
    pub holidays: BTreeSet<Date>,
}

/// Hours that can't be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadHours {
    /// Of the week.
    #[error(transparent)]
    Week(#[from] WeekFault),
    /// There are too many.
    #[error("at most {LISTED_MAX} hours and as many holidays")]
    TooMany,
}

impl OpeningHours {
    /// Whether they can be meant.
    ///
    /// # Errors
    /// None at all, of no length on no day, overlapping, too many.
    pub fn check(&self) -> Result<(), BadHours> {
        if self.hours.len() > LISTED_MAX || self.holidays.len() > LISTED_MAX {
            return Err(BadHours::TooMany);
        }
        Ok(check_week(&self.hours)?)
    }

    /// Whether they are open at this moment.
    pub fn are_open(&self, now: Timestamp) -> bool {
        self.window().holds(self.zone.rules().to_datetime(now))
    }

    /// Until when they are open, or when they open.
    pub fn opening(&self, now: Timestamp) -> Opening {
        self.window().open_at(&Zones::only(self.zone.clone()), now)
    }

    fn window(&self) -> CallingWindow {
        CallingWindow { hours: self.hours.clone(), holidays: self.holidays.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Days;
    use jiff::civil::{Weekday, date, time};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hours(zone: &str, from: i8, to: i8) -> OpeningHours {
        OpeningHours {
            zone: zone.parse().unwrap(),
            hours: vec![Hours { days: Days::all(), from: time(from, 0, 0, 0), to: time(to, 0, 0, 0) }],
            holidays: BTreeSet::new(),
        }
    }

    #[test]
    fn the_clock_on_the_wall_decides_and_the_end_is_excluded() {
        let office = hours("Asia/Jerusalem", 9, 17);
        for (when, open) in [
            ("2026-01-15T06:59:59Z", false),
            ("2026-01-15T07:00:00Z", true),
            ("2026-01-15T14:59:59Z", true),
            ("2026-01-15T15:00:00Z", false),
            // In summer the same wall clock is an hour earlier.
            ("2026-07-15T05:59:59Z", false),
            ("2026-07-15T06:00:00Z", true),
        ] {
            assert_eq!(office.are_open(at(when)), open, "{when}");
        }
    }

    #[test]
    fn on_the_night_that_loses_an_hour_hours_within_it_do_not_come() {
        // New York, 8 March 2026: 01:59:59 is followed by 03:00:00.
        let night = hours("America/New_York", 2, 3);
        assert!(!night.are_open(at("2026-03-08T06:59:59Z")) && !night.are_open(at("2026-03-08T07:00:00Z")));
        assert!(night.are_open(at("2026-03-07T07:30:00Z")), "the control: the night before");
        let through = hours("America/New_York", 1, 4);
        assert!(through.are_open(at("2026-03-08T06:59:59Z")) && through.are_open(at("2026-03-08T07:00:00Z")));
        assert!(!through.are_open(at("2026-03-08T08:00:00Z")), "04:00 comes an hour sooner");
    }

    #[test]
    fn on_the_night_that_has_an_hour_twice_it_is_open_both_times() {
        // New York, 1 November 2026: 01:59:59 is followed by 01:00:00.
        let night = hours("America/New_York", 1, 2);
        for (when, open) in [
            ("2026-11-01T04:59:59Z", false),
            ("2026-11-01T05:00:00Z", true),
            ("2026-11-01T05:59:59Z", true),
            ("2026-11-01T06:00:00Z", true),
            ("2026-11-01T06:59:59Z", true),
            ("2026-11-01T07:00:00Z", false),
        ] {
            assert_eq!(night.are_open(at(when)), open, "{when}");
        }
    }

    #[test]
    fn a_holiday_is_closed_and_says_when_it_opens() {
        let mut office = hours("Europe/London", 9, 17);
        office.holidays.insert(date(2026, 12, 25));
        assert!(!office.are_open(at("2026-12-25T12:00:00Z")));
        assert_eq!(office.opening(at("2026-12-25T12:00:00Z")), Opening::OpensAt(at("2026-12-26T09:00:00Z")));
    }

    #[test]
    fn hours_that_can_t_be_meant_are_refused() {
        use Weekday::{Friday, Monday, Sunday, Tuesday};
        let of = |all: &[(&[Weekday], i8, i8)]| {
            let hours = all.iter().map(|(days, from, to)| Hours {
                days: Days::new(days.iter().copied()),
                from: time(*from, 0, 0, 0),
                to: time(*to, 0, 0, 0),
            });
            OpeningHours { zone: Zone::utc(), hours: hours.collect(), holidays: BTreeSet::new() }.check()
        };
        assert_eq!(of(&[(&[Monday], 9, 12), (&[Monday], 12, 17), (&[Tuesday], 22, 2)]), Ok(()));
        assert_eq!(of(&[]), Err(BadHours::Week(WeekFault::Empty)));
        assert_eq!(of(&[(&[], 9, 12)]), Err(BadHours::Week(WeekFault::NoDay)));
        for overlapping in [
            &[(&[Monday, Friday][..], 9, 13), (&[Friday][..], 12, 17)][..],
            // Past midnight into the next day; from Sunday into Monday as well.
            &[(&[Monday][..], 22, 2), (&[Tuesday][..], 1, 5)],
            &[(&[Sunday][..], 22, 2), (&[Monday][..], 0, 5)],
            &[(&[Sunday][..], 0, 0), (&[Sunday][..], 5, 6)],
        ] {
            assert_eq!(of(overlapping), Err(BadHours::Week(WeekFault::Overlap)), "{overlapping:?}");
        }
    }
}
