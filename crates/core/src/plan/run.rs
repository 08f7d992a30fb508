//! The simulation: queues by zones, calls in the air, and one clock that goes from event to event.

use super::{Assumptions, Plan, PlannedHour, PlannedLead, Question};
use crate::call::Disposition;
use crate::campaign::{AttemptEnd, Wish};
use crate::dial::earlier::{Earlier, Standing};
use crate::dial::gates::{Closed, gap};
use crate::id::CallId;
use crate::queue::{Done, Next};
use crate::window::{NeverOpens, Opening, Zones};
use jiff::{SignedDuration, Timestamp, ToSpan};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// How long a machine's greeting keeps the line, and a busy tone.
const MACHINE_SECS: u32 = 8;
const BUSY_SECS: u32 = 3;
const HORIZON_DAYS: i64 = 365;

/// A lead's place in the list.
type LeadNo = u32;

/// Leads that may be in the same zones, by when they are due.
struct Group {
    zones: Zones,
    due: BinaryHeap<Reverse<(Timestamp, LeadNo)>>,
    /// The opening that was found last, and from when on it was asked for.
    known: Option<(Timestamp, Opening)>,
}

/// What has been tried with a lead.
#[derive(Default, Clone)]
struct Tried {
    group: u32,
    used: u16,
    at: Vec<Timestamp>,
}

pub(super) struct Run<'question> {
    question: &'question Question<'question>,
    groups: Vec<Group>,
    tried: Vec<Tried>,
    in_the_air: BinaryHeap<Reverse<(Timestamp, LeadNo, Disposition)>>,
    now: Timestamp,
    horizon: Timestamp,
    slots: u32,
    gap: SignedDuration,
    next_by_pace: Timestamp,
    day: Day,
    second: (i64, u32),
    hours: BTreeMap<i64, PlannedHour>,
    plan: Plan,
}

/// The calls of a day of the campaign's zone.
struct Day {
    ends_at: Timestamp,
    calls: u32,
}

impl<'question> Run<'question> {
    pub fn new(
        question: &'question Question<'question>,
        leads: impl IntoIterator<Item = PlannedLead>,
    ) -> Self {
        let pacing = &question.campaign.pacing;
        let pace = pacing.pace().map_or(question.cps, |own| own.min(question.cps));
        let mut run = Self {
            question,
            groups: Vec::new(),
            tried: Vec::new(),
            in_the_air: BinaryHeap::new(),
            now: question.start,
            horizon: plus(question.start, SignedDuration::from_hours(24 * HORIZON_DAYS)),
            slots: pacing.concurrency.map_or(question.slots, |own| own.min(question.slots)),
            gap: gap(pace),
            next_by_pace: question.start,
            day: Day { ends_at: question.start, calls: 0 },
            second: (i64::MIN, 0),
            hours: BTreeMap::new(),
            plan: Plan::default(),
        };
        let mut places: BTreeMap<Zones, u32> = BTreeMap::new();
        for lead in leads {
            run.enqueue(lead, &mut places);
        }
        run
    }

    fn enqueue(&mut self, lead: PlannedLead, places: &mut BTreeMap<Zones, u32>) {
        self.plan.leads += 1;
        if let Some(closed) = lead.closed {
            return self.skip(&closed, 1);
        }
        let group = match places.get(&lead.zones) {
            Some(group) => *group,
            None => {
                let group = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
                places.insert(lead.zones.clone(), group);
                self.groups.push(Group { zones: lead.zones, due: BinaryHeap::new(), known: None });
                group
            }
        };
        let number = LeadNo::try_from(self.tried.len()).unwrap_or(LeadNo::MAX);
        self.tried.push(Tried { group, ..Tried::default() });
        self.due(group, self.question.start, number);
    }

    fn due(&mut self, group: u32, at: Timestamp, lead: LeadNo) {
        if let Some(group) = self.groups.get_mut(group as usize) {
            group.due.push(Reverse((at, lead)));
        }
    }

    pub fn play(mut self) -> Plan {
        if self.slots > 0 {
            loop {
                let dial = if self.has_slot() { self.next_dial() } else { None };
                let end = self.in_the_air.peek().map(|Reverse((at, ..))| *at);
                match (dial, end) {
                    (Some((at, group)), end) if end.is_none_or(|end| at < end) && at < self.horizon => {
                        self.dial(at, group);
                    }
                    (_, Some(_)) => self.end_of_call(),
                    (_, None) => break,
                }
            }
        }
        self.plan.left = self.groups.iter().map(|group| group.due.len() as u64).sum();
        if self.plan.left == 0 && self.plan.attempts > 0 {
            self.plan.finishes_at = Some(self.now);
        }
        self.plan.hours = self.hours.into_values().collect();
        self.plan
    }

    fn has_slot(&self) -> bool {
        self.in_the_air.len() < self.slots as usize
    }

    /// When the next call could begin, and from which group.
    fn next_dial(&mut self) -> Option<(Timestamp, usize)> {
        let earliest = self.now.max(self.next_by_pace).max(self.day_allows());
        let mut best: Option<(Timestamp, Timestamp, usize)> = None;
        for place in 0..self.groups.len() {
            let Some(Reverse((due, _))) = self.groups[place].due.peek().copied() else { continue };
            match self.opens(place, earliest.max(due)) {
                Ok(at) => {
                    if best.is_none_or(|(known, known_due, _)| (at, due) < (known, known_due)) {
                        best = Some((at, due, place));
                    }
                }
                Err(why) => {
                    let all = self.groups[place].due.len() as u64;
                    self.groups[place].due.clear();
                    self.skip(&Closed::WindowNeverOpens { why }, all);
                }
            }
        }
        best.map(|(at, _, place)| (at, place))
    }

