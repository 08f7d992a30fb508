//! What `docs/webhooks.md` says of verifying, run as it stands: it takes what is sent, and nothing that was changed.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;

use super::receiver::{Heard, Mood, Receiver};
use super::{act, begin, opening, wants};
use crate::pages::block;

const PAGE: &str = include_str!("../../../../../docs/webhooks.md");

/// One request as it was sent, and the secret that signed it.
fn sent() -> (Heard, String) {
    let receiver = Receiver::that(Mood::Says(200));
    let day = begin(opening());
    let webhook = wants(&day, &receiver.url("/hooks"));
    assert_eq!(act(&day, &webhook, "test", &json!({})).json()["taken"], true);
    let heard = receiver.heard().last().unwrap().clone();
    (heard, webhook["secret"].as_str().unwrap().to_owned())
}

/// Runs a program that is told of a request by its environment; what it printed, if it ended well.
fn verified(command: &mut Command, request: &Heard, secret: &str) -> Option<String> {
    let output = command
        .env("SECRET", secret)
        .env("ID", &request.head["webhook-id"])
        .env("TIMESTAMP", &request.head["webhook-timestamp"])
        .env("BODY", &request.body)
        .env("HEADERS", json!(request.head).to_string())
        .output()
        .unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

fn is_there(program: &str, argument: &str) -> bool {
    let ran = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}

/// The folder of Node's modules; `None` where there is no Node.
pub fn node_modules() -> Option<PathBuf> {
    let modules = std::env::var_os("TRUNKLINE_TEST_NODE").map(PathBuf::from);
    if modules.is_none() {
        assert!(
            !is_there("node", "--version"),
            "Node is there: name the folder of its modules in TRUNKLINE_TEST_NODE"
        );
    }
    modules
}

/// A request that somebody changed on its way.
fn bent(request: &Heard) -> Heard {
    Heard { body: request.body.replacen("webhook.test", "webhook.best", 1), ..request.clone() }
}

#[test]
#[ignore = "needs openssl; cargo xtask test runs it"]
fn the_shell_lines_make_the_signature_that_was_sent() {
    assert!(is_there("openssl", "version"), "openssl is needed");
    let (request, secret) = sent();
    let shell = || {
        let mut command = Command::new("sh");
        command.args(["-c", &block(PAGE, "sh", "openssl dgst")]);
        command
    };
    let signatures = request.head["webhook-signature"].as_str();
    let made = verified(&mut shell(), &request, &secret).unwrap();
    assert_eq!(signatures, format!("v1,{made}"));
    let other = verified(&mut shell(), &bent(&request), &secret).unwrap();
    assert!(!signatures.contains(&other), "the control: another body has another signature");
}

#[test]
#[ignore = "needs standardwebhooks; cargo xtask test runs it"]
fn the_python_lines_take_what_is_sent_and_nothing_else() {
    let program = format!(
        "import json, os\n{}\nprint(handle(os.environ['SECRET'], json.loads(os.environ['HEADERS']), os.environ['BODY'])['type'])",
        block(PAGE, "python", "def handle")
    );
    let python = || {
        let python = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut command = Command::new(python);
        command.args(["-c", &program]);
        command
    };
    takes_only_what_was_sent(&python);
}

#[test]
#[ignore = "needs Node with standardwebhooks, where there is Node; cargo xtask test runs it"]
fn the_javascript_lines_take_what_is_sent_and_nothing_else() {
    let Some(modules) = node_modules() else {
        eprintln!("not told: there is no Node here");
        return;
    };
    // Beside the modules, where Node looks for them.
    let program = tempfile::Builder::new().suffix(".mjs").tempfile_in(&modules).unwrap();
    let text = format!(
        "const [secret, body] = [process.env.SECRET, process.env.BODY];\nconst headers = JSON.parse(process.env.HEADERS);\n\
         {}\nconsole.log(event.type);\n",
        block(PAGE, "js", "standardwebhooks")
    );
    std::fs::write(program.path(), text).unwrap();
    let node = || {
        let mut command = Command::new("node");
        command.arg(program.path());
        command
    };
    takes_only_what_was_sent(&node);
}

fn takes_only_what_was_sent(program: &dyn Fn() -> Command) {
    let (request, secret) = sent();
    assert_eq!(verified(&mut program(), &request, &secret).as_deref(), Some("webhook.test"));
    assert_eq!(verified(&mut program(), &bent(&request), &secret), None, "a body that was changed");
    let other = format!("whsec_{}", "c3Ryb25nZXJ0aGFuc3RyYW5nZXJz");
    assert_eq!(verified(&mut program(), &request, &other), None, "a secret that did not sign it");
}
