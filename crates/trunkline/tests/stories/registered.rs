//! Calls that clients carry themselves and want only kept: S1.10 to S1.18, S1.22.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::Habit;

use crate::day::{Answer, Day, KEY};

const ANN: &str = "+15550100123";

/// A day on which the server knows its database: only then can it say that a call is nobody's.
fn begin() -> Day {
    let day = Day::begin();
    knows_its_database(&day);
    day
}

fn knows_its_database(day: &Day) {
    day.until("the server knows its database", |day| {
        (day.get("/readyz").json()["parts"]["database"]["state"] == "ok").then_some(())
    });
}

fn ask(day: &Day, method: Method, path: &str, body: &Value) -> Answer {
    day.send(day.ask(method, path).bearer_auth(KEY).json(body))
}

fn registration(call: &str, session: &str) -> Value {
    json!({ "call_id": call, "session_id": session, "provider": "twilio" })
}

/// Registers a call and gives our id of it.
fn register(day: &Day, call: &str, session: &str) -> String {
    let answer = day.post("/api/calls/register", &registration(call, session));
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn says(day: &Day, call: &str, body: &Value) -> Value {
    let answer = ask(day, Method::PUT, &format!("/api/calls/{call}/status"), body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn status(day: &Day, call: &str, word: &str) -> Value {
    says(day, call, &json!({ "status": word }))
}

fn delete(day: &Day, path: &str) -> u16 {
    day.send(day.ask(Method::DELETE, path).bearer_auth(KEY)).status
}

fn kinds(day: &Day, call: &str) -> Vec<String> {
    let events = day.get(&format!("/api/calls/{call}/events")).json();
    let kind = |event: &Value| event["kind"].as_str().unwrap().to_owned();
    events["events"].as_array().unwrap().iter().map(kind).collect()
}

fn active(day: &Day) -> u64 {
    day.get("/health").json()["active_calls"].as_u64().unwrap()
}

/// Waits until a call is in history only.
fn leaves_memory(day: &Day, id: &str) {
    day.until("its end is in the database", |day| day.database().disposition(id));
}

/// What is asked for is what is counted: a page of one carrier's calls is full while there are more of them.
#[test]
fn pages_of_one_carriers_calls_are_full() {
    let day = begin();
    for n in 0..12 {
        let provider = if n % 3 == 0 { "telnyx" } else { "twilio" };
        let body =
            json!({ "call_id": format!("CA{n}"), "session_id": format!("s-{n}"), "provider": provider });
        let registered = day.post("/api/calls/register", &body);
        assert_eq!(registered.status, 201, "{}", registered.text());
        let id = registered.json()["id"].as_str().unwrap().to_owned();
        status(&day, &id, if n < 6 { "completed" } else { "in-progress" });
        if n < 6 {
            leaves_memory(&day, &id);
        }
    }
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = day.get(&format!("/api/calls?carrier=Telnyx&limit=2{cursor}")).json();
        let calls = page["calls"].as_array().unwrap().clone();
        assert!(calls.iter().all(|call| call["provider"] == "telnyx"), "{page}");
        pages.push(calls.len());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(pages.iter().sum::<usize>(), 4, "live and over: {pages:?}");
    assert_eq!(pages[..2], [2, 2], "{pages:?}");
}

#[test]
fn a_registered_call_outlives_a_kill_and_the_loss_of_the_database() {
    let mut day = Day::with().in_its_own_process().begin();
    let mut asked = registration("CA7", "s-1");
    asked["from_number"] = ANN.into();
    asked["metadata"] = json!({ "agent": "ann" });
    let kept = day.post("/api/calls/register", &asked);
    assert_eq!(kept.status, 201, "{}", kept.text());
    let id = kept.json()["id"].as_str().unwrap().to_owned();
    status(&day, "CA7", "in-progress");

    day.power_fails();
    day.database().is_deleted();
    day.start();

    assert_eq!(day.get("/health").json()["recovered_calls"], 1);
    let call = day.get("/api/sessions/s-1/call").json();
    assert_eq!((&call["call_id"], &call["provider"]), (&json!("CA7"), &json!("twilio")));
    assert_eq!((&call["id"], &call["status"]), (&json!(id), &json!("answered")));
    assert_eq!((&call["from"], &call["metadata"]), (&json!(ANN), &json!({ "agent": "ann" })));
    assert_eq!(day.get("/api/calls/CA7/session").json()["session_id"], "s-1");
    assert_eq!(active(&day), 1);

    status(&day, "CA7", "completed");
    leaves_memory(&day, &id);
    assert_eq!(active(&day), 0);
    assert_eq!(
        kinds(&day, "CA7"),
        ["registered", "status_reported", "status_reported"],
        "no carrier was asked"
    );
    let journal = std::fs::read_dir(day.folder().join("journal")).unwrap();
    for file in journal.map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default()) {
        assert!(!String::from_utf8_lossy(&file).contains(&ANN[2..]), "a number in clear");
    }
}

#[test]
fn a_hundred_registrations_at_once_make_one_call() {
    let day = Day::begin();
    let one =
        || day.ask(Method::POST, "/api/calls/register").bearer_auth(KEY).json(&registration("CA7", "s-1"));
    let answers = day.send_all((0..100).map(|_| one()).collect());
    let new = answers.iter().filter(|answer| answer.status == 201).count();
    let mut ids: Vec<String> = answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((new, ids.len(), active(&day)), (1, 1, 1));
    assert!(answers.iter().all(|answer| (answer.status == 200) == (answer.json()["is_duplicate"] == true)));
    assert_eq!(kinds(&day, "CA7"), ["registered"]);
    assert_ne!(register(&day, "CA8", "s-1"), ids[0], "the control: another id is another call");
}

#[test]
fn a_word_that_comes_late_moves_nothing_and_stands_in_the_history() {
    let day = Day::begin();
    register(&day, "CA7", "s-1");
    assert_eq!(day.look_at("CA7")["status"], "initiated");
    for word in ["ringing", "in-progress", "completed"] {
        assert_eq!(status(&day, "CA7", word)["applied"], true, "{word}");
    }
    let late = status(&day, "CA7", "ringing");
    assert_eq!((&late["status"], &late["applied"]), (&json!("completed"), &json!(false)));
    assert!(late["reason"].as_str().unwrap().starts_with("late"), "{late}");
    let events = day.get("/api/calls/CA7/events").json()["events"].clone();
    let last = events.as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["event"]["status"], &last["applied"]), (&json!("ringing"), &json!(false)), "{events}");
    assert!(day.look_at("CA7")["ended_at"].is_string());
}

