//! F-25: code that panics costs the one call it was working for. Whoever listens hears an apology, all others notice
//! nothing, and the log tells of it without telling of whom.

use crate::caller::Caller;
use crate::client::{Answer, raw};
use crate::house::{House, Opening, encode, eventually};
use crate::log;
use trunkline_core::dial::gates::DialLimits;

const APOLOGY: &str = "Sorry, we have a technical problem";
const OTHERS: usize = 100;
const ROUNDS: usize = 100;

/// Where code is faulty, and for whom.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In the engine, when the page is made: what was heard is journaled already.
    Page,
    /// In the engine, between an event's being durable and what comes of it.
    Event,
    /// In the web room, before it knows the call.
    Address,
    /// In the web room, over a form of no use.
    Form,
    /// In the web room, when a page is fetched in the place of one that was lost.
    Fallback,
}

const PLACES: [Place; 5] = [Place::Page, Place::Event, Place::Address, Place::Form, Place::Fallback];

async fn house() -> House {
    log::begin();
    let dial_limits = DialLimits { system: 1_000, carrier: 1_000, tenant: 1_000, ..DialLimits::default() };
    House::with(Opening { dial_limits, ..Opening::default() }).await
}

/// The next page of an unlucky caller, with the bug where it strikes.
async fn unlucky(house: &House, caller: &Caller, place: Place) -> Answer {
    let call = caller.call();
    let bomb = match place {
        Place::Page => log::blow_up_at(&["voice.step", &call]),
        Place::Event => log::blow_up_at(&["call.event", "\"spoke\"", &call]),
        Place::Address => log::blow_up_at(&["carrier.bad_token"]),
        Place::Form => log::blow_up_at(&["carrier.bad_form"]),
        Place::Fallback => log::blow_up_at(&["carrier.fallback", &caller.sid]),
    };
    let answer = match place {
        Place::Page | Place::Event => caller.hears(house, "/voice?q=0").await,
        Place::Address => caller.hears(house, "/answer?s=nonsense").await,
        Place::Form => house.webhook("/voice?q=0", &[("CallSid", ""), ("From", &caller.number)]).await,
        Place::Fallback => {
            house.webhook("/fallback", &caller.form("in-progress", &[("ErrorCode", &caller.sid)])).await
        }
    };
    assert!(bomb.has_exploded(), "the control: there was no panic, {place:?}");
    answer
}

fn assert_apology(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 200, "{what}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/xml; charset=utf-8"), "{what}");
    let text = answer.text();
    assert!(text.contains(APOLOGY) && text.ends_with("<Hangup/></Response>"), "{what}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_hears_an_apology_and_a_hundred_other_calls_notice_nothing() {
    let house = house().await;
    let others: Vec<Caller> = (0..OTHERS).map(|n| Caller::new("aa", n)).collect();
    for other in &others {
        let page = other.hears(&house, "/voice?q=0").await;
        assert!(page.text().contains("How are you?"), "{}", page.text());
    }
    let panicking = async {
        for round in 0..ROUNDS {
            let (caller, place) = (Caller::new("bb", OTHERS + round), PLACES[round % PLACES.len()]);
            let answer = unlucky(&house, &caller, place).await;
            assert_apology(&answer, &format!("round {round}, {place:?}"));
            // The line is closed with the apology, and the carrier says so.
            let ended = house.webhook("/status", &caller.form("completed", &[("CallDuration", "3")])).await;
            assert_eq!(ended.status, 204, "round {round}, {place:?}");
        }
    };
    let going_on = async {
        for other in &others {
            let page = other.hears(&house, "/voice?q=1").await;
            assert!(page.text().contains("And tomorrow?"), "{}", page.text());
        }
    };
    tokio::join!(panicking, going_on);
    assert_eq!(house.engine.active_calls(), OTHERS as u64, "the unlucky calls ended, no other did");
    for other in &others {
        let page = other.hears(&house, "/voice?q=2").await;
        assert!(page.text().contains("Goodbye") && !page.text().contains(APOLOGY), "{}", page.text());
        assert_eq!(house.webhook("/status", &other.form("completed", &[])).await.status, 204);
    }
    eventually("all calls are over", async || (house.engine.active_calls() == 0).then_some(())).await;

    let lines = log::lines();
    let told =
        |words: &str| lines.iter().filter(|line| line.starts_with("ERROR") && line.contains(words)).count();
    assert!(told("a handler panicked") >= ROUNDS * 3 / PLACES.len(), "the log tells of each");
    assert!(told("engine.request_died") >= ROUNDS * 2 / PLACES.len());
    for word in ["Xanthippe", "5550187643", "1555018"] {
        let place = lines.iter().find(|line| line.contains(word));
        assert_eq!(place, None, "{word} is told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_tells_us_something_is_asked_for_again_and_not_lost() {
    let house = house().await;
    let caller = Caller::new("cc", 0);
    caller.hears(&house, "/voice?q=0").await;
    let bomb = log::blow_up_at(&["call.event", "\"ended\"", &caller.call()]);
    let form = caller.form("completed", &[("CallDuration", "3")]);
    let first = house.webhook("/status", &form).await;
    assert!(bomb.has_exploded());
    assert_eq!((first.status, first.header("content-type")), (503, Some("application/problem+json")));
    assert_eq!(house.webhook("/status", &form).await.status, 204, "the carrier tells it again");
    let call = house.engine.desk().call(&caller.sid).await.unwrap().unwrap();
    assert!(call.is_over());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_every_call_takes_is_free_again_after_a_panic_under_it() {
    let house = house().await;
    let before = Caller::new("dd", 0);
    before.hears(&house, "/voice?q=0").await;
    let file = &house.engine.config().questions;
    // The scripts are looked through under the lock that every page is read under, and missing ones are told of there.
    let bomb = log::blow_up_at(&["script.missing", &file.display().to_string()]);
    std::fs::remove_file(file).unwrap();
    eventually("it panicked", async || bomb.has_exploded().then_some(())).await;
    let page = before.hears(&house, "/voice?q=1").await;
    assert!(page.text().contains("And tomorrow?"), "{}", page.text());
    let page = Caller::new("dd", 1).hears(&house, "/voice?q=0").await;
    assert!(page.text().contains("How are you?"), "{}", page.text());
    // And whoever looks through the scripts goes on doing so.
    std::fs::write(file, r#"["Who is there?"]"#).unwrap();
    eventually("the new questions are asked", async || {
        (house.engine.scripts()[0].questions == 1).then_some(())
    })
    .await;
}

/// The control of all of the above: the same panic where nothing catches it is a call that is cut off.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_that_nobody_catches_is_a_dropped_connection() {
    let house = house().await;
    let caller = Caller::new("ee", 0);
    let body = encode(&caller.form("in-progress", &[]));
    // This line is written behind the layer that catches.
    log::blow_up_at(&["answered", "path=/voice", "status=403"]);
    let request = format!(
        "POST /voice?q=0 HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(raw(house.server, request.as_bytes()).await.is_none());
    assert_eq!(
        raw(house.server, request.as_bytes()).await.unwrap().status,
        403,
        "and the next one is served"
    );
}
