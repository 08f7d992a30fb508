//! History goes out of one database and into another.

use std::fs;

use serde_json::{Value, json};
use trunkline_testkit::postgres::{Database, Server};

use super::{ANN, a_day_gone_by, code, on, run, stderr, stdout, told, with};
use crate::day::{Day, KEY};
use crate::tenants::knows_its_database;

fn postgres() -> Database<'static> {
    Server::shared().database().unwrap()
}

fn exported(day: &Day, name: &str, more: &[&str]) -> Value {
    let path = day.folder().with_file_name(name);
    let path = path.to_str().unwrap().to_owned();
    told(&run(day, &[&["export", &path, "--json"], more].concat()))
}

#[test]
fn a_strangers_old_data_goes_in_and_is_the_same_afterwards() {
    let day = a_day_gone_by();
    let out = exported(&day, "all.jsonl", &[]);
    assert_eq!((out["calls"].as_u64(), out["suppressions"].as_u64()), (Some(3), Some(1)), "{out}");
    assert!(out["events"].as_u64().unwrap() > 20, "{out}");

    let database = postgres();
    let (file, url) = (day.folder().with_file_name("all.jsonl"), database.url());
    let import = ["import", file.to_str().unwrap(), "--json", "--database-url", &url];
    let new = told(&run(&day, &import));
    assert_eq!((&new["new"]["calls"], &new["new"]["events"]), (&3.into(), &out["events"]), "{new}");
    assert_eq!((&new["new"]["suppressions"], &new["new"]["leads"]), (&1.into(), &3.into()), "{new}");
    assert_eq!(new["not_ended"], 0);
    let back = exported(&day, "back.jsonl", &["--database-url", &url]);
    assert_eq!(back, out, "every row is the same");
    let lines = |name: &str| {
        let text = fs::read_to_string(day.folder().with_file_name(name)).unwrap();
        text.lines().skip(1).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines("all.jsonl"), lines("back.jsonl"), "but for the first line, which says when");
    for (sql, expected) in [
        ("SELECT count(*) FROM turns", "6"),
        ("SELECT CAST(sum(n) AS BIGINT) FROM call_counts", "3"),
        ("SELECT count(*) FROM legs", "3"),
        ("SELECT count(*) FROM cursors", "0"),
    ] {
        assert_eq!(database.sql(sql).unwrap().trim(), expected, "{sql}");
    }

    let again = told(&run(&day, &import));
    assert!(again["new"].as_object().unwrap().values().all(|new| *new == 0), "done once: {again}");

    // And on, into a folder that no server has ever seen.
    let fresh = day.folder().with_file_name("fresh");
    let file = day.folder().with_file_name("back.jsonl");
    assert_eq!(told(&on(&fresh, &["import", file.to_str().unwrap(), "--json"]))["new"]["calls"], 3);
    let third = day.folder().with_file_name("third.jsonl");
    assert_eq!(told(&on(&fresh, &["export", third.to_str().unwrap(), "--json"])), out);
}