#[test]
fn metadata_is_merged_and_a_request_sent_twice_is_taken_once() {
    let day = Day::begin();
    register(&day, "CA7", "s-1");
    says(&day, "CA7", &json!({ "status": "ringing", "metadata": { "a": 1, "b": 1 } }));
    let first = json!({ "status": "in-progress", "metadata": { "b": 2 } });
    assert_eq!(says(&day, "CA7", &first)["metadata"], json!({ "a": 1, "b": 2 }));
    says(&day, "CA7", &json!({ "status": "in-progress", "metadata": { "b": 3 } }));
    let again = says(&day, "CA7", &first);
    assert_eq!(again["metadata"], json!({ "a": 1, "b": 3 }), "a request that comes again undoes nothing");
    let late = says(&day, "CA7", &json!({ "status": "ringing", "metadata": { "a": 1, "b": 1 } }));
    assert_eq!(late["metadata"], json!({ "a": 1, "b": 3 }), "nor one that comes again late");

    let merge = |patch: Value| ask(&day, Method::PATCH, "/api/calls/CA7", &json!({ "metadata": patch }));
    assert_eq!(
        merge(json!({ "a": null, "c": { "d": 1 } })).json()["metadata"],
        json!({ "b": 3, "c": { "d": 1 } })
    );
    let before = kinds(&day, "CA7").len();
    assert_eq!(merge(json!({ "b": 3 })).status, 200);
    assert_eq!(kinds(&day, "CA7").len(), before, "what changes nothing is no event");
    assert_eq!(merge(json!({ "big": "x".repeat(20_000) })).json()["field"], "metadata");

    let numbered = json!({ "status": "in-progress", "metadata": { "n": 1 }, "event_id": "e-1" });
    says(&day, "CA7", &numbered);
    let same = json!({ "status": "in-progress", "metadata": { "n": 2 }, "event_id": "e-1" });
    assert_eq!(says(&day, "CA7", &same)["metadata"]["n"], 1, "one event, whatever else it says");
}

