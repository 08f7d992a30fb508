//! The outbound queue, from the list of people to the end of the campaign.

use serde_json::{Value, json};
use trunkline_sim::Habit;

use crate::day::{Answer, Day};

fn number(n: usize) -> String {
    format!("+15550100{n:03}")
}

fn always() -> Value {
    json!({ "hours": [{ "from": "00:00:00", "to": "00:00:00" }] })
}

/// A campaign that calls at any hour, and is not started.
fn campaign(day: &Day, more: &Value) -> String {
    let mut body = json!({ "name": "spring", "script": "questions", "window": always() });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    // A server that has just started may not have its database yet.
    let made = day.until("campaigns are taken", |day| {
        Some(day.post("/api/campaigns", &body)).filter(|made| made.status != 503)
    });
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

/// Puts people into its queue; their jobs.
fn enqueue(day: &Day, campaign: &str, people: usize) -> Vec<String> {
    let people: Vec<_> = (0..people)
        .map(|n| json!({ "to": number(n), "name": format!("Person {n}"), "zone": "UTC" }))
        .collect();
    let answer = day.post(&format!("/api/campaigns/{campaign}/jobs"), &json!({ "people": people }));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let jobs = answer.json()["jobs"].as_array().unwrap().clone();
    jobs.iter().map(|job| job.as_str().unwrap().to_owned()).collect()
}

fn act(day: &Day, campaign: &str, word: &str) -> Answer {
    day.post(&format!("/api/campaigns/{campaign}/{word}"), &json!({}))
}

fn standing(day: &Day, campaign: &str) -> Value {
    day.get(&format!("/api/campaigns/{campaign}")).json()
}

fn job(day: &Day, id: &str) -> Value {
    day.get(&format!("/api/jobs/{id}")).json()
}

fn is_finished(day: &Day, campaign: &str) -> Value {
    day.until("the campaign is finished", |day| {
        Some(standing(day, campaign)).filter(|it| it["state"] == "finished")
    })
}

#[test]
fn everybody_on_the_list_is_called_once_and_the_figures_add_up() {
    let day = Day::begin();
    day.person(&number(1), Habit::NoAnswer).person(&number(2), Habit::Refuses);
    let id = campaign(&day, &json!({ "retry": { "max_attempts": 1 } }));
    let jobs = enqueue(&day, &id, 8);
    assert_eq!(standing(&day, &id)["progress"]["waiting"], 8);
    assert_eq!(job(&day, &jobs[0])["gate"]["code"], "campaign_not_started");
    assert_eq!(act(&day, &id, "start").status, 200);
    let done = is_finished(&day, &id);
    let progress = &done["progress"];
    assert_eq!((&progress["completed"], &progress["failed"]), (&json!(6), &json!(2)), "{progress}");
    assert_eq!((&progress["waiting"], &progress["in_progress"]), (&json!(0), &json!(0)));
    for n in 0..8 {
        assert_eq!(day.dialed(&number(n)), 1, "{}", number(n));
    }
    let first = job(&day, &jobs[0]);
    assert_eq!((&first["state"], &first["done"]["done"]), (&json!("settled"), &json!("reached")), "{first}");
    assert_eq!(first["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(first["attempts"][0]["status"], "completed");
}

#[test]
fn the_calls_of_a_campaign_can_be_listed_and_say_whose_they_are() {
    let day = Day::begin();
    let id = campaign(&day, &json!({}));
    let jobs = enqueue(&day, &id, 2);
    assert_eq!(day.post("/api/calls", &json!({ "to": number(50) })).status, 202);
    act(&day, &id, "start");
    is_finished(&day, &id);
    let listed = |campaign: &str| day.get(&format!("/api/calls?campaign={campaign}"));
    let calls = listed(&id).json()["calls"].as_array().unwrap().clone();
    let mut of: Vec<_> = calls.iter().map(|call| call["job_id"].as_str().unwrap().to_owned()).collect();
    of.sort();
    assert_eq!(of, jobs);
    for call in &calls {
        assert_eq!((&call["campaign_id"], &call["attempt"]), (&json!(id), &json!(1)), "{call}");
        let job = job(&day, call["job_id"].as_str().unwrap());
        assert_eq!(call["lead_id"], job["lead_id"], "{call} {job}");
    }
    let other = campaign(&day, &json!({ "name": "autumn" }));
    assert_eq!(listed(&other).json()["calls"], json!([]));
    assert_eq!(listed("spring").status, 400);
}

#[test]
fn a_paused_campaign_calls_nobody_and_a_resumed_one_goes_on() {
    let day = Day::begin();
    let id = campaign(&day, &json!({ "pacing": { "concurrency": 1 } }));
    let jobs = enqueue(&day, &id, 4);
    act(&day, &id, "start");
    day.until("somebody is called", |day| (day.dialed(&number(0)) > 0).then_some(()));
    assert_eq!(act(&day, &id, "pause").status, 200);
    day.until("the open call is over", |day| {
        (standing(day, &id)["progress"]["in_progress"] == 0).then_some(())
    });
    let called = |day: &Day| (0..4).map(|n| day.dialed(&number(n))).sum::<u64>();
    let before = called(&day);
    assert!(before < 4);
    assert_eq!(job(&day, &jobs[3])["gate"]["code"], "campaign_paused");
    // A single call goes through all the same, and its end wakes whoever waits for a slot.
    let other = day.call("+15550100900");
    day.ended(&other);
    assert_eq!(called(&day), before);
    assert_eq!(act(&day, &id, "resume").status, 200);
    is_finished(&day, &id);
    assert_eq!(called(&day), 4);
}

#[test]
fn a_cancelled_campaign_settles_what_waits_and_lets_the_open_call_end() {
    let day = Day::begin();
    let id = campaign(&day, &json!({ "pacing": { "concurrency": 1 } }));
    let jobs = enqueue(&day, &id, 3);
    act(&day, &id, "start");
    day.until("somebody is called", |day| (day.dialed(&number(0)) > 0).then_some(()));
    assert_eq!(act(&day, &id, "cancel").json()["state"], "cancelled");
    day.until("the open call is over", |day| {
        (standing(day, &id)["progress"]["in_progress"] == 0).then_some(())
    });
    let progress = &standing(&day, &id)["progress"];
    assert_eq!((&progress["canceled"], &progress["completed"]), (&json!(2), &json!(1)), "{progress}");
    assert_eq!(job(&day, &jobs[2])["done"]["done"], "canceled");
    let late = act(&day, &id, "resume");
    assert_eq!((late.status, &late.json()["code"]), (409, &json!("not_now")));
}

#[test]
fn a_server_killed_in_the_middle_of_a_campaign_goes_on_and_calls_nobody_twice() {
    let mut day = Day::with().in_its_own_process().begin();
    let id = campaign(&day, &json!({}));
    enqueue(&day, &id, 9);
    act(&day, &id, "start");
    for enough in [2, 5] {
        day.until("some are called", |day| {
            ((0..9).map(|n| day.dialed(&number(n))).sum::<u64>() >= enough).then_some(())
        });
        day.restarts();
    }
    let done = is_finished(&day, &id);
    assert_eq!(done["progress"]["completed"], 9, "{done}");
    for n in 0..9 {
        assert_eq!(day.dialed(&number(n)), 1, "{}", number(n));
    }
}

#[test]
fn who_cannot_be_called_is_named_and_the_others_are_taken() {
    let day = Day::begin();
    let id = campaign(&day, &json!({}));
    day.post("/api/suppressions", &json!({ "number": number(7) }));
    let people =
        json!([number(1), "12", number(1), { "to": number(7) }, { "to": number(3), "zone": "Mars" }]);
    let answer = day.post(&format!("/api/campaigns/{id}/jobs"), &json!({ "people": people })).json();
    assert_eq!(answer["added"], 1, "{answer}");
    let rows: Vec<_> = answer["skipped"].as_array().unwrap().iter().map(|one| one["row"].clone()).collect();
    assert_eq!(rows, [1, 2, 3, 4]);
    let again = day.post(&format!("/api/campaigns/{id}/jobs"), &json!({ "people": [number(1)] })).json();
    assert_eq!((&again["added"], &again["skipped"][0]["row"]), (&json!(0), &json!(0)), "{again}");
}

#[test]
fn what_is_wrong_with_a_campaign_is_said_field_by_field() {
    let day = Day::begin();
    campaign(&day, &json!({}));
    let made = |body: Value| day.post("/api/campaigns", &body);
    let missing = made(json!({ "script": "questions" }));
    assert_eq!((missing.status, &missing.json()["field"]), (400, &json!("name")));
    let unknown = made(json!({ "name": "a", "script": "questions", "pase": 3 }));
    assert_eq!((unknown.status, &unknown.json()["code"]), (400, &json!("unknown_field")));
    let wrong = made(json!({ "name": " ", "script": "questions", "pacing": { "cps": 0.0 } }));
    let faults = wrong.json()["faults"].as_array().unwrap().len();
    assert_eq!((wrong.status, faults), (400, 2), "{}", wrong.text());
    let script = made(json!({ "name": "a", "script": "none" }));
    assert_eq!((script.status, &script.json()["field"]), (400, &json!("script")));
    let taken = made(json!({ "name": "spring", "script": "questions" }));
    assert_eq!((taken.status, &taken.json()["code"]), (409, &json!("taken")));
}
