//! One attempt makes at most one call: every interleaving of two workers, a carrier and the clock is tried.
//!
//! `world` is what can happen, with the core's own `guard`, `rule`, `deadline` and `apply` in it; here are the promises,
//! and the controls that show that the search can find them broken.

mod rules;
mod world;

use crate::Promises;
use stateright::{Checker, HasDiscoveries, Model, Property};
use trunkline_core::call::{Disposition, Owed, Stray};
use world::{Action, Guard, Model as Dial, Request, Settle, State};

fn promises() -> Vec<Property<Dial>> {
    vec![
        Property::always("at most one create request per attempt", |_: &Dial, state: &State| {
            state
                .legs()
                .all(|leg| state.requests.iter().filter(|request| request.on.leg == leg.no).count() <= 1)
        }),
        Property::always("a person has at most one call at a time", |_: &Dial, state: &State| {
            state.requests.iter().filter(|request| request.is_live()).count() <= 1
        }),
        Property::always("no ruling while the carrier may still show the call", |_: &Dial, state: &State| {
            state.legs().filter(|leg| leg.is_ruled_not_placed()).all(|leg| {
                !state.requests.iter().any(|request| request.on.leg == leg.no && request.may_be_a_call())
            })
        }),
        Property::always("an id is bound to one attempt or is a stray", |_: &Dial, state: &State| {
            state.requests.iter().filter(|request| request.is_known()).all(|request| {
                let bound =
                    state.legs().filter(|leg| leg.carrier_call_id.as_ref() == Some(&request.id)).count();
                let stray = usize::from(state.call.strays.contains_key(&request.id));
                bound + stray == 1
            })
        }),
        Property::always("a live stray is owed a hang-up", |_: &Dial, state: &State| {
            let mut found = state.call.strays.iter().filter(|(_, stray)| **stray == Stray::Found);
            found.all(|(id, _)| state.call.owed().contains(&Owed::HangUpStray(id.clone())))
        }),
        Property::always("every path ends, with nothing left over", |model: &Dial, state: &State| {
            let mut actions = Vec::new();
            model.actions(state, &mut actions);
            let over = state.call.is_over() && state.call.owed().is_empty();
            actions.retain(|action| !matches!(action, Action::Webhook(_)));
            !actions.is_empty() || (over && !state.requests.iter().any(Request::may_be_a_call))
        }),
    ]
}

/// What must be reached at least once, or the promises are empty.
fn reached() -> Vec<Property<Dial>> {
    vec![
        Property::sometimes("placed and recorded", |_: &Dial, state: &State| {
            state.legs().any(|leg| leg.carrier_call_id.is_some() && leg.unclear_at.is_none())
        }),
        Property::sometimes("unclear, found by a listing", |_: &Dial, state: &State| {
            state.requests.iter().any(|request| request.listed && !request.told && !request.answered)
        }),
        Property::sometimes("unclear, told by a webhook", |_: &Dial, state: &State| {
            let told = |request: &Request| request.told && !request.answered && !request.listed;
            state.legs().any(|leg| leg.unclear_at.is_some()) && state.requests.iter().any(told)
        }),
        Property::sometimes("ruled not placed", |_: &Dial, state: &State| {
            state.call.disposition() == Some(Disposition::NotPlaced)
        }),
        Property::sometimes("a second attempt is placed", |_: &Dial, state: &State| {
            state.legs().any(|leg| leg.no.0 == 2 && leg.carrier_call_id.is_some())
        }),
        Property::sometimes("an earlier owner is withheld", |_: &Dial, state: &State| state.withheld()),
        Property::sometimes("withdrawn before the request", |_: &Dial, state: &State| {
            state.call.disposition() == Some(Disposition::Canceled) && state.requests.is_empty()
        }),
        Property::sometimes("hung up by request", |_: &Dial, state: &State| {
            state
                .legs()
                .any(|leg| leg.hang_up.is_some() && leg.carrier_call_id.is_some() && leg.end.is_some())
        }),
    ]
}

impl Promises for Dial {
    fn promises(&self) -> Vec<Property<Self>> {
        let mut properties = promises();
        properties.extend(reached());
        properties
    }
}

#[test]
fn every_interleaving_keeps_every_promise() {
    let checker = Dial { guard: Guard::On, settle: Settle::On }.checker().threads(2).spawn_bfs().join();
    println!("{} states, {} of them unique", checker.state_count(), checker.unique_state_count());
    checker.assert_properties();
    assert!(checker.unique_state_count() > 10_000, "the world is too small to mean anything");
}

/// Which promises break in this world.
fn broken(model: Dial) -> Vec<&'static str> {
    let checker = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    promises().into_iter().map(|it| it.name).filter(|name| checker.discovery(name).is_some()).collect()
}

#[test]
fn without_the_guard_a_person_is_called_twice() {
    let broken = broken(Dial { guard: Guard::Off, settle: Settle::On });
    assert!(broken.contains(&"at most one create request per attempt"), "{broken:?}");
}

#[test]
fn without_the_settle_rule_a_call_is_ruled_away_that_exists() {
    let broken = broken(Dial { guard: Guard::On, settle: Settle::Off });
    assert!(broken.contains(&"no ruling while the carrier may still show the call"), "{broken:?}");
}
