//! The rows that torture prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

use std::{collections::BTreeMap, time::Instant};

use serde_json::json;

/// The result of one fault.
pub struct Row {
    fault: &'static str,
    what: &'static str,
    rounds: u64,
    seed: u64,
    started: Instant,
    /// Acknowledged records that were gone, or wrong classes.
    pub lost: u64,
    /// How often each thing was seen.
    pub seen: BTreeMap<&'static str, u64>,
    /// What the control lost; 0 means that the test could not have failed.
    pub control: u64,
}

impl Row {
    /// An empty row.
    pub fn new(fault: &'static str, what: &'static str, rounds: u64, seed: u64) -> Self {
        let started = Instant::now();
        Self { fault, what, rounds, seed, started, lost: 0, seen: BTreeMap::new(), control: 0 }
    }

    /// Counts something that was seen.
    pub fn count(&mut self, what: &'static str, times: u64) {
        *self.seen.entry(what).or_default() += times;
    }

    /// The larger of two readings.
    pub fn at_most(&mut self, what: &'static str, reading: u64) {
        let highest = self.seen.entry(what).or_default();
        *highest = (*highest).max(reading);
    }

    /// Prints the row; whether it is good.
    pub fn show(&self) -> bool {
        let good = self.lost == 0 && self.control > 0;
        let seen: Vec<_> = self.seen.iter().map(|(what, times)| format!("{what} {times}")).collect();
        let verdict = if good { "ok" } else { "FAILED" };
        println!(
            "{} | {} | {} rounds | lost {} | {} | control lost {} | seed {} | {:.1} s | {verdict}",
            self.fault,
            self.what,
            self.rounds,
            self.lost,
            seen.join(", "),
            self.control,
            self.seed,
            self.started.elapsed().as_secs_f64(),
        );
        let line = json!({
            "fault": self.fault, "what": self.what, "rounds": self.rounds, "seed": self.seed, "lost": self.lost,
            "seen": self.seen, "control_lost": self.control, "ok": good,
            "seconds": self.started.elapsed().as_secs_f64(),
        });
        println!("{line}");
        good
    }
}

/// Says what went wrong.
pub fn complain(what: &str) {
    eprintln!("journal-torture: {what}");
}

/// Says what was measured.
pub fn say(what: &str) {
    println!("{what}");
}
