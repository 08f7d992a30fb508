//! Rows 18 and 19: a million jobs of a hundred tenants wait. How long a claim takes, whether each tenant gets its share, what
//! the server's memory does; and how long a plan of many leads takes.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use jiff::Timestamp;
use tokio::time::Instant;
use trunkline_core::id::{CallId, NodeId};
use trunkline_core::queue::Priority;
use trunkline_store::{Claiming, Store};
use trunkline_testkit::postgres;

use crate::generate::Place;
use crate::plan::Plan;
use crate::process;
use crate::report::{Line, grouped, millis, seconds};
use crate::rows::placing::Queue;
use crate::server::Site;
use crate::stats::{Latencies, Spread};
use crate::switchboard::Manner;
use crate::waiting::{self, Made};

const TENANTS: usize = 100;
/// As many as the server reads of a campaign at once.
const HEADS: u32 = 64;
/// As many as it may claim at once.
const AT_ONCE: usize = 16;
const CLAIMS: usize = 400;
const MANNER: Manner = Manner { takes: Duration::from_millis(5), ends_after: None };

/// Measures.
///
/// # Errors
/// A server failed.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let folder = site.folder.join("backlog");
    std::fs::create_dir_all(folder.join("data"))?;
    let mut lines = on(site, plan, "SQLite", &Place::File(folder.join("data/trunkline.db"))).await?;
    match tokio::task::spawn_blocking(postgres::Server::start).await? {
        Ok(server) => {
            lines.extend(on(site, plan, "PostgreSQL", &Place::Server(server.url())).await?);
            tokio::task::spawn_blocking(move || drop(server)).await?;
        }
        Err(error) => {
            lines.push(Line::new(18, "a long queue on PostgreSQL").figure(format!("not measured: {error}")));
        }
    }
    lines.push(planned(site, plan).await?);
    Ok(lines)
}

async fn on(site: &Site, plan: &Plan, engine: &str, place: &Place) -> Result<Vec<Line>> {
    crate::progress(&format!("a long queue on {engine}: {} jobs are made", plan.waiting));
    let begun = Instant::now();
    let each = plan.waiting / TENANTS;
    let store = Store::open(&place.target()?).await?;
    let made = waiting::make(&store, TENANTS, each, now()).await?;
    crate::progress(&format!("a long queue on {engine}: they took {:.0} s", begun.elapsed().as_secs_f64()));
    let claims = claims(&store, &made).await?;
    store.close().await;
    place.belongs_to_nobody().await?;
    let claim = claims.percentiles();
    let mut lines = vec![
        Line::new(
            18,
            format!(
                "{engine}, {} jobs wait: heads are read and {AT_ONCE} claimed",
                grouped(plan.waiting as f64)
            ),
        )
        .figure(format!("p50 {:.1} ms · p99 {}", claim.p50, millis(Spread::once(claim.p99))))
        .beside(format!("{} tenants · most {:.1} ms", TENANTS, claim.max))
        .value("p50_ms", Spread::once(claim.p50))
        .value("p99_ms", Spread::once(claim.p99))
        .at_most(claim.p99, 20.0, " ms"),
    ];
    lines.extend(shares(site, plan, engine, place, each).await?);
    Ok(lines)
}

#[expect(clippy::disallowed_methods, reason = "a measurement's own clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Claims as a worker does: the first of a campaign are read, some of them claimed.
async fn claims(store: &Store, made: &Made) -> Result<Latencies> {
    let node = NodeId::new("elsewhere");
    let mut latencies = Latencies::default();
    for (n, campaign) in made.campaigns.iter().cycle().take(CLAIMS).enumerate() {
        let now = now();
        let begun = Instant::now();
        let heads = store.heads(*campaign, Priority::Default, now, HEADS).await?;
        let wanted: Vec<Claiming> = heads
            .iter()
            .take(AT_ONCE)
            .enumerate()
            .map(|(place, queued)| {
                let mut chance = [7; 10];
                chance[..8].copy_from_slice(&((n * AT_ONCE + place) as u64).to_be_bytes());
                Claiming {
                    job: queued.job.id,
                    call: CallId::new(now, chance),
                    pair: format!("bench {} {}", crate::webhook::OUR_NUMBER, queued.number.as_str()),
                    caps: Vec::new(),
                }
            })
            .collect();
        let claimed = store.claim(&node, &wanted, now).await?;
        latencies.add(begun.elapsed());
        ensure!(claimed.len() == AT_ONCE, "{} of {AT_ONCE} were claimed", claimed.len());
    }
    Ok(latencies)
}