#[test]
fn a_call_is_held_and_resumed_as_often_as_its_client_says() {
    let day = Day::begin();
    register(&day, "CA7", "s-1");
    for (word, shown) in
        [("active", "answered"), ("on-hold", "on_hold"), ("active", "answered"), ("on-hold", "on_hold")]
    {
        assert_eq!(status(&day, "CA7", word)["status"], shown);
    }
    let events = kinds(&day, "CA7").len();
    assert_eq!(status(&day, "CA7", "on-hold")["applied"], false, "known already");
    assert_eq!(kinds(&day, "CA7").len(), events);
    assert_eq!(day.get("/api/calls?status=on_hold").json()["calls"][0]["call_id"], "CA7");
}

#[test]
fn a_session_leads_to_its_newest_call_live_or_ended() {
    let day = begin();
    let (first, second) = (register(&day, "CA7", "s/1"), register(&day, "CA8", "s/1"));
    let newest = |day: &Day| day.get("/api/sessions/s%2F1/call").json()["id"].as_str().unwrap().to_owned();
    assert_eq!(newest(&day), second);
    status(&day, "CA8", "completed");
    leaves_memory(&day, &second);
    assert_eq!(newest(&day), second, "also when it is over and the older one is not");
    assert_eq!(day.look_at("CA8")["session_id"], "s/1");
    let listed = day.get("/api/calls/active").json()["calls"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &json!(first)));
    for path in ["/api/sessions/nobody/call", "/api/calls/CA9/session", "/api/calls/CA9"] {
        assert_eq!(day.get(path).status, 404, "{path}");
    }
}

#[test]
fn what_is_taken_back_ends_as_completed_and_its_row_stays() {
    let day = begin();
    let id = register(&day, "CA7", "s-1");
    for _ in 0..2 {
        assert_eq!(delete(&day, "/api/calls/CA7/registration"), 204);
    }
    let call = day.look_at("CA7");
    assert_eq!((&call["status"], &call["registration"]), (&json!("completed"), &json!("unregistered")));
    leaves_memory(&day, &id);
    assert_eq!(delete(&day, "/api/calls/CA7/registration"), 204, "of one that is only in history, too");
    assert_eq!(day.look_at(&id)["call_id"], "CA7");
    assert_eq!(kinds(&day, "CA7"), ["registered", "unregistered"]);
    let again = day.post("/api/calls/register", &registration("CA7", "s-1"));
    assert_eq!((again.status, &again.json()["status"]), (200, &json!("completed")), "nothing reopens it");
    assert_eq!(delete(&day, "/api/calls/nobody/registration"), 204);
    assert_eq!(delete(&day, "/api/sessions/nobody"), 204);
}

#[test]
fn a_session_taken_back_takes_its_registered_calls_and_no_call_of_the_server() {
    let day = Day::with().at_speed(10.0).begin();
    knows_its_database(&day);
    day.person(ANN, Habit::NoAnswer);
    let ours = day.call_with(&json!({ "to": ANN, "session_id": "s-1", "ring_timeout_secs": 300 }));
    day.is(&ours, "ringing");
    register(&day, "CA7", "s-1");
    register(&day, "CA8", "s-1");
    register(&day, "CA9", "s-2");
    assert_eq!(delete(&day, "/api/sessions/s-1"), 204);
    for (call, status) in
        [("CA7", "completed"), ("CA8", "completed"), ("CA9", "initiated"), (&ours, "ringing")]
    {
        assert_eq!(day.look_at(call)["status"], status, "{call}");
    }
    let taken_back = format!("/api/calls/{ours}/registration");
    assert_eq!(delete(&day, &taken_back), 409);
    let said =
        ask(&day, Method::PUT, &format!("/api/calls/{ours}/status"), &json!({ "status": "completed" }));
    assert_eq!((said.status, &said.json()["code"]), (409, &json!("not_registered")));
    let sid = day.look_at(&ours)["carrier_call_id"].as_str().unwrap().to_owned();
    let claimed = day.post("/api/calls/register", &registration(&sid, "s-1"));
    assert_eq!((claimed.status, &claimed.json()["code"]), (409, &json!("not_registered")));
    assert_eq!(day.look_at(&ours)["status"], "ringing", "the control: it is untouched");
    let patched = ask(&day, Method::PATCH, &format!("/api/calls/{ours}"), &json!({ "metadata": { "a": 1 } }));
    assert_eq!(patched.json()["metadata"]["a"], 1, "metadata is anybody's");
}

