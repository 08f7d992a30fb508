//! Two carriers in one server: another is asked only where it is certain that the first made no call, and that it was its own
//! fault. Nobody is called twice, and everybody can read why.

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use trunkline_engine::Clock;
use trunkline_sim::{Fault, FaultKind, Habit, Mouth, sign_telnyx};

use crate::day::{Day, OURS, OURS_TOO, TOKEN, through};

const ANN: &str = "+15550101101";
const BEN: &str = "+15550101102";
const CLEO: &str = "+15550101103";

/// How often a number was called through the first carrier and through the second.
pub fn dialed(day: &Day, number: &str) -> (u64, u64) {
    (day.dialed(number), day.second().dialed().get(number).copied().unwrap_or(0))
}

/// Each attempt: its carrier, whether it is instead of another and why.
pub fn attempts(call: &Value) -> Vec<(String, String)> {
    let text = |leg: &Value, name: &str| leg[name].as_str().unwrap_or("-").to_owned();
    let legs = call["legs"].as_array().unwrap();
    legs.iter().map(|leg| (text(leg, "carrier"), text(leg, "instead_for"))).collect()
}

pub fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(one, other)| (one.to_owned(), other.to_owned())).into()
}

fn answers_all() -> Habit {
    Habit::says(["Ann", "Tuesday", "no"])
}

#[test]
fn where_the_first_carrier_answers_500_and_has_no_call_the_second_dials_once_and_all_is_told() {
    let day = Day::with().with_a_second_carrier().begin();
    day.sim.add_fault(Fault::new(FaultKind::CreateFails).on(ANN));
    day.second().set_person(ANN, answers_all());
    let call = day.call(ANN);
    day.until("the second carrier's call is over", |day| {
        (day.look_at(&call)["disposition"] == "completed").then_some(())
    });
    day.is_quiet();
    let ended = day.look_at(&call);
    assert_eq!(dialed(&day, ANN), (0, 1));
    assert_eq!(attempts(&ended), pairs([("twilio", "-"), ("telnyx", "not_placed")]));
    assert_eq!(
        (&ended["carrier"], &ended["legs"][1]["from"]),
        (&json!("telnyx"), &json!(OURS_TOO)),
        "{ended}"
    );
    assert_eq!(day.answers(&call).len(), 3, "asked in the words of the second carrier");
    let history = day.get(&format!("/api/calls/{call}/events")).json();
    let entry = history["events"].as_array().into_iter().flatten().find(|entry| entry["kind"] == "requeued");
    let over = entry.map(|entry| &entry["event"]["over"]["why"]);
    assert_eq!(over, Some(&json!("not_placed")), "{history}");
}

#[test]
fn where_the_first_carrier_answers_500_and_has_the_call_nobody_else_dials() {
    let day = Day::with().with_a_second_carrier().begin();
    day.person(ANN, answers_all()).fault(FaultKind::CreateFailsAfterAccepting, ANN);
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed");
    day.is_quiet();
    assert_eq!(dialed(&day, ANN), (1, 0));
    assert_eq!(attempts(&day.look_at(&call)), pairs([("twilio", "-")]));
}

#[test]
fn what_a_person_does_is_no_reason_to_ask_another_carrier() {
    let day = Day::with().with_a_second_carrier().begin();
    let people =
        [(ANN, Habit::Busy, "busy"), (BEN, Habit::NoAnswer, "no_answer"), (CLEO, Habit::Refuses, "rejected")];
    let calls = people.map(|(number, habit, disposition)| {
        day.person(number, habit);
        (number, disposition, day.call(number))
    });
    for (number, disposition, call) in &calls {
        assert_eq!(day.disposition(call), *disposition);
        day.is_quiet();
        assert_eq!(dialed(&day, number), (1, 0), "{disposition}");
        assert_eq!(attempts(&day.look_at(call)), pairs([("twilio", "-")]), "{disposition}");
    }
}

#[test]
fn a_carrier_that_takes_no_more_calls_is_passed_over_at_once() {
    let day = Day::with().with_a_second_carrier().begin();
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).on(ANN));
    day.second().set_person(ANN, answers_all());
    let call = day.call(ANN);
    let ended = day.ended(&call);
    assert_eq!(attempts(&ended), pairs([("twilio", "-"), ("telnyx", "too_many_requests")]));
    assert_eq!((dialed(&day, ANN), &ended["disposition"]), ((0, 1), &json!("completed")), "{ended}");
    let metrics = day.get("/metrics").text();
    let counted = r#"trunkline_failovers_total{from="twilio",to="telnyx",why="too_many_requests"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
}

