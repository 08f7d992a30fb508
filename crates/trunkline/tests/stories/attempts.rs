//! The outbound queue on days that go wrong: people who are busy, a carrier that loses answers, a server that dies, a
//! database that is gone. Nobody is called twice, and no job is stuck.

use serde_json::{Value, json};
use trunkline_sim::{Fault, FaultKind, Habit};

use crate::day::{Day, Opening};

fn number(n: usize) -> String {
    format!("+15550102{n:03}")
}

/// A campaign that calls at any hour and is started, with these people.
pub fn campaign(day: &Day, name: &str, more: &Value, people: &[String]) -> (String, Vec<String>) {
    let window = json!({ "hours": [{ "from": "00:00:00", "to": "00:00:00" }] });
    let mut body = json!({ "name": name, "script": "questions", "window": window });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = day.until("campaigns are taken", |day| {
        Some(day.post("/api/campaigns", &body)).filter(|made| made.status != 503)
    });
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let people: Vec<_> = people.iter().map(|to| json!({ "to": to, "zone": "UTC" })).collect();
    let answer = day.post(&format!("/api/campaigns/{id}/jobs"), &json!({ "people": people }));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let jobs = answer.json()["jobs"].as_array().unwrap().clone();
    act(day, &id, "start");
    (id, jobs.iter().map(|job| job.as_str().unwrap().to_owned()).collect())
}

fn people(count: usize) -> Vec<String> {
    (0..count).map(number).collect()
}

pub fn act(day: &Day, campaign: &str, word: &str) {
    assert_eq!(day.post(&format!("/api/campaigns/{campaign}/{word}"), &json!({})).status, 200);
}

pub fn job(day: &Day, id: &str) -> Value {
    day.get(&format!("/api/jobs/{id}")).json()
}

pub fn is_settled(day: &Day, id: &str) -> Value {
    day.until(&format!("job {id} is settled"), |day| {
        Some(job(day, id)).filter(|job| job["state"] == "settled")
    })
}

pub fn is_finished(day: &Day, campaign: &str) -> Value {
    day.until("the campaign is finished", |day| {
        Some(day.get(&format!("/api/campaigns/{campaign}")).json()).filter(|it| it["state"] == "finished")
    })
}

pub fn gate_is(day: &Day, id: &str, code: &str) {
    day.until(&format!("job {id} waits at {code}"), |day| {
        (job(day, id)["gate"]["code"] == code).then_some(())
    });
}

pub fn dialed(day: &Day, people: &[String]) -> Vec<u64> {
    people.iter().map(|number| day.dialed(number)).collect()
}

#[test]
fn who_is_busy_or_away_is_called_again_by_the_policy_and_then_no_more() {
    let day = Day::begin();
    day.person(&number(0), Habit::Busy).person(&number(1), Habit::NoAnswer);
    let retry = json!({ "max_attempts": 3, "by_class": { "temporary": [120] }, "by_disposition": { "busy": [90, 180] } });
    let (id, jobs) = campaign(&day, "again", &json!({ "retry": retry }), &people(2));
    let done = is_finished(&day, &id);
    assert_eq!(done["progress"]["failed"], 2, "{done}");
    for (n, (disposition, gap)) in [("busy", 90.0), ("no_answer", 120.0)].into_iter().enumerate() {
        let job = job(&day, &jobs[n]);
        assert_eq!(job["done"]["done"], "exhausted", "{job}");
        let attempts = job["attempts"].as_array().unwrap();
        assert!(attempts.len() == 3 && attempts.iter().all(|one| one["disposition"] == disposition), "{job}");
        let calls = day.sim.calls_to(&number(n));
        assert_eq!(calls.len(), 3);
        for pair in calls.windows(2) {
            let waited = pair[1].created_at.duration_since(pair[0].created_at).as_secs_f64();
            assert!(waited >= gap, "called again after {waited} s");
        }
    }
}

#[test]
fn a_person_on_two_lists_at_once_is_called_by_one() {
    let day = Day::begin();
    let (_, first) = campaign(&day, "one", &json!({}), &people(1));
    let (_, second) = campaign(&day, "two", &json!({}), &people(1));
    gate_is(&day, &second[0], "duplicate");
    is_settled(&day, &first[0]);
    gate_is(&day, &second[0], "duplicate");
    assert_eq!(dialed(&day, &people(1)), [1]);
}

