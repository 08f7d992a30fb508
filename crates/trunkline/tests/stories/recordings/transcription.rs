//! Texts of recorded answers from an engine behind a hook: at once, later, after failures, after a restart.

use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use trunkline_carriers::outgoing::Secret;

use super::hook::{Hook, Question, Says};
use crate::day::{Answer, Day, Opening};

const ANN: &str = "+15550100431";
const SECRET: [u8; 32] = [7; 32];

fn opening(url: &str) -> Opening {
    Day::with()
        .set("TRUNKLINE_TRANSCRIPTION_BY", "hook")
        .set("TRUNKLINE_TRANSCRIPTION_URL", url)
        .set("TRUNKLINE_TRANSCRIPTION_INSIDE", "allow")
        .set("TRUNKLINE_TRANSCRIPTION_TIMEOUT_SECS", "1")
        .set("TRUNKLINE_TRANSCRIPTION_SECRET", &Secret::of(SECRET).text())
}

fn text(question: &Question) -> Says {
    Says::This(200, json!({ "text": format!("said {}", question.json()["step"]) }).to_string())
}

fn a_call(day: &Day) -> String {
    let call = day.call(ANN);
    assert_eq!(day.ended(&call)["status"], "completed");
    call
}

/// Waits until all answers of a call stand so.
fn all_are(day: &Day, call: &str, status: &str) -> Vec<Value> {
    day.until(&format!("all texts are {status}"), |day| {
        let turns = day.turns(call);
        let all = turns.len() == 3 && turns.iter().all(|turn| turn["transcript_status"] == status);
        all.then_some(turns)
    })
}

fn has_its_texts(day: &Day, call: &str) {
    let turns = all_are(day, call, "completed");
    let texts: Vec<_> = turns.iter().map(|turn| turn["transcript"].clone()).collect();
    assert_eq!(texts, ["said 0", "said 1", "said 2"]);
}

fn brings(day: &Day, question: &Question, text: &str) -> Answer {
    day.send(day.ask(Method::POST, &question.path("callback_url")).json(&json!({ "text": text })))
}

#[test]
fn a_text_that_comes_at_once_stands_at_its_answer() {
    let hook = Hook::answers(|question, _| text(question));
    let day = opening(&hook.url()).begin();
    let call = a_call(&day);
    has_its_texts(&day, &call);
    let asked = hook.asked();
    assert_eq!(asked.len(), 3, "each once");
    for question in &asked {
        let body = question.json();
        assert_eq!((&body["call_id"], &body["language"]), (&json!(call), &json!("en-US")), "{body}");
        assert!(body["duration_secs"].as_u64().is_some(), "{body}");
        let secs = question.head["webhook-timestamp"].parse().unwrap();
        let signed = Secret::of(SECRET).sign(&question.text("id"), secs, &question.body);
        assert_eq!(
            (&question.head["webhook-signature"], &question.head["webhook-id"]),
            (&signed, &question.text("id"))
        );
        // The address opens the recording without a key, in part too, and nothing else.
        let audio = question.path("audio_url");
        let n = &body["step"];
        let kept = day.get(&format!("/api/calls/{call}/recordings/{n}"));
        assert_eq!(day.send(day.ask(Method::GET, &audio)).body, kept.body);
        let part = day.send(day.ask(Method::GET, &audio).header("Range", "bytes=4-43"));
        assert_eq!((part.status, part.body.as_slice()), (206, &kept.body[4..44]));
        assert_eq!(day.send(day.ask(Method::GET, &audio[..audio.len() - 2])).status, 404);
        let token = audio.rsplit('/').next().unwrap();
        let as_text =
            day.ask(Method::POST, &format!("/transcription/text/{token}")).json(&json!({ "text": "x" }));
        assert_eq!(day.send(as_text).status, 404, "an address of the audio takes no text");
    }
    let found = day.get("/api/calls?search=said").json();
    assert_eq!(found["calls"].as_array().map(Vec::len), Some(1), "{found}");
}

