//! A call is handed to somebody else: they talk, or the script goes on. The other leg is never a call of its own, and no number
//! is dialed so that would not be dialed otherwise (S-07).

use serde_json::{Value, json};
use trunkline_sim::{CallRecord, FaultKind, Habit};

use crate::day::{Answer, Day, OURS, Opening};
use crate::hold::{asked_twice, count, is_taken, questions, slow};
use crate::queue::on_each_engine;

const ANN: &str = "+15550100001";
const BOB: &str = "+15550100777";
const NOT_REACHED: &str = "Sorry, nobody could be reached.";

on_each_engine!(whoever_is_put_through_talks_and_one_call_is_shown_with_both_legs);

fn transfer(day: &Day, call: &str, to: &str) -> Answer {
    day.post(&format!("/api/calls/{call}/transfer"), &json!({ "to": to, "ring_timeout_secs": 20 }))
}

fn is_transferred(day: &Day, call: &str, to: &str) {
    let answer = transfer(day, call, to);
    assert_eq!(answer.status, 202, "{}", answer.text());
}

fn picks_up() -> Habit {
    Habit::Answers { ring_secs: Some(6), said: vec![], digits: vec![] }
}

fn child(call: &Value) -> Value {
    let legs = call["legs"].as_array().unwrap();
    let children: Vec<&Value> = legs.iter().filter(|leg| leg["role"] == "transfer").collect();
    assert_eq!(children.len(), 1, "{call}");
    children[0].clone()
}

/// Whether a leg lasted as long as the carrier says; its times are told in whole seconds.
fn is_as_long(leg: &Value, theirs: &CallRecord) -> bool {
    let (ours, theirs) =
        (leg["duration_seconds"].as_u64().unwrap(), u64::from(theirs.duration_secs.unwrap()));
    ours.abs_diff(theirs) <= 1
}

fn whoever_is_put_through_talks_and_one_call_is_shown_with_both_legs(opening: Opening) {
    let mut day = opening.at_speed(20.0).begin();
    day.person(BOB, picks_up());
    let call = asked_twice(&day, ANN);
    is_transferred(&day, &call, BOB);
    day.is(&call, "transferring");
    assert_eq!(transfer(&day, &call, BOB).json()["state"], "transferring");
    day.until("they talk", |day| {
        let now = day.look_at(&call);
        (now["status"] == "answered" && !child(&now)["answered_at"].is_null()).then_some(())
    });
    let late = transfer(&day, &call, BOB);
    assert_eq!((late.status, &late.json()["state"]), (409, &json!("transferred")), "{}", late.text());
    let over = day.ended(&call);
    assert_eq!((&over["status"], &over["outcome"]), (&json!("completed"), &json!("transferred")), "{over}");
    let leg = child(&over);
    assert_eq!(
        (&leg["to"], &leg["end"], &leg["parent"]),
        (&json!(BOB), &json!("completed"), &json!(1)),
        "{leg}"
    );
    let theirs = day.sim.calls_to(BOB);
    assert_eq!(theirs.len(), 1, "they were called once");
    assert_eq!(
        (leg["carrier_call_id"].as_str(), theirs[0].from.as_str()),
        (Some(theirs[0].sid.as_str()), OURS)
    );
    assert!(is_as_long(&leg, &theirs[0]), "{leg}");
    assert_eq!(questions(&day, ANN).len(), 2, "the script is done with");
    day.is_quiet();
    assert_eq!(day.get("/api/calls").json()["calls"].as_array().unwrap().len(), 1, "one call");

    day.until("it is in the database", |day| (day.get("/readyz").json()["lag_events"] == 0).then_some(()));
    day.restarts();
    assert_eq!(day.look_at(&call)["legs"], over["legs"]);
}

