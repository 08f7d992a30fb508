//! Our own numbers, told over the API: what answers them, when they are open, whose they are; also while the database is
//! away, and after a start without it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::{CallSid, Habit};
use trunkline_testkit::postgres::Server;

use crate::day::{ACCOUNT, Answer, Day, KEY, OURS, Opening, TOKEN, form};
use crate::hold::slow;
use crate::operator::with;

use crate::queue::on_each_engine;
use crate::tenants::{get, knows_its_database, post, tenant, told};

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";
/// Noon in London and at no time a night there.
const NOON: &str = "2026-06-17T11:00:00Z";

on_each_engine!(
    a_number_is_answered_by_the_script_that_was_set_and_after_a_restart_too,
    who_calls_while_it_is_closed_hears_so_and_the_record_says_why,
    a_tenant_says_what_answers_its_own_numbers_and_no_other_s,
);

/// A day with two scripts: `questions`, which is the default, and `welcome`.
fn with_scripts(opening: Opening) -> Day {
    let mut day = opening.begin_without_server();
    let folder = day.questions_file();
    let questions = std::fs::read(&folder).unwrap();
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("questions.json"), questions).unwrap();
    std::fs::write(folder.join("welcome.json"), r#"["Which department?"]"#).unwrap();
    day.start();
    knows_its_database(&day);
    day
}

fn set(day: &Day, key: &str, number: &str, what: &Value) -> Answer {
    day.send(day.ask(Method::PUT, &format!("/api/numbers/{number}")).bearer_auth(key).json(what))
}

fn remove(day: &Day, key: &str, number: &str) -> Answer {
    day.send(day.ask(Method::DELETE, &format!("/api/numbers/{number}")).bearer_auth(key))
}

/// All that somebody heard who calls us now.
fn heard(day: &Day, habit: Habit) -> (CallSid, String) {
    let sid = day.is_called_by(ANN, habit);
    day.until("the caller hangs up", |day| day.sim.call(&sid)?.ended_at);
    let heard = format!("{:?}", day.sim.heard(&sid));
    (sid, heard)
}

fn ended(day: &Day, key: &str, sid: &CallSid) -> Value {
    day.until("the end of the call", |day| {
        let call = get(day, key, &format!("/api/calls/{sid}"));
        Some(call.json()).filter(|call| call["state"] == "ended")
    })
}

fn a_number_is_answered_by_the_script_that_was_set_and_after_a_restart_too(opening: Opening) {
    let mut day = with_scripts(opening);
    let (_, before) = heard(&day, Habit::says(["Ann"]));
    assert!(before.contains("What is your name?"), "the control: the default script: {before}");

    let made = set(&day, KEY, OURS, &json!({ "script": "welcome", "label": "Front desk" }));
    assert_eq!(made.status, 201, "{}", made.text());
    let number = made.json();
    assert_eq!(
        (&number["number"], &number["tenant"], &number["script"], &number["label"], &number["source"]),
        (&json!(OURS), &json!("default"), &json!("welcome"), &json!("Front desk"), &json!("api"))
    );
    let again = set(&day, KEY, OURS, &json!({ "script": "welcome", "label": "Front desk" }));
    assert_eq!((again.status, again.json()), (200, number.clone()), "the same again changes nothing");

    for _ in 0..2 {
        let (sid, now) = heard(&day, Habit::says(["Sales"]));
        assert!(now.contains("Which department?") && !now.contains("What is your name?"), "{now}");
        let call = ended(&day, KEY, &sid);
        assert_eq!((&call["script"], &call["route"]), (&json!("welcome"), &json!("script")), "{call}");
        day.restarts();
        knows_its_database(&day);
    }
    assert_eq!(get(&day, KEY, &format!("/api/numbers/{OURS}")).json(), number);

    assert_eq!(remove(&day, KEY, OURS).status, 204);
    assert_eq!(remove(&day, KEY, OURS).status, 404);
    assert_eq!(get(&day, KEY, &format!("/api/numbers/{OURS}")).status, 404);
    day.restarts();
    let (_, after) = heard(&day, Habit::says(["Ann"]));
    assert!(after.contains("What is your name?"), "taken back: {after}");
}