#[test]
fn a_wrong_line_is_named_and_nothing_of_its_file_goes_in() {
    let day = a_day_gone_by();
    exported(&day, "all.jsonl", &[]);
    let good = fs::read_to_string(day.folder().with_file_name("all.jsonl")).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let without = |n: usize| {
        let kept = lines.iter().enumerate().filter(|(place, _)| *place != n).map(|(_, line)| *line);
        kept.collect::<Vec<_>>().join("\n") + "\n"
    };
    let table = [
        (
            good.replace("\"Tuesday\"", "\"Friday\"").replace("asked by letter", "asked by mail"),
            "checksum is another",
        ),
        (good.replace("\"legs\":[", "\"logs\":["), "line 2: not a line of an export: a field is missing"),
        (good.replacen("{\"call\":", "{\"coll\":", 1), "line 2: not a line of an export"),
        (without(0), "line 1: an export begins with"),
        (without(lines.len() - 1), "the file ends before its last line"),
        (without(2), "the last line counts 3 calls"),
        (good[..good.len() / 2].to_owned(), "not a line of an export: the JSON ends too early"),
        (good.replace("\"form\":4", "\"form\":5"), "use the newer version"),
        (good.clone() + lines[1], "something follows the last line"),
        (String::new(), "line 1: an export begins with"),
    ];
    let fresh = day.folder().with_file_name("fresh");
    let bad = day.folder().with_file_name("bad.jsonl");
    for (text, expected) in table {
        fs::write(&bad, text).unwrap();
        let refused = on(&fresh, &["import", bad.to_str().unwrap()]);
        let line = stderr(&refused);
        assert_eq!((code(&refused), line.lines().count()), (1, 1), "{line}");
        assert!(line.contains("bad.jsonl") && line.contains(expected), "{expected}: {line}");
        assert!(!line.contains("Ann") && !line.contains("5550100123"), "{line}");
        assert!(!fresh.join("trunkline.db").exists(), "nothing was done");
    }
    fs::write(&bad, good).unwrap();
    assert_eq!(code(&on(&fresh, &["import", bad.to_str().unwrap()])), 0, "the control: the file as it was");
}

#[test]
fn an_import_beside_a_running_server_is_refused_and_an_export_is_not() {
    let mut day = a_day_gone_by();
    day.start();
    let out = exported(&day, "all.jsonl", &[]);
    assert_eq!(out["calls"], 3);
    let file = day.folder().with_file_name("all.jsonl");
    let refused = run(&day, &["import", file.to_str().unwrap()]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("a server runs on"), "{}", stderr(&refused));
    let database = postgres();
    let import = ["import", file.to_str().unwrap(), "--json", "--database-url", &database.url()];
    assert_eq!(told(&run(&day, &import))["new"]["calls"], 3, "PostgreSQL serves both");
}

#[test]
fn tables_for_people_hold_every_call_and_no_formula() {
    let day = a_day_gone_by();
    let csv = run(&day, &["export", "--format", "csv"]);
    assert_eq!(code(&csv), 0, "{}", stderr(&csv));
    assert_eq!(stderr(&csv).trim(), "3 calls");
    let text = stdout(&csv);
    assert!(text.starts_with("id,tenant,carrier,carrier_call_id,"), "{text}");
    assert_eq!(text.matches("\r\n").count(), 4, "{text}");
    assert!(text.contains(",'=Ann(),") && text.contains(&format!(",'{ANN},")), "{text}");
    assert!(text.contains(",busy,busy,"), "{text}");

    assert_eq!(exported(&day, "calls.xlsx", &[])["calls"], 3);
    let path = day.folder().with_file_name("calls.xlsx");
    assert!(fs::read(&path).unwrap().starts_with(b"PK"));
    let parts = fs::read_dir(path.parent().unwrap()).unwrap();
    let parts = parts.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".part"));
    assert_eq!(parts.count(), 0, "nothing is left behind");
}

#[test]
fn without_a_database_nothing_is_exported_and_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let refused = on(&data, &["export"]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("there is no database at"), "{}", stderr(&refused));
    assert!(!data.exists());
}