/// The control of all others: nobody is asked.
#[test]
fn without_a_hook_nobody_is_asked() {
    let hook = Hook::answers(|question, _| text(question));
    let day = opening(&hook.url()).set("TRUNKLINE_TRANSCRIPTION_BY", "off").begin();
    let call = a_call(&day);
    day.keeps_recordings(&call);
    assert!(day.turns(&call).iter().all(|turn| turn["transcript_status"].is_null()));
    assert!(hook.asked().is_empty());
}

#[test]
fn a_text_that_comes_late_attaches_to_a_call_that_is_over_and_leaves_it_over() {
    let hook = Hook::answers(|_, _| Says::This(202, String::new()));
    let mut day = opening(&hook.url()).begin();
    let call = a_call(&day);
    all_are(&day, &call, "pending");
    day.until("all are promised", |_| (hook.asked().len() == 3).then_some(()));
    day.until("the call is history", |day| (day.get("/readyz").json()["lag_events"] == 0).then_some(()));
    let before = day.look_at(&call);
    day.power_fails().start();
    let asked = hook.asked();
    for question in &asked {
        let said = format!("said {}", question.json()["step"]);
        assert_eq!(brings(&day, question, &said).status, 204);
        assert_eq!(brings(&day, question, &said).status, 204, "the same again changes nothing");
    }
    has_its_texts(&day, &call);
    let after = day.look_at(&call);
    for what in ["status", "ended_at", "answer_count", "duration_secs"] {
        assert_eq!(after[what], before[what], "{what}");
    }
    let first = &asked[0];
    assert_eq!(brings(&day, first, &"x".repeat(70_000)).status, 413);
    let path = first.path("callback_url");
    for (path, body, status) in
        [(format!("{path}x"), json!({ "text": "x" }), 404), (path, json!({ "words": "x" }), 400)]
    {
        assert_eq!(day.send(day.ask(Method::POST, &path).json(&body)).status, status);
    }
    has_its_texts(&day, &call);
    assert_eq!(hook.asked().len(), 3, "who promised is not asked again");
}

#[test]
fn a_hook_that_fails_rambles_hangs_or_talks_nonsense_is_asked_again_and_harms_nothing() {
    let hook = Hook::answers(|question, before| match before {
        0 => Says::Rambles,
        1 => Says::Hangs,
        2 => Says::This(200, "<html>".to_owned()),
        3 => Says::This(500, String::new()),
        4 => Says::This(200, json!({ "text": "x".repeat(70_000) }).to_string()),
        _ => text(question),
    });
    let day = opening(&hook.url()).begin();
    let call = a_call(&day);
    has_its_texts(&day, &call);
    assert_eq!(hook.asked().len(), 8);
    assert_eq!(day.get("/readyz").json()["status"], "ok");
}

#[test]
fn what_is_awaited_outlives_a_kill() {
    let url = Hook::answers(|_, _| Says::This(503, String::new())).url();
    let mut day = opening(&url).in_its_own_process().begin();
    let call = a_call(&day);
    all_are(&day, &call, "pending");
    day.until("the call is history", |day| (day.get("/readyz").json()["lag_events"] == 0).then_some(()));
    let hook = Hook::answers(|question, _| text(question));
    day.set("TRUNKLINE_TRANSCRIPTION_URL", &hook.url());
    day.power_fails().start();
    has_its_texts(&day, &call);
}

struct Example(Child);

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs Python 3: cargo xtask test"]
fn the_example_of_the_docs_transcribes() {
    let python = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let port = crate::day::free_port();
    let secret = format!("whsec_{}", STANDARD.encode(SECRET));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/transcribe.py");
    let child = Command::new(python)
        .args([script, &port.to_string()])
        .env("TRANSCRIPTION_SECRET", secret)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _example = Example(child);
    let day = opening(&format!("http://127.0.0.1:{port}/")).begin();
    let call = a_call(&day);
    let turns = all_are(&day, &call, "completed");
    let bytes = turns[0]["recordings"][0]["bytes"].as_u64().unwrap();
    assert_eq!(turns[0]["transcript"], format!("({bytes} bytes of en-US)"));
}