fn office(zone: &str, from: &str, to: &str) -> Value {
    json!({ "zone": zone, "hours": [{ "from": from, "to": to }] })
}

fn who_calls_while_it_is_closed_hears_so_and_the_record_says_why(opening: Opening) {
    let day = with_scripts(opening.begins_at(NOON));
    let answers = |hours: &Value, after: &Value| {
        let what = json!({ "script": "questions", "opening_hours": hours, "after_hours": after });
        let told = set(&day, KEY, OURS, &what);
        assert!(told.status < 300, "{}", told.text());
        let (sid, heard) = heard(&day, Habit::says(["Ann", "Tuesday", "no"]));
        (told.json(), ended(&day, KEY, &sid), heard)
    };
    let message = json!({ "message": "We open at nine. Goodbye." });

    let (told, call, heard) = answers(&office("Europe/London", "09:00", "23:00"), &message);
    assert_eq!((&told["open"], &told["changes_at"]), (&json!(true), &json!("2026-06-17T22:00:00Z")));
    assert!(heard.contains("What is your name?") && !heard.contains("We open at nine"), "{heard}");
    assert_eq!((&call["route"], &call["answer_count"]), (&json!("script"), &json!(3)), "{call}");

    // The same hours on another wall: it is the middle of the night there.
    let (told, call, heard) = answers(&office("Pacific/Auckland", "09:00", "23:00"), &message);
    assert_eq!((&told["open"], &told["changes_at"]), (&json!(false), &json!("2026-06-17T21:00:00Z")));
    assert!(heard.contains("We open at nine. Goodbye.") && !heard.contains("What is your name?"), "{heard}");
    assert_eq!((&call["route"], &call["script"]), (&json!("after_hours"), &json!("message")), "{call}");
    assert_eq!((&call["status"], &call["disposition"]), (&json!("completed"), &json!("completed")), "{call}");
    let history = get(&day, KEY, &format!("/api/calls/{}/events", call["id"].as_str().unwrap())).text();
    assert!(history.contains("after_hours"), "{history}");

    let mut holiday = office("Europe/London", "09:00", "23:00");
    holiday["holidays"] = json!(["2026-06-17"]);
    let (_, _, heard) = answers(&holiday, &Value::Null);
    assert!(heard.contains("We are closed now."), "without words of its own: {heard}");

    let both = json!({ "message": "We are closed; a machine takes your call.", "script": "welcome" });
    let (_, call, heard) = answers(&holiday, &both);
    let (message, question) = (heard.find("a machine takes"), heard.find("Which department?"));
    assert!(message.is_some() && message < question, "{heard}");
    assert_eq!((&call["route"], &call["script"]), (&json!("after_hours"), &json!("welcome")), "{call}");
}

