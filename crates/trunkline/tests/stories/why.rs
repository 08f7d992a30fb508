//! Why somebody is not being called: every gate that can be closed for a person, as it is told by the API and by the command
//! line, in English and in Hebrew, with the time at which it opens.

use serde_json::{Value, json};
use trunkline_sim::{Fault, FaultKind, Habit};

use crate::day::{Day, KEY, Opening};
use crate::operator::{code, stderr, stdout, with};
use crate::queue::{
    campaign, changes, does, draft, enqueue, enqueue_each, gate_is, is_settled, job, number, people,
};

/// When a gate opens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opens {
    /// At a time that is told.
    Then,
    /// When something happens.
    Sometime,
}

/// The gate is told alike by everybody who can be asked.
fn is_told(day: &Day, id: &str, gate: &str, opens: Opens) -> Value {
    let closed = gate_is(day, id, gate);
    assert_eq!(closed["opens_at"].is_string(), opens == Opens::Then, "{closed}");
    let words = closed["words"].as_str().unwrap();
    assert!(words.ends_with('.') && words.is_ascii() && !words.contains(['{', '_']), "{words}");

    let hebrew = day.until("it is told in Hebrew", |day| {
        let request = day.ask(reqwest::Method::GET, &format!("/api/jobs/{id}/why")).bearer_auth(KEY);
        let said = day.send(request.header("accept-language", "he")).json()["gate"].clone();
        (said["code"] == gate).then_some(said)
    });
    is_hebrew(hebrew["words"].as_str().unwrap());

    // Time runs so fast that the server may be behind for a moment: it says so, and then what is asked for.
    let said = day.until("the command line tells it", |day| {
        Some(by_command(day, id, "en_US.UTF-8")).filter(|said| said.contains(&format!("gate: {gate}")))
    });
    assert!(said.contains(words), "{said}");
    assert_eq!(said.contains("it opens at"), opens == Opens::Then, "{said}");
    is_hebrew(by_command(day, id, "he_IL.UTF-8").lines().nth(1).unwrap());
    closed
}

