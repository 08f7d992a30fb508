//! One app call, two devices that want it, two sides that come and go, a server that dies: every interleaving is tried, with the
//! core's own `apply` and `deadline`.
//!
//! The control: where a device's accept is granted by a look at the call instead of by the event that was applied, two win.

use crate::Promises;
use jiff::{SignedDuration, Timestamp};
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use trunkline_core::call::*;
use trunkline_core::id::{AccountId, CallId, DeviceId, EventKey, TenantId};
use trunkline_core::private::Address;

const DEVICES: [&str; 2] = ["phone", "tablet"];

/// How an accept is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Granted {
    /// By what became of its event.
    ByTheCall,
    /// By a look at the call, before its event.
    ByALook,
}

#[derive(Clone, Debug)]
struct World(Granted);

#[derive(Clone, Debug, PartialEq)]
struct State {
    call: Call,
    now: i64,
    /// Devices that have seen it ring and were not answered yet.
    looked: BTreeSet<&'static str>,
    /// Devices that were told that it is theirs.
    won: BTreeSet<&'static str>,
    /// What was done that can be done once.
    done: BTreeSet<Action>,
}

impl Eq for State {}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        serde_json::to_string(&self.call).unwrap().hash(state);
        (self.now, &self.looked, &self.won, &self.done).hash(state);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Action {
    Looks(&'static str),
    Accepts(&'static str),
    Declines,
    HangsUp(Side),
    Loses(Side),
    Returns(Side),
    /// The server dies, and is there again.
    Restarts,
    /// It is the time of the call's deadline.
    TimePasses,
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(secs)
}

fn event(now: i64, what: What) -> Event {
    Event {
        call: CallId::new(at(0), [1; 10]),
        key: EventKey::new(format!("{now}:{what:?}")),
        received_at: at(now),
        occurred_at: None,
        source: Source::Engine,
        what,
    }
}

fn news(news: AppNews) -> What {
    What::App(Box::new(AppProgress { news }))
}

impl State {
    fn hears(&mut self, what: What) -> bool {
        self.call.apply(&event(self.now, what)).is_ok()
    }

    fn deadline(&self) -> Option<Deadline> {
        self.call.deadline(&Timing::default(), None, None)
    }

    fn device(&self, side: Side) -> Option<DeviceId> {
        self.call.app.as_ref()?.seat(side).device.clone()
    }

    fn is_lost(&self, side: Side) -> bool {
        self.call.app.as_ref().is_some_and(|app| app.seat(side).lost_at.is_some())
    }

    fn end(&self) -> Option<AppEnd> {
        self.call.app_end()
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let tenant = TenantId::default_tenant();
        let called = What::AppCalled(Box::new(AppCall {
            account: AccountId::app(&tenant),
            tenant,
            party: Party { from: Address::new("ann"), to: Address::new("bob"), ..Party::default() },
            call_type: CallType::Voice,
            conversation: None,
            device: Some(DeviceId::new("laptop")),
            receiver: Receiver::Free,
            limits: Limits { time_limit_secs: 60, ..Limits::default() },
            idempotency: None,
        }));
        let (call, _) = Call::begin(&event(0, called)).unwrap();
        let (looked, won, done) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        vec![State { call, now: 0, looked, won, done }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let mut once = vec![Action::Declines, Action::Restarts];
        once.extend(Side::ALL.into_iter().flat_map(|side| [Action::HangsUp(side), Action::Loses(side)]));
        once.extend(DEVICES.map(Action::Looks));
        actions.extend(once.into_iter().filter(|action| !state.done.contains(action)));
        actions.extend(state.looked.iter().copied().map(Action::Accepts));
        actions.extend(Side::ALL.into_iter().filter(|side| state.is_lost(*side)).map(Action::Returns));
        if state.call.is_over() {
            actions.clear();
        }
        actions.extend(state.deadline().map(|_| Action::TimePasses));
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        state.done.insert(action);
        // Nothing but time takes time, and nothing happens twice at one moment.
        state.now += 1;
        match action {
            Action::Looks(device) => {
                if state.call.state() == trunkline_core::call::State::Ringing {
                    state.looked.insert(device);
                }
            }
            Action::Accepts(device) => {
                state.looked.remove(device);
                let taken = state
                    .hears(news(AppNews::Taken { device: Some(DeviceId::new(device)), asked_with: None }));
                if taken || self.0 == Granted::ByALook {
                    state.won.insert(device);
                }
            }
            Action::Declines => {
                state.hears(news(AppNews::Declined));
            }
            Action::HangsUp(by) => {
                state.hears(news(AppNews::HungUp { by }));
            }
            Action::Loses(side) => {
                let device = state.device(side)?;
                state.hears(news(AppNews::Lost { side, device }));
            }
            Action::Returns(side) => {
                let device = state.device(side)?;
                state.hears(news(AppNews::Joined { side, device, how: Joining::Again }));
            }
            Action::Restarts => {
                for side in Side::ALL {
                    state.hears(news(AppNews::Orphaned { side }));
                }
            }
            Action::TimePasses => {
                let due = state.deadline()?;
                state.now = state.now.max(due.at.duration_since(at(0)).as_secs());
                let what = match due.why {
                    Why::RangOut => news(AppNews::RangOut),
                    Why::CallerGone => news(AppNews::Gone { side: Side::Caller }),
                    Why::ReceiverGone => news(AppNews::Gone { side: Side::Receiver }),
                    Why::TimeLimit => What::HangUpAsked { reason: HangUpReason::TimeLimit },
                    other => panic!("{other:?}"),
                };
                assert!(state.hears(what), "a deadline does what it is for");
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.promises()
    }
}

const ONE_WINS: &str = "at most one device is told that the call is its own";

impl Promises for World {
    fn promises(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONE_WINS, |_: &Self, state: &State| state.won.len() <= 1),
            Property::always("who was told so speaks for the receiver", |world: &Self, state: &State| {
                let speaks = state.device(Side::Receiver);
                world.0 == Granted::ByALook
                    || state.won.iter().all(|device| speaks.as_ref().map(DeviceId::as_str) == Some(device))
            }),
            Property::always("every call that is not over has a deadline", |_: &Self, state: &State| {
                state.deadline().is_none() == state.call.is_over()
            }),
            Property::always(
                "an end has one reason and a length if it was answered",
                |_: &Self, state: &State| {
                    let was_answered = state.call.answered_at().is_some();
                    !state.call.is_over()
                        || (state.end().is_some() && state.call.duration_secs().is_some() == was_answered)
                },
            ),
            Property::sometimes("missed", |_: &Self, state: &State| state.end() == Some(AppEnd::Missed)),
            Property::sometimes("declined", |_: &Self, state: &State| state.end() == Some(AppEnd::Declined)),
            Property::sometimes("given up", |_: &Self, state: &State| {
                state.end() == Some(AppEnd::CallerGaveUp)
            }),
            Property::sometimes("lost for good", |_: &Self, state: &State| {
                state.end() == Some(AppEnd::ConnectionLost)
            }),
            Property::sometimes("too long", |_: &Self, state: &State| state.end() == Some(AppEnd::TimeLimit)),
            Property::sometimes("back after a restart, and hung up", |_: &Self, state: &State| {
                state.done.contains(&Action::Restarts)
                    && state.done.contains(&Action::Returns(Side::Caller))
                    && state.end() == Some(AppEnd::HungUp)
            }),
        ]
    }
}

#[test]
fn every_interleaving_of_two_devices_two_sides_and_a_restart_keeps_every_promise() {
    let checker = World(Granted::ByTheCall).checker().threads(2).spawn_bfs().join();
    println!("{} states, {} of them unique", checker.state_count(), checker.unique_state_count());
    checker.assert_properties();
    assert!(checker.unique_state_count() > 1_000, "the world is too small to mean anything");
}

#[test]
fn where_an_accept_is_granted_by_a_look_two_devices_win() {
    let found = HasDiscoveries::AnyOf([ONE_WINS].into());
    let checker = World(Granted::ByALook).checker().threads(2).finish_when(found).spawn_bfs().join();
    assert!(checker.discovery(ONE_WINS).is_some());
}
