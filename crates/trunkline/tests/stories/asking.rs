//! A questionnaire over the phone: what the person hears, and what is kept of their answers.

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trunkline_sim::{Habit, Heard, WebhookKind};

use crate::day::{ACCOUNT, Answer, Day, KEY, TOKEN};

const ANN: &str = "+15550100401";
const QUESTIONS: [&str; 3] = ["What is your name?", "Which day suits you?", "Anything else?"];

#[test]
fn every_question_is_asked_once_in_order_the_last_one_included() {
    let day = Day::begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.call(ANN);
    let ended = day.ended(&call);
    assert_eq!((&ended["status"], &ended["answer_count"]), (&json!("completed"), &json!(3)));
    let heard = day.is_quiet().heard_by(ANN);
    let asked: Vec<_> = heard.iter().filter(|text| QUESTIONS.contains(&text.as_str())).collect();
    assert_eq!(asked, QUESTIONS.iter().collect::<Vec<_>>());
    assert!(heard.last().unwrap().contains("Goodbye"), "{heard:?}");
    assert_eq!(day.answers(&call), ["Ann", "Tuesday", "no"]);
    let turns = day.turns(&call);
    assert_eq!(turns.iter().map(|turn| turn["question"].as_str().unwrap()).collect::<Vec<_>>(), QUESTIONS);
    assert!(turns.iter().all(|turn| turn["asks"] == 1), "{turns:?}");
}

