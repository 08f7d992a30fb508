//! What came of calling: answers person by person, sums day by day, and calls found by their words; on each engine.

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::Habit;

use crate::day::{Answer, Day, KEY, Opening};
use crate::operator::{code, run, stderr, stdout};
use crate::queue::{campaign, number, on_each_engine};
use crate::tenants::{knows_its_database, post};

on_each_engine!(
    what_people_answered_is_one_row_a_person_and_one_column_a_question,
    results_come_page_by_page_and_are_nobody_elses,
    what_calls_came_to_is_added_up_by_day_carrier_campaign_and_script,
    calls_are_found_by_their_words_while_they_live_and_afterwards,
    what_a_call_cost_is_known_once_the_carrier_says_it_and_never_guessed,
);

const SURVEY: &str = r#"{"questions": [
    "What is your name?",
    {"text": "Did you like it?", "type": "yes-no"},
    {"text": "Which day?", "type": "choice", "choices": [
        {"key": "1", "label": "=Monday"}, {"key": "2", "label": "Tuesday"}]}]}"#;

fn survey(opening: Opening) -> Day {
    let day = opening.questions(SURVEY).begin();
    knows_its_database(&day);
    day
}

/// Says a name, and presses two keys.
fn answers(name: &str, keys: [&str; 2]) -> Habit {
    let digits = ["", keys[0], keys[1]].map(str::to_owned).into();
    Habit::Answers { ring_secs: None, said: vec![name.to_owned()], digits }
}

/// Calls these people by the script, one after the other.
fn called(day: &Day, people: &[&str]) -> Vec<String> {
    let calls: Vec<String> =
        people.iter().map(|to| day.call_with(&json!({ "to": to, "name": "Ann Lee" }))).collect();
    calls.iter().for_each(|call| drop(day.ended(call)));
    calls
}

