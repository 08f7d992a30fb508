//! Lists of people as the world has them: large, cut off in the middle, from another program, with names that attack. A list
//! goes in whole or not at all, also when the server dies over it, and nothing of it is ever run.
//!
//! `TRUNKLINE_ROWS=100000` tells of the list at its full size.

use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::day::{Answer, Day, KEY, Opening, form, number as told};
use crate::operator::{code, stdout, with};
use crate::queue::{draft, on_each_engine, standing};

on_each_engine!(
    a_long_list_goes_in_whole_and_a_second_time_adds_nobody,
    a_list_over_which_the_server_dies_is_in_whole_or_not_at_all,
    a_list_in_an_older_encoding_is_read_as_what_it_is_or_not_at_all,
);

fn import(day: &Day, campaign: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = day.ask(reqwest::Method::POST, &format!("/api/campaigns/{campaign}/import"));
    day.send(request.bearer_auth(KEY).header("content-type", "text/csv").body(body))
}

fn waiting(day: &Day, campaign: &str) -> u64 {
    day.until("the campaign can be looked at", |day| standing(day, campaign)["progress"]["waiting"].as_u64())
}

fn list(rows: usize) -> String {
    let row = |n: usize| format!("+1212{n:07};\"Person \"\"{n}\"\", the {n}th\";UTC\r\n");
    let rows: String = (2_000_000..2_000_000 + rows).map(row).collect();
    format!("\u{FEFF}phone;name;time zone\r\n{rows}")
}

fn a_long_list_goes_in_whole_and_a_second_time_adds_nobody(opening: Opening) {
    let rows = told("TRUNKLINE_ROWS", 5_000);
    let day = opening.begin();
    let id = draft(&day, "long", &json!({}));
    // Every tenth row stands there twice, and one is no number.
    let mut text = list(rows);
    let twice: String = text.lines().skip(1).step_by(10).map(|row| format!("{row}\r\n")).collect();
    text.push_str(&twice);
    text.push_str("12;Nobody;UTC\r\n");
    let taken = import(&day, &id, text.clone());
    assert_eq!(taken.status, 201, "{}", taken.text());
    let report = taken.json();
    let skipped = report["skipped"].as_array().unwrap();
    assert_eq!((&report["added"], waiting(&day, &id)), (&json!(rows), rows as u64));
    let of = |code: &str| skipped.iter().filter(|row| row["code"] == code).count();
    assert_eq!(
        (of("duplicate"), of("bad_number")),
        (rows.div_ceil(10), 1),
        "each row that is left out is named"
    );
    let first = skipped.iter().find(|row| row["code"] == "duplicate").unwrap();
    assert_eq!(first["row"], rows + 2, "as a spreadsheet counts");
    let again = import(&day, &id, text).json();
    assert_eq!((&again["added"], waiting(&day, &id)), (&json!(0), rows as u64));
}

fn a_list_over_which_the_server_dies_is_in_whole_or_not_at_all(opening: Opening) {
    let rows = 3_000;
    let mut day = opening.in_its_own_process().begin();
    let id = draft(&day, "long", &json!({}));
    for round in 0_u32..3 {
        let request = day.ask(reqwest::Method::POST, &format!("/api/campaigns/{id}/import")).bearer_auth(KEY);
        day.send_without_waiting(request.header("content-type", "text/csv").body(list(rows)));
        // At another moment of the import each time.
        let until = day.now() + jiff::SignedDuration::from_secs(i64::from(round) * 12 + 6);
        day.until("it is under way", |day| (day.now() > until).then_some(()));
        day.restarts();
        let found = waiting(&day, &id);
        assert!(found == 0 || found == rows as u64, "half a list: {found}");
    }
    import(&day, &id, list(rows));
    assert_eq!(waiting(&day, &id), rows as u64);
}

