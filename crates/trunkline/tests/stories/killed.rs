//! Server and database killed again and again under load: nothing that was acknowledged is lost, nothing is there twice,
//! nobody is called twice. F-01 with F-07 on the real program; P1, P2, P3.
//!
//! What was acknowledged is what this test has seen acknowledged: orders by the clerk who placed them, webhooks by the
//! carrier that sent them. `TRUNKLINE_SEED=7` repeats a run, `TRUNKLINE_KILLS=200` is its full size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use trunkline_sim::{Habit, WebhookKind, WebhookRecord};
use trunkline_testkit::chance::Chance;
use trunkline_testkit::postgres::Server;

use crate::beneath::{Beneath, Trouble, is_well};
use crate::day::{ACCOUNT, Day, KEY, number};

const QUESTIONS: &str = r#"["Your name?", "Which day?", "Anything else?", "A number?", "Last words?"]"#;
/// So many calls are kept going.
const LIVE: usize = 10;
/// Longer than a life lasts.
const PATIENCE: Duration = Duration::from_secs(60);

fn a_day_on(beneath: &Beneath) -> Day {
    let day = Day::with().questions(QUESTIONS).at_speed(20.0).in_its_own_process();
    beneath.of(day).begin()
}

#[test]
fn a_server_and_its_database_killed_again_and_again_lose_nothing_and_double_nothing() {
    let (seed, kills) = (number("TRUNKLINE_SEED", 1_u64), number("TRUNKLINE_KILLS", 8_u64));
    eprintln!("TRUNKLINE_SEED={seed} TRUNKLINE_KILLS={kills}");
    let mut chance = Chance::from_seed(seed);
    let beneath = Beneath::new(Trouble::Killed);
    let mut day = a_day_on(&beneath);
    let (is_over, mut clerk) = (AtomicBool::new(false), Clerk::default());
    let database_kills = std::thread::scope(|scope| {
        let database = scope.spawn(|| goes_up_and_down(beneath.server(), seed, &is_over));
        let end = End(&is_over);
        for _ in 0..kills {
            clerk.keeps_calling(&day);
            let seen = acknowledged(&day).len();
            let more = usize::try_from(chance.between(1, 25)).unwrap();
            let wanted = |day: &Day| acknowledged(day).len() >= seen + more || day.sim.live() == 0;
            day.until("something to lose", |day| wanted(day).then_some(()));
            // The moment between an answer and the next, too.
            std::thread::sleep(Duration::from_micros(chance.between(0, 20_000)));
            let unheard = clerk.asks_and_does_not_listen(&day);
            day.restarts();
            clerk.asks_again(&day, unheard);
        }
        drop(end);
        database.join().unwrap()
    });
    day.is_quiet();
    clerk.sees_the_end_of_all(&day);
    is_well(&day);
    let acknowledged = acknowledged(&day);
    eprintln!(
        "{kills} kills of the server, {database_kills} of the database: {} orders and {} webhooks acknowledged",
        clerk.placed.len(),
        acknowledged.len()
    );
    assert!(acknowledged.len() > 50, "nothing much happened: the test tests nothing");
    assert_eq!(clerk.misses(&day), Vec::<String>::new());
    assert_eq!(missing(&acknowledged, &keys(beneath.server())), Vec::<String>::new());
    nothing_is_there_twice(&day, beneath.server(), &clerk);
}

/// The control: the judge sees it when the journal forgets what it had acknowledged.
#[test]
fn the_judge_notices_records_that_are_cut_off_the_journal() {
    let beneath = Beneath::new(Trouble::Killed);
    let mut day = a_day_on(&beneath);
    let mut clerk = Clerk::default();
    clerk.keeps_calling(&day);
    day.until("calls go on", |day| (acknowledged(day).len() >= 5).then_some(()));
    is_well(&day);
    beneath.server().kill().unwrap();
    let (segment, length) = last_segment(&day);
    let seen = acknowledged(&day).len();
    day.until("more is acknowledged", |day| (acknowledged(day).len() >= seen + 10).then_some(()));

    day.power_fails();
    std::fs::File::options().write(true).open(segment).unwrap().set_len(length).unwrap();
    beneath.server().begin().unwrap();
    day.start();

    day.is_quiet();
    is_well(&day);
    let missing = missing(&acknowledged(&day), &keys(beneath.server()));
    assert!(!missing.is_empty(), "ten webhooks were forgotten and the judge saw nothing");
}

/// Dropped, also by a story that fails, it is the end.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Places orders until each is acknowledged: with the same key, so that it is one call however often it is asked for.
#[derive(Default)]
struct Clerk {
    /// Number → our id.
    placed: BTreeMap<String, String>,
}

impl Clerk {
    fn keeps_calling(&mut self, day: &Day) {
        while day.sim.live() + self.on_their_way(day) < LIVE {
            let number = self.somebody_new(day);
            self.asks_again(day, number);
        }
    }

    /// An order whose answer is not awaited: the server is killed meanwhile.
    fn asks_and_does_not_listen(&self, day: &Day) -> String {
        let number = self.somebody_new(day);
        day.send_without_waiting(request(day, &number));
        number
    }

    fn asks_again(&mut self, day: &Day, number: String) {
        let id = order(day, &number);
        self.placed.insert(number, id);
    }

    fn somebody_new(&self, day: &Day) -> String {
        let n = self.placed.len();
        let number = format!("+1555030{n:04}");
        let said = (0..5).map(|question| format!("answer {question} of person {n}")).collect();
        day.person(&number, Habit::Answers { ring_secs: None, said, digits: Vec::new() });
        number
    }

