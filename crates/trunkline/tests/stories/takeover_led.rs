//! Live calls that commands lead, and the node that leads them dies: nobody but a node performs what they hear. Another takes them
//! over and performs the page for where each stands. The carrier goes on telling the address of the dead one, so that what the
//! other hears of is what it finds out by itself.

use std::time::Duration;

use serde_json::{Value, json};
use trunkline_sim::{CallStatus, Habit, ModelTurn};
use trunkline_testkit::postgres::Server;

use crate::bots::{OPENING, Talk};
use crate::day::{Day, Opening, led_by_commands};
use crate::hold::is_taken;
use crate::takeover::{one, opening, until};

const ASKED: &str = "+15550430001";
const HELD: &str = "+15550430002";
const HANDED: &str = "+15550430003";
const OTHER: &str = "+15550430004";

/// The node that dies, in a world whose people wait for longer than it takes on any machine to notice that.
fn first_node(server: &Server) -> Opening {
    opening("a", &server.url()).with_patience(Duration::from_secs(90))
}

/// The first beat after they have met may still be that of a node which takes itself for alone: its lease is a long one.
fn know_each_other(server: &Server) {
    until("both are there", || (one(server, "SELECT count(*) FROM nodes") == "2").then_some(()));
    let beat = || one(server, "SELECT beat_at FROM nodes WHERE node = 'a'");
    for _ in 0..2 {
        let last = beat();
        until("it is heard of again", || (beat() != last).then_some(()));
    }
}

/// A call of this node, whose person has given one answer and takes their time.
fn asked_twice(day: &Day, number: &str) -> String {
    let said = ["Ann", "", "Tuesday", "no", "no", "no", "no"].map(str::to_owned).into();
    day.person(number, Habit::Answers { ring_secs: Some(3), said, digits: vec![] });
    let call = day.call(number);
    day.until("the second question", |day| (day.look_at(&call)["question"] == 1).then_some(()));
    call
}

fn held(day: &Day, number: &str) -> String {
    let call = asked_twice(day, number);
    is_taken(day, &call, "hold");
    day.is(&call, "on_hold");
    call
}

/// What only the journal of a dead node has nobody can go on with.
fn is_in_the_database(day: &Day) {
    day.until("the database has it", |day| (day.get("/readyz").json()["lag_events"] == 0).then_some(()));
}

fn are_taken_over(server: &Server, calls: u64) {
    let taken = "SELECT count(DISTINCT call) FROM events WHERE kind = 'taken_over'";
    until("they are taken over", || (one(server, taken) == calls.to_string()).then_some(()));
}

/// What the node that goes on says of the call, in the end.
fn comes_to_its_end(day: &Day, call: &str) -> Value {
    let over = until("the end", || {
        Some(day.look_at(call)).filter(|over| over["state"] == "ended" && over["ended_at"].is_string())
    });
    assert_eq!((&over["status"], &over["disposition"]), (&json!("completed"), &json!("completed")), "{over}");
    over
}

#[test]
fn who_is_asked_held_or_handed_on_goes_on_with_the_node_that_takes_the_call_over() {
    led_by_commands(|| {
        let server = Server::start().unwrap();
        let first = first_node(&server).at_speed(20.0).begin();
        let second = opening("b", &server.url()).beside(&first).begin();
        let mut nodes = [first, second];
        know_each_other(&server);
        let [held, handed] = [HELD, HANDED].map(|number| held(&nodes[0], number));
        let asked = asked_twice(&nodes[0], ASKED);
        nodes[0].person(OTHER, Habit::Answers { ring_secs: Some(3), said: vec![], digits: vec![] });
        let order = json!({ "to": OTHER, "ring_timeout_secs": 20 });
        let answer = nodes[0].post(&format!("/api/calls/{handed}/transfer"), &order);
        assert_eq!(answer.status, 202, "{}", answer.text());
        nodes[0].until("it is told that the two talk", |day| {
            let legs = day.look_at(&handed)["legs"].as_array().cloned()?;
            legs.iter().any(|leg| leg["role"] == "transfer" && !leg["answered_at"].is_null()).then_some(())
        });
        is_in_the_database(&nodes[0]);
        assert_eq!(nodes[0].look_at(&asked)["status"], "answered", "the control: somebody is asked");
        nodes[0].power_fails();
        let waits = nodes[0].heard_by(HELD).len();
        are_taken_over(&server, 3);

        assert_eq!(nodes[1].look_at(&held)["status"], "on_hold");
        until("who waits hears that somebody is there", || {
            (nodes[0].heard_by(HELD).len() > waits).then_some(())
        });
        is_taken(&nodes[1], &held, "resume");
        for call in [&asked, &held] {
            let over = comes_to_its_end(&nodes[1], call);
            assert_eq!((&over["outcome"], &over["answer_count"]), (&json!("finished"), &json!(3)), "{over}");
        }
        let over = comes_to_its_end(&nodes[1], &handed);
        assert_eq!(over["outcome"], "transferred", "{over}");
        let leg = over["legs"].as_array().unwrap().iter().find(|leg| leg["role"] == "transfer").unwrap();
        assert_eq!(leg["end"], "completed", "{over}");
        assert!(leg["ended_at"].is_string(), "{over}");
        for number in [ASKED, HELD, HANDED, OTHER] {
            let calls = nodes[0].sim.calls_to(number);
            assert_eq!(calls.len(), 1, "nobody is called twice: {calls:?}");
            assert_eq!(calls[0].status, CallStatus::Completed);
        }
    });
}

#[test]
fn a_bot_talks_on_at_the_node_that_takes_its_call_over() {
    led_by_commands(|| {
        let server = Server::start().unwrap();
        let turns = vec![
            ModelTurn::says(OPENING),
            ModelTurn::says("Sorry, we were cut off. How can I help?"),
            ModelTurn::says("All right, it is noted. Goodbye.")
                .and_asks("end_call", &json!({ "reason": "done" })),
        ];
        let mut talk = Talk::of(first_node(&server), turns, Vec::new());
        let bots = talk.day.questions_file().with_file_name("bots");
        let other = opening("b", &server.url())
            .beside(&talk.day)
            .set("TRUNKLINE_REALTIME_URL", &talk.model.url())
            .set("OPENAI_API_KEY", "sk-story")
            .set("BOTS", &bots.to_string_lossy())
            .begin();
        know_each_other(&server);
        let sid = talk.is_called(Habit::says(["I have to come later."]));
        talk.day.until("some words", |_| {
            talk.lines().first().filter(|line| line.len() > "bot: ".len() + 10).map(|_| ())
        });
        let call = talk.call();
        is_in_the_database(&talk.day);
        talk.day.power_fails();
        are_taken_over(&server, 1);
        comes_to_its_end(&other, &call);
        let transcript = other.get(&format!("/api/calls/{call}/transcript")).json();
        assert_eq!(transcript["over"], "finished", "{transcript}\n{}", other.last_lines());
        let heard = talk.heard(&sid);
        assert!(heard.last().is_some_and(|last| last.ends_with("Goodbye.")), "{heard:?}");
        assert!(transcript.to_string().contains("I have to come later."), "{transcript}");
    });
}