#[test]
fn what_cannot_be_is_refused_with_its_field() {
    let day = begin();
    register(&day, "CA7", "s-1");
    let put = |call: &str, body: Value| ask(&day, Method::PUT, &format!("/api/calls/{call}/status"), &body);
    let unknown = put("CA7", json!({ "status": "paused" }));
    assert_eq!((unknown.status, &unknown.json()["field"]), (400, &json!("status")));
    assert!(unknown.json()["accepted"].as_array().unwrap().contains(&json!("in-progress")));
    assert_eq!(unknown.header("content-type"), "application/problem+json");
    assert_eq!(put("CA7", json!({})).json()["field"], "status");
    assert_eq!(put("CA7", json!({ "status": "ringing", "stat": 1 })).json()["code"], "unknown_field");
    assert_eq!(put("CA9", json!({ "status": "ringing" })).status, 404);
    assert_eq!(kinds(&day, "CA7"), ["registered"], "nothing is kept of it");

    let other = day.post("/api/calls/register", &registration("CA7", "s-2"));
    let told = other.json();
    assert_eq!(
        (other.status, &told["code"], &told["field"]),
        (409, &json!("registered_otherwise"), &json!("session_id"))
    );
    for (call, session) in
        [("", "s"), ("a b", "s"), ("active", "s"), (&"x".repeat(129), "s"), ("CA9", ""), ("CA9", "a\nb")]
    {
        let answer = day.post("/api/calls/register", &registration(call, session));
        assert_eq!(answer.status, 400, "{call} {session}: {}", answer.text());
    }
    let keyless = day.send(day.ask(Method::POST, "/api/calls/register").json(&registration("CA9", "s")));
    assert_eq!(keyless.status, 401);
    assert_eq!(active(&day), 1);
}

#[test]
fn with_the_database_locked_calls_are_kept_moved_and_found() {
    let day = begin();
    let before = register(&day, "CA7", "s-1");
    let outage = day.database().goes_down();
    status(&day, "CA7", "in-progress");
    let during = register(&day, "CA8", "s-2");
    assert_eq!(day.get("/api/sessions/s-1/call").json()["status"], "answered");
    assert_eq!(day.get("/api/sessions/s-2/call").json()["id"], json!(during));
    for call in ["CA7", "CA8"] {
        assert_eq!(day.end(call).status, 202);
        assert_eq!(day.look_at(call)["status"], "completed");
    }
    assert_eq!(day.database().disposition(&during), None, "the control: the database knows nothing of it");
    outage.ends(&day);
    for id in [before, during] {
        leaves_memory(&day, &id);
    }
}

#[test]
fn no_more_calls_are_kept_than_the_server_has_room_for() {
    let day = Day::with().set("TRUNKLINE_LIMITS_MAX_LIVE_CALLS", "2").begin();
    let ids = [register(&day, "CA1", "s-1"), register(&day, "CA2", "s-2")];
    let third = day.post("/api/calls/register", &registration("CA3", "s-3"));
    assert_eq!((third.status, &third.json()["code"]), (503, &json!("closed")));
    assert_eq!(
        day.post("/api/calls/register", &registration("CA1", "s-1")).status,
        200,
        "a known one is no more"
    );
    status(&day, "CA1", "completed");
    leaves_memory(&day, &ids[0]);
    day.until("there is room again", |day| {
        (day.post("/api/calls/register", &registration("CA3", "s-3")).status == 201).then_some(())
    });
}

#[test]
fn registered_calls_take_no_slot_of_the_calls_that_are_dialed() {
    let day = Day::with().at_most(1).begin();
    for n in 0..30 {
        register(&day, &format!("CA{n}"), "s-1");
    }
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed");
    assert_eq!(active(&day), 30);
}

#[test]
fn a_call_that_its_client_forgot_is_closed_only_if_there_is_an_idle_limit() {
    let day = Day::with().set("TRUNKLINE_LIMITS_REGISTERED_IDLE_SECS", "60").begin();
    register(&day, "CA7", "s-1");
    let call = day.ended("CA7");
    assert_eq!((&call["disposition"], &call["evidence"]["source"]), (&json!("unknown"), &json!("inferred")));
    assert_eq!(status(&day, "CA7", "no-answer")["status"], "no_answer", "its client knows better");
    let control = Day::with().at_speed(2_000.0).begin();
    register(&control, "CA7", "s-1");
    let call = control.call(ANN);
    control.ended(&call);
    assert_eq!(control.look_at("CA7")["status"], "initiated");
}

