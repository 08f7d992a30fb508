//! Twilio's own client library drives the simulator, and its own validator checks the webhooks.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::product::{OURS, options, sim};
use trunkline_sim::SimOptions;

/// One release, so that a new one cannot change a verdict unseen.
const LIBRARY: &str = "twilio==9.8.0";

async fn run(program: &Path, arguments: &[&str]) {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}", program.display());
}

/// A virtual environment with the library, kept in the target folder between runs.
async fn python() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("official-client");
    let python = folder.join("bin").join("python");
    let ready = folder.join(LIBRARY);
    if !ready.exists() {
        run(Path::new("python3"), &["-m", "venv", "--clear", folder.to_str().unwrap()]).await;
        run(&python, &["-m", "pip", "install", "--quiet", LIBRARY]).await;
        std::fs::write(ready, "").unwrap();
    }
    python
}

#[tokio::test]
#[ignore = "installs from PyPI; cargo xtask test runs it"]
async fn twilios_own_library_finds_nothing_to_complain_about() {
    let sim = sim(options()).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/official_client.py");
    let SimOptions { account_sid, auth_token, .. } = SimOptions::default();
    run(&python().await, &[script, &sim.base_url(), &account_sid, &auth_token, OURS]).await;
}
