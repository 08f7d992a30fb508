//! `cargo xtask torture`: the faults of the list, at full counts, each with the control that must fail.
//!
//! A row is a program with a subcommand that takes `--rounds` and `--seed`, prints its own table and fails if a promise was
//! broken or its control wasn't. Or it is a story of the whole server, told at its full size: it finds how much in a variable
//! of its own, and the seed in `TRUNKLINE_SEED`. To add a fault: write it, then add its row here.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::shell;

/// What tortures. Production code never depends on what kills it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    /// An example of one of our crates.
    Example { package: &'static str, binary: &'static str },
    /// Stories of the whole server.
    Stories,
}

const JOURNAL: Program = Program::Example { package: "trunkline-journal", binary: "journal-torture" };

const STORIES: [&str; 6] = ["test", "--release", "--package", "trunkline", "--test", "stories"];

/// A fault to survive.
struct Fault {
    name: &'static str,
    what: &'static str,
    program: Program,
    /// The subcommand; of stories, the beginning of their names.
    subcommand: &'static str,
    /// Of stories, the variable that says how much.
    rounds_in: &'static str,
    rounds: u32,
}

const FAULTS: [Fault; 11] = [
    journal("F-01", "killed under load", "f01", 200),
    journal("F-02", "power cut", "f02", 200),
    journal("F-03", "a sync fails", "f03", 60),
    journal("F-04", "the disk is full", "f04", 20),
    journal("F-05", "a bit flips", "f05", 1000),
    journal("F-06", "a folder was not synced", "f06", 50),
    journal("keys", "the key file, by power cuts", "keys", 100),
    story("F-07", "the database away for a third of the calls", "thirds::", "TRUNKLINE_CALLS", 100),
    story(
        "F-14",
        "two nodes killed and paused, their database too",
        "takeover::",
        "TRUNKLINE_ATTEMPTS",
        3_000,
    ),
    story(
        "F-29",
        "receivers of webhooks that refuse and hang",
        "outgoing::dose::",
        "TRUNKLINE_WEBHOOK_EVENTS",
        10_000,
    ),
    story("both", "server and PostgreSQL killed", "killed::", "TRUNKLINE_KILLS", 200),
];

const fn journal(name: &'static str, what: &'static str, subcommand: &'static str, rounds: u32) -> Fault {
    Fault { name, what, program: JOURNAL, subcommand, rounds_in: "", rounds }
}

const fn story(
    name: &'static str,
    what: &'static str,
    subcommand: &'static str,
    rounds_in: &'static str,
    rounds: u32,
) -> Fault {
    Fault { name, what, program: Program::Stories, subcommand, rounds_in, rounds }
}

/// What is tortured, and by which chance.
#[derive(clap::Args)]
pub struct Options {
    /// Only these faults, such as F-02
    #[arg(value_name = "FAULT")]
    only: Vec<String>,
    /// Where chance begins: the same seed gives the same run
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A tenth of the rounds, to see that it works
    #[arg(long)]
    small: bool,
}

/// Runs the faults, all of them even if one fails, and sums up.
///
/// # Errors
/// A program can't be built, a name is unknown, or a promise was broken.
pub fn run(options: &Options) -> Result<()> {
    let faults = chosen(&options.only)?;
    build(&faults)?;
    let lines: Vec<_> = faults.iter().map(|fault| torture(fault, options)).collect();
    println!("\nseed {}\nfault  rounds  result      time  what", options.seed);
    for line in &lines {
        println!("{}", line.text);
    }
    let failed = lines.iter().filter(|line| !line.survived).count();
    println!("\n{} passed, {failed} failed", lines.len() - failed);
    if failed == 0 { Ok(()) } else { bail!("{failed} of {} faults were not survived", lines.len()) }
}

fn chosen(only: &[String]) -> Result<Vec<&'static Fault>> {
    let named = |fault: &Fault, word: &String| {
        word.eq_ignore_ascii_case(fault.name) || word.eq_ignore_ascii_case(fault.subcommand)
    };
    if let Some(unknown) = only.iter().find(|word| !FAULTS.iter().any(|fault| named(fault, word))) {
        let names: Vec<_> = FAULTS.iter().map(|fault| fault.name).collect();
        bail!("no fault is called {unknown}; there are {}", names.join(", "));
    }
    Ok(FAULTS.iter().filter(|fault| only.is_empty() || only.iter().any(|word| named(fault, word))).collect())
}

fn build(faults: &[&Fault]) -> Result<()> {
    let mut built: Vec<Program> = Vec::new();
    for program in faults.iter().map(|fault| fault.program) {
        if !built.contains(&program) {
            let mut build = shell::cargo();
            match program {
                Program::Example { package, binary } => {
                    build.args(["build", "--release", "--package", package, "--example", binary])
                }
                Program::Stories => build.args(STORIES).arg("--no-run"),
            };
            shell::run(&mut build)?;
            built.push(program);
        }
    }
    Ok(())
}

struct Line {
    text: String,
    survived: bool,
}

fn torture(fault: &Fault, options: &Options) -> Line {
    let rounds = if options.small { (fault.rounds / 10).max(1) } else { fault.rounds };
    let mut command = command(fault, rounds, options.seed);
    let begun = Instant::now();
    let done = shell::run(&mut command);
    if let Err(error) = &done {
        println!("xtask: {}: {error:#}", fault.name);
    }
    let result = if done.is_ok() { "survived" } else { "FAILED" };
    Line {
        text: format!(
            "{:5}  {rounds:6}  {result:8}  {:>6}  {}",
            fault.name,
            in_words(begun.elapsed()),
            fault.what
        ),
        survived: done.is_ok(),
    }
}

fn command(fault: &Fault, rounds: u32, seed: u64) -> Command {
    let (rounds, seed) = (rounds.to_string(), seed.to_string());
    match fault.program {
        Program::Example { binary, .. } => {
            let program: PathBuf = shell::target().join("release/examples").join(binary);
            let mut command = shell::command(program);
            command.args([fault.subcommand, "--rounds", &rounds, "--seed", &seed]);
            command
        }
        Program::Stories => {
            let mut command = shell::cargo();
            // One at a time: what they report is how long answers took.
            command.args(STORIES).args(["--", fault.subcommand, "--nocapture", "--test-threads=1"]);
            command.env(fault.rounds_in, rounds).env("TRUNKLINE_SEED", seed);
            command
        }
    }
}

fn in_words(time: Duration) -> String {
    format!("{:.0} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_chosen_by_either_name_and_a_wrong_name_is_refused() {
        let names = |only: &[&str]| -> Vec<_> {
            let only: Vec<_> = only.iter().map(ToString::to_string).collect();
            chosen(&only).map(|faults| faults.iter().map(|fault| fault.name).collect()).unwrap_or_default()
        };
        assert_eq!(names(&["f02", "F-05"]), ["F-02", "F-05"]);
        assert_eq!(names(&[]).len(), FAULTS.len());
        assert!(names(&["F-99"]).is_empty());
    }
}