fn a_tenant_says_what_answers_its_own_numbers_and_no_other_s(opening: Opening) {
    let day = with_scripts(opening.unset("TWILIO_PHONE_NUMBER"));
    let ((acme, _), (beta, _)) = (owner(&day, "acme"), owner(&day, "beta"));
    let agent = day.post("/api/keys", &json!({ "tenant": "acme", "name": "a" })).json()["key"].clone();
    let agent = agent.as_str().unwrap();
    let (_, before) = heard(&day, Habit::says(["Ann"]));
    assert!(!before.contains("What is your name?"), "the control: it is nobody's: {before}");

    assert_eq!(set(&day, agent, OURS, &json!({ "script": "welcome" })).status, 403, "an agent reads");
    let helped = set(&day, &acme, OURS, &json!({ "script": "welcome" }));
    assert_eq!((helped.status, &helped.json()["code"]), (409, &json!("taken")), "{}", helped.text());
    let given = set(&day, KEY, OURS, &json!({ "script": "questions", "tenant": "acme" }));
    assert_eq!((given.status, &given.json()["tenant"]), (201, &json!("acme")), "{}", given.text());
    let mine = set(&day, &acme, OURS, &json!({ "script": "welcome" }));
    assert_eq!((mine.status, &mine.json()["tenant"]), (200, &json!("acme")), "{}", mine.text());
    let path = format!("/api/numbers/{OURS}");
    assert_eq!(get(&day, agent, &path).status, 200);
    let theirs = get(&day, &beta, &path);
    assert_eq!((theirs.status, theirs.text()), (404, get(&day, &beta, "/api/numbers/+15005550009").text()));
    assert_eq!(get(&day, &beta, "/api/numbers").json()["numbers"], json!([]));
    let taken = set(&day, &beta, OURS, &json!({ "script": "questions" }));
    assert_eq!((taken.status, &taken.json()["code"]), (409, &json!("taken")), "{}", taken.text());
    assert!(!taken.text().contains("acme"), "whose it is, is not said: {}", taken.text());
    let nobodys = set(&day, &beta, "+15005550009", &json!({ "script": "questions" }));
    assert_eq!((nobodys.status, nobodys.text()), (409, taken.text()), "nor whether it is anybody's");
    assert_eq!(remove(&day, &beta, OURS).status, 404);
    for tenant in ["beta", "nowhere"] {
        let given = set(&day, &acme, OURS, &json!({ "script": "welcome", "tenant": tenant }));
        assert_eq!((given.status, &given.json()["code"]), (404, &json!("not_found")), "{tenant}");
    }

    let (sid, now) = heard(&day, Habit::says(["Sales"]));
    assert!(now.contains("Which department?"), "{now}");
    assert_eq!(ended(&day, &acme, &sid)["tenant"], "acme");
    assert_eq!(get(&day, &beta, &format!("/api/calls/{sid}")).status, 404);
    let placed = post(&day, &acme, "/api/calls", &json!({ "to": BEN })).json();
    assert_eq!(placed["from"], OURS, "their calls come from it");
    let stolen = post(&day, &beta, "/api/calls", &json!({ "to": BEN, "from": OURS }));
    assert_eq!((stolen.status, &stolen.json()["field"]), (400, &json!("from")));

    // Who runs the server gives it to another.
    let given = set(&day, KEY, OURS, &json!({ "script": "questions", "tenant": "beta" }));
    assert_eq!((given.status, &given.json()["tenant"]), (200, &json!("beta")), "{}", given.text());
    let (sid, _) = heard(&day, Habit::says(["Ann", "Tuesday", "no"]));
    assert_eq!(ended(&day, &beta, &sid)["tenant"], "beta");
    assert_eq!((get(&day, &acme, &path).status, get(&day, &beta, &path).status), (404, 200));
    assert_eq!(day.send(day.ask(Method::DELETE, "/api/tenants/beta").bearer_auth(KEY)).status, 204);
    let (_, gone) = heard(&day, Habit::says(["Ann"]));
    assert!(!gone.contains("What is your name?"), "a tenant that is gone answers nobody: {gone}");
}

/// A tenant with its owner's key.
fn owner(day: &Day, id: &str) -> (String, String) {
    tenant(day, id);
    let made = day.post("/api/keys", &json!({ "tenant": id, "name": "owner", "role": "owner" })).json();
    (made["key"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
}

#[test]
fn what_was_set_answers_while_the_database_is_away_and_after_a_start_without_it() {
    let mut day = with_scripts(Day::with());
    let welcome = json!({ "script": "welcome" });
    assert_eq!(set(&day, KEY, OURS, &welcome).status, 201);
    let path = format!("/api/numbers/{OURS}");
    let number = get(&day, KEY, &path).json();
    let is_answered_as_before = |day: &Day| {
        let (_, now) = heard(day, Habit::says(["Sales"]));
        assert!(now.contains("Which department?"), "{now}");
        assert_eq!(get(day, KEY, &path).json(), number);
        for refused in [set(day, KEY, OURS, &json!({ "script": "questions" })), remove(day, KEY, OURS)] {
            assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("database_away")));
        }
    };
    let lock = day.database().goes_down();
    is_answered_as_before(&day);
    lock.ends(&day);

    day.power_fails();
    day.database().is_deleted();
    // Nothing can be a database in this place.
    let place = day.folder().join("trunkline.db");
    std::fs::create_dir(&place).unwrap();
    day.start();
    is_answered_as_before(&day);

    // A new database gets back what the journal knows.
    std::fs::remove_dir(&place).unwrap();
    knows_its_database(&day);
    day.until("it can be changed again", |day| {
        let told = set(day, KEY, OURS, &json!({ "script": "questions" }));
        (told.status == 200).then_some(())
    });
    let (_, now) = heard(&day, Habit::says(["Ann"]));
    assert!(now.contains("What is your name?"), "{now}");
}

