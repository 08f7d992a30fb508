//! A node that dies: another takes over its jobs and calls, asks the carrier about each, and calls nobody twice. F-14, F-15,
//! F-16, F-21; P2, P4.
//!
//! `TRUNKLINE_ATTEMPTS=3000` is the full size of the torture, `TRUNKLINE_SEED=7` repeats a run.
#![allow(clippy::print_stderr, reason = "a torture tells its seed and its figures")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use trunkline_engine::Clock;
use trunkline_sim::{Fault, FaultKind, Habit};
use trunkline_testkit::chance::Chance;
use trunkline_testkit::postgres::Server;

use crate::day::{ACCOUNT, Day, OURS, Opening, TOKEN, number};

/// Longer than a node is dead before another takes over, and an attempt unclear before it is ruled.
const PATIENCE: Duration = Duration::from_secs(120);

fn person(n: usize) -> String {
    format!("+1555040{n:04}")
}

/// The settle time is shorter than by default, as the simulator is never so late: a lease is never shorter than two real
/// seconds, which are many of a fast clock, and an attempt is ruled within 240 of its seconds all the same.
pub fn opening(name: &str, url: &str) -> Opening {
    let limits = ["SYSTEM_CALLS", "CARRIER_CALLS", "TENANT_CALLS", "TENANT_OUTBOUND_CALLS"];
    let opening = Day::with().set("DATABASE_URL", url).set("TRUNKLINE_NODE", name);
    let opening = opening.set("TRUNKLINE_LIMITS_SETTLE_SECS", "120");
    let opening =
        limits.iter().fold(opening, |opening, limit| opening.set(&format!("TRUNKLINE_LIMITS_{limit}"), "60"));
    opening.in_its_own_process()
}

/// Two nodes on one database, in one world.
fn two_nodes(server: &Server, speed: f64) -> [Day; 2] {
    let a = opening("a", &server.url()).at_speed(speed).begin();
    let b = opening("b", &server.url()).beside(&a).begin();
    until("each knows of the other", || {
        (one(server, "SELECT count(*) FROM nodes WHERE lease < 10000000") == "2").then_some(())
    });
    [a, b]
}

