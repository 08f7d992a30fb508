//! `cargo xtask deb`: the server as a Debian package, in the target folder.

use anyhow::Result;

use crate::shell;

/// Builds the program for distribution and packs it.
///
/// # Errors
/// It can't be built, or this machine can't make Debian packages.
pub fn run() -> Result<()> {
    shell::run(shell::cargo().args(["build", "--locked", "--profile", "dist", "--package", "trunkline"]))?;
    let program = shell::target().join("dist/trunkline");
    shell::run(shell::command("deploy/debian/build.sh").arg(program).arg(shell::target()))
}
