//! A server that is killed, a database that is away: what is to be sent is sent later, and nothing is lost.

use std::collections::BTreeSet;

use serde_json::json;
use trunkline_testkit::postgres::Server;

use super::receiver::{Mood, Receiver};
use super::{EVENTS, begin, carries, opening, wants};
use crate::beneath::{Beneath, Trouble, is_told, is_well};
use crate::day::Opening;

/// Refuses each event once: half of what is to be sent is always on its way.
fn reluctant() -> Receiver {
    Receiver::answers(|_, before| Mood::Says(if before == 0 { 500 } else { 200 }))
}

#[test]
fn a_server_that_is_killed_in_the_middle_sends_the_rest_when_it_is_back() {
    let mut day = begin(opening().in_its_own_process());
    let receiver = reluctant();
    wants(&day, &receiver.url("/hooks"));
    let mut calls = 0;
    for _ in 0..4 {
        for _ in 0..10 {
            carries(&day, &format!("CA{calls:04}"));
            calls += 1;
        }
        let seen = receiver.heard().len();
        day.until("it is in the middle of it", |_| (receiver.heard().len() > seen).then_some(()));
        day.restarts();
    }
    day.until("all are taken", |_| {
        let taken: BTreeSet<String> = receiver.taken().into_iter().collect();
        (taken.len() == calls * EVENTS).then_some(())
    });
    // What a kill cut off comes twice, and nothing overtakes it.
    assert_eq!(receiver.disorder(), Vec::<String>::new());
}

#[test]
fn of_two_servers_on_one_database_one_sends_each_event() {
    let database = Server::shared().database().unwrap();
    let node = |name: &str, opening: Opening| {
        let opening = opening.set("DATABASE_URL", &database.url()).set("TRUNKLINE_NODE", name);
        begin(opening.set("TRUNKLINE_SECRET_KEYS", &"7a".repeat(32)).in_its_own_process())
    };
    let a = node("a", opening());
    let b = node("b", opening().beside(&a));
    let receiver = Receiver::that(Mood::Says(200));
    wants(&a, &receiver.url("/hooks"));
    for n in 0..15 {
        carries(&a, &format!("CA-a{n}"));
        carries(&b, &format!("CA-b{n}"));
    }
    a.until("all are sent", |_| (receiver.taken().len() == 30 * EVENTS).then_some(()));
    assert_eq!(receiver.heard().len(), 30 * EVENTS, "each by one of them");
}

#[test]
fn what_happens_while_the_database_is_away_is_sent_when_it_is_back() {
    let mut beneath = Beneath::new(Trouble::Locked);
    let day = begin(beneath.of(opening()));
    let receiver = Receiver::that(Mood::Says(200));
    wants(&day, &receiver.url("/hooks"));
    beneath.goes_away(&day);
    is_told(&day);
    carries(&day, "CA1");
    let refused = day.post("/api/webhooks", &json!({ "url": receiver.url("/") }));
    assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("database_away")));
    assert!(receiver.heard().is_empty());
    beneath.comes_back(&day);
    is_well(&day);
    day.until("all are sent", |_| (receiver.taken().len() == EVENTS).then_some(()));
}

#[test]
fn without_a_database_there_are_no_webhooks() {
    let day = opening().set("DATABASE_URL", "none").begin();
    let answer =
        day.until("it answers", |day| Some(day.get("/api/webhooks")).filter(|answer| answer.status != 503));
    assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("no_database")));
}