/// A campaign that calls at any hour, tries again only what was never placed, and is started with these people.
fn campaign(day: &Day, people: &[String]) {
    let retry = json!({ "max_attempts": 9, "by_class": {}, "by_disposition": { "not_placed": [30] }, "unfinished": [] });
    let body = json!({ "name": format!("takeover from {}", people[0]), "script": "questions", "retry": retry,
        "window": { "hours": [{ "from": "00:00:00", "to": "00:00:00" }] } });
    let made = day.until("campaigns are taken", |day| {
        Some(day.post("/api/campaigns", &body)).filter(|made| made.status != 503)
    });
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    for people in people.chunks(500) {
        let people: Vec<_> = people.iter().map(|to| json!({ "to": to, "zone": "UTC" })).collect();
        let answer = day.post(&format!("/api/campaigns/{id}/jobs"), &json!({ "people": people }));
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    assert_eq!(day.post(&format!("/api/campaigns/{id}/start"), &json!({})).status, 200);
}

fn rows(server: &Server, sql: &str) -> Vec<String> {
    let read = server.sql("postgres", sql).unwrap_or_default();
    read.lines().map(str::to_owned).collect()
}

pub fn one(server: &Server, sql: &str) -> String {
    rows(server, sql).pop().unwrap_or_default()
}

/// Waits for something that the database says.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it never came: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_a_dead_node_was_doing_is_taken_over_and_comes_to_its_true_end() {
    let server = Server::start().unwrap();
    let mut nodes = two_nodes(&server, 20.0);
    let people: Vec<String> = (0..3).map(person).collect();
    let sim = &nodes[0].sim;
    // The carrier has the first call and says so to nobody; the second rings for long; the third was never placed.
    sim.add_fault(Fault::new(FaultKind::CallbackLost).on(&people[0]));
    for number in &people[..2] {
        nodes[0].person(number, Habit::Answers { ring_secs: Some(25), said: vec![], digits: vec![] });
    }
    sim.add_fault(Fault::new(FaultKind::CreateHangsAfterAccepting).on(&people[0]).times(1));
    sim.add_fault(Fault::new(FaultKind::CreateAcceptsLate { secs: 100_000 }).on(&people[2]).times(1));
    // One node works while they are dialed, so that it is known who dies.
    nodes[1].freezes();
    campaign(&nodes[0], &people);
    let registered = nodes[0]
        .post("/api/calls/register", &json!({ "call_id": "CA1", "session_id": "s-1", "provider": "twilio" }));
    assert!(registered.status < 300, "{}", registered.text());
    nodes[0]
        .until("all are dialed", |day| (day.dialed(&people[0]) + day.dialed(&people[1]) == 2).then_some(()));
    until("all are claimed", || {
        (one(&server, "SELECT count(*) FROM jobs WHERE node = 'a'") == "3").then_some(())
    });
    // What only the journal of a dead node has nobody can take over: it is there when the node is.
    until("the database knows the registered call", || {
        (one(&server, "SELECT count(*) FROM calls WHERE carrier_call_id = 'CA1'") == "1").then_some(())
    });
    nodes[0].power_fails();
    // On a busy machine the second may have picked up and said everything by now.
    let open = "SELECT count(*) FROM jobs WHERE NOT EXISTS (SELECT 1 FROM attempts JOIN calls ON calls.id = attempts.call \
                WHERE attempts.job = jobs.id AND calls.ended_at IS NOT NULL)";
    let open: u64 = one(&server, open).parse().unwrap();
    assert!(open >= 2, "the control: somebody's call is taken over");
    nodes[1].thaws();

    until("all are settled", || {
        (one(&server, "SELECT count(*) FROM jobs WHERE state = 'settled'") == "3").then_some(())
    });
    let dialed: Vec<u64> = people.iter().map(|number| nodes[0].dialed(number)).collect();
    assert_eq!(dialed, [1, 1, 1]);
    assert_eq!(
        one(&server, "SELECT count(*) FROM calls WHERE ended_at IS NULL AND kind = 'phone' AND node = 'a'"),
        "0"
    );
    let taken_over = (open + 1).to_string();
    let begun = Instant::now();
    while one(&server, "SELECT count(DISTINCT call) FROM events WHERE kind = 'taken_over'") != taken_over {
        assert!(begun.elapsed() < PATIENCE, "not {taken_over} calls are taken over: {}", all_events(&server));
        std::thread::sleep(Duration::from_millis(50));
    }
    // The other carries the registered call now.
    let updated = nodes[1].post("/api/calls/CA1/status", &json!({ "status": "completed" }));
    assert!(updated.status != 503, "{} {}", updated.status, updated.text());

    // The old node learns what it has lost before it is ready, and what it says late changes nothing.
    let ended = || rows(&server, "SELECT id, disposition FROM calls WHERE ended_at IS NOT NULL ORDER BY id");
    let before = ended();
    nodes[0].start();
    nodes[0].until("it is ready", |day| {
        let ready = day.get("/readyz");
        (ready.status == 200 && ready.json()["lag_events"] == 0).then_some(())
    });
    assert_eq!(nodes[0].get("/health").json()["active_calls"], 0);
    assert_eq!(ended(), before);
    assert_eq!(people.iter().map(|number| nodes[0].dialed(number)).collect::<Vec<_>>(), [1, 1, 1]);
}

