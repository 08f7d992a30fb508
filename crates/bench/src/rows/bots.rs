//! Rows 26 to 29: calls in which a bot talks, a frame each 20 ms both ways. How much later sound arrives than through a relay that
//! looks at nothing, how soon a bot that is interrupted is silent, what a call holds in memory, and how many are too many.

use std::fs;

use anyhow::{Context, Result, ensure};
use tokio::net::TcpListener;

use crate::bots::Bots;
use crate::delays::Heard;
use crate::http::Connection;
use crate::plan::Plan;
use crate::process;
use crate::report::{Line, grouped, millis};
use crate::rows::ceilings::Bare;
use crate::rows::memory::slope;
use crate::server::{Server, Site, put};
use crate::stats::{Percentiles, Spread};
use crate::webhook::OUR_NUMBER;

/// What the bridge may add, in milliseconds.
const ADDED: f64 = 10.0;
/// How soon a bot must be silent, in milliseconds.
const SILENT: f64 = 20.0;

/// What so many calls saw.
struct Step {
    calls: usize,
    heard: Heard,
    /// How many cores were busy with them.
    cores: f64,
}

/// Measures: the bare relay first, and a server with as many calls after it.
///
/// # Errors
/// A server failed, a frame was lost, or a bot was not interrupted.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let beside = bare_steps(plan).await?;
    let model = TcpListener::bind("127.0.0.1:0").await?;
    let server = Server::start(&with_a_bot(site, &model)?, "bots").await?;
    server.ready().await?;
    is_answered_by_the_bot(&server).await?;
    let mut bots = Bots::of_server(server.address(), model);
    let mut sizes = Vec::new();
    for calls in plan.bot_sizes {
        bots.gather(calls).await?;
        // Whoever has just come has not yet been answered, nor written down.
        bots.delays().measure(plan.talk / 2).await?;
        sizes.push((calls as f64, process::resident_bytes(server.pid())? as f64));
    }
    let ours = our_steps(&mut bots, server.pid(), plan, &beside).await?;
    let (first, first_beside) =
        (ours.first().context("no call was measured")?, beside.first().context("no call was measured")?);
    Ok(vec![delays(first, first_beside), silence(first)?, memory(&sizes), limit(&ours, &beside)])
}

/// More and more calls through the relay, each number for a while.
async fn bare_steps(plan: &Plan) -> Result<Vec<Step>> {
    let bare = Bare::start().await?;
    let mut bots = Bots::bare(bare.address());
    let mut steps = Vec::new();
    for calls in plan.bot_calls.iter().copied() {
        crate::progress(&format!("bots: {calls} talk through the bare relay"));
        bots.gather(calls).await?;
        steps.push(step(&bots, calls, bare.pid(), plan).await?);
    }
    Ok(steps)
}

/// As many through the server, until they are too many.
async fn our_steps(bots: &mut Bots, pid: u32, plan: &Plan, beside: &[Step]) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    for bare in beside {
        crate::progress(&format!("bots: {} talk through the server", bare.calls));
        bots.gather(bare.calls).await?;
        let mut ours = step(bots, bare.calls, pid, plan).await?;
        if ours.added(bare) > ADDED && !steps.is_empty() {
            // Somebody else may have been at work: what is too much twice is too much.
            ours = step(bots, bare.calls, pid, plan).await?;
        }
        let is_too_many = ours.added(bare) > ADDED;
        steps.push(ours);
        if is_too_many {
            break;
        }
    }
    Ok(steps)
}

async fn step(bots: &Bots, calls: usize, pid: u32, plan: &Plan) -> Result<Step> {
    let before = process::cpu(pid)?;
    let heard = bots.delays().measure(plan.talk).await?;
    let used = process::cpu(pid)?.saturating_sub(before);
    Ok(Step { calls, heard, cores: used.as_secs_f64() / plan.talk.as_secs_f64() })
}

fn with_a_bot(site: &Site, model: &TcpListener) -> Result<Site> {
    let bots = site.folder.join("bots-of-the-bench");
    fs::create_dir_all(&bots)?;
    let bot = serde_json::json!({
        "instructions": "You answer the telephone.", "greeting": "Hello.", "limits": { "seconds": 3_600, "turns": 500 },
    });
    fs::write(bots.join("bench.json"), bot.to_string())?;
    let mut site = site.clone();
    let url = format!("ws://{}/v1/realtime", model.local_addr()?);
    site.settings.extend([("REALTIME_URL", url), ("SCRIPTS_BOTS", bots.to_string_lossy().into_owned())]);
    Ok(site)
}