/// What each tenant gets of the first calls, and how the server grows meanwhile.
async fn shares(site: &Site, plan: &Plan, engine: &str, place: &Place, each: usize) -> Result<Vec<Line>> {
    crate::progress(&format!("a long queue on {engine}: whose turn it is"));
    let url = match place {
        Place::Server(url) => Some(url.as_str()),
        Place::File(_) => None,
    };
    let limits = [("LIMITS_CPS", "400".to_owned()), ("LIMITS_TENANT_OUTBOUND_CALLS", "1000000".to_owned())];
    let name = if url.is_some() { "backlog-postgres" } else { "backlog" };
    let queue = Queue::start(site, name, url, &limits, MANNER).await?;
    let calls = (plan.waiting / 100).min(5_000);
    queue.placed(calls / 10).await?;
    let before = process::resident_bytes(queue.server.pid())?;
    queue.placed(calls).await?;
    let after = process::resident_bytes(queue.server.pid())?;
    let seen = queue.switchboard.seen();
    ensure!(seen.called_twice() == 0, "{} people were called twice", seen.called_twice());
    let mut of_tenant: BTreeMap<usize, usize> = (0..TENANTS).map(|t| (t, 0)).collect();
    for (to, _) in seen.placed.iter().take(calls) {
        let n: usize = to.trim_start_matches("+1555").parse()?;
        *of_tenant.entry(n / each).or_default() += 1;
    }
    let fair = calls as f64 / TENANTS as f64;
    let off = of_tenant.values().map(|calls| (*calls as f64 / fair - 1.0).abs()).fold(0.0, f64::max);
    let (least, most) = (of_tenant.values().min().unwrap_or(&0), of_tenant.values().max().unwrap_or(&0));
    let [before, after] = [before, after].map(|bytes| bytes as f64 / f64::from(1 << 20));
    Ok(vec![
        Line::new(
            18,
            format!("{engine}: shares of {TENANTS} tenants of one weight, {} calls", grouped(calls as f64)),
        )
        .figure(format!("at most {:.1} % off", off * 100.0))
        .beside(format!("from {least} to {most} calls each · {} calls per second", grouped(seen.rate())))
        .value("off", Spread::once(off))
        .at_most((off * 100.0).round(), 10.0, " %"),
        Line::new(18, format!("{engine}: memory with {} jobs waiting", grouped(plan.waiting as f64)))
            .figure(format!("{after:.0} MiB"))
            .beside(format!("{before:.0} MiB {} live calls before", calls - calls / 10))
            .value("resident_mib", Spread::once(after)),
    ])
}

async fn planned(site: &Site, plan: &Plan) -> Result<Line> {
    crate::progress(&format!("a plan of {} leads", plan.planned));
    let queue = Queue::start(site, "plan", None, &[], MANNER).await?;
    let campaign = queue.campaign("planned").await?;
    queue.fill(&campaign, 0, plan.planned).await?;
    let mut took = Vec::new();
    for _ in 0..3 {
        let begun = Instant::now();
        queue.get(&format!("/api/campaigns/{campaign}/plan")).await?;
        took.push(begun.elapsed().as_secs_f64());
    }
    let took = Spread::of(took);
    Ok(Line::new(19, format!("a plan of {} leads, over the API", grouped(plan.planned as f64)))
        .figure(seconds(took))
        .value("seconds", took)
        .at_most(took.median, 5.0, " s"))
}