#[test]
fn where_both_carriers_are_at_fault_each_is_asked_once_and_the_call_waits() {
    let day = Day::with().with_a_second_carrier().begin();
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).on(ANN));
    day.second().add_fault(Fault::new(FaultKind::CreateThrottled).on(ANN).times(1));
    day.second().set_person(ANN, answers_all());
    let call = day.call(ANN);
    let ended = day.ended(&call);
    let expected = [("twilio", "-"), ("telnyx", "too_many_requests"), ("telnyx", "-")];
    assert_eq!((attempts(&ended), dialed(&day, ANN)), (pairs(expected), (0, 1)), "{ended}");
}

#[test]
fn a_call_that_asks_for_a_number_of_one_carrier_goes_through_that_one_alone() {
    let day = Day::with().with_a_second_carrier().begin();
    day.second().set_person(ANN, answers_all());
    let call = day.call_with(&json!({ "to": ANN, "from": OURS_TOO }));
    assert_eq!(attempts(&day.ended(&call)), pairs([("telnyx", "-")]));
    assert_eq!(dialed(&day, ANN), (0, 1));
    let by_name = day.call_with(&json!({ "to": BEN, "carrier": "telnyx" }));
    assert_eq!(attempts(&day.ended(&by_name)), pairs([("telnyx", "-")]));
    let neither = day.post("/api/calls", &json!({ "to": CLEO, "from": OURS, "carrier": "telnyx" }));
    assert_eq!(neither.status, 400, "{}", neither.text());
}

#[test]
fn a_carrier_that_fails_again_and_again_is_left_alone_and_everybody_can_read_why() {
    let day = Day::with().at_speed(20.0).with_a_second_carrier().begin();
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled));
    let mut people = 100..1_000;
    // Each further failure keeps it away for longer: in the end nothing of this takes as long.
    let reason = day.until("it is left alone, and the next call goes to the other at once", |day| {
        let next = day.look_at(&day.call(&format!("+15550102{}", people.next()?)));
        let ready = day.get("/readyz").json();
        let reason = ready["parts"]["carrier"]["reason"].as_str()?.to_owned();
        let is_counted = day.get("/metrics").text().contains(r#"circuit_open{carrier="twilio"} 1"#);
        (is_counted && attempts(&next) == pairs([("telnyx", "-")])).then_some(reason)
    });
    assert!(reason.starts_with("twilio: left alone until ") && reason.ends_with("no more calls"), "{reason}");
    assert!(day.sim.faults()[0].struck >= 5, "the control: it was asked before");
}

#[test]
fn a_call_of_the_first_carrier_that_turns_up_after_the_second_was_asked_is_hung_up() {
    let day = Day::with().with_a_second_carrier().begin();
    day.person(ANN, Habit::NoAnswer).fault(FaultKind::CreateAcceptsLate { secs: 900 }, ANN);
    day.second().set_person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.call(ANN);
    day.until("the second carrier is asked", |day| (dialed(day, ANN).1 == 1).then_some(()));
    day.until("the first one's call turns up", |day| (dialed(day, ANN).0 == 1).then_some(()));
    day.is_quiet();
    let ended = day.look_at(&call);
    assert_eq!(
        (&ended["disposition"], &ended["carrier"]),
        (&json!("completed"), &json!("telnyx")),
        "{ended}"
    );
    let first = day.sim.calls_to(ANN).pop().unwrap();
    assert_eq!(first.status.as_str(), "canceled", "nobody talks twice: {first:?}");
}

