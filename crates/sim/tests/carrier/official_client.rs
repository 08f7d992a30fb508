//! The carriers' own client libraries drive the simulator, and their own checks of signatures judge its webhooks.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::product::{OURS, options, sim};
use trunkline_sim::{Application, Mouth, SimOptions, public_key};

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

#[tokio::test]
#[ignore = "needs Python with Telnyx's library; cargo xtask test runs it"]
async fn s_03_telnyxs_own_library_accepts_our_webhooks_and_refuses_what_is_tampered_with() {
    let mouth = Mouth::Telnyx;
    let account = mouth.usual_account();
    let sim = sim(SimOptions { mouth, account_sid: account.to_owned(), ..options() }).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/official_telnyx.py");
    let SimOptions { connection, auth_token, .. } = SimOptions::default();
    let program = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let key = public_key(&auth_token);
    let arguments = [script, &sim.base_url(), account, &connection, &auth_token, &key, OURS];
    run(Path::new(&program), &arguments).await;
}

#[tokio::test]
#[ignore = "needs Python with Telnyx's library; cargo xtask test runs it"]
async fn s_03_telnyxs_own_library_leads_calls_and_accepts_every_event_that_is_not_tampered_with() {
    let mouth = Mouth::Telnyx;
    let application = Application::CallControl;
    let account_sid = mouth.usual_account().to_owned();
    // A command is known again for a minute: it must be longer than Python takes to give it twice.
    let sim = sim(SimOptions { mouth, application, account_sid, speed: 20.0, ..options() }).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/official_call_control.py");
    let SimOptions { call_control, auth_token, .. } = SimOptions::default();
    let program = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let key = public_key(&auth_token);
    let arguments = [script, &sim.base_url(), &call_control, &auth_token, &key, OURS];
    run(Path::new(&program), &arguments).await;
}
