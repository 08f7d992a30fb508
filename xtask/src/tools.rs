//! Programs that checks and tests need beside Rust: installed on first use, into the target folder where that can be done.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

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
        // Unoptimised, it is built in a third of the time and still done in seconds.
        install
            .args(["install", "cargo-deny", "--locked", "--debug", "--version", CARGO_DENY, "--root"])
            .arg(&folder);
        shell::run(&mut install)?;
    }
    Ok(program)
}

/// What the Python of the tests has: the judges, and the ears of `demos/voice`.
const PYTHON: [&str; 2] = ["xtask/python.txt", "demos/voice/requirements.txt"];

/// The Python that has the packages of [`PYTHON`]; makes its virtual environment if it isn't there, and refreshes it when a
/// list has changed.
///
/// # Errors
/// There is no Python 3 with `venv`, or a package can't be installed.
pub fn python() -> Result<PathBuf> {
    let folder = shell::target().join("tools/python");
    let program = folder.join("bin/python");
    let read =
        |list| fs::read_to_string(shell::root().join(list)).with_context(|| format!("can't read {list}"));
    let wanted = PYTHON.into_iter().map(read).collect::<Result<String>>()?;
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(program);
    }
    shell::run(shell::command("python3").args(["-m", "venv", "--clear"]).arg(&folder))
        .context("tests need Python 3 with venv: on Debian, apt-get install python3-venv")?;
    let mut install = shell::command(&program);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    shell::run(install.args(PYTHON.into_iter().flat_map(|list| ["-r", list])))?;
    fs::write(&stamp, wanted).with_context(|| format!("can't write {}", stamp.display()))?;
    Ok(program)
}

/// The folder with the Node packages of `xtask/node.txt`, one a line; `None` where there is no Node, and tests that need it
/// say so.
///
/// # Errors
/// A package can't be installed.
pub fn node() -> Result<Option<PathBuf>> {
    let is_there = |program: &str| shell::output(shell::command(program).arg("--version")).is_ok();
    if !(is_there("node") && is_there("npm")) {
        println!("no Node with npm: what needs it is not told");
        return Ok(None);
    }
    let folder = shell::target().join("tools/node");
    let wanted =
        fs::read_to_string(shell::root().join("xtask/node.txt")).context("can't read xtask/node.txt")?;
    let stamp = folder.join("installed.txt");
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
        let mut install = shell::command("npm");
        install
            .args(["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix"])
            .arg(&folder);
        shell::run(install.args(wanted.lines()))?;
        fs::write(&stamp, wanted).with_context(|| format!("can't write {}", stamp.display()))?;
    }
    Ok(Some(folder))
}

/// Sees to it that the machine has the servers that tests start for themselves: PostgreSQL and Redis. They can't be
/// installed into a folder: root installs the system's own, and anybody else is told how.
///
/// # Errors
/// One is missing and can't be installed.
pub fn servers() -> Result<()> {
    let missing = || {
        let packages = [("postgresql", has_postgres()), ("redis-server", has_redis())];
        packages.into_iter().filter(|(_, is_there)| !is_there).map(|(package, _)| package).collect::<Vec<_>>()
    };
    if missing().is_empty() {
        return Ok(());
    }
    install(&missing())?;
    match missing().as_slice() {
        [] => Ok(()),
        missing => bail!(
            "tests need servers of their own: on Debian, apt-get install {}; elsewhere name the folder that holds \
             initdb, postgres and psql in TRUNKLINE_TEST_POSTGRES, and the program redis-server in TRUNKLINE_TEST_REDIS",
            missing.join(" ")
        ),
    }
}

/// The browser of the tests in which people call each other: root on Debian gets it installed. `None` where there is none, and
/// the test that needs it says so.
pub fn chromium() -> Option<PathBuf> {
    browser().or_else(|| {
        if let Err(error) = install(&["chromium"]) {
            println!("no browser: {error:#}");
        }
        browser()
    })
}

/// The relay of the tests in which people call each other through one: root on Debian gets coturn installed. `None` where there is
/// none, and the tests that need it say so.
pub fn turn() -> Option<PathBuf> {
    relay().or_else(|| {
        if let Err(error) = install(&["coturn"]) {
            println!("no relay: {error:#}");
        }
        relay()
    })
}

/// The voices of the test in which people speak: root on Debian gets flite installed. `None` where there is none, and the test
/// that needs it says so.
pub fn flite() -> Option<PathBuf> {
    in_path(&["flite"]).or_else(|| {
        if let Err(error) = install(&["flite"]) {
            println!("no voices: {error:#}");
        }
        in_path(&["flite"])
    })
}

/// A relay that is there: what `TRUNKLINE_TEST_TURN` names, or coturn's program in `PATH`.
fn relay() -> Option<PathBuf> {
    if let Some(named) = env::var_os("TRUNKLINE_TEST_TURN") {
        return Some(named.into());
    }
    in_path(&["turnserver"])
}

/// A browser that is there: what `TRUNKLINE_TEST_CHROMIUM` names, or one of the usual names in `PATH`.
fn browser() -> Option<PathBuf> {
    if let Some(named) = env::var_os("TRUNKLINE_TEST_CHROMIUM") {
        return Some(named.into());
    }
    in_path(&["chromium", "chromium-browser", "google-chrome"])
}

/// The first program in `PATH` that has one of these names.
fn in_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path);
    folders.find_map(|folder| names.iter().map(|name| folder.join(name)).find(|program| program.exists()))
}

/// Installs packages of the system, if we are root and it has Debian's package manager; else nothing is done.
fn install(packages: &[&str]) -> Result<()> {
    let apt = Path::new("/usr/bin/apt-get");
    // Who owns our process's folder is who we are.
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !(is_root && apt.exists()) {
        return Ok(());
    }
    shell::run(shell::command(apt).args(["update", "-q"]))?;
    let mut install = shell::command(apt);
    install.args(["install", "-qy", "--no-install-recommends"]).args(packages);
    shell::run(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Whether PostgreSQL's programs are where the tests look for them.
fn has_postgres() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = versions
        .map(|version| version.path().join("bin"))
        .chain(env::split_paths(&path))
        .chain(env::var_os("TRUNKLINE_TEST_POSTGRES").map(PathBuf::from));
    folders.any(|folder| folder.join("postgres").exists())
}

/// Whether Redis is where the tests look for it.
fn has_redis() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path);
    env::var_os("TRUNKLINE_TEST_REDIS").is_some()
        || folders
            .any(|folder| ["redis-server", "valkey-server"].iter().any(|name| folder.join(name).exists()))
}