#[test]
fn what_the_settings_say_is_changed_there_and_what_the_api_said_before_stands() {
    let mut day = with_scripts(Day::with());
    assert_eq!(set(&day, KEY, OURS, &json!({ "script": "welcome" })).status, 201);
    let other = "+15005550007";
    day.set("TRUNKLINE_SCRIPTS_NUMBERS", &format!("{OURS}=questions,{other}=welcome"));
    day.restarts();
    knows_its_database(&day);

    let listed = get(&day, KEY, "/api/numbers").json();
    let said = |at: usize| (&listed["numbers"][at]["number"], &listed["numbers"][at]["source"]);
    assert_eq!(said(0), (&json!(OURS), &json!("api")), "{listed}");
    assert_eq!(said(1), (&json!(other), &json!("settings")), "{listed}");
    let (_, now) = heard(&day, Habit::says(["Sales"]));
    assert!(now.contains("Which department?"), "the API's word stands: {now}");
    for refused in [set(&day, KEY, other, &json!({ "script": "questions" })), remove(&day, KEY, other)] {
        assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("in_settings")));
    }

    assert_eq!(remove(&day, KEY, OURS).status, 204);
    assert_eq!(get(&day, KEY, &format!("/api/numbers/{OURS}")).json()["source"], "settings");
    let (_, now) = heard(&day, Habit::says(["Ann"]));
    assert!(now.contains("What is your name?"), "what is taken back is as the settings say: {now}");
}

#[test]
fn what_can_t_be_meant_is_refused_by_name() {
    let day = with_scripts(Day::with());
    let hours = office("Europe/London", "09:00", "17:00");
    for (number, what, code, field) in [
        (OURS, json!({}), "invalid_field", "script"),
        (OURS, json!({ "script": "nothing" }), "invalid_field", "script"),
        (OURS, json!({ "script": "a/b" }), "invalid_field", "script"),
        (OURS, json!({ "script": "welcome", "hours": [] }), "unknown_field", "hours"),
        ("0199b2a4", json!({ "script": "welcome" }), "invalid_field", "number"),
        (OURS, json!({ "script": "welcome", "label": "a\nb" }), "invalid_field", "label"),
        (
            OURS,
            json!({ "script": "welcome", "opening_hours": office("Europe/Nowhere", "09:00", "17:00") }),
            "invalid_field",
            "opening_hours",
        ),
        (
            OURS,
            json!({ "script": "welcome", "opening_hours": { "zone": "UTC", "hours": [] } }),
            "invalid_field",
            "opening_hours",
        ),
        (
            OURS,
            json!({ "script": "welcome", "opening_hours": { "zone": "UTC",
                "hours": [{ "from": "09:00", "to": "12:00" }, { "from": "11:00", "to": "13:00" }] } }),
            "invalid_field",
            "opening_hours",
        ),
        (OURS, json!({ "script": "welcome", "after_hours": {} }), "invalid_field", "after_hours"),
        (
            OURS,
            json!({ "script": "welcome", "opening_hours": hours, "after_hours": { "script": "nothing" } }),
            "invalid_field",
            "after_hours",
        ),
        (
            OURS,
            json!({ "script": "welcome", "opening_hours": hours, "after_hours": { "message": " " } }),
            "invalid_field",
            "after_hours",
        ),
    ] {
        let refused = set(&day, KEY, number, &what);
        let problem = refused.json();
        assert_eq!(
            (refused.status, &problem["code"], &problem["field"]),
            (400, &json!(code), &json!(field)),
            "{what}: {problem}"
        );
    }
    assert_eq!(get(&day, KEY, "/api/numbers").json()["numbers"], json!([]), "nothing was done");
}

