//! Row 25: many devices of one user accept the same call at once, each on a connection of its own. One has it, all others are told
//! so, and how long that takes.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::http::Connection;
use crate::plan::Plan;
use crate::report::{Line, grouped, seconds};
use crate::server::{Server, Site};
use crate::stats::Spread;
use crate::user::{User, with_an_app};

/// Measures.
///
/// # Errors
/// The server failed, or not exactly one device has the call.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let server = Server::start(&with_an_app(site), "accepts").await?;
    let mut took = Vec::new();
    for round in 0..plan.repetitions {
        crate::progress(&format!("accepts: round {}", round + 1));
        took.push(race(server.address(), round, plan.accepts).await?);
    }
    let took = Spread::of(took);
    Ok(vec![
        Line::new(25, format!("{} accepts of one call at once", grouped(plan.accepts as f64)))
            .figure(seconds(took))
            .beside(format!("one has it, {} are told 409", plan.accepts - 1))
            .value("seconds", took)
            .at_most(took.median, 1.0, " s"),
    ])
}

/// Seconds from the first request to the last answer.
async fn race(address: SocketAddr, round: usize, devices: usize) -> Result<f64> {
    let [ann, bob] = [User::new(format!("ann-{round}"))?, User::new(format!("bob-{round}"))?];
    let call = ann.calls(&bob, &mut Connection::open(address).await?, address).await?;
    let line = Arc::new(Barrier::new(devices));
    let mut racing = JoinSet::new();
    for device in 0..devices {
        let mut connection = Connection::open(address).await?;
        let request = bob.accept(address, &call, &format!("d{device}"));
        let line = Arc::clone(&line);
        racing.spawn(async move {
            line.wait().await;
            let asked = Instant::now();
            let status = connection.exchange(&request).await?.status;
            anyhow::Ok((status, asked, Instant::now()))
        });
    }
    let (mut asked, mut answered, mut winners, mut losers) = (Vec::new(), Vec::new(), 0, 0);
    while let Some(done) = racing.join_next().await {
        let (status, from, until) = done.context("a device's task died")??;
        asked.push(from);
        answered.push(until);
        match status {
            200 => winners += 1,
            409 => losers += 1,
            other => anyhow::bail!("an accept was answered {other}"),
        }
    }
    ensure!((winners, losers) == (1, devices - 1), "{winners} devices have the call, {losers} do not");
    let (first, last) = (asked.into_iter().min(), answered.into_iter().max());
    Ok(first.zip(last).map_or(0.0, |(first, last)| last.duration_since(first).as_secs_f64()))
}