    /// The first moment from `at` on at which the group's window is open.
    fn opens(&mut self, place: usize, at: Timestamp) -> Result<Timestamp, NeverOpens> {
        let group = &mut self.groups[place];
        let holds = |(asked, opening): &(Timestamp, Opening)| match opening {
            Opening::Open { until } => *asked <= at && at < *until,
            Opening::OpensAt(opens) => *asked <= at && at < *opens,
            Opening::Never(_) => true,
        };
        let known = group.known.filter(holds);
        let (asked, opening) =
            known.unwrap_or_else(|| (at, self.question.campaign.window.open_at(&group.zones, at)));
        group.known = Some((asked, opening));
        match opening {
            Opening::Open { .. } => Ok(at),
            Opening::OpensAt(opens) => Ok(opens),
            Opening::Never(why) => Err(why),
        }
    }

    /// When the day's cap lets the next call go.
    fn day_allows(&self) -> Timestamp {
        match self.question.campaign.pacing.daily_cap {
            Some(cap) if self.day.calls >= cap => self.day.ends_at,
            _ => self.now,
        }
    }

    fn dial(&mut self, at: Timestamp, group: usize) {
        let Some(Reverse((_, lead))) = self.groups[group].due.pop() else { return };
        self.now = at;
        self.next_by_pace = plus(at, self.gap);
        self.count(at);
        let tried = &mut self.tried[lead as usize];
        tried.at.push(at);
        let chance = chance(self.question.assume.seed, lead, tried.at.len());
        let (disposition, secs) = self.question.assume.outcome(chance);
        if disposition == Disposition::Completed
            && let Some(hour) = self.hours.values_mut().next_back()
        {
            hour.reached += 1;
        }
        let ends_at = plus(at, SignedDuration::from_secs(i64::from(secs)));
        self.in_the_air.push(Reverse((ends_at, lead, disposition)));
        let open = u32::try_from(self.in_the_air.len()).unwrap_or(u32::MAX);
        self.plan.peak_concurrency = self.plan.peak_concurrency.max(open);
    }

    fn count(&mut self, at: Timestamp) {
        self.plan.attempts += 1;
        self.plan.first_call_at.get_or_insert(at);
        let second = at.as_second();
        self.second = if self.second.0 == second { (second, self.second.1 + 1) } else { (second, 1) };
        self.plan.peak_cps = self.plan.peak_cps.max(self.second.1);
        if at >= self.day.ends_at {
            self.day = Day { ends_at: self.next_midnight(at), calls: 0 };
        }
        self.day.calls += 1;
        let hour = second - second.rem_euclid(3_600);
        let begins = Timestamp::from_second(hour).unwrap_or(at);
        let hour = self.hours.entry(hour).or_insert(PlannedHour { at: begins, attempts: 0, reached: 0 });
        hour.attempts += 1;
    }

    fn next_midnight(&self, at: Timestamp) -> Timestamp {
        let zone = self.question.campaign.zone.rules();
        let tomorrow = zone.to_datetime(at).date().checked_add(1.day());
        let midnight = tomorrow.and_then(|day| day.to_zoned(zone));
        midnight.map_or(Timestamp::MAX, |midnight| midnight.timestamp())
    }

    fn end_of_call(&mut self) {
        let Some(Reverse((at, lead, disposition))) = self.in_the_air.pop() else { return };
        self.now = at;
        let question = self.question;
        let tried = &mut self.tried[lead as usize];
        tried.used = tried.used.saturating_add(1);
        let earlier: Vec<Earlier> = tried
            .at
            .iter()
            .map(|at| Earlier { call: CallId::from_bytes([0; 16]), at: *at, standing: Standing::Placed })
            .collect();
        let end = AttemptEnd { disposition, outcome: None, at, person: Wish::None };
        let group = tried.group;
        match question.campaign.retry.after(&end, tried.used, &question.budget, &earlier, at) {
            Next::Retry { at } => self.due(group, at, lead),
            Next::Done { done: Done::Reached } => self.plan.reached += 1,
            Next::Done { .. } => self.plan.given_up += 1,
        }
    }

    fn skip(&mut self, closed: &Closed, leads: u64) {
        *self.plan.skipped.entry(closed.code().to_owned()).or_default() += leads;
    }
}

impl Assumptions {
    /// What a draw between 0 and 1 means, and how many seconds the line is taken.
    fn outcome(&self, chance: f64) -> (Disposition, u32) {
        if chance < self.answered {
            (Disposition::Completed, self.ring_secs.saturating_add(self.talk_secs))
        } else if chance < self.answered + self.machine {
            (Disposition::Voicemail, self.ring_secs.saturating_add(MACHINE_SECS))
        } else if chance < self.answered + self.machine + self.busy {
            (Disposition::Busy, BUSY_SECS)
        } else {
            (Disposition::NoAnswer, self.ring_timeout_secs)
        }
    }
}

/// A number between 0 and 1 that only these three decide (the finalizer of splitmix64).
fn chance(seed: u64, lead: LeadNo, attempt: usize) -> f64 {
    let mut mixed = seed ^ (u64::from(lead) << 20) ^ attempt as u64;
    for _ in 0..2 {
        mixed = mixed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
    }
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

fn plus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
