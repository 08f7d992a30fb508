//! The world an attempt lives in: two workers that claim, forget and stand still, a carrier that loses, delays and lags,
//! one person who may withdraw the call, and a clock.
//!
//! The journal is the [`Call`]: what is applied is durable, what a worker holds beside it dies with it. A worker stands
//! still by not taking its next step, and dies by never taking it; one that waits for an answer may forget it. The one assumption is the settle time: a request is written within a tick
//! of `post_begun`, or not at all, and a call that the carrier made of it shows in the listing before the settle time
//! is over. Ticks are minutes.

use crate::Promises as _;
use jiff::{SignedDuration, Timestamp};
use stateright::Property;
use std::hash::{Hash, Hasher};
use trunkline_core::call::*;
use trunkline_core::dial::{guard, matches_attempt};
use trunkline_core::id::*;
use trunkline_core::private::Address;

const TICK_SECS: i64 = 60;
/// Time passes at any moment until then, and afterwards when nothing else is left to happen.
const HORIZON: i64 = 4;
const LAST_LEG: u16 = 2;
const LAST_FENCE: Fence = Fence(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    On,
    Off,
}

pub struct Model {
    pub guard: Guard,
    pub settle: Settle,
}

impl Model {
    fn timing(&self) -> Timing {
        let (settle_secs, listing_gap_secs) = match self.settle {
            Settle::On => (180, 60),
            Settle::Off => (0, 0),
        };
        Timing { unclear_secs: 60, settle_secs, listing_gap_secs, ..Timing::default() }
    }
}

/// Where a request is at the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    OnTheWay,
    Never,
    Refused,
    Live,
    Over,
}

/// One create request, and the call that the carrier makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub id: CarrierCallId,
    pub on: OnLeg,
    at: At,
    begun: i64,
    created: i64,
    shows: bool,
    pub answered: bool,
    pub told: bool,
    pub listed: bool,
}

impl Request {
    pub fn is_live(&self) -> bool {
        self.at == At::Live
    }
    pub fn may_be_a_call(&self) -> bool {
        matches!(self.at, At::OnTheWay | At::Live)
    }
    /// Whether its id has reached us.
    pub fn is_known(&self) -> bool {
        (self.answered || self.told || self.listed) && self.is_a_call()
    }
    fn is_a_call(&self) -> bool {
        matches!(self.at, At::Live | At::Over)
    }
}

/// What a worker holds in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Worker {
    Idle,
    Withheld,
    Claimed(OnLeg),
    Intends(OnLeg),
    Writes(OnLeg),
    Waits(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub struct State {
    now: i64,
    pub call: Call,
    workers: [Worker; 2],
    pub requests: Vec<Request>,
    may_withdraw: bool,
}

impl State {
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.call.legs.iter()
    }

    fn time(&self) -> Timestamp {
        minute(self.now)
    }

    fn apply(&mut self, source: Source, what: What) {
        let event = Event {
            call: self.call.id,
            key: EventKey::new(""),
            received_at: self.time(),
            occurred_at: None,
            source,
            what,
        };
        let _ = self.call.apply(&event);
    }

    fn news(&mut self, request: usize, news: News) {
        let Request { on, id, .. } = self.requests[request].clone();
        self.apply(Source::Carrier, What::Progress(Progress { on, carrier_call_id: id, news }));
    }

    /// What the carrier says of its call now, to whoever asks or listens.
    fn truth(&self, request: usize) -> News {
        match self.requests[request].at {
            At::Over => News::Ended(Box::new(CarrierEnd {
                word: EndWord::NoAnswer,
                duration_secs: None,
                reported: Reported::default(),
            })),
            _ => News::Ringing,
        }
    }

    /// The carrier's call for the open attempt, if its listing shows one.
    fn listing(&self) -> Option<usize> {
        let leg = self.call.leg();
        self.requests.iter().position(|request| {
            let bound_elsewhere = || {
                self.legs()
                    .any(|other| other.no != leg.no && other.carrier_call_id.as_ref() == Some(&request.id))
            };
            request.shows && matches_attempt(leg, Some(minute(request.created)), bound_elsewhere)
        })
    }

    /// Whether the settle assumption holds the clock: a call must show before the settle time is over.
    fn holds_the_clock(&self, request: &Request) -> bool {
        self.is_unshown(request) && self.now + 1 >= request.begun + 3
    }

    fn is_unshown(&self, request: &Request) -> bool {
        request.at == At::OnTheWay || (request.is_a_call() && !request.shows && !self.has_owner(request))
    }

    /// Whether the request's call is bound to an attempt or known as a stray.
    fn has_owner(&self, request: &Request) -> bool {
        self.legs().any(|leg| leg.carrier_call_id.as_ref() == Some(&request.id))
            || self.call.strays.contains_key(&request.id)
    }

    /// Whether anything that can still happen depends on the time.
    fn waits(&self) -> bool {
        let leg = self.call.leg();
        let dials = !self.call.is_over() && leg.carrier_call_id.is_none();
        dials
            || self.workers.iter().any(|worker| matches!(worker, Worker::Writes(_)))
            || self.requests.iter().any(|request| self.is_unshown(request))
    }

    pub fn withheld(&self) -> bool {
        self.workers.contains(&Worker::Withheld)
    }
}

