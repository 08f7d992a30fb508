//! Two servers with folders of their own on one PostgreSQL: each sees what the other carries, and neither touches it.

use serde_json::{Value, json};
use trunkline_sim::Habit;
use trunkline_testkit::postgres::Server;

use crate::day::Day;
use crate::operator::{told, with};

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";

fn node(name: &str, url: &str) -> Day {
    let opening = Day::with().at_speed(10.0).set("DATABASE_URL", url).set("TRUNKLINE_NODE", name);
    opening.in_its_own_process().begin()
}

fn listed(day: &Day, path: &str) -> Vec<String> {
    let page = day.get(path).json();
    let calls = page["calls"].as_array().cloned().unwrap_or_default();
    calls.iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_call_of_one_node_is_seen_by_the_other_and_left_to_the_first() {
    let database = Server::shared().database().unwrap();
    let (mut a, mut b) = (node("a", &database.url()), node("b", &database.url()));
    a.person(ANN, Habit::NoAnswer).person(BEN, Habit::says(["Ben", "Monday", "yes"]));
    let ringing = a.call_with(&json!({ "to": ANN, "ring_timeout_secs": 600 }));
    a.is(&ringing, "ringing");
    let registered = a
        .post("/api/calls/register", &json!({ "call_id": "CA1", "session_id": "s-1", "provider": "twilio" }));
    assert!(registered.status < 300, "{}", registered.text());

    b.until("b sees it", |b| (b.look_at(&ringing)["status"] == "ringing").then_some(()));
    assert!(
        listed(&b, "/api/calls").contains(&ringing) && listed(&b, "/api/calls/active").contains(&ringing)
    );
    let of_session = |day: &Day| Some(day.get("/api/sessions/s-1/call").json()["call_id"].clone());
    b.until("by its session", |b| of_session(b).filter(|id| *id == "CA1"));
    let kinds = |day: &Day, call: &str| -> Vec<Value> {
        let events = day.get(&format!("/api/calls/{call}/events")).json()["events"].as_array().cloned();
        events.unwrap_or_default().iter().map(|event| event["kind"].clone()).collect()
    };
    b.until("its history", |b| kinds(b, &ringing).contains(&json!("ringing")).then_some(()));

    // Neither a restart of b nor a wish that b is told of touches what a carries.
    let before = kinds(&a, &ringing);
    let refused = b.end(&ringing);
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("another server"), "{}", refused.text());
    b.power_fails().start();
    assert_eq!(b.get("/health").json()["recovered_calls"], 0);
    let swept = b.post("/api/recover", &json!({})).json();
    assert_eq!(swept["recovered"], 0, "{swept}");
    b.until("b is back", |b| (b.look_at(&ringing)["status"] == "ringing").then_some(()));
    assert_eq!(kinds(&a, &ringing), before);

    let answered = a.call(BEN);
    a.ended(&answered);
    b.until("b sees the end", |b| (b.look_at(&answered)["status"] == "completed").then_some(()));
    assert_eq!(kinds(&b, &answered), kinds(&a, &answered));
    assert_eq!(a.end(&ringing).status, 202);
    assert_eq!(a.disposition(&ringing), "canceled");
    b.until("and of the other", |b| (b.look_at(&ringing)["disposition"] == "canceled").then_some(()));

    // A number that a was told of is not called by b.
    a.post("/api/suppressions", &json!({ "number": ANN, "reason": "asked by letter" }));
    b.until("b knows it too", |b| b.get("/api/suppressions").text().contains(ANN).then_some(()));
    assert_eq!(b.post("/api/calls", &json!({ "to": ANN })).json()["code"], "suppressed");
    assert_eq!(b.dialed(ANN), 0);

    for day in [&mut a, &mut b] {
        day.until("the database has everything", |day| {
            (day.get("/readyz").json()["lag_events"] == 0).then_some(())
        });
        assert_eq!(day.is_told_to_stop().code(), Some(0));
    }
    for (day, name) in [(&a, "a"), (&b, "b")] {
        let environment = [("DATABASE_URL", &*database.url()), ("TRUNKLINE_NODE", name)];
        let report = told(&with(&day.folder(), &["verify", "--json"], &environment));
        assert_eq!(report["sound"], true, "{name}: {report}");
        assert_eq!(report["folds"], json!({ "good": 3, "of": 3 }), "{name} sees all: {report}");
    }
}

#[test]
fn a_second_server_without_a_name_of_its_own_is_told_so_and_touches_nothing() {
    let database = Server::shared().database().unwrap();
    let opening = || Day::with().set("DATABASE_URL", &database.url()).in_its_own_process();
    let a = opening().begin();
    a.person(ANN, Habit::NoAnswer);
    let call = a.call(ANN);
    a.until("the database has it", |day| {
        day.database().rows(&call).pop().filter(|rows| rows.starts_with('1'))
    });
    let b = opening().begin();
    b.until("it is told", |b| b.get("/readyz").text().contains("TRUNKLINE_NODE").then_some(()));
    assert_eq!(a.get("/readyz").json()["status"], "ok");
}
