//! `cargo xtask check`: is the house in order? Formatting, lints, documentation, forbidden crates, licences.

use std::env;

use anyhow::{Result, bail};

use crate::{shell, tools};

/// Crates that must never be in the tree: each brings a second TLS or a C build that users would have to set up.
const FORBIDDEN: [&str; 2] = ["aws-lc-sys", "openssl-sys"];

/// Asks for the check against known vulnerabilities, which fetches a list over the network.
const ADVISORIES: &str = "TRUNKLINE_CHECK_ADVISORIES";

/// One thing that must be in order.
struct Check {
    name: &'static str,
    run: fn() -> Result<()>,
}

/// All checks; the first [`QUICK`] of them are those that a change of code can break.
const CHECKS: [Check; 5] = [
    Check { name: "formatting", run: formatting },
    Check { name: "lints", run: lints },
    Check { name: "forbidden crates", run: forbidden },
    Check { name: "documentation", run: documentation },
    Check { name: "licences and sources", run: deny },
];
const QUICK: usize = 3;

/// How much is checked.
#[derive(Clone, Copy)]
pub enum Depth {
    /// What a change of code can break.
    Quick,
    /// That, the documentation and every crate we stand on.
    Full,
}

/// Runs all checks, also after one has failed.
///
/// # Errors
/// Names every check that failed.
pub fn run(depth: Depth) -> Result<()> {
    let checks = match depth {
        Depth::Quick => &CHECKS[..QUICK],
        Depth::Full => &CHECKS[..],
    };
    let mut failed = Vec::new();
    for Check { name, run } in checks {
        if let Err(error) = run() {
            println!("xtask: {name}: {error:#}");
            failed.push(*name);
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("not in order: {}", failed.join(", ")) }
}

fn formatting() -> Result<()> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))
}

fn lints() -> Result<()> {
    shell::run(shell::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn forbidden() -> Result<()> {
    let mut list = shell::cargo();
    let tree = shell::output(list.args(["tree", "--workspace", "--target", "all", "--prefix", "none"]))?;
    for name in FORBIDDEN {
        if has_crate(&tree, name) {
            shell::run(shell::cargo().args(["tree", "--workspace", "--target", "all", "--invert", name]))?;
            bail!("{name} is in the tree");
        }
    }
    Ok(())
}

fn has_crate(tree: &str, name: &str) -> bool {
    tree.lines().any(|line| line.split(' ').next() == Some(name))
}

fn documentation() -> Result<()> {
    let mut doc = shell::cargo();
    shell::run(doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn deny() -> Result<()> {
    let mut deny = shell::command(tools::cargo_deny()?);
    deny.args(["--workspace", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
    if env::var_os(ADVISORIES).is_some() {
        deny.arg("advisories");
    }
    shell::run(&mut deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_found_by_its_whole_name() {
        let tree = "trunkline v0.1.0 (/t)\nring v0.17.14\naws-lc-sys-extra v1.0.0\n";
        assert!(has_crate(tree, "ring"));
        assert!(!has_crate(tree, "aws-lc-sys"));
    }
}