#[test]
pub fn where_nobody_takes_it_the_person_hears_so_and_the_script_goes_on() {
    let day = slow().begin();
    let habits = [Habit::Busy, Habit::NoAnswer, Habit::Refuses, Habit::Unreachable, Habit::NotInService];
    let ends = ["busy", "no_answer", "busy", "failed", "failed"];
    let people: Vec<(String, String)> =
        (0..habits.len()).map(|n| (format!("+1555010001{n}"), format!("+1555010077{n}"))).collect();
    let calls: Vec<String> = people
        .iter()
        .zip(&habits)
        .map(|((person, other), habit)| {
            day.person(other, habit.clone());
            let call = asked_twice(&day, person);
            is_transferred(&day, &call, other);
            call
        })
        .collect();
    for (((person, other), call), end) in people.iter().zip(&calls).zip(ends) {
        let over = day.ended(call);
        assert_eq!(
            (&over["outcome"], &over["answer_count"]),
            (&json!("finished"), &json!(3)),
            "{other} {over}"
        );
        assert_eq!(child(&over)["end"], end, "{over}");
        let heard = day.heard_by(person);
        assert_eq!(heard.iter().filter(|text| *text == NOT_REACHED).count(), 1, "{heard:?}");
        assert_eq!(day.sim.calls_to(other).len(), 1);
    }
}

#[test]
pub fn a_hang_up_of_either_at_any_moment_ends_it_all() {
    let day = slow().begin();
    let hangs_up = |person: &str, other: &str, talks: bool, who: &dyn Fn(&str, &str) -> String| {
        day.person(other, Habit::Answers { ring_secs: Some(15), said: vec![], digits: vec![] });
        let call = asked_twice(&day, person);
        is_transferred(&day, &call, other);
        let wanted = if talks { "answered" } else { "transferring" };
        let stands = |now: &Value| !talks || !child(now)["answered_at"].is_null();
        day.until("it stands so", |day| {
            let now = day.look_at(&call);
            (now["status"] == wanted && !day.sim.calls_to(other).is_empty() && stands(&now)).then_some(())
        });
        assert!(day.sim.hang_up(&day.sid(&who(person, other))));
        call
    };
    let first = |person: &str, _: &str| person.to_owned();
    let second = |_: &str, other: &str| other.to_owned();
    let rings = hangs_up("+15550100011", "+15550100771", false, &first);
    let declines = hangs_up("+15550100012", "+15550100772", false, &second);
    let talks = hangs_up("+15550100013", "+15550100773", true, &first);
    let leaves = hangs_up("+15550100014", "+15550100774", true, &second);
    for (call, outcome) in [(&rings, "partial"), (&talks, "transferred"), (&leaves, "transferred")] {
        let over = day.ended(call);
        assert_eq!((&over["status"], &over["outcome"]), (&json!("completed"), &json!(outcome)), "{over}");
    }
    assert_eq!(day.ended(&declines)["outcome"], "finished");
    let ended = |call: &str| child(&day.look_at(call))["end"].clone();
    day.until("the legs are over", |_| {
        let ends = [ended(&rings), ended(&declines), ended(&talks), ended(&leaves)];
        (ends == ["canceled", "busy", "completed", "completed"]).then_some(())
    });
    day.is_quiet();
    assert_eq!(day.sim.live(), 0);
}

#[test]
pub fn callbacks_of_the_other_leg_that_are_lost_doubled_or_late_make_the_same_record() {
    let day = slow().begin();
    let faults = [
        None,
        Some(FaultKind::CallbackLost),
        Some(FaultKind::CallbackDoubled { copies: 3 }),
        Some(FaultKind::CallbackReordered),
        Some(FaultKind::CallbackLate { secs: 30 }),
    ];
    let calls: Vec<String> = (0..faults.len())
        .map(|n| {
            let (person, other) = (format!("+1555010001{n}"), format!("+1555010077{n}"));
            day.person(&other, picks_up());
            if let Some(kind) = faults[n] {
                day.fault(kind, &other);
            }
            let call = asked_twice(&day, &person);
            is_transferred(&day, &call, &other);
            call
        })
        .collect();
    for call in &calls {
        let over = day.ended(call);
        assert_eq!(
            (&over["status"], &over["disposition"]),
            (&json!("completed"), &json!("completed")),
            "{over}"
        );
    }
    day.is_quiet();
    for (n, call) in calls.iter().enumerate() {
        let leg = day.until("the other leg is over", |day| {
            Some(child(&day.look_at(call))).filter(|leg| leg["end"] == "completed")
        });
        let theirs = &day.sim.calls_to(&format!("+1555010077{n}"))[0];
        assert!(is_as_long(&leg, theirs), "{n}: {leg}");
        assert_eq!(leg["carrier_call_id"], theirs.sid.as_str());
    }
    assert_eq!(day.get("/api/calls").json()["calls"].as_array().unwrap().len(), calls.len());
}

