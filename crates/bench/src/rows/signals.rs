//! Rows 22 and 23: what two browsers tell each other while they look for a way, a thousand sockets in five hundred calls. As fast as
//! it goes, and how long each takes at a steady pace; both beside a relay that looks at nothing, in turns with the server.

use std::time::Duration;

use anyhow::Result;

use crate::crowd::{Pace, Window};
use crate::pair::{Pairs, Relay};
use crate::plan::Plan;
use crate::process;
use crate::report::{Line, grouped, micros, millis, rate, ratio};
use crate::rows::ceilings::Bare;
use crate::server::{Server, Site};
use crate::stats::{Latencies, Spread};
use crate::user::with_an_app;

/// One of the two that pass frames on.
struct Measured {
    pid: u32,
    pairs: Pairs,
    /// Frames a second, as fast as it goes.
    rates: Vec<f64>,
    /// Microseconds of its CPU time for each.
    costs: Vec<f64>,
    /// How long frames took at a steady pace.
    steady: Latencies,
}

/// Measures.
///
/// # Errors
/// A server failed, or a frame was lost.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let server = Server::start(&with_an_app(site), "signals").await?;
    let bare = Bare::start().await?;
    crate::progress(&format!("signals: {} calls begin", plan.app_calls));
    let mut two = [
        Measured::begin(server.pid(), Relay::Server(server.address()), plan).await?,
        Measured::begin(bare.pid(), Relay::Bare(bare.address()), plan).await?,
    ];
    for repetition in 0..plan.repetitions {
        crate::progress(&format!("signals: repetition {}", repetition + 1));
        for one in &mut two {
            one.as_fast_as_it_goes(plan.window).await?;
        }
        for one in &mut two {
            one.steadily(plan).await?;
        }
    }
    let [ours, bare] = two;
    Ok(vec![rates(plan, &ours, &bare), delays(plan, &ours, &bare)])
}

fn rates(plan: &Plan, ours: &Measured, bare: &Measured) -> Line {
    let [rate_of_ours, rate_of_bare] = [ours, bare].map(|one| Spread::of(one.rates.iter().copied()));
    let [our_cost, bare_cost] = [ours, bare].map(|one| Spread::of(one.costs.iter().copied()));
    let part = Spread::of(ours.rates.iter().zip(&bare.rates).map(|(ours, bare)| ours / bare));
    let sockets = 2 * plan.app_calls;
    Line::new(22, format!("candidates from browser to browser, {} sockets", grouped(sockets as f64)))
        .figure(format!("{}, {} of the bare relay's rate", rate(rate_of_ours, ""), ratio(part)))
        .beside(format!(
            "bare {} · CPU of each {}, bare {}",
            rate(rate_of_bare, ""),
            micros(our_cost),
            micros(bare_cost)
        ))
        .value("per_second", rate_of_ours)
        .value("bare_per_second", rate_of_bare)
        .value("cpu_us", our_cost)
        .value("bare_cpu_us", bare_cost)
        .value("ratio", part)
        .at_least(part.median, 0.7, "")
}

fn delays(plan: &Plan, ours: &Measured, bare: &Measured) -> Line {
    let (seen, beside) = (ours.steady.percentiles(), bare.steady.percentiles());
    let [p50, p99, bare_p99] = [seen.p50, seen.p99, beside.p99].map(Spread::once);
    Line::new(23, format!("the same at {} a second", grouped(plan.frames)))
        .figure(format!("p50 {} · p99 {}", millis(p50), millis(p99)))
        .beside(format!("bare p99 {} · {} frames", millis(bare_p99), grouped(ours.steady.len() as f64)))
        .value("p50_ms", p50)
        .value("p99_ms", p99)
        .value("bare_p99_ms", bare_p99)
        .at_most(seen.p99, 5.0, " ms")
}

impl Measured {
    async fn begin(pid: u32, relay: Relay, plan: &Plan) -> Result<Self> {
        let pairs = Pairs::meet(relay, plan.app_calls).await?;
        let (rates, costs, steady) = (Vec::new(), Vec::new(), Latencies::default());
        Ok(Self { pid, pairs, rates, costs, steady })
    }

    async fn as_fast_as_it_goes(&mut self, time: Duration) -> Result<()> {
        let before = process::cpu(self.pid)?;
        let window = self.pairs.talk(Pace::Closed, time).await?;
        let used = process::cpu(self.pid)?.saturating_sub(before);
        self.costs.push(crate::report::micros_each(used, window.voice.len()));
        self.rates.push(window.rate());
        Ok(())
    }

    async fn steadily(&mut self, plan: &Plan) -> Result<()> {
        let pace = Pace::Open { per_second: plan.frames };
        let Window { voice, .. } = self.pairs.talk(pace, plan.window).await?;
        self.steady.extend(&voice);
        Ok(())
    }
}