/// A node hears of a call that is another's already, and dies: its history has the end, and no fold. Who takes the call up asks the
/// carrier and is told the same again.
#[test]
fn what_was_heard_of_a_call_where_it_was_no_longer_is_merged_by_who_takes_it_up() {
    let server = Server::start().unwrap();
    let mut nodes = two_nodes(&server, 20.0);
    let ann = person(0);
    nodes[0].sim.add_fault(Fault::new(FaultKind::CallbackLost).on(&ann));
    nodes[0].person(&ann, Habit::NoAnswer);
    nodes[1].freezes();
    campaign(&nodes[0], std::slice::from_ref(&ann));
    until("the carrier's name of it is known", || {
        (one(&server, "SELECT count(*) FROM calls WHERE carrier_call_id IS NOT NULL") == "1").then_some(())
    });
    nodes[0].power_fails();
    let heard = format!(
        "INSERT INTO events SELECT call, events.month, events.tenant, 'twilio:{ACCOUNT}:' || carrier_call_id || ':asked:ended', \
         position, received_at + 1000000, NULL, events.source, 'progress', 1, NULL, jsonb_build_object('kind', 'progress', 'leg', 1, \
         'fence', 1, 'carrier_call_id', carrier_call_id, 'news', jsonb_build_object('news', 'ended', 'word', 'no_answer', \
         'reported', jsonb_build_object('carrier_status', 'no-answer')))::text \
         FROM events JOIN calls ON calls.id = events.call WHERE events.kind = 'post_begun' RETURNING key"
    );
    assert!(server.sql("postgres", &heard).unwrap().contains(":asked:ended"));
    nodes[1].thaws();
    let begun = Instant::now();
    while one(&server, "SELECT count(*) FROM jobs WHERE state = 'settled'") != "1" {
        assert!(begun.elapsed() < PATIENCE, "{}", stories_of_open_jobs(&server));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(nodes[0].dialed(&ann), 1);
    let ended = one(&server, "SELECT disposition FROM calls WHERE ended_at IS NOT NULL");
    assert_eq!(ended, "no_answer");
}

/// F-15: it had claimed them and sent nothing yet. Only its lease tells it that they are not its own any more: its clock, its
/// journal and its memory all say that it may send. It may be stopped anywhere on the way: also while a connection is opened.
#[test]
fn a_node_that_wakes_when_another_has_called_its_people_calls_none_of_them() {
    const CROWD: usize = 50;
    let server = Server::start().unwrap();
    let fast = |name| opening(name, &server.url()).set("TRUNKLINE_LIMITS_CPS", "500");
    // Slow enough for a busy machine: a carrier that takes a request later than an attempt is ruled on is another story.
    let a = fast("a").at_speed(10.0).begin();
    let b = fast("b").beside(&a).begin();
    let was_in_the_middle = (0..5).any(|round| {
        until("each knows of the other", || {
            (one(&server, "SELECT count(*) FROM nodes WHERE lease < 10000000") == "2").then_some(())
        });
        let people: Vec<String> = (0..CROWD).map(|n| person(round * CROWD + n)).collect();
        let dialed = |day: &Day| people.iter().map(|number| day.dialed(number)).sum::<u64>();
        b.freezes();
        campaign(&a, &people);
        a.until("some are called", |day| (dialed(day) >= 3).then_some(()));
        a.freezes();
        b.thaws();
        let settled = ((round + 1) * CROWD).to_string();
        until("the other has called the rest", || {
            (one(&server, "SELECT count(*) FROM jobs WHERE state = 'settled'") == settled).then_some(())
        });
        a.thaws();
        a.until("it goes on", |day| {
            let ready = day.get("/readyz");
            (ready.status == 200 && ready.json()["lag_events"] == 0).then_some(())
        });
        a.is_quiet();
        let times = a.sim.dialed();
        let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "called twice: {twice:?}\n{}", stories_of(&server, &twice));
        assert_eq!(dialed(&a), CROWD as u64, "everybody is called");
        // Somebody was claimed by the first, and called only by the second.
        one(
            &server,
            "SELECT count(*) FROM (SELECT job FROM attempts GROUP BY job HAVING count(*) > 1) AS again",
        ) != "0"
    });
    assert!(
        was_in_the_middle,
        "the control: each time all that were claimed were called before it was stopped"
    );
}

