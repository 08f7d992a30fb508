//! Several tenants on one server: nobody sees another's calls, a revoked key is shut within a second, and a start without
//! the database still knows whom to trust.

use std::process::Command;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use trunkline_core::id::KeyId;
use trunkline_core::tenancy::DecisionId;
use trunkline_sim::Habit;
use trunkline_store::{Store, Target};

use crate::day::{Answer, Day, KEY, OURS, form};

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";

/// Asks with a key.
fn ask(day: &Day, key: &str, method: Method, path: &str, body: &Value) -> Answer {
    let is_reading = method == Method::GET;
    let request = day.ask(method, path).bearer_auth(key);
    day.send(if is_reading { request } else { request.json(body) })
}

pub fn get(day: &Day, key: &str, path: &str) -> Answer {
    ask(day, key, Method::GET, path, &Value::Null)
}

pub fn post(day: &Day, key: &str, path: &str, body: &Value) -> Answer {
    ask(day, key, Method::POST, path, body)
}

/// A day on which the server knows its database: before that nobody can be added.
pub fn begin() -> Day {
    let day = Day::begin();
    knows_its_database(&day);
    day
}

pub fn knows_its_database(day: &Day) {
    day.until("the server knows its database", |day| {
        (day.get("/readyz").json()["parts"]["database"]["state"] == "ok").then_some(())
    });
}

/// Makes a tenant with a key for its calls, and gives the key and its id.
pub fn tenant(day: &Day, id: &str) -> (String, String) {
    let made = post(day, KEY, "/api/tenants", &json!({ "id": id, "name": id }));
    assert_eq!(made.status, 201, "{}", made.text());
    key(day, KEY, &json!({ "tenant": id, "name": "calls" }))
}

fn key(day: &Day, by: &str, asked: &Value) -> (String, String) {
    let made = post(day, by, "/api/keys", asked);
    assert_eq!(made.status, 201, "{}", made.text());
    let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
    (text("key"), text("id"))
}

/// Waits until a key is answered with this status.
fn is_answered(day: &Day, key: &str, status: u16) {
    day.until(&format!("the key is answered with {status}"), |day| {
        (get(day, key, "/api/calls").status == status).then_some(())
    });
}

fn store(day: &Day) -> Target {
    Target::Sqlite(day.folder().join("trunkline.db"))
}

/// What another process does with the database.
fn elsewhere<T>(act: impl AsyncFnOnce(Store) -> T, target: &Target) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { act(Store::open(target).await.unwrap()).await })
}

