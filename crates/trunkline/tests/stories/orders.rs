//! What clients may ask for, and what they are told when they may not.

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::Habit;

use crate::day::{Answer, Day, KEY};

const ANN: &str = "+15550100123";

fn keyed(day: &Day, key: &str, body: &Value) -> reqwest::RequestBuilder {
    day.ask(Method::POST, "/api/calls").bearer_auth(KEY).header("Idempotency-Key", key).json(body)
}

#[test]
fn a_key_repeated_means_the_same_call_and_with_another_body_none() {
    let day = Day::begin();
    let first = day.send(keyed(&day, "k1", &json!({ "to": ANN })));
    let again = day.send(keyed(&day, "k1", &json!({ "to": ANN })));
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!((&first.json()["is_duplicate"], &again.json()["is_duplicate"]), (&json!(false), &json!(true)));
    let other = day.send(keyed(&day, "k1", &json!({ "to": "+15550100124" })));
    assert_eq!((other.status, &other.json()["code"]), (422, &json!("idempotency_key_reused")));
    day.ended(first.json()["id"].as_str().unwrap());
    assert_eq!(day.sim.dialed().values().sum::<u64>(), 1);
    let control = day.send(keyed(&day, "k2", &json!({ "to": ANN })));
    assert_ne!(control.json()["id"], first.json()["id"], "another key is another call");
}

#[test]
fn s_26_fifty_at_once_with_one_key_make_one_call() {
    let day = Day::begin();
    let requests = (0..50).map(|_| keyed(&day, "same", &json!({ "to": ANN }))).collect();
    let answers = day.send_all(requests);
    let mut calls: Vec<String> = Vec::new();
    for answer in &answers {
        match answer.status {
            202 => calls.push(answer.json()["id"].as_str().unwrap().to_owned()),
            409 => assert_eq!(answer.json()["code"], "idempotency_key_in_flight"),
            other => panic!("{other}: {}", answer.text()),
        }
    }
    calls.dedup();
    assert_eq!(calls.len(), 1);
    day.ended(&calls[0]);
    assert_eq!(day.dialed(ANN), 1);
}

#[test]
fn a_number_that_cannot_be_one_is_refused_by_name_and_reason() {
    let day = Day::begin();
    for wrong in [
        "",
        "+",
        "+1",
        "+1555",
        "abc",
        "+1555010012399999",
        "+999123456789",
        "5550100123",
        "sip:ann@example.com",
        "+15550100123,,9",
        "+0123456789",
        "٣٤",
    ] {
        let answer = day.post("/api/calls", &json!({ "to": wrong }));
        let told = answer.json();
        assert_eq!(answer.status, 400, "{wrong}: {told}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!((&told["code"], &told["field"]), (&json!("invalid_field"), &json!("to")), "{told}");
        assert!(told["detail"].as_str().unwrap().len() > "to: ".len() + 5, "{told}");
    }
    day.is_quiet();
    assert!(day.sim.dialed().is_empty());
    assert_eq!(day.get("/api/calls").json()["calls"], json!([]), "and nothing is kept of it");
}

#[test]
fn a_number_in_a_range_that_nobody_has_is_called_with_a_warning() {
    let day = Day::begin();
    let answer = day.post("/api/calls", &json!({ "to": ANN }));
    assert_eq!(answer.status, 202);
    let warnings = answer.json()["warnings"].clone();
    assert!(warnings[0].as_str().unwrap().starts_with("to: "), "{warnings}");
    day.ended(answer.json()["id"].as_str().unwrap());
    assert_eq!(day.dialed(ANN), 1);
}

#[test]
fn a_number_is_written_as_people_write_it() {
    let day = Day::with().set("DEFAULT_COUNTRY", "US").begin();
    let answer = day.post("/api/calls", &json!({ "to": "(212) 555-0123" }));
    assert_eq!((answer.status, &answer.json()["to"]), (202, &json!("+12125550123")), "{}", answer.text());
}

#[test]
fn a_suppressed_number_is_not_called_also_when_it_waits_already() {
    let day = Day::with().at_most(1).at_speed(10.0).begin();
    let (ringing, waiting) = ("+15550100801", "+15550100802");
    day.person(ringing, Habit::NoAnswer);
    let first = day.call(ringing);
    day.is(&first, "ringing");
    let queued = day.call(waiting);
    assert_eq!(day.post("/api/suppressions", &json!({ "number": waiting, "reason": "asked" })).status, 201);
    let again = day.post("/api/calls", &json!({ "to": waiting }));
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("suppressed")));
    assert_eq!(day.disposition(&queued), "suppressed");
    assert_eq!(day.dialed(waiting), 0);
    day.ended(&first);
    assert_eq!(day.dialed(ringing), 1, "the control: others are called");
}

