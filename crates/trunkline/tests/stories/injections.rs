//! Text that would be a command somewhere behind: to a database (S-13), to a reader of the log (S-28).

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::Habit;

use crate::day::{ACCOUNT, Day, KEY, Opening, form};
use crate::queue::{number, on_each_engine};
use crate::tenants::knows_its_database;

on_each_engine!(s_13_what_is_looked_for_is_text_to_both_engines);

/// What means something to SQL, to its patterns, to paths into JSON, to text indexes, and to their quoting.
const COMMANDS: [&str; 24] = [
    "'",
    "''",
    "\"",
    "`",
    ";",
    "--",
    "/*",
    "' OR '1'='1",
    "' OR 1=1 --",
    "x' UNION SELECT fold FROM calls --",
    "'; DROP TABLE calls; --",
    "1); DELETE FROM calls; --",
    "%",
    "_",
    "%_%",
    "\\",
    "$.a",
    "a' || 'b",
    "\"a\" OR *",
    "NEAR(a b, 1)",
    "{a} : b",
    "a & !b | (c",
    "\u{0}",
    "\u{202e}\u{feff}",
];

fn s_13_what_is_looked_for_is_text_to_both_engines(opening: Opening) {
    let day = opening.begin();
    knows_its_database(&day);
    let ann = number(1);
    day.person(&ann, Habit::Busy);
    let call = day.call_with(&json!({ "to": ann, "name": "Qzill", "metadata": { "crm": "7" } }));
    day.ended(&call);
    day.is_quiet();
    let listed = |query: &str| -> (u16, Vec<Value>) {
        let asked = day.ask(Method::GET, &format!("/api/calls?{query}")).bearer_auth(KEY);
        let answer = day.send(asked);
        assert!(answer.status < 500, "{query}: {}", answer.text());
        let calls = if answer.status == 200 { answer.json()["calls"].as_array().cloned() } else { None };
        (answer.status, calls.unwrap_or_default())
    };
    assert_eq!(listed("search=Qzill&metadata.crm=7").1.len(), 1, "the control: it is found");
    for command in COMMANDS {
        let text: String = url::form_urlencoded::byte_serialize(command.as_bytes()).collect();
        let (status, found) = listed(&format!("search={text}"));
        assert!(
            matches!(status, 200 | 400) && found.is_empty(),
            "{command:?} finds nothing: {status}, {found:?}"
        );
        for filter in ["metadata.crm", "session_id", "number", "campaign", "script"] {
            assert!(listed(&format!("{filter}={text}")).1.is_empty(), "{filter}={command:?}");
        }
        // The name of a key is no path.
        assert!(listed(&format!("metadata.{text}=7")).1.is_empty(), "metadata.{command:?}");
        // What is chosen from a list is in it, or refused.
        for choice in ["status", "direction", "carrier", "sort", "order", "cursor", "limit", "since"] {
            let (status, found) = listed(&format!("{choice}={text}"));
            assert!(status == 400 || found.is_empty(), "{choice}={command:?}: {status}");
        }
    }
    let after = listed("search=Qzill&metadata.crm=7");
    assert_eq!(after.1.len(), 1, "everything is still there");
}

/// Each line of the log is one record, whatever strangers and operators write: none of it begins a line of its own, and none of
/// it reaches a terminal as a command.
fn nothing_forged_in_the_log(format: &str) {
    let mut day = Day::with()
        .in_its_own_process()
        .set("TRUNKLINE_LOG", "trace")
        .set("TRUNKLINE_LOG_FORMAT", format)
        .begin();
    let forged = "\u{1b}[2J\u{9b}m\u{2028}\r\n2026-01-01T00:00:00Z forged";
    let text: String = url::form_urlencoded::byte_serialize(forged.as_bytes()).collect();
    day.get(&format!("/api/calls/{text}"));
    day.get(&format!("/nowhere/{text}?q={text}"));
    day.get(&format!("/api/calls?search={text}&status={text}"));
    let asked = day.ask(Method::GET, "/api/calls").header("x-request-id", b"a\x9b31m\tb".as_slice());
    day.send(asked.header("user-agent", b"a\x9b31m\tb".as_slice()).header("traceparent", text.as_str()));
    for body in [
        json!({ "to": forged }),
        json!({ "to": number(2), "name": forged, "script": forged }),
        json!({ "to": number(2), "carrier": forged, "session_id": forged, "metadata": { forged: forged } }),
    ] {
        day.post("/api/calls", &body);
    }
    day.post("/api/scripts", &json!({ "name": forged, "questions": [{ "text": forged }] }));
    day.post("/api/campaigns", &json!({ "name": forged, "script": forged, "carrier": forged }));
    day.post("/api/webhooks", &json!({ "url": format!("http://{text}.example/"), "events": [forged] }));
    let status = form([
        ("CallSid", "CA11111111111111111111111111111111"),
        ("AccountSid", ACCOUNT),
        ("CallStatus", forged),
        ("From", forged),
        ("To", "+15550100001"),
    ]);
    day.webhook(&day.url("/status"), &status);
    day.webhook(&day.url("/voice"), &status);
    let broken = json!({ "questions": [{ "text": "?", "type": forged, forged: 1 }], "name": forged, "language": forged });
    std::fs::write(day.questions_file(), broken.to_string()).unwrap();
    day.until("it is seen", |day| (day.get("/readyz").json()["status"] == "degraded").then_some(()));
    assert_eq!(day.is_told_to_stop().code(), Some(0));

    let (_, log) = day.written();
    assert!(log.contains("forged"), "the control: what a file says is told");
    for line in log.lines() {
        assert!(!line.trim_start().starts_with("2026-01-01T00:00:00Z"), "a line of its own: {line:?}");
        if format == "json" {
            assert!(serde_json::from_str::<Value>(line).is_ok(), "no record: {line:?}");
        } else {
            let command = line.chars().find(|letter| letter.is_control() || *letter == '\u{2028}');
            assert_eq!(command, None, "a command to a terminal: {line:?}");
        }
    }
}

#[test]
fn s_28_nobody_writes_a_line_of_the_log_for_people() {
    nothing_forged_in_the_log("text");
}

#[test]
fn s_28_nobody_writes_a_record_of_the_log_for_collectors() {
    nothing_forged_in_the_log("json");
}
