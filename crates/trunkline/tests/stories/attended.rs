//! Somebody is asked before a call is handed to them: they take it and the two talk, or they don't and the script goes on. To the
//! carrier whoever picked up has answered, a machine too; what counts is what they said.

use serde_json::{Value, json};
use trunkline_sim::{Habit, Heard};

use crate::day::{Day, Opening};
use crate::hold::{asked_twice, count, questions, slow};

const ANN: &str = "+15550100001";
const BOB: &str = "+15550100777";
const OFFER: &str = "To take the call press 1, to decline press 2.";
const NOT_REACHED: &str = "Sorry, nobody could be reached.";

fn offer(day: &Day, call: &str, to: &str) {
    let order = json!({ "to": to, "ring_timeout_secs": 20, "mode": "attended" });
    let answer = day.post(&format!("/api/calls/{call}/transfer"), &order);
    assert_eq!(answer.status, 202, "{}", answer.text());
}

fn presses<const N: usize>(keys: [&str; N]) -> Habit {
    let digits = keys.map(str::to_owned).into();
    Habit::Answers { ring_secs: Some(6), said: vec![], digits }
}

fn child(call: &Value) -> Value {
    let legs = call["legs"].as_array().unwrap();
    let children: Vec<&Value> = legs.iter().filter(|leg| leg["role"] == "transfer").collect();
    assert_eq!(children.len(), 1, "{call}");
    children[0].clone()
}

fn is_asked(day: &Day, number: &str) {
    day.until("they are asked", |day| {
        let is_dialed = !day.sim.calls_to(number).is_empty();
        (is_dialed && day.heard_by(number).iter().any(|text| text == OFFER)).then_some(())
    });
}