#[test]
fn who_presses_the_opt_out_key_is_out_of_every_campaign_for_ever() {
    let day = Day::with().questions(r#"{"questions": ["One?", "Two?"], "opt_out": {"key": "9"}}"#).begin();
    day.person(&number(0), Habit::PressesKey { key: '9' });
    let retry = json!({ "retry": { "unfinished": [60] } });
    let (one, jobs) = campaign(&day, "one", &retry, &people(1));
    let (two, others) = campaign(&day, "two", &json!({ "dedup_window_secs": 0 }), &people(1));
    for id in [one, two] {
        is_finished(&day, &id);
    }
    let done = [&jobs[0], &others[0]].map(|id| job(&day, id)["done"].clone());
    let words: Vec<&str> = done.iter().map(|done| done["done"].as_str().unwrap()).collect();
    assert!(words.contains(&"opted_out") && words.contains(&"skipped"), "{done:?}");
    assert_eq!(dialed(&day, &people(1)), [1]);
}

/// F-16: whatever became of the create request, each person is called exactly once in the end, and no job is stuck.
#[test]
fn a_carrier_that_loses_answers_makes_a_campaign_call_nobody_twice() {
    let day = Day::begin();
    let faults = [
        FaultKind::CreateFails,
        FaultKind::CreateUnavailable,
        FaultKind::CreateResets,
        FaultKind::CreateFailsAfterAccepting,
        FaultKind::CreateResetsAfterAccepting,
        FaultKind::CreateHangsAfterAccepting,
        FaultKind::CreateAnswersGarbage,
        FaultKind::CreateAcceptsLate { secs: 150 },
    ];
    let people = people(faults.len() + 1);
    for (kind, number) in faults.into_iter().zip(&people) {
        day.sim.add_fault(Fault::new(kind).on(number).times(1));
    }
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).on(&people[faults.len()]).times(4));
    day.sim.add_fault(Fault::new(FaultKind::ListLag { secs: 60 }));
    let (id, jobs) = campaign(&day, "faults", &json!({ "retry": { "by_class": { "ours": [60] } } }), &people);
    let done = is_finished(&day, &id);
    assert_eq!(done["progress"]["completed"], jobs.len(), "{done}");
    assert_eq!(dialed(&day, &people), vec![1; people.len()]);
    let throttled = job(&day, &jobs[faults.len()]);
    assert_eq!(
        (&throttled["done"]["done"], &throttled["used"]),
        (&json!("reached"), &json!(1)),
        "{throttled}"
    );
    assert!(day.sim.faults().iter().all(|fault| fault.struck >= 1), "the control: {:?}", day.sim.faults());
}

#[test]
fn a_call_that_turns_up_when_its_job_is_tried_again_is_hung_up_unheard() {
    let day = Day::begin();
    let person = number(0);
    day.person(&person, Habit::Answers { ring_secs: Some(25), said: vec![], digits: vec![] });
    day.sim.add_fault(Fault::new(FaultKind::CreateAcceptsLate { secs: 600 }).on(&person).times(1));
    let retry = json!({ "retry": { "by_class": { "ours": [30] } } });
    let (_, jobs) = campaign(&day, "late", &retry, &people(1));
    day.until("both calls are there", |day| (day.dialed(&person) == 2).then_some(()));
    is_settled(&day, &jobs[0]);
    day.is_quiet();
    let late = day.sim.calls_to(&person).into_iter().max_by_key(|call| call.created_at).unwrap();
    assert!(late.answered_at.is_none(), "it rang, and nobody heard anything: {late:?}");
    assert_eq!(job(&day, &jobs[0])["done"]["done"], "reached");
}

/// F-14: the process dies after the claim and before the call's first event.
#[test]
fn a_claim_that_no_call_came_of_is_given_back() {
    let mut day = Day::begin();
    let (id, jobs) = campaign(&day, "claims", &json!({ "pacing": { "concurrency": 1 } }), &people(2));
    act(&day, &id, "pause");
    day.until("nobody is called now", |day| {
        let progress = &day.get(&format!("/api/campaigns/{id}")).json()["progress"];
        (progress["in_progress"] == 0).then_some(())
    });
    let waiting = jobs.iter().filter(|id| job(&day, id)["state"] == "waiting").count();
    day.power_fails();
    day.database().is_told(
        "UPDATE jobs SET state = 'dialing', bucket = 'in_progress', node = '1', pair = 'a pair ' || id, \
         fold = json_patch(fold, json_object('state', 'dialing', 'request', 'unsent', 'attempt', 1, 'fence', 1, \
         'on', json_object('node', '1', 'call', '0199aaaa-0000-7000-8000-000000000001'))) \
         WHERE state = 'waiting'",
    );
    day.start();
    day.until("the campaign can be resumed", |day| {
        (day.post(&format!("/api/campaigns/{id}/resume"), &json!({})).status == 200).then_some(())
    });
    let done = is_finished(&day, &id);
    assert!(waiting >= 1, "the control: somebody was claimed");
    assert_eq!(done["progress"]["completed"], 2, "{done}");
    assert_eq!(dialed(&day, &people(2)), [1, 1]);
}

