//! Calls that nobody is there to end.

use serde_json::json;

use super::parties::{Device, calls, seen, talking, with};

#[test]
fn a_call_that_nobody_takes_is_missed_although_every_client_has_gone() {
    let day = with().at_speed(60.0).begin();
    let (call, phone) = {
        let _ann = Device::of(&day, "ann", "laptop");
        let mut phone = Device::of(&day, "bob", "phone");
        let (call, _) = calls(&day, "ann", "bob", "laptop");
        phone.hear_of("call.incoming");
        (call, phone)
    };
    drop(phone);
    let ended = day.ended(&call);
    assert_eq!((&ended["status"], &ended["disposition"]), (&json!("missed"), &json!("missed")));
    let rang = ended["evidence"]["ring_ms"].as_u64().unwrap();
    assert!((30_000..90_000).contains(&rang), "{rang}");
    for user in ["ann", "bob"] {
        assert_eq!(seen(&day, user, &call)["status"], "missed", "in both histories");
    }
}

#[test]
fn who_is_there_hears_that_it_was_missed() {
    let day = with().at_speed(60.0).begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut phone = Device::of(&day, "bob", "phone");
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    for device in [&mut ann, &mut phone] {
        assert_eq!(device.hear_of("call.missed")["call_id"], *call);
        assert_eq!(device.hear_of("call.ended")["reason"], "missed");
    }
}

#[test]
fn a_side_that_is_lost_is_waited_for_and_then_the_call_is_over() {
    let day = with().set("TRUNKLINE_APP_CALLS_AWAY_SECS", "2").begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, _, _) = talking(&day, &mut ann, &mut bob);
    drop(bob);
    let told = ann.hear_of("call.reconnecting");
    assert_eq!((&told["user_id"], &told["grace_seconds"]), (&json!("bob"), &json!(2)));
    assert_eq!(ann.hear_of("call.ended")["reason"], "connection_lost");
    let seen = seen(&day, "bob", &call);
    assert_eq!((&seen["status"], &seen["hangup_by"]), (&json!("completed"), &json!("callee")));
}

#[test]
fn a_side_that_comes_back_in_time_goes_on_and_the_other_makes_a_new_offer() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, _, token) = talking(&day, &mut ann, &mut bob);
    drop(bob);
    ann.hear_of("call.reconnecting");
    // After a reload its page may have another name.
    let mut bob = Device::of(&day, "bob", "phone-2");
    bob.say(&json!({ "type": "call.ice-candidate", "call_id": call, "candidate": "x" }));
    assert_eq!(bob.hear()["code"], "other_device", "not before it has shown its token");
    bob.say(&json!({ "type": "resume", "call_id": call, "token": token }));
    assert_eq!(bob.hear_of("call.resumed")["ice_restart"], false);
    let resumed = ann.hear_of("call.resumed");
    assert_eq!((&resumed["user_id"], &resumed["ice_restart"]), (&json!("bob"), &json!(true)));
    ann.say(&json!({ "type": "call.offer", "call_id": call, "offer": { "sdp": "anew" } }));
    assert_eq!(bob.hear()["offer"]["sdp"], "anew");
    assert_eq!(seen(&day, "ann", &call)["status"], "answered");
}

#[test]
fn what_was_said_while_only_the_socket_was_away_is_heard_and_nothing_is_begun_anew() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, _, token) = talking(&day, &mut ann, &mut bob);
    ann.say(&json!({ "type": "call.offer", "call_id": call, "offer": { "sdp": "heard" } }));
    bob.hear_of("call.offer");
    drop(bob);
    ann.hear_of("call.reconnecting");
    ann.say(&json!({ "type": "call.ice-candidate", "call_id": call, "candidate": "missed" }));
    ann.hears_nothing();
    let mut bob = Device::of(&day, "bob", "phone");
    bob.say(&json!({ "type": "resume", "call_id": call, "token": token, "media": "kept" }));
    assert_eq!(bob.hear()["type"], "call.accepted");
    assert_eq!(bob.hear()["candidate"], "missed");
    assert_eq!(bob.hear()["type"], "call.resumed");
    assert_eq!(ann.hear_of("call.resumed")["ice_restart"], false);
}
