//! The words that stories of the outbound queue are told in: campaigns, their people, and where each of them stands.

use reqwest::Method;
use serde_json::{Value, json};

use crate::day::{Answer, Day, KEY};

/// Tells stories on each engine: `on_each_engine!(a, b)` for `fn a(opening: Opening)`.
macro_rules! on_each_engine {
    ($($story:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[test]
                fn $story() {
                    super::$story($crate::day::Day::with());
                }
            )+
        }
        mod on_postgresql {
            $(
                #[test]
                fn $story() {
                    super::$story($crate::day::Day::with().on_postgresql());
                }
            )+
        }
    };
}
pub(crate) use on_each_engine;

/// Somebody's number.
pub fn number(n: usize) -> String {
    format!("+1555010{n:04}")
}

/// So many people's numbers.
pub fn people(count: usize) -> Vec<String> {
    (0..count).map(number).collect()
}

/// A campaign that calls at any hour, and is not started.
pub fn draft(day: &Day, name: &str, more: &Value) -> String {
    let window = json!({ "hours": [{ "from": "00:00:00", "to": "00:00:00" }] });
    let mut body = json!({ "name": name, "script": "questions", "window": window });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    // A server that has just started may not have its database yet.
    let made = day.until("campaigns are taken", |day| {
        Some(day.post("/api/campaigns", &body)).filter(|made| made.status != 503)
    });
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

/// Puts these people into its queue; their jobs.
pub fn enqueue(day: &Day, campaign: &str, people: &[String]) -> Vec<String> {
    let people: Vec<_> = people.iter().map(|to| json!({ "to": to, "zone": "UTC" })).collect();
    enqueue_each(day, campaign, &json!(people))
}

/// Puts people into its queue, of whom more is said; their jobs.
pub fn enqueue_each(day: &Day, campaign: &str, people: &Value) -> Vec<String> {
    let answer = day.post(&format!("/api/campaigns/{campaign}/jobs"), &json!({ "people": people }));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["skipped"], json!([]), "{}", answer.text());
    let jobs = answer.json()["jobs"].as_array().unwrap().clone();
    jobs.iter().map(|job| job.as_str().unwrap().to_owned()).collect()
}

/// A campaign that calls at any hour and is started, with these people.
pub fn campaign(day: &Day, name: &str, more: &Value, people: &[String]) -> (String, Vec<String>) {
    let id = draft(day, name, more);
    let jobs = enqueue(day, &id, people);
    does(day, &id, "start");
    (id, jobs)
}

/// Asks a campaign to start, pause, resume, drain or be cancelled.
pub fn asks(day: &Day, campaign: &str, word: &str) -> Answer {
    day.post(&format!("/api/campaigns/{campaign}/{word}"), &json!({}))
}

/// It does so, as soon as the server can.
pub fn does(day: &Day, campaign: &str, word: &str) {
    let answer = day.until(word, |day| Some(asks(day, campaign, word)).filter(|answer| answer.status != 503));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Changes what a campaign does.
pub fn changes(day: &Day, campaign: &str, policy: &Value) {
    let patch = day.ask(Method::PATCH, &format!("/api/campaigns/{campaign}"));
    let answer = day.send(patch.bearer_auth(KEY).json(policy));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// How far a campaign is.
pub fn standing(day: &Day, campaign: &str) -> Value {
    day.get(&format!("/api/campaigns/{campaign}")).json()
}

/// Where a job stands.
pub fn job(day: &Day, id: &str) -> Value {
    day.get(&format!("/api/jobs/{id}")).json()
}

/// Waits until nobody of it is to be called any more.
pub fn is_settled(day: &Day, id: &str) -> Value {
    day.until(&format!("job {id} is settled"), |day| {
        Some(job(day, id)).filter(|job| job["state"] == "settled")
    })
}

/// Waits until a campaign is finished.
pub fn is_finished(day: &Day, campaign: &str) -> Value {
    day.until("the campaign is finished", |day| {
        Some(standing(day, campaign)).filter(|it| it["state"] == "finished")
    })
}

/// Waits until no call of a campaign is under way.
pub fn is_at_rest(day: &Day, campaign: &str) -> Value {
    day.until("no call of it is under way", |day| {
        Some(standing(day, campaign)["progress"].clone()).filter(|progress| progress["in_progress"] == 0)
    })
}

/// Waits until a job stands before this gate; what is said of it.
pub fn gate_is(day: &Day, id: &str, code: &str) -> Value {
    day.until(&format!("job {id} waits at {code}"), |day| {
        Some(job(day, id)["gate"].clone()).filter(|gate| gate["code"] == code)
    })
}

/// How often each of these people was called.
pub fn dialed(day: &Day, people: &[String]) -> Vec<u64> {
    people.iter().map(|number| day.dialed(number)).collect()
}

/// How often they were called, all together.
pub fn dialed_in_all(day: &Day, people: &[String]) -> u64 {
    dialed(day, people).iter().sum()
}
