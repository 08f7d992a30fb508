//! `/softphone` in two real browsers, whose microphones and cameras are made up: they hear and see each other. What they press, and
//! what must come of it, is in `browsers.mjs`.

use std::process::Command;

use super::parties::{SECRET, with};
use crate::outgoing::snippets::node_modules;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/app_calls/browsers.mjs");

/// What they play.
const CASES: [&str; 14] = [
    "voice", "video", "reject", "cancel", "missed", "busy", "reload", "devices", "together", "twice",
    "muted", "sockets", "away", "token",
];

#[test]
#[ignore = "needs Chromium and Node with playwright-core, where there is Node; cargo xtask test runs it"]
fn two_browsers_call_each_other_and_each_hears_and_sees_the_other() {
    let Some(modules) = node_modules() else {
        eprintln!("not told: there is no Node here");
        return;
    };
    let chromium = std::env::var_os("TRUNKLINE_TEST_CHROMIUM")
        .expect("a browser is needed: apt-get install chromium, or name it in TRUNKLINE_TEST_CHROMIUM");
    // A busy machine takes its time to load a page again.
    let day = with().set("TRUNKLINE_APP_CALLS_AWAY_SECS", "60").begin();
    let played = Command::new("node")
        .arg(SCRIPT)
        .args(CASES)
        .env("TRUNKLINE_TEST_NODE", modules)
        .env("TRUNKLINE_TEST_CHROMIUM", chromium)
        .env("TRUNKLINE_TEST_SERVER", format!("http://127.0.0.1:{}", day.port()))
        .env("TRUNKLINE_TEST_SECRET", SECRET)
        .output()
        .unwrap();
    let said = [played.stdout, played.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(played.status.success(), "{}", said.concat());
    for case in CASES {
        assert!(said[0].contains(&format!("ok {case} ")), "{case} was not played: {}", said.concat());
    }
}