/// Of an attempt that was claimed and of which nothing more is known, the carrier may have a call or not.
#[test]
fn of_an_attempt_that_was_only_claimed_the_carrier_is_asked() {
    let server = Server::start().unwrap();
    let mut nodes = two_nodes(&server, 20.0);
    let people: Vec<String> = (0..2).map(person).collect();
    nodes[0].power_fails();
    campaign_claimed_by_a(&nodes[1], &server, &people);
    // The first was posted; nobody heard the answer.
    nodes[0].person(&people[0], Habit::NoAnswer);
    assert_eq!(post(&nodes[0], &people[0]), Some(201));
    until("all are settled", || {
        (one(&server, "SELECT count(*) FROM jobs WHERE state = 'settled'") == "2").then_some(())
    });
    assert_eq!(people.iter().map(|number| nodes[0].dialed(number)).collect::<Vec<_>>(), [1, 1]);
    let attempts = rows(
        &server,
        "SELECT number, count(*) FROM attempts JOIN jobs ON jobs.id = job GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(attempts, [format!("{}|1", people[0]), format!("{}|2", people[1])]);
}

/// A campaign whose jobs a claimed in its last moment, as its rows would say.
fn campaign_claimed_by_a(day: &Day, server: &Server, people: &[String]) {
    let body = json!({ "name": "takeover", "script": "questions",
        "retry": { "by_class": {}, "by_disposition": { "not_placed": [30] } },
        "window": { "hours": [{ "from": "00:00:00", "to": "00:00:00" }] } });
    let made = day.until("campaigns are taken", |day| {
        Some(day.post("/api/campaigns", &body)).filter(|made| made.status == 201)
    });
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let people: Vec<_> = people.iter().map(|to| json!({ "to": to, "zone": "UTC" })).collect();
    assert_eq!(day.post(&format!("/api/campaigns/{id}/jobs"), &json!({ "people": people })).status, 201);
    let now = day.clock().now().as_microsecond();
    let claim = format!(
        "WITH claimed AS (UPDATE jobs SET state = 'dialing', bucket = 'in_progress', node = 'a', \
         pair = 'twilio:{ACCOUNT} {OURS} ' || number, fold = (fold::jsonb || jsonb_build_object('state', 'dialing', \
         'request', 'unsent', 'attempt', 1, 'fence', 1, 'on', jsonb_build_object('node', 'a', 'call', \
         id)))::text RETURNING id, tenant, campaign) \
         INSERT INTO attempts SELECT id, tenant, campaign, id, 1, 'a', {now} FROM claimed"
    );
    server.sql("postgres", &claim).unwrap();
    assert_eq!(day.post(&format!("/api/campaigns/{id}/start"), &json!({})).status, 200);
}

/// Asks the carrier for a call, as any client would; the status of its answer.
fn post(day: &Day, to: &str) -> Option<u16> {
    let url = format!("{}/2010-04-01/Accounts/{ACCOUNT}/Calls.json", day.sim.base_url());
    let form = [("To", to), ("From", OURS), ("Url", "http://127.0.0.1:9/voice")];
    let request = day.ask_at(&url).basic_auth(ACCOUNT, Some(TOKEN)).form(&form);
    day.try_send(request.timeout(Duration::from_secs(1))).map(|answer| answer.status)
}

/// How long this node is down or stopped, and how.
#[derive(Clone, Copy, Debug)]
enum State {
    Up,
    Dead { until: Instant },
    Frozen { until: Instant },
    GoneForGood,
}

#[derive(Default, Debug)]
struct Done {
    kills: u32,
    pauses: u32,
    database_kills: u32,
}

/// What happens to two nodes and their database, until the jobs are done.
struct Trouble<'a> {
    nodes: &'a mut [Day; 2],
    states: [State; 2],
    next: [Instant; 2],
    server: &'a Server,
    database_back: Option<Instant>,
    database_next: Instant,
    /// When the database or a node was away that comes back, by the engine's clock: an attempt may be its own, or wait for it to be
    /// counted out.
    dark: Vec<(Timestamp, Timestamp)>,
    dark_since: Option<Timestamp>,
    clock: Clock,
    chance: Chance,
    done: Done,
}

fn millis(chance: &mut Chance, low: u64, high: u64) -> Duration {
    Duration::from_millis(chance.between(low, high))
}

impl<'a> Trouble<'a> {
    fn begin(nodes: &'a mut [Day; 2], server: &'a Server, seed: u64) -> Self {
        let now = Instant::now();
        let clock = nodes[0].clock();
        let mut chance = Chance::from_seed(seed);
        let next = [0, 1].map(|_| now + millis(&mut chance, 1_000, 6_000));
        let database_next = now + millis(&mut chance, 8_000, 20_000);
        Self {
            nodes,
            states: [State::Up; 2],
            next,
            server,
            database_back: None,
            database_next,
            dark: Vec::new(),
            dark_since: None,
            clock,
            chance,
            done: Done::default(),
        }
    }

    fn goes_on(&mut self) {
        for n in 0..2 {
            self.node_goes_on(n);
        }
        self.database_goes_on();
        self.notes_darkness();
    }

