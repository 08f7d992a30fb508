//! Rows 15 to 17: a campaign is put in over the API, placed as fast as the pace allows, paused, and kept within its slots. On
//! each engine, beside what the pace would allow.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::time::Instant;
use trunkline_testkit::postgres;

use crate::http::Connection;
use crate::plan::Plan;
use crate::process;
use crate::report::{Line, grouped, rate, ratio, seconds};
use crate::server::{Server, Site, get, post};
use crate::stats::{Latencies, Spread};
use crate::switchboard::{Manner, Seen, Switchboard};

/// Requests that 64 workers would make of a carrier that takes 100 ms.
const PACE: f64 = 640.0;
/// More than anybody can place.
const NO_PACE: f64 = 10_000.0;
/// Calls at once, while it is measured how soon a slot is used again.
const SLOTS: usize = 50;
/// So many people are put in with one request.
const AT_ONCE: usize = 1_000;
const LOOK: Duration = Duration::from_millis(20);
/// Nobody is called any more when nobody was for so long.
const QUIET: Duration = Duration::from_secs(2);

/// Measures.
///
/// # Errors
/// A server failed, or somebody was called twice or not at all.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let mut lines = on(site, plan, "SQLite", None).await?;
    match tokio::task::spawn_blocking(postgres::Server::start).await? {
        Ok(server) => {
            lines.extend(on(site, plan, "PostgreSQL", Some(server)).await?);
        }
        Err(error) => {
            lines.push(Line::new(15, "the queue on PostgreSQL").figure(format!("not measured: {error}")));
        }
    }
    Ok(lines)
}

async fn on(site: &Site, plan: &Plan, engine: &str, postgres: Option<postgres::Server>) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (pace, takes) in [(PACE, Duration::from_millis(100)), (NO_PACE, Duration::from_millis(5))] {
        crate::progress(&format!("the queue on {engine}: a carrier that takes {} ms", takes.as_millis()));
        let database = postgres.as_ref().map(postgres::Server::database).transpose()?;
        let url = database.as_ref().map(postgres::Database::url);
        let limits =
            [("LIMITS_CPS", pace.to_string()), ("LIMITS_TENANT_OUTBOUND_CALLS", "1000000".to_owned())];
        let name = format!("queue-{engine}-{}", takes.as_millis());
        let queue = Queue::start(site, &name, url.as_deref(), &limits, Manner { takes, ends_after: None });
        let queue = queue.await?;
        let campaign = queue.campaign("fast").await?;
        let before = process::resident_bytes(queue.server.pid())?;
        let begun = Instant::now();
        queue.fill(&campaign, 0, plan.queued).await?;
        let filled = begun.elapsed().as_secs_f64();
        let after = process::resident_bytes(queue.server.pid())?;
        if pace == PACE {
            lines.push(enqueued(plan, engine, filled, after as f64 - before as f64));
        }
        queue.act(&campaign, "start").await?;
        queue.placed(plan.queued).await?;
        let seen = queue.switchboard.seen();
        everybody_once(&seen, plan.queued)?;
        lines.push(placed(plan, engine, pace, takes, &seen));
        if pace == PACE {
            lines.push(queue.paused(plan, engine).await?);
        }
        queue.server.drained().await?;
    }
    lines.push(slots(site, plan, engine, postgres.as_ref()).await?);
    if let Some(server) = postgres {
        tokio::task::spawn_blocking(move || drop(server)).await?;
    }
    Ok(lines)
}

fn enqueued(plan: &Plan, engine: &str, took: f64, grown: f64) -> Line {
    let jobs = plan.queued as f64;
    let mib = grown / f64::from(1 << 20);
    Line::new(15, format!("{engine}: {} jobs are put in over the API", grouped(jobs)))
        .figure(format!("{} · {}", seconds(Spread::once(took)), rate(Spread::once(jobs / took), "")))
        .beside(format!("{} at once; the server grows by {mib:.1} MiB", grouped(AT_ONCE as f64)))
        .value("seconds", Spread::once(took))
        .value("grown_mib", Spread::once(mib))
        .at_most(took, 5.0 * jobs / 20_000.0, " s")
}

