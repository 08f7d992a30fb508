//! Row 6: 5,000 webhooks a second, come what may, with the store keeping up; then a burst, and how long it is drained.

use std::time::Duration;

use anyhow::Result;

use crate::crowd::{Crowd, Pace};
use crate::http::Connection;
use crate::plan::Plan;
use crate::report::{Line, grouped, millis, rate, seconds};
use crate::server::{Server, Site};
use crate::stats::{Spread, rank};

const PER_SECOND: f64 = 5_000.0;
const CONNECTIONS: usize = 64;
const LOOK: Duration = Duration::from_millis(50);

/// Measures.
///
/// # Errors
/// The server failed.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let server = Server::start(site, "sustained").await?;
    let mut crowd = Crowd::new(server.address());
    crowd.gather(plan.populations[1]).await?;
    server.drained().await?;
    crate::progress("sustained: 5,000/s");
    let mut lags = Vec::new();
    let pace = Pace::Open { per_second: PER_SECOND };
    let window = tokio::select! {
        window = crowd.talk(CONNECTIONS, pace, plan.sustained) => window?,
        failed = watch(&server, &mut lags) => return Err(failed),
    };
    let left = server.drained().await?;
    let achieved = window.webhooks() as f64 / window.took.as_secs_f64();
    let latency = window.voice.percentiles();
    lags.sort_unstable_by(f64::total_cmp);
    let lag = |percent| rank(&lags, percent).unwrap_or(0.0) * 1_000.0;
    let lines = vec![
        Line::new(6, format!("{}/s for {} s", grouped(PER_SECOND), plan.sustained.as_secs()))
            .figure(format!(
                "{} · p50 {:.2} ms · p99 {:.2} ms",
                rate(Spread::once(achieved), ""),
                latency.p50,
                latency.p99
            ))
            .value("per_second", Spread::once(achieved))
            .value("p50_ms", Spread::once(latency.p50))
            .value("p99_ms", Spread::once(latency.p99))
            .at_least(achieved.round(), 0.99 * PER_SECOND, "/s"),
        Line::new(6, "… the store's lag meanwhile")
            .figure(format!("p50 {:.0} ms · p99 {:.0} ms · worst {:.0} ms", lag(50), lag(99), lag(100)))
            .beside(format!("all in the store {:.2} s after the last", left.as_secs_f64()))
            .value("p50_ms", Spread::once(lag(50)))
            .value("p99_ms", Spread::once(lag(99)))
            .at_most(lag(99).round(), 1_000.0, " ms"),
        burst(&server, &mut crowd, plan).await?,
    ];
    Ok(lines)
}

async fn burst(server: &Server, crowd: &mut Crowd, plan: &Plan) -> Result<Line> {
    crate::progress("sustained: a burst");
    let window = crowd.talk(CONNECTIONS, Pace::Closed, plan.burst).await?;
    let mut connection = Connection::open(server.address()).await?;
    let behind = server.lag(&mut connection).await?.events;
    let drained = Spread::once(server.drained().await?.as_secs_f64());
    let all = Spread::once(window.webhooks() as f64 / (window.took.as_secs_f64() + drained.median));
    Ok(Line::new(6, format!("a burst of {} s, drained in", plan.burst.as_secs()))
        .figure(format!("{} · {} events were behind", seconds(drained), grouped(behind as f64)))
        .beside(format!(
            "{} came, p99 {}; {} with the draining",
            rate(Spread::once(window.rate()), ""),
            millis(Spread::once(window.voice.percentiles().p99)),
            rate(all, "")
        ))
        .value("seconds", drained)
        .value("events", Spread::once(behind as f64))
        .value("per_second", Spread::once(window.rate()))
        .value("per_second_drained", all))
}

/// Looks at the lag, in seconds, again and again until it is dropped. Where the server tells only how many events are
/// behind, they are as old as it takes to make so many.
async fn watch(server: &Server, lags: &mut Vec<f64>) -> anyhow::Error {
    let looked = async {
        let mut connection = Connection::open(server.address()).await?;
        loop {
            let lag = server.lag(&mut connection).await?;
            let told = lag.millis.map(|millis| Duration::from_millis(millis).as_secs_f64());
            lags.push(told.unwrap_or(lag.events as f64 / PER_SECOND));
            tokio::time::sleep(LOOK).await;
        }
    };
    match looked.await {
        Ok(never) => never,
        Err(error) => error,
    }
}
