//! The described surface: what the OpenAPI document says of every route is what happens, whoever asks. Everything here goes
//! through the document, so that a route that is added is asked too.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::beneath::{Beneath, Trouble, is_told};
use crate::day::{Answer, Day, KEY};
use crate::queue::{campaign, number};
use crate::tenants::{knows_its_database, post};

/// One operation, as the document has it.
struct Operation {
    method: Method,
    path: String,
    said: Value,
}

impl Operation {
    /// All of them.
    fn all(day: &Day) -> Vec<Self> {
        let document = day.send(day.ask(Method::GET, "/openapi.json")).json();
        let paths = document["paths"].as_object().unwrap().clone();
        let of_path = |(path, at): (String, Value)| {
            let at = at.as_object().unwrap().clone();
            at.into_iter().map(move |(verb, said)| {
                let method = verb.to_uppercase().parse().unwrap();
                Self { method, path: path.clone(), said }
            })
        };
        let all: Vec<Self> = paths.into_iter().flat_map(of_path).collect();
        assert!(all.len() > 50, "the control: there are routes");
        all
    }

    /// Whether it needs a key.
    fn is_keyed(&self) -> bool {
        self.said.get("security").is_none()
    }

    fn is_told(&self, status: u16) -> bool {
        self.said["responses"].get(status.to_string()).is_some()
    }

