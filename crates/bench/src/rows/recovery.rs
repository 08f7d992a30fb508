//! Row 11: killed with many live calls, and serving again: from the start of the process until `/health` is 200.

use anyhow::{Result, bail};

use crate::crowd::{Crowd, Pace};
use crate::plan::Plan;
use crate::report::{Line, grouped, seconds};
use crate::server::{Server, Site};
use crate::stats::Spread;

const CONNECTIONS: usize = 64;
/// Pages that each of them has heard.
const FETCHES: u8 = 6;
/// In seconds, with few of them and with many.
const AIMS: [f64; 2] = [0.5, 2.0];

/// Measures.
///
/// # Errors
/// The server does not come back, or without some of the calls.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut fresh = Server::start(site, "recovery-empty").await?;
    for (calls, aim) in plan.recovered.into_iter().zip(AIMS) {
        crate::progress(&format!("recovery: {calls} people call"));
        let mut server = Server::start(site, &format!("recovery-{calls}")).await?;
        let mut crowd = Crowd::new(server.address());
        crowd.gather_upto(calls, FETCHES).await?;
        server.drained().await?;
        let (mut long, mut empty) = (Vec::new(), Vec::new());
        for _ in 0..plan.restarts {
            long.push(server.kill_and_restart().await?.as_secs_f64());
            empty.push(fresh.kill_and_restart().await?.as_secs_f64());
            let recovered = server.recovered().await?;
            if recovered != calls as u64 {
                bail!("{recovered} of {calls} calls were recovered");
            }
        }
        // Each goes on where it was; a wrong page would be an error.
        crowd.talk(CONNECTIONS, Pace::Closed, plan.window).await?;
        lines.push(line(calls, aim, Spread::of(long), Spread::of(empty), server.journal_bytes()?));
    }
    Ok(lines)
}

fn line(calls: usize, aim: f64, long: Spread, empty: Spread, bytes: u64) -> Line {
    let megabytes = bytes as f64 / 1e6;
    Line::new(11, format!("killed with {} live calls, until /health is 200", grouped(calls as f64)))
        .figure(seconds(long))
        .beside(format!("{} without any · journal of {megabytes:.0} MB", seconds(empty)))
        .value("seconds", long)
        .value("empty_seconds", empty)
        .at_most(long.median, aim, " s")
}