#[test]
fn what_one_server_is_told_another_on_the_same_database_answers_within_a_second() {
    let database = Server::shared().database().unwrap();
    let node = |name: &str| {
        with_scripts(Day::with().set("DATABASE_URL", &database.url()).set("TRUNKLINE_NODE", name))
    };
    let (a, b) = (node("a"), node("b"));
    let path = format!("/api/numbers/{OURS}");
    for (script, status, asked) in
        [("welcome", 201, "Which department?"), ("questions", 200, "What is your name?")]
    {
        assert_eq!(set(&a, KEY, OURS, &json!({ "script": script })).status, status);
        let begun = Instant::now();
        b.until("b knows", |b| (get(b, KEY, &path).json()["script"] == script).then_some(()));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        let (_, now) = heard(&b, Habit::says(["Ann"]));
        assert!(now.contains(asked), "{now}");
    }
    // Each may change what the other said.
    assert_eq!(set(&b, KEY, OURS, &json!({ "script": "welcome" })).status, 200);
    assert_eq!(remove(&a, KEY, OURS).status, 204);
    b.until("b knows", |b| (get(b, KEY, &path).status == 404).then_some(()));
}

#[test]
fn without_a_database_numbers_are_kept_in_the_journal() {
    let mut day = with_scripts(Day::with().set("DATABASE_URL", "none"));
    assert_eq!(set(&day, KEY, OURS, &json!({ "script": "welcome" })).status, 201);
    day.power_fails().start();
    let (_, now) = heard(&day, Habit::says(["Sales"]));
    assert!(now.contains("Which department?"), "{now}");
}

#[test]
fn who_calls_a_number_that_forwards_is_put_through_or_hears_what_is_said_then() {
    let desk = "+15550100777";
    let day = with_scripts(slow());
    let forwards = |after: &Value| {
        let told = set(&day, KEY, OURS, &json!({ "forward": desk, "after_hours": after }));
        assert!(told.status < 300, "{}", told.text());
        assert_eq!((&told.json()["forward"], &told.json()["script"]), (&json!(desk), &Value::Null));
    };
    let legs = |call: &Value| {
        let legs = call["legs"].as_array().unwrap().clone();
        legs.into_iter().filter(|leg| leg["role"] == "transfer").collect::<Vec<_>>()
    };
    forwards(&Value::Null);
    day.person(desk, Habit::Answers { ring_secs: Some(6), said: vec![], digits: vec![] });
    let (sid, now) = heard(&day, Habit::answers());
    let call = ended(&day, KEY, &sid);
    assert_eq!((&call["route"], &call["disposition"]), (&json!("forward"), &json!("completed")), "{call}");
    assert_eq!(legs(&call)[0]["end"], "completed", "{call}");
    let other = &day.sim.calls_to(desk)[0];
    assert_eq!(other.from, OURS, "they see our number");
    assert!(now.contains("You are being connected") && !now.contains("nobody could be reached"), "{now}");

    day.person(desk, Habit::Busy);
    forwards(&json!({ "message": "Leave us a line by mail. Goodbye." }));
    let (sid, now) = heard(&day, Habit::answers());
    assert!(now.contains("nobody could be reached") && now.contains("Leave us a line by mail"), "{now}");
    let call = ended(&day, KEY, &sid);
    assert_eq!((&call["route"], &call["disposition"]), (&json!("forward"), &json!("completed")), "{call}");
    forwards(&json!({ "script": "welcome" }));
    let (sid, now) = heard(&day, Habit::says(["Sales"]));
    assert!(now.contains("Which department?"), "a script takes the call: {now}");
    assert_eq!(ended(&day, KEY, &sid)["answer_count"], 1);
    assert_eq!(day.sim.calls_to(desk).len(), 3, "once for each call");

    // What was suppressed since is not dialed.
    assert!(day.post("/api/suppressions", &json!({ "number": desk })).status < 300);
    let (_, now) = heard(&day, Habit::says(["Sales"]));
    assert!(now.contains("Which department?"), "{now}");
    assert_eq!(day.sim.calls_to(desk).len(), 3);
}

