//! One file holds it all, and gives it all back.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use trunkline_testkit::postgres::Server;

use super::{ANN, a_day_gone_by, code, is_projected, on, run, stderr, stdout, told};
use crate::day::Day;

fn archive(day: &Day) -> String {
    day.folder().with_file_name("backup.tar").to_str().unwrap().to_owned()
}

fn exported(folder: &Path) -> Value {
    let out = folder.with_file_name("out.jsonl");
    told(&on(folder, &["export", out.to_str().unwrap(), "--json"]))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_restored_folder_is_the_same_and_sound_and_can_be_served() {
    let mut day = a_day_gone_by();
    let before = exported(&day.folder());
    let made = told(&run(&day, &["backup", &archive(&day), "--json"]));
    assert_eq!((&made["backup"]["recordings"], &made["backup"]["database"]), (&6.into(), &"archive".into()));
    assert!(!names(&day.folder()).iter().any(|name| name.contains(".part")), "{:?}", names(&day.folder()));

    // The machine is lost.
    fs::remove_dir_all(day.folder()).unwrap();
    let restored = told(&run(&day, &["restore", &archive(&day), "--json"]));
    assert_eq!(restored["sound"], true, "{restored}");
    assert_eq!(restored["verify"]["recordings"], json!({ "good": 6, "of": 6 }));
    assert_eq!(exported(&day.folder()), before);
    assert_eq!(names(day.folder().parent().unwrap()).iter().filter(|name| name.starts_with('.')).count(), 0);

    day.start();
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed");
    assert_eq!(day.get("/api/calls").json()["calls"].as_array().unwrap().len(), 4);
}

#[test]
fn a_backup_beside_a_running_server_with_live_calls_can_be_restored() {
    let mut day = a_day_gone_by();
    day.start();
    let call = day.call(ANN);
    day.has_answered(ANN, 1);
    day.until("the database has it", |day| {
        day.database().rows(&call).pop().filter(|rows| rows.starts_with('1'))
    });
    let made = told(&run(&day, &["backup", &archive(&day), "--json"]));
    assert!(made["backup"]["files"].as_u64().unwrap() > 8, "{made}");
    day.ended(&call);
    is_projected(&day);
    day.stops();

    let fresh = day.folder().with_file_name("fresh");
    let restored = told(&on(&fresh, &["restore", &archive(&day), "--json"]));
    assert_eq!(restored["sound"], true, "{restored}");
    assert_eq!(exported(&fresh)["calls"], 4);
}

#[test]
fn nothing_is_put_over_what_is_there_and_a_damaged_archive_leaves_nothing() {
    let day = a_day_gone_by();
    told(&run(&day, &["backup", &archive(&day), "--json"]));
    let over = run(&day, &["restore", &archive(&day)]);
    assert_eq!(code(&over), 1);
    assert!(stderr(&over).contains("is not empty"), "{}", stderr(&over));

    let whole = fs::read(archive(&day)).unwrap();
    let bad = day.folder().with_file_name("bad.tar");
    let fresh = day.folder().with_file_name("fresh");
    let place = |word: &str| whole.windows(word.len()).position(|window| window == word.as_bytes()).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let table = [
        (whole[..place("manifest.json")].to_vec(), "and was cut off"),
        (whole[..whole.len() / 2].to_vec(), "archive"),
        (flipped(place("RIFF") + 100), "is not what it was"),
        (b"PK".to_vec(), "archive"),
        (Vec::new(), "has no trunkline-backup.json"),
    ];
    for (bytes, expected) in table {
        fs::write(&bad, bytes).unwrap();
        let refused = on(&fresh, &["restore", bad.to_str().unwrap()]);
        assert_eq!(code(&refused), 1, "{expected}");
        assert!(stderr(&refused).contains(expected), "{expected}: {}", stderr(&refused));
        assert!(!fresh.exists(), "{expected}: nothing is left");
        let looked = on(&fresh, &["restore", bad.to_str().unwrap(), "--dry-run"]);
        assert_eq!((code(&looked), stderr(&looked)), (1, stderr(&refused)), "{expected}");
    }
    let looked = on(&fresh, &["restore", &archive(&day), "--dry-run"]);
    assert_eq!(code(&looked), 0, "{}", stderr(&looked));
    assert!(stdout(&looked).contains("Nothing was put anywhere.") && !fresh.exists(), "{}", stdout(&looked));
    let good = on(&fresh, &["restore", &archive(&day)]);
    assert_eq!(code(&good), 0, "the control: the archive as it was; {}", stderr(&good));
    assert!(stdout(&good).contains("OK: nothing is wrong."), "{}", stdout(&good));
}

#[test]
fn with_postgresql_the_folder_is_backed_up_and_the_database_is_the_servers() {
    let database = Server::shared().database().unwrap();
    let url = database.url();
    let mut day = Day::with().set("DATABASE_URL", &url).begin();
    let call = day.call(ANN);
    day.ended(&call);
    day.keeps_recordings(&call);
    is_projected(&day);
    day.stops();
    let made = run(&day, &["backup", &archive(&day), "--database-url", &url]);
    assert!(stdout(&made).contains("pg_dump"), "{}{}", stdout(&made), stderr(&made));

    // Another call after the backup: the database is ahead of the folder that comes back.
    day.start();
    let later = day.call(ANN);
    day.ended(&later);
    day.keeps_recordings(&later);
    is_projected(&day);
    day.stops();
    fs::remove_dir_all(day.folder()).unwrap();
    let restored = run(&day, &["restore", &archive(&day), "--json", "--database-url", &url]);
    let told: Value = serde_json::from_slice(&restored.stdout).unwrap();
    assert_eq!(told["cursor_turned_back"], true, "{told}");

    day.start();
    let third = day.call(ANN);
    day.ended(&third);
    is_projected(&day);
    let rows = database.sql("SELECT count(*) FROM calls WHERE ended_at IS NOT NULL").unwrap();
    assert_eq!(rows.trim(), "3", "nothing that was written after the restore is passed over");
}
