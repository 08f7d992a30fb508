//! Measures a running server from outside: the release binary on a folder of its own, asked over HTTP as a carrier
//! asks it, with every figure beside the ceilings that disk, journal and HTTP alone set in the same minutes.
//!
//! `call` is one live call and checks every answer, `crowd` shares many among connections, `pair` is two users of an app who call each
//! other, `bots` is calls with a bot, `rows` are what is measured, `report` is the table. Nothing fails for being slow; it fails when an answer is wrong or something is missing.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks on standard output"
)]

mod audit;
mod bare;
mod bots;
mod call;
mod carrier;
mod crowd;
mod database;
mod delays;
mod empty;
mod generate;
mod http;
mod machine;
mod pair;
mod plan;
mod process;
mod report;
mod rows;
mod server;
mod signature;
mod stamp;
mod stats;
mod switchboard;
mod twiml;
mod user;
mod waiting;
mod webhook;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use machine::Machine;
use plan::Plan;
use report::{Line, Report};
use server::Site;

/// Measures a running server, beside what disk, journal and HTTP alone do in the same minutes.
#[derive(Parser)]
#[command(name = "trunkline-bench")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// A look in a few minutes; its figures are worth less
    #[arg(long)]
    quick: bool,
    /// So little that it fits into a test; its figures are worth nothing
    #[arg(long, hide = true, conflicts_with = "quick")]
    dose: bool,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Only these rows, such as 4,7; rows 1 to 4 belong together, 15 to 17, 18 with 19, 22 with 23, and 26 to 29
    #[arg(long, value_delimiter = ',', value_name = "ROWS")]
    only: Vec<u8>,
    /// The server's binary; else the one beside this program
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
    /// A folder on the disk to measure; what is made in it is removed again
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    dir: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Answer everything with nothing; the measurement starts this by itself
    #[command(hide = true)]
    EmptyServer {
        /// Where to listen
        address: SocketAddr,
    },
    /// Pass on what one of two sockets says to the other; the measurement starts this by itself
    #[command(hide = true)]
    BareRelay {
        /// Where to listen
        address: SocketAddr,
    },
    /// Make a long history in a new database; `cargo xtask rows` starts this
    Rows {
        /// How many calls
        #[arg(long, default_value_t = 1_000_000)]
        calls: usize,
        /// A file, or the address of a PostgreSQL database
        #[arg(long)]
        database: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Some(Command::EmptyServer { address }) => empty::serve(address).await,
        Some(Command::BareRelay { address }) => bare::serve(address).await,
        Some(Command::Rows { calls, database }) => {
            generate::calls(&generate::Place::parse(&database), calls).await
        }
        None => tokio::select! {
            done = measure(&cli) => done,
            // What is dropped here is cleaned up: the servers' processes, and the folder.
            signal = told_to_stop() => Err(anyhow!("stopped by {signal}")),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trunkline-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Resolves when somebody wants us to end; never, if that can't be heard.
async fn told_to_stop() -> &'static str {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        Ok(()) = tokio::signal::ctrl_c() => "Ctrl-C",
    }
}

async fn measure(cli: &Cli) -> Result<()> {
    let (name, plan) = match (cli.dose, cli.quick) {
        (true, _) => ("dose", plan::DOSE),
        (_, true) => ("quick", plan::QUICK),
        _ => ("full", plan::FULL),
    };
    let machine = Machine::look(&cli.dir);
    if machine.file_system == "tmpfs" {
        progress("this folder is in memory: no sync there means anything");
    }
    let folder = tempfile::Builder::new().prefix("trunkline-bench-").tempdir_in(&cli.dir);
    let folder = folder.with_context(|| format!("can't make a folder in {}", cli.dir.display()))?;
    let site = Site {
        binary: binary(cli.server.as_deref())?,
        folder: folder.path().canonicalize()?,
        carrier: carrier::start().await?,
        settings: Vec::new(),
    };
    let (lines, failures) = rows(&site, &plan, &cli.only).await;
    let report = Report { machine, plan: name, lines };
    if cli.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{}", report.table());
    }
    if failures > 0 { bail!("{failures} of the measurements failed") } else { Ok(()) }
}

/// Measures what was asked for; what fails is a line of the table too, and the rest goes on.
async fn rows(site: &Site, plan: &Plan, only: &[u8]) -> (Vec<Line>, usize) {
    let (mut lines, mut failures) = (Vec::new(), 0);
    for row in 4..=26 {
        let asked_for = only.iter().any(|only| first_of(*only) == row);
        if !only.is_empty() && !asked_for {
            continue;
        }
        let measured = match row {
            4 => rows::webhooks::run(site, plan).await,
            5 => rows::population::run(site, plan).await,
            6 => rows::sustained::run(site, plan).await,
            7 => rows::outage::run(site, plan).await,
            8 => rows::restart::run(site, plan).await,
            9 => rows::lookups::run(site, plan).await,
            10 => rows::memory::run(site, plan).await,
            11 => rows::recovery::run(site, plan).await,
            12 => rows::history::run(site, plan).await,
            13 => rows::callbacks::run(site, plan).await,
            14 => rows::projection::run(site, plan).await,
            15 => rows::placing::run(site, plan).await,
            18 => rows::backlog::run(site, plan).await,
            20 => rows::events::run(site, plan).await,
            21 => rows::dashboard::run(site, plan).await,
            22 => rows::signals::run(site, plan).await,
            24 => rows::sockets::run(site, plan).await,
            25 => rows::accepts::run(site, plan).await,
            26 => rows::bots::run(site, plan).await,
            _ => continue,
        };
        match measured {
            Ok(measured) => lines.extend(measured),
            Err(error) => {
                failures += 1;
                progress(&format!("row {row} failed: {error:#}"));
                lines.push(Line::new(row, "FAILED").figure(error.to_string()));
            }
        }
    }
    (lines, failures)
}

/// Rows that belong together are measured together.
fn first_of(row: u8) -> u8 {
    match row {
        ..=4 => 4,
        15..=17 => 15,
        18..=19 => 18,
        22..=23 => 22,
        26..=29 => 26,
        row => row,
    }
}

fn binary(given: Option<&Path>) -> Result<PathBuf> {
    let binary = match given {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name("trunkline"),
    };
    binary.canonicalize().with_context(|| format!("there is no server at {}", binary.display()))
}

/// Says on standard error what is going on.
fn progress(what: &str) {
    eprintln!("bench: {what}");
}
