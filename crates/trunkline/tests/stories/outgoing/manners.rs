//! Receivers that do what they should not, addresses that nothing is sent to, and what the owner sees and can do.

use serde_json::{Value, json};

use super::receiver::{Mood, Receiver};
use super::{EVENTS, act, begin, carries, deliveries, id, opening, wants};
use crate::day::Day;
use crate::tenants::knows_its_database;

fn sent(day: &Day, receiver: &Receiver) -> Value {
    let webhook = wants(day, &receiver.url("/hooks"));
    act(day, &webhook, "test", &json!({})).json()
}

#[test]
fn a_redirect_is_not_followed_and_ten_megabytes_are_not_read() {
    let day = begin(opening().set("TRUNKLINE_WEBHOOKS_TIMEOUT_SECS", "1"));
    let redirects = Receiver::that(Mood::Redirects);
    let told = sent(&day, &redirects);
    assert_eq!((&told["taken"], &told["status"]), (&json!(false), &json!(307)), "{told}");
    assert_eq!(redirects.heard().len(), 1, "nobody went elsewhere");
    let told = sent(&day, &Receiver::that(Mood::Rambles));
    assert_eq!(told["taken"], true, "{told}");
    let told = sent(&day, &Receiver::that(Mood::Hangs));
    assert_eq!((&told["taken"], &told["error"]), (&json!(false), &json!("timeout")), "{told}");
}

#[test]
fn s_06_nothing_is_sent_inside() {
    let day = Day::with().set("TRUNKLINE_WEBHOOKS_HTTP", "allow").begin();
    knows_its_database(&day);
    let receiver = Receiver::that(Mood::Says(200));
    let by_name = receiver.url("/").replace("127.0.0.1", "localhost");
    for url in [
        "http://127.0.0.1:80/",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "http://2130706433/",
        "ftp://a.example/",
    ] {
        let answer = day.post("/api/webhooks", &json!({ "url": url }));
        assert_eq!(
            (answer.status, &answer.json()["field"]),
            (400, &json!("url")),
            "{url}: {}",
            answer.text()
        );
    }
    // A name is judged when it is connected to.
    let told = act(&day, &wants(&day, &by_name), "test", &json!({})).json();
    assert_eq!((&told["error"], &told["status"]), (&json!("address_not_allowed"), &Value::Null), "{told}");
    assert!(!told.to_string().contains("127.0.0.1"), "{told}");
    assert!(receiver.heard().is_empty());
}

#[test]
fn who_answers_410_is_sent_nothing_more_until_its_owner_wants_it() {
    let day = begin(opening());
    let receiver = Receiver::answers(|_, before| Mood::Says(if before == 0 { 410 } else { 200 }));
    let webhook = wants(&day, &receiver.url("/hooks"));
    carries(&day, "CA1");
    let path = format!("/api/webhooks/{}", id(&webhook));
    let shown = day
        .until("it is disabled", |day| Some(day.get(&path).json()).filter(|shown| shown["enabled"] == false));
    assert_eq!(shown["disabled_by"], "gone");
    carries(&day, "CA2");
    day.until("what happens meanwhile waits", |day| {
        (day.get(&path).json()["deliveries"]["waiting"] == 2 * EVENTS).then_some(())
    });
    assert_eq!(receiver.heard().len(), 1);
    let change = day.ask(reqwest::Method::PATCH, &path).bearer_auth(crate::day::KEY);
    assert_eq!(day.send(change.json(&json!({ "enabled": true }))).status, 200);
    // The first of the other call is answered with 410 as well.
    day.until("its owner enables it as often as it takes", |day| {
        let shown = day.get(&path).json();
        if shown["enabled"] == false {
            let change = day.ask(reqwest::Method::PATCH, &path).bearer_auth(crate::day::KEY);
            day.send(change.json(&json!({ "enabled": true })));
        }
        (shown["deliveries"]["taken"] == 2 * EVENTS).then_some(())
    });
}

#[test]
fn the_owner_sees_every_attempt_and_has_things_sent_once_more() {
    let day = begin(opening());
    let receiver = Receiver::answers(|_, before| Mood::Says(if before == 0 { 503 } else { 200 }));
    let webhook = wants(&day, &receiver.url("/hooks"));
    carries(&day, "CA1");
    let all = day.until("all are taken", |day| {
        let all = deliveries(day, &webhook);
        (all.len() == EVENTS && all.iter().all(|one| one["state"] == "taken")).then_some(all)
    });
    for one in &all {
        let statuses: Vec<&Value> =
            one["attempts"].as_array().unwrap().iter().map(|made| &made["status"]).collect();
        assert_eq!(statuses, [503, 200], "{one}");
    }
    let path = format!("/api/webhooks/{}/deliveries", id(&webhook));
    let page = day.get(&format!("{path}?limit=3")).json();
    let rest = day.get(&format!("{path}?limit=3&cursor={}", page["next_cursor"].as_str().unwrap())).json();
    assert_eq!(rest["deliveries"][0]["id"], all[3]["id"]);
    assert_eq!(day.get(&format!("{path}?state=failed")).json()["deliveries"], json!([]));

    let heard = receiver.heard().len();
    let first = all[3]["id"].as_str().unwrap();
    assert_eq!(act(&day, &webhook, "replay", &json!({ "after": first })).json()["replayed"], EVENTS - 1);
    day.until("they come again", |_| (receiver.heard().len() == heard + EVENTS - 1).then_some(()));
    let again: Vec<String> = receiver.heard()[heard..].iter().map(|one| one.text("id")).collect();
    let ids: Vec<&str> = all[..3].iter().rev().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(again, ids, "in their order");
    assert_eq!(act(&day, &webhook, &format!("deliveries/{first}/retry"), &json!({})).status, 202);
    day.until("and one more", |_| receiver.heard().last().filter(|one| one.text("id") == first).map(drop));
    let since = json!({ "since": "2020-01-01T00:00:00Z" });
    day.until("all are taken again", |day| {
        deliveries(day, &webhook).iter().all(|one| one["state"] == "taken").then_some(())
    });
    assert_eq!(act(&day, &webhook, "replay", &since).json()["replayed"], EVENTS);
    assert_eq!(act(&day, &webhook, "replay", &json!({ "after": "e1" })).status, 400);
    assert_eq!(act(&day, &webhook, "deliveries/e1/retry", &json!({})).status, 404);

    let gone = day.ask(reqwest::Method::DELETE, &format!("/api/webhooks/{}", id(&webhook)));
    assert_eq!(day.send(gone.bearer_auth(crate::day::KEY)).status, 204);
    assert_eq!(day.get(&path).status, 404);
}
