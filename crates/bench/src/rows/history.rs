//! Row 12: a page of the list, searches, and analytics, over a long history, on each engine, beside the bare statement that walks the
//! index for a page.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;
use tokio::time::Instant;
use trunkline_testkit::postgres;

use crate::generate::{self, Place};
use crate::http::Connection;
use crate::plan::Plan;
use crate::report::{Line, grouped, millis};
use crate::server::{Server, Site, get};
use crate::stats::{Latencies, Percentiles, Spread};

/// How long a server that gave up on its database may take to find it again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is asked for.
struct Asked {
    what: &'static str,
    path: String,
    /// What the page is of.
    of: &'static str,
    /// How many of them must be on it.
    calls: usize,
    /// What is aimed at.
    aim: Aim,
}

/// What is aimed at, in milliseconds.
#[derive(Clone, Copy)]
enum Aim {
    /// By 95 of a hundred.
    P95(f64),
    /// By 99 of a hundred.
    P99(f64),
}

impl Aim {
    /// What is judged, and by what.
    fn of(self, took: Percentiles) -> (f64, f64) {
        match self {
            Self::P95(aim) => (took.p95, aim),
            Self::P99(aim) => (took.p99, aim),
        }
    }
}

/// Measures.
///
/// # Errors
/// A server failed, or an answer was wrong.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let folder = site.folder.join("history");
    std::fs::create_dir_all(folder.join("data"))?;
    lines.extend(on(site, plan, "SQLite", &Place::File(folder.join("data/trunkline.db"))).await?);
    match tokio::task::spawn_blocking(postgres::Server::start).await? {
        Ok(server) => {
            let place = Place::Server(server.url());
            lines.extend(on(site, plan, "PostgreSQL", &place).await?);
            tokio::task::spawn_blocking(move || drop(server)).await?;
        }
        Err(error) => {
            lines.push(Line::new(12, "history on PostgreSQL").figure(format!("not measured: {error}")));
        }
    }
    Ok(lines)
}

async fn on(site: &Site, plan: &Plan, engine: &str, place: &Place) -> Result<Vec<Line>> {
    crate::progress(&format!("history: {} calls are made on {engine}", plan.history));
    let begun = Instant::now();
    generate::calls(place, plan.history).await?;
    let made = begun.elapsed().as_secs_f64();
    let server = match place {
        Place::File(_) => Server::start(site, "history").await?,
        Place::Server(url) => Server::start_on(site, "history-postgres", url).await?,
    };
    server.ready().await?;
    let bare = generate::bare_page(place, plan.pages).await?.percentiles();
    let (mut lines, mut halves) = (Vec::new(), Vec::new());
    for asked in asked(plan, &deep(server.address(), plan).await?) {
        crate::progress(&format!("history on {engine}: {}", asked.what));
        let Pages { took, unanswered } = ask(server.address(), &asked, plan.pages).await?;
        let took = took.percentiles();
        halves.push(took.p50);
        let (judged, aim) = asked.aim.of(took);
        let [p50, p95, p99] = [took.p50, took.p95, took.p99].map(Spread::once);
        let unread = match unanswered {
            0 => String::new(),
            n => format!(" · {n} of {} NOT ANSWERED IN TIME", plan.pages),
        };
        lines.push(
            Line::new(12, format!("{engine}, {} calls: {}", grouped(plan.history as f64), asked.what))
                .figure(format!("p50 {} · p95 {} · p99 {}{unread}", millis(p50), millis(p95), millis(p99)))
                .beside(format!("bare SQL for a page p95 {:.2} ms", bare.p95))
                .value("p50_ms", p50)
                .value("p95_ms", p95)
                .value("p99_ms", p99)
                .value("bare_p95_ms", Spread::once(bare.p95))
                .value("unanswered", Spread::once(unanswered as f64))
                .at_most(if unanswered > 0 { f64::INFINITY } else { judged }, aim, " ms"),
        );
    }
    if let [first, middle, ..] = halves[..] {
        lines.push(
            Line::new(12, format!("{engine}: a page in the middle, of the first page's time"))
                .figure(format!("{:.2} at p50", middle / first))
                .value("ratio", Spread::once(middle / first))
                .at_most(middle / first, 2.0, ""),
        );
    }
    crate::progress(&format!("history on {engine}: its rows took {made:.0} s to make"));
    Ok(lines)
}

/// A cursor to the middle of history.
async fn deep(address: SocketAddr, plan: &Plan) -> Result<String> {
    let path = format!("/api/calls?limit=1&until={}", generate::began_at(plan.history / 2));
    let page = page(&mut Connection::open(address).await?, address, &path).await?;
    match page["next"].as_str() {
        Some(next) => Ok(next.to_owned()),
        None => bail!("half of history is missing: {page}"),
    }
}

fn asked(plan: &Plan, deep: &str) -> Vec<Asked> {
    let asked = |what, query: String, calls| Asked {
        what,
        path: format!("/api/calls?limit=50{query}"),
        of: "calls",
        calls,
        aim: Aim::P95(50.0),
    };
    let added_up = |what, query: &str, rows| Asked {
        what,
        path: format!("/api/analytics?{query}"),
        of: "rows",
        calls: rows,
        aim: Aim::P99(20.0),
    };
    vec![
        asked("the first page", String::new(), 50),
        asked("a page in the middle", format!("&cursor={deep}"), 50),
        asked("by status", "&status=busy".to_owned(), 50),
        asked("by number", format!("&number={}", generate::number(plan.history / 2).replace('+', "%2B")), 1),
        asked("search for what many have", "&search=Person".to_owned(), 50),
        asked("search for what only the oldest has", "&search=Oldest".to_owned(), 1),
        added_up("analytics of thirty days", "by=day&since=2020-09-20&until=2020-10-20", 30),
        added_up("analytics of all years", "by=script&since=2020-09-01&until=2030-01-01", 1),
    ]
}

/// What became of pages.
#[derive(Default)]
struct Pages {
    /// Of all of them: giving up takes its time too.
    took: Latencies,
    /// For so many the server gave up on its database.
    unanswered: usize,
}

async fn ask(address: SocketAddr, asked: &Asked, times: usize) -> Result<Pages> {
    let mut connection = Connection::open(address).await?;
    let mut pages = Pages::default();
    for _ in 0..times {
        let begun = Instant::now();
        let page = page(&mut connection, address, &asked.path).await?;
        pages.took.add(begun.elapsed());
        if page["history"] == "unavailable" {
            pages.unanswered += 1;
            // It looks again by itself.
            tokio::time::sleep(AGAIN).await;
            continue;
        }
        let calls = page[asked.of].as_array().map_or(0, Vec::len);
        if calls != asked.calls {
            bail!("{}: {calls} rows and not {}; history is {}", asked.what, asked.calls, page["history"]);
        }
    }
    Ok(pages)
}

async fn page(connection: &mut Connection, address: SocketAddr, path: &str) -> Result<Value> {
    let answer = connection.exchange(&get(address, path)).await?;
    if answer.status != 200 {
        bail!("{path} was answered {}: {}", answer.status, answer.beginning());
    }
    Ok(serde_json::from_slice(answer.body)?)
}