#[test]
fn a_call_named_like_one_of_ours_is_found_by_its_own_name() {
    let day = begin();
    let theirs = "0199b2a4-7c6e-7000-8000-000000000001";
    let id = register(&day, theirs, "s-1");
    assert_eq!(day.look_at(theirs)["id"], json!(id));
    status(&day, theirs, "completed");
    leaves_memory(&day, &id);
    assert_eq!(day.look_at(theirs)["id"], json!(id));
    assert_eq!(status(&day, theirs, "ringing")["applied"], false);
}

#[test]
fn calls_kept_elsewhere_are_taken_over_row_by_row_as_often_as_they_are_sent() {
    let day = Day::begin();
    let rows = json!({ "calls": [
        { "call_id": "CA1", "session_id": "s-1", "provider": "twilio", "status": "completed", "agent": "ann",
          "created_at": "2025-01-31T12:00:00", "answered_at": 1_738_324_810, "ended_at": "2025-01-31T12:01:00Z" },
        { "call_id": "CA2", "session_id": "s-1", "provider": "telnyx", "status": "in-progress" },
        { "call_id": "CA3", "provider": "telnyx" },
        { "call_id": "CA4", "session_id": "s-4", "provider": "telnyx", "status": "odd" },
        7,
    ]});
    let counts =
        |answer: &Value| [&answer["new"], &answer["known"], &answer["refused"]].map(|n| n.as_u64().unwrap());
    let first = day.post("/api/calls/import", &rows).json();
    assert_eq!(counts(&first), [2, 0, 3], "{first}");
    let result =
        |row: usize| (first["calls"][row]["result"].clone(), first["calls"][row]["problem"]["field"].clone());
    assert_eq!(result(0), (json!("new"), Value::Null));
    assert_eq!(result(2), (json!("refused"), json!("session_id")));
    assert_eq!(result(3), (json!("refused"), json!("status")));

    let call = day.look_at("CA1");
    assert_eq!(
        (&call["created_at"], &call["duration_seconds"]),
        (&json!("2025-01-31T12:00:00Z"), &json!(50))
    );
    assert_eq!((&call["status"], &call["metadata"]), (&json!("completed"), &json!({ "agent": "ann" })));
    assert_eq!(day.get("/api/sessions/s-1/call").json()["call_id"], "CA2", "the newer one");
    leaves_memory(&day, call["id"].as_str().unwrap());
    let events = kinds(&day, "CA2").len();
    let again = day.post("/api/calls/import", &rows).json();
    assert_eq!(counts(&again), [0, 2, 3], "{again}");
    assert_eq!((kinds(&day, "CA2").len(), active(&day)), (events, 1));
    assert_eq!(day.post("/api/calls/import", &json!({ "calls": 7 })).json()["field"], "calls");
}

#[test]
fn the_command_line_lists_shows_and_ends_them() {
    let day = Day::begin();
    let id = register(&day, "CA7", "s-1");
    status(&day, "CA7", "in-progress");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        command.current_dir(day.folder()).env_clear().env("TRUNKLINE_API_KEY", KEY);
        let output = command.args(arguments).args(["--url", &day.url("")]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["calls", "--active"]).contains(&id));
    let shown = run(&["show", "CA7"]);
    assert!(shown.contains("its client says answered"), "{shown}");
    run(&["end", "CA7"]);
    assert_eq!(day.look_at(&id)["disposition"], "completed");
}

#[test]
#[ignore = "needs Python; cargo xtask test runs it"]
fn software_written_for_the_five_old_functions_goes_on_working() {
    let day = begin();
    let python = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/compatibility.py");
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    let mut command = Command::new(python);
    command.args(["-B", script, docs]).env("TRUNKLINE_URL", day.url("")).env("TRUNKLINE_API_KEY", KEY);
    let output = command.env("NO_PROXY", "127.0.0.1").output().expect("Python 3 is needed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stdout == b"fine\n", "{said}");
    assert_eq!(active(&day), 0);
}
