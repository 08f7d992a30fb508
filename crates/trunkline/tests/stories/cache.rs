//! A Redis beside the server, which comes and goes, is emptied, frozen and lied to: the same answers, or none. F-13.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use trunkline_carriers::callback::SecretKeys;
use trunkline_sim::Habit;
use trunkline_store::cache::{CacheKeys, Cached, Entry, Found, Link, Pointing};
use trunkline_testkit::{postgres, redis};

use crate::day::{Answer, Day, KEY, Opening};

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";
const SECRET: &str = "5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de";

/// A server in its own process, so that its log can be read.
fn beside(redis: &redis::Server) -> Opening {
    Day::with().set("REDIS_URL", &redis.url()).set("TRUNKLINE_SECRET_KEYS", SECRET).in_its_own_process()
}

fn part(day: &Day, name: &str) -> Value {
    day.get("/readyz").json()["parts"][name].clone()
}

fn cache_is(day: &Day, state: &str) {
    day.until(&format!("the cache is {state}"), |day| (part(day, "cache")["state"] == state).then_some(()));
}

fn database_is(day: &Day, state: &str) {
    day.until(&format!("the database is {state}"), |day| {
        (part(day, "database")["state"] == state).then_some(())
    });
}

/// Waits until everything that happened is in the database: calls that are over have left memory.
fn is_in_history(day: &Day) {
    database_is(day, "ok");
    day.until("the database has it all", |day| (day.get("/readyz").json()["lag_events"] == 0).then_some(()));
}

fn lines(day: &Day, word: &str) -> usize {
    day.written().1.lines().filter(|line| line.contains(word)).count()
}

/// Registers a call, and ends it.
fn kept(day: &Day, call: &str, session: &str) {
    let asked = json!({ "call_id": call, "session_id": session, "provider": "twilio", "from_number": ANN });
    assert_eq!(day.post("/api/calls/register", &asked).status, 201);
    ends(day, call);
}

fn ends(day: &Day, call: &str) {
    let path = format!("/api/calls/{call}/status");
    let said = day.send(day.ask(Method::PUT, &path).bearer_auth(KEY).json(&json!({ "status": "completed" })));
    assert_eq!(said.status, 200, "{}", said.text());
}

/// Reads a path until it is answered so: what is written to the cache is written a moment later.
fn reads(day: &Day, path: &str, status: u16) -> Answer {
    day.until(&format!("{path} is {status}"), |day| {
        Some(day.get(path)).filter(|answer| answer.status == status)
    })
}

/// The one name in Redis that ends like this.
fn name(redis: &redis::Server, end: &str) -> String {
    redis.names(&format!("*:call:{end}")).unwrap().remove(0)
}

/// The cache as somebody reads and writes it who has the server's own keys.
struct Insider(Runtime, Link);

impl Insider {
    fn new(redis: &redis::Server) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (first, others) = SecretKeys::parse(SECRET).unwrap().derived(b"cache");
        let keys = CacheKeys::new(&first, &others).into();
        let link = runtime.block_on(Link::connect(&redis.url().parse().unwrap(), keys)).unwrap();
        Self(runtime, link)
    }

    fn reads(&self, call: &str) -> Cached {
        match self.0.block_on(self.1.call(call.parse().unwrap())).unwrap() {
            Found::Call(cached) => *cached,
            other => panic!("{other:?}"),
        }
    }

    fn writes(&self, Cached { call, edition }: Cached) {
        let entry = Entry { call: call.into(), edition, pointing: Pointing::Nothing };
        self.0.block_on(self.1.put(&[entry])).unwrap();
    }
}

#[test]
fn a_cache_that_comes_goes_and_freezes_changes_no_answer_and_is_logged_once_per_change() {
    let redis = redis::Server::not_started().unwrap();
    let day = beside(&redis).begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let works = |times: usize| {
        let call = day.call(ANN);
        assert_eq!(day.disposition(&call), "completed");
        assert_eq!(day.answers(&call), ["Ann", "Tuesday", "no"]);
        assert_eq!(day.get("/api/calls").json()["calls"].as_array().unwrap().len(), times);
        assert_eq!(day.get("/readyz").status, 200, "never unready for it");
    };
    cache_is(&day, "degraded");
    works(1);
    assert_eq!([lines(&day, "cache.away"), lines(&day, "cache.available")], [1, 0], "down at the start");

    redis.begin().unwrap();
    cache_is(&day, "ok");
    works(2);
    day.until("calls are in it", |_| (!redis.names("*:call:*").unwrap().is_empty()).then_some(()));

    redis.kill().unwrap();
    cache_is(&day, "degraded");
    works(3);
    redis.begin().unwrap();
    cache_is(&day, "ok");

    redis.freeze().unwrap();
    cache_is(&day, "degraded");
    works(4);
    redis.thaw().unwrap();
    cache_is(&day, "ok");
    redis.flush().unwrap();
    works(5);

    let counts = [lines(&day, "cache.away"), lines(&day, "cache.available")];
    assert_eq!(counts, [3, 3], "{}", day.written().1);
    let (said, logged) = day.written();
    assert!(!said.contains(redis::PASSWORD) && !logged.contains(redis::PASSWORD));
}

