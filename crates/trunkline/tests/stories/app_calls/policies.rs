//! What holds for one tenant's users and not for another's.

use serde_json::{Value, json};

use super::parties::{Device, calls, in_secs, post, seen, signed, takes, with};
use crate::day::{Day, KEY};
use crate::tenants::{knows_its_database, post as by_key};
use reqwest::Method;

/// A user of a tenant calls another, as its tokens have it.
fn calls_in(day: &Day, tenant: &str, from: &str, order: &Value) -> Value {
    let token = signed(&json!({ "sub": from, "tenant": tenant, "exp": in_secs(day, 600) }));
    let request = day.ask(Method::POST, "/api/calls/initiate").bearer_auth(token).json(order);
    let answer = day.send(request);
    assert!([201, 403].contains(&answer.status), "{}", answer.text());
    answer.json()
}

#[test]
fn each_tenant_has_its_own_time_to_ring_its_own_busy_and_its_own_rule() {
    let day = with()
        .set(
            "TRUNKLINE_APP_CALLS_EACH",
            "acme:ring_secs=45:when_busy=ring,beta:who_may_call=conversation:ring_secs=7",
        )
        .begin();
    knows_its_database(&day);
    for tenant in ["acme", "beta"] {
        assert_eq!(by_key(&day, KEY, "/api/tenants", &json!({ "id": tenant })).status, 201);
    }
    let busy = |tenant: &str| {
        let order = json!({ "receiver_id": "bob" });
        // Who is calling somebody is busy.
        calls_in(&day, tenant, "bob", &json!({ "receiver_id": "dan" }));
        calls_in(&day, tenant, "ann", &order)["status"].clone()
    };
    assert_eq!((busy("default"), busy("acme")), (json!("busy"), json!("ringing")));
    assert_eq!(calls_in(&day, "beta", "ann", &json!({ "receiver_id": "bob" }))["code"], "may_not_call");
}

#[test]
fn where_it_is_said_so_a_device_that_rejects_falls_silent_alone() {
    let day = with().set("TRUNKLINE_APP_CALLS_WHEN_REJECTED", "silence").begin();
    let mut ann = Device::of(&day, "ann", "laptop");
    let mut phone = Device::of(&day, "bob", "phone");
    let mut tablet = Device::of(&day, "bob", "tablet");
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    ann.hear_of("call.ringing");
    phone.hear_of("call.incoming");
    tablet.hear_of("call.incoming");
    for _ in 0..2 {
        let rejected =
            post(&day, "bob", &format!("/api/calls/{call}/reject"), &json!({ "device_id": "phone" }));
        assert_eq!(
            (rejected.status, &rejected.json()["status"]),
            (200, &json!("ringing")),
            "{}",
            rejected.text()
        );
        assert_eq!(phone.hear_of("call.ended")["reason"], "silenced");
    }
    ann.hears_nothing();
    tablet.hears_nothing();
    drop(phone);
    let mut phone = Device::of(&day, "bob", "phone");
    phone.hears_nothing();
    takes(&day, "bob", &call, "tablet");
    ann.hear_of("call.accepted");
    assert_eq!(seen(&day, "bob", &call)["status"], "answered");
    post(&day, "ann", &format!("/api/calls/{call}/end"), &Value::Null);

    let (call, _) = calls(&day, "ann", "bob", "laptop");
    let rejected = post(&day, "bob", &format!("/api/calls/{call}/reject"), &Value::Null);
    assert_eq!(rejected.json()["status"], "rejected", "no device is named: the user says no");
}
