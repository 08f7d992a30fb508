//! A person who asks for it is forgotten, everywhere, and stays so.

use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::{Habit, WebhookRecord};
use trunkline_testkit::postgres::Server;

use super::{BEN, code, is_projected, run, stderr, told};
use crate::day::{Day, KEY, form};
use crate::tenants::knows_its_database;

const NAME: &str = "Xanthippe Quillfeather";
const NUMBER: &str = "+15550187643";
const DIGITS: &str = "83641907";
const CITY: &str = "Wobblethwaite";
const CRM: &str = "crm-9f3b77aa41";
const SAID: &str = "Rhododendronquux";

/// Every word of a person that a server comes to know.
const WORDS: [&str; 6] = [NAME, "5550187643", DIGITS, CITY, CRM, SAID];

const QUESTIONS: &str = r#"{"questions": [
    {"text": "Your number in {{city}}?", "type": "numeric"}, {"text": "Anything else?"}]}"#;

/// She was called, answered, and was transcribed; so was he; she called us, too. The server is down.
fn a_day_with_her(database: Option<&str>) -> Day {
    let mut opening = Day::with().questions(QUESTIONS);
    if let Some(url) = database {
        opening = opening.set("DATABASE_URL", url);
    }
    let mut day = opening.begin();
    let habit = |said: &str, digits: &str| Habit::Answers {
        ring_secs: None,
        said: vec![said.to_owned()],
        digits: vec![format!("{digits}#")],
    };
    day.person(NUMBER, habit(SAID, DIGITS)).person(BEN, habit("so", "7"));
    let order =
        json!({ "to": NUMBER, "name": NAME, "variables": { "city": CITY }, "metadata": { "crm": CRM } });
    let calls = [day.call_with(&order), day.call_with(&json!({ "to": BEN, "name": "Ben Long" }))];
    calls.iter().for_each(|call| drop(day.ended(call)));
    calls.iter().for_each(|call| drop(day.keeps_recordings(call)));
    is_transcribed(&day);
    is_projected(&day);
    day.stops();
    day
}

/// Somebody has listened to her recording and written down what she said.
fn is_transcribed(day: &Day) {
    let sid = day.sid(NUMBER).to_string();
    let is_hers = |hook: &&WebhookRecord| {
        hook.url.contains("/recording") && hook.params.iter().any(|(_, value)| *value == sid)
    };
    let hook = day.sim.webhooks().iter().find(is_hers).cloned().unwrap();
    let written = [
        ("TranscriptionSid", "TR00000000000000000000000000000001"),
        ("TranscriptionStatus", "completed"),
        ("TranscriptionText", SAID),
    ];
    let said = [hook.params, form(written)].concat();
    assert_eq!(day.webhook(&hook.url.replace("/recording", "/transcription"), &said).status, 204);
}

/// Which words stand in any file of a folder, and where.
fn hits(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(hits(&path));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for word in WORDS {
            if bytes.windows(word.len()).any(|window| window == word.as_bytes()) {
                found.push(format!("{word} in {}", path.display()));
            }
        }
    }
    found
}

fn opened(day: &Day) -> String {
    String::from_utf8(run(day, &["journal", "cat"]).stdout).unwrap()
}

#[test]
fn s_21_an_erased_person_is_in_no_file_and_in_no_replay() {
    let mut day = a_day_with_her(None);
    let before = hits(&day.folder());
    for word in [NAME, "5550187643", DIGITS, CITY, CRM, SAID] {
        assert!(before.iter().any(|hit| hit.starts_with(word)), "the control: {word} is there; {before:?}");
    }
    assert!(opened(&day).contains(NAME), "the control: the journal opens");

    let counted = told(&run(&day, &["erase", NUMBER, "--dry-run", "--json"]))["erased"].clone();
    assert_eq!(
        (&counted["calls"], &counted["recordings"], &counted["keys"]),
        (&1.into(), &1.into(), &1.into())
    );
    assert_eq!(hits(&day.folder()).len(), before.len(), "only counted");

    let output = run(&day, &["erase", NUMBER, "--json"]);
    let erased = told(&output)["erased"].clone();
    for count in ["calls", "events", "turns", "recordings", "keys"] {
        assert_eq!(erased[count], counted[count], "{count}");
    }
    assert_eq!(erased["scrubbed"], true);
    assert_eq!(hits(&day.folder()), Vec::<String>::new());
    let journal = opened(&day);
    assert!(WORDS.iter().all(|word| !journal.contains(word)), "{journal}");
    assert!(journal.contains("Ben Long"), "the other one is remembered");
    assert!(journal.contains("\"kind\":\"erased\""), "and that it was done");
    let report = told(&run(&day, &["verify", "--json"]));
    assert_eq!((&report["sound"], &report["erased"]), (&true.into(), &1.into()), "{report}");

    // A replay into an emptied database.
    let wanted = exported(&day, "before.jsonl");
    day.database().is_deleted();
    day.start();
    is_projected(&day);
    let listed = day.get("/api/calls").text();
    assert!(WORDS.iter().all(|word| !listed.contains(word)), "{listed}");
    assert!(listed.contains("Ben Long"), "{listed}");
    day.stops();
    assert_eq!(hits(&day.folder()), Vec::<String>::new());
    assert_eq!(exported(&day, "after.jsonl"), wanted, "the replay gives the very rows that the erasure left");
    assert_eq!(told(&run(&day, &["verify", "--json"]))["sound"], true);

    let again = told(&run(&day, &["erase", NUMBER, "--json"]))["erased"].clone();
    assert_eq!((&again["calls"], &again["keys"]), (&0.into(), &0.into()), "nothing is left to forget");
}

