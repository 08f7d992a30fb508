//! Greeting, turn, good-bye: what is said is heard, and what is heard is written down.

use super::{OPENING, SPEED, Talk, short};
use crate::day::Day;
use serde_json::json;
use trunkline_sim::{Habit, Heard, Misbehaves, ModelTurn};

#[test]
pub fn a_caller_talks_with_a_bot_and_every_word_is_kept() {
    let talk = Talk::begin(short());
    let sid = talk.is_called(Habit::says(["I have to come later."]));
    let transcript = talk.ended();
    assert_eq!((&transcript["bot"], &transcript["over"]), (&json!("reception"), &json!("finished")));
    assert_eq!(
        talk.lines(),
        [
            &format!("bot: {OPENING}"),
            "caller: I have to come later.",
            "bot: All right, it is noted. Goodbye.",
            "tool: end_call",
        ]
    );
    assert_eq!(talk.heard(&sid), [OPENING, "All right, it is noted. Goodbye."], "to the last word");
    let sessions = talk.model.sessions();
    assert_eq!((sessions.len(), &*sessions[0].caller), (1, &["I have to come later.".to_owned()][..]));
    assert_eq!(sessions[0].complaints, Vec::<String>::new());
    assert_eq!(sessions[0].key.as_deref(), Some("Bearer sk-story"));
}

#[test]
pub fn who_speaks_up_is_listened_to_and_the_transcript_ends_where_the_bot_was_cut_off() {
    let turns = vec![
        ModelTurn::says(
            "Hello, I am an automated assistant, and I have very many things to tell you about all that we do here.",
        ),
        ModelTurn::says("I see. Goodbye.").and_asks("end_call", &json!({ "reason": "done" })),
    ];
    let talk = Talk::at_speed(2.0, Day::with(), turns, Vec::new());
    let sid = talk.is_called(Habit::Interrupts { said: vec!["Stop please.".to_owned()], after_ms: 2_000 });
    talk.ended();
    let lines = talk.lines();
    let heard = talk.heard(&sid);
    let said = lines[0].strip_prefix("bot: ").unwrap().strip_suffix(" -").expect("it was cut off");
    assert!(!said.is_empty() && heard[0].starts_with(said), "{said:?} of {heard:?}");
    assert_eq!(lines[1..], ["caller: Stop please.", "bot: I see. Goodbye.", "tool: end_call"]);
    let went_on = talk.day.sim.heard(&sid).into_iter().find_map(|heard| match heard {
        Heard::BotSaid { went_on_ms, .. } => went_on_ms,
        _ => None,
    });
    assert!(went_on.is_some_and(|ms| ms < 250), "the bot went on for {went_on:?} ms");
    assert_eq!(talk.model.sessions()[0].complaints, Vec::<String>::new(), "it knows what was heard");
}

#[test]
pub fn words_whose_text_comes_late_stand_where_they_were_said() {
    let talk = Talk::misbehaving(short(), vec![(None, Misbehaves::LateTexts(1_000))]);
    talk.is_called(Habit::says(["I have to come later."]));
    talk.ended();
    let lines = talk.lines();
    assert_eq!(lines[1], "caller: I have to come later.", "{lines:?}");
}

#[test]
pub fn keys_that_a_caller_presses_are_told_to_the_bot() {
    let talk = Talk::begin(short());
    talk.is_called(Habit::PressesKey { key: '5' });
    talk.ended();
    let lines = talk.lines();
    assert_eq!(lines[1], "keys: 5", "{lines:?}");
    assert_eq!(lines[2], "bot: All right, it is noted. Goodbye.");
}

#[test]
pub fn two_calls_at_once_never_mix() {
    let talk = Talk::begin(short());
    let callers: Vec<(String, String)> =
        (0..6).map(|n| (format!("+1555010720{n}"), format!("I am caller number {n}."))).collect();
    for (number, said) in &callers {
        talk.day.is_called_by(
            number,
            Habit::Answers { ring_secs: None, said: vec![said.clone()], digits: Vec::new() },
        );
    }
    let calls = talk.day.until("all calls", |day| {
        let calls = day.get("/api/calls").json()["calls"].as_array().cloned().unwrap_or_default();
        (calls.len() == callers.len()).then_some(calls)
    });
    for (number, said) in &callers {
        let call =
            calls.iter().find(|call| call["from"] == *number).unwrap()["id"].as_str().unwrap().to_owned();
        talk.day.until("the end of the talk", |day| {
            let transcript = day.get(&format!("/api/calls/{call}/transcript")).json();
            (!transcript["over"].is_null()).then_some(())
        });
        let transcript = talk.day.get(&format!("/api/calls/{call}/transcript")).json();
        let entries = transcript["entries"].as_array().unwrap();
        let texts: Vec<&str> = entries
            .iter()
            .filter(|entry| entry["who"] == "caller")
            .map(|entry| entry["text"].as_str().unwrap())
            .collect();
        assert_eq!(texts, [said], "{transcript}");
    }
    assert_eq!(talk.model.sessions().len(), callers.len());
}

#[test]
pub fn what_an_answer_took_and_used_is_told_with_its_cost_as_far_as_it_is_known() {
    let all = ["text_in:1", "text_cached:1", "audio_in:1", "audio_cached:1", "text_out:1", "audio_out:1"];
    let priced = |prices: &[&str]| {
        let prices = prices.join(",");
        let talk = Talk::prepared(SPEED, Day::with(), short(), Vec::new(), |day| {
            day.set("TRUNKLINE_REALTIME_PRICES", &prices);
        });
        talk.is_called(Habit::says(["I have to come later."]));
        talk.ended();
        let transcript = talk.day.until("the last answer is counted", |_| {
            let transcript = talk.transcript();
            (transcript["used"]["counted"] == 2).then_some(transcript)
        });
        let metrics = talk.day.get("/metrics").text();
        let page = talk.day.get(&format!("/api/calls/{}", talk.call())).status;
        assert_eq!(page, 200);
        (transcript, metrics)
    };
    let (transcript, metrics) = priced(&all);
    let used = &transcript["used"];
    assert_eq!(used["tokens"]["audio_out"], 60, "{used}");
    // Two answers of a hundred tokens each, at one for a million.
    assert_eq!(used["cost"], json!({ "amount": "0.0002", "currency": "USD" }), "{used}");
    let wait = &transcript["wait"];
    assert!(
        wait["longest_ms"].as_u64() >= wait["mean_ms"].as_u64() && wait["mean_ms"].is_u64(),
        "{transcript}"
    );
    assert!(metrics.contains("trunkline_bot_wait_seconds_count 1"), "{metrics}");
    assert!(metrics.contains("trunkline_bot_tokens_total{kind=\"audio_out\"} 60"), "{metrics}");
    let (transcript, _) = priced(&all[1..]);
    assert_eq!(transcript["used"]["cost"], json!(null), "a kind without a price: {transcript}");
}