#[test]
fn a_call_that_there_is_no_line_to_forward_hears_so_and_nobody_is_dialed() {
    let desk = "+15550100777";
    let day = with_scripts(slow().set("TRUNKLINE_LIMITS_TENANT_CALLS", "1"));
    assert_eq!(set(&day, KEY, OURS, &json!({ "forward": desk })).status, 201);
    let (sid, now) = heard(&day, Habit::answers());
    assert!(now.contains("all our lines are busy"), "{now}");
    let call = ended(&day, KEY, &sid);
    assert_eq!((&call["route"], &call["status"]), (&json!("forward"), &json!("completed")), "{call}");
    let events = get(&day, KEY, &format!("/api/calls/{sid}/events")).text();
    assert!(events.contains("not dialed: no_slot"), "the history says why: {events}");
    let after = json!({ "message": "Nobody is free. Write to us." });
    assert_eq!(set(&day, KEY, OURS, &json!({ "forward": desk, "after_hours": after })).status, 200);
    let (_, now) = heard(&day, Habit::answers());
    assert!(now.contains("Nobody is free.") && !now.contains("lines are busy"), "its own words: {now}");
    assert_eq!(day.dialed(desk), 0);
}

#[test]
fn s_07_a_number_forwards_to_none_that_would_not_be_dialed_otherwise() {
    let day = with_scripts(Day::with().set("TRUNKLINE_QUEUE_DENIED_PREFIXES", "+1555013"));
    let suppressed = "+15550140001";
    assert!(day.post("/api/suppressions", &json!({ "number": suppressed })).status < 300);
    let other = "+15005550007";
    assert_eq!(set(&day, KEY, other, &json!({ "script": "welcome" })).status, 201);
    let bad = ["", "911", "+19005550100", "+88213000000", "+15550130001", "nobody", suppressed, OURS, other];
    for to in bad {
        let refused = set(&day, KEY, OURS, &json!({ "forward": to }));
        assert_eq!(
            (refused.status, &refused.json()["field"]),
            (400, &json!("forward")),
            "{to}: {}",
            refused.text()
        );
    }
    let both = set(&day, KEY, OURS, &json!({ "forward": BEN, "script": "welcome" }));
    assert_eq!(both.status, 400, "one or the other");
    assert_eq!(set(&day, KEY, OURS, &json!({ "forward": BEN })).status, 201, "the control");
}

#[test]
fn the_command_line_says_what_answers_and_points_numbers_here() {
    let day = with_scripts(Day::with());
    let line = [
        "numbers",
        "set",
        OURS,
        "--script",
        "welcome",
        "--label",
        "Front desk",
        "--zone",
        "Europe/London",
        "--open",
        "mon-fri 09:00-17:00",
        "--open",
        "sat 10:00-14:00",
        "--holiday",
        "2026-12-25",
        "--after-hours",
        "We are closed.",
    ];
    let set = told(&day, &line);
    assert_eq!(set["opening_hours"]["hours"][1]["days"], json!(["sat"]), "{set}");
    assert_eq!(set["after_hours"]["message"], "We are closed.");
    assert_eq!(get(&day, KEY, &format!("/api/numbers/{OURS}")).json()["label"], "Front desk");
    assert_eq!(told(&day, &["numbers", "remove", OURS])["removed"], true);
    assert_eq!(get(&day, KEY, &format!("/api/numbers/{OURS}")).status, 404);
}