    /// Ordered, and not with the carrier yet.
    fn on_their_way(&self, day: &Day) -> usize {
        self.placed.len().saturating_sub(day.sim.dialed().len())
    }

    fn sees_the_end_of_all(&self, day: &Day) {
        for id in self.placed.values() {
            day.ended(id);
        }
    }

    /// Orders that were acknowledged, and are not one call.
    fn misses(&self, day: &Day) -> Vec<String> {
        let is_one = |(number, id): &(&String, &String)| {
            day.look_at(id)["to"] == ***number && order(day, number) == **id && day.dialed(number) <= 1
        };
        self.placed.iter().filter(|placed| !is_one(placed)).map(|(_, id)| id.clone()).collect()
    }
}

/// Orders a call, with its number as the key.
fn order(day: &Day, number: &str) -> String {
    let begun = Instant::now();
    loop {
        match day.try_send(request(day, number)) {
            Some(answer) if answer.status < 300 => return text(&answer.json()["id"]),
            other => assert!(begun.elapsed() < PATIENCE, "{other:?}"),
        }
    }
}

fn request(day: &Day, number: &str) -> RequestBuilder {
    let request = day.ask(Method::POST, "/api/calls").bearer_auth(KEY);
    request.header("Idempotency-Key", number).json(&json!({ "to": number }))
}

/// Kills the database every few seconds and lets it begin again, until the end; how often.
fn goes_up_and_down(server: &Server, seed: u64, is_over: &AtomicBool) -> u32 {
    let (mut chance, mut kills) = (Chance::from_seed(!seed), 0);
    let rest = |millis| {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(millis) && !is_over.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    while !is_over.load(Ordering::Acquire) {
        rest(chance.between(500, 4_000));
        server.kill().unwrap();
        kills += 1;
        rest(chance.between(100, 1_500));
        server.begin().unwrap();
    }
    kills
}

/// The webhooks that the server has acknowledged.
fn acknowledged(day: &Day) -> Vec<WebhookRecord> {
    let taken = |hook: &WebhookRecord| hook.status.is_some_and(|status| status < 300);
    day.sim.webhooks().into_iter().filter(taken).collect()
}

/// The keys of all events in the database.
fn keys(server: &Server) -> BTreeSet<String> {
    server.sql("postgres", "SELECT key FROM events").unwrap().lines().map(str::to_owned).collect()
}

/// Which of the acknowledged webhooks no event stands for.
fn missing(acknowledged: &[WebhookRecord], keys: &BTreeSet<String>) -> Vec<String> {
    let is_there = |hook: &WebhookRecord| {
        let field = |name| hook.params.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
        let (call, recording) = (field("CallSid"), field("RecordingSid"));
        let key = match hook.kind {
            WebhookKind::Status => {
                format!("{call}/status/{}/{}", field("CallStatus"), field("SequenceNumber"))
            }
            WebhookKind::Recording => format!("{recording}/recording/{}", field("RecordingStatus")),
            WebhookKind::Voice if recording.is_empty() => {
                let page = format!("twilio:{ACCOUNT}/{call}/voice/");
                return keys.range(page.clone()..).next().is_some_and(|key| key.starts_with(&page));
            }
            WebhookKind::Voice => {
                return keys.iter().any(|key| key.contains(call) && key.ends_with(recording));
            }
            WebhookKind::Detection => return true,
        };
        keys.contains(&format!("twilio:{ACCOUNT}/{key}"))
    };
    let missing = acknowledged.iter().filter(|hook| !is_there(hook));
    missing.map(|hook| format!("{:?} {:?} {}", hook.kind, hook.event, hook.call)).collect()
}

/// Through the API and in SQL: one row a call, one row an event, one answer a question, one recording an answer.
fn nothing_is_there_twice(day: &Day, server: &Server, clerk: &Clerk) {
    let sql = |text: &str| server.sql("postgres", text).unwrap();
    assert_eq!(sql("SELECT count(*) FROM calls").trim(), clerk.placed.len().to_string(), "one row a call");
    assert_eq!(sql("SELECT sum(n) FROM call_counts").trim(), clerk.placed.len().to_string(), "counted once");
    assert_eq!(sql("SELECT call, key FROM events GROUP BY 1, 2 HAVING count(*) > 1"), "", "one row an event");
    for (number, id) in &clerk.placed {
        // What a call cost may be told between two looks.
        day.until("the same in SQL and API", |day| {
            let rows = sql(&format!("SELECT count(*) FROM events WHERE call = '{id}'"));
            let events =
                day.get(&format!("/api/calls/{id}/events")).json()["events"].as_array().unwrap().len();
            (rows.trim() == events.to_string()).then_some(())
        });
        let turns = day.turns(id);
        let recordings: Vec<&Value> =
            turns.iter().flat_map(|turn| turn["recordings"].as_array().unwrap()).collect();
        let ids: BTreeSet<_> = recordings.iter().map(|one| text(&one["carrier_recording_id"])).collect();
        assert_eq!(ids.len(), recordings.len(), "{id}: a recording is there twice: {turns:?}");
        let said: Vec<String> = day.answers(id);
        assert!(said.iter().all(|words| !words.starts_with('<')), "{id}: never said: {said:?}");
        assert_eq!(said, day.said_by(number), "{id}: what was said, once and in order");
    }
}

fn last_segment(day: &Day) -> (std::path::PathBuf, u64) {
    let files = std::fs::read_dir(day.folder().join("journal")).unwrap().map(|entry| entry.unwrap().path());
    let segment = files.filter(|path| path.to_string_lossy().contains("/segment-")).max().unwrap();
    let length = segment.metadata().unwrap().len();
    (segment, length)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
