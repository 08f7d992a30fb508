//! A campaign by the command line, as its operator meets it: beside a running server, in words and in JSON.

use std::process::Output;

use serde_json::{Value, json};
use trunkline_sim::Habit;

use crate::day::{Day, KEY};
use crate::operator::{code, run, stderr, stdout, told};

const ANN: &str = "+15550100101";

fn json_of(day: &Day, words: &[&str]) -> Value {
    told(&run(day, &[words, &["--json"]].concat()))
}

fn text_of(day: &Day, words: &[&str]) -> String {
    let output = run(day, words);
    assert_eq!(code(&output), 0, "{words:?}: {}{}", stdout(&output), stderr(&output));
    stdout(&output)
}

/// A campaign at any hour, by the words that an operator types.
fn spring(day: &Day) -> Value {
    day.until("campaigns are taken", |day| {
        let made = run(
            day,
            &["campaign", "new", "spring", "--script", "questions", "--hours", "00:00-00:00", "--json"],
        );
        (code(&made) == 0).then(|| told(&made))
    })
}

fn list(day: &Day, name: &str, text: &str) -> String {
    let path = day.folder().with_file_name(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn import(day: &Day, text: &str) -> Output {
    run(day, &["campaign", "import", "spring", &list(day, "people.csv", text), "--json"])
}

#[test]
fn a_campaign_is_made_filled_planned_started_watched_and_written_out() {
    let day = Day::begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let made = spring(&day);
    assert_eq!((&made["state"], &made["policy"]["name"]), (&json!("draft"), &json!("spring")), "{made}");
    let taken = told(&import(&day, &format!("phone,name,tz\n{ANN},=Ann(),UTC\n+15550100102,Ben,UTC\n")));
    assert_eq!((&taken["added"], &taken["columns"]), (&json!(2), &json!(["phone", "name", "time_zone"])));

    let plan =
        json_of(&day, &["campaign", "plan", "spring", "--answered", "1", "--machine", "0", "--busy", "0"]);
    assert_eq!(
        (&plan["leads"], &plan["reached"], &plan["attempts"]),
        (&json!(2), &json!(2), &json!(2)),
        "{plan}"
    );
    assert!(plan["finishes_at"].is_string(), "{plan}");

    text_of(&day, &["campaign", "start", "spring"]);
    day.until("the campaign is finished", |day| {
        (json_of(day, &["campaign", "status", "spring"])["campaign"]["state"] == "finished").then_some(())
    });
    let status = text_of(&day, &["campaign", "status", "spring"]);
    assert!(status.contains("spring: finished") && status.contains("2 completed"), "{status}");
    let listed = text_of(&day, &["campaign", "list"]);
    assert!(listed.lines().count() == 2 && listed.contains("spring"), "{listed}");

    let csv = text_of(&day, &["campaign", "export", "spring"]);
    let rows: Vec<&str> = csv.lines().collect();
    assert!(rows[0].starts_with("job_id,to,name,state,result"), "{csv}");
    assert_eq!(rows.len(), 3, "{csv}");
    let ann = rows.iter().find(|row| row.contains(ANN)).unwrap();
    assert!(ann.contains(",'+15550100101,'=Ann(),completed,reached,"), "no cell is a formula: {ann}");
    assert!(ann.contains("answer"), "{ann}");
    let as_json: Value =
        serde_json::from_str(&text_of(&day, &["campaign", "export", "spring", "--format", "json"])).unwrap();
    assert_eq!(as_json[0]["name"], "=Ann()", "a program gets it as it is: {as_json}");
    let book = day.folder().with_file_name("results.xlsx");
    text_of(&day, &["campaign", "export", "spring", book.to_str().unwrap()]);
    assert!(std::fs::read(&book).unwrap().starts_with(b"PK"));
}

#[test]
fn why_somebody_is_not_called_is_said_in_words_and_in_the_readers_language() {
    let day = Day::begin();
    let id = spring(&day)["id"].as_str().unwrap().to_owned();
    told(&import(&day, &format!("phone,tz\n{ANN},UTC\n")));
    let jobs = day.get(&format!("/api/campaigns/{id}/jobs")).json();
    let job = jobs["jobs"][0]["id"].as_str().unwrap().to_owned();
    let said = text_of(&day, &["queue", "why", &job]);
    assert!(said.contains("The campaign has not been started."), "{said}");
    assert!(said.contains("gate: campaign_not_started"), "{said}");
    let request = day.ask(reqwest::Method::GET, &format!("/api/jobs/{job}/why"));
    let hebrew = day.send(request.bearer_auth(KEY).header("accept-language", "he-IL")).json();
    assert_eq!(hebrew["gate"]["words"], "הקמפיין עוד לא התחיל.");

    // It is started at an hour for nobody: when one comes is said.
    let closed =
        json!({ "window": { "hours": [{ "from": "03:00:00", "to": "03:01:00", "days": ["mon"] }] } });
    let patch = day.ask(reqwest::Method::PATCH, &format!("/api/campaigns/{id}"));
    assert_eq!(day.send(patch.bearer_auth(KEY).json(&closed)).status, 200);
    text_of(&day, &["campaign", "start", "spring"]);
    let shut = day.until("the window is what is closed", |day| {
        Some(json_of(day, &["queue", "why", &job])).filter(|job| job["gate"]["code"] == "out_of_window")
    });
    assert!(shut["gate"]["opens_at"].is_string(), "{shut}");
    let said = text_of(&day, &["queue", "why", &job]);
    assert!(said.contains("Outside calling hours until 03:00 in ") && said.contains("it opens at"), "{said}");
}

#[test]
fn the_figures_of_the_queue_are_counted_by_gate() {
    let day = Day::begin();
    spring(&day);
    told(&import(&day, "phone,tz\n+15550100101,UTC\n+15550100102,UTC\n+15550100103,UTC\n"));
    let stats = json_of(&day, &["queue", "stats"]);
    assert_eq!((&stats["depth"], &stats["in_progress"]), (&json!(3), &json!(0)), "{stats}");
    assert_eq!(stats["gates"][0]["code"], "campaign_not_started");
    assert_eq!(stats["gates"][0]["jobs"], 3);
    assert!(stats["oldest"]["job_id"].is_string() && stats["oldest"]["age_secs"].is_u64(), "{stats}");
    let said = text_of(&day, &["queue", "stats"]);
    assert!(said.contains("3 waiting") && said.contains("3 campaign not started"), "{said}");

    text_of(&day, &["campaign", "start", "spring"]);
    day.until("nobody waits", |day| (json_of(day, &["queue", "stats"])["depth"] == 0).then_some(()));
    assert_eq!(json_of(&day, &["queue", "stats"])["rate"]["last_15_minutes"], 3);
}

#[test]
fn a_campaign_is_moved_by_its_name_and_what_cannot_be_done_is_said() {
    let day = Day::begin();
    spring(&day);
    told(&import(&day, "phone\n+15550100101\n"));
    assert_eq!(code(&run(&day, &["campaign", "pause", "spring"])), 1, "a draft can't be paused");
    assert_eq!(json_of(&day, &["campaign", "cancel", "spring"])["state"], "cancelled");
    let stats = json_of(&day, &["campaign", "status", "spring"]);
    assert_eq!(stats["campaign"]["progress"]["canceled"], 1, "{stats}");
    let nobody = run(&day, &["campaign", "start", "summer"]);
    assert_eq!(code(&nobody), 1);
    assert!(stderr(&nobody).contains("there is no campaign \"summer\""), "{}", stderr(&nobody));
    let forced = run(&day, &["campaign", "cancel", "spring", "--force", "--json"]);
    assert_eq!(told(&forced)["state"], "cancelled");
    assert!(text_of(&day, &["jobs", "parked"]).contains("No job was set aside."));
}

#[test]
fn a_list_of_numbers_never_to_call_goes_in_and_comes_out_again() {
    let day = Day::begin();
    let text = format!("{ANN}\n+1 (555) 010-0102\n12\n\n{ANN}\n");
    let path = list(&day, "never.txt", &text);
    let tried = run(&day, &["suppress", "import", &path, "--dry-run", "--json"]);
    assert_eq!(code(&tried), 1, "a row is bad");
    let tried: Value = serde_json::from_str(&stdout(&tried)).unwrap();
    assert_eq!((&tried["added"], &tried["dry_run"]), (&json!(2), &json!(true)), "{tried}");
    assert_eq!(day.get("/api/suppressions").json()["suppressions"], json!([]));

    let done = run(&day, &["suppress", "import", &path, "--reason", "asked by letter", "--json"]);
    let done: Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(done["added"], 2, "{done}");
    assert_eq!(done["skipped"][0]["row"], 3, "{done}");
    assert_eq!((&done["skipped"][1]["row"], &done["skipped"][1]["code"]), (&json!(5), &json!("duplicate")));
    let refused = day.post("/api/calls", &json!({ "to": ANN }));
    assert_eq!(refused.json()["code"], "suppressed");

    let out = day.folder().with_file_name("out.csv");
    text_of(&day, &["suppress", "export", out.to_str().unwrap()]);
    let written = std::fs::read_to_string(&out).unwrap();
    assert!(written.starts_with("number,reason,since\r\n'+15550100101,asked by letter,"), "{written}");
    let again = json_of(&day, &["suppress", "import", out.to_str().unwrap()]);
    assert_eq!(
        (&again["rows"], &again["added"]),
        (&json!(2), &json!(0)),
        "our own list: all are there {again}"
    );
}
