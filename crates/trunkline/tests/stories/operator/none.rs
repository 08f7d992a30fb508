//! A folder without a database: its journal is the store. What an operator does there lasts, also when the index is lost.

use std::fs;

use serde_json::{Value, json};
use trunkline_testkit::postgres::Server;

use super::verify::recordings;
use super::{ANN, EVE, a_day_gone_by, code, gone_by, on, stderr, stdout, told, with};
use crate::day::Day;

const NONE: [(&str, &str); 1] = [("DATABASE_URL", "none")];

fn run(day: &Day, arguments: &[&str]) -> std::process::Output {
    with(&day.folder(), arguments, &NONE)
}

fn without_a_database() -> crate::day::Opening {
    Day::with().set("DATABASE_URL", "none")
}

/// Somebody deletes the index: whatever is told afterwards, the journal tells.
fn index_is_lost(folder: &std::path::Path) {
    fs::remove_file(folder.join("index.db")).unwrap();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(folder.join(format!("index.db{end}")));
    }
}

fn exported(day: &Day) -> Value {
    let out = day.folder().with_file_name("out.jsonl");
    told(&run(day, &["export", out.to_str().unwrap(), "--json"]))
}

fn verified(day: &Day) -> Value {
    told(&run(day, &["verify", "--json"]))
}

fn pruned(day: &Day, more: &[&str]) -> Value {
    told(&run(day, &[&["prune", "--json", "--older-than", "90d"], more].concat()))["removed"].clone()
}

/// Whether a journal's words name Ben, with what follows a text: three letters alone come up in what is sealed, sooner or
/// later.
fn names_him(said: &str) -> bool {
    said.contains("Ben\"") || said.contains("Ben\\\"")
}

#[test]
fn what_was_pruned_is_not_in_the_next_index_and_its_persons_are_not_in_the_journal() {
    let mut day = gone_by(without_a_database().long_ago().begin());
    let journal = |day: &Day| stdout(&run(day, &["journal", "cat"]));
    assert!(names_him(&journal(&day)), "the control");
    let counted = pruned(&day, &["--dry-run", "--status", "completed"]);
    assert_eq!((&counted["calls"], &counted["recordings"]), (&2.into(), &6.into()), "{counted}");
    assert_eq!(exported(&day)["calls"], 3, "only counted");

    let before = fs::read(day.folder().join("index.db")).unwrap();
    let gone = pruned(&day, &["--status", "completed"]);
    assert_eq!((&gone["calls"], &gone["turns"], &gone["recordings"]), (&2.into(), &6.into(), &6.into()));
    assert!(recordings(&day).is_empty());
    let cat = journal(&day);
    assert!(!names_him(&cat) && cat.contains(EVE) && cat.contains("\"kind\":\"pruned\""), "{cat}");
    let left = exported(&day);
    assert_eq!((&left["calls"], &left["suppressions"]), (&1.into(), &1.into()), "{left}");
    let report = verified(&day);
    assert_eq!((&report["sound"], &report["pruned"]), (&true.into(), &2.into()), "{report}");
    assert_eq!(report["loose"], json!({ "events": 0, "turns": 0, "legs": 0, "recordings": 0 }));

    index_is_lost(&day.folder());
    assert_eq!(exported(&day), left, "an index made anew says the same");
    assert_eq!(verified(&day)["sound"], true);

    // Cut off between the journal's word and the rows: the index is the one from before.
    index_is_lost(&day.folder());
    fs::write(day.folder().join("index.db"), before).unwrap();
    assert_eq!(pruned(&day, &["--status", "completed"])["calls"], 0, "it had been said already");
    assert_eq!(exported(&day), left);

    index_is_lost(&day.folder());
    day.start();
    super::is_projected(&day);
    let listed = day.get("/api/calls").json()["calls"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 1, "{listed:?}");
    let refused = run(&day, &["prune", "--older-than", "90d"]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("stop it first"), "{}", stderr(&refused));
}