fn results(day: &Day, query: &str) -> Value {
    let answer = day.get(&format!("/api/results?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn person<'a>(results: &'a Value, number: &str) -> &'a Value {
    let people = results["people"].as_array().unwrap();
    let of: Vec<&Value> = people.iter().filter(|person| person["number"] == number).collect();
    assert_eq!(of.len(), 1, "{results}");
    of[0]
}

fn what_people_answered_is_one_row_a_person_and_one_column_a_question(opening: Opening) {
    let day = survey(opening);
    let (ann, ben) = (number(1), number(2));
    day.person(&ann, answers("Ann", ["1", "1"]));
    day.person(&ben, Habit::Busy);
    called(&day, &[&ann, &ben]);
    // She is called again, and hangs up in the middle: what she said before stands, but for what she says now.
    let again = called(&day, &[&ann]);

    let found = day.until("both are there with both calls", |day| {
        let found = results(day, "script=questions");
        let is_whole = |number: &str, calls: u64| {
            let people = found["people"].as_array().unwrap();
            people.iter().any(|one| {
                one["number"] == number && one["calls"] == calls && !one["last_call"]["disposition"].is_null()
            })
        };
        (is_whole(&ann, 2) && is_whole(&ben, 1)).then_some(found.clone())
    });
    assert_eq!(found["questions"][1], json!({ "step": 1, "question": "Did you like it?" }));
    let hers = person(&found, &ann);
    assert_eq!(hers["last_call"]["id"], again[0]);
    assert_eq!(hers["answers"][1]["answer"], "yes", "{hers}");
    assert_eq!(hers["answers"][2]["answer"], "=Monday", "{hers}");
    let his = person(&found, &ben);
    assert_eq!((&his["last_call"]["disposition"], &his["answers"]), (&json!("busy"), &json!([])));

    let recorded = day.until("the recording is home", |day| {
        let found = results(day, "script=questions");
        person(&found, &ann)["answers"][0]["recording"].as_str().map(str::to_owned)
    });
    assert_eq!(day.get(&recorded).status, 200, "{recorded}");
    let csv = day.get("/api/results.csv?script=questions");
    assert!(csv.header("content-type").starts_with("text/csv"));
    let text = csv.text();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 3, "{text}");
    assert!(rows[0].ends_with(",1. What is your name?,2. Did you like it?,3. Which day?"), "{text}");
    let row = rows.iter().find(|row| row.contains(&ann)).unwrap();
    assert!(row.starts_with(&format!("'{ann},Ann Lee,")), "no cell is a formula: {row}");
    assert!(row.ends_with(",yes,'=Monday") && row.contains("/recordings/0,"), "{row}");
    let book = day.get("/api/results.xlsx?script=questions");
    assert!(book.status == 200 && book.body.starts_with(b"PK"));

    let told = run(&day, &["results", "--script", "questions"]);
    let printed = stdout(&told);
    assert_eq!((code(&told), printed.lines().count()), (0, 3), "{}", stderr(&told));
    assert_eq!(printed.lines().next(), text.lines().next());
}

fn results_come_page_by_page_and_are_nobody_elses(opening: Opening) {
    let mut day = survey(opening);
    let people: Vec<String> = (1..=5).map(number).collect();
    let (id, _) = campaign(&day, "spring", &json!({}), &people);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = results(&day, &format!("campaign={id}&limit=2{cursor}"));
        let numbers = page["people"].as_array().unwrap().iter();
        seen.extend(numbers.map(|one| one["number"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, people, "also who was not called yet");

    for wrong in ["", "script=a&campaign=b", "campaign=b", "script=a&limit=0", "sort=name&script=a"] {
        let answer = day.get(&format!("/api/results?{wrong}"));
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("invalid_query")), "{wrong}");
    }
    assert_eq!(post(&day, KEY, "/api/tenants", &json!({ "id": "beta" })).status, 201);
    let key = post(&day, KEY, "/api/keys", &json!({ "tenant": "beta", "name": "k", "role": "owner" })).json();
    day.speaks_with(key["key"].as_str().unwrap());
    assert_eq!(day.get(&format!("/api/results?campaign={id}")).status, 404);
    assert_eq!(day.get(&format!("/api/results.csv?campaign={id}")).status, 404);
    assert_eq!(results(&day, "script=questions")["people"], json!([]));
    let sums = day.get("/api/analytics").json();
    assert_eq!((&sums["rows"], &sums["total"]["calls"]), (&json!([]), &json!(0)));
}

fn what_calls_came_to_is_added_up_by_day_carrier_campaign_and_script(opening: Opening) {
    let day = survey(opening);
    let (ann, ben, eve) = (number(1), number(2), number(3));
    day.person(&ann, answers("Ann", ["1", "1"]));
    day.person(&ben, Habit::Busy);
    day.person(&eve, answers("Eve", ["2", "2"]));
    called(&day, &[&ann, &ben]);
    let (id, _) = campaign(&day, "spring", &json!({}), std::slice::from_ref(&eve));
    let sums = |by: &str| -> Answer { day.get(&format!("/api/analytics?by={by}")) };
    day.until("all of it is counted", |_| {
        (sums("day").json()["total"]["dispositions"] == json!({ "busy": 1, "completed": 2 })).then_some(())
    });
    let by_day = sums("day").json();
    let today = day.now().strftime("%Y-%m-%d").to_string();
    let row = &by_day["rows"][0];
    assert_eq!(
        (&row["key"], &row["calls"], &row["answered"]),
        (&json!(today), &json!(3), &json!(2)),
        "{by_day}"
    );
    assert_eq!((&by_day["zone"], &row["answer_rate"]), (&json!("UTC"), &json!(0.667)));
    assert!(row["talk_seconds"].as_u64() > Some(0) && row["median_talk_seconds"].is_u64(), "{by_day}");
    let counted: Vec<(u64, u64)> = by_day["questions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["reached"].as_u64().unwrap(), one["answered"].as_u64().unwrap()))
        .collect();
    assert_eq!(counted, [(2, 2), (2, 2), (2, 2)], "{by_day}");
    assert_eq!(by_day["questions"][1]["question"], "Did you like it?");

    let campaigns = sums("campaign").json();
    let keys: Vec<&Value> = campaigns["rows"].as_array().unwrap().iter().map(|row| &row["key"]).collect();
    assert_eq!(keys, [&Value::Null, &json!(id)], "{campaigns}");
    assert_eq!(campaigns["rows"][1]["name"], "spring");
    assert_eq!(sums("script").json()["rows"][0]["key"], "questions");
    assert_eq!(sums("carrier").json()["rows"].as_array().unwrap().len(), 1);
    let only = day.get(&format!("/api/analytics?campaign={id}")).json();
    assert_eq!(only["total"]["calls"], 1);
    let csv = day.get("/api/analytics.csv?by=day").text();
    assert!(
        csv.starts_with("day,name,calls,answered,") && csv.contains(&format!("{today},,3,2,66.7,")),
        "{csv}"
    );
    let none = day.get("/api/analytics?since=2020-01-01&until=2020-02-01").json();
    assert_eq!(none["rows"], json!([]));
    for wrong in ["by=hour", "since=2026-02-01&until=2026-01-01", "since=yesterday", "campaign=x", "zone=UTC"]
    {
        assert_eq!(day.get(&format!("/api/analytics?{wrong}")).status, 400, "{wrong}");
    }
}

fn calls_are_found_by_their_words_while_they_live_and_afterwards(opening: Opening) {
    let day = survey(opening);
    let ann = number(1);
    day.person(&ann, answers("Ann", ["1", "1"]));
    let order = json!({ "to": ann, "name": "Ann O'Neil", "metadata": { "order": "A-4711" } });
    let call = day.call_with(&order);
    let found = |search: &str| -> Vec<String> {
        let query: String = url::form_urlencoded::byte_serialize(search.as_bytes()).collect();
        let answer = day.send(day.ask(Method::GET, &format!("/api/calls?search={query}")).bearer_auth(KEY));
        assert_eq!(answer.status, 200, "{search}: {}", answer.text());
        let calls = answer.json()["calls"].as_array().unwrap().clone();
        calls.iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect()
    };
    let finds = ["ann", "neil 4711", "O'NEIL", "(010) 0001", "0100", "\"ann\" -4711*"];
    let misses =
        ["bob", "eil", "711 ann bob", "ann OR bob", "' OR 1=1 --", "%", "*", "\"", "NEAR(", "§default"];
    for _ in ["alive", "over"] {
        finds.iter().for_each(|words| assert_eq!(found(words), std::slice::from_ref(&call), "{words}"));
        misses.iter().for_each(|words| assert_eq!(found(words), Vec::<String>::new(), "{words}"));
        day.ended(&call);
        day.is_quiet();
    }
}

/// B24: the carrier works prices out some minutes after the end, and of a call that nobody took it says none.
fn what_a_call_cost_is_known_once_the_carrier_says_it_and_never_guessed(opening: Opening) {
    let day = survey(opening);
    let (ann, ben) = (number(1), number(2));
    day.person(&ann, answers("Ann", ["1", "1"]));
    day.person(&ben, Habit::Busy);
    let calls = called(&day, &[&ann, &ben]);
    assert_eq!(day.look_at(&calls[0])["cost"], Value::Null, "the control: it comes late");
    let cost = day.until("the price is known", |day| {
        Some(day.look_at(&calls[0])["cost"].clone()).filter(|cost| !cost.is_null())
    });
    assert_eq!(cost, json!({ "amount": "0.0140", "currency": "USD" }));
    assert_eq!(day.look_at(&calls[1])["cost"], Value::Null);
    let kinds = day.get(&format!("/api/calls/{}/events", calls[0])).json();
    let priced = kinds["events"].as_array().unwrap().iter().filter(|event| event["kind"] == "priced").count();
    assert_eq!(priced, 1, "asked about as long as nothing is known: {kinds}");
}
