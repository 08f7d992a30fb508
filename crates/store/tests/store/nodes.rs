//! Nodes that share a database: one of several takes over what a silent one carried, and what that says late is not believed.

use crate::calls::{Engine, Place, Story, at, batch};
use crate::queue::{call_id, claiming, enqueue, job_id, new_job};
use std::collections::BTreeSet;
use std::time::Duration;
use trunkline_core::id::NodeId;
use trunkline_store::{Heard, JournalIdent, Position, Projection, Store};

const LONG: Duration = Duration::from_secs(3_600);
const OVER: Duration = Duration::ZERO;

fn node(name: &str) -> NodeId {
    NodeId::new(name)
}

/// A batch of another node's.
fn from(name: &str, upto: u64, stories: &[&Story]) -> Projection {
    let journal = JournalIdent { node: name.to_owned(), journal: format!("journal of {name}") };
    Projection { journal, ..batch(upto, stories) }
}

/// A database that two nodes feed, and the second one's own connection.
async fn two() -> (Place, Store) {
    let place = Place::on(Engine::Postgres).await;
    let second = place.reopened().await;
    second.cursor(&from("two", 0, &[]).journal).await.unwrap();
    (place, second)
}

#[tokio::test]
async fn a_node_is_left_alone_while_its_lease_lasts_and_counted_out_once_after_it() {
    let (place, _) = two().await;
    let store = &place.store;
    let life = store.join(&node("one"), LONG).await.unwrap();
    assert_eq!((life.epoch, life.others), (1, 0));
    for name in ["two", "three"] {
        store.join(&node(name), LONG).await.unwrap();
    }
    place.project(1, &[&Story::new(1, 0)]).await;
    let takes = async |name, grace| store.take_over(&node(name), 1, grace, at(9)).await.unwrap();
    assert_eq!(takes("two", OVER).await, Some(vec![]), "its lease lasts");
    let life = store.beat(&node("one"), life.epoch, OVER).await.unwrap().unwrap();
    assert_eq!(life.others, 2);
    assert_eq!(takes("two", LONG).await, Some(vec![]), "and some more");
    assert_eq!(takes("two", OVER).await, Some(vec![node("one")]));
    assert_eq!(store.beat(&node("one"), life.epoch, LONG).await.unwrap(), None, "its next beat tells it so");
    assert_eq!(takes("three", OVER).await, Some(vec![]), "nothing is left to take");
    assert_eq!(store.join(&node("one"), LONG).await.unwrap().epoch, 3);
}

#[tokio::test]
async fn a_node_that_was_counted_out_takes_nothing_before_it_has_begun_another_life() {
    let (place, _) = two().await;
    let store = &place.store;
    for name in ["one", "two"] {
        store.join(&node(name), OVER).await.unwrap();
    }
    place.project(1, &[&Story::new(1, 0)]).await;
    let takes = async |name, epoch| store.take_over(&node(name), epoch, OVER, at(9)).await.unwrap();
    assert_eq!(takes("two", 1).await, Some(vec![node("one")]));
    assert_eq!(takes("one", 1).await, None, "it was stopped, and does not know yet what it has lost");
    let life = store.join(&node("one"), OVER).await.unwrap();
    assert_eq!(takes("one", life.epoch).await, Some(vec![node("two")]));
}

