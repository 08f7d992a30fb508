//! Two tenants: each hears of its own calls and manages its own webhooks; an agent manages none.

use serde_json::json;

use super::receiver::{Mood, Receiver};
use super::{EVENTS, begin, carries, opening, wants};
use crate::day::KEY;
use crate::tenants::{post, tenant};

#[test]
fn nobody_hears_of_another_tenants_calls() {
    let mut day = begin(opening());
    let receivers = ["acme", "beta"].map(|name| {
        let owner = post(&day, KEY, "/api/tenants", &json!({ "id": name }));
        assert_eq!(owner.status, 201, "{}", owner.text());
        let made = post(&day, KEY, "/api/keys", &json!({ "tenant": name, "name": "owner", "role": "owner" }));
        let key = made.json()["key"].as_str().unwrap().to_owned();
        let receiver = Receiver::that(Mood::Says(200));
        day.speaks_with(&key);
        wants(&day, &receiver.url("/hooks"));
        (name, key, receiver)
    });
    for (name, key, _) in &receivers {
        let registered = json!({ "call_id": format!("CA-{name}"), "session_id": "s", "provider": "twilio" });
        assert!(post(&day, key, "/api/calls/register", &registered).status < 300);
    }
    for (name, _, receiver) in &receivers {
        let heard =
            day.until("its own is sent", |_| Some(receiver.heard()).filter(|heard| !heard.is_empty()));
        assert!(heard.iter().all(|one| one.text("tenant") == *name), "{heard:?}");
        assert_eq!(heard.len(), 1);
    }
    day.speaks_with(KEY);
    carries(&day, "CA1");
    let ours = Receiver::that(Mood::Says(200));
    wants(&day, &ours.url("/hooks"));
    carries(&day, "CA2");
    day.until("ours is sent", |_| (ours.taken().len() == EVENTS).then_some(()));
    assert_eq!(ours.heard().len(), EVENTS, "nothing of what happened before");
    assert!(receivers.iter().all(|(_, _, receiver)| receiver.heard().len() == 1));
    let (agent, _) = tenant(&day, "gamma");
    assert_eq!(post(&day, &agent, "/api/webhooks", &json!({ "url": ours.url("/") })).status, 403);
}