/// Times that can decide nothing any more are left out, so that states which differ only by them are one.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.waits().then_some(self.now), self.workers, self.may_withdraw).hash(hasher);
        for request in &self.requests {
            let times = (!self.has_owner(request)).then_some((request.begun, request.created, request.shows));
            let Request { id, on, at, answered, told, listed, .. } = request;
            (id, on, at, answered, told, listed, times).hash(hasher);
        }
        self.call.strays.iter().for_each(|(id, stray)| (id, *stray == Stray::Found).hash(hasher));
        for leg in &self.call.legs {
            let dials = leg.state() == trunkline_core::call::State::Dialing;
            let times = (leg.dial_started_at, leg.post_begun_at, leg.unclear_at, &leg.empty_listings);
            dials.then_some(times).hash(hasher);
            (leg.no, leg.fence, leg.post_begun_at.is_some(), leg.unclear_at.is_some()).hash(hasher);
            (leg.ruled_at.is_some(), &leg.carrier_call_id).hash(hasher);
            (leg.hang_up.is_some(), leg.end.is_some(), leg.ringing_at.is_some(), leg.state()).hash(hasher);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Tick,
    Claim(usize),
    Intend(usize),
    Begin(usize),
    Write(usize),
    Forget(usize),
    Recover(usize),
    Lose(usize),
    Refuse(usize),
    Accept(usize),
    Show(usize),
    Answer(usize),
    Webhook(usize),
    HangsUp(usize),
    Deadline,
    Withdraw,
    HangUp(usize),
    Requeue,
}