/// The cookie of somebody who signed in with a key.
pub fn signed_in(day: &Day, key: &str) -> String {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request = client.post(day.url("/login")).form(&form([("key", key)]));
    let answer = runtime.block_on(async { request.send().await.unwrap() });
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// Runs a command on the data folder of a day: its exit code and what it printed.
fn trunkline(day: &Day, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.args(words).arg("--data-dir").arg(day.folder()).current_dir(day.folder()).env_clear();
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The same, for a command that must succeed: the JSON it printed.
pub fn told(day: &Day, words: &[&str]) -> Value {
    let (code, stdout, stderr) = trunkline(day, &[words, &["--json"]].concat());
    assert_eq!(code, 0, "{words:?}: {stderr}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn the_command_line_manages_tenants_beside_a_server_and_without_one() {
    let mut day = begin();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    assert_eq!(told(&day, &["tenant", "add", "acme", "--name", "Acme"])["name"], "Acme");
    let beside = told(&day, &["key", "add", "CRM", "--tenant", "acme", "--role", "admin"]);
    assert_eq!(get(&day, &text(&beside, "key"), "/api/keys").status, 200, "known at once");

    // Killed, so that its address is still in the folder.
    day.power_fails();
    let alone = told(&day, &["key", "add", "desk", "--tenant", "acme"]);
    told(&day, &["key", "revoke", &text(&beside, "id")]);
    let user = told(&day, &["user", "add", "Ann Lee", "--tenant", "acme"]);
    assert_eq!(user["role"], "agent");
    for (words, code, said) in [
        (&["tenant", "add", "acme"][..], 1, "never given twice"),
        (&["tenant", "add", "default"][..], 1, "never given twice"),
        (&["tenant", "add", "A b"][..], 2, "small letters"),
        (&["key", "add", "x", "--tenant", "nowhere"][..], 1, "no such tenant"),
        (&["key", "add", "x", "--role", "root"][..], 2, "system_admin"),
        (&["key", "revoke", "nothing"][..], 1, "no such key"),
    ] {
        let (exit, _, stderr) = trunkline(&day, words);
        assert_eq!(exit, code, "{words:?}: {stderr}");
        assert!(stderr.contains(said), "{words:?}: {stderr}");
    }
    let before = told(&day, &["key", "list", "--tenant", "acme"]);

    day.start();
    knows_its_database(&day);
    is_answered(&day, &text(&alone, "key"), 200);
    assert_eq!(get(&day, &text(&beside, "key"), "/api/keys").status, 401);
    assert_eq!(told(&day, &["key", "list", "--tenant", "acme"]), before, "both tell the same");
    assert!(!before.to_string().contains("hash"), "{before}");
    for (words, code) in [
        (&["tenant", "add", "acme"][..], 1),
        (&["key", "revoke", "no/such"][..], 1),
        (&["user", "list"][..], 0),
    ] {
        let (exit, stdout, stderr) = trunkline(&day, words);
        assert_eq!(exit, code, "{words:?}: {stdout} {stderr}");
    }
    told(&day, &["user", "revoke", &text(&user, "id")]);
    told(&day, &["tenant", "revoke", "acme"]);
    assert_eq!(get(&day, &text(&alone, "key"), "/api/calls").status, 401);
}

#[test]
fn a_call_that_comes_in_is_that_of_the_number_s_tenant() {
    let day = Day::with().set("TRUNKLINE_SCRIPTS_NUMBERS", &format!("{OURS}=questions@acme")).begin();
    knows_its_database(&day);
    let ((acme, _), (beta, _)) = (tenant(&day, "acme"), tenant(&day, "beta"));
    day.is_called_by(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.until("the call", |day| {
        let calls = get(day, &acme, "/api/calls?direction=inbound").json()["calls"].clone();
        calls.get(0).filter(|call| call["state"] == "ended").cloned()
    });
    assert_eq!((&call["tenant"], &call["answer_count"]), (&json!("acme"), &json!(3)));
    for key in [&*beta, KEY] {
        assert_eq!(get(&day, key, "/api/calls").json()["calls"], json!([]));
    }
    let stolen = post(&day, &beta, "/api/calls", &json!({ "to": BEN, "from": OURS }));
    assert_eq!(
        (stolen.status, &stolen.json()["field"]),
        (400, &json!("from")),
        "nobody calls from it but they"
    );
    let placed = post(&day, &acme, "/api/calls", &json!({ "to": BEN })).json();
    assert_eq!(placed["from"], OURS);
}

#[test]
fn a_number_of_a_tenant_that_is_not_there_belongs_to_nobody() {
    let day = Day::with().set("TRUNKLINE_SCRIPTS_NUMBERS", &format!("{OURS}=questions@acme")).begin();
    knows_its_database(&day);
    let sid = day.is_called_by(ANN, Habit::answers());
    day.is_quiet();
    let heard = format!("{:?}", day.sim.heard(&sid));
    assert!(!heard.contains("What is your name?"), "{heard}");
    assert_eq!(day.get("/api/calls").json()["calls"], json!([]));
    let (acme, _) = tenant(&day, "acme");
    day.is_called_by(ANN, Habit::answers());
    day.until("the control: a call of theirs", |day| {
        (get(day, &acme, "/api/calls").json()["calls"] != json!([])).then_some(())
    });
}

#[test]
fn no_route_tells_a_tenant_anything_of_another_s_calls() {
    let day = begin();
    day.person(BEN, Habit::NoAnswer);
    let ((acme, _), (beta, _)) = (tenant(&day, "acme"), tenant(&day, "beta"));
    let order = |to: &str| {
        let placed =
            post(&day, &acme, "/api/calls", &json!({ "to": to, "name": "Ann", "session_id": "s-1" }));
        assert_eq!(placed.status, 202, "{}", placed.text());
        assert_eq!(placed.json()["tenant"], "acme");
        placed.json()["id"].as_str().unwrap().to_owned()
    };
    let over = order(ANN);
    day.until("its end is in the database", |day| day.database().disposition(&over));
    let live = order(BEN);
    let sid = get(&day, &acme, &format!("/api/calls/{over}")).json()["carrier_call_id"].clone();
    let kept = json!({ "call_id": "CA7", "session_id": "s-7", "provider": "twilio" });
    assert_eq!(post(&day, &acme, "/api/calls/register", &kept).status, 201);

    // What there is, to the last byte, is what there would be of a call that never was.
    let nobody = "0199b2a4-7c6e-7000-8000-000000000001";
    let routes: [(Method, &str, Value); 11] = [
        (Method::GET, "", Value::Null),
        (Method::GET, "/events", Value::Null),
        (Method::GET, "/turns", Value::Null),
        (Method::GET, "/recordings/0", Value::Null),
        (Method::GET, "/session", Value::Null),
        (Method::PATCH, "", json!({ "metadata": { "a": 1 } })),
        (Method::PUT, "/status", json!({ "status": "completed" })),
        (Method::POST, "/end", Value::Null),
        (Method::POST, "/hold", Value::Null),
        (Method::POST, "/resume", Value::Null),
        (Method::POST, "/transfer", json!({ "to": "+15550100777" })),
    ];
    for (method, rest, body) in &routes {
        let absent = ask(&day, &beta, method.clone(), &format!("/api/calls/{nobody}{rest}"), body);
        assert_eq!(absent.status, 404, "{method} {rest}: {}", absent.text());
        for id in [&*over, &*live, sid.as_str().unwrap(), "CA7"] {
            for key in [&*beta, KEY] {
                let answer = ask(&day, key, method.clone(), &format!("/api/calls/{id}{rest}"), body);
                assert_eq!(answer.status, 404, "{method} {id}{rest}: {}", answer.text());
                assert_eq!(answer.text(), absent.text(), "{method} {id}{rest}");
            }
        }
    }
    for key in [&*beta, KEY] {
        for path in
            ["/api/calls", "/api/calls/active", "/api/calls?search=Ann", "/api/calls?status=completed"]
        {
            assert_eq!(get(&day, key, path).json()["calls"], json!([]), "{path}");
        }
        for session in ["s-1", "s-7"] {
            assert_eq!(get(&day, key, &format!("/api/sessions/{session}/call")).status, 404);
            let path = format!("/api/sessions/{session}");
            assert_eq!(ask(&day, key, Method::DELETE, &path, &Value::Null).status, 204);
        }
        let path = "/api/calls/CA7/registration";
        assert_eq!(ask(&day, key, Method::DELETE, path, &Value::Null).status, 204);
    }

    // The control: whose calls they are sees them, and nothing was done to them.
    let mine = get(&day, &acme, "/api/calls").json();
    assert_eq!(mine["calls"].as_array().unwrap().len(), 3, "{mine}");
    let kept = get(&day, &acme, "/api/sessions/s-7/call").json();
    assert_eq!((&kept["status"], &kept["metadata"]), (&json!("initiated"), &json!({})), "{kept}");
    assert_ne!(get(&day, &acme, &format!("/api/calls/{live}")).json()["status"], "canceled");
    for rest in ["", "/events", "/turns", "/recordings/0"] {
        assert_eq!(get(&day, &acme, &format!("/api/calls/{over}{rest}")).status, 200, "{rest}");
    }
}

#[test]
fn what_one_tenant_keeps_is_not_in_another_s_way() {
    let day = begin();
    let ((acme, _), (beta, _)) = (tenant(&day, "acme"), tenant(&day, "beta"));
    let order = |key: &str| {
        let request = day.ask(Method::POST, "/api/calls").bearer_auth(key).header("Idempotency-Key", "k1");
        day.send(request.json(&json!({ "to": ANN, "not_before": "2999-01-01T00:00:00Z" })))
    };
    let (one, two) = (order(&acme), order(&beta));
    assert_eq!((one.status, two.status, &two.json()["is_duplicate"]), (202, 202, &json!(false)));
    assert_ne!(one.json()["id"], two.json()["id"], "an idempotency key is its tenant's");

    let kept = json!({ "call_id": "CA7", "session_id": "s-7", "provider": "twilio" });
    let (one, two) =
        (post(&day, &acme, "/api/calls/register", &kept), post(&day, &beta, "/api/calls/register", &kept));
    assert_eq!((one.status, two.status), (201, 201), "{}", two.text());
    assert_ne!(one.json()["id"], two.json()["id"], "a client's id is its tenant's");
    assert_eq!(get(&day, &beta, "/api/sessions/s-7/call").json()["id"], two.json()["id"]);

    assert_eq!(post(&day, &acme, "/api/suppressions", &json!({ "number": BEN })).status, 201);
    assert_eq!(post(&day, &acme, "/api/calls", &json!({ "to": BEN })).status, 409);
    assert_eq!(get(&day, &beta, "/api/suppressions").json()["suppressions"], json!([]));
    assert_eq!(post(&day, &beta, "/api/calls", &json!({ "to": BEN })).status, 202);
}

#[test]
fn the_dashboard_is_that_of_the_key_s_tenant_and_ends_with_the_key() {
    let day = begin();
    let ((acme, id), (beta, _)) = (tenant(&day, "acme"), tenant(&day, "beta"));
    let order = json!({ "to": ANN, "name": "Ann of Acme", "not_before": "2999-01-01T00:00:00Z" });
    let call = post(&day, &acme, "/api/calls", &order).json()["id"].as_str().unwrap().to_owned();
    let cookie = |key: &str| signed_in(&day, key);
    let page = |cookie: &str, path: &str| {
        day.send(day.ask(Method::GET, path).header("cookie", cookie).header("accept", "text/html"))
    };
    let (mine, theirs) = (cookie(&acme), cookie(&beta));
    assert!(page(&mine, "/").text().contains("Ann of Acme"));
    assert!(!page(&theirs, "/").text().contains("Ann of Acme"));
    let path = format!("/calls/{call}");
    assert_eq!((page(&mine, &path).status, page(&theirs, &path).status), (200, 404));
    assert_eq!(page(&mine, "/settings-check").status, 403, "how the server is, is its operator's");
    let path = format!("/api/keys/{id}");
    assert_eq!(ask(&day, KEY, Method::DELETE, &path, &Value::Null).status, 204);
    assert!(!page(&mine, "/").text().contains("Ann of Acme"), "the session ended with its key");
}

#[test]
fn s_16_a_revoked_key_is_shut_within_a_second_whoever_revoked_it() {
    let day = begin();
    let ((acme, here), (beta, there)) = (tenant(&day, "acme"), tenant(&day, "beta"));
    let path = format!("/api/keys/{here}");
    assert_eq!(ask(&day, KEY, Method::DELETE, &path, &Value::Null).status, 204);
    let refused = get(&day, &acme, "/api/calls");
    assert_eq!((refused.status, refused.header("content-type")), (401, "application/problem+json"));
    assert_eq!(get(&day, &beta, "/api/calls").status, 200, "the control");

    let id = DecisionId::Key(KeyId::new(there));
    let at = Timestamp::from_second(1_790_000_000).unwrap();
    elsewhere(async |store| store.revoke_decision(&id, at).await.unwrap(), &store(&day));
    let begun = Instant::now();
    is_answered(&day, &beta, 401);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_revoked_tenant_is_shut_with_all_its_keys_and_its_id_is_not_given_again() {
    let day = begin();
    let (acme, _) = tenant(&day, "acme");
    assert_eq!(ask(&day, KEY, Method::DELETE, "/api/tenants/acme", &Value::Null).status, 204);
    assert_eq!(get(&day, &acme, "/api/calls").status, 401);
    for id in ["acme", "default"] {
        let again = post(&day, KEY, "/api/tenants", &json!({ "id": id }));
        assert_eq!((again.status, &again.json()["code"]), (409, &json!("taken")), "{id}");
    }
    let late = post(&day, KEY, "/api/keys", &json!({ "tenant": "acme", "name": "late" }));
    assert_eq!(late.status, 404, "no new keys of a revoked tenant");
    assert_eq!(ask(&day, KEY, Method::DELETE, "/api/tenants/default", &Value::Null).status, 400);
    assert_eq!(ask(&day, KEY, Method::DELETE, "/api/tenants/nowhere", &Value::Null).status, 404);
}

#[test]
fn a_key_runs_out_and_one_that_has_is_not_made() {
    let day = begin();
    let asked = json!({ "name": "old", "expires_at": "2001-01-01T00:00:00Z" });
    let refused = post(&day, KEY, "/api/keys", &asked);
    assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("expires_at")));
    let soon = day.get("/api/calls").json()["as_of"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let soon = soon + jiff::SignedDuration::from_secs(30);
    let (key, _) = key(&day, KEY, &json!({ "name": "short", "expires_at": soon.to_string() }));
    is_answered(&day, &key, 401);
}

#[test]
fn nobody_manages_more_than_their_role_and_their_tenant() {
    let day = begin();
    let ((agent, _), (_, theirs)) = (tenant(&day, "acme"), tenant(&day, "beta"));
    let (admin, _) = key(&day, KEY, &json!({ "tenant": "acme", "name": "admin", "role": "admin" }));
    let (_, owner) = key(&day, KEY, &json!({ "tenant": "acme", "name": "owner", "role": "owner" }));
    for (method, path) in [
        (Method::GET, "/api/keys"),
        (Method::POST, "/api/keys"),
        (Method::GET, "/api/users"),
        (Method::POST, "/api/users"),
    ] {
        let answer = ask(&day, &agent, method.clone(), path, &json!({ "name": "x" }));
        assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("forbidden")), "{method} {path}");
    }
    for key in [&agent, &admin] {
        assert_eq!(get(&day, key, "/api/tenants").status, 403);
        assert_eq!(post(&day, key, "/api/tenants", &json!({ "id": "mine" })).status, 403);
        assert_eq!(ask(&day, key, Method::DELETE, "/api/tenants/beta", &Value::Null).status, 403);
        assert_eq!(post(&day, key, "/api/drain", &Value::Null).status, 403);
    }
    let own = get(&day, &admin, "/api/keys").json();
    assert_eq!(own["keys"].as_array().unwrap().len(), 3, "{own}");
    assert!(own.to_string().find("\"key\"").is_none() && own.to_string().find("hash").is_none(), "{own}");
    assert_eq!(
        get(&day, &admin, "/api/keys?tenant=beta").text(),
        get(&day, &admin, "/api/keys?tenant=no").text()
    );
    let foreign = ask(&day, &admin, Method::DELETE, &format!("/api/keys/{theirs}"), &Value::Null);
    let absent = ask(&day, &admin, Method::DELETE, "/api/keys/none", &Value::Null);
    assert_eq!((foreign.status, foreign.text()), (404, absent.text()));
    let above = ask(&day, &admin, Method::DELETE, &format!("/api/keys/{owner}"), &Value::Null);
    assert_eq!(above.status, 404, "nor one of a role above its own");
    assert_eq!(post(&day, &admin, "/api/keys", &json!({ "name": "x", "role": "owner" })).status, 403);
    assert_eq!(post(&day, &admin, "/api/keys", &json!({ "name": "x", "tenant": "beta" })).status, 404);

    let user = post(&day, &admin, "/api/users", &json!({ "name": "Ann Lee", "role": "agent" }));
    assert_eq!((user.status, &user.json()["tenant"]), (201, &json!("acme")), "{}", user.text());
    let path = format!("/api/users/{}", user.json()["id"].as_str().unwrap());
    assert_eq!(get(&day, &admin, "/api/users").json()["users"][0]["name"], "Ann Lee");
    assert_eq!(ask(&day, &admin, Method::DELETE, &path, &Value::Null).status, 204);
    assert!(get(&day, &admin, "/api/users").json()["users"][0]["revoked_at"].is_string());
}

#[test]
fn a_start_without_the_database_still_knows_whom_to_trust() {
    let mut day = begin();
    let ((acme, _), (gone, revoked)) = (tenant(&day, "acme"), tenant(&day, "gone"));
    let user = json!({ "tenant": "acme", "name": "Ann Lee", "role": "agent" });
    assert_eq!(post(&day, KEY, "/api/users", &user).status, 201);
    let path = format!("/api/keys/{revoked}");
    assert_eq!(ask(&day, KEY, Method::DELETE, &path, &Value::Null).status, 204);
    day.power_fails();
    day.database().is_deleted();
    // Nothing can be a database in this place.
    let place = day.folder().join("trunkline.db");
    std::fs::create_dir(&place).unwrap();
    day.start();

    assert_eq!(day.get("/readyz").json()["parts"]["database"]["state"], "degraded");
    assert_eq!(get(&day, &acme, "/api/calls").status, 200);
    let placed = post(&day, &acme, "/api/calls", &json!({ "to": ANN, "not_before": "2999-01-01T00:00:00Z" }));
    assert_eq!((placed.status, &placed.json()["tenant"]), (202, &json!("acme")), "{}", placed.text());
    for wrong in [&*gone, "", "tk_", &acme[..acme.len() - 1], &acme.to_uppercase()] {
        assert_eq!(get(&day, wrong, "/api/calls").status, 401, "unknown and revoked keys stay out");
    }
    for (path, body) in [
        ("/api/tenants", json!({ "id": "new" })),
        ("/api/keys", json!({ "name": "new" })),
        ("/api/users", json!({ "name": "new" })),
    ] {
        let refused = post(&day, KEY, path, &body);
        assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("database_away")), "{path}");
    }
    let suppressed = post(&day, &acme, "/api/suppressions", &json!({ "number": BEN }));
    assert_eq!(suppressed.status, 201, "an opt-out is always taken");

    // A new database in the place of the lost one gets back what the journal knows.
    std::fs::remove_dir(&place).unwrap();
    knows_its_database(&day);
    let rows = day.until("the new database knows them too", |day| {
        let read = async |store: Store| store.decisions().await.unwrap();
        Some(elsewhere(read, &store(day))).filter(|rows| rows.len() == 5)
    });
    assert_eq!(rows.iter().filter(|row| row.revoked_at().is_some()).count(), 1);
    assert_eq!(get(&day, &acme, "/api/calls").status, 200);
    assert_eq!(get(&day, &gone, "/api/calls").status, 401);
    let users = get(&day, KEY, "/api/users?tenant=acme").json();
    assert_eq!(users["users"][0]["name"], "Ann Lee");

    let journal = std::fs::read_dir(day.folder().join("journal")).unwrap();
    for file in journal.map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default()) {
        let text = String::from_utf8_lossy(&file).into_owned();
        assert!(!text.contains(&acme[3..]) && !text.contains("Ann Lee"), "a key or a name in clear");
    }
}

