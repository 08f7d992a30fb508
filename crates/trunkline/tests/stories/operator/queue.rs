//! Campaigns in the hands of an operator: they go out and come in, are backed up half done, checked, and gone when they
//! have had their time. Nobody is called twice by any of it.

use std::fs;

use serde_json::{Value, json};
use trunkline_testkit::postgres::Server;

use super::verify::spoil;
use super::{code, is_projected, on, run, stderr, stdout, told, with};
use crate::day::Day;
use crate::queue::{campaign, dialed, does, is_finished, job};

fn people(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("+15550103{n:03}")).collect()
}

fn one_at_a_time() -> Value {
    json!({ "pacing": { "concurrency": 1 } })
}

fn some_are_called(day: &Day, people: &[String], enough: u64) {
    day.until(&format!("{enough} are called"), |day| {
        (dialed(day, people).iter().sum::<u64>() >= enough).then_some(())
    });
}

/// A campaign of six of which some were called and nobody is being called; the server is down.
fn half_done(mut day: Day) -> (Day, String, Vec<String>) {
    let people = people(6);
    let (id, _) = campaign(&day, "half", &one_at_a_time(), &people);
    some_are_called(&day, &people, 3);
    does(&day, &id, "pause");
    day.until("the open call is over", |day| {
        let progress = &day.get(&format!("/api/campaigns/{id}")).json()["progress"];
        (progress["in_progress"] == 0).then_some(())
    });
    is_projected(&day);
    day.stops();
    (day, id, people)
}

fn goes_on(day: &Day, id: &str) {
    day.until("the campaign can be resumed", |day| {
        (day.post(&format!("/api/campaigns/{id}/resume"), &json!({})).status == 200).then_some(())
    });
    assert_eq!(is_finished(day, id)["progress"]["completed"], 6);
}

fn exported(day: &Day, name: &str, more: &[&str]) -> (String, Value) {
    let path = day.folder().with_file_name(name).to_str().unwrap().to_owned();
    let out = told(&run(day, &[&["export", &path, "--json"], more].concat()));
    (path, out)
}

#[test]
fn a_campaign_half_done_goes_through_postgresql_and_back_and_calls_the_others() {
    let (mut day, id, people) = half_done(Day::begin());
    let (file, out) = exported(&day, "all.jsonl", &[]);
    let count = |name: &str| out[name].as_u64().unwrap();
    assert_eq!((count("campaigns"), count("jobs"), count("leads")), (1, 6, 6), "{out}");
    assert!(count("attempts") >= 3 && count("attempts") == count("calls"), "{out}");

    let database = Server::shared().database().unwrap();
    let url = database.url();
    let import = ["import", &file, "--json", "--database-url", &url];
    let new = told(&run(&day, &import));
    assert_eq!(
        (&new["new"]["jobs"], &new["new"]["campaigns"], &new["running"]),
        (&json!(6), &json!(1), &json!(0))
    );
    let (back, same) = exported(&day, "back.jsonl", &["--database-url", &url]);
    assert_eq!(same, out, "every row is the same");
    let again = told(&run(&day, &import))["new"].clone();
    assert!(again.as_object().unwrap().values().all(|new| *new == 0), "done once: {again}");

    day.database().is_deleted();
    assert_eq!(told(&run(&day, &["import", &back, "--json"]))["new"]["attempts"], out["attempts"]);
    assert_eq!(exported(&day, "third.jsonl", &[]).1, out);
    day.start();
    goes_on(&day, &id);
    assert_eq!(dialed(&day, &people), vec![1; people.len()]);
    is_projected(&day);
    day.stops();
    let report = told(&run(&day, &["verify", "--json"]));
    assert_eq!(
        (&report["sound"], &report["jobs"]),
        (&json!(true), &json!({ "good": 6, "of": 6 })),
        "{report}"
    );
}

#[test]
fn a_queue_that_can_go_nowhere_is_refused_before_anything_is_written() {
    let (day, ..) = half_done(Day::begin());
    let (file, _) = exported(&day, "all.jsonl", &[]);
    let fresh = day.folder().with_file_name("fresh");
    let refused = with(&fresh, &["import", &file], &[("DATABASE_URL", "none")]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("the queue needs a database"), "{}", stderr(&refused));

    // Another campaign of the same name.
    let other = day.folder().with_file_name("other.jsonl");
    let (second, ..) = half_done(Day::begin());
    let (path, _) = exported(&second, "all.jsonl", &[]);
    fs::copy(path, &other).unwrap();
    let before = exported(&day, "before.jsonl", &[]).1;
    let refused = run(&day, &["import", other.to_str().unwrap()]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("has the name of campaign"), "{}", stderr(&refused));
    assert_eq!(exported(&day, "after.jsonl", &[]).1, before);
}