    fn node_goes_on(&mut self, n: usize) {
        let now = Instant::now();
        match self.states[n] {
            State::Up if now >= self.next[n] => {
                self.states[n] = if self.chance.percent(50) {
                    self.done.kills += 1;
                    self.nodes[n].power_fails();
                    State::Dead { until: now + millis(&mut self.chance, 0, 7_000) }
                } else {
                    self.done.pauses += 1;
                    self.nodes[n].freezes();
                    State::Frozen { until: now + millis(&mut self.chance, 200, 7_000) }
                };
            }
            State::Dead { until } if now >= until => {
                self.nodes[n].start();
                self.is_up(n);
            }
            State::Frozen { until } if now >= until => {
                self.nodes[n].thaws();
                self.is_up(n);
            }
            _ => {}
        }
    }

    fn is_up(&mut self, n: usize) {
        self.states[n] = State::Up;
        self.next[n] = Instant::now() + millis(&mut self.chance, 4_000, 15_000);
    }

    fn database_goes_on(&mut self) {
        let now = Instant::now();
        match self.database_back {
            None if now >= self.database_next => {
                self.server.kill().unwrap();
                self.done.database_kills += 1;
                self.database_back = Some(now + millis(&mut self.chance, 100, 1_500));
            }
            Some(back) if now >= back => {
                self.server.begin().unwrap();
                self.database_back = None;
                self.database_next = Instant::now() + millis(&mut self.chance, 8_000, 20_000);
            }
            _ => {}
        }
    }

    fn notes_darkness(&mut self) {
        let is_down = |state: &State| matches!(state, State::Dead { .. } | State::Frozen { .. });
        let is_dark = self.database_back.is_some() || self.states.iter().any(is_down);
        match (is_dark, self.dark_since) {
            (true, None) => self.dark_since = Some(self.clock.now()),
            (false, Some(since)) => {
                self.dark.push((since, self.clock.now()));
                self.dark_since = None;
            }
            _ => {}
        }
    }

    /// Everything comes back, but for a node that never does.
    fn ends(&mut self) {
        for n in 0..2 {
            match self.states[n] {
                State::Dead { .. } => drop(self.nodes[n].start()),
                State::Frozen { .. } => drop(self.nodes[n].thaws()),
                State::Up | State::GoneForGood => continue,
            }
            self.states[n] = State::Up;
        }
        if self.database_back.take().is_some() {
            self.server.begin().unwrap();
        }
        self.notes_darkness();
    }
}

fn hostile(day: &Day) {
    let faults = [
        (FaultKind::CreateFailsAfterAccepting, 0.05),
        (FaultKind::CreateHangsAfterAccepting, 0.05),
        (FaultKind::CreateResetsAfterAccepting, 0.05),
        (FaultKind::CreateAnswersGarbage, 0.03),
        (FaultKind::CreateFails, 0.03),
        (FaultKind::CreateResets, 0.03),
        (FaultKind::CreateAcceptsLate { secs: 50 }, 0.05),
        (FaultKind::CreateThrottled, 0.1),
        (FaultKind::ListLag { secs: 50 }, 0.2),
        (FaultKind::LookupFails, 0.03),
        (FaultKind::UpdateFails, 0.03),
        (FaultKind::CallbackLost, 0.2),
        (FaultKind::CallbackDoubled { copies: 2 }, 0.1),
        (FaultKind::CallbackLate { secs: 30 }, 0.1),
    ];
    for (kind, chance) in faults {
        day.sim.add_fault(Fault::new(kind).with_chance(chance));
    }
}

/// How many people are taken out for ever.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    BothComeBack,
    OneNeverDoes,
}

