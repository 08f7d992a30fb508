//! What is sent is signed as Standard Webhooks has it, also while a secret is replaced; an independent library says so.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretBox;
use serde_json::{Value, json};
use trunkline_carriers::outgoing::Secret;
use trunkline_sim::Habit;

use super::receiver::{Heard, Mood, Receiver};
use super::{act, begin, carries, deliveries, id, opening, wants};
use crate::day::Day;

const ANN: &str = "+15550100123";

fn secret(webhook: &Value) -> String {
    webhook["secret"].as_str().unwrap().to_owned()
}

/// Whether this secret made one of the signatures of a request.
fn is_signed_with(one: &Heard, secret: &str) -> bool {
    let bytes = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let secret = Secret::kept(SecretBox::new(Box::new(bytes)));
    let made =
        secret.sign(&one.head["webhook-id"], one.head["webhook-timestamp"].parse().unwrap(), &one.body);
    one.head["webhook-signature"].split(' ').any(|signature| signature == made)
}

/// A day whose webhooks go to a good receiver.
fn day_with(receiver: &Receiver) -> (Day, Value) {
    let day = begin(opening());
    let webhook = wants(&day, &receiver.url("/hooks?a=1"));
    (day, webhook)
}

#[test]
fn what_happens_in_a_call_is_sent_once_signed_and_as_listeners_hear_it() {
    let receiver = Receiver::that(Mood::Says(200));
    let (day, webhook) = day_with(&receiver);
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.call(ANN);
    day.ended(&call);
    let heard = day.until("its end is sent", |_| {
        let heard = receiver.heard();
        heard.iter().any(|one| one.text("type") == "call.ended").then_some(heard)
    });
    assert_eq!(heard[0].path, "/hooks?a=1");
    let types: Vec<String> = heard.iter().map(|one| one.text("type")).collect();
    assert_eq!(
        (types[0].as_str(), types.iter().filter(|one| *one == "answer.recorded").count()),
        ("call.initiated", 3)
    );
    for one in &heard {
        assert_eq!(one.head["webhook-id"], one.text("id"));
        assert_eq!(one.head["content-type"], "application/json");
        assert!(is_signed_with(one, &secret(&webhook)));
        assert!(!is_signed_with(one, &format!("whsec_{}", STANDARD.encode([7; 32]))), "the control");
        assert_eq!(one.event()["call"]["id"], json!(call));
        assert!(!one.body.contains("5550100123") && !one.body.contains("Tuesday"), "{}", one.body);
    }
    // Told as to a listener that goes on after the first one.
    let mut ears = crate::live::ears::Ears::again(&day, crate::day::KEY, &heard[0].text("id"));
    assert_eq!(ears.hear().unwrap(), heard[1].event());
    let shown = day.get(&format!("/api/webhooks/{}", id(&webhook))).text();
    assert!(!shown.contains("whsec_") && !day.get("/api/webhooks").text().contains("whsec_"), "{shown}");
    day.until("all is written down", |day| {
        deliveries(day, &webhook).iter().all(|one| one["state"] == "taken").then_some(())
    });
}

#[test]
fn while_a_secret_is_replaced_the_old_one_signs_too() {
    let receiver = Receiver::that(Mood::Says(200));
    let (day, webhook) = day_with(&receiver);
    let sent = |day: &Day| {
        assert_eq!(act(day, &webhook, "test", &json!({})).json()["taken"], true);
        receiver.heard().last().unwrap().clone()
    };
    let first = secret(&webhook);
    assert!(is_signed_with(&sent(&day), &first));
    let second = secret(&act(&day, &webhook, "rotate", &json!({ "keep_secs": 86_400 })).json());
    let one = sent(&day);
    assert!(is_signed_with(&one, &first) && is_signed_with(&one, &second));
    let third = secret(&act(&day, &webhook, "rotate", &json!({ "keep_secs": 0 })).json());
    let one = sent(&day);
    assert!(is_signed_with(&one, &third) && !is_signed_with(&one, &first) && !is_signed_with(&one, &second));
}

#[test]
#[ignore = "needs standardwebhooks; cargo xtask test runs it"]
fn an_independent_library_takes_what_is_sent_and_nothing_else() {
    let receiver = Receiver::that(Mood::Says(200));
    let (day, webhook) = day_with(&receiver);
    let rotated = secret(&act(&day, &webhook, "rotate", &json!({})).json());
    (0..5).for_each(|n| carries(&day, &format!("CA{n}")));
    let heard = day.until("all are sent", |_| Some(receiver.heard()).filter(|heard| heard.len() == 20));
    let cases: Vec<Value> = heard
        .iter()
        .flat_map(|one| {
            let case = |secret: &str, body: &str, good: bool| {
                json!({ "secret": secret, "head": one.head, "body": body, "good": good })
            };
            let bent = one.body.replacen("call.", "cali.", 1);
            let strange = format!("whsec_{}", STANDARD.encode([7; 32]));
            [
                case(&secret(&webhook), &one.body, true),
                case(&rotated, &one.body, true),
                case(&rotated, &bent, false),
                case(&strange, &one.body, false),
            ]
        })
        .collect();
    let python = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/outgoing/judge.py");
    let mut judge =
        Command::new(python).arg(script).stdin(Stdio::piped()).spawn().expect("Python 3 is needed");
    judge.stdin.take().unwrap().write_all(json!(cases).to_string().as_bytes()).unwrap();
    assert!(judge.wait().unwrap().success(), "the judge disagrees");
}