/// Whoever lifts the second phone hears nothing of the questionnaire: at every moment of the other call, and with or without a word of
/// it before it is answered.
#[test]
fn who_lifts_for_a_late_call_of_the_first_carrier_hears_nothing_of_ours() {
    for carrier in [Mouth::Twilio, Mouth::Telnyx] {
        through(carrier, || {
            let day = Day::with().at_speed(20.0).with_a_second_carrier().begin();
            let people: Vec<String> = (0..4).map(|n| format!("+1555010115{n}")).collect();
            let lifts =
                || Habit::Answers { ring_secs: Some(0), said: vec!["Ann".to_owned(); 9], digits: vec![] };
            let rings = Habit::Answers { ring_secs: Some(500), said: vec![], digits: vec![] };
            let talks = Habit::Answers { ring_secs: Some(2), said: vec![String::new(); 20], digits: vec![] };
            // While the other one rings, while they talk there, and when they have talked; nothing was told of the last.
            let moments = [rings, talks, answers_all(), answers_all()];
            for ((number, other), n) in people.iter().zip(moments).zip(0..) {
                day.person(number, lifts()).fault(FaultKind::CreateAcceptsLate { secs: 420 }, number);
                day.second().set_person(number, other);
                if n == 3 {
                    day.fault(FaultKind::CallbackLost, number);
                }
            }
            let calls: Vec<String> = people
                .iter()
                .map(|number| day.call_with(&json!({ "to": number, "ring_timeout_secs": 120 })))
                .collect();
            for number in &people {
                day.until("the second carrier is asked", |day| (dialed(day, number).1 == 1).then_some(()));
            }
            for number in &people {
                let late = day.until("the first one's call turns up, and is over", |day| {
                    day.sim.calls_to(number).pop().filter(|call| call.ended_at.is_some())
                });
                let heard = day.heard_by(number);
                assert!(!heard.iter().any(|said| said.contains("name")), "{carrier}: {heard:?} {late:?}");
                assert_eq!(day.said_by(number), Vec::<String>::new(), "{carrier}: {late:?}");
            }
            for (number, call) in people.iter().zip(&calls) {
                let ended = day.ended(call);
                assert_eq!(dialed(&day, number), (1, 1), "{ended}");
                assert_eq!(ended["legs"].as_array().unwrap().len(), 2, "{ended}");
                assert_eq!(ended["legs"][1]["instead_for"], "not_placed", "{ended}");
            }
        });
    }
}

#[test]
fn a_restart_between_the_two_carriers_asks_the_second_once() {
    let mut day = Day::with().with_a_second_carrier().begin();
    day.sim.add_fault(Fault::new(FaultKind::CreateFails).on(ANN));
    day.second().set_person(ANN, answers_all());
    let call = day.call(ANN);
    day.until("the first was asked", |day| (day.sim.faults()[0].struck == 1).then_some(()));
    day.restarts();
    day.until("the second carrier's call is over", |day| {
        (day.look_at(&call)["disposition"] == "completed").then_some(())
    });
    day.is_quiet();
    day.restarts();
    assert_eq!((day.disposition(&call), dialed(&day, ANN)), ("completed".to_owned(), (0, 1)));
    assert_eq!(attempts(&day.look_at(&call)), pairs([("twilio", "-"), ("telnyx", "not_placed")]));
}

#[test]
fn it_works_the_other_way_round() {
    through(Mouth::Telnyx, || {
        let day = Day::with().with_a_second_carrier().begin();
        day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).on(ANN));
        day.second().set_person(ANN, answers_all());
        let call = day.call(ANN);
        let ended = day.ended(&call);
        assert_eq!(attempts(&ended), pairs([("telnyx", "-"), ("twilio", "too_many_requests")]));
        assert_eq!((dialed(&day, ANN), day.answers(&call).len()), ((0, 1), 3));
    });
}

/// Who has the key of one carrier has nothing of the calls at the other, not even with an address that we sealed.
#[test]
fn s_01_what_one_carrier_signed_moves_no_call_of_the_other() {
    let day = Day::with().with_a_second_carrier().begin();
    day.person(ANN, Habit::NoAnswer);
    let call = day.call_with(&json!({ "to": ANN, "ring_timeout_secs": 600 }));
    day.is(&call, "ringing");
    let told = day.until("the carrier tells that it rings", |day| {
        day.sim.webhooks().into_iter().rfind(|hook| hook.params.iter().any(|(_, value)| value == "ringing"))
    });
    let with = |name: &str, value: &str, form: &mut Vec<(String, String)>| {
        form.retain(|(known, _)| known != name);
        form.push((name.to_owned(), value.to_owned()));
    };
    let mut form = told.params.clone();
    with("CallStatus", "busy", &mut form);
    let mut posing = form.clone();
    with("AccountSid", Mouth::Telnyx.usual_account(), &mut posing);
    with("CallSid", "v3:00000000-0000-4000-8000-000000000009", &mut posing);
    for sent in [&form, &posing] {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(sent).finish();
        let now = Clock::real().now().as_second();
        let request = day
            .ask_at(&told.url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("telnyx-timestamp", now)
            .header("telnyx-signature-ed25519", sign_telnyx(TOKEN, now, body.as_bytes()))
            .body(body);
        assert_eq!(day.send(request).status, 204, "it is a carrier of ours, and is answered politely");
        assert_eq!(day.look_at(&call)["status"], "ringing");
    }
    assert_eq!(day.webhook(&told.url, &form).status, 204);
    assert_eq!(day.disposition(&call), "busy", "the control: its own carrier is believed");
}