fn by_command(day: &Day, id: &str, language: &str) -> String {
    let output = with(&day.folder(), &["queue", "why", id], &[("LANG", language)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    stdout(&output)
}

fn is_hebrew(words: &str) {
    let letters = words.chars().filter(|letter| ('א'..='ת').contains(letter)).count();
    assert!(letters >= 8, "{words}");
}

/// A campaign of one person that is started.
fn of_one(day: &Day, name: &str, more: &Value, n: usize) -> String {
    campaign(day, name, more, &[number(n)]).1.remove(0)
}

/// Somebody whose phone rings and rings, and the limit that this fills.
fn rings(day: &Day, n: usize) {
    day.person(&number(n), Habit::Answers { ring_secs: Some(500), said: vec![], digits: vec![] });
}

/// A day on which a phone may ring for long.
fn long_ringing() -> Opening {
    Day::with().set("TRUNKLINE_LIMITS_RING_TIMEOUT_SECS", "600").at_speed(5.0)
}

fn no_dedup() -> Value {
    json!({ "dedup_window_secs": 0 })
}

#[test]
fn where_the_campaign_stands() {
    let day = long_ringing().begin();
    let id = draft(&day, "spring", &json!({ "pacing": { "concurrency": 1 } }));
    let jobs = enqueue(&day, &id, &people(2));
    is_told(&day, &jobs[1], "campaign_not_started", Opens::Sometime);
    rings(&day, 0);
    does(&day, &id, "start");
    let closed = is_told(&day, &jobs[1], "no_slot", Opens::Sometime);
    assert_eq!((&closed["of"], &closed["limit"]), (&json!("campaign"), &json!(1)));
    does(&day, &id, "pause");
    is_told(&day, &jobs[1], "campaign_paused", Opens::Sometime);
    does(&day, &id, "resume");
    does(&day, &id, "drain");
    is_told(&day, &jobs[1], "campaign_draining", Opens::Sometime);
}

#[test]
fn not_before_the_time_that_was_asked_for_and_not_before_the_next_try() {
    let day = Day::begin();
    let (asked, busy) = ("2999-01-01T00:00:00Z", number(1));
    day.person(&busy, Habit::Busy);
    let id = draft(&day, "spring", &json!({}));
    let rows =
        json!([{ "to": number(0), "zone": "UTC", "not_before": asked }, { "to": busy, "zone": "UTC" }]);
    let jobs = enqueue_each(&day, &id, &rows);
    does(&day, &id, "start");
    let closed = is_told(&day, &jobs[0], "not_before", Opens::Then);
    assert_eq!(closed["opens_at"], asked);
    is_told(&day, &jobs[1], "retry_not_due", Opens::Then);
}

#[test]
fn not_at_this_hour() {
    let day = Day::begin();
    let night = json!({ "window": { "hours": [{ "from": "03:00:00", "to": "03:01:00", "days": ["mon"] }] } });
    let shut = of_one(&day, "night", &night, 0);
    let closed = is_told(&day, &shut, "out_of_window", Opens::Then);
    assert_eq!(closed["zone"], "UTC");
    let words = closed["words"].as_str().unwrap();
    assert!(words.starts_with("Outside calling hours until 03:00 in UTC"), "{words}");
}

#[test]
fn not_the_same_person_again() {
    let day = long_ringing().begin();
    rings(&day, 0);
    of_one(&day, "one", &json!({}), 0);
    day.until("they are being called", |day| (day.dialed(&number(0)) == 1).then_some(()));
    let other = of_one(&day, "other", &no_dedup(), 0);
    is_told(&day, &other, "same_pair_open", Opens::Sometime);
    let first = of_one(&day, "first", &json!({}), 1);
    is_settled(&day, &first);
    let second = of_one(&day, "second", &json!({}), 1);
    let closed = is_told(&day, &second, "duplicate", Opens::Then);
    assert_eq!(closed["of"], job(&day, &first)["attempts"][0]["call_id"]);
}

/// S2.12: a call of which nobody knows whether it was placed keeps others away until it is ruled, and no clock says when.
#[test]
fn not_while_it_is_unclear_whether_they_are_being_called() {
    let day = Day::begin();
    day.sim.add_fault(Fault::new(FaultKind::CreateFails).on(&number(0)));
    day.sim.add_fault(Fault::new(FaultKind::LookupFails));
    let first = of_one(&day, "first", &json!({}), 0);
    day.until("its request is unclear", |day| {
        let attempt = &job(day, &first)["attempts"][0];
        let call = day.look_at(attempt["call_id"].as_str()?);
        (call["evidence"]["unclear"] == true).then_some(())
    });
    let second = of_one(&day, "second", &json!({}), 0);
    let closed = gate_is(&day, &second, "same_pair_open");
    assert_eq!(closed["opens_at"], Value::Null, "{closed}");
    assert_eq!(day.dialed(&number(0)), 0);
}

#[test]
fn not_more_often_than_their_budget() {
    let day = Day::with().set("TRUNKLINE_QUEUE_PERSON_CALLS_PER_DAY", "1").begin();
    let first = of_one(&day, "first", &no_dedup(), 0);
    is_settled(&day, &first);
    let second = of_one(&day, "second", &no_dedup(), 0);
    is_told(&day, &second, "person_budget", Opens::Then);
}

#[test]
fn not_more_than_the_day_and_the_pace_allow() {
    let day = Day::begin();
    let (_, capped) = campaign(&day, "capped", &json!({ "pacing": { "daily_cap": 1 } }), &people(2));
    is_settled(&day, &capped[0]);
    let closed = is_told(&day, &capped[1], "daily_cap", Opens::Then);
    assert_eq!((&closed["of"], &closed["limit"]), (&json!("campaign"), &json!(1)));
    let people: Vec<String> = (10..12).map(number).collect();
    let (_, slow) = campaign(&day, "slow", &json!({ "pacing": { "per_hour": 1 } }), &people);
    is_settled(&day, &slow[0]);
    let closed = is_told(&day, &slow[1], "pace", Opens::Then);
    assert_eq!(closed["of"], "campaign");
}

#[test]
fn not_faster_than_the_carrier_takes_calls() {
    let day = Day::with().set("TRUNKLINE_LIMITS_CPS", "0.001").at_speed(10.0).begin();
    let (_, jobs) = campaign(&day, "slow", &json!({}), &people(2));
    day.until("the first is called", |day| (day.dialed(&number(0)) == 1).then_some(()));
    is_told(&day, &jobs[1], "cps", Opens::Then);
}

#[test]
fn not_while_all_lines_are_taken() {
    for (limit, of) in [
        ("TENANT_OUTBOUND_CALLS", "tenant_outbound"),
        ("TENANT_CALLS", "tenant"),
        ("CARRIER_CALLS", "carrier"),
        ("SYSTEM_CALLS", "system"),
    ] {
        let opening = long_ringing().set("TRUNKLINE_QUEUE_INBOUND_RESERVE", "0");
        let opening = ["TENANT_OUTBOUND_CALLS", "TENANT_CALLS", "CARRIER_CALLS", "SYSTEM_CALLS"]
            .into_iter()
            .fold(opening, |opening, name| {
                let most = if name == limit { "1" } else { "9" };
                opening.set(&format!("TRUNKLINE_LIMITS_{name}"), most)
            });
        let day = opening.begin();
        rings(&day, 0);
        let (_, jobs) = campaign(&day, "full", &json!({}), &people(2));
        day.until("the line is taken", |day| (day.dialed(&number(0)) == 1).then_some(()));
        let closed = is_told(&day, &jobs[1], "no_slot", Opens::Sometime);
        assert_eq!((&closed["of"], &closed["limit"]), (&json!(of), &json!(1)));
    }
}

/// S2.35: what is kept free for those who call us is not used by the queue, and they get it.
#[test]
fn not_on_the_line_that_is_kept_for_inbound_calls() {
    let opening = long_ringing().set("TRUNKLINE_QUEUE_INBOUND_RESERVE", "1");
    let day = opening.set("TRUNKLINE_LIMITS_SYSTEM_CALLS", "2").begin();
    rings(&day, 0);
    let (_, jobs) = campaign(&day, "full", &json!({}), &people(2));
    day.until("the line is taken", |day| (day.dialed(&number(0)) == 1).then_some(()));
    let closed = is_told(&day, &jobs[1], "no_slot", Opens::Sometime);
    assert_eq!(closed["of"], "inbound_reserve");
    let caller = day.is_called_by("+15550109001", Habit::says(["Eve", "Friday", "no"]));
    day.until("they are asked", |day| {
        format!("{:?}", day.sim.heard(&caller)).contains("your name").then_some(())
    });
}

#[test]
fn not_while_the_carrier_is_left_alone_or_the_server_is_drained() {
    let day = Day::with().set("TRUNKLINE_LIMITS_CPS", "1").begin();
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled));
    let (id, jobs) = campaign(&day, "broken", &json!({}), &people(8));
    let open = day.until("the circuit opens", |day| {
        jobs.iter().find(|id| job(day, id)["gate"]["code"] == "circuit_open").cloned()
    });
    // The one that waits longest for the carrier waits for nothing else.
    day.until("it is told", |day| {
        let closed = job(day, &open)["gate"].clone();
        (closed["code"] == "circuit_open" && closed["opens_at"].is_string()).then_some(())
    });
    day.sim.clear_faults();
    does(&day, &id, "pause");
    let waiting = jobs.iter().find(|id| job(&day, id)["state"] == "waiting").unwrap().clone();
    assert_eq!(day.post("/api/drain", &json!({})).status, 202);
    let closed = day.until("it is told", |day| {
        let said = day.try_get(&format!("/api/jobs/{waiting}/why"))?.json()["gate"].clone();
        (said["code"] == "draining").then_some(said)
    });
    assert_eq!(closed["words"], "The server is being drained: it begins no more calls.");
}

