//! Two accounts at one carrier in one server: each is called by its name, each is believed of its own calls alone.

use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use trunkline_engine::Clock;
use trunkline_sim::{Fault, FaultKind, Habit, Mouth, sign_telnyx};

use crate::day::{Day, OURS, OURS_TOO, TOKEN, TOKEN_TOO, through};
use crate::failover::{attempts, dialed, pairs};
use crate::operator::{code, stdout, with};

const ANN: &str = "+15550105101";
const BEN: &str = "+15550105102";

fn answers_all() -> Habit {
    Habit::says(["Ann", "Tuesday", "no"])
}

/// Told of both kinds of carrier.
fn of_each(story: fn(&str)) {
    through(Mouth::Twilio, || story("twilio"));
    through(Mouth::Telnyx, || story("telnyx"));
}

#[test]
fn a_call_goes_through_the_account_that_it_names_and_is_told_under_that_name() {
    of_each(|kind| {
        let day = Day::with().with_a_second_account("israel").begin();
        day.second().set_person(ANN, answers_all());
        let call = day.call_with(&json!({ "to": ANN, "carrier": "israel" }));
        let ended = day.ended(&call);
        assert_eq!(
            (&ended["disposition"], &ended["carrier"]),
            (&json!("completed"), &json!("israel")),
            "{ended}"
        );
        assert_eq!((attempts(&ended), dialed(&day, ANN)), (pairs([("israel", "-")]), (0, 1)));
        assert_eq!((&ended["from"], day.answers(&call).len()), (&json!(OURS_TOO), 3), "{ended}");
        let first = day.call(BEN);
        assert_eq!(
            attempts(&day.ended(&first)),
            pairs([(kind, "-")]),
            "the other keeps the name of its kind"
        );
        // Lists and figures tell them apart by the same names.
        let listed = |name: &str| day.get(&format!("/api/calls?carrier={name}")).json();
        day.until("both are listed", |_| {
            let ids = |name: &str| {
                Some(
                    listed(name)["calls"]
                        .as_array()?
                        .iter()
                        .map(|call| call["id"].clone())
                        .collect::<Vec<_>>(),
                )
            };
            (ids("israel")? == [json!(call)] && ids(kind)? == [json!(first)]).then_some(())
        });
        let metrics = day.get("/metrics").text();
        assert!(metrics.contains(r#"circuit_open{carrier="israel"} 0"#), "{metrics}");
        let unknown = day.post("/api/calls", &json!({ "to": ANN, "carrier": "france" }));
        assert_eq!(unknown.status, 400, "{}", unknown.text());
    });
}

#[test]
fn where_one_account_is_at_fault_another_at_the_same_carrier_is_asked() {
    of_each(|kind| {
        let day = Day::with().with_a_second_account("israel").begin();
        day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).on(ANN));
        day.second().set_person(ANN, answers_all());
        let ended = day.ended(&day.call(ANN));
        assert_eq!(attempts(&ended), pairs([(kind, "-"), ("israel", "too_many_requests")]));
        assert_eq!((dialed(&day, ANN), &ended["legs"][1]["from"]), ((0, 1), &json!(OURS_TOO)), "{ended}");
        let counted =
            format!(r#"trunkline_failovers_total{{from="{kind}",to="israel",why="too_many_requests"}} 1"#);
        let metrics = day.get("/metrics").text();
        assert!(metrics.contains(&counted), "{metrics}");
    });
}

#[test]
fn who_calls_a_number_of_the_second_account_is_answered_under_its_name() {
    of_each(|_| {
        let day = Day::with().with_a_second_account("israel").begin();
        let calls = [day.is_called_by(ANN, answers_all()), day.is_called_at_the_second(BEN, answers_all())];
        let ended = calls.map(|sid| day.ended(sid.as_str()));
        assert_eq!(
            (&ended[1]["carrier"], &ended[1]["answer_count"]),
            (&json!("israel"), &json!(3)),
            "{}",
            ended[1]
        );
        assert_eq!((&ended[0]["answer_count"], &ended[0]["to"]), (&json!(3), &json!(OURS)), "the control");
    });
}

/// Each account's circuit is its own.
#[test]
fn an_account_that_fails_again_and_again_is_left_alone_by_its_name() {
    let day = Day::with().at_speed(20.0).with_a_second_account("israel").begin();
    day.second().add_fault(Fault::new(FaultKind::CreateThrottled));
    let mut people = 100..1_000;
    let reason = day.until("it is left alone", |day| {
        day.call_with(&json!({ "to": format!("+15550105{}", people.next()?), "carrier": "israel" }));
        let ready = day.get("/readyz").json();
        Some(ready["parts"]["carrier"]["reason"].as_str()?.to_owned())
    });
    assert!(reason.starts_with("israel: left alone until "), "{reason}");
    let metrics = day.get("/metrics").text();
    assert!(metrics.contains(r#"circuit_open{carrier="twilio"} 0"#), "{metrics}");
}

/// The other account's key is a stranger's, and so is our own seal in its hands.
#[test]
fn s_01_what_one_account_signed_moves_no_call_of_another_at_the_same_carrier() {
    through(Mouth::Telnyx, || {
        let day = Day::with().with_a_second_account("israel").begin();
        day.person(ANN, Habit::NoAnswer);
        let call = day.call_with(&json!({ "to": ANN, "ring_timeout_secs": 120 }));
        day.is(&call, "ringing");
        let told = day.until("the carrier tells that it rings", |day| {
            day.sim
                .webhooks()
                .into_iter()
                .rfind(|hook| hook.params.iter().any(|(_, value)| value == "ringing"))
        });
        let mut form = told.params.clone();
        form.retain(|(name, _)| name != "CallStatus");
        form.push(("CallStatus".to_owned(), "busy".to_owned()));
        let mut posing = form.clone();
        posing.retain(|(name, _)| name != "AccountSid");
        posing.push(("AccountSid".to_owned(), "00000000-0000-4000-8000-000000000002".to_owned()));
        let sent = |form: &[(String, String)], token: &str| {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            let now = Clock::real().now().as_second();
            let request = day
                .ask_at(&told.url)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("telnyx-timestamp", now)
                .header("telnyx-signature-ed25519", sign_telnyx(token, now, body.as_bytes()))
                .body(body);
            day.send(request).status
        };
        for forged in [&form, &posing] {
            assert_eq!(sent(forged, TOKEN_TOO), 204, "it is an account of ours, and is answered politely");
            assert_eq!(day.look_at(&call)["status"], "ringing");
        }
        assert_eq!(sent(&form, TOKEN), 204);
        assert_eq!(day.disposition(&call), "busy", "the control: its own account is believed");
    });
}

/// What it is called is no matter to the carrier: calls that are under way go on.
#[test]
fn an_account_that_is_called_otherwise_after_a_restart_goes_on_with_its_calls() {
    of_each(|_| {
        let mut day = Day::with().at_speed(20.0).with_a_second_account("israel").begin();
        day.second().set_person(ANN, answers_all());
        let call = day.call_with(&json!({ "to": ANN, "carrier": "israel" }));
        day.until("an answer", |day| (!day.answers(&call).is_empty()).then_some(()));
        day.power_fails().calls_its_second_account("haifa").start();
        let ended = day.ended(&call);
        assert_eq!(
            (&ended["disposition"], &ended["carrier"]),
            (&json!("completed"), &json!("israel")),
            "{ended}"
        );
        assert_eq!((day.answers(&call).len(), dialed(&day, ANN)), (3, (0, 1)));
        day.second().set_person(BEN, answers_all());
        let next = day.call_with(&json!({ "to": BEN, "carrier": "haifa" }));
        assert_eq!(attempts(&day.ended(&next)), pairs([("haifa", "-")]));
    });
}

#[test]
fn the_accounts_are_asked_by_the_commands_each_under_its_name() {
    let day = Day::with().with_a_second_account("israel").begin();
    let environment = day.environment();
    let asked: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let checked = with(&day.folder(), &["config", "check", "--online"], &asked);
    let told = stdout(&checked);
    assert!(told.contains("carrier.accounts.israel: the account is"), "{told}");
    assert!(told.contains(", called israel."), "{told}");
    assert_eq!(code(&checked), 0, "{told}");
    // A number that nobody named is taken for the first account's; the carrier knows better.
    let mut wrongly = asked.clone();
    let routed = format!("{OURS}=questions,{OURS_TOO}=questions");
    wrongly.push(("TRUNKLINE_SCRIPTS_NUMBERS", &routed));
    let table = environment["TRUNKLINE_CARRIER_ACCOUNTS"].replace(&format!(r#"from = "{OURS_TOO}", "#), "");
    wrongly.push(("TRUNKLINE_CARRIER_ACCOUNTS", &table));
    let checked = with(&day.folder(), &["config", "check", "--online"], &wrongly);
    let told = stdout(&checked);
    assert!(told.contains("is at israel, and is taken for one of twilio"), "{told}");
    assert_eq!(code(&checked), 2, "{told}");
    let listed = stdout(&with(&day.folder(), &["numbers", "list", "--json"], &asked));
    assert!(listed.contains(r#""carrier":"israel""#) && listed.contains(r#""carrier":"twilio""#), "{listed}");
}
