//! What bots' calls add up to: outcomes, waits, tokens and their cost, by bot and by day.

use super::{OPENING, SPEED, Talk, short};
use crate::day::Day;
use crate::tenants::{knows_its_database, signed_in};
use serde_json::{Value, json};
use trunkline_sim::{Habit, Misbehaves, ModelTurn};

const PRICES: &str = "text_in:1,text_cached:1,audio_in:1,audio_cached:1,text_out:1,audio_out:1";

/// A day on which the model has these prices, and somebody has talked to the bot to its end.
fn talked(prices: &str) -> Talk {
    let talk = Talk::prepared(SPEED, Day::with(), short(), Vec::new(), |day| {
        day.set("TRUNKLINE_REALTIME_PRICES", prices);
    });
    talk.is_called(Habit::says(["I have to come later."]));
    talk.ended();
    talk
}

/// The sums of the bot, once both its answers are in them.
fn sums(talk: &Talk, by: &str) -> Value {
    talk.day.until("the last answer is counted", |day| {
        let found = day.get(&format!("/api/analytics/bots?by={by}"));
        assert_eq!(found.status, 200, "{}", found.text());
        Some(found.json()).filter(|found| found["total"]["answers_counted"] == 2)
    })
}

#[test]
pub fn what_bots_calls_came_to_is_added_up_by_bot_and_by_day_and_is_the_same_after_a_restart() {
    let mut talk = talked(PRICES);
    let found = sums(&talk, "bot");
    let row = &found["rows"][0];
    assert_eq!((&row["key"], &row["calls"], &row["talked"]), (&json!("reception"), &json!(1), &json!(1)));
    assert_eq!(
        (&row["tokens"]["audio_out"], &row["cost"]),
        (&json!(60), &json!({ "USD": "0.0002" })),
        "{row}"
    );
    assert_eq!(row["calls_without_cost"], 0);
    let transcript = talk.transcript();
    let wait = &row["wait"];
    assert_eq!((&wait["answers"], &wait["mean_ms"]), (&json!(1), &transcript["wait"]["mean_ms"]), "{wait}");
    let waited = wait["mean_ms"].as_u64().unwrap();
    let of_length =
        |bucket: &&Value| bucket["upto_ms"].is_null() || bucket["upto_ms"].as_u64() >= Some(waited);
    let first = wait["buckets"].as_array().unwrap().iter().find(of_length).unwrap();
    assert_eq!(first["answers"], 1, "{wait}");
    assert!(wait["p95_ms"].as_u64() > Some(0), "{wait}");

    let over = talk.day.until("its outcome is counted", |day| {
        let found = day.get("/api/analytics/bots").json();
        (found["total"]["outcomes"]["unknown"] == 1).then_some(found)
    });
    let by_day = sums(&talk, "day");
    assert_eq!(by_day["rows"][0]["key"], talk.day.now().strftime("%Y-%m-%d").to_string(), "{by_day}");
    assert_eq!(by_day["total"], over["total"]);
    let csv = talk.day.get("/api/analytics/bots.csv").text();
    let cells = |line: usize| -> Vec<String> {
        csv.lines().nth(line).unwrap().split(',').map(|cell| cell.trim_matches('"').to_owned()).collect()
    };
    let cell = |name: &str| cells(1)[cells(0).iter().position(|heading| heading == name).unwrap()].clone();
    assert_eq!(
        (cell("bot"), cell("cost_USD"), cell("unknown")),
        ("reception".into(), "0.0002".into(), "1".into())
    );

    talk.day.restarts();
    knows_its_database(&talk.day);
    assert_eq!(talk.day.get("/api/analytics/bots").json(), over);
}

#[test]
pub fn a_cost_that_is_not_known_stays_empty_in_the_sums_and_on_the_page() {
    let talk = talked("text_in:1");
    let found = sums(&talk, "bot");
    let row = &found["rows"][0];
    assert_eq!((&row["cost"], &row["calls_without_cost"]), (&json!({}), &json!(1)), "{row}");
    let csv = talk.day.get("/api/analytics/bots.csv").text();
    assert!(!csv.contains("cost_") && csv.contains("calls_without_cost"), "{csv}");
    let session = signed_in(&talk.day, crate::day::KEY);
    for (language, bots, without) in
        [("en", "Bots, by day", "(not known of"), ("he", "בוטים, לפי יום", "(לא ידוע לגבי")]
    {
        let asked = talk.day.ask(reqwest::Method::GET, "/analytics").header("Cookie", &session);
        let page = talk.day.send(asked.header("Accept-Language", language)).text();
        assert!(page.contains(bots) && page.contains(without) && page.contains("reception"), "{page}");
        assert!(!page.contains("0.00 USD"), "{page}");
    }
}

#[test]
pub fn a_cost_that_is_not_whole_is_empty_in_the_call_and_in_the_sums() {
    let turns = vec![
        ModelTurn::says(OPENING),
        ModelTurn::says("All right, I write down that you will come later."),
        ModelTurn::says("Sorry. It is noted. Goodbye.").and_asks("end_call", &json!({ "reason": "done" })),
    ];
    // What an answer has used that broke off in the middle nobody says.
    let wrong = vec![(Some(0), Misbehaves::CutsIn(1))];
    let talk = Talk::prepared(SPEED, Day::with(), turns, wrong, |day| {
        day.set("TRUNKLINE_REALTIME_PRICES", PRICES);
    });
    talk.is_called(Habit::says(["I have to come later."]));
    talk.ended();
    let used = talk.day.until("the last answer is counted", |_| {
        let used = talk.transcript()["used"].clone();
        (used["counted"] == 2).then_some(used)
    });
    assert_eq!((&used["answers"], &used["cost"]), (&json!(3), &Value::Null), "{used}");
    let found = talk.day.until("it is counted", |day| {
        let found = day.get("/api/analytics/bots").json();
        (found["total"]["tokens"]["audio_out"] == used["tokens"]["audio_out"]).then_some(found)
    });
    let total = &found["total"];
    assert_eq!((&total["cost"], &total["calls_without_cost"]), (&json!({}), &json!(1)), "{total}");
}

#[test]
pub fn sums_of_bots_are_asked_for_in_known_words_alone() {
    let talk = Talk::begin(short());
    for wrong in [
        "by=script",
        "since=tomorrow",
        "since=2020-01-02&until=2020-01-01",
        "carrier=twilio",
        "campaign=spring",
    ] {
        let answer = talk.day.get(&format!("/api/analytics/bots?{wrong}"));
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
    }
    let none = talk.day.get("/api/analytics/bots?since=2020-01-01&until=2020-02-01").json();
    assert_eq!((&none["rows"], &none["total"]["calls"]), (&json!([]), &json!(0)));
    assert_eq!(none["total"]["wait"]["p50_ms"], json!(null));
}