#[test]
fn never_and_then_the_job_is_over_with_that_as_its_reason() {
    let mut day = Day::begin();
    let id =
        draft(&day, "never", &json!({ "window": { "hours": [{ "from": "09:00:00", "to": "10:00:00" }] } }));
    // A toll-free number may be anywhere from Newfoundland to Hawaii: no hour suits everybody there.
    let rows = json!([{ "to": "+18005550123" }, { "to": number(1), "zone": "UTC" }, { "to": number(2), "zone": "UTC" }]);
    let jobs = enqueue_each(&day, &id, &rows);
    day.post("/api/suppressions", &json!({ "number": number(1) }));
    day.set("TRUNKLINE_QUEUE_DENIED_PREFIXES", &number(2)).restarts();
    does(&day, &id, "start");
    for (n, gate) in ["window_never_opens", "suppressed", "not_allowed"].into_iter().enumerate() {
        let settled = is_settled(&day, &jobs[n]);
        assert_eq!(settled["done"]["done"], "skipped", "{settled}");
        assert_eq!(settled["done"]["gate"]["gate"], gate, "{settled}");
    }
    assert_eq!(day.sim.calls().len(), 0);
}

#[test]
fn not_without_the_script_of_the_campaign() {
    let mut day = Day::begin();
    let id = draft(&day, "spring", &json!({}));
    let jobs = enqueue(&day, &id, &people(1));
    day.stops();
    // Where one file was there is a folder now, and in it another script.
    let file = day.questions_file();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    std::fs::write(file.join("other.json"), r#"["One?"]"#).unwrap();
    day.start();
    does(&day, &id, "start");
    let closed = is_told(&day, &jobs[0], "campaign_lacks", Opens::Sometime);
    assert_eq!(closed["what"], "script");
    changes(&day, &id, &json!({ "script": "other" }));
    assert_eq!(is_settled(&day, &jobs[0])["done"]["done"], "reached");
}

#[test]
fn while_the_database_is_away_that_is_what_is_told() {
    let day = Day::begin();
    let id = draft(&day, "spring", &json!({}));
    let jobs = enqueue(&day, &id, &people(1));
    let outage = day.database().goes_down();
    let told = day.until("it is told", |day| {
        Some(day.get(&format!("/api/jobs/{}/why", jobs[0]))).filter(|answer| answer.status == 503)
    });
    let told = told.json();
    assert_eq!(told["code"], "database_away", "{told}");
    let output = with(&day.folder(), &["queue", "why", &jobs[0]], &[]);
    assert!(code(&output) != 0 && stderr(&output).contains("database"), "{}", stderr(&output));
    outage.ends(&day);
    gate_is(&day, &jobs[0], "campaign_not_started");
}
