//! Sides that are away when something happens, and what they and the others hear of it.

use serde_json::{Value, json};

use super::parties::{Device, calls, post, seen, takes, talking, with};
use crate::day::Day;

fn resume(call: &str, token: &str, media: &str) -> Value {
    json!({ "type": "resume", "call_id": call, "token": token, "media": media })
}

/// So many sockets of the call's sides are known to be lost.
fn is_lost(day: &Day, call: &str, sockets: usize) {
    day.until("the loss is written down", |day| {
        let events = day.get(&format!("/api/calls/{call}/events")).json();
        let lost = events["events"].as_array()?.iter().filter(|event| event["kind"] == "lost").count();
        (lost == sockets).then_some(())
    });
}

fn offer(call: &str, sdp: &str) -> Value {
    json!({ "type": "call.offer", "call_id": call, "offer": { "sdp": sdp } })
}

#[test]
fn who_was_away_when_the_call_was_taken_hears_of_it_on_coming_back() {
    let day = with().begin();
    let ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    bob.hear_of("call.incoming");
    drop(ann);
    is_lost(&day, &call, 1);
    takes(&day, "bob", &call, "phone");
    bob.hear_of("call.accepted");
    assert_eq!(bob.hear()["type"], "call.reconnecting");
    bob.say(&json!({ "type": "call.ice-candidate", "call_id": call, "candidate": "early" }));
    bob.hears_nothing();
    let mut ann = Device::of(&day, "ann", "laptop");
    let told = ann.hear();
    assert_eq!((&told["type"], &told["device_id"]), (&json!("call.accepted"), &json!("phone")));
    assert_eq!(ann.hear()["candidate"], "early");
    assert_eq!(bob.hear()["type"], "call.resumed");
    ann.say(&offer(&call, "now"));
    assert_eq!(bob.hear()["offer"]["sdp"], "now");
}

#[test]
fn who_takes_part_without_a_socket_and_never_opens_one_is_away() {
    let day = with().set("TRUNKLINE_APP_CALLS_AWAY_SECS", "4").begin();
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    bob.hear_of("call.incoming");
    takes(&day, "bob", &call, "phone");
    assert_eq!(bob.hear()["type"], "call.accepted");
    assert_eq!(bob.hear_of("call.reconnecting")["user_id"], "ann");
    assert_eq!(bob.hear_of("call.ended")["reason"], "connection_lost");
    let (call, _) = calls(&day, "bob", "ann", "phone");
    takes(&day, "ann", &call, "laptop");
    let mut ann = Device::of(&day, "ann", "laptop");
    ann.hear_of("call.accepted");
    assert_eq!(bob.hear_of("call.resumed")["user_id"], "ann", "who comes in time is in the call");
    assert_eq!(seen(&day, "bob", &call)["status"], "answered");
}

#[test]
fn who_has_lost_everything_hears_nothing_old_nor_does_the_other() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, _, token) = talking(&day, &mut ann, &mut bob);
    ann.say(&offer(&call, "heard"));
    bob.hear_of("call.offer");
    drop(bob);
    ann.hear_of("call.reconnecting");
    ann.say(&offer(&call, "missed"));
    ann.hears_nothing();
    let mut bob = Device::of(&day, "bob", "phone-2");
    bob.say(&resume(&call, &token, "lost"));
    assert_eq!(bob.hear()["type"], "call.resumed");
    assert_eq!(ann.hear()["ice_restart"], true);
    bob.hears_nothing();
    ann.say(&offer(&call, "anew"));
    assert_eq!(bob.hear()["offer"]["sdp"], "anew");
}

#[test]
fn who_was_away_when_the_other_lost_everything_makes_the_new_offer_on_coming_back() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, anns, bobs) = talking(&day, &mut ann, &mut bob);
    drop(bob);
    ann.hear_of("call.reconnecting");
    drop(ann);
    is_lost(&day, &call, 2);
    let mut bob = Device::of(&day, "bob", "phone-2");
    bob.say(&resume(&call, &bobs, "lost"));
    bob.hear_of("call.resumed");
    let mut ann = Device::of(&day, "ann", "laptop");
    ann.say(&resume(&call, &anns, "kept"));
    assert_eq!(ann.hear_of("call.resumed")["ice_restart"], true);
    assert_eq!(bob.hear_of("call.resumed")["ice_restart"], false);
    ann.say(&offer(&call, "anew"));
    assert_eq!(bob.hear_of("call.offer")["offer"]["sdp"], "anew");
    ann.say(&resume(&call, &anns, "kept"));
    assert_eq!(ann.hear_of("call.resumed")["ice_restart"], false, "it has been made");
}

#[test]
fn who_accepts_without_naming_a_device_speaks_with_the_first_that_says_something() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut phone = Device::of(&day, "bob", "phone");
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    phone.hear_of("call.incoming");
    assert_eq!(post(&day, "bob", &format!("/api/calls/{call}/accept"), &Value::Null).status, 200);
    assert_eq!(phone.hear()["type"], "call.accepted");
    let mut tablet = Device::of(&day, "bob", "tablet");
    tablet.say(&json!({ "type": "call.ice-candidate", "call_id": call, "candidate": "tablet" }));
    assert_eq!(ann.hear_of("call.ice-candidate")["candidate"], "tablet");
    phone.say(&json!({ "type": "call.ice-candidate", "call_id": call, "candidate": "phone" }));
    assert_eq!(phone.hear()["code"], "other_device");
    ann.hears_nothing();
}

#[test]
fn of_a_call_that_is_over_nothing_is_told_to_who_comes_later() {
    let day = with().begin();
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    bob.hear_of("call.incoming");
    drop(bob);
    assert_eq!(post(&day, "ann", &format!("/api/calls/{call}/end"), &Value::Null).status, 200);
    let mut bob = Device::of(&day, "bob", "phone");
    bob.hears_nothing();
    assert_eq!(seen(&day, "bob", &call)["status"], "canceled");
}
