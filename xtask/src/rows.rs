//! `cargo xtask rows`: a long history in a new database, for whoever wants to see how pages and statements do over it.

use anyhow::Result;

use crate::shell;

/// What is made, and where.
#[derive(clap::Args)]
pub struct Options {
    /// How many calls
    #[arg(long, default_value_t = 1_000_000)]
    calls: usize,
    /// A file, or the address of a PostgreSQL database; a server that is started on it takes it for its own
    #[arg(long, value_name = "URL")]
    database: String,
}

/// Makes them with the bench's own program.
///
/// # Errors
/// It can't be built, or the database can't be used.
pub fn run(options: &Options) -> Result<()> {
    let mut command = shell::cargo();
    command.args(["run", "--release", "--package", "trunkline-bench", "--", "rows"]);
    command.args(["--calls", &options.calls.to_string(), "--database", &options.database]);
    shell::run(&mut command)
}
