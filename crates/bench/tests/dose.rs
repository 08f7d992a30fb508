//! A dose of rows of the bench, so that they go on working: everything is done as it is for figures, and seldom enough for a test. The
//! server is the one that was built beside this program, as `cargo test --workspace` does it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::process::Command;

use serde_json::Value;

/// What the lines of these rows say.
fn dose(rows: &str) -> Vec<Value> {
    let program = env!("CARGO_BIN_EXE_trunkline-bench");
    let server = std::path::Path::new(program).with_file_name("trunkline");
    assert!(server.exists(), "there is no server to measure: cargo test --workspace builds it");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.args(["--dose", "--json", "--only", rows, "--dir"]).arg(folder.path());
    let ran = command.output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    report["lines"].as_array().unwrap().clone()
}

/// The median of a number on the line of a row.
fn number(lines: &[Value], row: u8, name: &str) -> f64 {
    let line =
        lines.iter().find(|line| line["row"] == row).unwrap_or_else(|| panic!("no row {row}: {lines:?}"));
    line["values"][name]["median"].as_f64().unwrap_or_else(|| panic!("no {name}: {line}"))
}

#[test]
fn candidates_are_relayed_and_counted_beside_a_bare_relay() {
    let lines = dose("22");
    for name in ["per_second", "bare_per_second", "ratio"] {
        assert!(number(&lines, 22, name) > 0.0, "{name}");
    }
    for name in ["p50_ms", "p99_ms", "bare_p99_ms"] {
        assert!(number(&lines, 23, name) > 0.0, "{name}");
    }
}

#[test]
fn idle_sockets_are_opened_and_weighed() {
    assert!(number(&dose("24"), 24, "kib").is_finite());
}

#[test]
fn of_devices_that_accept_at_once_one_has_the_call() {
    assert!(number(&dose("25"), 25, "seconds") > 0.0);
}

#[test]
fn bots_talk_through_a_server_and_are_heard_in_time() {
    let lines = dose("26");
    for name in ["to_model_p99_ms", "to_caller_p99_ms", "bare_p99_ms"] {
        assert!(number(&lines, 26, name) > 0.0, "{name}");
    }
    assert!(number(&lines, 27, "p99_ms") > 0.0, "somebody was interrupted");
    assert!(number(&lines, 28, "kib").is_finite());
    assert!(number(&lines, 29, "calls").is_finite());
}