/// The journal tells a database that came back older which claims it has lost.
#[test]
fn a_campaign_whose_database_comes_back_older_goes_on_and_calls_nobody_twice() {
    let mut day = Day::with().in_its_own_process().begin();
    let people = people(8);
    let (id, jobs) = campaign(&day, "older", &one_at_a_time(), &people);
    some_are_called(&day, &people, 2);
    assert_eq!(day.is_told_to_stop().code(), Some(0));
    let (file, copy) = (day.folder().join("trunkline.db"), day.folder().with_file_name("older.db"));
    fs::copy(&file, &copy).unwrap();
    let before = dialed(&day, &people).iter().sum::<u64>();
    day.start();
    some_are_called(&day, &people, before + 3);
    day.power_fails();
    day.database().is_deleted();
    fs::copy(&copy, &file).unwrap();
    let known = told(&run(&day, &["export", "--json", copy.with_extension("jsonl").to_str().unwrap()]));
    assert!(known["attempts"].as_u64().unwrap() < before + 3, "the control: it has lost claims; {known}");

    day.start();
    assert_eq!(is_finished(&day, &id)["progress"]["completed"], 8);
    assert_eq!(dialed(&day, &people), vec![1; people.len()]);
    for id in &jobs {
        assert_eq!(job(&day, id)["attempts"].as_array().unwrap().len(), 1, "it knows the attempt again");
    }
    is_projected(&day);
    assert_eq!(day.is_told_to_stop().code(), Some(0));
    let report = told(&run(&day, &["verify", "--json"]));
    assert_eq!((&report["sound"], &report["attempts"]["of"]), (&json!(true), &json!(8)), "{report}");
}

#[test]
fn a_campaign_half_done_is_backed_up_and_goes_on_elsewhere() {
    let mut day = Day::with().in_its_own_process().begin();
    let people = people(6);
    let (id, _) = campaign(&day, "moved", &json!({ "pacing": { "concurrency": 2 } }), &people);
    some_are_called(&day, &people, 3);
    day.power_fails();
    let before = dialed(&day, &people).iter().sum::<u64>();
    assert!(before < 6, "the control: it was in the middle");
    let archive = day.folder().with_file_name("backup.tar").to_str().unwrap().to_owned();
    told(&run(&day, &["backup", &archive, "--json"]));
    fs::remove_dir_all(day.folder()).unwrap();
    let restored = told(&run(&day, &["restore", &archive, "--json"]));
    assert_eq!(restored["sound"], true, "{restored}");

    day.start();
    assert_eq!(is_finished(&day, &id)["progress"]["completed"], 6);
    assert_eq!(dialed(&day, &people), vec![1; people.len()]);
}

#[test]
fn a_queue_that_contradicts_itself_is_found() {
    let (day, ..) = half_done(Day::begin());
    let report = told(&run(&day, &["verify", "--json"]));
    assert_eq!(report["sound"], true, "the control: {report}");
    spoil(&day, "DELETE FROM attempts");
    spoil(&day, "UPDATE jobs SET bucket = 'parked' WHERE state = 'waiting'");
    let output = run(&day, &["verify"]);
    assert_eq!(code(&output), 1);
    for what in ["no attempt tells of it", "column bucket is not what its fold says"] {
        assert!(stdout(&output).contains(what), "{what}: {}", stdout(&output));
    }
}

#[test]
fn a_campaign_of_long_ago_goes_with_its_calls_and_its_people_stay() {
    let mut day = Day::with().long_ago().begin();
    let people = people(3);
    let (id, _) = campaign(&day, "old", &json!({}), &people);
    is_finished(&day, &id);
    is_projected(&day);
    day.stops();
    let pruned = |more: &[&str]| {
        told(&run(&day, &[&["prune", "--json", "--older-than", "90d"], more].concat()))["removed"].clone()
    };
    let counted = pruned(&["--dry-run"]);
    assert_eq!(
        (&counted["campaigns"], &counted["jobs"], &counted["attempts"]),
        (&json!(1), &json!(3), &json!(3))
    );
    assert_eq!(pruned(&["--status", "busy"])["campaigns"], 0, "by status campaigns stay");
    let gone = pruned(&[]);
    assert_eq!(
        (&gone["campaigns"], &gone["jobs"], &gone["calls"]),
        (&json!(1), &json!(3), &json!(3)),
        "{gone}"
    );
    let left = exported(&day, "left.jsonl", &[]).1;
    assert_eq!(
        (&left["campaigns"], &left["jobs"], &left["leads"]),
        (&json!(0), &json!(0), &json!(3)),
        "{left}"
    );
    assert_eq!(told(&run(&day, &["verify", "--json"]))["sound"], true);
    let fresh = day.folder().with_file_name("fresh");
    let file = day.folder().with_file_name("left.jsonl");
    told(&on(&fresh, &["import", file.to_str().unwrap(), "--json"]));
}
