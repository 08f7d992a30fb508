//! Lists of people come in whole or not at all, and every row that is left out is named.

use serde_json::{Value, json};

use crate::day::{Answer, Day, KEY};

const SCRIPT: &str = r#"{"greeting": "Hello {{name}}", "questions": [
    {"text": "Is {{day}} fine?", "type": "yes-no"}]}"#;
const CSV: &str = "text/csv";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn campaign(day: &Day) -> String {
    let body = json!({
        "name": "visits", "script": "questions",
        "window": { "hours": [{ "from": "00:00:00", "to": "00:00:00" }] },
    });
    let made = day.until("campaigns are taken", |day| {
        Some(day.post("/api/campaigns", &body)).filter(|made| made.status != 503)
    });
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

fn send(day: &Day, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = day.ask(reqwest::Method::POST, path).bearer_auth(KEY);
    day.send(request.header("content-type", kind).body(body))
}

fn waiting(day: &Day, id: &str) -> u64 {
    day.get(&format!("/api/campaigns/{id}")).json()["progress"]["waiting"].as_u64().unwrap()
}

#[test]
fn every_row_that_is_left_out_is_named_with_its_place_and_its_reason() {
    let day = Day::with().questions(SCRIPT).begin();
    let id = campaign(&day);
    day.post("/api/suppressions", &json!({ "number": "+15550100107" }));
    let list = "Mobile phone;Name;Day;Time zone\n\
                +1 555 010 0101;Ann;Sunday;UTC\n\
                12;Ben;Sunday;UTC\n\
                \n\
                +15550100103;Cy;;UTC\n\
                +15550100101;Ann again;Monday;UTC\n\
                +15550100107;Dan;Monday;UTC\n\
                +15550100108;Eve;Monday;Mars\n\
                +19005550100;Fay;Monday;UTC\n";
    let path = format!("/api/campaigns/{id}/import");
    let tried = send(&day, &format!("{path}?dry_run=true"), CSV, list);
    assert_eq!((tried.status, &tried.json()["added"]), (200, &json!(1)), "{}", tried.text());
    assert_eq!(waiting(&day, &id), 0, "a dry run writes nothing");

    let taken = send(&day, &path, CSV, list);
    assert_eq!(taken.status, 201, "{}", taken.text());
    let report = taken.json();
    assert_eq!(report["columns"], json!(["phone", "name", "day", "time_zone"]));
    let left: Vec<(u64, &str)> = report["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["row"].as_u64().unwrap(), row["code"].as_str().unwrap()))
        .collect();
    let expected = [
        (3, "bad_number"),
        (5, "missing_variable"),
        (6, "duplicate"),
        (7, "suppressed"),
        (8, "unknown_zone"),
        (9, "not_allowed"),
    ];
    assert_eq!(left, expected, "{report}");
    assert!(!taken.text().contains("0103"), "a report repeats no number");
    assert_eq!(waiting(&day, &id), 1);
    let leads = day.get("/api/leads").json();
    assert_eq!(
        (&leads["leads"][0]["number"], &leads["leads"][0]["raw"]),
        (&json!("+15550100101"), &json!("+1 555 010 0101"))
    );

    let again = send(&day, &path, CSV, list);
    assert_eq!((again.status, &again.json()["added"]), (200, &json!(0)), "{}", again.text());
    assert_eq!(
        again.json()["skipped"][0],
        json!({
            "row": 2, "column": "phone", "code": "already_there",
            "why": "this person is in the campaign already, or the dedup key is in use",
        })
    );
}

#[test]
fn a_variable_that_the_script_needs_is_missed_at_the_import_and_a_column_can_be_named() {
    let day = Day::with().questions(SCRIPT).begin();
    let id = campaign(&day);
    let path = format!("/api/campaigns/{id}/import");
    let list = "phone,name,when\n+15550100101,Ann,Sunday\n+15550100102,,Monday\n";
    let missed = send(&day, &path, CSV, list).json();
    assert_eq!((&missed["added"], &missed["skipped"][0]["code"]), (&json!(0), &json!("missing_variable")));
    let why = missed["skipped"][0]["why"].as_str().unwrap();
    assert!(why.contains("{{day}}"), "{why}");
    let named = send(&day, &format!("{path}?column.day=when"), CSV, list);
    assert_eq!((named.status, &named.json()["added"]), (201, &json!(1)), "{}", named.text());
    assert_eq!(named.json()["skipped"][0]["column"], "name", "the greeting says {{name}}");
    let nowhere = send(&day, &format!("{path}?column.day=whenever"), CSV, list);
    assert_eq!((nowhere.status, &nowhere.json()["field"]), (400, &json!("columns")), "{}", nowhere.text());
}

#[test]
fn json_and_workbooks_say_the_same_and_what_is_no_list_changes_nothing() {
    let day = Day::with().questions(SCRIPT).begin();
    let id = campaign(&day);
    let path = format!("/api/campaigns/{id}/import");
    let people = json!({ "people": [
        { "to": "+15550100101", "name": "Ann", "variables": { "day": "Sunday" } },
        { "to": "+15550100102", "name": "Ben" },
    ] });
    let taken = send(&day, &path, "application/json", people.to_string()).json();
    assert_eq!((&taken["added"], &taken["skipped"][0]["row"]), (&json!(1), &json!(2)), "{taken}");

    // What we write as a workbook can be read back.
    let book = day.get("/api/leads/export?format=xlsx");
    assert_eq!(book.header("content-type"), XLSX);
    let back = send(&day, "/api/leads/import?dry_run=true", XLSX, book.body.clone()).json();
    assert_eq!((&back["added"], &back["skipped"]), (&json!(1), &json!([])), "{back}");

    let refusals: [(&str, &[u8], u16); 5] = [
        ("application/pdf", b"%PDF", 415),
        (XLSX, b"PK\x03\x04 no workbook", 400),
        (CSV, b"caf\xe9,phone\n", 400),
        (CSV, b"", 400),
        (CSV, b"who,where\nAnn,Haifa\n", 400),
    ];
    for (kind, body, status) in refusals {
        let refused = send(&day, &path, kind, body.to_vec());
        assert_eq!(refused.status, status, "{kind}: {}", refused.text());
    }
    assert_eq!(waiting(&day, &id), 1);
}

#[test]
fn leads_come_without_a_campaign_and_nobody_is_called() {
    let day = Day::begin();
    campaign(&day);
    let list = "טלפון,שם,עיר\n050-2345678,דנה,חיפה\n";
    let taken = send(&day, "/api/leads/import?country=IL", CSV, list);
    assert_eq!((taken.status, &taken.json()["added"]), (201, &json!(1)), "{}", taken.text());
    let csv = day.get("/api/leads/export").text();
    assert!(csv.contains("'+972502345678,050-2345678,דנה"), "{csv}");
    assert!(csv.lines().next().unwrap().ends_with("עיר"), "{csv}");
}

#[test]
fn another_tenants_campaign_takes_no_list() {
    let day = Day::begin();
    let id = campaign(&day);
    let made = day.post("/api/tenants", &json!({ "id": "acme", "name": "Acme" }));
    assert_eq!(made.status, 201, "{}", made.text());
    let key = day.post("/api/keys", &json!({ "name": "theirs", "tenant": "acme", "role": "owner" })).json();
    let theirs = key["key"].as_str().unwrap().to_owned();
    let paths: [(reqwest::Method, String); 3] = [
        (reqwest::Method::POST, format!("/api/campaigns/{id}/import")),
        (reqwest::Method::GET, format!("/api/campaigns/{id}/plan")),
        (reqwest::Method::GET, format!("/api/campaigns/{id}/results")),
    ];
    for (method, path) in paths {
        let request = day.ask(method, &path).bearer_auth(&theirs).header("content-type", CSV);
        let refused = day.send(request.body("phone\n+15550100101\n"));
        assert_eq!(refused.status, 404, "{path}: {}", refused.text());
    }
    let stats: Value =
        day.send(day.ask(reqwest::Method::GET, "/api/queue/stats").bearer_auth(&theirs)).json();
    assert_eq!((&stats["depth"], waiting(&day, &id)), (&json!(0), 0), "{stats}");
}

#[test]
fn in_test_mode_only_the_listed_numbers_are_taken() {
    let day = Day::with().set("TRUNKLINE_QUEUE_TEST_NUMBERS", "+15550100101").begin();
    let id = campaign(&day);
    let list = "phone\n+15550100101\n+15550100102\n";
    let taken = send(&day, &format!("/api/campaigns/{id}/import"), CSV, list).json();
    assert_eq!(
        (&taken["added"], &taken["skipped"][0]["code"]),
        (&json!(1), &json!("not_allowed")),
        "{taken}"
    );
    let why = taken["skipped"][0]["why"].as_str().unwrap();
    assert_eq!(why, "test mode: only the listed test numbers are called");
}

#[test]
fn a_plan_names_who_will_never_be_called_and_says_when_it_is_finished() {
    let day = Day::begin();
    let id = campaign(&day);
    let list = "phone,tz\n+15550100101,UTC\n+15550100102,UTC\n+15550100103,UTC\n";
    send(&day, &format!("/api/campaigns/{id}/import"), CSV, list);
    day.post("/api/suppressions", &json!({ "number": "+15550100102" }));
    let asked = "start=2026-03-02T09:00:00Z&answered=1&machine=0&busy=0&talk_secs=60";
    let plan = day.get(&format!("/api/campaigns/{id}/plan?{asked}")).json();
    assert_eq!((&plan["leads"], &plan["reached"]), (&json!(3), &json!(2)), "{plan}");
    assert_eq!(plan["skipped"], json!({ "suppressed": 1 }));
    assert_eq!(plan["skipped_leads"][0]["to"], "+15550100102");
    let words = plan["skipped_leads"][0]["gate"]["words"].as_str().unwrap();
    assert_eq!(words, "The number is on the list of numbers never to call.");
    assert!(plan["finishes_at"].as_str().unwrap().starts_with("2026-03-02T09:0"), "{plan}");
    assert!(plan["peak_concurrency"] == 2 && plan["peak_cps"] == 2, "{plan}: both at once");
    let wrong = day.get(&format!("/api/campaigns/{id}/plan?answered=0.9&machine=0.9"));
    assert_eq!((wrong.status, &wrong.json()["code"]), (400, &json!("invalid_query")));
}