#[test]
fn a_database_that_is_away_stops_new_calls_and_the_campaign_goes_on_after_it() {
    let day = Day::begin();
    let people = people(8);
    let (id, _) = campaign(&day, "away", &json!({ "pacing": { "concurrency": 2 } }), &people);
    day.until("some are called", |day| (dialed(day, &people).iter().sum::<u64>() >= 2).then_some(()));
    let outage = day.database().goes_down();
    day.is_quiet();
    let before = dialed(&day, &people);
    assert!(before.iter().sum::<u64>() < 8, "the control: it was in the middle");
    let single = day.call("+15550102900");
    assert_eq!(day.disposition(&single), "completed", "a single call goes through");
    assert_eq!(dialed(&day, &people), before, "nothing is claimed meanwhile");
    outage.ends(&day);
    is_finished(&day, &id);
    assert_eq!(dialed(&day, &people), vec![1; people.len()]);
}

#[test]
fn a_number_suppressed_while_the_campaign_runs_is_not_called() {
    let day = Day::begin();
    let people = people(5);
    let (id, jobs) = campaign(&day, "suppressed", &json!({ "pacing": { "concurrency": 1 } }), &people);
    day.until("somebody is called", |day| (day.dialed(&people[0]) > 0).then_some(()));
    assert!(day.post("/api/suppressions", &json!({ "number": people[4] })).status < 300);
    let done = is_finished(&day, &id);
    assert_eq!(
        (&done["progress"]["completed"], &done["progress"]["skipped"]),
        (&json!(4), &json!(1)),
        "{done}"
    );
    let last = job(&day, &jobs[4]);
    assert_eq!(
        (&last["done"]["done"], &last["done"]["gate"]["gate"]),
        (&json!("skipped"), &json!("suppressed"))
    );
    assert_eq!(dialed(&day, &people), [1, 1, 1, 1, 0]);
}

#[test]
fn limits_are_never_exceeded_across_a_restart_and_two_campaigns() {
    let mut day = Day::with().at_most(3).in_its_own_process().begin();
    let people = people(16);
    let (one, _) = campaign(&day, "one", &json!({}), &people[..8]);
    let (two, _) = campaign(&day, "two", &json!({}), &people[8..]);
    day.until("some are called", |day| (dialed(day, &people).iter().sum::<u64>() >= 5).then_some(()));
    day.restarts();
    for id in [one, two] {
        assert_eq!(is_finished(&day, &id)["progress"]["completed"], 8);
    }
    assert_eq!(dialed(&day, &people), vec![1; people.len()]);
    assert!(day.sim.most_at_once() <= 3, "{} at once", day.sim.most_at_once());
}

#[test]
fn a_cancelled_job_is_not_called_and_the_others_are() {
    let day = Day::begin();
    let people = people(3);
    let (id, jobs) = campaign(&day, "cancelled", &json!({ "pacing": { "concurrency": 1 } }), &people);
    assert_eq!(day.post(&format!("/api/jobs/{}/cancel", jobs[2]), &json!({})).status, 200);
    assert_eq!(is_settled(&day, &jobs[2])["done"]["done"], "canceled");
    let done = is_finished(&day, &id);
    assert_eq!(done["progress"]["canceled"], 1, "{done}");
    assert_eq!(dialed(&day, &people), [1, 1, 0]);
}

