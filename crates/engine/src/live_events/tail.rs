//! The newest events, in memory: what nearly every listener needs, and no more.

use super::cursor::Place;
use super::event::LiveEvent;
use super::subscription::About;
use parking_lot::RwLock;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::watch;
use trunkline_core::id::TenantId;
use trunkline_journal::Lsn;

/// A listener looks at so many events at a time, so that none holds the others up.
const AT_ONCE: usize = 256;

/// The newest events of all tenants.
#[derive(Debug)]
pub(crate) struct Tail {
    most: usize,
    kept: RwLock<Kept>,
    upto: watch::Sender<Place>,
}

#[derive(Debug)]
struct Kept {
    /// Everything after this place is here.
    from: Place,
    /// Up to here.
    upto: Place,
    events: VecDeque<Arc<LiveEvent>>,
}

/// What the tail has after a place.
#[derive(Debug)]
pub(super) enum Found {
    /// The place is older than what is kept.
    TooOld,
    /// These, and everything up to the place was looked at.
    Events { events: Vec<Arc<LiveEvent>>, upto: Place },
}

impl Tail {
    /// An empty tail that keeps so many events.
    pub fn new(most: usize) -> Self {
        let start = Place::after(Lsn::ZERO);
        let kept = Kept { from: start, upto: start, events: VecDeque::new() };
        Self { most, kept: RwLock::new(kept), upto: watch::Sender::new(start) }
    }

    /// Begins again at a place: nothing before it is kept.
    pub(super) fn begin(&self, from: Place) {
        *self.kept.write() = Kept { from, upto: from, events: VecDeque::new() };
        self.upto.send_replace(from);
    }

    /// Takes in what happened up to a place.
    pub(super) fn push(&self, events: Vec<LiveEvent>, upto: Place) {
        let mut kept = self.kept.write();
        kept.events.extend(events.into_iter().map(Arc::new));
        kept.upto = upto;
        while kept.events.len() > self.most {
            if let Some(oldest) = kept.events.pop_front() {
                kept.from = oldest.id.place;
            }
        }
        drop(kept);
        self.upto.send_replace(upto);
    }

    /// Tells when there is more.
    pub(super) fn watch(&self) -> watch::Receiver<Place> {
        self.upto.subscribe()
    }

    /// What there is after a place for one listener.
    pub(super) fn after(&self, place: Place, tenant: &TenantId, about: &About) -> Found {
        let kept = self.kept.read();
        if place < kept.from {
            return Found::TooOld;
        }
        let seen = kept.events.partition_point(|event| event.id.place <= place);
        let looked_at = kept.events.range(seen..).take(AT_ONCE);
        let upto = match kept.events.get(seen + AT_ONCE) {
            Some(_) => looked_at.clone().next_back().map_or(kept.upto, |last| last.id.place),
            None => kept.upto,
        };
        let events = looked_at.filter(|event| about.is_meant(tenant, event)).cloned().collect();
        Found::Events { events, upto: upto.max(place) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live_events::{Cursor, EventName};
    use jiff::Timestamp;
    use trunkline_core::call::{Source, State, Status};
    use trunkline_core::id::CallId;

    fn event(lsn: u64, tenant: &str) -> LiveEvent {
        let id = Cursor { journal: 1, place: Place::after(Lsn::new(lsn)) };
        LiveEvent {
            id,
            name: EventName::CallUpdated,
            tenant: TenantId::new(tenant),
            call: CallId::registered(&TenantId::new(tenant), &trunkline_core::id::CarrierCallId::new("CA1")),
            campaign: None,
            status: Status::Answered,
            state: State::Answered,
            disposition: None,
            at: Timestamp::UNIX_EPOCH,
            occurred_at: None,
            source: Source::Carrier,
            kind: "metadata_merged",
            question: None,
        }
    }

    fn tail(most: usize, lsns: std::ops::RangeInclusive<u64>, tenant: &str) -> Tail {
        let tail = Tail::new(most);
        let upto = Place::after(Lsn::new(*lsns.end()));
        tail.push(lsns.map(|lsn| event(lsn, tenant)).collect(), upto);
        tail
    }

    fn after(tail: &Tail, lsn: u64, tenant: &str) -> Option<(Vec<u64>, Place)> {
        match tail.after(Place::after(Lsn::new(lsn)), &TenantId::new(tenant), &About::default()) {
            Found::TooOld => None,
            Found::Events { events, upto } => {
                Some((events.iter().map(|event| event.id.place.lsn().get()).collect(), upto))
            }
        }
    }

    #[test]
    fn a_listener_gets_what_is_after_its_place_and_nothing_of_another_tenant() {
        let tail = tail(10, 1..=5, "acme");
        let end = Place::after(Lsn::new(5));
        assert_eq!(after(&tail, 3, "acme"), Some((vec![4, 5], end)));
        assert_eq!(after(&tail, 5, "acme"), Some((vec![], end)));
        assert_eq!(after(&tail, 0, "beta"), Some((vec![], end)), "it is past them all the same");
        let ahead = Place::after(Lsn::new(9));
        assert_eq!(after(&tail, 9, "acme"), Some((vec![], ahead)), "and never goes back");
    }

    #[test]
    fn who_stands_before_what_is_kept_is_told_so_and_who_stands_at_its_edge_has_missed_nothing() {
        let tail = tail(3, 1..=10, "acme");
        assert_eq!(after(&tail, 6, "acme"), None);
        assert_eq!(after(&tail, 7, "acme"), Some((vec![8, 9, 10], Place::after(Lsn::new(10)))));
    }

    #[test]
    fn a_listener_that_is_far_behind_gets_a_piece_at_a_time_and_misses_none() {
        let tail = tail(2_000, 1..=1_000, "acme");
        let (mut at, mut heard) = (0, Vec::new());
        while at < 1_000 {
            let (events, upto) = after(&tail, at, "acme").unwrap();
            assert!(events.len() <= AT_ONCE);
            heard.extend(events);
            at = upto.lsn().get();
        }
        assert_eq!(heard, (1..=1_000).collect::<Vec<_>>());
    }
}
