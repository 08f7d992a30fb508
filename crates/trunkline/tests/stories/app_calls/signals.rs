//! What devices tell each other: kept for who is not there, never heard by anybody else.

use serde_json::{Value, json};

use super::parties::{Device, calls, post, takes, talking, token, with};

fn candidate(call: &str, n: usize) -> Value {
    json!({ "type": "call.ice-candidate", "call_id": call, "candidate": { "candidate": format!("candidate:{n}") } })
}

#[test]
fn what_was_said_before_the_other_was_there_is_heard_when_it_is() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    ann.say(&json!({ "type": "call.offer", "call_id": call, "offer": { "sdp": "first" } }));
    ann.say(&json!({ "type": "call.offer", "call_id": call, "offer": { "sdp": "second" } }));
    for n in 0..3 {
        ann.say(&candidate(&call, n));
    }
    ann.say(&json!({ "type": "ping" }));
    ann.hear_of("pong");
    let mut bob = Device::of(&day, "bob", "phone");
    assert_eq!(bob.hear()["type"], "call.incoming", "it rings on");
    bob.hears_nothing();
    takes(&day, "bob", &call, "phone");
    assert_eq!(bob.hear()["type"], "call.accepted");
    assert_eq!(bob.hear()["offer"], json!({ "sdp": "second" }));
    for n in 0..3 {
        assert_eq!(bob.hear()["candidate"]["candidate"], format!("candidate:{n}"));
    }
    bob.hears_nothing();
}

#[test]
fn a_thousand_candidates_arrive_in_order_and_every_socket_lives() {
    let day = with().begin();
    let mut bob = Device::of(&day, "bob", "phone");
    let mut ann = Device::of(&day, "ann", "laptop");
    let (call, _, _) = talking(&day, &mut ann, &mut bob);
    let mut on_call = Device::at(&day, &format!("/ws/calls/{call}"), "ann", "laptop");
    assert_eq!(ann.closed(), 4409, "the device has come again");
    on_call.hear_of("call.accepted");
    for n in 0..1_000 {
        let mut frame = candidate(&call, n);
        frame.as_object_mut().unwrap().remove("call_id");
        on_call.say(&frame);
    }
    for n in 0..1_000 {
        assert_eq!(bob.hear_of("call.ice-candidate")["candidate"]["candidate"], format!("candidate:{n}"));
    }
    on_call.hears_nothing();
    bob.hears_nothing();
}

#[test]
fn a_frame_that_means_nothing_is_told_so_and_the_socket_stays() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    bob.hear_of("call.incoming");
    for (frame, code) in [
        (json!({ "type": "call.explode" }), "unknown_type"),
        (json!({ "type": "call.offer", "call_id": call }), "invalid_field"),
        (json!({ "type": "call.end" }), "invalid_field"),
        (json!([]), "bad_frame"),
        (json!({ "type": "call.answer", "call_id": call, "answer": {} }), "not_accepted"),
        (json!({ "type": "resume", "call_id": call, "token": "x" }), "no_such_call"),
        (json!({ "type": "auth", "token": token("cat") }), "bad_token"),
    ] {
        bob.say(&frame);
        let told = bob.hear();
        assert_eq!((&told["type"], &told["code"]), (&json!("error"), &json!(code)), "{frame}");
    }
    bob.say(&json!({ "type": "auth", "token": token("bob") }));
    bob.hears_nothing();
    assert_eq!(ann.hear()["type"], "call.ringing");
    ann.hears_nothing();
}

#[test]
fn s_09_only_the_two_devices_of_a_call_are_heard_in_it() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut phone = Device::of(&day, "bob", "phone");
    let mut tablet = Device::of(&day, "bob", "tablet");
    let mut eve = Device::of(&day, "eve", "laptop");
    let (call, _, _) = talking(&day, &mut ann, &mut phone);
    tablet.hear_of("call.ended");
    for (device, code) in [(&mut tablet, "other_device"), (&mut eve, "no_such_call")] {
        for frame in [
            candidate(&call, 1),
            json!({ "type": "call.offer", "call_id": call, "offer": { "sdp": "mine" } }),
            json!({ "type": "call.end", "call_id": call }),
        ] {
            device.say(&frame);
            assert_eq!(device.hear()["code"], code, "{frame}");
        }
    }
    ann.hears_nothing();
    phone.hears_nothing();
    for wish in ["accept", "reject", "end"] {
        let path = format!("/api/calls/{call}/{wish}");
        assert_eq!(post(&day, "eve", &path, &Value::Null).status, 404, "{wish}");
    }
    phone.say(&json!({ "type": "call.end", "call_id": call }));
    assert_eq!(ann.hear_of("call.ended")["reason"], "completed", "the control");
}
