//! Campaigns, settings and other nodes where there are two carriers: nobody is called twice, nobody waits for a carrier that can't
//! be asked while another can, and everybody can read why.

use serde_json::{Value, json};
use trunkline_sim::{Fault, FaultKind, Habit};
use trunkline_testkit::postgres::Server;

use crate::day::{Day, OURS, OURS_TOO};
use crate::failover::{attempts, dialed, pairs};
use crate::operator::{code, stderr, stdout, with};
use crate::queue::{campaign, gate_is, is_settled, job, number};

const ANN: &str = "+15550104301";
const BEN: &str = "+15550104302";

fn answers_all() -> Habit {
    Habit::says(["Ann", "Tuesday", "no"])
}

/// A campaign whose calls may be shown as a number of either carrier.
fn of_both(more: &Value) -> Value {
    let mut policy = json!({ "caller_ids": { "numbers": [OURS, OURS_TOO] } });
    policy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    policy
}

/// The calls of a job, the first one first: through which carrier each went, and how it ended.
fn calls_of(day: &Day, id: &str) -> Vec<(String, String)> {
    let attempts = job(day, id)["attempts"].as_array().cloned().unwrap_or_default();
    let text = |of: &Value| of.as_str().unwrap_or("-").to_owned();
    let of = |attempt: &Value| {
        let call = day.look_at(attempt["call_id"].as_str().unwrap());
        (text(&call["carrier"]), text(&attempt["disposition"]))
    };
    attempts.iter().map(of).collect()
}

