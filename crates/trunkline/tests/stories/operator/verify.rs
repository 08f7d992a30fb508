//! The check finds what is wrong, and nothing where nothing is.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};

use super::{ANN, a_day_gone_by, code, run, stderr, stdout, told};
use crate::day::Day;

fn verified(day: &Day) -> Value {
    let output = run(day, &["verify", "--json"]);
    let report: Value =
        serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    assert_eq!(code(&output), i32::from(report["sound"] != true), "{report}");
    report
}

pub fn spoil(day: &Day, sql: &'static str) {
    day.block_on(async {
        let file = SqliteConnectOptions::new().filename(day.folder().join("trunkline.db"));
        file.connect().await.unwrap().execute(sql).await.unwrap();
    });
}

pub fn recordings(day: &Day) -> Vec<PathBuf> {
    let files = fs::read_dir(day.folder().join("recordings")).unwrap();
    files.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_day_gone_by_is_sound_to_the_last_row_and_recording() {
    let day = a_day_gone_by();
    let report = verified(&day);
    assert_eq!(report["sound"], true, "{report}");
    assert_eq!(report["calls"], serde_json::json!({ "good": 3, "of": 3 }));
    assert_eq!(report["folds"], serde_json::json!({ "good": 3, "of": 3 }));
    assert_eq!(report["recordings"], serde_json::json!({ "good": 6, "of": 6 }));
    assert!(report["events"]["of"].as_u64().unwrap() > 20, "{report}");
    assert_eq!(report["events"]["good"], report["events"]["of"]);
    assert_eq!(report["loose"], serde_json::json!({ "events": 0, "turns": 0, "legs": 0, "recordings": 0 }));
    let text = stdout(&run(&day, &["verify"]));
    assert!(text.starts_with("3/3 calls of the journal are in the database\n"), "{text}");
    assert!(text.trim_end().ends_with("OK: nothing is wrong."), "{text}");
}

/// Each with the day of above as its control.
#[test]
fn whatever_is_deleted_or_altered_is_found_and_told_without_a_name() {
    const ANNS: &str = "(SELECT id FROM calls WHERE to_number = '+15550100123')";
    let table: [(&'static str, &str); 14] = [
        ("DELETE FROM calls WHERE to_number = '+15550100123'", "in the journal and not in the database"),
        (
            "DELETE FROM events WHERE rowid = (SELECT max(rowid) FROM events)",
            "an event of the journal is missing",
        ),
        (
            "UPDATE events SET body = replace(body, 'answered', 'ringing') WHERE kind = 'progress'",
            "not as the journal",
        ),
        (
            "UPDATE events SET received_at = received_at + 1 WHERE kind = 'requested'",
            "not as the journal has it",
        ),
        ("DELETE FROM turns WHERE step = 1", "not what its events make it"),
        ("UPDATE turns SET recording_sha256 = 'x' WHERE step = 0", "column recording_sha256 of turn 0"),
        ("UPDATE turns SET fold = replace(fold, 'Anything', 'Nothing')", "column question of turn 2"),
        ("UPDATE calls SET name = 'Eve'", "column name is not what its fold says"),
        ("UPDATE calls SET ended_at = ended_at + 1", "column ended_at is not"),
        (
            "UPDATE calls SET fold = replace(fold, 'Ben', 'Bob'), name = replace(name, 'Ben', 'Bob')",
            "not what its events",
        ),
        ("UPDATE calls SET fold = '{' WHERE name = 'Ben'", "its fold can't be read"),
        ("UPDATE call_counts SET n = n + 1 WHERE status = 'busy'", "it is 1 off"),
        ("DELETE FROM legs", "can't be found by the carrier's id"),
        ("UPDATE cursors SET position = position + 1000", "ahead of the journal"),
    ];
    let day = a_day_gone_by();
    let database = day.folder().join("trunkline.db");
    let whole = fs::read(&database).unwrap();
    for end in ["-wal", "-shm"] {
        assert!(!day.folder().join(format!("trunkline.db{end}")).exists(), "the database is in one file");
    }
    for (sql, expected) in table {
        spoil(&day, sql);
        let report = verified(&day);
        assert_eq!(report["sound"], false, "{sql}");
        let faults = report["faults"].to_string();
        assert!(faults.contains(expected), "{sql}: {report}");
        for private in ["Ann", "Ben", "Bob", "5550100123"] {
            assert!(!faults.contains(private), "{sql}: {faults}");
        }
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(day.folder().join(format!("trunkline.db{end}")));
        }
        fs::write(&database, &whole).unwrap();
    }
    assert_eq!(verified(&day)["sound"], true, "the control: as it was {ANN} {ANNS}");
}

/// A call is written as it is, and the power may fail before the last of its events are: these are in the journal.
#[test]
fn a_call_that_is_ahead_of_its_events_by_what_waits_in_the_journal_is_sound() {
    let day = a_day_gone_by();
    spoil(
        &day,
        "DELETE FROM events WHERE position >= (SELECT max(position) FROM events WHERE applied = 1);
        UPDATE cursors SET position = (SELECT max(position) FROM events)",
    );
    let report = verified(&day);
    assert_eq!(report["sound"], true, "{report}");
    assert!(report["waiting"].as_u64() > Some(0), "{report}");
    spoil(
        &day,
        "UPDATE calls SET fold = replace(fold, 'Ben', 'Bob'), name = replace(name, 'Ben', 'Bob');
        UPDATE calls SET fold = replace(fold, 'Ann', 'Eve'), name = replace(name, 'Ann', 'Eve')",
    );
    assert_eq!(verified(&day)["sound"], false, "what nobody journaled is no event that waits");
}

#[test]
fn a_missing_an_altered_and_a_needless_recording_are_found() {
    let day = a_day_gone_by();
    let files = recordings(&day);
    fs::write(day.folder().join("recordings/nobody.RE0.wav"), "x").unwrap();
    let report = verified(&day);
    assert_eq!(
        (&report["sound"], &report["loose"]["recordings"]),
        (&true.into(), &1.into()),
        "it does no harm"
    );

    let bytes = fs::read(&files[0]).unwrap();
    let mut other = bytes.clone();
    *other.last_mut().unwrap() ^= 1;
    fs::write(&files[0], other).unwrap();
    fs::remove_file(&files[1]).unwrap();
    fs::write(&files[2], "").unwrap();
    let report = verified(&day);
    assert_eq!(report["recordings"], serde_json::json!({ "good": 3, "of": 6 }));
    let faults = report["faults"].to_string();
    for expected in ["has another checksum", "is missing", "has 0 bytes instead of"] {
        assert!(faults.contains(expected), "{faults}");
    }
}

#[test]
fn beside_a_running_server_with_live_calls_nothing_is_wrong() {
    let mut day = a_day_gone_by();
    day.start();
    let call = day.call(ANN);
    for _ in 0..3 {
        let report = told(&run(&day, &["verify", "--json"]));
        assert_eq!(report["sound"], true, "{report}");
    }
    day.ended(&call);
}