#[test]
fn a_call_that_is_over_is_read_while_the_database_is_slow_or_away_and_not_once_the_cache_was_emptied() {
    let (postgres, redis) = (postgres::Server::start().unwrap(), redis::Server::start().unwrap());
    let database = postgres.database().unwrap();
    let day = beside(&redis).set("DATABASE_URL", &database.url()).begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    cache_is(&day, "ok");
    is_in_history(&day);
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed");
    day.keeps_recordings(&call);
    kept(&day, "CA7", "s-1");
    is_in_history(&day);
    let sid = day.sid(ANN).to_string();
    let paths = [
        format!("/api/calls/{call}"),
        format!("/api/calls/{sid}"),
        format!("/api/calls/{call}/turns"),
        "/api/calls/CA7".to_owned(),
        "/api/calls/CA7/session".to_owned(),
        "/api/sessions/s-1/call".to_owned(),
    ];
    let told: Vec<Value> = paths.iter().map(|path| reads(&day, path, 200).json()).collect();
    let all_are = |state: &str| {
        for (path, told) in paths.iter().zip(&told) {
            assert_eq!(reads(&day, path, 200).json(), *told, "{path}, {state}");
        }
    };

    postgres.freeze().unwrap();
    all_are("the database frozen");
    postgres.thaw().unwrap();
    is_in_history(&day);
    postgres.kill().unwrap();
    database_is(&day, "degraded");
    all_are("the database gone");
    assert_eq!(day.get("/api/calls/CA8").status, 503, "of what it does not have it says nothing");

    redis.freeze().unwrap();
    paths.iter().for_each(|path| assert_eq!(day.get(path).status, 503, "{path} waits for nobody"));
    cache_is(&day, "degraded");
    redis.thaw().unwrap();
    all_are("the cache back");

    redis.flush().unwrap();
    paths
        .iter()
        .for_each(|path| assert_eq!(day.get(path).status, 503, "{path}: the control: it was the cache"));
    postgres.begin().unwrap();
    database_is(&day, "ok");
    all_are("the database back");
    assert_eq!([lines(&day, "cache.away"), lines(&day, "ERROR")], [1, 0], "{}", day.written().1);
}

#[test]
fn what_the_cache_was_made_to_say_is_not_believed() {
    let (postgres, redis) = (postgres::Server::start().unwrap(), redis::Server::start().unwrap());
    let database = postgres.database().unwrap();
    let day = beside(&redis).set("DATABASE_URL", &database.url()).begin();
    cache_is(&day, "ok");
    is_in_history(&day);
    let asked = json!({ "call_id": "CA7", "session_id": "s-1", "provider": "twilio", "from_number": ANN });
    let id = day.post("/api/calls/register", &asked).json()["id"].as_str().unwrap().to_owned();
    kept(&day, "CA8", "s-2");
    let of_7 = day.until("the live call is in it", |_| redis.names(&format!("*:call:{id}")).unwrap().pop());
    let older = redis.get(&of_7).unwrap().unwrap();
    ends(&day, "CA7");
    is_in_history(&day);
    let of_8 = name(&redis, day.look_at("CA8")["id"].as_str().unwrap());
    postgres.kill().unwrap();
    database_is(&day, "degraded");
    let truth = reads(&day, "/api/calls/CA7", 200).json();
    let value = redis.get(&of_7).unwrap().unwrap();

    let mut changed = value.clone();
    changed[100] ^= 1;
    let foreign = redis.get(&of_8).unwrap().unwrap();
    for lie in [&b"{}"[..], &changed, &foreign, &older, &[]] {
        redis.set(&of_7, lie).unwrap();
        for path in ["/api/calls/CA7", "/api/sessions/s-1/call", "/api/calls/CA7/session"] {
            assert_eq!(day.get(path).status, 503, "{path}: as without a cache");
        }
    }
    let detail = part(&day, "cache")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("12 foreign values ignored"), "counted: {detail}");
    assert_eq!(lines(&day, "cache.foreign_value"), 1, "and said once");
    redis.set(&of_7, &value).unwrap();
    assert_eq!(day.get("/api/calls/CA7").json(), truth, "the control: what it wrote is believed");

    let insider = Insider::new(&redis);
    let mut lie = insider.reads(&id);
    lie.call.party.from = trunkline_core::private::Address::new(BEN);
    insider.writes(lie);
    let believed = day.get("/api/calls/CA7").json();
    assert_eq!(believed["from"], BEN, "the control: without the seal between, the lie would be told");
}

#[test]
fn what_is_known_of_a_call_since_takes_its_copy_back() {
    let (postgres, redis) = (postgres::Server::start().unwrap(), redis::Server::start().unwrap());
    let database = postgres.database().unwrap();
    let day = beside(&redis).set("DATABASE_URL", &database.url()).begin();
    day.person(ANN, Habit::NoAnswer);
    cache_is(&day, "ok");
    is_in_history(&day);
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "no_answer");
    day.is_quiet();
    is_in_history(&day);
    let path = format!("/api/calls/{call}");
    postgres.kill().unwrap();
    database_is(&day, "degraded");
    reads(&day, &path, 200);

    let last =
        day.sim.webhooks().into_iter().rfind(|hook| hook.params.iter().any(|(name, _)| name == "CallStatus"));
    let mut late = last.unwrap();
    late.token = "another".to_owned();
    assert_eq!(day.send(day.again(&late)).status, 204, "it is taken in, and merged when it can be");
    assert_eq!(day.get(&path).status, 503, "the copy does not have it");
    day.until("the copy is gone", |_| {
        redis.names(&format!("*:call:{call}")).unwrap().is_empty().then_some(())
    });
    postgres.begin().unwrap();
    assert_eq!(reads(&day, &path, 200).json()["disposition"], "no_answer");
}

#[test]
fn the_status_command_tells_of_the_cache() {
    let redis = redis::Server::start().unwrap();
    let day = beside(&redis).begin();
    cache_is(&day, "ok");
    let ready = day.get("/readyz").json();
    assert_eq!(ready["parts"]["cache"]["detail"], format!("redis://127.0.0.1:{}/0", redis.port()));
    let stranger = day.send(day.ask(Method::GET, "/readyz")).json();
    assert_eq!(stranger["parts"]["cache"], json!({ "state": "ok" }), "no address for strangers");
}