fn why(day: &Day, id: &str) -> String {
    let output = with(&day.folder(), &["queue", "why", id], &[("LANG", "en_US.UTF-8")]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    stdout(&output)
}

/// The first carrier goes on failing: it is not asked again, however long ago it failed.
#[test]
fn a_job_whose_first_carrier_answers_500_is_dialed_once_by_the_second_and_a_busy_one_by_nobody_at_once() {
    let day = Day::with().with_a_second_carrier().begin();
    day.sim.add_fault(Fault::new(FaultKind::CreateFails).on(ANN));
    day.second().set_person(ANN, answers_all());
    day.person(BEN, Habit::Busy);
    day.second().set_person(BEN, Habit::Busy);
    let retry = json!({ "retry": { "by_disposition": { "not_placed": [300], "busy": [36000] } } });
    let (_, jobs) = campaign(&day, "spring", &of_both(&retry), &[ANN.to_owned(), BEN.to_owned()]);
    let to = |day: &Day, number: &str| {
        let is_to = |id: &&String| job(day, id)["to"] == number;
        jobs.iter().find(is_to).expect("they have a job").clone()
    };
    let (ann, ben) = (to(&day, ANN), to(&day, BEN));

    // Why each of them waits is told while they do.
    let waits = gate_is(&day, &ben, "retry_not_due");
    assert!(waits["opens_at"].is_string(), "{waits}");
    let waits = gate_is(&day, &ann, "retry_not_due");
    assert!(waits["opens_at"].is_string(), "{waits}");
    let told = why(&day, &ann);
    assert!(told.contains("gate: retry_not_due") && told.contains("twilio, failed, not_placed"), "{told}");

    is_settled(&day, &ann);
    day.is_quiet();
    assert_eq!(calls_of(&day, &ann), pairs([("twilio", "not_placed"), ("telnyx", "completed")]));
    assert_eq!(dialed(&day, ANN), (0, 1), "the second dialed, once");
    assert_eq!(day.sim.faults()[0].struck, 1, "the first was asked once");
    assert_eq!(calls_of(&day, &ben), pairs([("twilio", "busy")]));
    assert_eq!(dialed(&day, BEN), (1, 0), "who is busy is busy at every carrier");
    let told = why(&day, &ben);
    assert!(told.contains("gate: retry_not_due") && told.contains("twilio, busy, busy"), "{told}");
    let told = why(&day, &ann);
    assert!(told.contains("twilio, failed, not_placed") && told.contains("telnyx, completed"), "{told}");
}

/// Each account has limits of its own.
#[test]
fn a_job_goes_through_the_carrier_that_has_room_and_waits_where_none_has() {
    let day = Day::with()
        .set("TRUNKLINE_LIMITS_RING_TIMEOUT_SECS", "600")
        .set("TRUNKLINE_LIMITS_CARRIER_CALLS", "1")
        .at_speed(20.0)
        .with_a_second_carrier()
        .begin();
    let people: Vec<String> = (0..3).map(number).collect();
    let rings = Habit::Answers { ring_secs: Some(500), said: vec![], digits: vec![] };
    for person in &people {
        day.person(person, rings.clone());
        day.second().set_person(person, rings.clone());
    }
    let (_, jobs) = campaign(&day, "spring", &of_both(&json!({})), &people);
    day.until("each carrier has one", |day| (day.sim.live() == 1 && day.second().live() == 1).then_some(()));
    let waiting = day.until("one of them waits", |day| {
        let waits = |id: &&String| job(day, id)["attempts"] == json!([]);
        Some(jobs.iter().filter(waits).cloned().collect::<Vec<_>>()).filter(|waiting| waiting.len() == 1)
    });
    let closed = gate_is(&day, &waiting[0], "no_slot");
    assert_eq!((&closed["of"], &closed["limit"]), (&json!("carrier"), &json!(1)), "{closed}");
    let told = why(&day, &waiting[0]);
    assert!(told.contains("gate: no_slot"), "{told}");
    assert_eq!((day.sim.most_at_once(), day.second().most_at_once()), (1, 1));
}

/// A queue at one of them is nobody else's.
#[test]
fn the_pace_of_one_account_does_not_delay_calls_through_another() {
    for named in [None, Some("israel")] {
        let opening = Day::with().set("TRUNKLINE_LIMITS_CPS", "0.02").at_speed(10.0);
        let day = match named {
            Some(name) => opening.with_a_second_account(name).begin(),
            None => opening.with_a_second_carrier().begin(),
        };
        let second = named.unwrap_or("telnyx");
        let people: Vec<String> = (10..14).map(number).collect();
        for person in &people {
            day.person(person, Habit::Busy);
            day.second().set_person(person, Habit::Busy);
        }
        // One in fifty seconds: the third through the first has to wait for more than a minute and a half.
        for person in &people[..3] {
            day.call_with(&json!({ "to": person, "carrier": "twilio" }));
        }
        let call = day.call_with(&json!({ "to": people[3], "carrier": second }));
        day.until("the second is asked", |day| (dialed(day, &people[3]) == (0, 1)).then_some(()));
        assert_eq!(dialed(&day, &people[2]), (0, 0), "the control: the first has more to do than it may");
        assert_eq!(day.ended(&call)["carrier"], second);
    }
}

#[test]
fn a_call_does_not_go_over_to_a_carrier_that_is_left_alone_itself() {
    // Ten seconds for which a circuit is open at first are time enough.
    let day = Day::with().at_speed(2.0).with_a_second_carrier().begin();
    day.second().add_fault(Fault::new(FaultKind::CreateThrottled));
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).on(ANN).times(1));
    day.person(ANN, Habit::Busy);
    for n in 0..5 {
        let failing = format!("+1555010431{n}");
        day.person(&failing, Habit::Busy);
        day.call_with(&json!({ "to": failing, "carrier": "telnyx" }));
    }
    let is_open = |day: &Day| day.get("/metrics").text().contains(r#"circuit_open{carrier="telnyx"} 1"#);
    day.until("the second is left alone", |day| is_open(day).then_some(()));
    let call = day.call(ANN);
    let legs = day.until("the first has turned it away", |day| {
        Some(attempts(&day.look_at(&call))).filter(|legs| legs.len() > 1)
    });
    assert_eq!(legs, pairs([("twilio", "-"), ("twilio", "-")]), "it waits where it is");
    assert!(day.second().dialed().is_empty());
}

#[test]
fn a_call_for_later_goes_over_to_the_other_carrier_when_its_time_has_come() {
    let day = Day::with().set("TRUNKLINE_LIMITS_QUEUE_EXPIRY_SECS", "60").with_a_second_carrier().begin();
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).on(ANN));
    day.second().set_person(ANN, answers_all());
    let later = day.now() + jiff::SignedDuration::from_secs(150);
    let call = day.call_with(&json!({ "to": ANN, "not_before": later.to_string() }));
    let ended = day.ended(&call);
    assert_eq!(attempts(&ended), pairs([("twilio", "-"), ("telnyx", "too_many_requests")]), "{ended}");
    assert_eq!((dialed(&day, ANN), &ended["disposition"]), ((0, 1), &json!("completed")));
}

