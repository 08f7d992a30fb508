//! Many events, a receiver that refuses three of ten and one that hangs: nothing is lost, all is in order, nobody else waits.
//!
//! `TRUNKLINE_WEBHOOK_EVENTS=10000` is the full size, `TRUNKLINE_SEED=7` repeats a run.
#![allow(clippy::print_stderr, reason = "a story with chance in it tells its seed and its figures")]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use trunkline_testkit::chance::Chance;

use super::receiver::{Mood, Receiver};
use super::{EVENTS, begin, carries, opening, wants};
use crate::day::{Day, Opening, number};

/// Refuses three requests of ten, and no event more than three times: a story has no day and a half.
fn flaky(seed: u64) -> Receiver {
    let chance = Mutex::new(Chance::from_seed(seed));
    Receiver::answers(move |_, before| {
        let refuses = before < 3 && chance.lock().unwrap().between(0, 9) < 3;
        Mood::Says(if refuses { 500 } else { 200 })
    })
}

fn seed() -> u64 {
    let seed = number("TRUNKLINE_SEED", 1_u64);
    eprintln!("TRUNKLINE_SEED={seed}");
    seed
}

/// Waits until a receiver has taken so many events.
fn has_taken(receiver: &Receiver, events: usize, patience: Duration) -> BTreeSet<String> {
    let begun = Instant::now();
    loop {
        let taken: BTreeSet<String> =
            receiver.heard().iter().filter(|one| one.is_taken()).map(|one| one.text("id")).collect();
        if taken.len() >= events {
            return taken;
        }
        assert!(begun.elapsed() < patience, "{} of {events} came", taken.len());
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn everything_arrives_in_order(opening: Opening) {
    let events = number("TRUNKLINE_WEBHOOK_EVENTS", 300_usize);
    let calls = events / EVENTS;
    // One that waited for the receiver that hangs, fifteen seconds a call, would take six times as long.
    let patience = Duration::from_secs(60 + u64::try_from(events / 20).unwrap());
    let day = begin(opening);
    let (good, flaky, hanging) =
        (Receiver::that(Mood::Says(200)), flaky(seed()), Receiver::that(Mood::Hangs));
    for receiver in [&hanging, &flaky, &good] {
        wants(&day, &receiver.url("/hooks"));
    }
    (0..calls).for_each(|n| carries(&day, &format!("CA{n:06}")));

    let begun = Instant::now();
    let all = has_taken(&good, calls * EVENTS, patience);
    eprintln!("{} events: the good receiver has all {:?} after the last one", all.len(), begun.elapsed());
    assert_eq!(has_taken(&flaky, calls * EVENTS, patience), all);
    assert_eq!((all.len(), good.heard().len()), (calls * EVENTS, calls * EVENTS), "once each");
    for receiver in [&good, &flaky] {
        assert_eq!(receiver.disorder(), Vec::<String>::new());
    }
    let refused = flaky.heard().len() - all.len();
    assert!(refused > all.len() / 5, "the control: {refused} were refused");
    let held = hanging.heard().len();
    assert!((1..=40 + events / 20).contains(&held), "the one that hangs was asked {held} times");
}

#[test]
fn whatever_receivers_do_everything_arrives_once_and_in_order_from_sqlite() {
    everything_arrives_in_order(opening());
}

#[test]
fn whatever_receivers_do_everything_arrives_once_and_in_order_from_postgresql() {
    everything_arrives_in_order(opening().on_postgresql());
}

/// The control: with a line for each event instead of one for each call, the judge sees disorder.
#[test]
fn without_lines_of_calls_the_judge_sees_disorder() {
    const SCATTER: &str = "CREATE TRIGGER scatter AFTER INSERT ON webhook_deliveries BEGIN \
        UPDATE webhook_deliveries SET call = printf('%08x-0000-7000-8000-000000000000', new.n) WHERE n = new.n; \
        INSERT INTO webhook_lines (endpoint, call, tenant, next_at) \
        VALUES (new.endpoint, printf('%08x-0000-7000-8000-000000000000', new.n), new.tenant, new.at); END";
    let day: Day = begin(opening());
    day.database().is_told(SCATTER);
    let flaky = flaky(seed());
    wants(&day, &flaky.url("/hooks"));
    (0..25).for_each(|n| carries(&day, &format!("CA{n:06}")));
    has_taken(&flaky, 25 * EVENTS, Duration::from_secs(60));
    assert!(!flaky.disorder().is_empty(), "a hundred events went out one by one and the judge saw nothing");
}
