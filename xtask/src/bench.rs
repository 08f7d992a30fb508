//! `cargo xtask bench`: what this server does on this machine, beside what disk, journal and HTTP alone do.
//!
//! Builds the binaries that one would deploy, of the server and of the measuring program, which starts the one it measures,
//! and runs it in the build folder: a temporary folder is often in memory, where a sync means nothing.

use std::ffi::OsStr;
use std::fs;

use anyhow::Result;

use crate::shell;

/// What is measured, and how thoroughly.
#[derive(clap::Args)]
pub struct Options {
    /// A look in a few minutes; its figures are worth less
    #[arg(long)]
    quick: bool,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Only these rows, such as 4,7; rows 1 to 4 belong together, 22 with 23, 26 to 29
    #[arg(long, value_name = "ROWS")]
    only: Option<String>,
}

/// Builds and measures.
///
/// # Errors
/// Something can't be built, an answer was wrong, or something is missing afterwards. Nothing fails for being slow.
pub fn run(options: &Options) -> Result<()> {
    let packages = ["--package", "trunkline", "--package", "trunkline-bench"];
    shell::run(shell::cargo().args(["build", "--profile", "dist"]).args(packages))?;
    let built = shell::target().join("dist");
    let folder = shell::target().join("bench");
    fs::create_dir_all(&folder)?;
    // Thousands of sockets are thousands of open files, here and in the server.
    let mut command = shell::command("sh");
    command.args(["-c", "ulimit -n \"$(ulimit -H -n)\"; exec \"$@\"", "bench"]);
    command.arg(built.join("trunkline-bench")).args([OsStr::new("--dir"), folder.as_os_str()]);
    command.args(arguments(options));
    shell::run(&mut command)
}

fn arguments(options: &Options) -> Vec<String> {
    let mut arguments = Vec::new();
    if options.quick {
        arguments.push("--quick".to_owned());
    }
    if options.json {
        arguments.push("--json".to_owned());
    }
    if let Some(rows) = &options.only {
        arguments.extend(["--only".to_owned(), rows.clone()]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_passed_on() {
        let options = Options { quick: true, json: false, only: Some("4,7".to_owned()) };
        assert_eq!(arguments(&options), ["--quick", "--only", "4,7"]);
    }
}
