//! What may be known by whom: S-18, S-19, and doors that are shut without a key.

use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::json;
use trunkline_sim::{Habit, sign};

use crate::day::{Day, TOKEN, form};

const NAME: &str = "Xanthippe Quillfeather";
const NUMBER: &str = "+15550187643";
const DIGITS: &str = "83641907";
const SPOKEN: &str = "Zanzibarquux";
const VARIABLE: &str = "Wobblethwaite";
const METADATUM: &str = "crm-9f3b77aa41";
const SESSION: &str = "session-6c1d2e88f0";
const SECRET_KEY: &str = "5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de";

const QUESTIONS: &str = r#"{"questions": [
    {"text": "Your number in {{city}}?", "type": "numeric"},
    {"text": "Which one?", "type": "choice", "choices": ["Zanzibarquux", "Rome"]},
    {"text": "Anything else?"}], "opt_out": {"key": "9"}}"#;

#[test]
fn s_18_s_19_the_most_talkative_log_tells_no_name_no_number_no_answer_and_no_secret() {
    let mut day = Day::with()
        .questions(QUESTIONS)
        .in_its_own_process()
        .unset("TRUNKLINE_API_KEY")
        .set("TRUNKLINE_SECRET_KEYS", SECRET_KEY)
        .set("TRUNKLINE_LOG", "trace")
        .begin();
    let key = day.reads_its_key();
    a_whole_life(&day);
    // A second life reads all of it back.
    day.restarts();
    let refusals = a_whole_life(&day);
    let metrics = day.get("/metrics").text();
    assert!(metrics.contains("trunkline_"), "the control: something is measured");
    let left: serde_json::Value =
        serde_json::from_slice(&fs::read(day.folder().join("server.json")).unwrap()).unwrap();
    let key_beside = left["key"].as_str().unwrap().to_owned();
    assert_eq!(day.is_told_to_stop().code(), Some(0));

    let (stdout, stderr) = day.written();
    assert!(stderr.contains("DEBUG") && stderr.contains("call.posted"), "the control: it is talkative");
    let log = format!("{stdout}\n{stderr}\n{metrics}\n{refusals}");
    let private =
        [NAME, "Xanthippe", "5550187643", "5550187644", DIGITS, SPOKEN, VARIABLE, METADATUM, SESSION];
    let secrets = [TOKEN, SECRET_KEY, key_beside.as_str()];
    for word in private.into_iter().chain(secrets) {
        let place = log.lines().find(|line| line.contains(word));
        assert!(place.is_none(), "{word} is told in: {}", place.unwrap());
    }
    assert_eq!(
        (stdout.matches(&key).count(), stderr.matches(&key).count()),
        (1, 0),
        "the key is printed once"
    );

    let kept = everything_in(&day.folder());
    for secret in [key.as_str(), TOKEN, SECRET_KEY] {
        assert!(!contains(&kept, secret), "{secret} is on the disk");
    }
    let journal = everything_in(&day.folder().join("journal"));
    assert!(contains(&journal, "completed"), "the control: the journal can be read");
    for word in [NAME, "5550187643", VARIABLE, METADATUM] {
        assert!(!contains(&journal, word), "{word} is not sealed in the journal");
    }
}