/// So many calls of long ago, kept elsewhere until now.
fn old_calls(day: &Day, calls: usize, note: &str) {
    for some in (0..calls).collect::<Vec<_>>().chunks(100) {
        let row = |n: &usize| {
            json!({
                "call_id": format!("CA{n:032}"), "session_id": format!("s{n}"), "provider": "twilio",
                "status": "completed", "created_at": "2025-01-31T12:00:00Z", "ended_at": "2025-01-31T12:01:00Z",
                "to_number": format!("+1555020{n:04}"), "metadata": { "note": note },
            })
        };
        let rows: Vec<Value> = some.iter().map(row).collect();
        assert_eq!(day.post("/api/calls/import", &json!({ "calls": rows })).json()["new"], some.len());
    }
}

#[test]
fn a_prune_that_is_killed_again_and_again_is_completed_by_the_next() {
    let mut day = without_a_database().begin();
    old_calls(&day, 1_000, "a secret word");
    let young = day.call(EVE);
    day.ended(&young);
    super::is_projected(&day);
    day.stops();
    let mut killed = 0;
    for millis in [20, 40, 80, 120, 160, 200, 250] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_trunkline"));
        command.args(["prune", "--older-than", "90d", "--data-dir"]).arg(day.folder());
        command.current_dir(day.folder()).env_clear().envs(NONE).stdout(std::process::Stdio::null());
        let mut prune = command.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(millis));
        killed += u32::from(prune.try_wait().unwrap().is_none());
        let _ = prune.kill();
        prune.wait().unwrap();
    }
    assert!(killed > 0, "the control");
    let gone = pruned(&day, &[]);
    assert!(gone["calls"].as_u64().unwrap() <= 1_000, "{gone}");
    let left = exported(&day);
    assert_eq!(left["calls"], 1, "{left}");
    let report = verified(&day);
    assert_eq!((&report["sound"], &report["pruned"]), (&true.into(), &1_000.into()), "{report}");
    assert!(!stdout(&run(&day, &["journal", "cat"])).contains("a secret word"), "no key is left behind");
    index_is_lost(&day.folder());
    assert_eq!(exported(&day), left);
}

#[test]
fn a_journal_of_which_nothing_is_kept_gets_shorter() {
    let mut day = without_a_database().set("TRUNKLINE_JOURNAL_SEGMENT_BYTES", "1MiB").begin();
    day.post("/api/suppressions", &json!({ "number": "+15550100199", "reason": "asked by letter" }));
    old_calls(&day, 600, &"x".repeat(6_000));
    super::is_projected(&day);
    // Two checkpoints cover it, each made when the server stopped.
    day.stops().start();
    let young = day.call(EVE);
    day.ended(&young);
    day.stops();
    let segments = |day: &Day| {
        let files = fs::read_dir(day.folder().join("journal")).unwrap();
        files
            .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("segment-"))
            .count()
    };
    let before = segments(&day);
    assert!(before > 3, "{before}");
    let gone = pruned(&day, &[]);
    assert_eq!(gone["calls"], 600, "{gone}");
    assert!(gone["journal_bytes"].as_u64().unwrap() > 2 << 20, "{gone}");
    assert!(segments(&day) <= 2, "{} of {before}", segments(&day));
    let left = exported(&day);
    assert_eq!((&left["calls"], &left["suppressions"]), (&1.into(), &1.into()), "{left}");
    assert_eq!(verified(&day)["sound"], true);
    index_is_lost(&day.folder());
    assert_eq!(exported(&day), left, "what is kept is all there still");

    day.start();
    day.until("the index is there", |day| (day.look_at(&young)["state"] == "ended").then_some(()));
    let again = day.post("/api/calls", &json!({ "to": "+15550100199" }));
    assert_eq!(again.json()["code"], "suppressed");
}

