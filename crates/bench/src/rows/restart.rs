//! Row 8: killed, and serving again; with a long journal, beside an empty one.

use anyhow::Result;

use crate::audit::Audit;
use crate::crowd::{Crowd, Pace};
use crate::plan::Plan;
use crate::report::{Line, grouped, seconds};
use crate::server::{Server, Site};
use crate::stats::Spread;

const CONNECTIONS: usize = 64;

/// Measures.
///
/// # Errors
/// The server does not come back, or has forgotten something.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let mut fresh = Server::start(site, "fresh").await?;
    let mut server = Server::start(site, "restart").await?;
    let mut crowd = Crowd::new(server.address());
    crowd.gather(plan.live).await?;
    while records(&crowd) < plan.records {
        crate::progress(&format!("restart: {} of {} records", records(&crowd), plan.records));
        crowd.talk(CONNECTIONS, Pace::Closed, plan.window / 2).await?;
    }
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..plan.restarts {
        times.0.push(server.kill_and_restart().await?.as_secs_f64());
        times.1.push(fresh.kill_and_restart().await?.as_secs_f64());
    }
    let (long, empty) = (Spread::of(times.0), Spread::of(times.1));
    let held = records(&crowd);
    let megabytes = server.journal_bytes()? as f64 / 1e6;
    // Every call goes on where it was.
    crowd.talk(CONNECTIONS, Pace::Closed, plan.window).await?;
    server.drained().await?;
    let audit = Audit::of(&server.database(), &crowd.acknowledged()).await?;
    Ok(vec![
        Line::new(
            8,
            format!("killed, until /health is 200: {} records, {megabytes:.0} MB", grouped(held as f64)),
        )
        .figure(seconds(long))
        .beside(format!("{} with an empty journal", seconds(empty)))
        .value("seconds", long)
        .value("empty_seconds", empty)
        .at_most(long.median, 2.0, " s"),
        Line::new(8, "… and afterwards")
            .figure(audit.line())
            .value("missing", Spread::once(audit.missing as f64))
            .value("surplus", Spread::once(audit.surplus as f64))
            .at_most((audit.missing + audit.surplus) as f64, 0.0, ""),
    ])
}

/// How many records the journal holds for what was acknowledged.
fn records(crowd: &Crowd) -> usize {
    crowd.acknowledged().values().map(|call| 1 + usize::from(call.fetches) + usize::from(call.ended)).sum()
}
