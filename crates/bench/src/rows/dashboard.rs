//! Row 21: voice webhooks at 200/s over a long history, alone, and while dashboards ask for what they show, in turns.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::crowd::{Crowd, Pace};
use crate::generate::{self, Place};
use crate::http::Connection;
use crate::plan::Plan;
use crate::report::{Line, grouped, millis, ratio};
use crate::server::{Server, Site, get};
use crate::stats::{Latencies, Percentiles, Spread};

const PER_SECOND: f64 = 200.0;
const CONNECTIONS: usize = 16;
const CALLS: usize = 400;
/// So many dashboards are open.
const DASHBOARDS: usize = 4;
/// So often each asks for everything it shows.
const EVERY: Duration = Duration::from_secs(1);
/// What a dashboard shows.
const SHOWN: [&str; 4] = [
    "/api/calls/active",
    "/api/calls?limit=50",
    "/api/analytics?by=day&since=2020-09-20&until=2020-10-20",
    "/readyz",
];

/// Measures.
///
/// # Errors
/// The server failed, or an answer was wrong.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let folder = site.folder.join("dashboard/data");
    std::fs::create_dir_all(&folder)?;
    crate::progress(&format!("dashboard: {} calls are made", plan.history));
    generate::calls(&Place::File(folder.join("trunkline.db")), plan.history).await?;
    let server = Server::start(site, "dashboard").await?;
    server.ready().await?;
    let mut crowd = Crowd::new(server.address());
    crowd.gather(CALLS).await?;
    let pace = Pace::Open { per_second: PER_SECOND };
    crowd.talk(CONNECTIONS, pace, plan.outage).await?;
    let (mut alone, mut beside, mut shown) = (Vec::new(), Vec::new(), Latencies::default());
    for number in 1..=plan.repetitions {
        crate::progress(&format!("dashboard: repetition {number} of {}", plan.repetitions));
        server.drained().await?;
        alone.push(crowd.talk(CONNECTIONS, pace, plan.outage).await?.voice.percentiles());
        server.drained().await?;
        let dashboards = watch(server.address(), Instant::now() + plan.outage);
        beside.push(crowd.talk(CONNECTIONS, pace, plan.outage).await?.voice.percentiles());
        shown.extend(&seen(dashboards).await?);
    }
    let p99 = |of: &[Percentiles]| Spread::of(of.iter().map(|one| one.p99));
    let (without, with) = (p99(&alone), p99(&beside));
    let moved = Spread::of(alone.iter().zip(&beside).map(|(alone, beside)| beside.p99 / alone.p99));
    let shown = shown.percentiles();
    Ok(vec![
        Line::new(
            21,
            format!("200/s over {} calls, {DASHBOARDS} dashboards ask", grouped(plan.history as f64)),
        )
        .figure(format!("p99 {}, {} of that alone", millis(with), ratio(moved)))
        .beside(format!("alone p99 {}", millis(without)))
        .value("p99_ms", with)
        .value("alone_p99_ms", without)
        .value("ratio", moved)
        .at_most(moved.median, 1.1, ""),
        Line::new(21, "… and what they ask for")
            .figure(format!("p50 {:.2} ms · p99 {:.2} ms", shown.p50, shown.p99))
            .value("shown_p99_ms", Spread::once(shown.p99))
            .at_most(shown.p99, 20.0, " ms"),
    ])
}

fn watch(address: SocketAddr, until: Instant) -> JoinSet<Result<Latencies>> {
    let mut dashboards = JoinSet::new();
    for _ in 0..DASHBOARDS {
        dashboards.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let (mut took, mut turn) = (Latencies::default(), interval(EVERY));
            turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while Instant::now() < until {
                turn.tick().await;
                for path in SHOWN {
                    let begun = Instant::now();
                    let answer = connection.exchange(&get(address, path)).await?;
                    if answer.status != 200 {
                        bail!("{path} was answered {}: {}", answer.status, answer.beginning());
                    }
                    took.add(begun.elapsed());
                }
            }
            Ok(took)
        });
    }
    dashboards
}

async fn seen(mut dashboards: JoinSet<Result<Latencies>>) -> Result<Latencies> {
    let mut all = Latencies::default();
    while let Some(done) = dashboards.join_next().await {
        all.extend(&done??);
    }
    Ok(all)
}
