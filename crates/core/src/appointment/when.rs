//! A time as somebody writes it: with its offset, or by the clock on a wall.

use crate::window::Zone;
use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan};
use std::str::FromStr;

/// When something is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At a time by the clock on the practitioner's wall.
    Wall(DateTime),
    /// At a moment.
    Moment(Timestamp),
    /// Some time on a day.
    Day(Date),
}

/// Nothing that is a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a time such as 2026-01-31T09:30, or 2026-01-31T09:30:00+02:00")]
pub struct NoTime;

impl FromStr for When {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        let text = text.trim();
        // `DateTime` would read a moment too, and forget whose clock it was by.
        let moment = || text.parse().ok().map(Self::Moment);
        let day = || text.parse::<Date>().ok().filter(|_| text.len() == 10).map(Self::Day);
        let wall = || text.parse::<DateTime>().ok().map(Self::Wall);
        moment().or_else(day).or_else(wall).ok_or(NoTime)
    }
}

impl When {
    /// The moment that is meant; of a day its beginning. A time that the clock skips is the one it shows instead.
    pub fn moment(self, zone: &Zone) -> Option<Timestamp> {
        let at = |wall: DateTime| zone.rules().to_ambiguous_timestamp(wall).compatible().ok();
        match self {
            Self::Moment(moment) => Some(moment),
            Self::Wall(wall) => at(wall),
            Self::Day(day) => at(day.to_datetime(jiff::civil::Time::midnight())),
        }
    }

    /// The day that is meant, from its beginning to the next one's.
    pub fn day(self, zone: &Zone) -> Option<(Timestamp, Timestamp)> {
        let day = match self {
            Self::Day(day) => day,
            Self::Wall(wall) => wall.date(),
            Self::Moment(moment) => moment.to_zoned(zone.rules()).date(),
        };
        let next = day.checked_add(1.day()).ok()?;
        Some((Self::Day(day).moment(zone)?, Self::Day(next).moment(zone)?))
    }
}
