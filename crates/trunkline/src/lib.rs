//! The command line, and how the rooms are put together. Nothing is decided here.
//!
//! - [`settings`]: what the operator decides · [`wiring`]: settings → engine, carrier, keys, web, one running [`Server`]
//! - `cli`: the words of the command line · `commands`: one file per command · `client`: talking to a running server
//! - `exit`: how a command ends · `terminal`: what people and machines read
//!
//! To add a command: its words in `cli.rs`, a file in `commands/`, a line in its `run`.
//!
//! [`Server`]: wiring::Server

mod cli;
mod client;
mod commands;
mod exit;
pub mod settings;
mod terminal;
pub mod wiring;

use std::process::ExitCode;

/// Runs the command line of this process to its end.
pub fn run() -> ExitCode {
    let cli = <cli::Cli as clap::Parser>::parse();
    // Both TLS clients of ours use the process's provider; a second call finds it in place.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal::complain(&failure.to_string());
            failure.exit.into()
        }
    }
}
