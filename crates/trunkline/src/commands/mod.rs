//! One file per command. A command reads its settings, does its work, and says how it ended.

mod backup;
mod bot;
mod call;
mod calls;
mod campaign;
mod completions;
mod config;
mod demo;
mod describe;
mod erase;
mod exchange;
mod from_redis;
mod journal;
mod lists;
mod migrate;
mod numbers;
mod offline;
mod plan;
mod prune;
mod queue;
mod recover;
mod restore;
mod results;
mod selftest;
mod serve;
mod sim;
mod status;
mod tenants;
mod trust;
mod verify;
mod webhooks;

use std::path::Path;

use crate::cli::{Bot, Cli, Command, Config};
use crate::exit::{Exit, Failure};
use crate::settings::{Flags, Settings, Sources};

/// Runs one command to its end.
pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Serve(args) => block_on(serve::run(*args)),
        Command::Demo(args) => block_on(demo::run(args)),

        Command::Config(Config::Example) => Ok(config::example()),
        Command::Describe(what) => Ok(describe::describe(what)),
        Command::Completions { shell } => Ok(completions::shell(shell)),
        Command::Man => Ok(completions::man()),
        Command::Call(args) => block_on(call::place(args)),
        Command::End(args) => block_on(call::end(args)),
        Command::Hold(args) => block_on(call::hold(args)),
        Command::Resume(args) => block_on(call::resume(args)),
        Command::Transfer(args) => block_on(call::transfer(args)),
        Command::Calls(args) => block_on(calls::list(args)),
        Command::Show(args) => block_on(calls::show(args)),
        Command::Campaign(command) => block_on(campaign::run(command)),
        Command::Queue(command) => block_on(queue::queue(command)),
        Command::Jobs(command) => block_on(queue::jobs(command)),
        Command::Leads(command) => block_on(lists::leads(command)),
        Command::Results(args) => block_on(results::run(*args)),
        Command::Status(args) => block_on(status::status(args)),
        Command::Drain(args) => block_on(status::drain(args)),
        Command::Suppress(command) => block_on(status::suppress(command)),
        Command::Tenant(command) => block_on(tenants::tenant(command)),
        Command::Key(command) => block_on(tenants::key(command)),
        Command::User(command) => block_on(tenants::user(command)),
        Command::Webhook(command) => block_on(webhooks::run(command)),
        Command::Numbers(command) => block_on(numbers::run(command)),
        Command::Config(Config::Check { offline, online }) => {
            let asked = if online { config::Asked::Carrier } else { config::Asked::Nobody };
            block_on(config::check(*offline, asked))
        }
        Command::Bot(Bot::Check { file, json }) => bot::check(&file, json),
        Command::Migrate(args) => block_on(migrate::run(args)),
        Command::Journal(command) => journal::run(command),
        Command::Export(args) => block_on(exchange::export(*args)),
        Command::Import(args) => block_on(exchange::import(*args)),
        Command::Verify(args) => block_on(verify::run(*args)),
        Command::Backup(args) => block_on(backup::run(*args)),
        Command::Restore(args) => block_on(restore::run(*args)),
        Command::Recover(args) => block_on(recover::run(*args)),
        Command::Prune(args) => block_on(prune::run(*args)),
        Command::Erase(args) => block_on(erase::run(*args)),
        Command::Sim(args) => block_on(sim::run(*args)),
        Command::Selftest(args) => block_on(selftest::run(args)),
    }
}

/// Reads the settings of this process, from the working directory on.
pub(crate) fn settings(flags: Flags) -> Result<Settings, Failure> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Ok(Settings::load(&Sources::gather(flags, environment, Path::new("."))?)?)
}

fn block_on(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::while_doing("cannot start", &error))?;
    let ended = runtime.block_on(command);
    // Who was told to stop at once does not wait for what hangs.
    runtime.shutdown_background();
    ended
}
