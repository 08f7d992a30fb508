//! `cargo xtask generate`: writes the generated files that are checked in. Tests prove that they are fresh.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::shell;

/// A file that one of our programs prints.
struct Generated {
    path: &'static str,
    arguments: &'static [&'static str],
}

const FILES: [Generated; 3] = [
    Generated { path: "docs/trunkline.example.toml", arguments: &["config", "example"] },
    Generated { path: "docs/openapi.json", arguments: &["describe", "openapi"] },
    Generated { path: "docs/errors.md", arguments: &["describe", "errors"] },
];

/// Writes every generated file.
///
/// # Errors
/// The program doesn't compile or prints nothing, or a file can't be written.
pub fn run() -> Result<()> {
    for file in &FILES {
        let mut program = shell::cargo();
        program.args(["run", "--quiet", "--package", "trunkline", "--"]).args(file.arguments);
        let text = shell::output(&mut program)?;
        ensure!(!text.trim().is_empty(), "trunkline {} printed nothing", file.arguments.join(" "));
        let path = shell::root().join(file.path);
        let old = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, &text).with_context(|| format!("can't write {}", file.path))?;
        println!("{}: {}", file.path, if old == text { "was fresh" } else { "written" });
    }
    Ok(())
}
