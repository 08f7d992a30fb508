//! Two tenants on one server: each gets its part, and none more than it is allowed.

use serde_json::{Value, json};

use crate::day::Day;
use crate::tenants::{get, knows_its_database, post, tenant};

fn people(prefix: usize, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("+155501{prefix:02}{n:03}")).collect()
}

/// A running campaign of a tenant whose people are called from then on; its jobs.
fn campaign(day: &Day, key: &str, people: &[String], not_before: Option<jiff::Timestamp>) -> Vec<String> {
    let window = json!({ "hours": [{ "from": "00:00:00", "to": "00:00:00" }] });
    let made =
        post(day, key, "/api/campaigns", &json!({ "name": "c", "script": "questions", "window": window }));
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("/api/campaigns/{}", made.json()["id"].as_str().unwrap());
    let person = |to: &String| json!({ "to": to, "zone": "UTC", "not_before": not_before });
    let people: Vec<Value> = people.iter().map(person).collect();
    let added = post(day, key, &format!("{path}/jobs"), &json!({ "people": people }));
    assert_eq!(added.status, 201, "{}", added.text());
    assert_eq!(post(day, key, &format!("{path}/start"), &json!({})).status, 200);
    let jobs = added.json()["jobs"].as_array().unwrap().clone();
    jobs.iter().map(|job| job.as_str().unwrap().to_owned()).collect()
}

fn opening(each: &str) -> Day {
    let day =
        Day::with().set("TRUNKLINE_TENANTS_EACH", each).set("TRUNKLINE_LIMITS_SYSTEM_CALLS", "5").begin();
    knows_its_database(&day);
    day
}

/// Of the first sixteen calls while both have some to make, how many are acme's.
fn of_sixteen(each: &str) -> usize {
    let day = opening(each);
    let (acme, beta) = (people(10, 24), people(20, 24));
    let keys = [tenant(&day, "acme").0, tenant(&day, "beta").0];
    // Both begin at the same moment, some real seconds from now.
    let single = day.call("+15550199999");
    let now: jiff::Timestamp = day.ended(&single)["ended_at"].as_str().unwrap().parse().unwrap();
    let begin = now + jiff::SignedDuration::from_secs(600);
    campaign(&day, &keys[1], &beta, Some(begin));
    campaign(&day, &keys[0], &acme, Some(begin));
    let first = day.until("sixteen are called", |day| {
        let mut calls: Vec<_> = day.sim.calls().into_iter().filter(|call| call.created_at >= begin).collect();
        calls.sort_by_key(|call| call.created_at);
        (calls.len() >= 16).then(|| calls.into_iter().take(16).map(|call| call.to).collect::<Vec<_>>())
    });
    first.iter().filter(|to| acme.contains(to)).count()
}

#[test]
fn who_has_three_times_the_weight_gets_three_calls_of_four_while_both_have_some_to_make() {
    let share = of_sixteen("acme:weight=3,beta:weight=1");
    assert!((11..=13).contains(&share), "{share} of sixteen");
    let control = of_sixteen("acme:weight=1");
    assert!((7..=9).contains(&control), "the control: {control} of sixteen");
}

#[test]
fn nobody_has_more_at_once_or_in_a_day_than_allowed() {
    let day = opening("acme:live_outbound_calls=2,beta:calls_per_day=3");
    let keys = [tenant(&day, "acme").0, tenant(&day, "beta").0];
    let acme = people(30, 6);
    for job in campaign(&day, &keys[0], &acme, None) {
        let path = format!("/api/jobs/{job}");
        day.until("acme's are settled", |day| {
            (get(day, &keys[0], &path).json()["state"] == "settled").then_some(())
        });
    }
    assert_eq!(day.sim.most_at_once(), 2, "never more, and the control: never fewer");
    let beta = people(40, 6);
    let jobs = campaign(&day, &keys[1], &beta, None);
    let why = day.until("beta's day is used up", |day| {
        let why = jobs.iter().map(|job| get(day, &keys[1], &format!("/api/jobs/{job}/why")).json());
        let held: Vec<Value> = why.filter(|job| job["gate"]["code"] == "daily_cap").collect();
        (held.len() == 3).then_some(held)
    });
    assert!(why[0]["gate"]["opens_at"].is_string(), "{}", why[0]);
    let called = |day: &Day| beta.iter().map(|to| day.dialed(to)).sum::<u64>();
    day.until("three of beta's are called", |day| (called(day) == 3).then_some(()));
    day.is_quiet();
    assert_eq!(called(&day), 3);
}
