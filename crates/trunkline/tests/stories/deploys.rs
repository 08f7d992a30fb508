//! A new version in the middle of the day, again and again: SIGTERM, and the next process at once on the same folder. Nobody
//! who is on the line notices more than a pause, and nobody is called twice. `TRUNKLINE_ROUNDS=20` is the full size.
#![allow(clippy::print_stderr, reason = "how soon the next process served is for whoever runs it")]

use std::time::Duration;

use serde_json::json;
use trunkline_sim::{CallSid, Habit, Heard, ModelTurn};

use crate::bots::{OPENING, Talk};
use crate::day::{Day, number};
use crate::hold::{count, is_taken};
use crate::queue::{campaign, is_finished, people};

const SAID: [&str; 3] = ["Ann", "Tuesday", "no"];
/// So many people call us in each round.
const CALLERS: usize = 2;

fn rounds() -> usize {
    number("TRUNKLINE_ROUNDS", 3)
}

#[test]
fn deploys_in_the_middle_of_the_day_lose_no_call_and_call_nobody_twice() {
    deploys(SAID, was_heard_out);
}

/// There a deploy may cost somebody the sentence that they are saying: they are asked for it again.
#[test]
fn deploys_lose_no_call_that_commands_lead_either() {
    crate::day::led_by_commands(|| deploys(["yes"; 12], goes_on_to_its_end));
}

fn deploys<const N: usize>(said: [&str; N], went_well: fn(&Day, &CallSid)) {
    let rounds = rounds();
    let mut opening = Day::with().at_speed(20.0).at_most(30).in_its_own_process();
    // Nobody hears that all lines are busy.
    for limit in ["SYSTEM", "CARRIER", "TENANT"] {
        opening = opening.set(&format!("TRUNKLINE_LIMITS_{limit}_CALLS"), "100");
    }
    let mut day = opening.begin();
    let people = people(rounds * 3 + 9);
    let says = || Habit::says(said);
    for person in &people {
        day.person(person, says());
    }
    let (id, _) = campaign(&day, "spring", &json!({ "pacing": { "concurrency": 8 } }), &people);
    let (mut callers, mut gaps) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let callers_now = (0..CALLERS)
            .map(|n| day.is_called_by(&format!("+155502{round:02}{n:03}"), says()))
            .collect::<Vec<_>>();
        day.until("they are asked", |day| {
            callers_now.iter().all(|sid| !day.sim.heard(sid).is_empty()).then_some(())
        });
        callers.extend(callers_now);
        gaps.push(day.is_relieved());
    }
    let done = is_finished(&day, &id);
    assert_eq!(done["progress"]["completed"], people.len(), "{done}");
    let dialed: Vec<u64> = people.iter().map(|person| day.dialed(person)).collect();
    assert_eq!(dialed, vec![1; people.len()], "everybody is called, and nobody twice");
    day.is_quiet();
    let called = people.iter().map(|person| day.sid(person));
    let all: Vec<CallSid> = callers.into_iter().chain(called).collect();
    for sid in &all {
        went_well(&day, sid);
    }
    let told = day.get("/api/calls?limit=200").json();
    assert_eq!(told["calls"].as_array().map(Vec::len), Some(all.len()), "one call each");
    eprintln!("{rounds} deploys, {} calls: {}", all.len(), shown(&gaps));
}

/// Somebody was asked each question once, gave each answer, and heard nothing of the deploys.
fn was_heard_out(day: &Day, sid: &CallSid) {
    goes_on_to_its_end(day, sid);
    let heard = day.sim.heard(sid);
    let asked = heard.iter().filter(|heard| matches!(heard, Heard::Asked { .. })).count();
    assert_eq!(asked, 3, "{heard:?}");
    let call = day.ended(sid.as_str());
    assert_eq!(day.answers(call["id"].as_str().unwrap()), SAID);
}