fn torture(attempts: usize, seed: u64, ending: Ending) {
    eprintln!("TRUNKLINE_SEED={seed} TRUNKLINE_ATTEMPTS={attempts}");
    let server = Server::start().unwrap();
    let mut nodes = two_nodes(&server, 10.0);
    let people: Vec<String> = (0..attempts).map(person).collect();
    for number in &people {
        nodes[0].person(
            number,
            Habit::Answers { ring_secs: Some(4), said: vec!["yes".into(); 3], digits: vec![] },
        );
    }
    hostile(&nodes[0]);
    let begun = Instant::now();
    campaign(&nodes[0], &people);
    let mut trouble = Trouble::begin(&mut nodes, &server, seed);
    let most = Duration::from_secs(90) + Duration::from_millis(600) * u32::try_from(attempts).unwrap();
    let half = attempts / 2;
    loop {
        trouble.goes_on();
        std::thread::sleep(Duration::from_millis(20));
        let open = one(&server, "SELECT count(*) FROM jobs WHERE state <> 'settled'");
        let Ok(open) = open.parse::<usize>() else { continue };
        if ending == Ending::OneNeverDoes && open <= half && matches!(trouble.states[1], State::Up) {
            trouble.nodes[1].power_fails();
            trouble.states[1] = State::GoneForGood;
        }
        // Enough trouble: what is open now must come to its end by itself.
        if open <= attempts / 20 {
            break;
        }
        assert!(begun.elapsed() < most, "{open} jobs are open after {:?}", begun.elapsed());
    }
    trouble.ends();
    let (dark, done) = (std::mem::take(&mut trouble.dark), std::mem::take(&mut trouble.done));
    let still_open = "SELECT id, state, node, fold FROM jobs WHERE state <> 'settled'";
    let settled = Instant::now();
    while !rows(&server, still_open).is_empty() {
        assert!(
            settled.elapsed() < PATIENCE,
            "stuck: {:#?}\n{}\n{}",
            rows(&server, still_open),
            stories_of_open_jobs(&server),
            nodes.iter().map(standing).collect::<String>()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let day = &nodes[0];
    day.is_quiet();
    let (unruled, longest) = longest_unruled(&server, &dark);
    let (in_all, _) = longest_unruled(&server, &[]);
    let uncalled = rows(&server, "SELECT number, fold FROM jobs")
        .into_iter()
        .filter(|row| row.split_once('|').is_some_and(|(number, _)| !day.sim.dialed().contains_key(number)));
    let uncalled: Vec<String> = uncalled.collect();
    let dialed = day.sim.dialed();
    let twice: Vec<_> = dialed.iter().filter(|(_, times)| **times > 1).collect();
    let still_live = day.sim.calls().iter().filter(|call| !call.status.is_final()).count();
    let of =
        |kind: &str| one(&server, &format!("SELECT count(DISTINCT call) FROM events WHERE kind = '{kind}'"));
    eprintln!(
        "{attempts} people in {:.0} s: {} claims, {done:?}, {} taken over, {} given up, {} ruled not placed, {} strays hung up; \
         {} called, {} called twice, 0 stuck; unruled for at most {unruled} s, and {in_all} s with all that was down; not called: {uncalled:?}",
        begun.elapsed().as_secs_f64(),
        one(&server, "SELECT count(*) FROM attempts"),
        one(&server, "SELECT count(*) FROM events WHERE kind = 'taken_over' AND key LIKE 'taken_over%'"),
        one(&server, "SELECT count(*) FROM events WHERE key LIKE 'given_up%'"),
        of("ruled_not_placed"),
        of("stray_hung_up"),
        dialed.len(),
        twice.len(),
    );
    assert!(twice.is_empty(), "called twice: {twice:?}\n{}", stories_of(&server, &twice));
    assert_eq!(still_live, 0, "strays");
    assert!(unruled <= 240, "unruled for {unruled} s\n{}\ndark: {dark:#?}", story_of(&server, &longest));
    assert!(
        done.kills + done.pauses > 0 && (attempts < 60 || dialed.len() > attempts / 2),
        "nothing much happened"
    );
}

/// What happened to those who were called twice.
fn stories_of(server: &Server, twice: &[(&String, &u64)]) -> String {
    let events = |number: &String| {
        rows(
            server,
            &format!(
                "SELECT attempts.no, to_timestamp(received_at / 1e6), events.kind, key, applied, body FROM jobs \
             JOIN attempts ON attempts.job = jobs.id JOIN events ON events.call = attempts.call \
             WHERE number = '{number}' ORDER BY received_at"
            ),
        )
    };
    twice.iter().take(3).flat_map(|(number, _)| events(number)).collect::<Vec<_>>().join("\n")
}

/// What happened in the calls of some jobs that are not over, and where those calls stand.
fn stories_of_open_jobs(server: &Server) -> String {
    let calls = "SELECT calls.id, calls.node, calls.status, calls.state, calls.fold FROM calls JOIN attempts ON attempts.call = calls.id \
                 JOIN jobs ON jobs.id = attempts.job WHERE jobs.state <> 'settled' ORDER BY attempts.no DESC LIMIT 3";
    let story =
        |row: String| format!("{row}\n{}", story_of(server, row.split('|').next().unwrap_or_default()));
    rows(server, calls).into_iter().map(story).collect::<Vec<_>>().join("\n\n")
}

/// What happened in all calls.
fn all_events(server: &Server) -> String {
    let sql = "SELECT calls.id, calls.node, to_timestamp(received_at / 1e6), events.kind, key, applied, body FROM events \
               JOIN calls ON calls.id = events.call ORDER BY calls.id, received_at";
    rows(server, sql).join("\n")
}

/// How a node sees itself, and what it does at its database.
fn standing(day: &Day) -> String {
    let [ready, active] = ["/readyz", "/api/calls/active"].map(|path| match day.try_get(path) {
        Some(answer) => answer.text().chars().take(4_000).collect(),
        None => "no answer".to_owned(),
    });
    format!("{ready}\n{active}\n{}\n", day.last_lines())
}

/// What happened to a call, a line each.
fn story_of(server: &Server, call: &str) -> String {
    let sql = "SELECT to_timestamp(received_at / 1e6), to_timestamp(occurred_at / 1e6), kind, key, applied, body FROM events";
    rows(server, &format!("{sql} WHERE call = '{call}' ORDER BY received_at")).join("\n")
}

/// How long an attempt was without a carrier's id and unruled, in seconds of the engine's clock: but for the time in which
/// somebody was away who could have ruled on it.
fn longest_unruled(server: &Server, dark: &[(Timestamp, Timestamp)]) -> (i64, String) {
    let sql = "SELECT claimed_at, calls.id, (calls.fold::jsonb -> 'legs' -> 0) FROM attempts JOIN calls ON calls.id = attempts.call";
    let spans = rows(server, sql).into_iter().filter_map(|row| {
        let (claimed, rest) = row.split_once('|')?;
        let (call, leg) = rest.split_once('|')?;
        let leg: Value = serde_json::from_str(leg).ok()?;
        let since = Timestamp::from_microsecond(claimed.parse().ok()?).ok()?;
        let ends = [&leg["accepted_at"], &leg["ruled_at"], &leg["end"]["at"]];
        let until = ends.iter().filter_map(|at| at.as_str()?.parse::<Timestamp>().ok()).min()?;
        Some((since, until, call.to_owned()))
    });
    let seconds = |(since, until, call): (Timestamp, Timestamp, String)| {
        let in_the_dark: i64 = dark
            .iter()
            .map(|(from, to)| (*to).min(until).duration_since((*from).max(since)).as_secs().max(0))
            .sum();
        (until.duration_since(since).as_secs() - in_the_dark, call)
    };
    spans.map(seconds).max().unwrap_or_default()
}

#[test]
fn two_nodes_killed_and_paused_at_random_before_a_hostile_carrier_call_nobody_twice() {
    torture(number("TRUNKLINE_ATTEMPTS", 60), number("TRUNKLINE_SEED", 1), Ending::BothComeBack);
}

#[test]
fn a_node_that_never_comes_back_leaves_nobody_uncalled_and_nobody_called_twice() {
    let attempts = number("TRUNKLINE_ATTEMPTS", 40_usize).min(600);
    torture(attempts, number("TRUNKLINE_SEED", 2), Ending::OneNeverDoes);
}

/// The control: who sends again after a time-out or an error calls people twice.
#[test]
fn a_client_that_sends_again_calls_people_twice() {
    let day = Day::with().at_speed(10.0).begin_without_server();
    hostile(&day);
    let people = number("TRUNKLINE_ATTEMPTS", 60_usize).min(300);
    for n in 0..people {
        for _ in 0..5 {
            if post(&day, &person(n)).is_some_and(|status| status == 201) {
                break;
            }
        }
    }
    let called = day.until("late ones are there", |day| {
        let twice: BTreeMap<_, _> = day.sim.dialed().into_iter().filter(|(_, times)| *times > 1).collect();
        (!twice.is_empty()).then_some(twice)
    });
    eprintln!("the control: {} of {people} people were called more than once", called.len());
}
