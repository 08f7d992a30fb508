//! Calls that an older system kept in Redis come over, once, and stay where they were.

use serde_json::{Value, json};
use trunkline_testkit::redis::{Reply, Server};

use super::{code, run, stderr, stdout};
use crate::beneath::is_well;
use crate::day::Day;

fn hash(redis: &Server, name: &str, fields: &[(&str, &str)]) {
    let mut words: Vec<&[u8]> = vec![b"HSET", name.as_bytes()];
    words.extend(fields.iter().flat_map(|(field, text)| [field.as_bytes(), text.as_bytes()]));
    assert!(matches!(redis.ask(&words).unwrap(), Reply::Number(_)));
}

/// An older system's Redis: three calls, and what is none.
fn an_older_system() -> Server {
    let redis = Server::start().unwrap();
    let call = [("session_id", "s-1"), ("provider", "twilio"), ("from_number", "+15550100123")];
    let more = |more: &[(&'static str, &'static str)]| [&call[..], more].concat();
    let ended = [
        ("status", "completed"),
        ("created_at", "1738324800"),
        ("ended_at", "1738324860.5"),
        ("team", "blue"),
    ];
    hash(&redis, "call:CA1", &more(&ended));
    hash(&redis, "call:CA2", &more(&[("status", "in-progress"), ("metadata", r#"{"order":7}"#)]));
    hash(&redis, "call:CA3", &more(&[("status", "busy"), ("answered_at", "None")]));
    hash(&redis, "call:CA4", &[("provider", "twilio")]);
    redis.set("call:CA5", b"a text").unwrap();
    hash(&redis, "agent:CA6", &more(&ended));
    redis
}

/// Everything in it.
fn digest(redis: &Server) -> String {
    format!("{:?}", redis.ask(&[b"DEBUG", b"DIGEST"]).or_else(|_| redis.ask(&[b"DBSIZE"])).unwrap())
}

fn imported(day: &Day, redis: &Server, more: &[&str]) -> (i32, Value) {
    let url = redis.url();
    let output = run(day, &[&["import", "--from-redis", &url, "--json"], more].concat());
    assert!(!stderr(&output).contains("redis-pw"), "{}", stderr(&output));
    (code(&output), serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output))))
}

#[test]
fn hashes_are_taken_over_once_and_broken_ones_are_named() {
    let (redis, day) = (an_older_system(), Day::begin());
    is_well(&day);
    let before = digest(&redis);
    let (_, dry) = imported(&day, &redis, &["--dry-run"]);
    assert_eq!((&dry["hashes"], &dry["refused"], &dry["new"]), (&5.into(), &1.into(), &0.into()), "{dry}");
    assert_eq!(day.get("/api/calls/CA1").status, 404, "only looked at");

    let (exit, taken) = imported(&day, &redis, &[]);
    assert_eq!(exit, 1, "two were not taken");
    let counts =
        |told: &Value| ["hashes", "new", "known", "refused"].map(|name| told[name].as_u64().unwrap());
    assert_eq!(counts(&taken), [5, 3, 0, 2], "{taken}");
    let refusals = taken["refusals"].to_string();
    assert!(
        refusals.contains("call:CA4") && refusals.contains("call:CA5") && refusals.contains("it is no hash")
    );
    let one = day.look_at("CA1");
    assert_eq!((&one["status"], &one["metadata"]["team"]), (&json!("completed"), &json!("blue")), "{one}");
    assert_eq!(one["created_at"], "2025-01-31T12:00:00Z", "{one}");
    assert_eq!(day.look_at("CA2")["metadata"]["order"], 7);
    assert_eq!(["CA2", "CA3"].map(|id| day.look_at(id)["status"].clone()), ["answered", "busy"]);
    assert_eq!(day.get("/api/calls/CA6").status, 404, "another name");

    assert_eq!(counts(&imported(&day, &redis, &[]).1), [5, 0, 3, 2], "done once");
    assert_eq!(counts(&imported(&day, &redis, &["--pattern", "agent:*"]).1), [1, 1, 0, 0]);
    assert_eq!(digest(&redis), before, "only read");
}

#[test]
fn a_redis_or_a_server_that_is_not_there_is_told_in_one_line() {
    let mut day = Day::begin();
    let gone = run(&day, &["import", "--from-redis", "redis://:redis-pw-nobody-may-see@127.0.0.1:1/0"]);
    assert_eq!((code(&gone), stderr(&gone).lines().count()), (1, 1), "{}", stderr(&gone));
    assert!(
        stderr(&gone).contains("can't be reached") && !stderr(&gone).contains("redis-pw"),
        "{}",
        stderr(&gone)
    );
    day.stops();
    let alone = run(&day, &["import", "--from-redis", "redis://127.0.0.1:1/0"]);
    assert_eq!(code(&alone), 4, "{}", stderr(&alone));
}
