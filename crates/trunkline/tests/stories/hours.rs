//! Nobody is called outside the hours on their own wall: not on the nights on which clocks change, not by a server that was
//! suspended or dead while the hours ended. The simulated world begins on such a night, and what is judged is the carrier's
//! own account of its calls.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::day::{Day, Opening};
use crate::queue::{dialed_in_all, does, draft, enqueue_each, gate_is};

/// Where people live, and the first digits of their numbers.
const NEW_YORK: (&str, &str) = ("America/New_York", "+1212555");
const JERUSALEM: (&str, &str) = ("Asia/Jerusalem", "+9722567");
const BERLIN: (&str, &str) = ("Europe/Berlin", "+49301234");

struct Night {
    at: (&'static str, &'static str),
    /// When the world begins, in UTC.
    begins: &'static str,
    /// The hours, by the wall.
    hours: (Time, Time),
    /// When the last opening of the night ends, in UTC.
    ends: &'static str,
}

const fn wall(hour: i8, minute: i8) -> Time {
    Time::constant(hour, minute, 0, 0)
}

fn opening(begins: &str) -> Opening {
    Day::with().at_speed(180.0).begins_at(begins)
}

fn people(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{:04}", n + 100)).collect()
}

fn campaign(day: &Day, (from, to): (Time, Time), per_hour: u32, people: &[String]) -> (String, Vec<String>) {
    let window = json!({ "hours": [{ "from": from.to_string(), "to": to.to_string() }] });
    let more = json!({ "window": window, "pacing": { "per_hour": per_hour } });
    let id = draft(day, "night", &more);
    // Nobody says where they live: their numbers do.
    let rows: Vec<Value> = people.iter().map(|to| json!({ "to": to })).collect();
    let jobs = enqueue_each(day, &id, &json!(rows));
    does(day, &id, "start");
    (id, jobs)
}

/// Every call was made while the wall clock of each of these zones showed the hours.
fn all_within_the_hours(day: &Day, zones: &[&str], (from, to): (Time, Time)) -> Vec<Timestamp> {
    let calls: Vec<Timestamp> = day.sim.calls().iter().map(|call| call.created_at).collect();
    for at in &calls {
        for zone in zones {
            let shown = at.to_zoned(TimeZone::get(zone).unwrap()).time();
            assert!(from <= shown && shown < to, "called at {shown} in {zone}: {at}");
        }
    }
    calls
}

