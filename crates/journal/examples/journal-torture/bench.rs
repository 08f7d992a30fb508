//! What a journal can do on this disk, beside what the bare disk can do in the same minute.

use std::{
    collections::VecDeque,
    fs::OpenOptions,
    io::Write,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use trunkline_journal::{Class, Journal, Options, Pending};

use crate::{Args, Outcome, report};

/// A record as a webhook makes it.
const RECORD_BYTES: usize = 600;

/// Writers append and wait, each with `window` records under way, for some seconds.
pub fn run(args: &Args) -> Outcome<()> {
    let writers = args.number("writers", 16)?;
    let window = usize::try_from(args.number("window", 1)?)?.max(1);
    let time = Duration::from_secs(args.number("secs", 3)?);
    let place = tempfile::tempdir_in(std::env::var_os("TORTURE_DIR").unwrap_or_else(|| "/var/tmp".into()))?;
    let before = bare_disk(place.path(), 500)?;
    let (mut latencies, elapsed) = acknowledged(&place.path().join("journal"), writers, window, time)?;
    let after = bare_disk(place.path(), 500)?;
    let reopened = Instant::now();
    let (_, recovered) = Journal::open(&place.path().join("journal"), Options::default())?;
    let reopened = reopened.elapsed().as_millis();
    let records = recovered.records;

    latencies.sort_unstable();
    let rate = latencies.len() as f64 / elapsed.as_secs_f64();
    let (p50, p99) = (micros(&latencies, 50), micros(&latencies, 99));
    let (mut bare, bare_after) = (before, after);
    bare.extend(bare_after);
    bare.sort_unstable();
    let (bare50, bare99) = (micros(&bare, 50), micros(&bare, 99));
    report::say(&format!(
        "journal | {writers} writers x {window} | {rate:.0} acks/s | p50 {p50} µs | p99 {p99} µs | bare append + fdatasync: \
         p50 {bare50} µs, p99 {bare99} µs | reopened with {records} records in {reopened} ms"
    ));
    let line = json!({
        "bench": "journal", "writers": writers, "window": window, "record_bytes": RECORD_BYTES, "acks_per_sec": rate,
        "p50_micros": p50, "p99_micros": p99, "bare_p50_micros": bare50, "bare_p99_micros": bare99,
        "reopened_records": records, "reopened_millis": reopened,
    });
    report::say(&line.to_string());
    Ok(())
}

fn micros(sorted: &[Duration], percent: usize) -> u128 {
    sorted.get(sorted.len() * percent / 100).map_or(0, Duration::as_micros)
}

fn bare_disk(dir: &Path, times: usize) -> Outcome<Vec<Duration>> {
    let mut file = OpenOptions::new().create(true).append(true).open(dir.join("bare"))?;
    let mut latencies = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        file.write_all(&[7; RECORD_BYTES])?;
        file.sync_data()?;
        latencies.push(started.elapsed());
    }
    Ok(latencies)
}

fn acknowledged(
    dir: &Path,
    writers: u64,
    window: usize,
    time: Duration,
) -> Outcome<(Vec<Duration>, Duration)> {
    let (journal, _) = Journal::open(dir, Options::default())?;
    let over = AtomicBool::new(false);
    let started = Instant::now();
    let latencies = thread::scope(|scope| {
        let write = || write(&journal, window, &over).map_err(|error| error.to_string());
        let writers: Vec<_> = (0..writers).map(|_| scope.spawn(write)).collect();
        thread::sleep(time);
        over.store(true, Ordering::Relaxed);
        writers
            .into_iter()
            .map(|writer| writer.join().map_err(|_| "a writer panicked")?)
            .collect::<Result<Vec<_>, _>>()
    })?;
    let elapsed = started.elapsed();
    journal.close();
    Ok((latencies.concat(), elapsed))
}

fn write(journal: &Journal, window: usize, over: &AtomicBool) -> Outcome<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut waiting: VecDeque<(Instant, Pending)> = VecDeque::with_capacity(window);
    while !over.load(Ordering::Relaxed) {
        while waiting.len() < window {
            waiting.push_back((Instant::now(), journal.append(1, vec![7; RECORD_BYTES], Class::Event)?));
        }
        if let Some((started, pending)) = waiting.pop_front() {
            pending.wait_blocking()?;
            latencies.push(started.elapsed());
        }
    }
    Ok(latencies)
}
