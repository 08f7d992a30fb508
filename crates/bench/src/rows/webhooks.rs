//! Rows 1 to 4: voice webhooks, durable before they are answered, beside what disk, journal and HTTP alone do in turns
//! with them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use super::ceilings::{self, Empty};
use crate::crowd::{Crowd, Pace, Window};
use crate::plan::Plan;
use crate::process;
use crate::report::{Line, grouped, micros, micros_each, millis, rate, ratio};
use crate::server::{Server, Site};
use crate::stats::{Latencies, Percentiles, Spread};

/// How many ask at once.
const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// One repetition at one number of connections.
#[derive(Clone, Debug)]
struct Turn {
    /// The disk before and after the others: it has moods.
    disk: Latencies,
    journal: Window,
    empty: Window,
    empty_cpu: Duration,
    voice: Window,
    /// Until all of it was in the store.
    voice_cpu: Duration,
}

/// One repetition: a turn at each number of connections.
type Repetition = Vec<Turn>;

/// Measures.
///
/// # Errors
/// A server failed.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let server = Server::start(site, "webhooks").await?;
    let mut crowd = Crowd::new(server.address());
    crowd.gather(plan.live).await?;
    let bytes = record_bytes(&server, &crowd)?;
    let empty = Empty::start().await?;
    crowd.talk(16, Pace::Closed, plan.window).await?;
    empty.ask(16, plan.window).await?;
    server.drained().await?;
    let threads_before = process::cpu_by_thread(server.pid())?;
    let mut repetitions = Vec::new();
    for number in 1..=plan.repetitions {
        crate::progress(&format!("webhooks: repetition {number} of {}", plan.repetitions));
        let mut turns = Vec::new();
        for connections in CONNECTIONS {
            turns.push(turn(site, plan, &server, &empty, &mut crowd, bytes, connections).await?);
        }
        repetitions.push(turns);
    }
    let threads = spent(&threads_before, &process::cpu_by_thread(server.pid())?);
    Ok(lines(&repetitions, bytes, &threads))
}

/// How long a record of the journal is, on average, with its share of the batch's head.
fn record_bytes(server: &Server, crowd: &Crowd) -> Result<usize> {
    let calls = crowd.acknowledged();
    let records: u64 = calls.values().map(|call| u64::from(call.fetches) + 1).sum();
    Ok(usize::try_from(server.journal_bytes()? / records.max(1))?)
}

async fn turn(
    site: &Site,
    plan: &Plan,
    server: &Server,
    empty: &Empty,
    crowd: &mut Crowd,
    bytes: usize,
    connections: usize,
) -> Result<Turn> {
    let time = plan.window;
    let mut disk = bare_disk(site, bytes, time / 4).await?;
    let journal = ceilings::journal(&site.folder, bytes, connections, time).await?;
    let before = process::cpu(empty.pid())?;
    let answers = empty.ask(connections, time).await?;
    let empty_cpu = process::cpu(empty.pid())?.saturating_sub(before);
    let before = process::cpu(server.pid())?;
    let voice = crowd.talk(connections, Pace::Closed, time).await?;
    server.drained().await?;
    let voice_cpu = process::cpu(server.pid())?.saturating_sub(before);
    disk.extend(&bare_disk(site, bytes, time / 4).await?);
    Ok(Turn { disk, journal, empty: answers, empty_cpu, voice, voice_cpu })
}

async fn bare_disk(site: &Site, bytes: usize, time: Duration) -> Result<Latencies> {
    let folder = site.folder.clone();
    tokio::task::spawn_blocking(move || ceilings::disk(&folder, bytes, time)).await?
}

