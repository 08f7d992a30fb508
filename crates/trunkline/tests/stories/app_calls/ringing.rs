//! From the first ring to the answer, or to none.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use super::parties::{Device, ask, calls, post, seen, takes, talking, with};
use crate::day::KEY;

#[test]
fn a_call_rings_on_every_device_one_takes_it_the_others_stop_and_both_talk_until_one_hangs_up() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut phone = Device::at(&day, "/ws/notifications/", "bob", "phone");
    let mut tablet = Device::at(&day, "/ws/chat/7/", "bob", "tablet");
    let order =
        json!({ "receiver_id": "bob", "call_type": "video", "conversation_id": "7", "device_id": "laptop" });
    let placed = post(&day, "ann", "/api/calls/initiate", &order);
    assert_eq!(placed.status, 201, "{}", placed.text());
    let call = placed.json();
    let id = call["id"].as_str().unwrap();
    assert_eq!(
        (&call["kind"], &call["status"], &call["call_type"]),
        (&json!("app"), &json!("ringing"), &json!("video"))
    );
    assert_eq!((&call["caller_id"], &call["receiver_id"]), (&json!("ann"), &json!("bob")));
    for device in [&mut phone, &mut tablet] {
        let incoming = device.hear();
        assert_eq!(
            incoming,
            json!({
                "type": "call.incoming", "call_id": id, "caller_id": "ann", "caller_username": "ann the user",
                "receiver_id": "bob", "call_type": "video", "conversation_id": "7",
            })
        );
    }
    assert_eq!(ann.hear()["type"], "call.ringing");

    takes(&day, "bob", id, "phone");
    let late = post(&day, "bob", &format!("/api/calls/{id}/accept"), &json!({ "device_id": "tablet" }));
    assert_eq!((late.status, &late.json()["code"]), (409, &json!("answered_elsewhere")));
    let again = post(&day, "bob", &format!("/api/calls/{id}/accept"), &json!({ "device_id": "phone" }));
    assert_eq!(again.status, 200, "the winner may say so again");
    assert_eq!(ann.hear()["device_id"], "phone");
    assert_eq!(tablet.hear()["reason"], "answered_elsewhere");
    assert_eq!(phone.hear()["type"], "call.accepted");

    let mut told = 0;
    for (from, to, kind, name, body) in [
        ("ann", "bob", "call.offer", "offer", json!({ "type": "offer", "sdp": "v=0\r\no=- 1\r\n" })),
        ("bob", "ann", "call.answer", "answer", json!({ "type": "answer", "sdp": "v=0\r\n" })),
        (
            "ann",
            "bob",
            "call.ice-candidate",
            "candidate",
            json!({ "candidate": "candidate:1 1 udp", "sdpMid": null }),
        ),
        ("bob", "ann", "call.ice-candidate", "candidate", json!("")),
    ] {
        let (speaker, listener) = if from == "ann" { (&mut ann, &mut phone) } else { (&mut phone, &mut ann) };
        speaker.say(&json!({ "type": kind, "call_id": id, name: body }));
        let mut heard = listener.hear();
        let seq = heard.as_object_mut().unwrap().remove("seq").unwrap().as_u64().unwrap();
        assert!(seq > told, "each has a number, and the numbers rise");
        told = seq;
        assert_eq!(heard, json!({ "type": kind, "call_id": id, "from": from, name: body }), "to {to}");
    }
    tablet.hears_nothing();

    let ended = post(&day, "ann", &format!("/api/calls/{id}/end"), &Value::Null);
    assert_eq!((ended.status, &ended.json()["status"]), (200, &json!("completed")), "{}", ended.text());
    for device in [&mut ann, &mut phone] {
        let told = device.hear_of("call.ended");
        assert_eq!(
            (&told["reason"], &told["duration_seconds"]),
            (&json!("completed"), &ended.json()["duration_seconds"])
        );
    }
    let [hers, his] = ["ann", "bob"].map(|user| seen(&day, user, id));
    assert_eq!(hers, his);
    assert_eq!((&hers["disposition"], &hers["hangup_by"]), (&json!("completed"), &json!("caller")));
    let second = post(&day, "bob", &format!("/api/calls/{id}/end"), &Value::Null);
    assert_eq!((second.status, &second.json()["code"]), (409, &json!("already_over")));
    assert_eq!(seen(&day, "ann", id)["ended_at"], hers["ended_at"], "the first end stands");
}

#[test]
fn the_receiver_alone_may_accept_or_reject_and_a_call_that_is_rejected_stops_ringing_everywhere() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut phone = Device::of(&day, "bob", "phone");
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    for wish in ["accept", "reject"] {
        let answer = post(&day, "ann", &format!("/api/calls/{call}/{wish}"), &Value::Null);
        assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("forbidden")), "{wish}");
    }
    let rejected = post(&day, "bob", &format!("/api/calls/{call}/reject"), &Value::Null);
    assert_eq!((rejected.status, &rejected.json()["status"]), (200, &json!("rejected")));
    ann.hear_of("call.rejected");
    assert_eq!(phone.hear_of("call.ended")["reason"], "declined");
    ann.hear_of("call.ended");
    ann.hears_nothing();
    let late = post(&day, "bob", &format!("/api/calls/{call}/accept"), &Value::Null);
    assert_eq!((late.status, &late.json()["call_status"]), (409, &json!("rejected")));
    assert_eq!(seen(&day, "ann", &call)["disposition"], "declined");
}