#[test]
fn a_suppression_outlives_a_restart_without_the_database() {
    let mut day = Day::begin();
    day.post("/api/suppressions", &json!({ "number": ANN, "reason": "asked" }));
    day.power_fails();
    day.database().is_deleted();
    day.start();
    assert_eq!(day.post("/api/calls", &json!({ "to": ANN })).status, 409);
}

#[test]
fn bodies_that_are_none_are_refused_with_a_reason_and_no_fault_of_ours() {
    let day = Day::begin();
    let send = |body: Vec<u8>| -> Answer {
        day.send(day.ask(Method::POST, "/api/calls").bearer_auth(KEY).body(body))
    };
    let cases: [(&str, Vec<u8>, u16); 8] = [
        ("nothing", Vec::new(), 400),
        ("half a body", b"{\"to\"".to_vec(), 400),
        ("a list", b"[]".to_vec(), 400),
        ("deep", "[".repeat(100_000).into_bytes(), 400),
        ("bad UTF-8", b"{\"to\": \"\xff\"}".to_vec(), 400),
        ("NUL", b"{\"to\": \"+15550100123\", \"name\": \"a\\u0000\"}".to_vec(), 400),
        ("a huge number", b"{\"to\": \"+15550100123\", \"ring_timeout_secs\": 1e400}".to_vec(), 400),
        ("an unknown field", b"{\"to\": \"+15550100123\", \"scrpt\": \"x\"}".to_vec(), 400),
    ];
    for (what, body, status) in cases {
        let answer = send(body);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    }
    // Who goes on sending may be cut off before the answer arrives.
    let large = day.ask(Method::POST, "/api/calls").bearer_auth(KEY).body(vec![b' '; 20 << 20]);
    assert!(day.try_send(large).is_none_or(|answer| answer.status == 413));
    let headers = day.ask(Method::GET, "/api/calls").bearer_auth(KEY).header("x-large", "x".repeat(600_000));
    assert!(day.try_send(headers).is_none_or(|answer| (400..500).contains(&answer.status)));
    assert!(day.sim.dialed().is_empty());
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed", "the control: a good body is taken");
}

#[test]
fn a_caller_id_or_a_script_that_nobody_has_is_named() {
    let day = Day::begin();
    let script = day.post("/api/calls", &json!({ "to": ANN, "script": "nowhere" }));
    assert_eq!((script.status, &script.json()["field"]), (400, &json!("script")));
    let from = day.post("/api/calls", &json!({ "to": ANN, "from": "me" }));
    assert_eq!((from.status, &from.json()["field"]), (400, &json!("from")));
    day.until("the history says that there is no such call", |day| {
        (day.get("/api/calls/nonsense").status == 404).then_some(())
    });
}

#[test]
fn everything_given_with_an_order_comes_back() {
    let day = Day::begin();
    let call = day.call_with(
        &json!({ "to": ANN, "name": "Ann", "session_id": "s-1", "metadata": { "crm": { "id": 7 } } }),
    );
    day.until("it is in the history", |day| day.database().disposition(&call));
    let seen = day.look_at(&call);
    assert_eq!(
        (&seen["name"], &seen["session_id"], &seen["metadata"]),
        (&json!("Ann"), &json!("s-1"), &json!({ "crm": { "id": 7 } }))
    );
    assert_eq!(
        (&seen["direction"], &seen["from"], &seen["to"]),
        (&json!("outbound"), &json!("+15005550006"), &json!(ANN))
    );
    let sid = seen["carrier_call_id"].as_str().unwrap();
    assert_eq!(day.look_at(sid)["id"], seen["id"], "and it is found by the carrier's id");
    let listed = day.get("/api/calls?status=completed&number=%2B15550100123").json();
    assert_eq!(listed["calls"][0]["id"], seen["id"]);
}

/// S-07, S4.24: a stolen key calls no premium-rate or satellite numbers, and in test mode nobody but the listed numbers.
#[test]
fn s_07_a_number_that_is_not_to_be_called_is_refused_by_name_and_reason() {
    let refused = |day: &Day, to: &str, why: &str| {
        let answer = day.post("/api/calls", &json!({ "to": to }));
        assert_eq!((answer.status, &answer.json()["field"]), (400, &json!("to")), "{to}: {}", answer.text());
        assert!(answer.text().contains(why), "{to}: {}", answer.text());
    };
    let day = Day::begin();
    refused(&day, "+19005550100", "premium");
    refused(&day, "+881612345678", "satellite");
    for odd in
        ["sip:+15550100123@evil.example", "+15550100123,+15550100124", "+15550100123;9", "+15550100123p42"]
    {
        assert_eq!(day.post("/api/calls", &json!({ "to": odd })).status, 400, "{odd}");
    }
    let tested = Day::with().set("TRUNKLINE_QUEUE_TEST_NUMBERS", ANN).begin();
    refused(&tested, "+15550100999", "test mode");
    let call = tested.call(ANN);
    assert_eq!(tested.disposition(&call), "completed", "the control");
    assert!(day.sim.dialed().is_empty());
}