fn placed(plan: &Plan, engine: &str, pace: f64, takes: Duration, seen: &Seen) -> Line {
    let reached = Spread::once(seen.rate());
    let what = format!(
        "{engine}: {} jobs at a carrier that takes {} ms",
        grouped(plan.queued as f64),
        takes.as_millis()
    );
    let line = Line::new(16, what)
        .value("per_second", reached)
        .value("most_open", Spread::once(seen.most_open as f64));
    let open = format!("{} requests open at once", seen.most_open);
    if pace == PACE {
        let part = Spread::once(seen.rate() / pace);
        return line
            .figure(format!("{}, {} of what the pace allows", rate(reached, ""), ratio(part)))
            .beside(format!("{}/s allowed · {open} · each once", grouped(pace)))
            .value("ratio", part)
            .at_least(part.median, 0.8, "");
    }
    line.figure(rate(reached, "")).beside(format!("no pace · {open} · each once"))
}

async fn slots(site: &Site, plan: &Plan, engine: &str, postgres: Option<&postgres::Server>) -> Result<Line> {
    crate::progress(&format!("the queue on {engine}: slots are used again"));
    let database = postgres.map(postgres::Server::database).transpose()?;
    let url = database.as_ref().map(postgres::Database::url);
    let slots = SLOTS.to_string();
    let limits = [("LIMITS_CPS", NO_PACE.to_string()), ("LIMITS_TENANT_OUTBOUND_CALLS", slots)];
    let manner = Manner { takes: Duration::from_millis(5), ends_after: Some(Duration::from_millis(500)) };
    let name = format!("queue-{engine}-slots");
    let queue = Queue::start(site, &name, url.as_deref(), &limits, manner).await?;
    let campaign = queue.campaign("slots").await?;
    let people = plan.queued / 10;
    queue.fill(&campaign, 0, people).await?;
    queue.act(&campaign, "start").await?;
    queue.placed(people).await?;
    queue.ended(people).await?;
    let seen = queue.switchboard.seen();
    everybody_once(&seen, people)?;
    ensure!(seen.refused == 0, "{} reports of an end were not taken", seen.refused);
    let mut latencies = Latencies::default();
    let mut ended = seen.ended.clone();
    ended.sort();
    for ((_, at), freed) in seen.placed.iter().skip(SLOTS).zip(&ended) {
        ensure!(at >= freed, "more calls than slots");
        latencies.add(at.duration_since(*freed));
    }
    let took = latencies.percentiles();
    Ok(Line::new(17, format!("{engine}: a slot that is freed is used again, {SLOTS} slots"))
        .figure(format!("p50 {:.0} ms · p99 {:.0} ms", took.p50, took.p99))
        .beside(format!("most {:.0} ms · {} calls per second", took.max, grouped(seen.rate())))
        .value("p50_ms", Spread::once(took.p50))
        .value("p99_ms", Spread::once(took.p99))
        .at_most(took.p99, 1_000.0, " ms"))
}

/// Whether each was called, and once.
fn everybody_once(seen: &Seen, people: usize) -> Result<()> {
    ensure!(seen.called_twice() == 0, "{} people were called twice", seen.called_twice());
    ensure!(seen.placed.len() == people, "{} calls for {people} people", seen.placed.len());
    Ok(())
}

/// A number of a person who never existed.
pub fn number(n: usize) -> String {
    format!("+1555{n:07}")
}

/// A server with a queue, and its carrier.
pub struct Queue {
    /// The server.
    pub server: Server,
    /// The carrier.
    pub switchboard: Switchboard,
}