/// Somebody was asked everything, gave each answer, and heard of no trouble.
fn goes_on_to_its_end(day: &Day, sid: &CallSid) {
    let call = day.ended(sid.as_str());
    assert_eq!((&call["disposition"], &call["answer_count"]), (&json!("completed"), &json!(3)), "{call}");
    assert_eq!(call["outcome"], "finished", "{call}");
    let heard = day.sim.heard(sid);
    let troubled = |heard: &&Heard| matches!(heard, Heard::ApplicationError | Heard::Problem { .. });
    assert!(!heard.iter().any(|heard| troubled(&heard)), "{heard:?}");
}

fn shown(gaps: &[Duration]) -> String {
    let longest = gaps.iter().max().map_or(0, Duration::as_millis);
    let all: Vec<String> = gaps.iter().map(|gap| gap.as_millis().to_string()).collect();
    format!("the next process served after {} ms, {longest} at most", all.join(", "))
}

/// A hold lasts as long as it may, whichever process sees its end.
#[test]
fn what_one_process_has_timed_the_next_one_ends() {
    let mut day =
        Day::with().at_speed(20.0).set("TRUNKLINE_LIMITS_HOLD_SECS", "120").in_its_own_process().begin();
    let person = "+15550100001";
    let call = crate::hold::asked_twice(&day, person);
    is_taken(&day, &call, "hold");
    day.is(&call, "on_hold");
    day.is_relieved();
    assert_eq!(day.look_at(&call)["status"], "on_hold");
    let over = day.ended(&call);
    assert_eq!((&over["outcome"], &over["answer_count"]), (&json!("finished"), &json!(3)), "{over}");
    assert_eq!(count(&day, &call, "resume_asked"), 1);
    assert_eq!(day.dialed(person), 1);
}

/// Callers who talk with a bot, each through one deploy, beside a campaign that goes on through all of them.
#[test]
fn bots_talk_on_and_a_campaign_goes_on_while_new_versions_come() {
    bots_talk_on();
}

#[test]
fn bots_talk_on_in_calls_that_commands_lead_while_new_versions_come() {
    crate::day::led_by_commands(bots_talk_on);
}

fn bots_talk_on() {
    let rounds = number("TRUNKLINE_ROUNDS", 1);
    let turns = vec![
        ModelTurn::says(OPENING),
        ModelTurn::says("All right, I write down that you will come later, on Tuesday, in the afternoon."),
        ModelTurn::says("It is noted. Goodbye.").and_asks("end_call", &json!({ "reason": "done" })),
    ];
    // Slowly: the patience of a bot with its model is short, and the next process has to begin meanwhile.
    let mut talk = Talk::at_speed(2.0, Day::with().in_its_own_process(), turns, vec![]);
    let people = people(1 + rounds);
    for person in &people {
        talk.day.person(person, Habit::says(SAID));
    }
    let (id, _) = campaign(&talk.day, "spring", &json!({ "pacing": { "concurrency": 3 } }), &people);
    let (mut calls, mut gaps) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let caller = format!("+155503{round:02}000");
        let sid = talk.day.is_called_by(&caller, Habit::says(["I have to come later.", "Yes, on Tuesday."]));
        let transcript = |day: &Day| day.get(&format!("/api/calls/{sid}/transcript")).text();
        talk.day.until("the caller has spoken", |day| {
            transcript(day).contains("I have to come later.").then_some(())
        });
        gaps.push(talk.day.is_relieved());
        talk.day.until("the bot has done with it", |day| {
            transcript(day).contains("\"over\":\"finished\"").then_some(())
        });
        assert!(transcript(&talk.day).contains("I have to come later."), "{}", transcript(&talk.day));
        calls.push(sid);
    }
    assert_eq!(is_finished(&talk.day, &id)["progress"]["completed"], people.len());
    let dialed: Vec<u64> = people.iter().map(|person| talk.day.dialed(person)).collect();
    assert_eq!(dialed, vec![1; people.len()], "everybody is called, and nobody twice");
    let told = talk.day.get("/api/calls?limit=200").json();
    assert_eq!(told["calls"].as_array().map(Vec::len), Some(calls.len() + people.len()), "one call each");
    eprintln!("{rounds} deploys, {} talks: {}", calls.len(), shown(&gaps));
}