#[test]
pub fn who_takes_the_call_talks_and_one_call_is_shown_with_both_legs() {
    let day = slow().begin();
    day.person(BOB, presses(["1"]));
    let call = asked_twice(&day, ANN);
    offer(&day, &call, BOB);
    is_asked(&day, BOB);
    let asked = day.look_at(&call);
    if child(&asked)["joined_at"].is_null() {
        assert_eq!(asked["status"], "transferring", "{asked}");
    }
    let over = day.ended(&call);
    assert_eq!((&over["status"], &over["outcome"]), (&json!("completed"), &json!("transferred")), "{over}");
    let leg = child(&over);
    assert_eq!(
        (&leg["to"], &leg["mode"], &leg["parent"], &leg["end"]),
        (&json!(BOB), &json!("attended"), &json!(1), &json!("completed"))
    );
    let time = |name: &str| leg[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(time("answered_at") <= time("joined_at") && time("joined_at") <= time("ended_at"), "{leg}");
    assert_eq!(day.sim.calls_to(BOB).len(), 1, "they were called once");
    assert_eq!(questions(&day, ANN).len(), 2, "the script is done with");
    assert!(!day.heard_by(ANN).iter().any(|text| text == OFFER), "who waits hears nothing of it");
    assert_eq!(count(&day, &call, "consulted"), 1);
    day.is_quiet();
    assert_eq!(day.get("/api/calls").json()["calls"].as_array().unwrap().len(), 1, "one call");
}

#[test]
pub fn where_nobody_takes_it_the_person_comes_back_to_the_script() {
    let day = slow().begin();
    let habits = [
        presses(["2"]),
        presses(["5", "2"]),
        Habit::Silent,
        Habit::HangsUpInMidQuestion { question: 1 },
        Habit::Busy,
        Habit::NoAnswer,
    ];
    let people: Vec<(String, String)> =
        (0..habits.len()).map(|n| (format!("+1555010011{n}"), format!("+1555010087{n}"))).collect();
    let calls: Vec<String> = people
        .iter()
        .zip(&habits)
        .map(|((person, other), habit)| {
            day.person(other, habit.clone());
            let call = asked_twice(&day, person);
            offer(&day, &call, other);
            call
        })
        .collect();
    for (n, ((person, other), call)) in people.iter().zip(&calls).enumerate() {
        let over = day.ended(call);
        let came_back = (&over["outcome"], &over["answer_count"]);
        assert_eq!(came_back, (&json!("finished"), &json!(3)), "{:?} {over}", habits[n]);
        let leg = child(&over);
        assert_eq!(leg["joined_at"], Value::Null, "{leg}");
        assert_eq!(leg["declined_at"].is_null(), n > 1, "only who said so has declined: {leg}");
        let heard = day.heard_by(person);
        assert_eq!(heard.iter().filter(|text| *text == NOT_REACHED).count(), 1, "{heard:?}");
        assert_eq!(day.sim.calls_to(other).len(), 1);
    }
    day.is_quiet();
    assert_eq!(day.sim.live(), 0);
}

#[test]
pub fn a_hang_up_of_either_at_any_moment_leaves_nothing_stuck() {
    let day = slow().begin();
    let slowly = Habit::Answers { ring_secs: Some(20), said: vec![], digits: vec!["1".to_owned()] };
    let hangs_up = |nth: u32, other_habit: &Habit, while_asked: bool, is_person: bool| {
        let (person, other) = (format!("+1555010012{nth}"), format!("+1555010088{nth}"));
        day.person(&other, other_habit.clone());
        let call = asked_twice(&day, &person);
        offer(&day, &call, &other);
        day.until("it rings", |day| (!day.sim.calls_to(&other).is_empty()).then_some(()));
        if while_asked {
            day.until("they are asked", |day| (!day.heard_by(&other).is_empty()).then_some(()));
        }
        let who = if is_person { &person } else { &other };
        day.sim.hang_up(&day.sid(who));
        call
    };
    let person_gone = [hangs_up(0, &slowly, false, true), hangs_up(1, &Habit::Silent, true, true)];
    let other_gone = [hangs_up(2, &slowly, false, false), hangs_up(3, &Habit::Silent, true, false)];
    for call in &person_gone {
        let over = day.ended(call);
        assert_eq!((&over["status"], &over["outcome"]), (&json!("completed"), &json!("partial")), "{over}");
    }
    for call in &other_gone {
        assert_eq!(day.ended(call)["outcome"], "finished");
    }
    day.until("the legs are over", |day| {
        let is_over = |call: &String| !child(&day.look_at(call))["ended_at"].is_null();
        person_gone.iter().chain(&other_gone).all(is_over).then_some(())
    });
    day.is_quiet();
    assert_eq!(day.sim.live(), 0);
}

/// The question is asked by one process, and answered to the next.
#[test]
pub fn a_server_that_is_killed_while_somebody_is_asked_joins_them_none_the_less() {
    let mut day = Opening::default().at_speed(4.0).in_its_own_process().begin();
    day.person(BOB, presses(["1"]));
    let call = asked_twice(&day, ANN);
    offer(&day, &call, BOB);
    day.until("they are asked", |day| {
        (!day.sim.calls_to(BOB).is_empty() && !day.heard_by(BOB).is_empty()).then_some(())
    });
    day.restarts();
    let over = day.ended(&call);
    assert_eq!(over["outcome"], "transferred", "{over}");
    assert!(!child(&over)["joined_at"].is_null());
    assert_eq!(day.sim.calls_to(BOB).len(), 1, "they were called once");
    let heard = day.sim.heard(&day.sid(BOB));
    assert!(!heard.iter().any(|heard| matches!(heard, Heard::Problem { .. })), "{heard:?}");
}

#[test]
fn a_mode_that_nobody_knows_is_refused() {
    let day = slow().begin();
    let call = asked_twice(&day, ANN);
    let order = json!({ "to": BOB, "mode": "warm" });
    let answer = day.post(&format!("/api/calls/{call}/transfer"), &order);
    assert_eq!((answer.status, &answer.json()["field"]), (400, &json!("mode")), "{}", answer.text());
    assert_eq!(day.dialed(BOB), 0);
}
