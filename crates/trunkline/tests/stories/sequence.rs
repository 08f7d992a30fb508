//! Ten calls, one after the other, on the worst of days: workers are killed in the middle, the carrier is down for a minute,
//! and the Redis that is configured was never there. The queue runs empty, everybody is called once, and of each call that
//! failed it stands there why.

use serde_json::{Value, json};
use trunkline_sim::{Fault, FaultKind, Habit};

use crate::day::{Day, Opening};
use crate::queue::{
    campaign, dialed, dialed_in_all, is_finished, job, number, on_each_engine, people, standing,
};

on_each_engine!(
    ten_calls_in_sequence_outlive_killed_workers_and_a_minute_without_the_carrier,
    an_attempt_that_the_carrier_never_had_is_ruled_in_time_and_says_so,
);

/// Every attempt that was no success has a code and words.
fn every_failure_says_why(job: &Value) -> usize {
    let failed = |attempt: &&Value| !matches!(attempt["status"].as_str(), Some("completed" | "canceled"));
    let attempts: Vec<&Value> = job["attempts"].as_array().unwrap().iter().filter(failed).collect();
    for attempt in &attempts {
        let text = |name: &str| attempt[name].as_str().unwrap_or_default().to_owned();
        let (code, message) = (text("error_code"), text("error_message"));
        assert!((1..=64).contains(&code.len()) && message.len() > 3, "no reason: {attempt}");
    }
    attempts.len()
}

fn ten_calls_in_sequence_outlive_killed_workers_and_a_minute_without_the_carrier(opening: Opening) {
    let nobody = "redis://127.0.0.1:1";
    let mut day = opening.set("REDIS_URL", nobody).behind_a_door().in_its_own_process().begin();
    day.person(&number(1), Habit::Busy).person(&number(4), Habit::NoAnswer);
    day.person(&number(6), Habit::Refuses).person(&number(8), Habit::NotInService);
    // What the carrier had is not tried again, also where its news was lost with the worker that should have heard it.
    let retry = json!({ "by_class": {}, "by_disposition": { "not_placed": [30] } });
    let more = json!({ "pacing": { "concurrency": 1 }, "retry": retry });
    let people = people(10);
    let (id, jobs) = campaign(&day, "ten", &more, &people);
    let called = |day: &Day, enough: u64| {
        day.until(&format!("{enough} are called"), |day| {
            (dialed_in_all(day, &people) >= enough).then_some(())
        });
    };
    const KILLS: u64 = 3;
    called(&day, 2);
    day.restarts();
    called(&day, 4);

    day.carrier_goes_down();
    let (down_at, before) = (day.now(), dialed_in_all(&day, &people));
    day.until("half a minute is over", |day| {
        (day.now().duration_since(down_at).as_secs() > 30).then_some(())
    });
    day.restarts();
    day.until("a minute is over", |day| (day.now().duration_since(down_at).as_secs() > 60).then_some(()));
    assert_eq!(dialed_in_all(&day, &people), before, "the control: nobody can be called");
    let depth =
        day.until("the queue is looked at", |day| day.get("/api/queue/stats").json()["depth"].as_u64());
    assert!(depth > 0, "the control: it happened in the middle");
    day.carrier_comes_back();

    called(&day, 8);
    day.restarts();
    let done = is_finished(&day, &id);
    assert_eq!(dialed(&day, &people), [1; 10], "each lead called once");
    let ended = |how: &str| done["progress"][how].as_u64().unwrap();
    assert_eq!(ended("completed") + ended("failed"), 10, "{done}");
    // A worker that is killed while somebody speaks costs that conversation, and no other.
    assert!((4..=4 + KILLS).contains(&ended("failed")), "{done}");
    let stats = day.get("/api/queue/stats").json();
    assert_eq!((&stats["depth"], &stats["in_progress"], &stats["parked"]), (&json!(0), &json!(0), &json!(0)));
    let failures: usize = jobs.iter().map(|id| every_failure_says_why(&job(&day, id))).sum();
    assert!(failures >= 4, "the control: some failed");
}

/// S2.7: an attempt without a carrier's id is ruled within 240 s of its request, with a reason.
fn an_attempt_that_the_carrier_never_had_is_ruled_in_time_and_says_so(opening: Opening) {
    let day = opening.at_speed(30.0).begin();
    let people = people(3);
    for (number, kind) in
        people.iter().zip([FaultKind::CreateFails, FaultKind::CreateResets, FaultKind::CreateUnavailable])
    {
        day.sim.add_fault(Fault::new(kind).on(number).times(1));
    }
    let (id, jobs) = campaign(&day, "lost", &json!({ "retry": { "by_class": { "ours": [30] } } }), &people);
    is_finished(&day, &id);
    assert_eq!(dialed(&day, &people), [1; 3]);
    let mut ruled = 0;
    for id in &jobs {
        let job = job(&day, id);
        every_failure_says_why(&job);
        for attempt in job["attempts"].as_array().unwrap() {
            let call = day.look_at(attempt["call_id"].as_str().unwrap());
            let leg = &call["legs"][0];
            if call["disposition"] != "not_placed" {
                continue;
            }
            let at = |name: &str| leg[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            let unruled = at("ended_at").duration_since(at("dialed_at")).as_secs();
            assert!((180..=240).contains(&unruled), "unruled for {unruled} s: {call}");
            ruled += 1;
        }
    }
    assert!(ruled >= 2, "the control: some were ruled");
    assert_eq!(standing(&day, &id)["progress"]["completed"], 3);
}