#[test]
fn a_checkpoint_carries_whom_to_trust() {
    let mut day = Day::with().in_its_own_process().begin();
    knows_its_database(&day);
    let ((acme, _), (gone, revoked)) = (tenant(&day, "acme"), tenant(&day, "gone"));
    let path = format!("/api/keys/{revoked}");
    assert_eq!(ask(&day, KEY, Method::DELETE, &path, &Value::Null).status, 204);
    // Its last act is a checkpoint, and nothing is journaled after it.
    assert!(day.is_told_to_stop().success());
    day.database().is_deleted();
    std::fs::create_dir(day.folder().join("trunkline.db")).unwrap();
    day.start();
    assert_eq!((get(&day, &acme, "/api/calls").status, get(&day, &gone, "/api/calls").status), (200, 401));
}

#[test]
fn a_locked_database_keeps_keys_as_they_are_and_shuts_nobody_out() {
    let day = begin();
    let (acme, id) = tenant(&day, "acme");
    let lock = day.database().goes_down();
    assert_eq!(get(&day, &acme, "/api/scripts").status, 200);
    let path = format!("/api/keys/{id}");
    let refused = ask(&day, KEY, Method::DELETE, &path, &Value::Null);
    assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("database_away")));
    assert_eq!(get(&day, &acme, "/api/scripts").status, 200, "what was not decided is not done");
    lock.ends(&day);
    day.until("the key is revoked", |day| {
        (ask(day, KEY, Method::DELETE, &path, &Value::Null).status == 204).then_some(())
    });
    assert_eq!(get(&day, &acme, "/api/scripts").status, 401);
}

#[test]
fn what_was_revoked_stays_revoked_when_an_older_copy_of_the_database_is_put_in_place() {
    let mut day = begin();
    let (acme, id) = tenant(&day, "acme");
    day.journal_position();
    day.power_fails();
    let (file, copy) = (day.folder().join("trunkline.db"), day.folder().join("copy.db"));
    // Whole, with what is still in the log beside it.
    elsewhere(async |store| store.close().await, &store(&day));
    std::fs::copy(&file, &copy).unwrap();
    day.start();
    knows_its_database(&day);
    let path = format!("/api/keys/{id}");
    assert_eq!(ask(&day, KEY, Method::DELETE, &path, &Value::Null).status, 204);
    day.power_fails();
    day.database().is_deleted();
    std::fs::rename(&copy, &file).unwrap();
    day.start();
    knows_its_database(&day);
    let rows = day.until("the copy knows it too", |day| {
        let read = async |store: Store| store.decisions().await.unwrap();
        Some(elsewhere(read, &store(day))).filter(|rows| rows.iter().any(|row| row.revoked_at().is_some()))
    });
    assert_eq!(rows.len(), 2);
    assert_eq!(get(&day, &acme, "/api/calls").status, 401);
}