async fn is_answered_by_the_bot(server: &Server) -> Result<()> {
    let mut connection = Connection::open(server.address()).await?;
    let path = format!("/api/numbers/{OUR_NUMBER}");
    let answer = connection.exchange(&put(server.address(), &path, r#"{"bot":"bench"}"#)).await?;
    ensure!(answer.status < 300, "a number's bot was answered {}: {}", answer.status, answer.beginning());
    Ok(())
}

impl Step {
    /// Both ways.
    fn ways(&self) -> [Percentiles; 2] {
        [self.heard.to_model.percentiles(), self.heard.to_caller.percentiles()]
    }

    /// The slower of the two.
    fn p99(&self) -> f64 {
        self.ways().map(|way| way.p99).into_iter().fold(0.0, f64::max)
    }

    /// How much of that is not the driver's and the kernel's: way by way, and the slower of the two.
    fn added(&self, beside: &Self) -> f64 {
        let ways = self.ways().into_iter().zip(beside.ways());
        ways.map(|(ours, bare)| ours.p99 - bare.p99).fold(f64::NEG_INFINITY, f64::max)
    }
}

fn delays(ours: &Step, bare: &Step) -> Line {
    let [to_model, to_caller] = ours.ways();
    let [in_half, slowest] = [to_model.p50.max(to_caller.p50), bare.p99()].map(Spread::once);
    let added = ours.added(bare);
    Line::new(26, format!("{} bots talk: sound both ways, added at p99", grouped(ours.calls as f64)))
        .figure(millis(Spread::once(added)))
        .beside(format!(
            "to the model p99 {} · to the caller p99 {} · p50 {} · bare p99 {} · {:.2} cores, bare {:.2}",
            millis(Spread::once(to_model.p99)),
            millis(Spread::once(to_caller.p99)),
            millis(in_half),
            millis(slowest),
            ours.cores,
            bare.cores,
        ))
        .value("added_p99_ms", Spread::once(added))
        .value("to_model_p99_ms", Spread::once(to_model.p99))
        .value("to_caller_p99_ms", Spread::once(to_caller.p99))
        .value("bare_p99_ms", slowest)
        .value("cores", Spread::once(ours.cores))
        .at_most(added, ADDED, " ms")
}

fn silence(ours: &Step) -> Result<Line> {
    let seen = &ours.heard.to_silence;
    ensure!(seen.len() > 0, "nobody was interrupted");
    let Percentiles { p50, p99, .. } = seen.percentiles();
    Ok(Line::new(27, "from the word that the caller speaks to the carrier's silence")
        .figure(format!("p50 {} · p99 {}", millis(Spread::once(p50)), millis(Spread::once(p99))))
        .beside(format!("{} interruptions", grouped(seen.len() as f64)))
        .value("p50_ms", Spread::once(p50))
        .value("p99_ms", Spread::once(p99))
        .at_most(p99, SILENT, " ms"))
}

fn memory(sizes: &[(f64, f64)]) -> Line {
    let each = slope(sizes) / 1_024.0;
    let seen: Vec<String> = sizes
        .iter()
        .map(|(calls, bytes)| format!("{}: {:.0} MiB", grouped(*calls), bytes / f64::from(1 << 20)))
        .collect();
    Line::new(28, "memory of a call in which a bot talks")
        .figure(format!("{each:.0} KiB"))
        .beside(format!("resident with {}", seen.join(" · ")))
        .value("kib", Spread::once(each))
}

/// The first number of calls at which more is added than may be.
fn limit(ours: &[Step], beside: &[Step]) -> Line {
    let mut within = 0;
    for (ours, bare) in ours.iter().zip(beside) {
        if ours.added(bare) > ADDED {
            let what = format!("at {} calls", grouped(ours.calls as f64));
            return Line::new(29, "bots at once until p99 breaks")
                .figure(what)
                .beside(format!(
                    "p99 {:.1} ms, bare {:.1} ms, {:.2} cores",
                    ours.p99(),
                    bare.p99(),
                    ours.cores
                ))
                .value("calls", Spread::once(within as f64));
        }
        within = ours.calls;
    }
    Line::new(29, "bots at once until p99 breaks")
        .figure(format!("not with {}", grouped(within as f64)))
        .value("calls", Spread::once(within as f64))
}