impl stateright::Model for Model {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            now: 0,
            call: new_call(),
            workers: [Worker::Idle; 2],
            requests: Vec::new(),
            may_withdraw: true,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let leg = state.call.leg();
        for (worker, holds) in state.workers.iter().enumerate() {
            match holds {
                Worker::Idle | Worker::Withheld if may_claim(state, worker) => {
                    actions.push(Action::Claim(worker));
                }
                Worker::Idle if leg.state() == trunkline_core::call::State::Dialing => {
                    actions.push(Action::Recover(worker));
                }
                Worker::Idle | Worker::Withheld => {}
                Worker::Claimed(_) => actions.push(Action::Intend(worker)),
                Worker::Intends(_) => actions.push(Action::Begin(worker)),
                Worker::Writes(_) => actions.push(Action::Write(worker)),
                Worker::Waits(request) => {
                    actions.push(Action::Forget(worker));
                    if !matches!(state.requests[*request].at, At::OnTheWay | At::Never) {
                        actions.push(Action::Answer(worker));
                    }
                }
            }
        }
        for (request, it) in state.requests.iter().enumerate() {
            if it.at == At::OnTheWay {
                actions.extend([Action::Lose(request), Action::Refuse(request), Action::Accept(request)]);
            }
            if it.at == At::Live {
                actions.push(Action::HangsUp(request));
            }
            if it.is_a_call() && state.is_unshown(it) {
                actions.push(Action::Show(request));
            }
            let owed = [Owed::HangUp(it.on.leg, it.id.clone()), Owed::HangUpStray(it.id.clone())];
            if it.at != At::OnTheWay && state.call.owed().iter().any(|it| owed.contains(it)) {
                actions.push(Action::HangUp(request));
            }
        }
        if self.is_due(state) {
            actions.push(Action::Deadline);
        }
        if state.may_withdraw && !state.call.is_over() && leg.no == LegNo::FIRST {
            actions.push(Action::Withdraw);
        }
        if leg.is_ruled_not_placed() && leg.hang_up.is_none() && leg.no.0 < LAST_LEG {
            actions.push(Action::Requeue);
        }
        let held = state.requests.iter().any(|request| state.holds_the_clock(request));
        if !held && state.waits() && (state.now < HORIZON || actions.is_empty()) {
            actions.push(Action::Tick);
        }
        // A webhook may come at any time and may never come: nothing waits for it.
        for (request, it) in state.requests.iter().enumerate() {
            if it.is_a_call() && !it.told {
                actions.push(Action::Webhook(request));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Tick => state.now += 1,
            Action::Claim(worker) => {
                // The claim is a decision of the database; the core will learn of it by an event.
                let last = state.call.legs.len() - 1;
                let leg = &mut state.call.legs[last];
                leg.fence = Fence(leg.fence.0 + 1);
                state.workers[worker] = Worker::Claimed(OnLeg { leg: leg.no, fence: leg.fence });
            }
            Action::Intend(worker) => {
                let Worker::Claimed(on) = state.workers[worker] else { return None };
                state.apply(Source::Engine, What::DialStarted(on));
                state.workers[worker] = Worker::Intends(on);
            }
            Action::Begin(worker) => self.begin(&mut state, worker),
            Action::Write(worker) => Self::write(&mut state, worker),
            // The owner was started again and reads in the journal that it had meant to dial.
            Action::Recover(worker) => {
                let leg = state.call.leg();
                state.workers[worker] = Worker::Intends(OnLeg { leg: leg.no, fence: leg.fence });
            }
            Action::Forget(worker) => state.workers[worker] = Worker::Idle,
            Action::Answer(worker) => {
                let Worker::Waits(request) = state.workers[worker] else { return None };
                state.requests[request].answered = true;
                state.workers[worker] = Worker::Idle;
                if state.requests[request].at == At::Refused {
                    let on = state.requests[request].on;
                    let class = RefusalClass::TooMany;
                    let refusal = Refusal { class, code: None, http: None, message: String::new() };
                    state.apply(Source::Engine, What::PostRefused { on, refusal });
                } else {
                    state.news(request, News::Accepted);
                }
            }
            Action::Lose(request) => state.requests[request].at = At::Never,
            Action::Refuse(request) => state.requests[request].at = At::Refused,
            Action::Accept(request) => {
                state.requests[request].at = At::Live;
                state.requests[request].created = state.now;
            }
            Action::Show(request) => state.requests[request].shows = true,
            Action::Webhook(request) => {
                state.requests[request].told = true;
                let news = state.truth(request);
                state.news(request, news);
            }
            Action::HangsUp(request) => state.requests[request].at = At::Over,
            Action::Deadline => self.deadline(&mut state),
            Action::Withdraw => {
                state.may_withdraw = false;
                state.apply(Source::Api, What::HangUpAsked { reason: HangUpReason::Asked });
            }
            Action::HangUp(request) => {
                let id = state.requests[request].id.clone();
                state.requests[request].at = At::Over;
                if state.call.strays.contains_key(&id) {
                    state.apply(Source::Engine, What::StrayHungUp { carrier_call_id: id });
                } else {
                    let news = state.truth(request);
                    state.news(request, news);
                }
            }
            Action::Requeue => {
                let (leg, not_before) = (state.call.leg().no.next(), state.time());
                state.apply(Source::Engine, What::Requeued { leg, not_before, over: None });
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.promises()
    }
}

/// An attempt of which nothing was sent may be claimed, and claimed again from an owner who stands still or died. The
/// first worker comes first (they are alike), and early (time is alike too).
fn may_claim(state: &State, worker: usize) -> bool {
    let leg = state.call.leg();
    let comes_first = leg.fence == Fence::FIRST;
    let in_turn =
        if leg.no == LegNo::FIRST { state.now <= 1 && (worker == 0) == comes_first } else { comes_first };
    leg.is_unsent() && in_turn && leg.fence < LAST_FENCE
}

impl Model {
    /// The guard is asked and `post_begun` is durable before a byte is written.
    fn begin(&self, state: &mut State, worker: usize) {
        let Worker::Intends(on) = state.workers[worker] else { return };
        let Some(leg) = state.call.leg_no(on.leg) else { return };
        if self.guard == Guard::On && guard(leg, on.fence).is_err() {
            state.workers[worker] = Worker::Withheld;
            return;
        }
        state.apply(Source::Engine, What::PostBegun(on));
        state.workers[worker] = Worker::Writes(on);
    }

    fn write(state: &mut State, worker: usize) {
        let Worker::Writes(on) = state.workers[worker] else { return };
        state.workers[worker] = Worker::Idle;
        let Some(begun) = state.call.leg_no(on.leg).and_then(|leg| leg.post_begun_at) else { return };
        let begun = begun.duration_since(minute(0)).as_secs() / TICK_SECS;
        // Stood still for too long: the connection has timed out before a byte was written.
        if state.now > begun + 1 {
            return;
        }
        let id = CarrierCallId::new(format!("CA{}", state.requests.len()));
        state.workers[worker] = Worker::Waits(state.requests.len());
        state.requests.push(Request {
            id,
            on,
            at: At::OnTheWay,
            begun,
            created: state.now,
            shows: false,
            answered: false,
            told: false,
            listed: false,
        });
    }

    /// Whether the call's deadline has passed and doing what it asks for would tell anything new.
    fn is_due(&self, state: &State) -> bool {
        let Some(deadline) = state.call.deadline(&self.timing(), None, None) else { return false };
        let bound = state.call.leg().carrier_call_id.as_ref();
        match deadline.why {
            // The carrier knows its calls: asked about a live one it says nothing new.
            Why::Ask => state.requests.iter().any(|it| Some(&it.id) == bound && it.at == At::Over),
            // A worker whose request is out is still waiting for its answer; one that died is not.
            _ => deadline.at <= state.time(),
        }
    }

    fn deadline(&self, state: &mut State) {
        let Some(deadline) = state.call.deadline(&self.timing(), None, None) else { return };
        let on = OnLeg { leg: state.call.leg().no, fence: state.call.leg().fence };
        match deadline.why {
            Why::Unclear => state.apply(Source::Engine, What::PostUnclear { on, why: "no answer".into() }),
            Why::List => match state.listing() {
                Some(request) => {
                    state.requests[request].listed = true;
                    let (news, carrier_call_id) = (state.truth(request), state.requests[request].id.clone());
                    state.apply(Source::Reconciler, What::Progress(Progress { on, carrier_call_id, news }));
                }
                None => state.apply(Source::Reconciler, What::ListedNothing(on)),
            },
            Why::Rule => state.apply(Source::Engine, What::RuledNotPlaced(on)),
            Why::Ask => {
                let bound = state.call.leg().carrier_call_id.clone();
                let asked = state.requests.iter().position(|it| Some(&it.id) == bound.as_ref());
                if let Some(request) = asked {
                    let news = state.truth(request);
                    state.news(request, news);
                }
            }
            Why::Expire => state.apply(Source::Engine, What::Expired(on)),
            Why::TimeLimit | Why::GiveUp => state.apply(Source::Engine, What::GaveUp(on)),
            // Nobody asks these calls for anything.
            Why::Act | Why::NotDone | Why::HoldOver | Why::AskChild => {}
            Why::RangOut | Why::CallerGone | Why::ReceiverGone => {}
        }
    }
}

pub fn minute(now: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(now * TICK_SECS)
}

pub fn new_call() -> Call {
    let event = Event {
        call: CallId::new(minute(0), [1; 10]),
        key: EventKey::new("request"),
        received_at: minute(0),
        occurred_at: None,
        source: Source::Api,
        what: What::Requested(Box::new(trunkline_core::call::Request {
            tenant: TenantId::default_tenant(),
            account: AccountId::new("sim:AC1"),
            party: Party { to: Address::new("+15550100001"), ..Party::default() },
            script: ScriptRef { name: "script".into(), version: "v1".into() },
            bot: None,
            limits: Limits { queue_limit_secs: 300, ..Limits::default() },
            not_before: None,
            session: None,
            idempotency: None,
            job: None,
        })),
    };
    Call::begin(&event).unwrap().0
}
