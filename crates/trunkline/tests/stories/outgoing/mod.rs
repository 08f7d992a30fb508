//! Outgoing webhooks: everything that happens arrives, signed, in the order of each call, whatever receivers do. F-29, S-06; R-08.

mod dose;
mod manners;
mod outages;
mod receiver;
mod signed;
pub mod snippets;
mod tenants;

use serde_json::{Value, json};

use crate::day::{Answer, Day, Opening};
use crate::tenants::knows_its_database;

/// A day on which webhooks may go to this machine.
fn opening() -> Opening {
    Day::with().set("TRUNKLINE_WEBHOOKS_HTTP", "allow").set("TRUNKLINE_WEBHOOKS_INSIDE", "127.0.0.1")
}

fn begin(opening: Opening) -> Day {
    let day = opening.begin();
    knows_its_database(&day);
    day
}

/// Has everything sent to an address; what the server says of it.
fn wants(day: &Day, url: &str) -> Value {
    let made = day.post("/api/webhooks", &json!({ "url": url }));
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

fn id(webhook: &Value) -> &str {
    webhook["id"].as_str().unwrap()
}

fn act(day: &Day, webhook: &Value, what: &str, body: &Value) -> Answer {
    day.post(&format!("/api/webhooks/{}/{what}", id(webhook)), body)
}

/// What was sent to a webhook, the newest first.
fn deliveries(day: &Day, webhook: &Value) -> Vec<Value> {
    let page = day.get(&format!("/api/webhooks/{}/deliveries?limit=200", id(webhook)));
    page.json()["deliveries"].as_array().unwrap().clone()
}

/// A call that a client carries itself: so many events in so many requests.
fn carries(day: &Day, call: &str) {
    let registered = json!({ "call_id": call, "session_id": call, "provider": "twilio" });
    let answer = day.post("/api/calls/register", &registered);
    assert!(answer.status < 300, "{}", answer.text());
    for status in ["ringing", "answered", "completed"] {
        reports(day, call, status);
    }
}

/// How many events such a call has.
const EVENTS: usize = 4;

fn reports(day: &Day, call: &str, status: &str) {
    let request = day.ask(reqwest::Method::PUT, &format!("/api/calls/{call}/status"));
    let answer = day.send(request.bearer_auth(crate::day::KEY).json(&json!({ "status": status })));
    assert!(answer.status < 300, "{}", answer.text());
}