#[test]
fn a_strangers_history_goes_into_the_journal_and_on_into_postgresql() {
    let day = a_day_gone_by();
    let file = day.folder().with_file_name("all.jsonl");
    let file = file.to_str().unwrap();
    let out = told(&on(&day.folder(), &["export", file, "--json"]));
    let none = day.folder().with_file_name("none");
    let import = ["import", file, "--json"];

    let looked = told(&with(&none, &[&import[..], &["--dry-run"]].concat(), &NONE));
    assert_eq!((&looked["calls"], &looked["new"]), (&3.into(), &Value::Null));
    assert!(!none.exists(), "only looked through");
    let new = told(&with(&none, &import, &NONE));
    let same = |told: &Value| {
        assert_eq!(
            (&told["calls"], &told["events"], &told["suppressions"]),
            (&3.into(), &out["events"], &1.into())
        );
    };
    same(&new["new"]);
    let size = || {
        fs::read_dir(none.join("journal")).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum::<u64>()
    };
    let (said, before) = (stdout(&with(&none, &["journal", "cat", "--sealed"], &NONE)), size());
    assert!(said.contains("\"kind\":\"imported\"") && !names_him(&said), "sealed");
    assert!(names_him(&stdout(&with(&none, &["journal", "cat"], &NONE))), "the control");
    let again = told(&with(&none, &import, &NONE));
    assert!(again["new"].as_object().unwrap().values().all(|new| *new == 0), "done once: {again}");
    assert_eq!(size(), before, "and written once");

    index_is_lost(&none);
    let back = day.folder().with_file_name("back.jsonl");
    let back = back.to_str().unwrap();
    let told_back = told(&with(&none, &["export", back, "--json"], &NONE));
    same(&told_back);
    assert_eq!(told_back["leads"], 0, "whom it knows it has from calls");
    let database = Server::shared().database().unwrap();
    let url = database.url();
    same(&told(&on(&none, &["import", back, "--json", "--database-url", &url]))["new"]);
    let third = day.folder().with_file_name("third.jsonl");
    let third = third.to_str().unwrap();
    assert_eq!(
        told(&on(&none, &["export", third, "--json", "--database-url", &url])),
        out,
        "every row, people too"
    );

    // Imported persons are forgotten as others are.
    let erased = told(&with(&none, &["erase", ANN, "--json"], &NONE));
    assert_eq!(erased["erased"]["calls"], 1, "{erased}");
    let left = told(&with(&none, &["export", third, "--json"], &NONE));
    index_is_lost(&none);
    assert_eq!(told(&with(&none, &["export", third, "--json"], &NONE)), left, "nothing of her comes back");
    let text = fs::read_to_string(third).unwrap();
    assert!(!text.contains(ANN) && text.contains(EVE));
}

#[test]
fn an_import_into_the_journal_of_a_running_server_is_refused() {
    let source = a_day_gone_by();
    let file = source.folder().with_file_name("all.jsonl");
    told(&on(&source.folder(), &["export", file.to_str().unwrap(), "--json"]));
    let day = without_a_database().begin();
    let refused = run(&day, &["import", file.to_str().unwrap()]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("stop it first"), "{}", stderr(&refused));
}

#[test]
fn tenants_keys_and_users_are_kept_by_the_journal() {
    let mut day = without_a_database().begin();
    day.stops();
    let acme = told(&run(&day, &["tenant", "add", "acme", "--json"]));
    assert_eq!(acme["id"], "acme");
    let key = told(&run(&day, &["key", "add", "CRM", "--tenant", "acme", "--json"]));
    let lost = told(&run(&day, &["key", "add", "Lost", "--tenant", "acme", "--json"]));
    told(&run(&day, &["user", "add", "Ann Lee", "--tenant", "acme", "--json"]));
    told(&run(&day, &["key", "revoke", lost["id"].as_str().unwrap(), "--json"]));
    assert!(!stdout(&run(&day, &["journal", "cat", "--sealed"])).contains("Ann Lee"));

    index_is_lost(&day.folder());
    let keys = told(&run(&day, &["key", "list", "--json"]));
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "{keys}");
    assert_eq!(told(&run(&day, &["user", "list", "--json"]))["users"][0]["name"], "Ann Lee");
    index_is_lost(&day.folder());
    day.start();
    let opens = |text: &Value| {
        let asked = day.ask(reqwest::Method::GET, "/api/calls").bearer_auth(text.as_str().unwrap());
        day.send(asked).status
    };
    assert_eq!((opens(&key["key"]), opens(&lost["key"])), (200, 401));
}