#[test]
fn who_hangs_up_in_the_middle_is_called_again_and_asked_nothing_twice() {
    let day = Day::begin();
    let person = number(0);
    day.person(&person, Habit::HangsUpInMidQuestion { question: 2 });
    let retry = json!({ "retry": { "unfinished": [120] } });
    let (id, jobs) = campaign(&day, "resumed", &retry, &people(1));
    day.until("the first call is over", |day| {
        let attempts = &job(day, &jobs[0])["attempts"];
        (attempts[0]["status"] == "completed").then_some(())
    });
    day.person(&person, Habit::answers());
    let first = day.heard_by(&person);
    is_finished(&day, &id);
    let second = day.heard_by(&person);
    assert_eq!(day.dialed(&person), 2);
    let asks = |heard: &[String], words: &str| heard.iter().filter(|text| text.contains(words)).count();
    assert_eq!(asks(&first, "your name"), 1, "{first:?}");
    assert_eq!(asks(&second, "your name"), 0, "answered before: {second:?}");
    assert_eq!(asks(&second, "Anything else"), 1, "asked on: {second:?}");
    assert!(second.len() > 2, "greeted again: {second:?}");
    assert_eq!(job(&day, &jobs[0])["done"]["done"], "reached");
}

fn with_machine(day: &Day, machine: &Value) -> Vec<String> {
    day.person(&number(0), Habit::Voicemail).person(&number(1), Habit::says(["Ann", "Tuesday", "no"]));
    let more = json!({ "machine": machine, "retry": { "by_class": {} } });
    let (id, jobs) = campaign(day, "machines", &more, &people(2));
    is_finished(day, &id);
    let attempt = job(day, &jobs[0])["attempts"][0].clone();
    assert_eq!(attempt["disposition"], "voicemail", "{attempt}");
    assert_eq!(job(day, &jobs[1])["done"]["done"], "reached");
    assert_eq!(day.said_by(&number(1)), ["Ann", "Tuesday", "no"], "people hear the script");
    day.heard_by(&number(0))
}

#[test]
fn a_machine_is_hung_up_on() {
    let day = Day::begin();
    let heard = with_machine(&day, &json!({ "machine": "hang_up" }));
    assert!(!heard.iter().any(|text| text.contains("Anything else")), "{heard:?}");
}

#[test]
fn a_machine_hears_the_message() {
    let day = Day::begin();
    let text = "Please call us back";
    let heard = with_machine(&day, &json!({ "machine": "leave_message", "text": text }));
    assert_eq!(heard.last().map(String::as_str), Some(text), "{heard:?}");
}

#[test]
fn nothing_is_said_before_it_is_known_who_answered() {
    let day = Day::with().at_speed(10.0).begin();
    let heard = with_machine(&day, &json!({ "machine": "wait_for_verdict", "at_most_ms": 8000 }));
    assert!(heard.is_empty(), "{heard:?}");
}

#[test]
fn a_daily_cap_holds_the_rest_back_until_tomorrow() {
    let day = Day::begin();
    let people = people(4);
    let (_, jobs) = campaign(&day, "capped", &json!({ "pacing": { "daily_cap": 2 } }), &people);
    for id in &jobs[..2] {
        is_settled(&day, id);
    }
    gate_is(&day, &jobs[2], "daily_cap");
    day.is_quiet();
    assert_eq!(dialed(&day, &people), [1, 1, 0, 0]);
}

#[test]
fn a_carrier_that_fails_again_and_again_is_left_alone_for_a_while() {
    let day = opening_with_pace("1").begin();
    let people = people(8);
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).times(9));
    let (id, jobs) = campaign(&day, "broken", &json!({}), &people);
    day.until("the circuit opens", |day| {
        jobs.iter().any(|id| job(day, id)["gate"]["code"] == "circuit_open").then_some(())
    });
    assert_eq!(is_finished(&day, &id)["progress"]["completed"], 8);
    assert_eq!(dialed(&day, &people), vec![1; people.len()]);
}

fn opening_with_pace(cps: &str) -> Opening {
    Day::with().set("TRUNKLINE_LIMITS_CPS", cps)
}

#[test]
fn every_call_makes_its_person_known_both_ways() {
    let day = Day::begin();
    let call = day.call_with(&json!({ "to": number(0), "name": "Ann" }));
    day.ended(&call);
    day.is_called_by(&number(1), Habit::answers());
    let leads = day.until("both are known", |day| {
        let leads = day.get("/api/leads").json()["leads"].as_array().cloned().unwrap_or_default();
        (leads.len() == 2).then_some(leads)
    });
    let numbers: Vec<_> = leads.iter().map(|lead| lead["number"].as_str().unwrap().to_owned()).collect();
    assert!(numbers.contains(&number(0)) && numbers.contains(&number(1)), "{numbers:?}");
    assert!(leads.iter().any(|lead| lead["name"] == "Ann"), "{leads:?}");
}