#[test]
fn numbers_are_pointed_here_when_it_is_said_and_shown_before() {
    let day = with_scripts(Day::with());
    assert_eq!(set(&day, KEY, OURS, &json!({ "script": "welcome" })).status, 201);
    let elsewhere = "+15005550008";
    assert_eq!(set(&day, KEY, elsewhere, &json!({ "script": "welcome" })).status, 201);
    let (base, url) = (day.sim.base_url(), "https://calls.example.com/tl");
    let settings = [
        ("TRUNKLINE_CARRIER", "twilio"),
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_AUTH_TOKEN", TOKEN),
        ("TWILIO_API_BASE", base.as_str()),
        ("PUBLIC_URL", url),
    ];
    let run = |more: &[&str]| {
        let output = with(&day.folder(), &[&["numbers"], more, &["--json"]].concat(), &settings);
        let text = String::from_utf8(output.stdout).unwrap();
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let row = |number: &str| rows.iter().find(|row| row["number"] == number).cloned().unwrap_or_default();
        (output.status.code(), row(OURS), row(elsewhere), String::from_utf8(output.stderr).unwrap())
    };
    let leads = || run(&["list"]).1["voice_url"].clone();
    let before = leads();
    assert!(before.as_str().unwrap().starts_with("http://127.0.0.1:"), "the simulator's own: {before}");

    let (code, ours, absent, said) = run(&["sync"]);
    assert_eq!(code, Some(1), "one is not the account's: {said}");
    assert!(ours["done"].as_str().unwrap().starts_with("would lead here; leads to http"), "{ours}");
    assert_eq!(absent["done"], "the account has no such number");
    assert_eq!(leads(), before, "only shown");

    let (_, ours, ..) = run(&["sync", "--apply"]);
    assert_eq!(ours["done"], "leads here now", "{ours}");
    assert_eq!(leads(), format!("{url}/answer"));
    let (_, ours, ..) = run(&["sync", "--apply"]);
    assert_eq!(ours["done"], "was right already", "done once");
}

#[test]
fn the_page_says_what_answers_and_takes_what_is_typed() {
    let day = with_scripts(Day::with());
    let (acme, _) = owner(&day, "acme");
    let agent = day.post("/api/keys", &json!({ "tenant": "acme", "name": "a" })).json()["key"].clone();
    let [acme, agent] = [&*acme, agent.as_str().unwrap()].map(|key| crate::tenants::signed_in(&day, key));
    let page = |cookie: &str, path: &str, language: &str| {
        let asked = day.ask(Method::GET, path).header("cookie", cookie).header("accept", "text/html");
        day.send(asked.header("accept-language", language)).text()
    };
    let number = "+15005550008";
    let empty = page(&acme, "/numbers", "en");
    let token = empty.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let sends = |cookie: &str, hours: &str| {
        let fields = form([
            ("token", token),
            ("number", number),
            ("label", "Front <desk>"),
            ("script", "welcome"),
            ("hours", hours),
            ("zone", "Asia/Jerusalem"),
            ("holidays", "2026-09-12, 2026-09-13"),
            ("after", "סגור"),
            ("after_language", "he-IL"),
        ]);
        day.send(day.ask(Method::POST, "/numbers").header("cookie", cookie).form(&fields))
    };
    let refused = sends(&acme, "whenever");
    assert_eq!(refused.status, 400);
    assert!(
        refused.text().contains("whenever") && refused.text().contains("mon-fri 09:00-17:00"),
        "it stands there still"
    );
    assert_eq!(sends(&acme, "mon-fri 09:00-17:00").status, 409, "nobody helps themselves to one");
    assert_eq!(set(&day, KEY, number, &json!({ "script": "welcome", "tenant": "acme" })).status, 201);
    assert!([200, 303].contains(&sends(&acme, "sun-thu 09:00-17:00\r\nfri 09:00-13:00").status));
    let told = get(&day, KEY, &format!("/api/numbers/{number}")).json();
    assert_eq!(
        (&told["tenant"], &told["after_hours"]["message"]),
        (&json!("acme"), &json!("סגור")),
        "{told}"
    );
    assert_eq!(told["opening_hours"]["holidays"], json!(["2026-09-12", "2026-09-13"]));
    let listed = page(&acme, "/numbers", "en");
    assert!(
        listed.contains("mon,tue,wed,thu,sun 09:00-17:00") && listed.contains("Front &#60;desk&#62;"),
        "{listed}"
    );
    let edited = page(&acme, "/numbers?number=%2B15005550008", "he");
    assert!(edited.contains("dir=\"rtl\"") && edited.contains("fri 09:00-13:00</textarea>"), "{edited}");
    let seen = page(&agent, "/numbers", "en");
    assert!(seen.contains(number) && !seen.contains("<textarea"), "an agent reads: {seen}");
    assert_eq!(sends(&agent, "").status, 403);
}