#[test]
pub fn of_transfers_at_once_one_is_done() {
    let day = slow().begin();
    let call = asked_twice(&day, ANN);
    let others: Vec<String> = (0..8).map(|n| format!("+1555010077{n}")).collect();
    for other in &others {
        day.person(other, picks_up());
    }
    let requests = others.iter().map(|other| {
        let request = day.ask(reqwest::Method::POST, &format!("/api/calls/{call}/transfer"));
        request.bearer_auth(crate::day::KEY).json(&json!({ "to": other }))
    });
    let answers = day.send_all(requests.collect());
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409, 409, 409, 409, 409, 409, 409]);
    day.ended(&call);
    let dialed: usize = others.iter().map(|other| day.sim.calls_to(other).len()).sum();
    assert_eq!(dialed, 1);
}

#[test]
fn s_07_no_number_is_dialed_by_a_transfer_that_would_not_be_dialed_otherwise() {
    let day = slow().set("TRUNKLINE_QUEUE_DENIED_PREFIXES", "+1555013").begin();
    let suppressed = "+15550140001";
    assert!(day.post("/api/suppressions", &json!({ "number": suppressed })).status < 300);
    let call = asked_twice(&day, ANN);
    is_taken(&day, &call, "hold");
    day.is(&call, "on_hold");
    for bad in ["", "911", "+1", "+19005550100", "+88213000000", "+15550130001", "nobody", ANN] {
        let answer = transfer(&day, &call, bad);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &json!("invalid_field")),
            "{bad}: {}",
            answer.text()
        );
        assert_eq!(answer.json()["field"], "to", "{bad}");
    }
    let answer = transfer(&day, &call, suppressed);
    assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("suppressed")));
    let rings =
        day.post(&format!("/api/calls/{call}/transfer"), &json!({ "to": BOB, "ring_timeout_secs": 4 }));
    assert_eq!((rings.status, &rings.json()["field"]), (400, &json!("ring_timeout_secs")));
    assert_eq!(day.look_at(&call)["status"], "on_hold", "nothing has changed");
    assert_eq!(count(&day, &call, "transfer_asked"), 0);
    day.person(BOB, picks_up());
    is_transferred(&day, &call, BOB);
    day.ended(&call);
    assert_eq!(day.sim.calls_to(BOB).len(), 1, "the control: from hold, too");
}

#[test]
pub fn a_transfer_that_was_promised_is_dialed_once_whatever_is_killed_meanwhile() {
    let mut day = slow().in_its_own_process().behind_a_door().begin();
    day.person(BOB, picks_up());
    let call = asked_twice(&day, ANN);
    day.carrier_goes_down();
    is_transferred(&day, &call, BOB);
    day.restarts();
    assert_eq!(day.sim.calls_to(BOB).len(), 0, "the control: nothing was done yet");
    day.carrier_comes_back();
    day.until("the other phone rings", |day| (!day.sim.calls_to(BOB).is_empty()).then_some(()));
    day.restarts();
    let over = day.ended(&call);
    assert_eq!(child(&over)["end"], "completed", "{over}");
    assert_eq!(day.sim.calls_to(BOB).len(), 1);
}

