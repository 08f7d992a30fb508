//! Hours by day of week, and holidays.

use jiff::civil::{Date, DateTime, Time, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// When people may be called, by their own wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CallingWindow {
    /// Open at any of these.
    pub hours: Vec<Hours>,
    /// Days at the callee's on which nobody is called, whatever the hours say.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub holidays: BTreeSet<Date>,
}

/// From a time of day until another, on certain days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hours {
    /// On which days they begin.
    #[serde(default)]
    pub days: Days,
    /// From this time of day, included.
    pub from: Time,
    /// Until this time of day, excluded. Not after `from`: until that time on the next day; the same: a whole day.
    pub to: Time,
}

/// Days of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Days(Vec<Weekday>);

pub(super) const WEEK: [(Weekday, &str); 7] = [
    (Weekday::Monday, "mon"),
    (Weekday::Tuesday, "tue"),
    (Weekday::Wednesday, "wed"),
    (Weekday::Thursday, "thu"),
    (Weekday::Friday, "fri"),
    (Weekday::Saturday, "sat"),
    (Weekday::Sunday, "sun"),
];

impl Days {
    /// These days.
    pub fn new(days: impl IntoIterator<Item = Weekday>) -> Self {
        let named: Vec<Weekday> = days.into_iter().collect();
        Self(WEEK.iter().map(|(day, _)| *day).filter(|day| named.contains(day)).collect())
    }

    /// Each day.
    pub fn all() -> Self {
        Self::new(WEEK.map(|(day, _)| day))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The days, from Monday on.
    pub fn iter(&self) -> impl Iterator<Item = Weekday> {
        self.0.iter().copied()
    }

    fn contains(&self, day: Weekday) -> bool {
        self.0.contains(&day)
    }
}

impl Default for Days {
    fn default() -> Self {
        Self::all()
    }
}

impl TryFrom<Vec<String>> for Days {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        let day = |name: &String| {
            let found = WEEK.iter().find(|(_, word)| name.to_lowercase().starts_with(word));
            found
                .map(|(day, _)| *day)
                .ok_or_else(|| "a day is one of mon, tue, wed, thu, fri, sat, sun".to_owned())
        };
        names.iter().map(day).collect::<Result<Vec<_>, _>>().map(Self::new)
    }
}

impl From<Days> for Vec<String> {
    fn from(days: Days) -> Self {
        let named = WEEK.iter().filter(|(day, _)| days.contains(*day));
        named.map(|(_, word)| (*word).to_owned()).collect()
    }
}

impl Default for CallingWindow {
    /// 09:00 to 20:00 on each day.
    fn default() -> Self {
        Self::daily(Time::constant(9, 0, 0, 0), Time::constant(20, 0, 0, 0))
    }
}

impl CallingWindow {
    /// The same hours on each day.
    pub fn daily(from: Time, to: Time) -> Self {
        Self { hours: vec![Hours { days: Days::all(), from, to }], holidays: BTreeSet::new() }
    }

    /// At any time: for simulated people, and for those who call nobody but themselves.
    pub fn always() -> Self {
        Self::daily(Time::midnight(), Time::midnight())
    }

    /// Whether the wall clock may show this while somebody is called.
    pub fn holds(&self, wall: DateTime) -> bool {
        let (today, time) = (wall.date(), wall.time());
        !self.holidays.contains(&today)
            && self.hours.iter().any(|hours| match (hours.on(self, today), today.yesterday()) {
                (true, _) if hours.is_overnight() && time >= hours.from => true,
                (true, _) if !hours.is_overnight() && time >= hours.from && time < hours.to => true,
                (_, Ok(yesterday)) => hours.is_overnight() && time < hours.to && hours.on(self, yesterday),
                (_, Err(_)) => false,
            })
    }

    /// Times of day at which the answer may change; midnight, where holidays begin and end, among them.
    pub(super) fn borders(&self) -> BTreeSet<Time> {
        let borders = self.hours.iter().flat_map(|hours| [hours.from, hours.to]);
        borders.chain([Time::midnight()]).collect()
    }
}

impl Hours {
    /// Whether they go past midnight.
    fn is_overnight(&self) -> bool {
        self.to <= self.from
    }

    /// Whether they begin on this day.
    fn on(&self, window: &CallingWindow, day: Date) -> bool {
        self.days.contains(day.weekday()) && !window.holidays.contains(&day)
    }
}