/// Whose calls they are goes along with them, wherever it goes; what opens doors does not.
#[test]
fn tenants_and_numbers_go_along_and_keys_and_users_do_not() {
    let none = [("DATABASE_URL", "none")];
    let mut day = a_day_gone_by();
    day.start();
    knows_its_database(&day);
    assert_eq!(day.post("/api/tenants", &json!({ "id": "acme", "name": "Acme" })).status, 201);
    let key = day.post("/api/keys", &json!({ "tenant": "acme", "name": "theirs", "role": "owner" })).json();
    let put = |number: &str, what: &Value| {
        let answer = day.send(
            day.ask(reqwest::Method::PUT, &format!("/api/numbers/{number}")).bearer_auth(KEY).json(what),
        );
        assert!(answer.status < 300, "{}", answer.text());
    };
    let hours =
        json!({ "zone": "Europe/London", "hours": [{ "days": ["mon"], "from": "09:00", "to": "17:00" }] });
    put("+15005550007", &json!({ "script": "questions", "tenant": "acme", "opening_hours": hours }));
    put("+15005550008", &json!({ "forward": "+15550100777", "label": "Desk" }));
    put("+15005550009", &json!({ "script": "questions" }));
    assert_eq!(
        day.send(day.ask(reqwest::Method::DELETE, "/api/numbers/+15005550009").bearer_auth(KEY)).status,
        204
    );
    super::is_projected(&day);
    day.stops();
    assert_eq!(told(&run(&day, &["verify", "--json"]))["numbers"], json!({ "good": 3, "of": 3 }));

    let out = exported(&day, "all.jsonl", &[]);
    assert_eq!((&out["tenants"], &out["numbers"]), (&1.into(), &3.into()), "{out}");
    let text = fs::read_to_string(day.folder().with_file_name("all.jsonl")).unwrap();
    assert!(!text.contains("theirs") && !text.contains(key["id"].as_str().unwrap()), "no key goes along");

    // To PostgreSQL, from there to a folder without a database, and from there to a file.
    let (database, beside) = (postgres(), |name: &str| day.folder().with_file_name(name));
    let file = beside("all.jsonl");
    let into_server = ["import", file.to_str().unwrap(), "--json", "--database-url", &database.url()];
    let new = told(&run(&day, &into_server))["new"].clone();
    assert_eq!((&new["tenants"], &new["numbers"]), (&1.into(), &3.into()), "{new}");
    assert_eq!(exported(&day, "second.jsonl", &["--database-url", &database.url()]), out);
    let second = beside("second.jsonl");
    let (alone, third) = (beside("alone"), beside("third.jsonl"));
    let into_none = ["import", second.to_str().unwrap(), "--json"];
    assert_eq!(told(&with(&alone, &into_none, &none))["new"]["numbers"], 3);
    assert_eq!(told(&with(&alone, &into_none, &none))["new"]["numbers"], 0, "done once");
    fs::remove_file(alone.join("index.db")).unwrap();
    let alike = |told: &Value| {
        let mut alike = told.clone();
        // An index has people from calls, and says none.
        for rows in ["leads", "sha256"] {
            alike[rows] = Value::Null;
        }
        alike
    };
    let back = told(&with(&alone, &["export", third.to_str().unwrap(), "--json"], &none));
    assert_eq!(alike(&back), alike(&out), "an index made anew has them from the journal");
    let whose = |path: &std::path::Path| {
        let text = fs::read_to_string(path).unwrap();
        let is_whose = |line: &&str| line.starts_with("{\"tenant\"") || line.starts_with("{\"number\"");
        text.lines().filter(is_whose).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!((whose(&third).len(), whose(&third)), (4, whose(&file)), "to the last byte");

    // Somebody else's number stays theirs, whatever a file says.
    let fresh = beside("fresh");
    let mine = text
        .replace("\"tenant\":\"acme\"", "\"tenant\":\"rival\"")
        .replace("{\"tenant\":{\"id\":\"acme\"", "{\"tenant\":{\"id\":\"rival\"");
    let mine = mine.lines().map(|line| match line.strip_prefix("{\"end\"") {
        Some(_) => {
            let mut end: Value = serde_json::from_str(line).unwrap();
            end["end"].as_object_mut().unwrap().remove("sha256");
            end.to_string() + "\n"
        }
        None => line.to_owned() + "\n",
    });
    let rivals = beside("rival.jsonl");
    fs::write(&rivals, mine.collect::<String>()).unwrap();
    assert_eq!(told(&on(&fresh, &["import", rivals.to_str().unwrap(), "--json"]))["new"]["numbers"], 3);
    assert_eq!(told(&on(&fresh, &["import", file.to_str().unwrap(), "--json"]))["new"]["numbers"], 0);
}
