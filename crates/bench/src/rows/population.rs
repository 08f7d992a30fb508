//! Row 5: whether a webhook costs more with a hundred thousand calls in memory, and what a call holds there.

use anyhow::Result;

use crate::crowd::{Crowd, Pace};
use crate::plan::Plan;
use crate::process;
use crate::report::{Line, grouped, micros, micros_each, rate, ratio};
use crate::server::{Server, Site};
use crate::stats::Spread;

const CONNECTIONS: usize = 16;

/// A server with so many live calls.
struct Populated {
    calls: usize,
    server: Server,
    crowd: Crowd,
    resident: u64,
    cpu_us: Vec<f64>,
    rates: Vec<f64>,
}

/// Measures: one server for each population, all up at once, asked in turns.
///
/// # Errors
/// A server failed.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let mut servers = Vec::new();
    for calls in plan.populations {
        crate::progress(&format!("population: {calls} people call"));
        servers.push(Populated::start(site, calls).await?);
    }
    for number in 1..=plan.repetitions {
        crate::progress(&format!("population: repetition {number} of {}", plan.repetitions));
        for populated in &mut servers {
            populated.measure(plan).await?;
        }
    }
    Ok(lines(&servers))
}

impl Populated {
    async fn start(site: &Site, calls: usize) -> Result<Self> {
        let server = Server::start(site, &format!("population-{calls}")).await?;
        let mut crowd = Crowd::new(server.address());
        crowd.gather(calls).await?;
        server.drained().await?;
        let resident = process::resident_bytes(server.pid())?;
        Ok(Self { calls, server, crowd, resident, cpu_us: Vec::new(), rates: Vec::new() })
    }

    /// CPU until all of the window is in the store: what is only put off is not saved.
    async fn measure(&mut self, plan: &Plan) -> Result<()> {
        let before = process::cpu(self.server.pid())?;
        let window = self.crowd.talk(CONNECTIONS, Pace::Closed, plan.window).await?;
        self.server.drained().await?;
        let spent = process::cpu(self.server.pid())?.saturating_sub(before);
        self.cpu_us.push(micros_each(spent, window.webhooks()));
        self.rates.push(window.rate());
        Ok(())
    }
}

fn lines(servers: &[Populated]) -> Vec<Line> {
    let mut lines: Vec<Line> = servers.iter().map(line).collect();
    if let (Some(few), Some(many)) = (servers.first(), servers.last()) {
        let growth = Spread::of(few.cpu_us.iter().zip(&many.cpu_us).map(|(few, many)| many / few));
        lines.push(
            Line::new(
                5,
                format!("… from {} to {} live calls", grouped(few.calls as f64), grouped(many.calls as f64)),
            )
            .figure(ratio(growth))
            .value("ratio", growth)
            .at_most(growth.median, 1.3, ""),
        );
        let bytes = many.resident.saturating_sub(few.resident) as f64;
        let each = Spread::once(bytes / 1_024.0 / (many.calls - few.calls).max(1) as f64);
        lines.push(
            Line::new(5, "memory of a live call")
                .figure(format!("{:.1} KiB", each.median))
                .beside(format!("{:.0} MiB in all with {}", mib(many.resident), grouped(many.calls as f64)))
                .value("kib", each),
        );
    }
    lines
}

fn line(populated: &Populated) -> Line {
    let cpu = Spread::of(populated.cpu_us.iter().copied());
    let rates = Spread::of(populated.rates.iter().copied());
    Line::new(5, format!("CPU of a webhook, {} live calls", grouped(populated.calls as f64)))
        .figure(micros(cpu))
        .beside(format!("{} · {:.0} MiB resident", rate(rates, ""), mib(populated.resident)))
        .value("cpu_us", cpu)
        .value("per_second", rates)
        .value("resident_mib", Spread::once(mib(populated.resident)))
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
