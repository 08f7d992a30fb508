//! Programs that checks and tests need beside Rust: installed into the target folder on first use, never elsewhere.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell;

const CARGO_DENY: &str = "0.20.2";

/// Where cargo-deny is; builds it if it isn't there, which takes a few minutes once.
///
/// # Errors
/// It can't be built.
pub fn cargo_deny() -> Result<PathBuf> {
    // One folder per version, so that a new one is fetched when the number above moves.
    let folder = shell::target().join("tools").join(format!("cargo-deny-{CARGO_DENY}"));
    let program = folder.join("bin/cargo-deny");
    if !program.exists() {
        let mut install = shell::cargo();
        install.args(["install", "cargo-deny", "--locked", "--version", CARGO_DENY, "--root"]).arg(&folder);
        shell::run(&mut install)?;
    }
    Ok(program)
}

/// The Python that has the packages of `xtask/python.txt`; makes its virtual environment if it isn't there, and
/// refreshes it when the list has changed.
///
/// # Errors
/// There is no Python 3 with `venv`, or a package can't be installed.
pub fn python() -> Result<PathBuf> {
    let folder = shell::target().join("tools/python");
    let program = folder.join("bin/python");
    let wanted =
        fs::read_to_string(shell::root().join("xtask/python.txt")).context("can't read xtask/python.txt")?;
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(program);
    }
    shell::run(shell::command("python3").args(["-m", "venv", "--clear"]).arg(&folder))
        .context("tests need Python 3 with venv: on Debian, apt-get install python3-venv")?;
    let mut install = shell::command(&program);
    shell::run(install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        "xtask/python.txt",
    ]))?;
    fs::write(&stamp, wanted).with_context(|| format!("can't write {}", stamp.display()))?;
    Ok(program)
}
