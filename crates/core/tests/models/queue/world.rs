//! The world a job lives in: two nodes on one database that claim, sleep, die and take over; a carrier that loses and
//! accepts; and a clock.
//!
//! The database is the [`Job`]: what is applied is committed. What a node holds beside it dies with it. A node sleeps by
//! not taking its next step. As in the world of one attempt, a request is written within a tick of `PostBegun` or not at
//! all, and a call that the carrier made of it shows in its listing before the settle time is over. Ticks are minutes.

use crate::Promises as _;
use jiff::{SignedDuration, Timestamp};
use stateright::Property;
use std::hash::{Hash, Hasher};
use trunkline_core::call::Disposition;
use trunkline_core::id::*;
use trunkline_core::queue::{self, Claim, Done, HandedBack, Happened, Job, JobRefused, JobState, Next};

/// Time passes at any moment until then, and afterwards when nothing else is left to happen.
const HORIZON: i64 = 4;
const LEASE: i64 = 2;
const SETTLE: i64 = 3;
const LAST_ATTEMPT: u32 = 3;
const LAST_FENCE: u32 = 4;
const DEATHS: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leases {
    /// Nothing ends by time.
    OfNodes,
    /// The control: as queues usually do it.
    BringBackDialing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fences {
    On,
    /// The control: whoever holds the job in memory believes that it is his.
    Off,
}

pub struct Model {
    pub leases: Leases,
    pub fences: Fences,
}

/// Where a request is at the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    OnTheWay,
    Never,
    Live,
    Over,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Request {
    pub attempt: AttemptNo,
    at: At,
    begun: i64,
    shows: bool,
}

impl Request {
    pub fn may_be_a_call(&self) -> bool {
        matches!(self.at, At::OnTheWay | At::Live)
    }

    fn is_unshown(&self) -> bool {
        self.at == At::OnTheWay || (self.at == At::Live && !self.shows)
    }
}

/// What a node holds in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node {
    Idle,
    Intends(Claim),
    Writes(Claim, i64),
    Waits(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub struct State {
    now: i64,
    pub job: Job,
    nodes: [Node; 2],
    pub requests: Vec<Request>,
    /// When the open attempt became unclear.
    unclear_at: i64,
    /// Until when the owner of a dialing job would have held a lease, for the control.
    dial_lease: i64,
    deaths: u8,
    pub rulings: u8,
    pub fenced: bool,
    pub proven: bool,
}

fn minute(now: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(now * 60)
}

fn name(node: usize) -> NodeId {
    NodeId::new(["a", "b"][node])
}

impl State {
    fn apply(&mut self, fact: &Happened) -> Result<queue::Applied, JobRefused> {
        self.job.apply(fact, minute(self.now))
    }

    /// What the retry policy makes of an end: once more, then done.
    fn next(&self) -> Next {
        match self.job.attempt.0 {
            1 => Next::Retry { at: minute(self.now) },
            _ => Next::Done { done: Done::Exhausted },
        }
    }

    fn request(&self) -> Option<queue::Request> {
        match &self.job.state {
            JobState::Dialing { request, .. } => Some(*request),
            _ => None,
        }
    }

    pub fn is_unclear(&self) -> bool {
        self.request() == Some(queue::Request::Unclear)
    }

    fn owner(&self) -> Option<&NodeId> {
        match &self.job.state {
            JobState::Dialing { on, .. } | JobState::Live { on, .. } => Some(&on.node),
            _ => None,
        }
    }

    fn may_claim(&self) -> bool {
        matches!(self.job.state, JobState::Waiting { .. })
            && self.job.attempt.0 < LAST_ATTEMPT
            && self.job.fence.0 < LAST_FENCE
    }

    /// The open attempt's call, if the carrier's listing shows one.
    fn listed(&self) -> Option<usize> {
        self.requests.iter().position(|it| it.attempt == self.job.attempt && it.shows)
    }

    fn waits(&self) -> bool {
        !matches!(self.job.state, JobState::Settled { .. } | JobState::Live { .. })
            || self.requests.iter().any(Request::is_unshown)
    }

    /// The settle assumption: a call must show before the settle time is over.
    fn holds_the_clock(&self) -> bool {
        self.requests.iter().any(|it| it.is_unshown() && self.now + 1 >= it.begun + SETTLE)
    }

    /// Nothing is left to happen, as it should be: settled, or at the bounds of this world.
    pub fn is_over(&self) -> bool {
        !self.requests.iter().any(Request::may_be_a_call)
            && (matches!(self.job.state, JobState::Settled { .. })
                || (matches!(self.job.state, JobState::Waiting { .. }) && !self.may_claim()))
    }

    /// The carrier's word that it has this call reaches us; one that nobody owns is hung up.
    fn placed(&mut self, request: usize) {
        let attempt = self.requests[request].attempt;
        if self.apply(&Happened::Placed { attempt }) == Err(JobRefused::Stray) {
            self.requests[request].at = At::Over;
        }
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let job = &self.job;
        let times = (self.now, self.unclear_at, self.dial_lease);
        (self.waits().then_some(times), self.nodes, self.deaths, self.rulings.min(1)).hash(hasher);
        (&self.requests, self.fenced, self.proven).hash(hasher);
        (job.attempt, job.fence, job.used, job.stumbles, job.state.as_str()).hash(hasher);
        match &job.state {
            JobState::Waiting { not_before, ruled } => (not_before, ruled.is_some()).hash(hasher),
            JobState::Dialing { on, request, stop } => (&on.node, request, stop).hash(hasher),
            JobState::Live { on, stop } => (&on.node, stop).hash(hasher),
            JobState::Settled { done, ruled, .. } => (done.as_str(), ruled.is_some()).hash(hasher),
            JobState::Parked { .. } => {}
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Tick,
    Claim(usize),
    Begin(usize),
    Write(usize),
    Answer(usize),
    TimeOut(usize),
    Die(usize),
    ProveUnsent(usize),
    TakeOver(usize),
    BringBack,
    Unclear,
    List,
    Rule,
    Lose(usize),
    Accept(usize),
    Show(usize),
    End(usize),
}

impl stateright::Model for Model {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let (id, lead) = (JobId::minted(minute(0), [1; 10]), LeadId::minted(minute(0), [2; 10]));
        vec![State {
            now: 0,
            job: Job::new(id, TenantId::default_tenant(), None, lead, minute(0)),
            nodes: [Node::Idle; 2],
            requests: Vec::new(),
            unclear_at: 0,
            dial_lease: 0,
            deaths: 0,
            rulings: 0,
            fenced: false,
            proven: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (node, holds) in state.nodes.iter().enumerate() {
            match holds {
                Node::Idle => self.idle(state, node, actions),
                Node::Intends(_) => actions.push(Action::Begin(node)),
                Node::Writes(..) => actions.push(Action::Write(node)),
                Node::Waits(request) => {
                    actions.push(Action::TimeOut(node));
                    if matches!(state.requests[*request].at, At::Live | At::Over) {
                        actions.push(Action::Answer(node));
                    }
                }
            }
            if *holds != Node::Idle && state.deaths < DEATHS {
                actions.push(Action::Die(node));
            }
        }
        for (request, it) in state.requests.iter().enumerate() {
            match it.at {
                At::OnTheWay => actions.extend([Action::Lose(request), Action::Accept(request)]),
                At::Live if !it.shows => actions.push(Action::Show(request)),
                // The carrier tells of the end, or is asked: a call of which we know nothing goes on until it shows.
                At::Live => actions.push(Action::End(request)),
                At::Never | At::Over => {}
            }
        }
        self.by_time(state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Tick => state.now += 1,
            Action::Claim(node) => {
                let call = CallId::of_attempt(state.job.id, state.job.attempt.next());
                state.apply(&Happened::Claimed { by: name(node), call }).ok()?;
                state.nodes[node] = Node::Intends(state.job.claim());
                state.dial_lease = state.now + LEASE;
            }
            Action::Begin(node) => self.begin(&mut state, node),
            Action::Write(node) => write(&mut state, node),
            Action::Answer(node) => {
                let Node::Waits(request) = state.nodes[node] else { return None };
                state.nodes[node] = Node::Idle;
                state.placed(request);
            }
            Action::TimeOut(node) => {
                let Node::Waits(request) = state.nodes[node] else { return None };
                state.nodes[node] = Node::Idle;
                let attempt = state.requests[request].attempt;
                if state.apply(&Happened::PostUnclear { attempt }).is_ok() {
                    state.unclear_at = state.now;
                }
            }
            Action::Die(node) => {
                state.nodes[node] = Node::Idle;
                state.deaths += 1;
            }
            Action::ProveUnsent(_) => {
                let on = state.job.claim();
                state.apply(&Happened::GivenBack { on, why: HandedBack::Restart }).ok()?;
                state.proven = true;
            }
            Action::TakeOver(node) => {
                state.apply(&Happened::TakenOver { by: name(node) }).ok()?;
                state.unclear_at = state.now;
            }
            Action::BringBack => state.job.state = JobState::waiting(),
            Action::Unclear => {
                let attempt = state.job.attempt;
                state.apply(&Happened::PostUnclear { attempt }).ok()?;
                state.unclear_at = state.now;
            }
            Action::List => {
                let request = state.listed()?;
                state.placed(request);
            }
            Action::Rule => {
                let (on, next) = (state.job.claim(), state.next());
                state.apply(&Happened::RuledNotPlaced { on, next }).ok()?;
                state.rulings += 1;
            }
            Action::Lose(request) => state.requests[request].at = At::Never,
            Action::Accept(request) => state.requests[request].at = At::Live,
            Action::Show(request) => state.requests[request].shows = true,
            Action::End(request) => {
                state.requests[request].at = At::Over;
                let (attempt, next) = (state.requests[request].attempt, state.next());
                let _ = state.apply(&Happened::Ended { attempt, disposition: Disposition::NoAnswer, next });
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.promises()
    }
}

impl Model {
    fn idle(&self, state: &State, node: usize, actions: &mut Vec<Action>) {
        // The nodes are alike: the first one claims first.
        if state.may_claim() && (node == 0 || state.job.fence > Fence::NONE) {
            actions.push(Action::Claim(node));
        }
        let mine = state.owner() == Some(&name(node));
        match state.request() {
            Some(queue::Request::Unsent) if mine => actions.push(Action::ProveUnsent(node)),
            Some(_) if !mine && state.job.fence.0 < LAST_FENCE => actions.push(Action::TakeOver(node)),
            _ => {}
        }
    }

    fn by_time(&self, state: &State, actions: &mut Vec<Action>) {
        let request = state.request();
        if self.leases == Leases::BringBackDialing && request.is_some() && state.now >= state.dial_lease {
            actions.push(Action::BringBack);
        }
        let is_written = state.requests.iter().any(|it| it.attempt == state.job.attempt);
        if request == Some(queue::Request::Out) && is_written {
            actions.push(Action::Unclear);
        }
        // Its owner died between `PostBegun` and the first byte.
        let is_writing = state.nodes.iter().any(|node| matches!(node, Node::Writes(..)));
        if request == Some(queue::Request::Out) && !is_written && !is_writing {
            actions.push(Action::Unclear);
        }
        if request == Some(queue::Request::Unclear) {
            if state.listed().is_some() {
                actions.push(Action::List);
            } else if state.now >= state.unclear_at + SETTLE {
                actions.push(Action::Rule);
            }
        }
        let settled = !state.holds_the_clock();
        if settled && state.waits() && (state.now < HORIZON || actions.is_empty()) && !state.is_over() {
            actions.push(Action::Tick);
        }
    }

    /// What a node shows for itself: its own claim, or whatever holds now, where nobody looks at fences.
    fn shown(&self, state: &State, claim: Claim) -> Claim {
        match self.fences {
            Fences::On => claim,
            Fences::Off => state.job.claim(),
        }
    }

    fn begin(&self, state: &mut State, node: usize) {
        let Node::Intends(claim) = state.nodes[node] else { return };
        let on = self.shown(state, claim);
        let begun = state.apply(&Happened::PostBegun { on });
        state.fenced |= matches!(begun, Err(JobRefused::OldFence { .. }));
        // Without fences nobody asks who has posted before, either.
        let goes_on = begun.is_ok() || (self.fences == Fences::Off && state.job.state.holds_slot());
        state.nodes[node] = if goes_on { Node::Writes(on, state.now) } else { Node::Idle };
    }
}

fn write(state: &mut State, node: usize) {
    let Node::Writes(claim, begun) = state.nodes[node] else { return };
    state.nodes[node] = Node::Idle;
    // Stood still for too long: the connection has timed out before a byte was written.
    if state.now > begun + 1 {
        return;
    }
    state.nodes[node] = Node::Waits(state.requests.len());
    state.requests.push(Request { attempt: claim.attempt, at: At::OnTheWay, begun, shows: false });
}
