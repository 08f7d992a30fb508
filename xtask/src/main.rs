//! The project's own commands: `cargo xtask test | check | torture | bench | rows | generate | deb`.
//!
//! One file per command. `shell` runs programs and counts tests, `tools` installs what isn't there.

#![expect(clippy::print_stdout, reason = "a command line program talks on standard output")]

mod bench;
mod canaries;
mod check;
mod deb;
mod generate;
mod rows;
mod shell;
mod test;
mod tools;
mod torture;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what tests need, check the house, run every test
    Test(test::Options),
    /// Formatting, lints, documentation, forbidden crates, licences
    Check,
    /// Kills, power cuts, full disks and damage, at full counts
    Torture(torture::Options),
    /// Webhooks a second, latencies and catching up, beside what disk, journal and HTTP alone do
    Bench(bench::Options),
    /// Make a long history in a new database
    Rows(rows::Options),
    /// Write the generated files that are checked in
    Generate,
    /// Pack the server as a Debian package
    Deb,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test(options) => test::run(&options),
        Command::Check => check::run(check::Depth::Full),
        Command::Torture(options) => torture::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Rows(options) => rows::run(&options),
        Command::Generate => generate::run(),
        Command::Deb => deb::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
