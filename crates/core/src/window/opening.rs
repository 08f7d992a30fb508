//! Open, or when it opens.
//!
//! The wall clock is what counts, so the answer can only change where the wall clock passes a border of the hours or a
//! midnight, or jumps. These moments are looked at one after the other.

use super::{CallingWindow, Zones};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Beyond so many days nobody waits for an opening.
const HORIZON_DAYS: i64 = 370;

/// Whether somebody may be called at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Yes.
    Open {
        /// Until then at least.
        until: Timestamp,
    },
    /// Not before this time.
    OpensAt(Timestamp),
    /// At no time within a year.
    Never(NeverOpens),
}

/// Why somebody may be called at no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeverOpens {
    /// Nobody knows which time zone the number is in.
    UnknownZone,
    /// The window has no hours, or holidays on each of its days.
    NoHours,
    /// The number may be in several zones, and no moment is within the hours of all of them.
    NoCommonHour,
}

impl CallingWindow {
    /// Whether a person in one of these zones may be called now, and if not, when.
    pub fn open_at(&self, zones: &Zones, now: Timestamp) -> Opening {
        if zones.is_empty() {
            return Opening::Never(NeverOpens::UnknownZone);
        }
        let walls: Vec<Wall<'_>> = zones.iter().map(|zone| Wall::new(self, zone.rules())).collect();
        let horizon = now.checked_add((24 * HORIZON_DAYS).hours()).unwrap_or(Timestamp::MAX);
        let mut moment = now;
        // Each step goes to the last of the zones' openings; where all stand still, all are open.
        loop {
            let openings: Option<Vec<Timestamp>> =
                walls.iter().map(|wall| wall.first(moment, horizon, Is::Open)).collect();
            let Some(latest) = openings.and_then(|openings| openings.into_iter().max()) else {
                return Opening::Never(self.why_never(&walls, now, horizon));
            };
            if latest == moment {
                break;
            }
            moment = latest;
        }
        if moment > now {
            return Opening::OpensAt(moment);
        }
        let closings = walls.iter().filter_map(|wall| wall.first(now, horizon, Is::Closed));
        Opening::Open { until: closings.min().unwrap_or(horizon) }
    }

    fn why_never(&self, walls: &[Wall<'_>], now: Timestamp, horizon: Timestamp) -> NeverOpens {
        let alone = walls.iter().all(|wall| wall.first(now, horizon, Is::Open).is_some());
        if alone { NeverOpens::NoCommonHour } else { NeverOpens::NoHours }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Open,
    Closed,
}

/// The window by the wall clock of one zone.
struct Wall<'window> {
    window: &'window CallingWindow,
    zone: TimeZone,
    borders: BTreeSet<Time>,
}

impl<'window> Wall<'window> {
    fn new(window: &'window CallingWindow, zone: TimeZone) -> Self {
        Self { window, zone, borders: window.borders() }
    }

    fn is(&self, at: Timestamp) -> Is {
        if self.window.holds(self.zone.to_datetime(at)) { Is::Open } else { Is::Closed }
    }

    /// The first moment from `from` on, before the horizon, at which the window is so.
    fn first(&self, from: Timestamp, horizon: Timestamp, wanted: Is) -> Option<Timestamp> {
        if self.is(from) == wanted {
            return Some(from);
        }
        let mut day = self.zone.to_datetime(from).date();
        let mut jumps = self.zone.following(from).map(|jump| jump.timestamp()).peekable();
        loop {
            let mut moments = self.moments(day);
            let last = moments.last().copied()?;
            while let Some(jump) = jumps.next_if(|jump| *jump <= last) {
                moments.insert(jump);
            }
            if let Some(found) = moments.into_iter().find(|at| *at > from && self.is(*at) == wanted) {
                return (found < horizon).then_some(found);
            }
            if last >= horizon {
                return None;
            }
            day = day.tomorrow().ok()?;
        }
    }

    /// The moments of a day at which the wall clock shows a border; both, where it shows one twice.
    fn moments(&self, day: Date) -> BTreeSet<Timestamp> {
        let shown = self.borders.iter().flat_map(|time| {
            let wall = day.to_datetime(*time);
            let first = self.zone.to_ambiguous_timestamp(wall).earlier();
            let again = self.zone.to_ambiguous_timestamp(wall).later();
            [first, again]
        });
        shown.flatten().collect()
    }
}