fn exported(day: &Day, name: &str) -> Value {
    let out = day.folder().with_file_name(name);
    told(&run(day, &["export", out.to_str().unwrap(), "--json"]))
}

#[test]
fn the_history_of_an_erased_call_says_that_it_was_and_not_of_whom() {
    let mut day = a_day_with_her(None);
    let call = exported_call(&day);
    told(&run(&day, &["erase", NUMBER, "--json"]));
    day.start();
    let last = day.until("the history can be read", |day| {
        let events = day.get(&format!("/api/calls/{call}/events")).json();
        events["events"].as_array().and_then(|events| events.last().cloned())
    });
    assert_eq!((&last["kind"], &last["source"]), (&"erased".into(), &"api".into()), "{last}");
    let shown = day.look_at(&call);
    assert_eq!(
        (&shown["status"], &shown["to"]),
        (&"completed".into(), &"".into()),
        "a fact without a person"
    );
    assert_eq!(day.get(&format!("/calls/{call}")).status, day.get("/").status, "its page opens as any other");
    let next = day.call(NUMBER);
    assert_eq!(day.disposition(&next), "completed", "she may be called again, with a key of her own");
    assert_eq!(day.look_at(&next)["to"], NUMBER);
}

fn exported_call(day: &Day) -> String {
    let out = day.folder().with_file_name("all.jsonl");
    run(day, &["export", out.to_str().unwrap()]);
    let text = fs::read_to_string(out).unwrap();
    let line = text.lines().find(|line| line.contains(NUMBER)).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    line["call"]["call"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_suppressed_number_outlives_the_erasure() {
    let mut day = a_day_with_her(None);
    day.start();
    day.post("/api/suppressions", &json!({ "number": NUMBER, "reason": "asked by letter" }));
    is_projected(&day);
    day.stops();
    let erased = told(&run(&day, &["erase", NUMBER, "--json"]))["erased"].clone();
    assert_eq!((&erased["calls"], &erased["suppressions"]), (&1.into(), &1.into()));
    day.start();
    assert_eq!(day.post("/api/calls", &json!({ "to": NUMBER })).status, 409);
    assert_eq!(day.dialed(NUMBER), 1, "the day before, and never again");
}

#[test]
fn nothing_is_erased_beside_a_running_server_or_while_a_call_goes_on() {
    let mut day = a_day_with_her(None);
    day.start();
    let refused = run(&day, &["erase", NUMBER]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("stop it first"), "{}", stderr(&refused));

    day.person(NUMBER, Habit::NoAnswer);
    let call = day.call(NUMBER);
    day.is(&call, "ringing");
    day.stops();
    let refused = run(&day, &["erase", NUMBER]);
    let why = stderr(&refused);
    assert!(why.contains("is not over") || why.contains("are not in the database yet"), "{why}");
    assert!(!stderr(&refused).contains("5550187643"), "{}", stderr(&refused));
    day.start();
    day.ended(&call);
    day.keeps_recordings(&call);
    is_projected(&day);
    day.stops();
    assert_eq!(
        told(&run(&day, &["erase", NUMBER, "--json"]))["erased"]["calls"],
        2,
        "the control: once it is over"
    );
    assert_eq!(hits(&day.folder()), Vec::<String>::new());
}

#[test]
fn a_person_is_erased_from_postgresql_too() {
    let database = Server::shared().database().unwrap();
    let url = database.url();
    let day = a_day_with_her(Some(&url));
    let dump = || {
        ["calls", "events", "turns", "legs"]
            .map(|table| database.sql(&format!("SELECT * FROM {table}")).unwrap())
            .concat()
    };
    assert!(WORDS.iter().all(|word| dump().contains(word)), "the control");
    let erased = told(&run(&day, &["erase", NUMBER, "--json", "--database-url", &url]))["erased"].clone();
    assert_eq!(erased["calls"], 1);
    let left = dump();
    assert!(WORDS.iter().all(|word| !left.contains(word)), "{left}");
    assert!(left.contains("Ben Long"));
    assert_eq!(hits(&day.folder()), Vec::<String>::new());
    let report = told(&run(&day, &["verify", "--json", "--database-url", &url]));
    assert_eq!(report["sound"], true, "{report}");
}

/// Whoever was handed a call is in somebody else's record.
#[test]
fn somebody_whom_a_call_was_handed_to_is_forgotten_there_and_the_caller_is_not() {
    let her = "5550187643";
    let mut day = Day::with().at_speed(20.0).begin();
    day.person(BEN, Habit::says(["Ben", "Tuesday", "no", "no"]));
    day.person(NUMBER, Habit::Answers { ring_secs: Some(4), said: vec![], digits: vec![] });
    let call = day.call_with(&json!({ "to": BEN, "name": "Ben Long" }));
    day.until("the second question", |day| (day.look_at(&call)["question"] == 1).then_some(()));
    assert_eq!(day.post(&format!("/api/calls/{call}/transfer"), &json!({ "to": NUMBER })).status, 202);
    assert_eq!(day.ended(&call)["outcome"], "transferred");
    day.keeps_recordings(&call);
    is_projected(&day);
    day.stops();
    assert!(hits(&day.folder()).iter().any(|hit| hit.starts_with(her)), "the control: it is in the database");
    assert!(opened(&day).contains(NUMBER), "the control: and in the journal");

    let counted = told(&run(&day, &["erase", NUMBER, "--dry-run", "--json"]))["erased"].clone();
    assert_eq!((&counted["calls"], &counted["handed"]), (&0.into(), &1.into()), "{counted}");
    let erased = told(&run(&day, &["erase", NUMBER, "--json"]))["erased"].clone();
    assert_eq!((&erased["calls"], &erased["handed"], &erased["keys"]), (&0.into(), &1.into(), &1.into()));
    assert_eq!(hits(&day.folder()), Vec::<String>::new());
    assert!(!opened(&day).contains(her) && opened(&day).contains("Ben Long"));
    assert_eq!(told(&run(&day, &["verify", "--json"]))["sound"], true);

    let wanted = exported(&day, "before.jsonl");
    day.database().is_deleted();
    day.start();
    is_projected(&day);
    assert_eq!(day.look_at(&call)["to"], BEN, "whose call it is stays");
    day.stops();
    assert_eq!(exported(&day, "after.jsonl"), wanted, "a replay gives the very rows");
    assert_eq!(hits(&day.folder()), Vec::<String>::new());
}

#[test]
fn who_only_counts_is_told_that_the_database_does_not_know_everything_yet() {
    let mut day = a_day_with_her(None);
    let count = |day: &Day| told(&run(day, &["erase", NUMBER, "--dry-run", "--json"]))["erased"].clone();
    let before = count(&day);
    assert_eq!((&before["calls"], &before["waiting"]), (&1.into(), &0.into()), "{before}");

    day.start();
    knows_its_database(&day);
    let away = day.database().goes_down();
    let call = json!({ "call_id": "last", "session_id": "s", "provider": "twilio", "to": NUMBER, "direction": "outbound" });
    assert_eq!(day.post("/api/calls/register", &call).status, 201);
    day.stops();
    drop(away);
    let behind = count(&day);
    assert_eq!(behind["calls"], 1, "{behind}");
    assert!(behind["waiting"].as_u64() > Some(0), "{behind}");
    let words = String::from_utf8(run(&day, &["erase", NUMBER, "--dry-run"]).stdout).unwrap();
    assert!(words.contains("are not in the database yet"), "{words}");
}

#[test]
fn what_came_last_is_in_the_database_of_a_server_that_was_stopped() {
    let mut day = Day::begin();
    knows_its_database(&day);
    let call = json!({ "call_id": "last", "session_id": "s", "provider": "twilio", "to": NUMBER, "direction": "outbound" });
    assert_eq!(day.post("/api/calls/register", &call).status, 201);
    let is_over = day.ask(Method::PUT, "/api/calls/last/status").bearer_auth(KEY);
    assert_eq!(day.send(is_over.json(&json!({ "status": "completed" }))).status, 200);
    day.stops();
    let found = told(&run(&day, &["erase", NUMBER, "--dry-run", "--json"]))["erased"].clone();
    assert_eq!(found["calls"], 1, "{found}");
}
