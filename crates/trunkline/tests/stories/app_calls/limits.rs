//! What one user may take from all others: little.

use reqwest::Method;
use serde_json::{Value, json};

use super::parties::{Device, calls, post, seen, talking, token, with};
use crate::day::Answer;
use crate::day::Day;

fn initiate(day: &Day, key: &str, to: &str) -> Answer {
    let request = day.ask(Method::POST, "/api/calls/initiate").bearer_auth(token("ann"));
    day.send(request.header("idempotency-key", key).json(&json!({ "receiver_id": to })))
}

fn end(day: &Day, call: &str) {
    assert_eq!(post(day, "ann", &format!("/api/calls/{call}/end"), &Value::Null).status, 200);
}

#[test]
fn s_09_nobody_calls_more_than_eight_at_once() {
    let day = with().begin();
    let order = |to: &str| json!({ "receiver_id": to });
    let mut last = String::new();
    for n in 0..8 {
        (last, _) = calls(&day, "ann", &format!("friend-{n}"), "laptop");
    }
    let ninth = post(&day, "ann", "/api/calls/initiate", &order("friend-8"));
    assert_eq!((ninth.status, &ninth.json()["code"]), (429, &json!("too_many_calls")), "{}", ninth.text());
    assert_eq!(ninth.json()["limit"], 8);
    let again = post(&day, "ann", "/api/calls/initiate", &order("friend-7"));
    assert_eq!((again.status, &again.json()["id"]), (201, &json!(last)), "one that rings already is no more");
    assert_eq!(
        post(&day, "bob", "/api/calls/initiate", &order("ann")).status,
        201,
        "who is called may be called, and others call"
    );
    end(&day, &last);
    assert_eq!(post(&day, "ann", "/api/calls/initiate", &order("friend-8")).status, 201);
}

#[test]
fn s_09_a_call_that_rings_is_found_again_by_any_key_and_few_are_remembered() {
    let day = with().begin();
    let call = initiate(&day, "k0", "bob").json()["id"].as_str().unwrap().to_owned();
    for n in 1..=10 {
        let again = initiate(&day, &format!("k{n}"), "bob").json();
        assert_eq!((&again["id"], &again["is_duplicate"]), (&json!(call), &json!(true)));
    }
    end(&day, &call);
    for remembered in ["k0", "k1", "k4"] {
        assert_eq!(initiate(&day, remembered, "bob").json()["id"], call, "{remembered}");
    }
    let other = initiate(&day, "k10", "bob").json();
    assert_ne!(other["id"], call);
    assert_eq!(other["status"], "ringing");
}

#[test]
fn calls_between_users_leave_room_for_calls_by_telephone() {
    let day = with().set("TRUNKLINE_LIMITS_MAX_LIVE_CALLS", "4").begin();
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    calls(&day, "cat", "dan", "laptop");
    let third = post(&day, "eve", "/api/calls/initiate", &json!({ "receiver_id": "fred" }));
    assert_eq!((third.status, &third.json()["code"]), (503, &json!("closed")), "{}", third.text());
    day.call("+15550107001");
    end(&day, &call);
    assert_eq!(post(&day, "eve", "/api/calls/initiate", &json!({ "receiver_id": "fred" })).status, 201);
}

#[test]
fn who_says_again_that_it_is_back_writes_nothing_down_and_is_told_not_to() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, _, token) = talking(&day, &mut ann, &mut bob);
    let before = day.journal_position();
    let resume = json!({ "type": "resume", "call_id": call, "token": token, "media": "kept" });
    for _ in 0..5 {
        bob.say(&resume);
        assert_eq!(bob.hear()["type"], "call.resumed");
    }
    assert_eq!(day.journal_position(), before);
    let told: Vec<Value> = (0..20)
        .map(|_| {
            bob.say(&resume);
            bob.hear()
        })
        .collect();
    assert!(told.iter().any(|told| told["code"] == "unavailable"), "{told:?}");
    bob.say(&json!({ "type": "call.ice-candidate", "call_id": call, "candidate": "x" }));
    assert_eq!(ann.hear_of("call.ice-candidate")["candidate"], "x", "all else goes on");
    drop(bob);
    ann.hear_of("call.reconnecting");
    assert!(day.journal_position() > before, "the control");
}

#[test]
fn a_call_to_somebody_busy_is_counted_as_one_that_ended() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    talking(&day, &mut ann, &mut bob);
    let third = post(&day, "cat", "/api/calls/initiate", &json!({ "receiver_id": "bob" })).json();
    assert_eq!(seen(&day, "cat", third["id"].as_str().unwrap())["status"], "busy");
    let line = "trunkline_calls_ended_total{direction=\"outbound\",disposition=\"busy\"} 1";
    let text = day.get("/metrics").text();
    assert!(text.lines().any(|found| found == line), "{text}");
}