#[test]
fn a_list_whose_sender_goes_away_in_the_middle_leaves_nothing() {
    let day = Day::begin();
    let id = draft(&day, "cut", &json!({}));
    let body = list(200);
    let mut line = TcpStream::connect(day.url("").trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /api/campaigns/{id}/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\
         Content-Type: text/csv\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    line.write_all(head.as_bytes()).unwrap();
    line.write_all(&body.as_bytes()[..body.len() / 2]).unwrap();
    drop(line);
    // Its own row is asked for after it: the server has seen the end of the other by then.
    assert_eq!(import(&day, &id, "phone,tz\n+12125550199,UTC\n").json()["added"], 1);
    assert_eq!(waiting(&day, &id), 1);
}

/// What the names of a campaign's people are.
fn names(day: &Day, campaign: &str) -> Vec<String> {
    let jobs = day.get(&format!("/api/campaigns/{campaign}/jobs")).json();
    jobs["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap().to_owned()).collect()
}

fn a_list_in_an_older_encoding_is_read_as_what_it_is_or_not_at_all(opening: Opening) {
    let day = opening.begin();
    let id = draft(&day, "old", &json!({}));
    // "שם,טלפון" and "דנה" in Windows-1255.
    let hebrew = b"\xf9\xed,\xe8\xec\xf4\xe5\xef\n\xe3\xf0\xe4,+972502345678\n";
    let taken = import(&day, &id, hebrew.to_vec());
    assert_eq!(taken.status, 201, "{}", taken.text());
    let report = taken.json();
    assert_eq!(
        (&report["encoding"], &report["columns"]),
        (&json!("windows-1255"), &json!(["name", "phone"]))
    );
    assert_eq!(names(&day, &id), ["דנה"]);

    let french = b"phone,name\n+33612345678,Ren\xe9\n";
    let refused = import(&day, &id, french.to_vec());
    let said = refused.json().to_string();
    assert!(refused.status == 400 && said.contains("CSV UTF-8") && said.contains("windows-1252"), "{said}");
    assert_eq!(waiting(&day, &id), 1, "nothing of it was taken");
    let file = day.folder().join("french.csv");
    std::fs::write(&file, french).unwrap();
    let file = file.to_str().unwrap();
    let words = ["campaign", "import", "old", file, "--encoding", "windows-1252"];
    let said = with(&day.folder(), &words, &[]);
    assert!(code(&said) == 0 && stdout(&said).contains("read as windows-1252"), "{}", stdout(&said));
    let mut all = names(&day, &id);
    all.sort();
    assert_eq!(all, ["René", "דנה"]);
    let no_such = with(&day.folder(), &["campaign", "import", "old", file, "--encoding", "klingon"], &[]);
    assert!(code(&no_such) != 0, "{}", stdout(&no_such));
}

#[test]
fn half_a_workbook_is_refused_in_words() {
    let day = Day::begin();
    let id = draft(&day, "old", &json!({}));
    assert_eq!(import(&day, &id, "phone,tz\n+12125550101,UTC\n").status, 201);
    let book = day.get("/api/leads/export?format=xlsx").body;
    assert!(book.starts_with(b"PK"), "the control");
    for cut in [10, book.len() / 2, book.len() - 20] {
        let request = day.ask(reqwest::Method::POST, "/api/leads/import").bearer_auth(KEY);
        let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        let refused = day.send(request.header("content-type", kind).body(book[..cut].to_vec()));
        assert_eq!(refused.status, 400, "{cut}: {}", refused.text());
    }
}

/// S-07, S-12, S-20: names that attack whoever reads them, in the page, in tables and in the ear.
#[test]
fn s_12_names_that_attack_are_text_wherever_they_come_out() {
    let names = [
        "<script>alert(1)</script>",
        "=HYPERLINK(\"http://evil.example\",\"win\")",
        "+1+1",
        "@SUM(1)",
        "-2+3",
        "\u{202e}gnp.exe",
        "Ann\r\nX-Header: 1",
        "{{day}}",
        "</Say><Dial>+8821234</Dial>",
    ];
    let day = Day::begin();
    let id = draft(&day, "<b>bold</b>", &json!({}));
    let people: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(n, name)| json!({ "to": format!("+1212555{:04}", n + 100), "name": name, "zone": "UTC" }))
        .collect();
    let added = day.post(&format!("/api/campaigns/{id}/jobs"), &json!({ "people": people }));
    assert_eq!(added.json()["added"], names.len(), "{}", added.text());
    let page = page(&day, &format!("/campaigns/{id}"));
    assert!(page.contains("bold") && page.contains("HYPERLINK"), "the control: it is the page: {page}");
    for raw in ["<script>alert", "<b>bold", "<Dial>"] {
        assert!(!page.contains(raw), "{raw}");
    }
    assert_eq!(day.post(&format!("/api/campaigns/{id}/start"), &json!({})).status, 200);
    crate::queue::is_finished(&day, &id);
    day.is_quiet();

    let csv = day.get(&format!("/api/campaigns/{id}/results?format=csv")).text();
    let leads = day.get("/api/leads/export").text();
    for table in [&csv, &leads] {
        for cell in ["=HYPERLINK", "+1+1", "@SUM", "-2+3"] {
            assert!(table.contains(&format!("'{cell}")), "{cell}: {table}");
            let bare = [format!(",{cell}"), format!(",\"{cell}"), format!("\n{cell}")];
            assert!(!bare.iter().any(|bare| table.contains(bare)), "{cell}: {table}");
        }
    }
    let book = day.get(&format!("/api/campaigns/{id}/results?format=xlsx")).body;
    assert!(
        book.starts_with(b"PK") && !String::from_utf8_lossy(&book).contains("<f>"),
        "no cell is a formula"
    );
    for call in day.sim.calls() {
        assert!(!format!("{:?}", day.sim.heard(&call.sid)).contains("Dialed"), "a name dialed");
    }
}

/// A page, as somebody sees it who has signed in.
fn page(day: &Day, path: &str) -> String {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client.post(day.url("/login")).form(&form([("key", KEY)]));
    let answer = day.block_on(async { request.send().await.unwrap() });
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let request = day.ask(reqwest::Method::GET, path).header("cookie", cookie).header("accept", "text/html");
    day.send(request).text()
}
