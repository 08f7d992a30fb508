//! Claims and fences: every interleaving of two nodes, a carrier and the clock is tried on one job.
//!
//! `world` is what can happen, with the core's own `Job::apply` in it; here are the promises, and the controls that show
//! that the search can find them broken: a queue that lets leases bring back what is being dialed, as queues usually do,
//! calls people twice; so does one without fences.

mod world;

use crate::Promises;
use stateright::{Checker, HasDiscoveries, Model, Property};
use trunkline_core::queue::JobState;
use world::{Fences, Leases, Model as Queue, State};

fn promises() -> Vec<Property<Queue>> {
    vec![
        Property::always("at most one create request per attempt", |_: &Queue, state: &State| {
            (1..=state.job.attempt.0)
                .all(|attempt| state.requests.iter().filter(|it| it.attempt.0 == attempt).count() <= 1)
        }),
        Property::always("a person has at most one call at a time", |_: &Queue, state: &State| {
            state.requests.iter().filter(|request| request.may_be_a_call()).count() <= 1
        }),
        Property::always("while a call may exist the job holds its slot", |_: &Queue, state: &State| {
            state.job.state.holds_slot() || !state.requests.iter().any(world::Request::may_be_a_call)
        }),
        Property::always("every path ends, with nothing left over", |model: &Queue, state: &State| {
            let mut actions = Vec::new();
            model.actions(state, &mut actions);
            !actions.is_empty() || state.is_over()
        }),
    ]
}

/// What must be reached at least once, or the promises are empty.
fn reached() -> Vec<Property<Queue>> {
    vec![
        Property::sometimes("a sleeper meets a later fence", |_: &Queue, state: &State| state.fenced),
        Property::sometimes("another node reconciles", |_: &Queue, state: &State| {
            state.is_unclear() && state.job.fence.0 > state.job.attempt.0
        }),
        Property::sometimes("ruled, and tried again", |_: &Queue, state: &State| {
            state.rulings > 0 && state.requests.iter().any(|it| it.attempt.0 > 1)
        }),
        Property::sometimes("a restart proves that nothing was sent", |_: &Queue, state: &State| {
            state.proven
        }),
        Property::sometimes("settled", |_: &Queue, state: &State| {
            matches!(state.job.state, JobState::Settled { .. })
        }),
    ]
}

impl Promises for Queue {
    fn promises(&self) -> Vec<Property<Self>> {
        let mut properties = promises();
        properties.extend(reached());
        properties
    }
}

#[test]
fn every_interleaving_of_two_nodes_keeps_every_promise() {
    let queue = Queue { leases: Leases::OfNodes, fences: Fences::On };
    let checker = queue.checker().threads(2).spawn_bfs().join();
    println!("{} states, {} of them unique", checker.state_count(), checker.unique_state_count());
    checker.assert_properties();
    assert!(checker.unique_state_count() > 5_000, "the world is too small to mean anything");
}

/// Whether a person is called twice in this world: by one attempt, or by two at once.
fn calls_somebody_twice(queue: Queue) -> bool {
    let twice = ["at most one create request per attempt", "a person has at most one call at a time"];
    let found = HasDiscoveries::AnyOf(twice.into());
    let checker = queue.checker().threads(2).finish_when(found).spawn_bfs().join();
    twice.iter().any(|promise| checker.discovery(promise).is_some())
}

#[test]
fn where_leases_bring_back_what_is_being_dialed_a_person_is_called_twice() {
    assert!(calls_somebody_twice(Queue { leases: Leases::BringBackDialing, fences: Fences::On }));
}

#[test]
fn without_fences_a_sleeper_calls_a_second_time() {
    assert!(calls_somebody_twice(Queue { leases: Leases::OfNodes, fences: Fences::Off }));
}
