//! `cargo xtask test`: everything that a change must pass, with one closing line.

use std::path::Path;

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
    let mut test = shell::cargo();
    test.args(["test", "--workspace", "--no-fail-fast"]).env(THREADS, threads()).env(canaries::FOLDER, &left);
    let mut counts = shell::run_tests(&mut test)?;
    if !options.quick {
        counts += ignored_by_default(&left)?;
    }
    let told = canaries::look(&left);
    println!("\n{} passed, {} failed", counts.passed, counts.failed);
    if counts.failed == 0 { told } else { bail!("{} tests failed", counts.failed) }
}

const THREADS: &str = "RUST_TEST_THREADS";

/// How many tests run at once, unless somebody has said it: stories wait for people and timers most of their time.
fn threads() -> String {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::env::var(THREADS).unwrap_or_else(|_| (2 * cores).to_string())
}

/// Tests that need more than Rust. They find the Python that has their packages in `TRUNKLINE_TEST_PYTHON`. Examples
/// in documentation are left out: there, "ignored" means that they can't be run.
fn ignored_by_default(left: &Path) -> Result<shell::Counts> {
    let mut test = shell::cargo();
    test.args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests", "--", "--ignored"]);
    test.env(canaries::FOLDER, left);
    if let Some(turn) = tools::turn() {
        test.env("TRUNKLINE_TEST_TURN", turn);
    }
    if let Some(flite) = tools::flite() {
        test.env("TRUNKLINE_TEST_FLITE", flite);
    }
    if let Some(modules) = tools::node()? {
        test.env("TRUNKLINE_TEST_NODE", modules);
        if let Some(chromium) = tools::chromium() {
            test.env("TRUNKLINE_TEST_CHROMIUM", chromium);
        }
    }
    shell::run_tests(test.env("TRUNKLINE_TEST_PYTHON", tools::python()?))
}
