//! Who listens and does not read: it hears everything later, and nobody waits for it.

use crate::house::House;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::call::{Direction, Metadata};
use trunkline_core::private::Private;
use trunkline_engine::{About, LiveEvent, Registration, Subscription};

/// More than is kept in memory for all listeners.
const EVENTS: usize = 9_000;
const AT_ONCE: usize = 300;

async fn hear(listener: &mut Subscription, events: usize) -> Vec<Arc<LiveEvent>> {
    let mut heard = Vec::new();
    while heard.len() < events {
        let next = tokio::time::timeout(Duration::from_secs(60), listener.next()).await;
        heard.extend(next.unwrap().unwrap());
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_does_not_read_hears_everything_later_and_nobody_waits_for_it() {
    let house = House::open().await;
    let desk = house.engine.desk();
    let (mut slow, mut quick) = (desk.listen(About::default()), desk.listen(About::default()));
    let quick = tokio::spawn(async move { hear(&mut quick, EVENTS + 1).await });
    let registration = Registration {
        call_id: "CA7".to_owned(),
        session_id: "s-7".to_owned(),
        provider: "x".to_owned(),
        direction: Direction::Inbound,
        from: Private::default(),
        to: Private::default(),
        metadata: Private::default(),
        began_at: None,
    };
    desk.register(registration).await.unwrap();
    for round in 0..EVENTS / AT_ONCE {
        let merged = (0..AT_ONCE).map(|n| {
            let patch = Metadata::from([(format!("k{n}"), round.into())]);
            desk.merge_metadata("CA7", Private::new(patch), None)
        });
        join_all(merged).await.into_iter().for_each(|merged| drop(merged.unwrap()));
    }
    let quick = quick.await.unwrap();
    let slow = hear(&mut slow, EVENTS + 1).await;
    assert!(slow.is_sorted_by(|one, next| one.id < next.id), "in order, and none twice");
    assert!(slow == quick, "both heard the same");
}