impl Queue {
    /// Starts both.
    ///
    /// # Errors
    /// The server does not start.
    pub async fn start(
        site: &Site,
        name: &str,
        database: Option<&str>,
        settings: &[(&'static str, String)],
        manner: Manner,
    ) -> Result<Self> {
        let switchboard = Switchboard::start(manner).await?;
        let site = Site { carrier: switchboard.address(), settings: settings.to_vec(), ..site.clone() };
        let server = match database {
            Some(url) => Server::start_on(&site, name, url).await?,
            None => Server::start(&site, name).await?,
        };
        server.ready().await?;
        Ok(Self { server, switchboard })
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Makes a campaign that calls at any hour, once.
    ///
    /// # Errors
    /// It is not taken.
    pub async fn campaign(&self, name: &str) -> Result<String> {
        let body = json!({
            "name": name, "script": "questions", "window": { "hours": [{ "from": "00:00:00", "to": "00:00:00" }] },
            "retry": { "max_attempts": 1 },
        });
        let made = self.post("/api/campaigns", &body).await?;
        Ok(made["id"].as_str().context("a campaign has no id")?.to_owned())
    }

    /// Puts people into its queue.
    ///
    /// # Errors
    /// Somebody is not taken.
    pub async fn fill(&self, campaign: &str, first: usize, people: usize) -> Result<()> {
        let mut connection = Connection::open(self.address()).await?;
        for from in (first..first + people).step_by(AT_ONCE) {
            let numbers = from..(from + AT_ONCE).min(first + people);
            let list: Vec<Value> = numbers.map(|n| json!({ "to": number(n), "zone": "UTC" })).collect();
            let body = json!({ "people": list }).to_string();
            let path = format!("/api/campaigns/{campaign}/jobs");
            let answer = connection.exchange(&post(self.address(), &path, &body)).await?;
            ensure!(answer.status == 201, "{}: {}", answer.status, answer.beginning());
        }
        Ok(())
    }

    /// Starts, pauses, resumes it.
    ///
    /// # Errors
    /// That is not taken.
    pub async fn act(&self, campaign: &str, word: &str) -> Result<()> {
        self.post(&format!("/api/campaigns/{campaign}/{word}"), &json!({})).await.map(drop)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let mut connection = Connection::open(self.address()).await?;
        let answer = connection.exchange(&post(self.address(), path, &body.to_string())).await?;
        ensure!(answer.status < 300, "{path}: {}: {}", answer.status, answer.beginning());
        Ok(serde_json::from_slice(answer.body)?)
    }

    /// What a page answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let mut connection = Connection::open(self.address()).await?;
        let answer = connection.exchange(&get(self.address(), path)).await?;
        ensure!(answer.status == 200, "{path}: {}: {}", answer.status, answer.beginning());
        Ok(serde_json::from_slice(answer.body)?)
    }

    /// Waits until so many calls were placed.
    ///
    /// # Errors
    /// Nobody was called for long.
    pub async fn placed(&self, enough: usize) -> Result<()> {
        let (mut placed, mut since) = (0, Instant::now());
        while self.switchboard.placed() < enough {
            if self.switchboard.placed() > placed {
                (placed, since) = (self.switchboard.placed(), Instant::now());
            }
            if since.elapsed() > Duration::from_secs(30) {
                let stats = self.get("/api/queue/stats").await.unwrap_or_default();
                let seen = self.switchboard.seen();
                let ends =
                    format!("{} ends taken, {} refused: {:?}", seen.ended.len(), seen.refused, seen.refusal);
                bail!("{placed} of {enough} were called, and nobody for 30 s: {ends}; {stats}");
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Waits until the server has heard of so many ends.
    async fn ended(&self, enough: usize) -> Result<()> {
        let begun = Instant::now();
        while self.switchboard.seen().ended.len() < enough {
            ensure!(begun.elapsed() < Duration::from_secs(30), "not every end was taken within 30 s");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// How soon nobody is called any more when a campaign is paused.
    async fn paused(&self, plan: &Plan, engine: &str) -> Result<Line> {
        crate::progress(&format!("the queue on {engine}: a pause"));
        let people = plan.queued / 5;
        self.switchboard.clear();
        let campaign = self.campaign("paused").await?;
        self.fill(&campaign, plan.queued, people).await?;
        self.act(&campaign, "start").await?;
        self.placed(people / 4).await?;
        let asked = Instant::now();
        self.act(&campaign, "pause").await?;
        tokio::time::sleep(QUIET).await;
        let seen = self.switchboard.seen();
        ensure!(seen.placed.len() < people, "everybody was called before the pause");
        let last = seen.placed.last().map_or(asked, |(_, at)| *at);
        let took = last.saturating_duration_since(asked).as_secs_f64();
        self.act(&campaign, "resume").await?;
        self.placed(people).await?;
        everybody_once(&self.switchboard.seen(), people)?;
        Ok(Line::new(16, format!("{engine}: from asking for a pause to the last call"))
            .figure(seconds(Spread::once(took)))
            .beside(format!("{} of {} were called by then", seen.placed.len(), people))
            .value("seconds", Spread::once(took))
            .at_most(took, 1.0, " s"))
    }
}