fn tells(night: &Night) {
    let (zone, prefix) = night.at;
    let day = opening(night.begins).begin();
    let people = people(prefix, 40);
    let (_, jobs) = campaign(&day, night.hours, 40, &people);
    let gate = gate_is(&day, &jobs[0], "out_of_window");
    let opens: Timestamp = gate["opens_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(opens.to_zoned(TimeZone::get(zone).unwrap()).time(), night.hours.0, "{gate}");
    let ends: Timestamp = night.ends.parse().unwrap();
    day.until("the night is over", |day| (day.now() > ends).then_some(()));
    // The next opening is tomorrow's, and somebody still waits for it.
    // Whose turn it was when the server went is chance, so the last in the list may have been called and another not.
    let uncalled: Vec<&String> =
        people.iter().zip(&jobs).filter(|(to, _)| day.dialed(to) == 0).map(|(_, job)| job).collect();
    day.until("each of the rest waits for tomorrow, and says so", |day| {
        let waits =
            |id: &&String| day.get(&format!("/api/jobs/{id}")).json()["gate"]["code"] == "out_of_window";
        uncalled.iter().all(waits).then_some(())
    });
    let calls = all_within_the_hours(&day, &[zone], night.hours);
    assert!((10..40).contains(&calls.len()), "the control: {} calls", calls.len());
    // Both halves of the night: before the clock was changed and after.
    let (first, last) = (calls[0], calls[calls.len() - 1]);
    assert!(last.duration_since(first).as_mins() >= 25, "from {first} to {last}");
}

#[test]
fn in_new_york_when_an_hour_is_skipped() {
    // At 07:00 UTC the clock goes from 02:00 to 03:00.
    let hours = (wall(1, 40), wall(3, 20));
    tells(&Night { at: NEW_YORK, begins: "2026-03-08T06:20:00Z", hours, ends: "2026-03-08T07:20:00Z" });
}

#[test]
fn in_new_york_when_an_hour_comes_twice() {
    // At 06:00 UTC the clock goes from 02:00 back to 01:00.
    let hours = (wall(1, 35), wall(1, 55));
    tells(&Night { at: NEW_YORK, begins: "2026-11-01T05:15:00Z", hours, ends: "2026-11-01T06:55:00Z" });
}

#[test]
fn in_jerusalem_when_an_hour_is_skipped() {
    // At 00:00 UTC the clock goes from 02:00 to 03:00.
    let hours = (wall(1, 40), wall(3, 20));
    tells(&Night { at: JERUSALEM, begins: "2026-03-26T23:20:00Z", hours, ends: "2026-03-27T00:20:00Z" });
}

#[test]
fn in_jerusalem_when_an_hour_comes_twice() {
    // At 23:00 UTC the clock goes from 02:00 back to 01:00.
    let hours = (wall(1, 35), wall(1, 55));
    tells(&Night { at: JERUSALEM, begins: "2026-10-24T22:15:00Z", hours, ends: "2026-10-24T23:55:00Z" });
}

#[test]
fn in_berlin_when_an_hour_is_skipped() {
    // At 01:00 UTC the clock goes from 02:00 to 03:00.
    let hours = (wall(1, 40), wall(3, 20));
    tells(&Night { at: BERLIN, begins: "2026-03-29T00:20:00Z", hours, ends: "2026-03-29T01:20:00Z" });
}

#[test]
fn in_berlin_when_an_hour_comes_twice() {
    // At 01:00 UTC the clock goes from 03:00 back to 02:00.
    let hours = (wall(2, 35), wall(2, 55));
    tells(&Night { at: BERLIN, begins: "2026-10-25T00:15:00Z", hours, ends: "2026-10-25T01:55:00Z" });
}

/// Northern Florida has two time zones under one area code: only hours that suit both count, on both clocks' nights.
#[test]
fn who_may_live_in_two_zones_is_called_in_the_hours_of_both() {
    // New York's clock jumps at 07:00 UTC, Chicago's at 08:00: 01:00-04:00 is 06:00-08:00 here and 07:00-09:00 there.
    let hours = (wall(1, 0), wall(4, 0));
    let day = opening("2026-03-08T06:40:00Z").begin();
    let people = people("+1850555", 30);
    let (_, jobs) = campaign(&day, hours, 20, &people);
    gate_is(&day, &jobs[0], "out_of_window");
    let ends: Timestamp = "2026-03-08T08:00:00Z".parse().unwrap();
    day.until("both have their hours behind them", |day| (day.now() > ends).then_some(()));
    gate_is(&day, jobs.last().unwrap(), "out_of_window");
    let calls = all_within_the_hours(&day, &["America/New_York", "America/Chicago"], hours);
    assert!((10..30).contains(&calls.len()), "the control: {} calls", calls.len());
}

/// F-15, F-20: what was claimed within the hours and not yet sent is not sent after them.
#[test]
fn a_server_that_sleeps_over_the_end_of_the_hours_calls_nobody_when_it_wakes() {
    a_night_for_the_server(
        |day| {
            day.freezes();
        },
        |day| {
            day.thaws();
        },
    );
}

#[test]
fn a_server_that_is_dead_at_the_end_of_the_hours_calls_nobody_when_it_is_back() {
    a_night_for_the_server(
        |day| {
            day.power_fails();
        },
        |day| {
            day.start();
        },
    );
}

/// Many calls are on their way from the gate to the carrier when the server is taken away; it is back after the hours.
fn a_night_for_the_server(goes: impl Fn(&mut Day), comes: impl Fn(&mut Day)) {
    let limits = ["SYSTEM_CALLS", "CARRIER_CALLS", "TENANT_CALLS", "TENANT_OUTBOUND_CALLS", "CPS"];
    let opening = Day::with().begins_at("2026-06-01T12:00:00Z").in_its_own_process();
    let opening = limits
        .into_iter()
        .fold(opening, |opening, name| opening.set(&format!("TRUNKLINE_LIMITS_{name}"), "500"));
    let mut day = opening.begin();
    let hours = (wall(8, 0), wall(8, 4));
    let people = people(NEW_YORK.1, 150);
    let ends: Timestamp = "2026-06-01T12:04:00Z".parse().unwrap();
    let window = json!({ "hours": [{ "from": hours.0.to_string(), "to": hours.1.to_string() }] });
    let id = draft(&day, "night", &json!({ "window": window }));
    let rows: Vec<Value> = people.iter().map(|to| json!({ "to": to })).collect();
    let jobs = enqueue_each(&day, &id, &json!(rows));
    does(&day, &id, "start");
    day.until("some are called", |day| (dialed_in_all(day, &people) >= 5).then_some(()));
    goes(&mut day);
    assert!(day.now() < ends, "the machine is too slow for this story");
    day.until("the hours are over", |day| (day.now().duration_since(ends).as_secs() > 10).then_some(()));
    let before = dialed_in_all(&day, &people);
    assert!(before < 150, "the control: it happened in the middle");
    comes(&mut day);
    day.until("the rest waits for tomorrow", |day| {
        let waits =
            |id: &String| day.get(&format!("/api/jobs/{id}")).json()["gate"]["code"] == "out_of_window";
        jobs.last().is_some_and(waits).then_some(())
    });
    day.until("nothing is under way", |day| {
        (day.get(&format!("/api/campaigns/{id}")).json()["progress"]["in_progress"] == 0).then_some(())
    });
    assert_eq!(dialed_in_all(&day, &people), before);
    all_within_the_hours(&day, &[NEW_YORK.0], hours);
}
