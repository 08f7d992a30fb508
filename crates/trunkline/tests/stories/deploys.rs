//! A new version in the middle of the day, again and again: SIGTERM, and the next process at once on the same folder. Nobody
//! who is on the line notices more than a pause, and nobody is called twice. `TRUNKLINE_ROUNDS=20` is the full size.

use std::time::Duration;

use serde_json::{Value, json};
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
    let rounds = rounds();
    let mut opening = Day::with().at_speed(20.0).at_most(30).in_its_own_process();
    // Nobody hears that all lines are busy.
    for limit in ["SYSTEM", "CARRIER", "TENANT"] {
        opening = opening.set(&format!("TRUNKLINE_LIMITS_{limit}_CALLS"), "100");
    }
    let mut day = opening.begin();
    let people = people(rounds * 3 + 9);
    for person in &people {
        day.person(person, Habit::says(SAID));
    }
    let (id, _) = campaign(&day, "spring", &json!({ "pacing": { "concurrency": 8 } }), &people);
    let (mut callers, mut gaps) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let callers_now = (0..CALLERS)
            .map(|n| day.is_called_by(&format!("+155502{round:02}{n:03}"), Habit::says(SAID)))
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
        was_heard_out(&day, sid);
    }
    let told = day.get("/api/calls?limit=200").json();
    assert_eq!(told["calls"].as_array().map(Vec::len), Some(all.len()), "one call each");
    eprintln!("{rounds} deploys, {} calls: {}", all.len(), shown(&gaps));
}

/// Somebody was asked each question once, gave each answer, and heard nothing of the deploys.
fn was_heard_out(day: &Day, sid: &CallSid) {
    let call = day.ended(sid.as_str());
    assert_eq!((&call["disposition"], &call["answer_count"]), (&json!("completed"), &json!(3)), "{call}");
    assert_eq!(call["outcome"], "finished", "{call}");
    let heard = day.sim.heard(sid);
    let asked = heard.iter().filter(|heard| matches!(heard, Heard::Asked { .. })).count();
    assert_eq!(asked, 3, "{heard:?}");
    let troubled = |heard: &&Heard| matches!(heard, Heard::ApplicationError | Heard::Problem { .. });
    assert!(!heard.iter().any(|heard| troubled(&heard)), "{heard:?}");
    assert_eq!(day.answers(call["id"].as_str().unwrap()), SAID);
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

#[test]
fn a_bot_that_talks_while_a_new_version_comes_talks_on() {
    let turns = vec![
        ModelTurn::says(OPENING),
        ModelTurn::says("All right, I write down that you will come later, on Tuesday, in the afternoon."),
        ModelTurn::says("It is noted. Goodbye.").and_asks("end_call", &json!({ "reason": "done" })),
    ];
    // Slowly: the patience of a bot with its model is short, and the next process has to begin meanwhile.
    let mut talk = Talk::at_speed(2.0, Day::with().in_its_own_process(), turns, vec![]);
    talk.is_called(Habit::says(["I have to come later.", "Yes, on Tuesday."]));
    talk.day.until("the caller has spoken", |_| {
        let transcript = talk.transcript();
        is_said(&transcript, "I have to come later.").then_some(())
    });
    let gap = talk.day.is_relieved();
    let transcript = talk.ended();
    assert_eq!(transcript["over"], "finished", "{transcript}");
    assert!(is_said(&transcript, "I have to come later."), "{transcript}");
    let calls = talk.day.get("/api/calls").json();
    assert_eq!(calls["calls"].as_array().map(Vec::len), Some(1));
    eprintln!("{}", shown(&[gap]));
}

fn is_said(transcript: &Value, text: &str) -> bool {
    transcript.to_string().contains(text)
}
