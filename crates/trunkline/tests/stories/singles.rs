//! Single jobs: one person into the queue, with a campaign or without one. Limits and gates hold as for any other.

use serde_json::{Value, json};

use crate::day::{Answer, Day};
use crate::queue::{campaign, is_settled, job};

const ANN: &str = "+15550104001";
const BEN: &str = "+15550104002";

/// A zone in which it is noon, more or less: a single job keeps to the standard hours.
fn at_noon() -> String {
    let hour = trunkline_engine::Clock::real().now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    match 12 - hour {
        0 => "UTC".to_owned(),
        east @ 1.. => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    }
}

fn order(to: &str, more: &Value) -> Value {
    let mut order = json!({ "to": to, "zone": at_noon() });
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    order
}

fn put(day: &Day, order: &Value) -> Answer {
    day.until("the queue is there", |day| {
        Some(day.post("/api/queue/jobs", order)).filter(|answer| answer.status != 503)
    })
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

#[test]
fn one_person_is_called_without_any_list_and_the_queue_says_why_the_next_is_not() {
    let day = Day::begin();
    let first = put(&day, &order(ANN, &json!({ "name": "Ann", "variables": { "day": "Tuesday" } })));
    assert_eq!((first.status, &first.json()["is_duplicate"]), (201, &json!(false)), "{}", first.text());
    assert_eq!(first.header("location"), format!("/api/jobs/{}", id(&first)));
    assert_eq!(is_settled(&day, &id(&first))["done"]["done"], "reached");
    let second = put(&day, &order(ANN, &json!({})));
    assert_eq!(second.status, 201, "somebody who was reached may be called again: {}", second.text());
    assert_ne!(id(&second), id(&first));
    assert_eq!(job(&day, &id(&second))["gate"]["code"], "duplicate", "but not so soon");
    let third = put(&day, &order(BEN, &json!({})));
    is_settled(&day, &id(&third));
    assert_eq!((day.dialed(ANN), day.dialed(BEN)), (1, 1));
    assert_eq!(third.json()["campaign_id"], second.json()["campaign_id"], "they share a campaign");
}

#[test]
fn an_open_dedup_key_gives_the_job_that_is_there() {
    let day = Day::begin();
    let later = json!({ "dedup_key": "order-7", "not_before": "2199-01-01T00:00:00Z", "priority": "high" });
    let first = put(&day, &order(ANN, &later));
    assert_eq!((first.status, &first.json()["priority"]), (201, &json!("high")), "{}", first.text());
    let again = put(&day, &order(ANN, &later));
    assert_eq!((again.status, &again.json()["is_duplicate"]), (200, &json!(true)), "{}", again.text());
    assert_eq!(id(&again), id(&first));
    assert_eq!(id(&put(&day, &order(BEN, &later))), id(&first), "whoever it names: the key is the job's");
    let gate = job(&day, &id(&first))["gate"].clone();
    assert_eq!(gate["opens_at"], "2199-01-01T00:00:00Z", "{gate}");
    assert_eq!(day.post(&format!("/api/jobs/{}/cancel", id(&first)), &json!({})).status, 200);
    let new = put(&day, &order(BEN, &json!({ "dedup_key": "order-7" })));
    assert_eq!(new.status, 201, "the key is free again: {}", new.text());
    is_settled(&day, &id(&new));
    assert_eq!((day.dialed(ANN), day.dialed(BEN)), (0, 1));
}

#[test]
fn a_single_job_of_a_campaign_keeps_to_it_and_what_cannot_be_called_is_named() {
    let day = Day::begin();
    let (open, _) = campaign(&day, "open", &json!({ "people": "singles" }), &[]);
    let first = put(&day, &order(ANN, &json!({ "campaign_id": open })));
    assert_eq!((first.status, &first.json()["campaign_id"]), (201, &json!(open)), "{}", first.text());
    is_settled(&day, &id(&first));
    let again = put(&day, &order(ANN, &json!({ "campaign_id": open })));
    assert_eq!((again.status, id(&again)), (200, id(&first)), "a campaign reaches a person once");
    assert_eq!(day.get(&format!("/api/campaigns/{open}")).json()["state"], "running", "it waits for more");

    day.post("/api/suppressions", &json!({ "number": BEN }));
    let other = "0199aaaa-0000-7000-8000-000000000001";
    let table = [
        (order("12", &json!({})), 400, "to"),
        (order(BEN, &json!({})), 409, ""),
        (order(ANN, &json!({ "script": "none" })), 400, "script"),
        (order(ANN, &json!({ "script": "questions", "campaign_id": open })), 400, "campaign_id"),
        (order(ANN, &json!({ "campaign_id": other })), 404, ""),
        (order(ANN, &json!({ "dedup": "x" })), 400, "dedup"),
        (json!({ "to": ANN, "zone": "Mars" }), 400, "zone"),
    ];
    for (asked, status, field) in table {
        let answer = put(&day, &asked);
        assert_eq!(answer.status, status, "{asked}: {}", answer.text());
        assert_eq!(answer.json()["field"].as_str().unwrap_or_default(), field, "{asked}: {}", answer.text());
    }
    assert_eq!(day.post(&format!("/api/campaigns/{open}/cancel"), &json!({})).status, 200);
    let late = put(&day, &order("+15550104003", &json!({ "campaign_id": open })));
    assert_eq!((late.status, &late.json()["state"]), (409, &json!("cancelled")), "{}", late.text());
    assert_eq!((day.dialed(ANN), day.dialed(BEN)), (1, 0));
}
