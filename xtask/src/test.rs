//! `cargo xtask test`: everything that a change must pass, with one closing line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::{canaries, check, shell, tools};

/// How thorough the run is.
#[derive(clap::Args)]
pub struct Options {
    /// Leave out the documentation, the licences and the tests that are ignored by default
    #[arg(long)]
    quick: bool,
}

/// Checks the house, then runs the tests, also after some have failed.
///
/// # Errors
/// The house is not in order, a test failed, or tests can't be run at all.
pub fn run(options: &Options) -> Result<()> {
    tools::servers()?;
    check::run(if options.quick { check::Depth::Quick } else { check::Depth::Full })?;
    let left = canaries::begin()?;
    let mut again = Vec::new();
    let mut counts = run_suite(&Suite::OfRust, &left, &mut again)?;
    if !options.quick {
        counts += run_suite(&Suite::WithTools(tools_of_tests()?), &left, &mut again)?;
    }
    let told = canaries::look(&left);
    println!("\n{} passed, {} failed", counts.passed, counts.failed);
    if !again.is_empty() {
        println!("{} failed beside others and ran once more, alone: {}", again.len(), again.join(", "));
    }
    if counts.failed == 0 { told } else { bail!("{} tests failed", counts.failed) }
}

/// What is run in one go.
enum Suite {
    /// What needs Rust and the servers only.
    OfRust,
    /// Tests that need more, which they find by these variables. Examples in documentation are left out: there, "ignored"
    /// means that they can't be run.
    WithTools(Vec<(&'static str, PathBuf)>),
}

impl Suite {
    /// The command that runs all of it.
    fn all(&self) -> Command {
        let mut test = shell::cargo();
        test.args(["test", "--workspace", "--no-fail-fast"]);
        match self {
            Self::OfRust => test.env(THREADS, threads()),
            Self::WithTools(tools) => {
                test.args(["--lib", "--bins", "--tests", "--", "--ignored"]).envs(tools.iter().cloned())
            }
        };
        test
    }

    /// The command that runs those with these names, one after the other.
    fn alone(&self, names: &BTreeSet<String>) -> Command {
        let mut test = shell::cargo();
        test.args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests", "--", "--exact"]);
        if let Self::WithTools(tools) = self {
            test.arg("--ignored").envs(tools.iter().cloned());
        }
        test.args(names).env(THREADS, "1");
        test
    }
}

/// So many tests may fail beside others and run once more. Where more do, it is not the machine.
const AGAIN: usize = 3;

/// Runs a suite. Stories go by a clock that is faster than the machine's, and so a machine that does other things for long
/// enough decides how they end: those that failed run once more with nothing beside them, and that counts. Their names go
/// to `again` and are told at the end: one that is told twice is worth a look.
fn run_suite(suite: &Suite, left: &Path, again: &mut Vec<String>) -> Result<shell::Counts> {
    let counts = shell::run_tests(suite.all().env(canaries::FOLDER, left))?;
    let are_known = u64::try_from(counts.names.len()) == Ok(counts.failed);
    // A test that runs itself in a place of its own is told of twice.
    let names: BTreeSet<String> = counts.names.iter().cloned().collect();
    if counts.failed == 0 || !are_known || names.len() > AGAIN {
        return Ok(counts);
    }
    let alone = shell::run_tests(suite.alone(&names).env(canaries::FOLDER, left))?;
    // What is not found by its name, such as an example in the documentation, has not passed.
    let failed = u64::try_from(names.len())?.saturating_sub(alone.passed).max(alone.failed);
    again.extend(names);
    Ok(shell::Counts { passed: counts.passed + alone.passed, failed, names: alone.names })
}

const THREADS: &str = "RUST_TEST_THREADS";

/// How many tests run at once, unless somebody has said it: stories wait for people and timers most of their time.
fn threads() -> String {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::env::var(THREADS).unwrap_or_else(|_| (2 * cores).to_string())
}

/// What tests need besides Rust, by the variables in which they look for it.
fn tools_of_tests() -> Result<Vec<(&'static str, PathBuf)>> {
    let mut found = vec![("TRUNKLINE_TEST_PYTHON", tools::python()?)];
    found.extend(tools::turn().map(|turn| ("TRUNKLINE_TEST_TURN", turn)));
    found.extend(tools::flite().map(|flite| ("TRUNKLINE_TEST_FLITE", flite)));
    if let Some(modules) = tools::node()? {
        found.push(("TRUNKLINE_TEST_NODE", modules));
        found.extend(tools::chromium().map(|chromium| ("TRUNKLINE_TEST_CHROMIUM", chromium)));
    }
    Ok(found)
}
