//! Runs programs in the project's root, showing what is run, and counts the tests they report.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The project's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// The folder that cargo builds into; our own tools go there too, so that `cargo clean` takes everything.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The cargo that runs us, without what it told us about our own package: build scripts that look at such a variable
/// (ring's does) would be run again, and all that stands on them, each time a person's `cargo build` follows one of ours.
pub fn cargo() -> Command {
    let mut cargo = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// A program to run in the project's root.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs a program with its output on ours.
///
/// # Errors
/// It can't be started, or ends unsuccessfully.
pub fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command.status().with_context(|| format!("can't start {}", line(command)))?;
    if status.success() { Ok(()) } else { bail!("{} failed ({status})", line(command)) }
}

/// Runs a program quietly and returns what it printed.
///
/// # Errors
/// As [`run`]; what it wrote to standard error is passed on.
pub fn output(command: &mut Command) -> Result<String> {
    let ran = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("can't start {}", line(command)))?;
    if !ran.status.success() {
        bail!("{} failed ({})", line(command), ran.status);
    }
    String::from_utf8(ran.stdout)
        .with_context(|| format!("{} printed something that isn't text", line(command)))
}

/// Tests that were run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that passed.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
    /// The names of those that failed, as far as they were told.
    pub names: Vec<String>,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.names.extend(other.names);
    }
}

impl Counts {
    /// Reads a line such as `test result: ok. 37 passed; 0 failed; 1 ignored; …`, or `test a::b ... FAILED`.
    fn of_line(line: &str) -> Option<Self> {
        if let Some(name) = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
            return Some(Self { names: vec![name.to_owned()], ..Self::default() });
        }
        let words: Vec<_> = line.strip_prefix("test result: ")?.split([' ', ';']).collect();
        let before = |word: &str| {
            let pair = words.windows(2).find(|pair| pair[1] == word)?;
            pair[0].parse().ok()
        };
        Some(Self { passed: before("passed")?, failed: before("failed")?, names: Vec::new() })
    }
}

/// Runs a test program, passing its output on and counting its tests.
///
/// # Errors
/// It can't be started, or ends unsuccessfully without a failed test: it didn't compile, or died.
pub fn run_tests(command: &mut Command) -> Result<Counts> {
    announce(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("can't start {}", line(command)))?;
    let mut counts = Counts::default();
    for text in BufReader::new(child.stdout.take().context("no output to read")?).split(b'\n') {
        let text = text.with_context(|| format!("can't read what {} prints", line(command)))?;
        let text = String::from_utf8_lossy(&text);
        println!("{text}");
        counts += Counts::of_line(&text).unwrap_or_default();
    }
    let status = child.wait()?;
    if !status.success() && counts.failed == 0 {
        bail!("{} failed ({status}) without naming a test", line(command));
    }
    Ok(counts)
}

fn announce(command: &Command) {
    println!("\n$ {}", line(command));
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let mut words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(name) = Path::new(&words[0]).file_name() {
        words[0] = name.to_string_lossy().into_owned();
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_from_the_lines_that_sum_them_up() {
        let line = "test result: FAILED. 35 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s";
        assert_eq!(Counts::of_line(line), Some(Counts { passed: 35, failed: 2, names: Vec::new() }));
        for other in
            ["test a_result ... ok", "test result: passed", "failed: test result: ok. 1 passed; 0 failed;"]
        {
            assert_eq!(Counts::of_line(other), None, "{other}");
        }
    }

    #[test]
    fn tests_that_failed_are_known_by_name() {
        let told = "printf 'test a::b ... ok\\ntest a::c ... FAILED\\ntest result: FAILED. 1 passed; 1 failed;\\n'; exit 101";
        let ran = run_tests(command("sh").args(["-c", told])).unwrap();
        assert_eq!(ran, Counts { passed: 1, failed: 1, names: vec!["a::c".to_owned()] });
    }

    #[test]
    fn a_program_that_fails_without_a_failed_test_is_an_error() {
        assert!(run_tests(command("sh").args(["-c", "exit 101"])).is_err());
        let failed = "echo 'test result: FAILED. 1 passed; 2 failed; 0 ignored'; exit 101";
        let ran = run_tests(command("sh").args(["-c", failed])).unwrap();
        assert_eq!((ran.passed, ran.failed), (1, 2));
    }
}