#[test]
fn a_caller_who_gives_up_stops_the_ringing() {
    let day = with().begin();
    let mut phone = Device::of(&day, "bob", "phone");
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    phone.hear_of("call.incoming");
    assert_eq!(post(&day, "ann", &format!("/api/calls/{call}/end"), &Value::Null).status, 200);
    assert_eq!(phone.hear_of("call.ended")["reason"], "caller_gave_up");
    let seen = seen(&day, "bob", &call);
    assert_eq!((&seen["status"], &seen["disposition"]), (&json!("canceled"), &json!("caller_gave_up")));
}

#[test]
fn s_26_of_many_devices_that_accept_at_once_one_wins() {
    let day = Arc::new(with().begin());
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    let accepts: Vec<_> = (0..24)
        .map(|n| {
            let (day, call) = (Arc::clone(&day), call.clone());
            std::thread::spawn(move || {
                let path = format!("/api/calls/{call}/accept");
                post(&day, "bob", &path, &json!({ "device_id": format!("d{n}") })).status
            })
        })
        .collect();
    let statuses: Vec<u16> = accepts.into_iter().map(|one| one.join().unwrap()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 23, "{statuses:?}");
}

#[test]
fn two_who_call_each_other_at_once_are_in_one_call() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    let (first, _) = calls(&day, "ann", "bob", "laptop");
    let second =
        post(&day, "bob", "/api/calls/initiate", &json!({ "receiver_id": "ann", "device_id": "phone" }));
    assert_eq!(second.status, 201);
    let second = second.json();
    assert_eq!((&second["id"], &second["status"]), (&json!(first), &json!("answered")));
    assert_eq!((&second["is_duplicate"], &second["caller_id"]), (&json!(true), &json!("ann")));
    ann.hear_of("call.accepted");
    bob.hear_of("call.accepted");
}

#[test]
fn who_is_in_a_call_is_busy_for_others_unless_the_settings_let_it_ring() {
    let mut day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    talking(&day, &mut ann, &mut bob);
    let third = post(&day, "cat", "/api/calls/initiate", &json!({ "receiver_id": "bob" }));
    assert_eq!((third.status, &third.json()["status"]), (201, &json!("busy")), "{}", third.text());
    bob.hears_nothing();
    drop((ann, bob));
    day.stops().set("TRUNKLINE_APP_CALLS_WHEN_BUSY", "ring").start();
    let third = post(&day, "cat", "/api/calls/initiate", &json!({ "receiver_id": "bob" }));
    assert_eq!(third.json()["status"], "ringing", "{}", third.text());
}

#[test]
fn the_same_request_with_the_same_key_rings_once_and_two_users_may_choose_one_key() {
    let day = with().begin();
    let initiate = |user: &str, key: &str, to: &str| {
        let request = day.ask(Method::POST, "/api/calls/initiate").bearer_auth(super::parties::token(user));
        day.send(request.header("idempotency-key", key).json(&json!({ "receiver_id": to })))
    };
    let first = initiate("ann", "k1", "bob").json();
    let path = format!("/api/calls/{}/end", first["id"].as_str().unwrap());
    assert_eq!(post(&day, "ann", &path, &Value::Null).status, 200);
    let again = initiate("ann", "k1", "bob").json();
    assert_eq!((&again["id"], &again["is_duplicate"]), (&first["id"], &json!(true)));
    assert_eq!(initiate("ann", "k1", "cat").status, 422);
    assert_ne!(initiate("bob", "k1", "cat").json()["id"], first["id"]);
}

#[test]
fn users_list_their_own_calls_and_their_tenants_software_all_of_them() {
    let day = with().begin();
    let (one, _) = calls(&day, "ann", "bob", "laptop");
    let (other, _) = calls(&day, "cat", "dan", "laptop");
    let listed = |user: &str, query: &str| -> Vec<String> {
        let page = ask(&day, user, Method::GET, &format!("/api/calls{query}"), &Value::Null).json();
        page["calls"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed("bob", ""), [one.as_str()]);
    assert_eq!(
        listed("bob", "?status=ringing&number=cat&carrier=twilio"),
        [one.as_str()],
        "no filter opens more"
    );
    assert_eq!(listed("bob", "?with=ann&limit=1"), [one.as_str()]);
    assert!(listed("bob", "?with=cat").is_empty(), "cat called somebody else");
    assert!(listed("bob", "?status=completed").is_empty() && listed("eve", "").is_empty());
    let all = day.send(day.ask(Method::GET, "/api/calls?carrier=app").bearer_auth(KEY)).json();
    assert_eq!(all["calls"].as_array().unwrap().len(), 2);
    assert_eq!(day.look_at(&other)["receiver_id"], "dan");
    // And they may end one.
    assert_eq!(day.end(&other).status, 202);
    assert_eq!(seen(&day, "dan", &other)["disposition"], "canceled");
}