#[test]
fn an_answer_is_fetched_checksummed_and_played_in_whole_and_in_part() {
    let day = Day::begin();
    let call = day.call(ANN);
    day.ended(&call);
    let turns = day.keeps_recordings(&call);
    assert_eq!(turns.len(), 3);
    for (n, turn) in turns.iter().enumerate() {
        let recording = &turn["recordings"][0];
        let id = recording["carrier_recording_id"].as_str().unwrap();
        let original =
            day.client_of_the_carrier(&format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{id}.wav"));
        let kept = day.get(recording["href"].as_str().unwrap());
        assert!(
            kept.body.starts_with(b"RIFF") && kept.body == original.body,
            "question {n}: the carrier's own bytes"
        );
        assert_eq!(kept.header("content-type"), "audio/wav");
        assert_eq!(recording["bytes"], kept.body.len());
        assert_eq!(recording["sha256"].as_str().unwrap(), hex(&Sha256::digest(&kept.body)));
        assert!(recording["duration_secs"].as_u64().unwrap() > 0);

        let part = day.send(
            day.ask(Method::GET, recording["href"].as_str().unwrap())
                .bearer_auth(KEY)
                .header("Range", "bytes=4-43"),
        );
        assert_eq!((part.status, part.body.as_slice()), (206, &kept.body[4..44]));
        assert_eq!(part.header("content-range"), format!("bytes 4-43/{}", kept.body.len()));
        let past = day.send(
            day.ask(Method::GET, recording["href"].as_str().unwrap())
                .bearer_auth(KEY)
                .header("Range", "bytes=99999999-"),
        );
        assert_eq!(past.status, 416);
    }
    assert_eq!(day.get(&format!("/api/calls/{call}/recordings/3")).status, 404);
}

/// S-20: who does not agree is not recorded, and the call says so.
#[test]
fn s_20_nobody_is_recorded_who_did_not_agree_where_it_is_asked() {
    const BEN: &str = "+15550100402";
    const EVE: &str = "+15550100403";
    let mut day = Day::with().set("TRUNKLINE_RECORDINGS_CONSENT", "always").begin();
    let presses = |key: &str| Habit::Answers {
        ring_secs: None,
        said: vec!["Ann".into(), "Tuesday".into(), "no".into()],
        digits: vec![key.to_owned()],
    };
    day.person(ANN, presses("1"));
    day.person(BEN, presses("2"));
    day.person(EVE, Habit::Silent);
    let agreed = day.call(ANN);
    let ended = day.ended(&agreed);
    assert_eq!((&ended["consent"], &ended["answer_count"]), (&json!("granted"), &json!(4)));
    assert_eq!(day.keeps_recordings(&agreed).len(), 4);
    for (number, consent) in [(BEN, json!("denied")), (EVE, Value::Null)] {
        let call = day.call(number);
        let ended = day.ended(&call);
        assert_eq!((&ended["consent"], &ended["status"]), (&consent, &json!("completed")), "{ended}");
        assert!(day.is_quiet().sim.recordings(&day.sid(number)).is_empty(), "{number} was recorded");
        assert_eq!(day.turns(&call).len(), 1);
    }
    // It stands in the database, too.
    day.power_fails().start();
    assert_eq!(day.get(&format!("/api/calls/{agreed}")).json()["consent"], "granted");
}

/// S-15: who has the link hears this recording, in whole or in part, for a while, and nothing else.
#[test]
fn s_15_a_link_opens_one_recording_without_a_key_for_a_while() {
    let day = Day::with().at_speed(20.0).begin();
    let call = day.call(ANN);
    day.ended(&call);
    day.keeps_recordings(&call);
    let key =
        day.post("/api/keys", &json!({ "name": "player", "tenant": "default", "role": "agent" })).json();
    let as_key = |method: Method, path: &str| {
        day.send(day.ask(method, path).bearer_auth(key["key"].as_str().unwrap()))
    };
    let make = |rest: &str| as_key(Method::POST, &format!("/api/calls/{call}/recordings/{rest}"));
    let opened = |link: &str| day.send(day.ask(Method::GET, link));
    let link = |made: &Answer| {
        assert_eq!(made.status, 201, "{}", made.text());
        let url = made.json()["url"].as_str().unwrap().to_owned();
        url[url.find("/recordings/").unwrap()..].to_owned()
    };

    let first = link(&make("0/link"));
    let kept = day.get(&format!("/api/calls/{call}/recordings/0"));
    assert_eq!((opened(&first).status, opened(&first).body), (200, kept.body.clone()));
    let part = day.send(day.ask(Method::GET, &first).header("Range", "bytes=4-43"));
    assert_eq!((part.status, part.body.as_slice()), (206, &kept.body[4..44]));

    for wrong in ["7/link", "x/link"] {
        assert_eq!(make(wrong).status, 404, "{wrong}");
    }
    assert_eq!(make("0/link?for_secs=5").status, 400);
    let absent = opened("/recordings/nonsense");
    for bent in [first.replace(".0.", ".1."), first[..first.len() - 1].to_owned(), format!("{first}/..")] {
        assert_eq!(opened(&bent).status, 404, "{bent}");
    }
    assert_eq!(absent.status, 404);

    let short = link(&make("1/link?for_secs=10"));
    let mut ends = None;
    day.until("the link has run out", |_| {
        let answer = opened(&short);
        ends = Some(answer.status);
        (answer.status != 200).then_some(())
    });
    assert_eq!(ends, Some(404));
    assert_eq!(opened(&first).status, 200, "the other goes on");
    let revoked = day.ask(Method::DELETE, &format!("/api/keys/{}", key["id"].as_str().unwrap()));
    assert_eq!(day.send(revoked.bearer_auth(KEY)).status, 204);
    day.until("links of a revoked key are dead", |_| (opened(&first).status == 404).then_some(()));
}

#[test]
fn a_recording_that_the_carrier_has_not_yet_is_fetched_when_it_has() {
    let day = Day::begin();
    day.fault(trunkline_sim::FaultKind::RecordingLate { secs: 40 }, ANN);
    let call = day.call(ANN);
    day.ended(&call);
    assert_eq!(day.keeps_recordings(&call).len(), 3);
    assert!(day.sim.faults()[0].struck > 0, "the control");
}

#[test]
fn the_greeting_bears_the_name_and_the_carrier_is_not_told_it_in_an_address() {
    let day = Day::begin();
    let call = day.call_with(&json!({ "to": ANN, "name": "Ann Lee" }));
    assert_eq!(day.ended(&call)["name"], "Ann Lee");
    let heard = day.is_quiet().heard_by(ANN);
    assert!(heard[0].contains("Ann Lee"), "{heard:?}");
    let hooks = day.sim.webhooks();
    let first = hooks.iter().find(|hook| hook.kind == WebhookKind::Voice).unwrap();
    assert!(first.url.contains("q=0"), "{}", first.url);
    // Both words, however a space is written: three letters alone come up in a sealed token, sooner or later.
    let names_her = |url: &str| url.contains("Ann%20Lee") || url.contains("Ann+Lee");
    assert!(hooks.iter().all(|hook| !names_her(&hook.url)));
}

#[test]
fn a_silent_person_is_asked_again_then_skipped_and_still_reaches_the_last_question() {
    let day = Day::begin();
    day.person(ANN, Habit::Silent);
    let call = day.call(ANN);
    let ended = day.ended(&call);
    assert_eq!((&ended["disposition"], &ended["answer_count"]), (&json!("completed"), &json!(0)));
    let turns = day.turns(&call);
    assert_eq!(turns.len(), 3);
    assert!(turns.iter().all(|turn| turn["asks"] == 2 && turn["answer"].is_null()), "{turns:?}");
    let heard = day.is_quiet().heard_by(ANN);
    assert_eq!(heard.iter().filter(|text| text.contains("Anything else?")).count(), 2, "{heard:?}");
    assert!(heard.last().unwrap().contains("Goodbye"), "{heard:?}");
}

#[test]
fn who_hangs_up_in_mid_question_leaves_what_was_said_until_then() {
    let day = Day::begin();
    day.person(ANN, Habit::HangsUpInMidQuestion { question: 2 });
    let call = day.call(ANN);
    let ended = day.ended(&call);
    assert_eq!((&ended["disposition"], &ended["outcome"]), (&json!("completed"), &json!("partial")));
    day.is_quiet();
    let made: Vec<String> =
        day.sim.recordings(&day.sid(ANN)).iter().map(|made| made.sid.to_string()).collect();
    assert_eq!(made.len(), 2, "the second one was cut off");
    let turns = day.until("both are kept", |day| {
        let turns = day.turns(&call);
        let stored = |turn: &Value| turn["recordings"][0]["state"] == "stored";
        (turns.len() == 2 && turns.iter().all(stored)).then_some(turns)
    });
    let kept =
        turns.iter().map(|turn| turn["recordings"][0]["carrier_recording_id"].as_str().unwrap().to_owned());
    assert_eq!(kept.collect::<Vec<_>>(), made);
    assert!(
        !day.sim.heard(&day.sid(ANN)).iter().any(|heard| matches!(heard, Heard::Asked { question: 3, .. }))
    );
}

#[test]
fn keys_are_understood_by_the_type_of_the_question() {
    let questions = r#"{"title": "Visit", "questions": [
        {"body": "Are you at home?", "type": "yes-no"},
        {"body": "How many are you?", "type": "numeric"},
        {"body": "Which day?", "type": "choice", "choices": ["Monday", "Tuesday"]},
        {"body": "Anything else?", "type": "text"}]}"#;
    let day = Day::with().questions(questions).begin();
    day.person(
        ANN,
        Habit::Answers {
            ring_secs: None,
            said: vec!["no".into()],
            digits: ["1", "42#", "2"].map(str::to_owned).into(),
        },
    );
    let call = day.call(ANN);
    assert_eq!(day.ended(&call)["answer_count"], 4);
    let answers: Vec<Value> = day.turns(&call).iter().map(|turn| turn["answer"]["value"].clone()).collect();
    assert_eq!(answers[..2], [json!(true), json!("42")]);
    assert_eq!(answers[2], json!({ "key": "2", "label": "Tuesday" }));
    assert_eq!(day.turns(&call)[3]["answer"]["type"], "recorded");
}