#[tokio::test]
async fn what_a_node_says_late_of_a_call_that_another_carries_is_kept_and_not_believed() {
    let (place, second) = two().await;
    let store = &place.store;
    for name in ["one", "two"] {
        store.join(&node(name), OVER).await.unwrap();
    }
    let begun = Story::new(1, 0);
    let (id, call) = (begun.call.id, &begun.call);
    place.project(1, &[&begun]).await;
    store.take_over(&node("two"), 1, OVER, at(9)).await.unwrap();
    assert_eq!(store.carried(&node("two")).await.unwrap(), [id]);
    assert_eq!(store.carried_elsewhere(&node("one"), &[id]).await.unwrap()[&id], node("two"));

    let late = begun.clone().dialed();
    let projected = store.project(&batch(4, &[&late])).await.unwrap();
    assert_eq!(projected.lost.get(&id), Some(&node("two")));
    assert_eq!(store.load_call(id).await.unwrap().as_ref(), Some(call), "the fold is the other's");
    assert_eq!(store.events(&call.tenant, id).await.unwrap().len(), late.events.len(), "the history has it");
    assert_eq!(store.unheard(&node("two")).await.unwrap(), [id], "and the other is told");
    let n = late.events.len();
    let heard = async |n| store.has_heard(&node("two"), &[Heard { id, n }]).await.unwrap();
    heard(Some(n - 1)).await;
    assert_eq!(store.unheard(&node("two")).await.unwrap(), [id], "more has come than it has read");
    heard(Some(n)).await;
    assert!(store.unheard(&node("two")).await.unwrap().is_empty(), "once");

    // Its own are believed; and of one that is over the rows go on wherever something is heard.
    let ended = Story::completed(1, 0);
    assert!(second.project(&from("two", 1, &[&ended])).await.unwrap().lost.is_empty());
    assert!(store.project(&batch(5, &[&ended])).await.unwrap().lost.contains_key(&id), "a copy from before");
    let made_from_rows = BTreeSet::from([id]);
    let on = Projection { made_from_rows, ..batch(6, &[&ended]) };
    assert!(store.project(&on).await.unwrap().lost.is_empty());
    assert_eq!(store.cursor(&batch(0, &[]).journal).await.unwrap().position, Position(6));
}

#[tokio::test]
async fn a_job_that_can_not_be_read_keeps_no_other_from_its_new_node() {
    let (place, _) = two().await;
    let store = &place.store;
    for name in ["one", "two"] {
        store.join(&node(name), OVER).await.unwrap();
    }
    enqueue(&place, 1, &[new_job(1, "+15550100001"), new_job(2, "+15550100002")]).await;
    let both = [claiming(1, "a"), claiming(2, "b")];
    assert_eq!(store.claim(&node("one"), &both, at(5)).await.unwrap().len(), 2);
    assert_eq!(store.held_jobs(&node("one")).await.unwrap().len(), 2);
    place.sql("UPDATE jobs SET fold = '{}' WHERE number = '+15550100001'").await;
    let held: Vec<_> = store.held_jobs(&node("one")).await.unwrap().iter().map(|held| held.call).collect();
    assert_eq!(held, [call_id(2)]);

    assert_eq!(store.take_over(&node("two"), 1, OVER, at(9)).await.unwrap(), Some(vec![node("one")]));
    let held = store.held_jobs(&node("two")).await.unwrap();
    assert_eq!(held.iter().map(|held| held.queued.job.id).collect::<Vec<_>>(), [job_id(2)]);
}

#[tokio::test]
async fn an_attempt_that_is_taken_over_again_remembers_the_first_time() {
    let (place, _) = two().await;
    let store = &place.store;
    for name in ["one", "two"] {
        store.join(&node(name), OVER).await.unwrap();
    }
    enqueue(&place, 1, &[new_job(1, "+15550100001")]).await;
    assert_eq!(store.claim(&node("one"), &[claiming(1, "a")], at(5)).await.unwrap().len(), 1);
    let taken_at = async |name| store.held_jobs(&node(name)).await.unwrap()[0].taken_at;
    assert_eq!(taken_at("one").await, None);

    store.take_over(&node("two"), 1, OVER, at(9)).await.unwrap();
    assert_eq!(taken_at("two").await, Some(at(9)));
    let life = store.join(&node("one"), OVER).await.unwrap();
    store.take_over(&node("one"), life.epoch, OVER, at(20)).await.unwrap();
    assert_eq!(taken_at("one").await, Some(at(9)), "since then nobody can have posted it");
}
