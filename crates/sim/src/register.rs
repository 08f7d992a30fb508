//! All calls there ever were, found by id and by number in an instant, also among a hundred thousand.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::mpsc::UnboundedSender;

use crate::call::{CallRecord, CallStatus, Direction};
use crate::heard::Heard;
use crate::ids::CallSid;
use crate::orders::Order;

/// The calls, newest last.
#[derive(Default)]
pub(crate) struct Register(Mutex<State>);

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    by_sid: HashMap<CallSid, usize>,
    by_to: HashMap<String, Vec<usize>>,
    /// How often each person was called, or called us.
    turns: HashMap<String, u64>,
    dialed: BTreeMap<String, u64>,
    live: usize,
    peak_live: usize,
}

struct Entry {
    record: CallRecord,
    /// Listings do not show the call before.
    listed_from: Timestamp,
    orders: Option<UnboundedSender<Order>>,
    heard: Vec<Heard>,
}

/// What a listing asks for.
#[derive(Default)]
pub(crate) struct Query {
    pub(crate) to: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) parent: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) started: Span,
    pub(crate) ended: Span,
    /// Only calls older than this one.
    pub(crate) before: Option<CallSid>,
    /// How many to leave out first.
    pub(crate) skip: usize,
    pub(crate) limit: usize,
}

/// A span of time, both ends included; a call without that date is in no span but the unlimited one.
#[derive(Default, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

impl Span {
    fn has(self, at: Option<Timestamp>) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        at.is_some_and(|at| self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to))
    }
}

impl Query {
    fn wants(&self, call: &CallRecord) -> bool {
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        is(&self.to, &call.to)
            && is(&self.from, &call.from)
            && is(&self.status, call.status.as_str())
            && self
                .parent
                .as_deref()
                .is_none_or(|wanted| call.parent.as_ref().is_some_and(|sid| sid.as_str() == wanted))
            && self.started.has(call.started_at)
            && self.ended.has(call.ended_at)
    }
}

/// One page of a listing, newest first.
pub(crate) struct Page {
    pub(crate) calls: Vec<CallRecord>,
    pub(crate) more: bool,
}

impl Register {
    /// Takes the next turn of a person: 0 for the first call.
    pub(crate) fn next_turn(&self, direction: Direction, person: &str) -> u64 {
        let mut state = self.0.lock();
        let turn = state.turns.entry(turn_key(direction, person)).or_default();
        *turn += 1;
        *turn - 1
    }

    /// Adds a call.
    pub(crate) fn add(
        &self,
        record: CallRecord,
        listed_from: Timestamp,
        orders: Option<UnboundedSender<Order>>,
    ) {
        let mut state = self.0.lock();
        let index = state.entries.len();
        state.by_sid.insert(record.sid.clone(), index);
        state.by_to.entry(record.to.clone()).or_default().push(index);
        if record.direction != Direction::Inbound {
            *state.dialed.entry(record.to.clone()).or_default() += 1;
        }
        if !record.status.is_final() {
            state.live += 1;
            state.peak_live = state.peak_live.max(state.live);
        }
        state.entries.push(Entry { record, listed_from, orders, heard: Vec::new() });
    }

    /// Adds a call of an earlier life, which is over, and counts its turn.
    pub(crate) fn remember(&self, record: CallRecord) {
        self.next_turn(record.direction, record.person());
        let listed_from = record.created_at;
        self.add(record, listed_from, None);
    }

    pub(crate) fn get(&self, sid: &CallSid) -> Option<CallRecord> {
        self.with(sid, |entry| entry.record.clone())
    }

    /// Changes a call and gives its new record. A call that is over stays as it is.
    pub(crate) fn update(&self, sid: &CallSid, change: impl FnOnce(&mut CallRecord)) -> Option<CallRecord> {
        let mut state = self.0.lock();
        let index = *state.by_sid.get(sid)?;
        let entry = state.entries.get_mut(index)?;
        let was_final = entry.record.status.is_final();
        if !was_final {
            change(&mut entry.record);
        }
        let record = entry.record.clone();
        if !was_final && record.status.is_final() {
            entry.orders = None;
            state.live -= 1;
        }
        Some(record)
    }

    /// Where to send orders for a live call.
    pub(crate) fn orders(&self, sid: &CallSid) -> Option<UnboundedSender<Order>> {
        self.with(sid, |entry| entry.orders.clone())?
    }

    pub(crate) fn hear(&self, sid: &CallSid, heard: Heard) {
        let mut state = self.0.lock();
        if let Some(index) = state.by_sid.get(sid).copied()
            && let Some(entry) = state.entries.get_mut(index)
        {
            entry.heard.push(heard);
        }
    }

    pub(crate) fn heard(&self, sid: &CallSid) -> Option<Vec<Heard>> {
        self.with(sid, |entry| entry.heard.clone())
    }

    /// How often each number was dialed.
    pub(crate) fn dialed(&self) -> BTreeMap<String, u64> {
        self.0.lock().dialed.clone()
    }

    /// Calls live now, and the most there ever were at once.
    pub(crate) fn live(&self) -> (usize, usize) {
        let state = self.0.lock();
        (state.live, state.peak_live)
    }

