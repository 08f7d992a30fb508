//! Row 14: a backlog, drained: beside the engine's own rate at copying those very rows, and beside what webhooks notice
//! of it. On each engine.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;
use trunkline_testkit::postgres;

use crate::crowd::{Crowd, Pace, Window};
use crate::database::Database;
use crate::http::Connection;
use crate::plan::Plan;
use crate::report::{Line, grouped, rate, ratio};
use crate::server::{Server, Site};
use crate::stats::Spread;

const CONNECTIONS: usize = 64;
/// What comes while it drains: a good part of what this server can do, and not all.
const PER_SECOND: f64 = 1_000.0;
const LOOK: Duration = Duration::from_millis(10);

/// Measures.
///
/// # Errors
/// A server failed.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let server = Server::start(site, "projection").await?;
    let database = Database::File(server.database());
    let mut lines = on(&server, plan, "SQLite", &database).await?;
    match tokio::task::spawn_blocking(postgres::Server::start).await? {
        Ok(postgres) => {
            let url = postgres.url();
            let server = Server::start_on(site, "projection-postgres", &url).await?;
            lines.extend(on(&server, plan, "PostgreSQL", &Database::Server(url)).await?);
            drop(server);
            tokio::task::spawn_blocking(move || drop(postgres)).await?;
        }
        Err(error) => {
            lines.push(Line::new(14, "projection on PostgreSQL").figure(format!("not measured: {error}")));
        }
    }
    Ok(lines)
}

async fn on(server: &Server, plan: &Plan, engine: &str, database: &Database) -> Result<Vec<Line>> {
    server.ready().await?;
    let mut crowd = Crowd::new(server.address());
    crowd.gather(plan.live).await?;
    server.drained().await?;
    crate::progress(&format!("projection on {engine}: a backlog"));
    backlog(&mut crowd, plan, database).await?;
    let drained = drain(server).await?;
    let copied = database.copied().await?;
    let to_copy = Spread::once(drained / copied);
    let pace = Pace::Open { per_second: PER_SECOND };
    crate::progress(&format!("projection on {engine}: webhooks with and without a backlog"));
    let without = crowd.talk(CONNECTIONS, pace, plan.window).await?;
    backlog(&mut crowd, plan, database).await?;
    let with = crowd.talk(CONNECTIONS, pace, plan.window).await?;
    let left = server.lag(&mut Connection::open(server.address()).await?).await?.events;
    server.drained().await?;
    let achieved = |window: &Window| Spread::once(window.webhooks() as f64 / window.took.as_secs_f64());
    let p99 = |window: &Window| window.voice.percentiles().p99;
    Ok(vec![
        Line::new(14, format!("{engine}: a backlog is drained at"))
            .figure(rate(Spread::once(drained), " events"))
            .beside(format!(
                "{} of copying the same rows by INSERT … SELECT, {}",
                ratio(to_copy),
                rate(Spread::once(copied), "")
            ))
            .value("per_second", Spread::once(drained))
            .value("copied_per_second", Spread::once(copied))
            .value("ratio", to_copy)
            .at_least(to_copy.median, 0.25, ""),
        Line::new(14, format!("{engine}: {}/s while it drains", grouped(PER_SECOND)))
            .figure(format!("{} · p99 {:.2} ms", rate(achieved(&with), ""), p99(&with)))
            .beside(format!(
                "{} · p99 {:.2} ms without a backlog; {} events to go after",
                rate(achieved(&without), ""),
                p99(&without),
                grouped(left as f64)
            ))
            .value("per_second", achieved(&with))
            .value("p99_ms", Spread::once(p99(&with)))
            .value("p99_without_ms", Spread::once(p99(&without)))
            .at_least(achieved(&with).median.round(), 0.99 * PER_SECOND, "/s"),
    ])
}

/// Lets events come while the database is locked.
async fn backlog(crowd: &mut Crowd, plan: &Plan, database: &Database) -> Result<()> {
    let lock = database.lock().await?;
    crowd.talk(CONNECTIONS, Pace::Closed, plan.burst).await?;
    lock.release().await
}

/// Events per second, from the first that goes in.
async fn drain(server: &Server) -> Result<f64> {
    let mut connection = Connection::open(server.address()).await?;
    let backlog = server.lag(&mut connection).await?.events;
    let (mut behind, mut begun) = (backlog, Instant::now());
    while behind == backlog {
        tokio::time::sleep(LOOK).await;
        let now = Instant::now();
        behind = server.lag(&mut connection).await?.events;
        if behind == backlog {
            begun = now;
        }
    }
    server.drained().await?;
    Ok(backlog as f64 / begun.elapsed().as_secs_f64())
}