/// A call with everything personal in it, and everything that can go wrong with it. What was said of what went wrong.
fn a_whole_life(day: &Day) -> String {
    let habit = Habit::Answers {
        ring_secs: None,
        said: vec![SPOKEN.to_owned()],
        digits: vec![format!("{DIGITS}#"), "1".to_owned()],
    };
    day.person(NUMBER, habit);
    let order = json!({ "to": NUMBER, "name": NAME, "session_id": SESSION,
        "variables": { "city": VARIABLE }, "metadata": { "crm": METADATUM } });
    let call = day.call_with(&order);
    assert_eq!(day.disposition(&call), "completed");
    assert_eq!(day.turns(&call)[0]["answer"]["value"], DIGITS);
    day.keeps_recordings(&call);
    day.get(&format!("/api/calls?number={}", NUMBER.replace('+', "%2B")));
    day.get(&format!("/api/calls?search={VARIABLE}&metadata.crm={METADATUM}"));
    day.get(&format!("/api/calls/{call}/events"));
    // What is refused is not told either.
    let mut refused = vec![
        day.post("/api/calls", &json!({ "to": format!("{NUMBER}99999999"), "name": NAME })),
        day.post("/api/calls", &json!({ "to": NUMBER, "name": NAME, "variables": { "city": [VARIABLE] } })),
        day.post("/api/calls", &json!({ "to": NUMBER, "name": NAME, "script": "nowhere" })),
    ];
    assert!(refused.iter().all(|answer| answer.status >= 400), "the control: all of them are wrong");
    day.post("/api/calls", &json!({ "to": NUMBER, "name": NAME, METADATUM: 1 }));
    let busy = day.webhook(&day.url("/status"), &form([("From", NUMBER), ("CallStatus", "busy")]));
    assert!(busy.status < 500);
    let strange = form([
        ("CallSid", "CA1"),
        ("From", NUMBER),
        ("To", NUMBER),
        ("CallStatus", SPOKEN),
        ("Digits", DIGITS),
    ]);
    refused.push(day.send(day.signed(&day.url("/voice"), &strange, "forged", "x")));
    day.send(day.ask(Method::GET, &format!("/nowhere/{NUMBER}?name={NAME}")));
    day.post("/api/suppressions", &json!({ "number": "+15550187644", "reason": "asked by letter" }));
    refused.iter().map(|answer| answer.text() + "\n").collect()
}

#[test]
fn nothing_personal_is_told_without_a_key() {
    let day = Day::begin();
    let call = day.call(NUMBER);
    day.ended(&call);
    day.keeps_recordings(&call);
    let recording = format!("/api/calls/{call}/recordings/0");
    assert_eq!(day.get(&recording).status, 200, "the control: with the key it is there");
    let closed = ["/api/calls", "/api/calls/active", "/api/scripts", "/api/suppressions"].map(str::to_owned);
    let of_call = ["", "/turns", "/events", "/recordings/0"].map(|end| format!("/api/calls/{call}{end}"));
    for path in closed.iter().chain(&of_call) {
        for key in ["", "wrong", TOKEN] {
            let answer = day.send(day.ask(Method::GET, path).bearer_auth(key));
            assert_eq!(answer.status, 401, "{path} with {key:?}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert!(!answer.text().contains("555"), "{}", answer.text());
        }
    }
    for path in ["/api/calls", "/api/suppressions", "/api/drain", &format!("/api/calls/{call}/end")] {
        assert_eq!(
            day.send(day.ask(Method::POST, path).json(&json!({ "to": NUMBER }))).status,
            401,
            "{path}"
        );
    }
    for path in ["/", &format!("/calls/{call}"), &format!("/calls/{call}/recordings/0"), "/events/stream"] {
        let answer = day.send(day.ask(Method::GET, path));
        assert!(
            [302, 303, 307, 401, 403].contains(&answer.status) || !answer.text().contains("5550187643"),
            "{path}"
        );
        assert!(!answer.body.starts_with(b"RIFF") && !answer.text().contains("5550187643"), "{path}");
    }
    assert_eq!(day.dialed(NUMBER), 1, "nobody was called by those who hold no key");
}

#[test]
fn probes_tell_strangers_words_and_no_places() {
    let day = Day::begin();
    fs::write(day.questions_file(), "[").unwrap();
    day.until("the file is seen", |day| (day.get("/readyz").json()["status"] == "degraded").then_some(()));
    let file = day.questions_file().display().to_string();
    assert!(day.get("/readyz").text().contains(&file), "the control: who has the key is told the file");
    for path in ["/health", "/healthz", "/readyz"] {
        let told = day.send(day.ask(Method::GET, path)).text();
        assert!(!told.contains("/tmp") && !told.contains("questions.json"), "{path}: {told}");
    }
}

#[test]
fn a_carriers_signature_opens_no_api_and_a_key_opens_no_webhook() {
    let day = Day::begin();
    let url = day.url("/api/calls");
    let answer = day.send(day.signed(&url, &[], &sign(TOKEN, &url, &[]), "x"));
    assert_eq!(answer.status, 401);
    assert_eq!(day.post("/voice?q=0", &json!({})).status, 403);
}

fn everything_in(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => bytes.extend(everything_in(&path)),
            path => bytes.extend(fs::read(path).unwrap()),
        }
    }
    bytes
}

fn contains(bytes: &[u8], word: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(word)
}