#[test]
fn who_presses_the_opt_out_key_is_never_called_again() {
    let day = Day::with().questions(r#"{"questions": ["One?", "Two?"], "opt_out": {"key": "9"}}"#).begin();
    day.person(ANN, Habit::PressesKey { key: '9' });
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed");
    let again = day.post("/api/calls", &json!({ "to": ANN }));
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("suppressed")));
    assert!(day.get("/api/suppressions").text().contains(ANN));
    let heard = day.is_quiet().heard_by(ANN);
    assert!(
        heard.last().unwrap().contains("not call you again") && !heard.concat().contains("Two?"),
        "{heard:?}"
    );
}

#[test]
fn without_an_opt_out_in_the_script_the_key_means_nothing() {
    let day = Day::begin();
    day.person(ANN, Habit::PressesKey { key: '9' });
    let call = day.call(ANN);
    day.ended(&call);
    assert_eq!(day.post("/api/calls", &json!({ "to": ANN })).status, 202);
}

#[test]
fn a_name_of_any_shape_is_spoken_and_breaks_nothing() {
    let long = "Ann ".repeat(2_500);
    let names = [
        "\"Bobby\" O'Neil",
        "<Dial>+882</Dial>",
        "Tom & Jerry",
        "]]><Hangup/>",
        "\u{0}\u{1}\u{8}\u{1b}[31mred",
        "\u{202e}dlrow\u{2066}",
        "דנה כהן",
        "\u{fffe}\u{ffff}x",
        "{{name}}",
        "&lt;&#0;",
        long.trim(),
    ];
    let day = Day::begin();
    let calls: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let number = format!("+155501005{n:02}");
            let name = name.replace('\0', "");
            (number.clone(), day.call_with(&json!({ "to": number, "name": name })))
        })
        .collect();
    for ((number, call), name) in calls.iter().zip(names) {
        assert_eq!(day.disposition(call), "completed", "{name:?}");
        assert_eq!(day.ended(call)["answer_count"], 3, "{name:?}");
        let sid = day.sid(number);
        for heard in day.sim.heard(&sid) {
            let is_trouble = matches!(
                &heard,
                Heard::Problem { .. }
                    | Heard::Warning { .. }
                    | Heard::ApplicationError
                    | Heard::Dialed { .. }
            );
            assert!(!is_trouble, "{name:?}: {heard:?}");
        }
    }
    assert!(day.heard_by(&calls[2].0)[0].contains("Tom & Jerry"), "the control: names are spoken");
    assert!(day.heard_by(&calls[1].0)[0].contains("<Dial>+882</Dial>"), "as text");
    assert!(day.heard_by(&calls[10].0)[0].len() < 1_000, "and not for ten minutes");
}

impl Day {
    /// Asks the carrier itself, as its customer.
    fn client_of_the_carrier(&self, path: &str) -> crate::day::Answer {
        let request = reqwest::Client::new().get(format!("{}{path}", self.sim.base_url()));
        self.send(request.basic_auth(ACCOUNT, Some(TOKEN)))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