    /// Asks it with a body that is good.
    fn ask(&self, day: &Day, path: &str, key: Option<&str>) -> Answer {
        let request = day.ask(self.method.clone(), path);
        let content = &self.said["requestBody"]["content"];
        let request = match content["application/json"].get("example") {
            Some(example) => request.json(example),
            None if content["text/csv"].is_object() => {
                request.header("content-type", "text/csv").body("phone\n+15550100177\n")
            }
            None => request,
        };
        let answer = day.send(match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        });
        assert!(self.is_told(answer.status), "{self}: {} is not told: {}", answer.status, answer.text());
        answer
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What there is of a tenant, for every name that stands in a path.
struct Things(BTreeMap<&'static str, String>);

impl Things {
    /// Makes one of each for whoever speaks.
    fn of(day: &Day, tenant: &str, (key, key_id): (&str, &str)) -> Self {
        let registered = json!({ "call_id": "CA17", "session_id": "s-17", "provider": "twilio" });
        assert_eq!(day.post("/api/calls/register", &registered).status, 201);
        let user = day.post("/api/users", &json!({ "name": "Ann", "login": format!("ann@{tenant}") })).json();
        let webhook = day.post("/api/webhooks", &json!({ "url": "https://example.invalid/hooks" })).json();
        let hours = json!({ "zone": "Europe/London", "hours": [{ "from": "09:00", "to": "17:00" }] });
        let practitioner =
            day.post("/api/practitioners", &json!({ "name": "Dr Lee", "hours": hours })).json();
        let appointment = json!({
            "customer": "Ann", "phone": number(42), "practitioner": "Dr Lee", "start": "2036-03-03T10:00"
        });
        let appointment = day.post("/api/appointments", &appointment).json();
        let own = "+15005550007".to_owned();
        let path = format!("/api/numbers/{own}");
        let given = json!({ "script": "questions", "tenant": tenant });
        assert_eq!(day.send(day.ask(Method::PUT, &path).bearer_auth(KEY).json(&given)).status, 201);
        let said = day.ask(Method::PUT, &path).bearer_auth(key).json(&json!({ "script": "questions" }));
        assert_eq!(day.send(said).status, 200, "theirs, once it was given");
        let members = day.ask(Method::PUT, "/api/conversations/7/members").bearer_auth(key);
        assert_eq!(day.send(members.json(&json!({ "members": ["ann-of-acme"] }))).status, 200);
        let call = day.call(&number(40));
        let (id, jobs) = campaign(day, "ours", &json!({}), &[number(41)]);
        Self(BTreeMap::from([
            ("/api/calls/{id}", call),
            ("/api/sessions/{sid}", "s-17".to_owned()),
            ("/api/campaigns/{id}", id),
            ("/api/jobs/{id}", jobs[0].clone()),
            ("/api/keys/{id}", key_id.to_owned()),
            ("/api/users/{id}", user["id"].as_str().unwrap().to_owned()),
            ("/api/webhooks/{id}", webhook["id"].as_str().unwrap().to_owned()),
            ("/api/tenants/{id}", tenant.to_owned()),
            ("/api/numbers/{number}", own),
            ("/api/conversations/{id}", "7".to_owned()),
            ("/api/blocks/{user}", "bob".to_owned()),
            ("/api/practitioners/{id}", practitioner["id"].as_str().unwrap().to_owned()),
            ("/api/appointments/{id}", appointment["id"].as_str().unwrap().to_owned()),
            ("/api/bots/{name}", "ours".to_owned()),
        ]))
    }

    /// The address of an operation on this tenant's things; or on those that this makes of each.
    fn address(&self, path: &str, made: impl Fn(&str) -> String) -> String {
        let begins = |(begin, _): &(&&str, &String)| path.starts_with(**begin);
        let path = match self.0.iter().find(begins) {
            Some((begin, id)) => {
                let (front, _) = begin.rsplit_once('/').unwrap();
                format!("{front}/{}{}", made(id), &path[begin.len()..])
            }
            None => path.to_owned(),
        };
        let path = path.replace("{n}", "0").replace("{move}", "pause").replace("{event}", "e1");
        assert!(!path.contains('{'), "no story has a thing for {path}");
        path
    }
}

/// A key of a tenant, and its id.
fn key(day: &Day, tenant: &str, role: &str) -> (String, String) {
    let made = post(day, KEY, "/api/keys", &json!({ "tenant": tenant, "name": role, "role": role }));
    assert_eq!(made.status, 201, "{}", made.text());
    let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
    (text("key"), text("id"))
}

#[test]
fn s_08_every_route_is_shut_to_who_has_no_key_a_revoked_one_or_one_of_another_tenant() {
    // Each wrong key is asked with for every route, in a row.
    let bots = tempfile::tempdir().unwrap();
    let bot = r#"{ "tenant": "acme", "instructions": "Be kind.", "greeting": "Hello." }"#;
    fs::write(bots.path().join("ours.json"), bot).unwrap();
    let mut day = Day::with()
        .set("TRUNKLINE_LIMITS_STRANGER_REQUESTS_PER_SECOND", "1000")
        .set("BOTS", bots.path().to_str().unwrap())
        .begin();
    knows_its_database(&day);
    for tenant in ["acme", "beta"] {
        assert_eq!(post(&day, KEY, "/api/tenants", &json!({ "id": tenant })).status, 201);
    }
    let ((ours, our_id), (theirs, _), (agents, _)) =
        (key(&day, "acme", "owner"), key(&day, "beta", "owner"), key(&day, "beta", "agent"));
    let (revoked, revoked_id) = key(&day, "acme", "owner");
    let gone = day.send(day.ask(Method::DELETE, &format!("/api/keys/{revoked_id}")).bearer_auth(KEY));
    assert_eq!(gone.status, 204);
    let scopes = ["read", "calls", "campaigns", "admin"];
    // For each scope a key of the highest role that has all the others.
    let without = BTreeMap::from(scopes.map(|scope| {
        let others: Vec<&str> = scopes.into_iter().filter(|other| *other != scope).collect();
        let asked = json!({ "name": "narrow", "role": "system_admin", "tenant": "acme", "scopes": others });
        let made = post(&day, KEY, "/api/keys", &asked);
        assert_eq!(made.status, 201, "{}", made.text());
        (scope, made.json()["key"].as_str().unwrap().to_owned())
    }));
    day.speaks_with(&ours);
    let things = Things::of(&day, "acme", (&ours, &our_id));
    let nobodys = "0199b2a4-7c6e-7000-8000-00000000ffff";
    let (mut foreign, mut roles, mut malformed) = (0, 0, 0);

    for operation in Operation::all(&day) {
        let path = things.address(&operation.path, str::to_owned);
        if !operation.is_keyed() {
            assert_eq!(operation.ask(&day, &path, None).status, 200, "{operation}");
            continue;
        }
        for shut in [None, Some("tk_nobodys-key-0123456789abcdefghijklm"), Some(""), Some(&*revoked)] {
            let answer = operation.ask(&day, &path, shut);
            assert_eq!(answer.status, 401, "{operation}");
            assert_eq!(answer.json()["code"], "unauthorized", "{operation}");
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{operation}");
        }
        let scope = operation.said["x-scope"].as_str().unwrap();
        let answer = operation.ask(&day, &path, Some(&without[scope]));
        let (status, code) = (answer.status, answer.json()["code"].clone());
        assert_eq!((status, &code), (403, &json!("out_of_scope")), "s_16 {operation}");
        if operation.said["x-role"] != "agent" {
            let answer = operation.ask(&day, &path, Some(&agents));
            assert!([403, 404].contains(&answer.status), "{operation}: {}", answer.text());
            roles += 1;
        }
        if ["/api/conversations/", "/api/blocks/"].iter().any(|begin| operation.path.starts_with(begin)) {
            // These names are an app's own: each tenant has theirs.
            let answer = operation.ask(&day, &path, Some(&theirs));
            assert!(!answer.text().contains("ann-of-acme"), "{operation}: {}", answer.text());
            for odd in ["%00", &"x".repeat(300)] {
                let path = things.address(&operation.path, |_| odd.to_owned());
                let answer = operation.ask(&day, &path, Some(&ours));
                assert!([400, 404].contains(&answer.status), "{operation} {odd}: {}", answer.text());
            }
            continue;
        }
        if operation.path.contains('{') {
            let answer = operation.ask(&day, &path, Some(&theirs));
            let absent =
                operation.ask(&day, &things.address(&operation.path, |_| nobodys.to_owned()), Some(&theirs));
            if operation.method == Method::PUT && operation.path.starts_with("/api/numbers/") {
                // A number is known to whoever can call it: that it can't be had is all that is said.
                let problem = answer.json();
                assert_eq!((answer.status, &problem["code"]), (409, &json!("taken")), "{operation}");
                assert!(!answer.text().contains("acme"), "{operation}: {}", answer.text());
                continue;
            }
            let is_shut = [403, 404].contains(&answer.status);
            // What can be repeated is answered as done, and does nothing.
            let is_nothing = operation.method == Method::DELETE && answer.status == 204;
            assert!(is_shut || is_nothing, "{operation}: {}", answer.text());
            assert_eq!(
                (answer.status, answer.text()),
                (absent.status, absent.text()),
                "{operation}: another's is told from none"
            );
            foreign += 1;

            for odd in ["%00", "a%20b", "%D7%A9", &"x".repeat(300)] {
                let path = things.address(&operation.path, |_| odd.to_owned());
                let answer = operation.ask(&day, &path, Some(&ours));
                let is_refused = [400, 403, 404].contains(&answer.status);
                let is_a_session = operation.path.contains("{sid}");
                assert!(is_refused || is_a_session, "{operation} {odd}: {}", answer.text());
                malformed += 1;
            }
        }
    }
    assert!(foreign > 25 && roles > 8 && malformed > 100, "the control: {foreign} {roles} {malformed}");

    // The control: all that was asked for is there, as it was, and opens to whose it is.
    for operation in Operation::all(&day) {
        let is_about_somebody = operation.path.contains("{id}") || operation.path.contains("{sid}");
        let is_a_recording = operation.path.contains("{n}");
        // A call that this server placed belongs to no session.
        let is_a_session = operation.path.ends_with("/session");
        if operation.method == Method::GET && is_about_somebody && !is_a_recording && !is_a_session {
            let answer = operation.ask(&day, &things.address(&operation.path, str::to_owned), Some(&ours));
            assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
        }
    }
}

#[test]
fn who_asks_what_is_documented_is_told_what_is_documented() {
    let day = Day::begin();
    knows_its_database(&day);
    let version = |answer: &Answer| answer.header("etag").to_owned();
    let call = day.call(&number(1));
    day.ended(&call);
    let path = format!("/api/calls/{call}");
    let first = day.get(&path);
    let again =
        |tag: &str| day.send(day.ask(Method::GET, &path).bearer_auth(KEY).header("if-none-match", tag));
    let known = again(&version(&first));
    assert_eq!((known.status, known.body.len(), version(&known)), (304, 0, version(&first)));
    let patch = day.ask(Method::PATCH, &path).bearer_auth(KEY).json(&json!({ "metadata": { "a": 1 } }));
    assert_eq!(day.send(patch).status, 200);
    let changed = again(&version(&first));
    assert_eq!(changed.status, 200, "a call that changed is read again");
    assert_ne!(version(&changed), version(&first));

    let named = day.ask(Method::GET, "/api/calls/nobody").bearer_auth(KEY).header("x-request-id", "story-17");
    let problem = day.send(named);
    assert_eq!((problem.status, problem.header("x-request-id")), (404, "story-17"));
    assert_eq!(problem.json()["request_id"], "story-17");
    let place = problem.json()["type"].as_str().unwrap().to_owned();
    let (page, code) = place.split_once('#').unwrap();
    let page = day.send(day.ask(Method::GET, page));
    assert!(page.status == 200 && page.text().contains(&format!("id=\"{code}\"")), "{place}");
}

#[test]
#[ignore = "needs schemathesis; cargo xtask test runs it"]
fn whatever_can_be_sent_is_answered_as_the_document_says() {
    let day = Day::begin();
    knows_its_database(&day);
    let ids = things_to_ask_about(&day);
    judged(&day, &ids, &["--phases", "examples,coverage,fuzzing", "--max-examples", "2"]);
}

#[test]
#[ignore = "needs schemathesis; cargo xtask test runs it"]
fn whatever_can_be_sent_while_the_database_is_away_is_answered_as_the_document_says() {
    let mut beneath = Beneath::new(Trouble::Locked);
    let day = beneath.of(Day::with()).begin();
    knows_its_database(&day);
    let ids = things_to_ask_about(&day);
    beneath.goes_away(&day);
    is_told(&day);
    judged(&day, &ids, &["--phases", "examples,fuzzing", "--max-examples", "4"]);
    beneath.comes_back(&day);
}

/// A call, a campaign and a job that are there.
fn things_to_ask_about(day: &Day) -> [(&'static str, String); 3] {
    let call = day.call(&number(1));
    day.ended(&call);
    let (id, jobs) = campaign(day, "ours", &json!({}), &[number(2)]);
    [("calls", call), ("campaigns", id), ("jobs", jobs[0].clone())]
}

/// An independent program reads the document, makes up requests that keep to it and requests that do not, and judges every
/// answer by it. It asks about things that are there, and about things that are not.
fn judged(day: &Day, ids: &[(&str, String)], dose: &[&str]) {
    // A server that is drained has nothing more to say, and live events have no end.
    ask(day, "", &[&["--exclude-path", "/api/drain", "--exclude-path", "/api/events"], dose].concat());
    let there: String = ids
        .iter()
        .map(|(kind, id)| {
            format!(
                "[[operations]]\ninclude-path-regex = \"^/api/{kind}/\\\\{{id\\\\}}\"\nparameters = {{ \"path.id\" = \"{id}\" }}\n"
            )
        })
        .collect();
    let of_ids = ["--include-path-regex", r"^/api/(calls|campaigns|jobs)/\{id\}"];
    ask(day, &there, &[&of_ids[..], &["--phases", "examples,fuzzing", "--max-examples", "2"]].concat());
}

fn ask(day: &Day, more: &str, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("schemathesis.toml");
    fs::write(&settings, format!("{RULES}{more}")).unwrap();
    let python = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.current_dir(folder.path()).env("NO_PROXY", "127.0.0.1").args(["-m", "schemathesis.cli"]);
    command.args(["--config-file".as_ref(), settings.as_os_str()]).args(["run", &day.url("/openapi.json")]);
    command.args(["--header", &format!("Authorization: Bearer {KEY}"), "--checks", "all"]);
    command
        .args(["--seed", "1", "--continue-on-failure", "--no-shrink", "--warnings", "off"])
        .args(arguments);
    let output = command.output().expect("Python 3 is needed");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && asked(&said) > 40, "{said}");
}

/// How many requests were made up.
fn asked(said: &str) -> u32 {
    let line = said.lines().find(|line| line.contains(" generated, ")).unwrap_or_default();
    line.split_whitespace().next().and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// What a good answer is. 503 is one, where the document says so; a number that is none, and a time that is past, can't be
/// told from good ones by a schema, so that a good request may be answered with 400 as well.
const RULES: &str = r#"
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "503"]
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "400", "403", "404", "409", "416", "422", "503"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "503"]
"#;
