//! When to ask a carrier what a call cost: it knows minutes after the end, or hours, or never. What it never says stays unknown.

use jiff::{SignedDuration, Timestamp};

/// How long after the end it is asked.
const LOOKS: [(SignedDuration, Whom); 5] = [
    (SignedDuration::from_mins(5), Whom::Connected),
    (SignedDuration::from_mins(15), Whom::All),
    (SignedDuration::from_hours(1), Whom::Connected),
    (SignedDuration::from_hours(4), Whom::Connected),
    (SignedDuration::from_hours(24), Whom::Connected),
];

/// About which calls: those that nobody took mostly cost nothing, and are asked about once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// All that the carrier knows.
    All,
    /// Those that were connected.
    Connected,
}

/// Calls to be asked about: those that ended after a time, and not after another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceLook {
    /// Ended after.
    pub after: Timestamp,
    /// And not after.
    pub upto: Timestamp,
    /// Which of them.
    pub whom: Whom,
}

/// What became due since the last time somebody looked. Spans of several looks join without a gap and without an overlap, so that
/// each call is asked about as often as there are looks, and no more.
pub fn price_looks(since: Timestamp, now: Timestamp) -> impl Iterator<Item = PriceLook> {
    LOOKS.into_iter().filter_map(move |(wait, whom)| {
        let (after, upto) = (since.checked_sub(wait).ok()?, now.checked_sub(wait).ok()?);
        (after < upto).then_some(PriceLook { after, upto, whom })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which minutes after its end a call is asked about, by somebody who looks every so many seconds.
    fn asked_at(every: i64, connected: bool) -> Vec<i64> {
        let ended = Timestamp::from_second(1_000_000_007).unwrap();
        let mut asked = Vec::new();
        let mut since = Timestamp::from_second(1_000_000_000).unwrap();
        while since.duration_since(ended) < SignedDuration::from_hours(30) {
            let now = since.checked_add(SignedDuration::from_secs(every)).unwrap();
            let due = price_looks(since, now)
                .filter(|look| look.after < ended && ended <= look.upto)
                .filter(|look| connected || look.whom == Whom::All);
            asked.extend(due.map(|_| now.duration_since(ended).as_mins()));
            since = now;
        }
        asked
    }

    #[test]
    fn a_call_is_asked_about_once_for_each_look_however_often_somebody_looks() {
        assert_eq!(asked_at(1, true), [5, 15, 60, 240, 1_440]);
        assert_eq!(asked_at(60, true), [5, 15, 60, 240, 1_440]);
        assert_eq!(asked_at(3_600, true).len(), 5, "a server that was busy asks later and as often");
        assert_eq!(asked_at(60, false), [15]);
    }

    #[test]
    fn time_that_stands_still_or_goes_back_asks_nobody() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        assert_eq!(price_looks(now, now).count(), 0);
        assert_eq!(price_looks(now, now.checked_sub(SignedDuration::from_hours(1)).unwrap()).count(), 0);
    }
}