#[test]
pub fn somebody_who_calls_us_can_be_put_through_too() {
    let day = slow().begin();
    day.person(BOB, picks_up());
    day.is_called_by(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.until("the call", |day| {
        let calls = day.get("/api/calls").json();
        calls["calls"][0]["id"].as_str().map(str::to_owned).filter(|call| day.look_at(call)["question"] == 0)
    });
    is_transferred(&day, &call, BOB);
    let over = day.ended(&call);
    assert_eq!(
        (&over["direction"], &child(&over)["end"]),
        (&json!("inbound"), &json!("completed")),
        "{over}"
    );
    assert_eq!(day.sim.calls_to(BOB)[0].from, OURS);
}

/// A call that waits on hold until somebody does something.
fn held(day: &Day, number: &str) -> String {
    let call = asked_twice(day, number);
    is_taken(day, &call, "hold");
    day.is(&call, "on_hold");
    call
}

#[test]
fn the_other_leg_takes_up_a_slot_and_where_there_is_none_nobody_is_dialed() {
    let day = slow().at_most(2).begin();
    day.person(BOB, Habit::Answers { ring_secs: Some(60), said: vec![], digits: vec![] });
    let (first, second, third) = (held(&day, ANN), held(&day, "+15550100002"), "+15550100003");
    let refused = transfer(&day, &first, BOB);
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("no_slot")), "{}", refused.text());
    assert_eq!(
        (&refused.json()["of"], &refused.json()["limit"]),
        (&json!("tenant_outbound"), &json!(2)),
        "{}",
        refused.text()
    );
    assert_eq!((day.look_at(&first)["status"].as_str(), day.dialed(BOB)), (Some("on_hold"), 0));
    assert_eq!(day.end(&second).status, 202);
    day.ended(&second);
    is_transferred(&day, &first, BOB);
    day.is(&first, "transferring");
    let waiting = day.call(third);
    day.is(&waiting, "initiated");
    day.until("they ring", |day| (day.dialed(BOB) == 1).then_some(()));
    assert_eq!(day.dialed(third), 0, "two legs of one call are two");
    assert_eq!(day.end(&first).status, 202);
    day.ended(&first);
    day.until("there is room again", |day| (day.dialed(third) == 1).then_some(()));
}

#[test]
fn a_transfer_waits_for_the_carriers_pace_like_any_other_dial() {
    let day = slow().set("TRUNKLINE_LIMITS_CPS", "0.005").begin();
    day.person(BOB, picks_up());
    let call = held(&day, ANN);
    let refused = transfer(&day, &call, BOB);
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("too_fast")), "{}", refused.text());
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(day.dialed(BOB), 0);
    day.until("its turn comes", |day| (transfer(day, &call, BOB).status == 202).then_some(()));
    day.until("they are called", |day| (day.dialed(BOB) == 1).then_some(()));
}

/// The carrier works prices out some minutes after the end, of each leg for itself.
#[test]
fn a_call_costs_what_both_of_its_legs_cost_and_nothing_is_guessed() {
    let day = Day::begin();
    day.person(BOB, picks_up());
    let call = held(&day, ANN);
    is_transferred(&day, &call, BOB);
    let over = day.ended(&call);
    assert_eq!(over["outcome"], "transferred", "{over}");
    let cost = day.until("both prices are known", |day| {
        Some(day.look_at(&call)["cost"].clone()).filter(|cost| !cost.is_null())
    });
    let history = day.get(&format!("/api/calls/{call}/events")).json();
    let prices: Vec<f64> = history["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["kind"] == "priced")
        .map(|event| {
            event["event"]["price"].as_str().unwrap_or_default().trim_start_matches('-').parse().unwrap()
        })
        .collect();
    assert_eq!(prices.len(), 2, "{history}");
    let told: f64 = cost["amount"].as_str().unwrap().parse().unwrap();
    assert!((told - prices.iter().sum::<f64>()).abs() < 1e-9, "{cost} of {prices:?}");
}
