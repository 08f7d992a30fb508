//! The outbound queue, from the list of people to the end of the campaign, on each engine.

use serde_json::{Value, json};
use trunkline_sim::Habit;

use crate::day::{Day, Opening};
use crate::operator::{stdout, with};
use crate::queue::{
    asks, campaign, dialed, dialed_in_all, does, draft, enqueue, enqueue_each, gate_is, is_at_rest,
    is_finished, job, number, on_each_engine, people, standing,
};

on_each_engine!(
    everybody_on_the_list_is_called_once_and_the_figures_add_up,
    the_people_of_a_list_are_called_in_its_order,
    the_calls_of_a_campaign_can_be_listed_and_say_whose_they_are,
    a_paused_campaign_calls_nobody_and_a_resumed_one_goes_on,
    a_cancelled_campaign_settles_what_waits_and_lets_the_open_call_end,
    with_force_the_open_call_is_hung_up_too,
    a_drained_campaign_ends_with_its_open_call,
    a_server_killed_in_the_middle_of_a_campaign_goes_on_and_calls_nobody_twice,
    a_campaign_paused_before_a_kill_is_paused_after_it,
    a_server_that_is_stopped_in_order_and_started_again_loses_nobody,
    who_is_urgent_overtakes_and_who_can_wait_comes_last,
    each_hears_what_the_list_says_of_them,
    who_cannot_be_called_is_named_and_the_others_are_taken,
    it_says_what_its_calls_cost_and_of_how_many_nobody_knows,
);

/// S2.47: what carriers charge comes after the call, or never; two calls in dollars, one in euros, one that nobody has priced.
fn it_says_what_its_calls_cost_and_of_how_many_nobody_knows(opening: Opening) {
    let day = opening.begin();
    let (id, _) = campaign(&day, "spring", &json!({ "retry": { "max_attempts": 1 } }), &people(4));
    let (other, _) = campaign(&day, "other", &json!({}), &[number(4)]);
    [&id, &other].into_iter().for_each(|id| drop(is_finished(&day, id)));
    day.until("all calls are in the database", |day| {
        (day.get("/readyz").json()["lag_events"] == 0).then_some(())
    });
    assert_eq!(standing(&day, &id)["cost"], json!({}));
    assert_eq!(standing(&day, &id)["calls_without_price"], 4, "the control: nothing is guessed");
    day.database().is_told(
        "UPDATE calls SET price_amount = CASE to_number WHEN '+15550100000' THEN '-0.0085' WHEN '+15550100001' THEN '-1.2' \
         WHEN '+15550100002' THEN '-0.10' ELSE '-9.99' END, \
         price_unit = CASE to_number WHEN '+15550100002' THEN 'EUR' ELSE 'USD' END WHERE to_number <> '+15550100003'",
    );
    let told = standing(&day, &id);
    assert_eq!(told["cost"], json!({ "EUR": "0.10", "USD": "1.2085" }), "{told}");
    assert_eq!(told["calls_without_price"], 1, "{told}");
    let said = with(&day.folder(), &["campaign", "status", "spring"], &[]);
    let said = stdout(&said);
    assert!(said.contains("1.2085 USD") && said.contains("1 calls without a price"), "{said}");
}

fn one_at_once() -> Value {
    json!({ "pacing": { "concurrency": 1 } })
}

fn somebody_is_called(day: &Day, people: &[String]) {
    day.until("somebody is called", |day| (dialed_in_all(day, people) > 0).then_some(()));
}

/// Adds the figures of a campaign up; how many are done.
fn adds_up(day: &Day, campaign: &str, total: u64) -> u64 {
    let progress = standing(day, campaign)["progress"].clone();
    let figure = |name| progress[name].as_u64().unwrap();
    let open = figure("waiting") + figure("in_progress") + figure("parked");
    let done = figure("completed") + figure("failed") + figure("skipped") + figure("canceled");
    assert_eq!(open + done, total, "{progress}");
    done
}

