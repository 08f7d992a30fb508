//! The outbound queue on days that go wrong: people who are busy, a carrier that loses answers, a server that dies, a
//! database that is gone. Nobody is called twice, and no job is stuck.

use serde_json::{Value, json};
use trunkline_sim::{Fault, FaultKind, Habit};

use crate::day::{Day, Opening};
use crate::queue::{
    campaign, dialed, does, gate_is, is_at_rest, is_finished, is_settled, job, number, on_each_engine, people,
};

on_each_engine!(
    who_is_busy_or_away_is_called_again_by_the_policy_and_then_no_more,
    a_person_on_two_lists_at_once_is_called_by_one,
    who_presses_the_opt_out_key_is_out_of_every_campaign_for_ever,
    a_carrier_that_loses_answers_makes_a_campaign_call_nobody_twice,
    callbacks_that_are_lost_doubled_late_and_out_of_order_change_nothing,
    a_call_that_turns_up_when_its_job_is_tried_again_is_hung_up_unheard,
    a_claim_that_no_call_came_of_is_given_back,
    a_number_suppressed_while_the_campaign_runs_is_not_called,
    limits_are_never_exceeded_across_a_restart_and_two_campaigns,
    a_cancelled_job_is_not_called_and_the_others_are,
    who_hangs_up_in_the_middle_is_called_again_and_asked_nothing_twice,
    a_daily_cap_holds_the_rest_back_until_tomorrow,
    every_call_makes_its_person_known_both_ways,
);

fn who_is_busy_or_away_is_called_again_by_the_policy_and_then_no_more(opening: Opening) {
    let day = opening.begin();
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

fn a_person_on_two_lists_at_once_is_called_by_one(opening: Opening) {
    let day = opening.begin();
    let (_, first) = campaign(&day, "one", &json!({}), &people(1));
    let (_, second) = campaign(&day, "two", &json!({}), &people(1));
    gate_is(&day, &second[0], "duplicate");
    is_settled(&day, &first[0]);
    gate_is(&day, &second[0], "duplicate");
    assert_eq!(dialed(&day, &people(1)), [1]);
}

fn who_presses_the_opt_out_key_is_out_of_every_campaign_for_ever(opening: Opening) {
    let day = opening.questions(r#"{"questions": ["One?", "Two?"], "opt_out": {"key": "9"}}"#).begin();
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
fn a_carrier_that_loses_answers_makes_a_campaign_call_nobody_twice(opening: Opening) {
    let day = opening.begin();
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
    let all: Vec<Value> = jobs.iter().map(|id| job(&day, id)).collect();
    assert_eq!(done["progress"]["completed"], jobs.len(), "{all:#?}");
    assert_eq!(dialed(&day, &people), vec![1; people.len()]);
    let throttled = job(&day, &jobs[faults.len()]);
    assert_eq!(
        (&throttled["done"]["done"], &throttled["used"]),
        (&json!("reached"), &json!(1)),
        "{throttled}"
    );
    assert!(day.sim.faults().iter().all(|fault| fault.struck >= 1), "the control: {:?}", day.sim.faults());
}

/// F-17, of a campaign.
fn callbacks_that_are_lost_doubled_late_and_out_of_order_change_nothing(opening: Opening) {
    let day = opening.begin();
    let people = people(15);
    let faults = [
        FaultKind::CallbackLost,
        FaultKind::CallbackDoubled { copies: 3 },
        FaultKind::CallbackLate { secs: 120 },
        FaultKind::CallbackReordered,
        FaultKind::VoiceFetchDoubled,
    ];
    for (n, number) in people.iter().enumerate() {
        day.fault(faults[n % faults.len()], number);
        day.person(number, if n % 3 == 0 { Habit::Busy } else { Habit::answers() });
    }
    let (id, jobs) =
        campaign(&day, "callbacks", &json!({ "retry": { "by_disposition": {}, "by_class": {} } }), &people);
    let done = is_finished(&day, &id);
    assert_eq!(
        (&done["progress"]["completed"], &done["progress"]["failed"]),
        (&json!(10), &json!(5)),
        "{done}"
    );
    day.is_quiet();
    assert_eq!(dialed(&day, &people), [1; 15]);
    for (n, id) in jobs.iter().enumerate() {
        let attempts = job(&day, id)["attempts"].clone();
        let expected = if n % 3 == 0 { "busy" } else { "completed" };
        assert_eq!(
            (&attempts[0]["disposition"], &attempts[1]),
            (&json!(expected), &Value::Null),
            "{attempts}"
        );
    }
    let has_struck =
        |kind: &FaultKind| day.sim.faults().iter().any(|told| told.fault.kind == *kind && told.struck > 0);
    assert!(faults.iter().all(has_struck), "the control");
}

fn a_call_that_turns_up_when_its_job_is_tried_again_is_hung_up_unheard(opening: Opening) {
    let day = opening.begin();
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
fn a_claim_that_no_call_came_of_is_given_back(opening: Opening) {
    let mut day = opening.begin();
    let (id, jobs) = campaign(&day, "claims", &json!({ "pacing": { "concurrency": 1 } }), &people(2));
    does(&day, &id, "pause");
    is_at_rest(&day, &id);
    let waiting = jobs.iter().filter(|id| job(&day, id)["state"] == "waiting").count();
    day.power_fails();
    day.database().is_told(
        r#"UPDATE jobs SET state = 'dialing', bucket = 'in_progress', node = '1', pair = 'a pair ' || id,
         fold = replace(replace(replace(fold, '"attempt":0', '"attempt":1'), '"fence":0', '"fence":1'),
         '"state":"waiting"', '"state":"dialing","request":"unsent",
             "on":{"node":"1","call":"0199aaaa-0000-7000-8000-000000000001"}')
         WHERE state = 'waiting'"#,
    );
    day.start();
    does(&day, &id, "resume");
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
    let single = day.call("+15550109900");
    assert_eq!(day.disposition(&single), "completed", "a single call goes through");
    assert_eq!(dialed(&day, &people), before, "nothing is claimed meanwhile");
    outage.ends(&day);
    is_finished(&day, &id);
    assert_eq!(dialed(&day, &people), vec![1; people.len()]);
}

fn a_number_suppressed_while_the_campaign_runs_is_not_called(opening: Opening) {
    let day = opening.begin();
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

fn limits_are_never_exceeded_across_a_restart_and_two_campaigns(opening: Opening) {
    let mut day = opening.at_most(3).in_its_own_process().begin();
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

fn a_cancelled_job_is_not_called_and_the_others_are(opening: Opening) {
    let day = opening.begin();
    let people = people(3);
    let (id, jobs) = campaign(&day, "cancelled", &json!({ "pacing": { "concurrency": 1 } }), &people);
    assert_eq!(day.post(&format!("/api/jobs/{}/cancel", jobs[2]), &json!({})).status, 200);
    assert_eq!(is_settled(&day, &jobs[2])["done"]["done"], "canceled");
    let done = is_finished(&day, &id);
    assert_eq!(done["progress"]["canceled"], 1, "{done}");
    assert_eq!(dialed(&day, &people), [1, 1, 0]);
}

fn who_hangs_up_in_the_middle_is_called_again_and_asked_nothing_twice(opening: Opening) {
    let day = opening.begin();
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

fn a_daily_cap_holds_the_rest_back_until_tomorrow(opening: Opening) {
    let day = opening.begin();
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

fn every_call_makes_its_person_known_both_ways(opening: Opening) {
    let day = opening.begin();
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
