//! Breaks journals on purpose, from a seed, and counts what is lost; and measures one that is whole.
//!
//! `journal-torture f01|f02|f03|f04|f05|f06|keys|all [--rounds N] [--seed S]` prints one row of a table and one line of JSON for each
//! fault, and fails if anything acknowledged was lost or a control did not lose.
//! `journal-torture bench [--writers N] [--window N] [--secs N]` prints what a disk and the journal on it can do.

mod bench;
mod child;
mod cuts;
mod flips;
mod full;
mod keyring;
mod report;
mod victim;
mod workload;

use std::{collections::HashMap, error::Error, process::ExitCode};

/// Anything that stops the torture itself.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// The words after the command, as `--name value`.
pub struct Args(HashMap<String, String>);

impl Args {
    fn parse(words: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut words = words;
        let mut args = HashMap::new();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").ok_or_else(|| format!("what is {word}?"))?.to_owned();
            let value = words.next().ok_or_else(|| format!("--{name} of what?"))?;
            args.insert(name, value);
        }
        Ok(Self(args))
    }

    /// A number, or what it is if nothing is said.
    pub fn number(&self, name: &str, otherwise: u64) -> Outcome<u64> {
        self.0.get(name).map_or(Ok(otherwise), |value| Ok(value.parse()?))
    }

    /// A word that must be given.
    pub fn word(&self, name: &str) -> Outcome<&str> {
        Ok(self.0.get(name).ok_or_else(|| format!("--{name} is missing"))?)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            report::complain(&error.to_string());
            ExitCode::from(2)
        }
    }
}

fn run() -> Outcome<bool> {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_else(|| "all".into());
    let args = Args::parse(words)?;
    match command.as_str() {
        "child" => child::run(&args).map(|()| true),
        "keychild" => keyring::run_child(&args).map(|()| true),
        "bench" => bench::run(&args).map(|()| true),
        "all" => {
            let mut good = true;
            for fault in ["f01", "f02", "f03", "f04", "f05", "f06", "keys"] {
                good &= torture(fault, &args)?;
            }
            Ok(good)
        }
        fault => torture(fault, &args),
    }
}

/// Runs one fault and prints its row; whether it is good.
fn torture(fault: &str, args: &Args) -> Outcome<bool> {
    let seed = args.number("seed", 1)?;
    let row = match fault {
        "f01" => cuts::killed(args.number("rounds", 200)?, seed),
        "f02" => cuts::power_cut(args.number("rounds", 200)?, seed),
        "f03" => cuts::sync_fails(args.number("rounds", 60)?, seed),
        "f04" => return full::disk_full(args.number("rounds", 20)?, seed),
        "f05" => flips::bits_flipped(args.number("rounds", 1000)?, seed),
        "f06" => cuts::folder_not_synced(args.number("rounds", 50)?, seed),
        "keys" => keyring::key_file(args.number("rounds", 50)?, seed),
        other => Err(format!("there is no fault {other}").into()),
    };
    Ok(row?.show())
}