fn everybody_on_the_list_is_called_once_and_the_figures_add_up(opening: Opening) {
    let day = opening.begin();
    day.person(&number(1), Habit::NoAnswer).person(&number(2), Habit::Refuses);
    let people = people(8);
    let id = draft(&day, "spring", &json!({ "retry": { "max_attempts": 1 } }));
    let jobs = enqueue(&day, &id, &people);
    assert_eq!(standing(&day, &id)["progress"]["waiting"], 8);
    gate_is(&day, &jobs[0], "campaign_not_started");
    does(&day, &id, "start");
    day.until("all are done", |day| (adds_up(day, &id, 8) == 8).then_some(()));
    let done = is_finished(&day, &id);
    let progress = &done["progress"];
    assert_eq!((&progress["completed"], &progress["failed"]), (&json!(6), &json!(2)), "{progress}");
    assert_eq!((&progress["waiting"], &progress["in_progress"]), (&json!(0), &json!(0)));
    assert_eq!(dialed(&day, &people), [1; 8]);
    let first = job(&day, &jobs[0]);
    assert_eq!((&first["state"], &first["done"]["done"]), (&json!("settled"), &json!("reached")), "{first}");
    assert_eq!(first["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(first["attempts"][0]["status"], "completed");
}

/// Slow enough that many of them come in one millisecond.
fn the_people_of_a_list_are_called_in_its_order(opening: Opening) {
    let day = opening.at_speed(5.0).begin();
    let people: Vec<String> = (0..12).rev().map(number).collect();
    for person in &people {
        day.person(person, Habit::Busy);
    }
    let more = json!({ "pacing": { "concurrency": 1 }, "retry": { "max_attempts": 1 } });
    let (id, jobs) = campaign(&day, "spring", &more, &people);
    is_finished(&day, &id);
    let called: Vec<String> = day.sim.calls().into_iter().map(|call| call.to).collect();
    assert_eq!(called, people);
    let of: Vec<_> = jobs.iter().map(|id| job(&day, id)["to"].clone()).collect();
    assert_eq!(of, people, "who is named first in the answer was named first in the question");
}

fn the_calls_of_a_campaign_can_be_listed_and_say_whose_they_are(opening: Opening) {
    let day = opening.begin();
    let (id, mut jobs) = campaign(&day, "spring", &json!({}), &people(2));
    day.ended(&day.call("+15550109900"));
    is_finished(&day, &id);
    let listed = |campaign: &str| day.get(&format!("/api/calls?campaign={campaign}"));
    let calls = listed(&id).json()["calls"].as_array().unwrap().clone();
    let mut of: Vec<_> = calls.iter().map(|call| call["job_id"].as_str().unwrap().to_owned()).collect();
    of.sort();
    jobs.sort();
    assert_eq!(of, jobs);
    for call in &calls {
        assert_eq!((&call["campaign_id"], &call["attempt"]), (&json!(id), &json!(1)), "{call}");
        let job = job(&day, call["job_id"].as_str().unwrap());
        assert_eq!(call["lead_id"], job["lead_id"], "{call} {job}");
    }
    let other = draft(&day, "autumn", &json!({}));
    assert_eq!(listed(&other).json()["calls"], json!([]));
    assert_eq!(listed("spring").status, 400);
}

fn a_paused_campaign_calls_nobody_and_a_resumed_one_goes_on(opening: Opening) {
    let day = opening.begin();
    let people = people(4);
    let (id, jobs) = campaign(&day, "spring", &one_at_once(), &people);
    somebody_is_called(&day, &people);
    does(&day, &id, "pause");
    is_at_rest(&day, &id);
    let before = dialed_in_all(&day, &people);
    assert!(before < 4);
    gate_is(&day, &jobs[3], "campaign_paused");
    // A single call goes through all the same, and its end wakes whoever waits for a slot.
    let other = day.call("+15550109900");
    day.ended(&other);
    assert_eq!(dialed_in_all(&day, &people), before);
    does(&day, &id, "resume");
    is_finished(&day, &id);
    assert_eq!(dialed(&day, &people), [1; 4]);
}

fn a_cancelled_campaign_settles_what_waits_and_lets_the_open_call_end(opening: Opening) {
    let day = opening.begin();
    let people = people(3);
    let (id, jobs) = campaign(&day, "spring", &one_at_once(), &people);
    somebody_is_called(&day, &people);
    assert_eq!(asks(&day, &id, "cancel").json()["state"], "cancelled");
    let progress = is_at_rest(&day, &id);
    assert_eq!((&progress["canceled"], &progress["completed"]), (&json!(2), &json!(1)), "{progress}");
    assert_eq!(job(&day, &jobs[2])["done"]["done"], "canceled");
    let late = asks(&day, &id, "resume");
    assert_eq!((late.status, &late.json()["code"]), (409, &json!("not_now")));
}

fn with_force_the_open_call_is_hung_up_too(opening: Opening) {
    let day = opening.begin();
    let people = people(3);
    day.person(&people[0], Habit::Answers { ring_secs: Some(600), said: vec![], digits: vec![] });
    let (id, jobs) = campaign(&day, "spring", &one_at_once(), &people);
    somebody_is_called(&day, &people);
    assert_eq!(asks(&day, &id, "force-cancel").json()["state"], "cancelled");
    let progress = is_at_rest(&day, &id);
    assert_eq!(progress["canceled"], 3, "{progress}");
    let attempt = job(&day, &jobs[0])["attempts"][0].clone();
    assert_eq!(attempt["disposition"], "canceled", "{attempt}");
    assert_eq!(day.is_quiet().sim.live(), 0);
    assert_eq!(dialed(&day, &people), [1, 0, 0]);
}

fn a_drained_campaign_ends_with_its_open_call(opening: Opening) {
    let day = opening.begin();
    let people = people(3);
    let (id, jobs) = campaign(&day, "spring", &one_at_once(), &people);
    somebody_is_called(&day, &people);
    does(&day, &id, "drain");
    gate_is(&day, &jobs[2], "campaign_draining");
    let done = is_finished(&day, &id);
    assert_eq!((&done["progress"]["completed"], &done["progress"]["waiting"]), (&json!(1), &json!(2)));
    assert_eq!(job(&day, &jobs[2])["gate"]["code"], "campaign_over");
    assert_eq!(dialed(&day, &people), [1, 0, 0]);
}

fn a_server_killed_in_the_middle_of_a_campaign_goes_on_and_calls_nobody_twice(opening: Opening) {
    let mut day = opening.in_its_own_process().begin();
    let people = people(9);
    let (id, _) = campaign(&day, "spring", &json!({}), &people);
    for enough in [2, 5] {
        day.until("some are called", |day| (dialed_in_all(day, &people) >= enough).then_some(()));
        day.restarts();
    }
    let done = is_finished(&day, &id);
    assert_eq!(done["progress"]["completed"], 9, "{done}");
    assert_eq!(dialed(&day, &people), [1; 9]);
}

/// S2.22: whoever worked the queue may be dead when it is told to stop.
fn a_campaign_paused_before_a_kill_is_paused_after_it(opening: Opening) {
    let mut day = opening.in_its_own_process().begin();
    let people = people(4);
    let (id, jobs) = campaign(&day, "spring", &one_at_once(), &people);
    somebody_is_called(&day, &people);
    does(&day, &id, "pause");
    day.restarts();
    is_at_rest(&day, &id);
    let before = dialed_in_all(&day, &people);
    gate_is(&day, &jobs[3], "campaign_paused");
    day.ended(&day.call("+15550109900"));
    assert_eq!(dialed_in_all(&day, &people), before);
    does(&day, &id, "cancel");
    assert_eq!(is_at_rest(&day, &id)["canceled"], 4 - before);
}

/// S2.40: a rolling restart, twice, with old jobs in the queue.
fn a_server_that_is_stopped_in_order_and_started_again_loses_nobody(opening: Opening) {
    let mut day = opening.in_its_own_process().begin();
    let people = people(9);
    let (id, jobs) = campaign(&day, "spring", &json!({ "pacing": { "concurrency": 2 } }), &people);
    for enough in [2, 5] {
        day.until("some are called", |day| (dialed_in_all(day, &people) >= enough).then_some(()));
        assert_eq!(day.is_told_to_stop().code(), Some(0));
        day.start();
    }
    let done = is_finished(&day, &id);
    assert_eq!(done["progress"]["completed"], 9, "{done}");
    assert_eq!(dialed(&day, &people), [1; 9]);
    // One that was claimed when the server stopped, and of which nothing was sent, is claimed again.
    let used: Vec<_> = jobs.iter().map(|id| job(&day, id)["used"].clone()).collect();
    assert_eq!(used, [1; 9], "a stop uses up no attempt");
}

fn who_is_urgent_overtakes_and_who_can_wait_comes_last(opening: Opening) {
    // Nobody waits so long that it is their turn for that.
    let day = opening.at_speed(20.0).set("TRUNKLINE_QUEUE_AGEING_SECS", "86400").begin();
    let id = draft(&day, "spring", &one_at_once());
    let levels = ["low", "default", "high", "low", "default", "high"];
    let people = people(levels.len());
    let rows: Vec<_> =
        people.iter().zip(levels).map(|(to, level)| json!({ "to": to, "priority": level })).collect();
    enqueue_each(&day, &id, &json!(rows));
    does(&day, &id, "start");
    is_finished(&day, &id);
    let order: Vec<&str> = day
        .sim
        .calls()
        .iter()
        .map(|call| levels[people.iter().position(|number| *number == call.to).unwrap()])
        .collect();
    assert_eq!(order, ["high", "high", "default", "default", "low", "low"]);
}

fn each_hears_what_the_list_says_of_them(opening: Opening) {
    let script = r#"{"greeting": "Hello {{name}}", "questions": ["Is {{day}} fine?"]}"#;
    let day = opening.questions(script).begin();
    let id = draft(&day, "visits", &json!({}));
    let people = json!([
        { "to": number(0), "name": "Ann", "variables": { "day": "Sunday" } },
        { "to": number(1), "name": "דנה כהן", "variables": { "day": "יום שני" } },
    ]);
    enqueue_each(&day, &id, &people);
    does(&day, &id, "start");
    is_finished(&day, &id);
    day.is_quiet();
    assert_eq!(day.heard_by(&number(0))[..2], ["Hello Ann", "Is Sunday fine?"]);
    assert_eq!(day.heard_by(&number(1))[..2], ["Hello דנה כהן", "Is יום שני fine?"]);
}

fn who_cannot_be_called_is_named_and_the_others_are_taken(opening: Opening) {
    let day = opening.begin();
    let id = draft(&day, "spring", &json!({}));
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
    draft(&day, "spring", &json!({}));
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
