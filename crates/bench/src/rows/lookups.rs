//! Row 9: a call looked up by its id and by its session over HTTP, hot, few and many of them live, beside the empty answer in
//! turns with them.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::ceilings::Empty;
use crate::crowd::Window;
use crate::http::Connection;
use crate::plan::Plan;
use crate::report::{Line, grouped, millis, rate, ratio};
use crate::server::{Server, Site, get, post};
use crate::stats::Spread;

const CONNECTIONS: usize = 64;

/// What a call is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Call,
    Session,
}

impl By {
    fn words(self) -> &'static str {
        match self {
            Self::Call => "by call id",
            Self::Session => "by session",
        }
    }

    fn path(self, n: usize) -> String {
        match self {
            Self::Call => format!("/api/calls/CA{n:032x}"),
            Self::Session => format!("/api/sessions/session-{n}/call"),
        }
    }
}

/// A server with so many calls that a client carries, and what was measured on it.
struct Populated {
    calls: usize,
    server: Server,
    windows: Vec<(By, Window)>,
    /// The same, one after the other on one connection.
    alone: Vec<(By, Window)>,
}

/// Measures.
///
/// # Errors
/// A server failed, or a call was not found.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let empty = Empty::start().await?;
    let mut servers = Vec::new();
    for calls in plan.looked_up {
        crate::progress(&format!("lookups: {calls} calls are registered"));
        let server = Server::start(site, &format!("lookups-{calls}")).await?;
        register(server.address(), calls).await?;
        server.drained().await?;
        servers.push(Populated { calls, server, windows: Vec::new(), alone: Vec::new() });
    }
    let mut ceilings = Vec::new();
    for number in 1..=plan.repetitions {
        crate::progress(&format!("lookups: repetition {number} of {}", plan.repetitions));
        ceilings.push(empty.ask(CONNECTIONS, plan.window).await?);
        for populated in &mut servers {
            for by in [By::Call, By::Session] {
                let (address, calls) = (populated.server.address(), populated.calls);
                populated.windows.push((by, look_up(address, by, calls, CONNECTIONS, plan.window).await?));
                populated.alone.push((by, look_up(address, by, calls, 1, plan.window / 4).await?));
            }
        }
    }
    let all = || servers.iter().flat_map(|populated| [By::Call, By::Session].map(|by| (populated, by)));
    let together = all().map(|(populated, by)| line(populated, by, &ceilings));
    Ok(together.chain(all().map(|(populated, by)| alone(populated, by))).collect())
}

async fn register(address: SocketAddr, calls: usize) -> Result<()> {
    let mut tasks = JoinSet::new();
    for first in 0..CONNECTIONS {
        let mut connection = Connection::open(address).await?;
        tasks.spawn(async move {
            for n in (first..calls).step_by(CONNECTIONS) {
                let body = serde_json::json!({
                    "call_id": format!("CA{n:032x}"), "session_id": format!("session-{n}"), "provider": "twilio",
                    "from_number": "+14155550100", "to_number": format!("+1{:010}", 2_000_000_000 + n),
                });
                let answer = connection.exchange(&post(address, "/api/calls/register", &body.to_string())).await?;
                if answer.status != 201 {
                    bail!("registering was answered {}: {}", answer.status, answer.beginning());
                }
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.context("a connection's task died")??;
    }
    Ok(())
}

async fn look_up(
    address: SocketAddr,
    by: By,
    calls: usize,
    connections: usize,
    time: Duration,
) -> Result<Window> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..connections {
        let mut connection = Connection::open(address).await?;
        tasks.spawn(async move {
            let (mut window, mut n) = (Window::default(), number);
            while begun.elapsed() < time {
                // A stride that meets all of them, and neighbours not one after the other.
                n = (n + 7_919) % calls;
                let wanted = format!("CA{n:032x}");
                let request = get(address, &by.path(n));
                let asked = Instant::now();
                let answer = connection.exchange(&request).await?;
                window.voice.add(asked.elapsed());
                if answer.status != 200 || !String::from_utf8_lossy(answer.body).contains(&wanted) {
                    bail!("{by:?} {n} was answered {}: {}", answer.status, answer.beginning());
                }
            }
            Ok(window)
        });
    }
    let mut whole = Window::default();
    while let Some(window) = tasks.join_next().await {
        whole.voice.extend(&window.context("a connection's task died")??.voice);
    }
    whole.took = begun.elapsed();
    Ok(whole)
}

fn alone(populated: &Populated, by: By) -> Line {
    let own = populated.alone.iter().filter(|(other, _)| *other == by);
    let p50 = Spread::of(own.map(|(_, window)| window.voice.percentiles().p50));
    let calls = grouped(populated.calls as f64);
    Line::new(9, format!("lookup {}, {calls} live calls, alone", by.words()))
        .figure(format!("p50 {}", millis(p50)))
        .value("p50_ms", p50)
        .at_most(p50.median, 1.0, " ms")
}

fn line(populated: &Populated, by: By, ceilings: &[Window]) -> Line {
    let own = || populated.windows.iter().filter(|(other, _)| *other == by).map(|(_, window)| window);
    let rates = Spread::of(own().map(Window::rate));
    let p99 = Spread::of(own().map(|window| window.voice.percentiles().p99));
    let to_empty = Spread::of(own().zip(ceilings).map(|(window, empty)| window.rate() / empty.rate()));
    let calls = grouped(populated.calls as f64);
    Line::new(9, format!("lookup {}, {calls} live calls, {CONNECTIONS} connections", by.words()))
        .figure(format!("{} · p99 {}", rate(rates, ""), millis(p99)))
        .beside(format!("{} of the empty answer's rate", ratio(to_empty)))
        .value("per_second", rates)
        .value("p99_ms", p99)
        .value("ratio", to_empty)
        .at_least(to_empty.median, 0.5, "")
}