#[test]
fn a_call_whose_account_is_gone_from_the_settings_goes_through_the_one_that_is_left() {
    let mut day = Day::with().with_a_second_carrier().begin();
    day.second().set_person(ANN, answers_all());
    let later = day.now() + jiff::SignedDuration::from_secs(150);
    let call = day.call_with(&json!({ "to": ANN, "not_before": later.to_string() }));
    assert_eq!(attempts(&day.look_at(&call)), pairs([("twilio", "-")]), "the control: it was to go there");
    day.power_fails().has_its_second_carrier_alone().start();
    let ended = day.ended(&call);
    assert_eq!(attempts(&ended), pairs([("twilio", "-"), ("telnyx", "not_reached")]), "{ended}");
    assert_eq!((dialed(&day, ANN), &ended["disposition"]), ((0, 1), &json!("completed")));
    assert_eq!(day.answers(&call).len(), 3);
}

/// A node of two, in whose settings both carriers are.
fn node(name: &str, server: &Server, beside: Option<&Day>) -> Day {
    let opening = Day::with()
        .set("DATABASE_URL", &server.url())
        .set("TRUNKLINE_NODE", name)
        .set("TRUNKLINE_LIMITS_SETTLE_SECS", "120")
        .in_its_own_process()
        .with_a_second_carrier();
    match beside {
        Some(other) => opening.beside(other).begin(),
        None => opening.at_speed(20.0).begin(),
    }
}

/// One is between the carriers, one was not yet ruled on at the first, one talks through the first, one through the second.
#[test]
fn a_node_that_is_killed_while_calls_go_over_to_the_other_carrier_calls_nobody_twice() {
    let server = Server::start().unwrap();
    let mut a = node("a", &server, None);
    let mut b = node("b", &server, Some(&a));
    let people: Vec<String> = (0..4).map(|n| format!("+1555010432{n}")).collect();
    let [over, unruled, first, second] = [&people[0], &people[1], &people[2], &people[3]];
    for person in &people {
        a.person(person, Habit::NoAnswer);
        a.second().set_person(person, Habit::NoAnswer);
    }
    a.sim.add_fault(Fault::new(FaultKind::CreateFails).on(over));
    a.second().add_fault(Fault::new(FaultKind::CreateHangsAfterAccepting).on(over));
    a.sim.add_fault(Fault::new(FaultKind::CreateFails).on(unruled));
    a.sim.add_fault(Fault::new(FaultKind::CreateHangsAfterAccepting).on(first));
    a.sim.add_fault(Fault::new(FaultKind::CreateThrottled).on(second));

    let goes_over = a.call(over);
    a.until("the first has answered 500", |day| (day.sim.faults()[0].struck == 1).then_some(()));
    a.until("it is nearly ruled on", |day| {
        let history = day.get(&format!("/api/calls/{goes_over}/events")).text();
        history.contains("listed_nothing").then_some(())
    });
    let rest: Vec<String> = [unruled, first, second].map(|person| a.call(person)).into();
    a.until("the second has it, and has not said so", |day| (dialed(day, over).1 == 1).then_some(()));
    let known = "SELECT count(*) FROM calls";
    a.until("the database knows them all", |_| {
        (server.sql("postgres", known).unwrap_or_default().trim() == "4").then_some(())
    });
    a.power_fails();

    let calls: Vec<String> = std::iter::once(goes_over).chain(rest).collect();
    for call in &calls {
        b.until("all come to an end", |day| {
            let told = day.try_get(&format!("/api/calls/{call}"))?;
            (told.status == 200 && told.json()["state"] == "ended").then_some(())
        });
    }
    a.is_quiet();
    let times: Vec<(u64, u64)> = people.iter().map(|person| dialed(&a, person)).collect();
    assert_eq!([times[0], times[2], times[3]], [(0, 1), (1, 0), (0, 1)], "nobody twice");
    // On a busy machine this one too has gone over before the other was killed.
    let is_not_placed = b.look_at(&calls[1])["disposition"] == "not_placed";
    assert_eq!(times[1], (0, u64::from(!is_not_placed)));
    // Who was gone comes back, and nothing of it is done again.
    a.start();
    a.until("it is ready", |day| (day.get("/readyz").status == 200).then_some(()));
    a.is_quiet();
    let again: Vec<(u64, u64)> = people.iter().map(|person| dialed(&a, person)).collect();
    assert_eq!(again, times);
    assert_eq!(b.is_told_to_stop().code(), Some(0));
}
