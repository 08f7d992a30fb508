//! `/softphone` in two real browsers, whose microphones and cameras are made up: they hear and see each other. What they press, and
//! what must come of it, is in `browsers.mjs`; what happens to the server meanwhile, here.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::parties::{SECRET, with};
use super::relay::Relay;
use crate::day::{Day, Opening};
use crate::outgoing::snippets::node_modules;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/app_calls/browsers.mjs");

/// What they play. The server is killed in the last one.
const CASES: [&str; 16] = [
    "voice", "video", "reject", "cancel", "missed", "gone", "busy", "reload", "devices", "together", "twice",
    "muted", "sockets", "away", "token", "killed",
];
/// What they play where they meet on a relay, or not at all.
const RELAYED: [&str; 2] = ["relay", "refused"];

#[test]
#[ignore = "needs Chromium and Node with playwright-core, where there is Node; cargo xtask test runs it"]
fn two_browsers_call_each_other_and_each_hears_and_sees_the_other() {
    play(patient(), &CASES);
}

#[test]
#[ignore = "needs coturn and Chromium, and Node with playwright-core, where there is Node; cargo xtask test runs it"]
fn two_browsers_that_meet_on_a_relay_alone_hear_each_other_by_our_credentials_and_no_others() {
    let relay = Relay::for_loopback();
    play(relay.told_to(patient()), &RELAYED);
}

/// A busy machine takes its time to load a page again, and to press a button.
fn patient() -> Opening {
    with()
        .in_its_own_process()
        .set("TRUNKLINE_APP_CALLS_AWAY_SECS", "120")
        .set("TRUNKLINE_APP_CALLS_RING_SECS", "180")
}

#[expect(clippy::print_stderr, reason = "a test says why it is not told")]
fn play(opening: Opening, cases: &[&str]) {
    // Four browsers at once are too many for a small machine.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(modules) = node_modules() else {
        eprintln!("not told: there is no Node here");
        return;
    };
    let chromium = std::env::var_os("TRUNKLINE_TEST_CHROMIUM")
        .expect("a browser is needed: apt-get install chromium, or name it in TRUNKLINE_TEST_CHROMIUM");
    let mut day = opening.begin();
    let child = Command::new("node")
        .arg(SCRIPT)
        .args(cases)
        .env("TRUNKLINE_TEST_NODE", modules)
        .env("TRUNKLINE_TEST_CHROMIUM", chromium)
        .env("TRUNKLINE_TEST_SERVER", format!("http://127.0.0.1:{}", day.port()))
        .env("TRUNKLINE_TEST_SECRET", SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = Players(child).play(&mut day);
    let missing: Vec<_> = cases.iter().filter(|case| !said.contains(&format!("ok {case} "))).collect();
    assert!(missing.is_empty(), "{missing:?} went wrong or were not played:\n{said}\n{}", day.last_lines());
}

/// The program that plays with the browsers; gone with this.
struct Players(Child);

impl Players {
    /// Lets it play to its end, does what it asks for, and gives what it said.
    fn play(mut self, day: &mut Day) -> String {
        let (mut asks, mut said) = (self.0.stdin.take().unwrap(), String::new());
        for line in BufReader::new(self.0.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            match line.strip_prefix("please ") {
                Some("kill the server") => day.power_fails(),
                Some("start the server") => day.start(),
                Some(other) => panic!("nobody knows how to {other}"),
                None => {
                    said += &format!("{line}\n");
                    continue;
                }
            };
            writeln!(asks, "done").unwrap();
        }
        said
    }
}

impl Drop for Players {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
