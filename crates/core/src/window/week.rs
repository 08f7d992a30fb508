//! Whether hours of a week can be meant: there are some, each on a day, and no two at the same time.

use super::Hours;
use thiserror::Error;

const DAY_SECS: i64 = 24 * 3_600;
const WEEK_SECS: i64 = 7 * DAY_SECS;

/// Why hours of a week can't be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WeekFault {
    /// There are none.
    #[error("there are no hours")]
    Empty,
    /// Some are on no day.
    #[error("some hours are on no day")]
    NoDay,
    /// Two are at the same time.
    #[error("two of the hours overlap")]
    Overlap,
}

/// Looks at the hours of a week.
///
/// # Errors
/// [`WeekFault`].
pub fn check_week(hours: &[Hours]) -> Result<(), WeekFault> {
    if hours.is_empty() {
        return Err(WeekFault::Empty);
    }
    if hours.iter().any(|hours| hours.days.is_empty()) {
        return Err(WeekFault::NoDay);
    }
    let mut spans: Vec<(i64, i64)> = hours.iter().flat_map(spans).collect();
    spans.sort_unstable();
    let meet = spans.windows(2).any(|two| two[1].0 < two[0].1);
    // What goes past the end of the week comes in again at its beginning.
    let wraps = spans.iter().map(|(_, end)| end - WEEK_SECS).max();
    let begins = spans.first().map(|(begin, _)| *begin);
    if meet || wraps > begins { Err(WeekFault::Overlap) } else { Ok(()) }
}

/// The seconds of the week, from Monday's midnight on, that hours begin and end at.
fn spans(hours: &Hours) -> impl Iterator<Item = (i64, i64)> {
    let of = |time: jiff::civil::Time| {
        i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second())
    };
    let (from, to) = (of(hours.from), of(hours.to));
    let length = if to > from { to - from } else { to + DAY_SECS - from };
    hours.days.iter().map(move |day| {
        let begin = i64::from(day.to_monday_zero_offset()) * DAY_SECS + from;
        (begin, begin + length)
    })
}
