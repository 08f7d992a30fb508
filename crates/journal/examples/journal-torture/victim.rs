//! A child process that is let live for a while: what it said is kept, how it died is told.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use trunkline_journal::Sync;
use trunkline_testkit::powercut::{Fault, PowerCut};

use crate::{Outcome, workload::Fold};

/// How a child is to run.
#[derive(Clone, Copy)]
pub struct Life<'a> {
    /// The journal's folder.
    pub dir: &'a Path,
    /// Whether it syncs.
    pub sync: Sync,
    /// How long its segments are.
    pub segment_bytes: u64,
    /// Whether it makes checkpoints and retires segments, or lets them pile up.
    pub upkeep: Upkeep,
    /// The shim and what it does, if the power is to be cut.
    pub shim: Option<(&'a PowerCut, Fault)>,
}

/// Whether a child does what keeps a journal short.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Upkeep {
    /// All the time.
    Steady,
    /// Never: whatever went wrong stays in the way of the next start.
    None,
}

/// When a child dies.
#[derive(Clone, Copy)]
pub enum Death {
    /// By `kill -9`, this long after it was started.
    Kill(Duration),
    /// By itself, or by `kill -9` after this long.
    Itself(Duration),
}

const WRITERS: usize = 8;

impl Life<'_> {
    /// Lets it live and die. What it acknowledged is added to `acked`. The exit status is `None` if it had to be killed.
    pub fn live(&self, death: Death, acked: &mut Fold) -> Outcome<Option<ExitStatus>> {
        let mut command = Command::new(std::env::current_exe()?);
        let sync = if self.sync == Sync::Off { "off" } else { "on" };
        command.arg("child").arg("--dir").arg(self.dir).args(["--sync", sync]);
        command.args(["--writers", &WRITERS.to_string(), "--segment-bytes", &self.segment_bytes.to_string()]);
        if self.upkeep == Upkeep::None {
            command.args(["--upkeep", "0"]);
        }
        command.stdout(Stdio::piped()).stdin(Stdio::null());
        if let Some((shim, fault)) = self.shim {
            shim.watch(&mut command, fault);
        }
        if matches!(death, Death::Itself(_)) {
            command.stderr(Stdio::null());
        }
        let mut child = command.spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let listener = thread::spawn(move || listen(BufReader::new(out)));
        let status = match death {
            Death::Kill(after) => {
                thread::sleep(after);
                None
            }
            Death::Itself(patience) => {
                let started = Instant::now();
                loop {
                    match child.try_wait()? {
                        None if started.elapsed() < patience => thread::sleep(Duration::from_millis(2)),
                        status => break status,
                    }
                }
            }
        };
        let early = if status.is_none() { child.try_wait()? } else { status };
        if early.is_none() {
            child.kill()?;
        }
        child.wait()?;
        let said = listener.join().map_err(|_| "the listener panicked")?;
        acked.0.resize(WRITERS, 0);
        for (writer, number) in said {
            if let Some(next) = acked.0.get_mut(writer) {
                *next = (*next).max(number + 1);
            }
        }
        Ok(early)
    }
}

fn listen(out: impl BufRead) -> Vec<(usize, u64)> {
    let lines = out.lines().map_while(Result::ok);
    lines
        .filter_map(|line| {
            let (writer, number) = line.split_once(' ')?;
            Some((writer.parse().ok()?, number.parse().ok()?))
        })
        .collect()
}
