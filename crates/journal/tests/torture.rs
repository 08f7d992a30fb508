//! Small doses of what `journal-torture` does in full. Each prints its row; `TORTURE_SEED` sets the seed. A dose fails if anything
//! acknowledged was lost, or if its control, with the mechanism switched off, lost nothing.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that can not go on has failed, and says its seed"
)]

use std::{path::PathBuf, process::Command};

fn dose(fault: &str, rounds: u32) {
    let seed = std::env::var("TORTURE_SEED").unwrap_or_else(|_| "1".into());
    let output =
        Command::new(torturer()).args([fault, "--rounds", &rounds.to_string(), "--seed", &seed]).output();
    let output = output.expect("the torturer runs: an example of this crate, built with its tests");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Examples are built along with the tests, into the folder next to theirs.
fn torturer() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(2).expect("target/<profile>/deps/test");
    target.join("examples/journal-torture")
}

#[test]
fn f01_a_killed_process_loses_nothing_acknowledged() {
    dose("f01", 20);
}

#[test]
fn f02_a_power_cut_loses_nothing_acknowledged_and_without_fdatasync_it_does() {
    dose("f02", 15);
}

#[test]
fn f03_a_failed_sync_ends_the_process_and_is_never_believed_afterwards() {
    dose("f03", 15);
}

#[test]
fn f04_a_full_disk_refuses_keeps_endings_and_recovers() {
    dose("f04", 5);
}

#[test]
fn f05_a_flipped_bit_is_never_passed_over() {
    dose("f05", 200);
}

#[test]
fn f06_nothing_is_acknowledged_into_a_file_that_may_vanish() {
    dose("f06", 12);
}

#[test]
fn a_key_in_use_survives_a_power_cut_and_a_forgotten_one_does_not_return() {
    dose("keys", 10);
}