    /// Every call to a number, or all, oldest first.
    pub(crate) fn all(&self, to: Option<&str>) -> Vec<CallRecord> {
        let state = self.0.lock();
        let record = |index: &usize| state.entries.get(*index).map(|entry| entry.record.clone());
        match to {
            Some(to) => state.by_to.get(to).into_iter().flatten().filter_map(record).collect(),
            None => state.entries.iter().map(|entry| entry.record.clone()).collect(),
        }
    }

    /// A call, if listings show it by now.
    pub(crate) fn listed(&self, sid: &CallSid, now: Timestamp) -> Option<CallRecord> {
        self.with(sid, |entry| (entry.listed_from <= now).then(|| entry.record.clone()))?
    }

    /// Every live call that listings show by now, oldest first.
    pub(crate) fn live_now(&self, now: Timestamp) -> Vec<CallRecord> {
        let state = self.0.lock();
        let is_shown = |entry: &&Entry| !entry.record.status.is_final() && entry.listed_from <= now;
        state.entries.iter().filter(is_shown).map(|entry| entry.record.clone()).collect()
    }

    /// One page, newest first.
    pub(crate) fn list(&self, query: &Query, now: Timestamp) -> Page {
        let state = self.0.lock();
        let end = match &query.before {
            Some(sid) => state.by_sid.get(sid).copied().unwrap_or(0),
            None => state.entries.len(),
        };
        let fits = |entry: &&Entry| entry.listed_from <= now && query.wants(&entry.record);
        let mut found: Vec<CallRecord> = match query.to.as_ref() {
            Some(to) => {
                let indices = state.by_to.get(to).map_or(&[][..], Vec::as_slice);
                let older = &indices[..indices.partition_point(|index| *index < end)];
                let entries = older.iter().rev().filter_map(|index| state.entries.get(*index));
                page(entries.filter(fits), query)
            }
            None => page(state.entries[..end].iter().rev().filter(fits), query),
        };
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        Page { calls: found, more }
    }

    fn with<T>(&self, sid: &CallSid, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        let state = self.0.lock();
        let index = *state.by_sid.get(sid)?;
        state.entries.get(index).map(read)
    }
}

fn page<'a>(entries: impl Iterator<Item = &'a Entry>, query: &Query) -> Vec<CallRecord> {
    entries.skip(query.skip).take(query.limit + 1).map(|entry| entry.record.clone()).collect()
}

fn turn_key(direction: Direction, person: &str) -> String {
    match direction {
        Direction::Inbound => format!("from {person}"),
        Direction::OutboundApi | Direction::OutboundDial => person.to_owned(),
    }
}

/// A fresh record.
pub(crate) fn new_record(
    sid: CallSid,
    direction: Direction,
    (from, to): (&str, &str),
    created_at: Timestamp,
) -> CallRecord {
    CallRecord {
        sid,
        parent: None,
        to: to.to_owned(),
        from: from.to_owned(),
        direction,
        status: if direction == Direction::OutboundApi { CallStatus::Queued } else { CallStatus::Ringing },
        created_at,
        started_at: (direction != Direction::OutboundApi).then_some(created_at),
        answered_at: None,
        ended_at: None,
        duration_secs: None,
        answered_by: None,
        verstat: None,
        sip_code: None,
        queue_ms: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: i64) -> Register {
        let register = Register::default();
        for n in 0..count {
            let at = Timestamp::from_second(1_000_000 + n).unwrap();
            let sid = CallSid::from(format!("CA{n:032}"));
            let to = format!("+1555{:05}", n % 1_000);
            register.add(new_record(sid, Direction::OutboundApi, ("+15005550006", &to), at), at, None);
        }
        register
    }

    #[test]
    fn pages_follow_each_other_newest_first_without_gap() {
        let register = filled(7);
        let now = Timestamp::from_second(2_000_000).unwrap();
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = register.list(&Query { before: before.clone(), limit: 3, ..Query::default() }, now);
            before = page.calls.last().map(|call| call.sid.clone());
            seen.extend(page.calls.iter().map(|call| call.created_at.as_second() - 1_000_000));
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, [6, 5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn a_call_without_a_start_is_in_no_span_of_starts() {
        let register = filled(1);
        let now = Timestamp::from_second(2_000_000).unwrap();
        let started = Span { from: Some(Timestamp::UNIX_EPOCH), to: None };
        assert_eq!(register.list(&Query { started, limit: 9, ..Query::default() }, now).calls.len(), 0);
        assert_eq!(register.list(&Query { limit: 9, ..Query::default() }, now).calls.len(), 1);
    }

    #[test]
    fn a_hundred_thousand_calls_are_listed_by_number_in_no_time() {
        let register = filled(100_000);
        let now = Timestamp::from_second(2_000_000).unwrap();
        let begun = std::time::Instant::now();
        for n in 0..1_000 {
            let to = Some(format!("+1555{n:05}"));
            assert_eq!(register.list(&Query { to, limit: 1_000, ..Query::default() }, now).calls.len(), 100);
        }
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }
}
