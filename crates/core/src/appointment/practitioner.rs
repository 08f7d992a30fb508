//! With whom appointments are made, at which hours, and which times are free.

use super::cells;
use crate::id::{PractitionerId, TenantId};
use crate::numbers::{BadHours, OpeningHours};
use crate::window::Hours;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Nobody looks further ahead, in days.
const HORIZON_DAYS: i32 = 92;

/// Somebody with whom appointments are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Practitioner {
    /// Our name of them.
    pub id: PractitionerId,
    /// Whose they are.
    pub tenant: TenantId,
    /// What people call them; no two of a tenant have one name.
    pub name: String,
    /// When appointments begin and end.
    pub hours: OpeningHours,
    /// How long an appointment is, unless it says otherwise.
    pub slot_minutes: u16,
    /// Counted up with every change.
    pub version: u64,
}

/// The cells of somebody's time that are taken.
pub type Taken = BTreeSet<i64>;

/// What is asked of somebody's free times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeTimes {
    /// From then on.
    pub since: Timestamp,
    /// Before then.
    pub until: Timestamp,
    /// So many at most.
    pub most: usize,
}

impl Practitioner {
    /// Whether the hours can be meant.
    ///
    /// # Errors
    /// [`BadHours`].
    pub fn check(&self) -> Result<(), BadHours> {
        self.hours.check()
    }

    /// The times at which an appointment may begin, the earliest first: within the hours from end to end, and nobody else's.
    pub fn free(&self, taken: &Taken, asked: FreeTimes) -> Vec<Timestamp> {
        let is_free = |start: &Timestamp| !cells(*start, self.slot_minutes).any(|cell| taken.contains(&cell));
        let wanted = |start: &Timestamp| *start >= asked.since && *start < asked.until;
        let mut free: Vec<Timestamp> = Vec::new();
        for day in self.days(asked) {
            let mut of_day: Vec<Timestamp> =
                self.begins(day).into_iter().filter(wanted).filter(is_free).collect();
            of_day.sort_unstable();
            free.extend(of_day);
            if free.len() >= asked.most {
                break;
            }
        }
        free.truncate(asked.most);
        free
    }

    /// Whether an appointment may begin at this time, whatever is taken.
    pub fn begins_at(&self, start: Timestamp) -> bool {
        let day = start.to_zoned(self.hours.zone.rules()).date();
        // Hours that pass midnight begin on the day before.
        let days = [day.yesterday().ok(), Some(day)];
        days.into_iter().flatten().any(|day| self.begins(day).contains(&start))
    }

    fn days(&self, asked: FreeTimes) -> impl Iterator<Item = Date> {
        let zone = self.hours.zone.rules();
        let first = asked.since.to_zoned(zone.clone()).date();
        let first = first.yesterday().unwrap_or(first);
        let last = asked.until.to_zoned(zone).date();
        let horizon = first.checked_add(HORIZON_DAYS.days()).unwrap_or(Date::MAX);
        let last = last.min(horizon);
        first.series(1.day()).take_while(move |day| *day <= last)
    }

    /// Every time of a day's hours at which an appointment may begin and end within them.
    fn begins(&self, day: Date) -> Vec<Timestamp> {
        let weekday = day.weekday();
        let of_day = self.hours.hours.iter().filter(|hours| hours.days.iter().any(|on| on == weekday));
        of_day.flat_map(|hours| self.begins_of(day, hours)).collect()
    }

    fn begins_of(&self, day: Date, hours: &Hours) -> Vec<Timestamp> {
        let zone = self.hours.zone.rules();
        let last_day = if hours.to > hours.from { Some(day) } else { day.tomorrow().ok() };
        // A time that the clock skips is the one it shows instead; one that it shows twice is the first.
        let at = |day: Date, time| zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible().ok();
        let (Some(opens), Some(closes)) = (at(day, hours.from), last_day.and_then(|day| at(day, hours.to)))
        else {
            return Vec::new();
        };
        let slot = SignedDuration::from_mins(i64::from(self.slot_minutes.max(1)));
        let is_holiday = |at: Timestamp| self.hours.holidays.contains(&at.to_zoned(zone.clone()).date());
        let mut begins = Vec::new();
        let mut start = opens;
        while let Ok(end) = start.checked_add(slot)
            && end <= closes
        {
            let last_moment = end.checked_sub(SignedDuration::from_secs(1)).unwrap_or(end);
            // Holidays close it, whatever the hours say.
            if !is_holiday(start) && !is_holiday(last_moment) {
                begins.push(start);
            }
            start = end;
        }
        begins
    }
}
