//! The server dies in mid-call. The sound goes from browser to browser, so that the call is not over.

use serde_json::{Value, json};

use super::parties::{Device, calls, post, seen, takes, talking, token, with};
use crate::day::{Answer, Day};
use reqwest::Method;

#[test]
fn a_server_that_is_killed_in_mid_call_goes_on_with_it_and_knows_how_long_it_was() {
    let mut day = with().in_its_own_process().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, anns, bobs) = talking(&day, &mut ann, &mut bob);
    let answered_at = seen(&day, "ann", &call)["answered_at"].clone();
    drop((ann, bob));
    day.restarts();
    let mut ann = Device::of(&day, "ann", "laptop");
    ann.say(&json!({ "type": "resume", "call_id": call, "token": anns, "media": "kept" }));
    ann.hear_of("call.resumed");
    let mut bob = Device::of(&day, "bob", "phone");
    bob.say(&json!({ "type": "resume", "call_id": call, "token": bobs, "media": "kept" }));
    bob.hear_of("call.resumed");
    assert_eq!(ann.hear_of("call.resumed")["user_id"], "bob");
    let going = seen(&day, "ann", &call);
    assert_eq!((&going["status"], &going["answered_at"]), (&json!("answered"), &answered_at));
    bob.say(&json!({ "type": "call.end", "call_id": call }));
    let told = ann.hear_of("call.ended");
    let ended = seen(&day, "bob", &call);
    let time = |name: &str| ended[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let length = time("ended_at").duration_since(time("answered_at")).as_secs();
    assert_eq!(ended["duration_seconds"], length);
    assert_eq!(told["duration_seconds"], length);
    assert_eq!(ended["disposition"], "completed");
}

#[test]
fn nobody_who_comes_back_after_a_kill_means_that_the_call_is_over() {
    let mut day = with().set("TRUNKLINE_APP_CALLS_AWAY_SECS", "3").in_its_own_process().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, _, _) = talking(&day, &mut ann, &mut bob);
    let (ringing, _) = calls(&day, "cat", "dan", "laptop");
    day.restarts();
    assert_eq!(day.ended(&call)["disposition"], "completed");
    // What rang rings on: its time is its own.
    takes(&day, "dan", &ringing, "phone");
    assert_eq!(post(&day, "cat", &format!("/api/calls/{ringing}/end"), &Value::Null).status, 200);
}

fn with_key(day: &Day, user: &str, receiver: &str, key: &str) -> Answer {
    let request = day.ask(Method::POST, "/api/calls/initiate").bearer_auth(token(user));
    day.send(request.header("Idempotency-Key", key).json(&json!({ "receiver_id": receiver })))
}

#[test]
fn a_request_that_is_sent_again_after_a_kill_is_the_same_call_however_it_came_to_it() {
    let mut day = with().in_its_own_process().begin();
    let first = with_key(&day, "ann", "bob", "first").json();
    let call = first["id"].clone();
    // It rings already; and then the other one calls at the same time, which takes it.
    assert_eq!(with_key(&day, "ann", "bob", "again").json()["id"], call);
    assert_eq!(with_key(&day, "bob", "ann", "glare").json()["id"], call);
    day.restarts();
    for (user, receiver, key) in [("ann", "bob", "first"), ("ann", "bob", "again"), ("bob", "ann", "glare")] {
        let repeated = with_key(&day, user, receiver, key);
        assert_eq!((repeated.status, &repeated.json()["id"]), (201, &call), "{key}: {}", repeated.text());
        assert_eq!(repeated.json()["is_duplicate"], true, "{key}");
    }
    let reused = with_key(&day, "ann", "cat", "again");
    assert_eq!((reused.status, &reused.json()["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(with_key(&day, "cat", "bob", "first").json()["status"], "busy", "a key is its user's");
}

#[test]
fn what_is_said_after_a_restart_has_a_higher_number_than_what_was_said_before() {
    let mut day = with().in_its_own_process().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, anns, bobs) = talking(&day, &mut ann, &mut bob);
    let frame = json!({ "type": "call.offer", "call_id": call, "offer": { "sdp": "x" } });
    ann.say(&frame);
    let before = bob.hear_of("call.offer")["seq"].as_u64().unwrap();
    drop((ann, bob));
    day.restarts();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    for (device, token) in [(&mut ann, anns), (&mut bob, bobs)] {
        device.say(&json!({ "type": "resume", "call_id": call, "token": token, "media": "lost" }));
        device.hear_of("call.resumed");
    }
    ann.say(&frame);
    assert!(bob.hear_of("call.offer")["seq"].as_u64().unwrap() > before);
}