fn lines(repetitions: &[Repetition], bytes: usize, threads: &BTreeMap<String, Duration>) -> Vec<Line> {
    let disk = |pick: fn(&Percentiles) -> f64| {
        Spread::of(repetitions.iter().flatten().map(|turn| pick(&turn.disk.percentiles())))
    };
    let (p50, p99) = (disk(|disk| disk.p50), disk(|disk| disk.p99));
    let mut lines = vec![
        Line::new(1, format!("disk: append {bytes} bytes + fdatasync"))
            .figure(format!("p50 {} · p99 {}", millis(p50), millis(p99)))
            .value("p50_ms", p50)
            .value("p99_ms", p99),
    ];
    let turns = |at: usize| repetitions.iter().map(move |turns| &turns[at]);
    for (at, connections) in CONNECTIONS.into_iter().enumerate() {
        let windows: Vec<_> = turns(at).map(|turn| &turn.journal).collect();
        let what = format!("journal alone, {connections} {}", plural(connections, "writer"));
        lines.push(window_line(2, &what, &windows, " acks"));
    }
    for (at, connections) in CONNECTIONS.into_iter().enumerate() {
        let windows: Vec<_> = turns(at).map(|turn| &turn.empty).collect();
        let cpu = Spread::of(turns(at).map(|turn| micros_each(turn.empty_cpu, turn.empty.webhooks())));
        let what = format!("empty answer, {connections} {}", plural(connections, "connection"));
        let line = window_line(3, &what, &windows, " answers");
        lines.push(line.beside(format!("server's CPU {}", micros(cpu))).value("cpu_us", cpu));
    }
    for (at, connections) in CONNECTIONS.into_iter().enumerate() {
        let windows: Vec<_> = turns(at).map(|turn| &turn.voice).collect();
        let cpu = Spread::of(turns(at).map(|turn| micros_each(turn.voice_cpu, turn.voice.webhooks())));
        let what = format!("voice webhook, {connections} {}", plural(connections, "connection"));
        let line = window_line(4, &what, &windows, "");
        lines.push(
            line.beside(format!("server's CPU {}, store's included", micros(cpu))).value("cpu_us", cpu),
        );
    }
    let to_empty = Spread::of(turns(2).map(|turn| turn.voice.rate() / turn.empty.rate()));
    let cpu_to_empty = Spread::of(turns(2).map(|turn| {
        micros_each(turn.voice_cpu, turn.voice.webhooks())
            / micros_each(turn.empty_cpu, turn.empty.webhooks())
    }));
    lines.push(
        Line::new(4, "… its rate to the empty answer's, 64 connections")
            .figure(ratio(to_empty))
            .beside(format!("CPU of one webhook: that of {} empty answers", ratio(cpu_to_empty)))
            .value("ratio", to_empty)
            .value("cpu_ratio", cpu_to_empty)
            .at_least(to_empty.median, 0.25, ""),
    );
    let p50 = |latencies: &Latencies| latencies.percentiles().p50;
    let to_sync = Spread::of(turns(0).map(|turn| p50(&turn.voice.voice) / p50(&turn.disk)));
    lines.push(
        Line::new(4, "… its p50 to one fdatasync's, 1 connection")
            .figure(ratio(to_sync))
            .value("ratio", to_sync)
            .at_most(to_sync.median, 2.5, ""),
    );
    lines.push(Line::new(4, "… whose CPU time that is").figure(shares(threads)));
    lines
}

fn window_line(row: u8, what: &str, windows: &[&Window], unit: &str) -> Line {
    let spread = |pick: fn(&Window) -> f64| Spread::of(windows.iter().map(|window| pick(window)));
    let per_second = spread(Window::rate);
    let (p50, p99) =
        (spread(|window| window.voice.percentiles().p50), spread(|window| window.voice.percentiles().p99));
    Line::new(row, what)
        .figure(format!("{} · p50 {} · p99 {}", rate(per_second, unit), millis(p50), millis(p99)))
        .value("per_second", per_second)
        .value("p50_ms", p50)
        .value("p99_ms", p99)
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// CPU time of threads between two looks. One that ended between them is not in it.
fn spent(
    before: &BTreeMap<String, Duration>,
    after: &BTreeMap<String, Duration>,
) -> BTreeMap<String, Duration> {
    let since =
        |name: &String, time: &Duration| time.saturating_sub(before.get(name).copied().unwrap_or_default());
    after.iter().map(|(name, time)| (name.clone(), since(name, time))).collect()
}

fn shares(threads: &BTreeMap<String, Duration>) -> String {
    let all: Duration = threads.values().sum();
    let mut shares: Vec<_> = threads.iter().collect();
    shares.sort_unstable_by(|one, other| other.1.cmp(one.1));
    let share = |time: &Duration| grouped(100.0 * time.as_secs_f64() / all.as_secs_f64().max(f64::EPSILON));
    let words: Vec<_> =
        shares.iter().take(5).map(|(name, time)| format!("{name} {} %", share(time))).collect();
    words.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_told_by_their_share_of_the_time_since() {
        let times = |workers, journal| {
            let secs = [("workers", workers), ("journal", journal)];
            BTreeMap::from(secs.map(|(name, secs)| (name.to_owned(), Duration::from_secs(secs))))
        };
        assert_eq!(shares(&spent(&times(10, 10), &times(11, 13))), "journal 75 % · workers 25 %");
    }
}
