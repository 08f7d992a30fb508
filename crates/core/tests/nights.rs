//! The two nights of the year on which clocks change, minute by minute, in several countries and for people who may live in
//! two time zones: the gates let nobody be called outside the hours on their own wall. A worker is played through in virtual
//! time: it asks, waits until the gate says, asks again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use trunkline_core::dial::earlier::PersonBudget;
use trunkline_core::dial::gates::{
    Candidate, Circuit, Closed, Database, DialLimits, Promised, Queued, Running, Snapshot, admit_job,
};
use trunkline_core::id::AccountId;
use trunkline_core::phone::PhoneNumber;
use trunkline_core::window::{CallingWindow, Days, Hours, Opening, Zones};

/// A number, and the walls of everywhere its owner may live, as the world knows them.
const PEOPLE: [(&str, &[&str]); 8] = [
    ("+97226001234", &["Asia/Jerusalem"]),
    ("+12125550123", &["America/New_York"]),
    ("+493012345678", &["Europe/Berlin"]),
    ("+442079460958", &["Europe/London"]),
    ("+18505550123", &["America/New_York", "America/Chicago"]),
    ("+34612345678", &["Europe/Madrid", "Atlantic/Canary"]),
    ("+61291234567", &["Australia/Sydney", "Australia/Lord_Howe"]),
    ("+8225550123", &["Asia/Seoul"]),
];

/// Midnights, UTC, before nights on which clocks change somewhere, and of one on which they don't.
const NIGHTS: [&str; 9] = [
    "2026-03-08T00:00:00Z", // New York forward
    "2026-11-01T00:00:00Z", // New York back
    "2026-03-26T12:00:00Z", // Jerusalem forward
    "2026-10-24T12:00:00Z", // Jerusalem and Europe back
    "2026-03-28T18:00:00Z", // Europe forward
    "2026-04-04T06:00:00Z", // Sydney back
    "2026-10-03T06:00:00Z", // Sydney forward
    "2027-03-14T00:00:00Z", // New York forward, next year
    "2026-06-10T00:00:00Z", // nowhere
];

fn time(hour: i8, minute: i8) -> Time {
    Time::constant(hour, minute, 0, 0)
}

fn windows() -> Vec<CallingWindow> {
    let sunday = Hours { days: Days::new([Weekday::Sunday]), from: time(1, 30), to: time(2, 30) };
    let night = Hours { days: Days::all(), from: time(22, 0), to: time(2, 15) };
    vec![
        CallingWindow::default(),
        CallingWindow::daily(time(1, 15), time(2, 45)),
        CallingWindow::daily(time(2, 10), time(2, 50)),
        CallingWindow { hours: vec![sunday, night], ..CallingWindow::default() },
    ]
}

/// By the plainest reading of a wall clock, without any of our code but the words of the hours.
fn is_within(window: &CallingWindow, walls: &[&str], at: Timestamp) -> bool {
    walls.iter().all(|wall| {
        let shown = at.to_zoned(TimeZone::get(wall).unwrap()).datetime();
        let on = |hours: &Hours, day: Weekday| {
            Vec::<String>::from(hours.days.clone()).iter().any(|name| {
                let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
                names[usize::try_from(day.to_monday_zero_offset()).unwrap()] == name
            })
        };
        let (today, yesterday) = (shown.date().weekday(), shown.date().yesterday().unwrap().weekday());
        window.hours.iter().any(|hours| {
            let time = shown.time();
            if hours.from < hours.to {
                on(hours, today) && hours.from <= time && time < hours.to
            } else {
                (on(hours, today) && time >= hours.from) || (on(hours, yesterday) && time < hours.to)
            }
        })
    })
}

/// What the gates say of somebody at this moment, everything else being well.
fn gate(window: Opening, zones: &Zones, now: Timestamp) -> Result<(), Closed> {
    let candidate = Candidate { account: AccountId::new("twilio:AC1"), not_before: None };
    let queued = Queued {
        destination: Ok(()),
        database: Database::Here,
        campaign: Some(Running::Running),
        lacks: None,
        due: None,
        promised: Promised::Yes,
        window,
        zones,
        by_others: &[],
        dedup_window: SignedDuration::ZERO,
        to_person: &[],
        budget: PersonBudget::default(),
        caps: &[],
        circuit: Circuit::Fit,
        campaign_slots: None,
        inbound_reserve: 0,
        paces: &[],
    };
    admit_job(&candidate, &Snapshot::idle(), &DialLimits::default(), &queued, now)
}

#[test]
fn nobody_is_called_outside_the_hours_on_any_night_on_which_clocks_change() {
    let (mut calls, mut minutes) = (0, 0);
    for (number, walls) in PEOPLE {
        let zones = Zones::of(&PhoneNumber::parse(number, None).unwrap().number);
        for (window, night) in windows().iter().flat_map(|window| NIGHTS.map(|night| (window, night))) {
            let begins: Timestamp = night.parse().unwrap();
            let ends = begins + SignedDuration::from_hours(40);
            let mut now = begins;
            while now < ends {
                let open = window.open_at(&zones, now);
                match gate(open, &zones, now) {
                    Ok(()) => {
                        assert!(is_within(window, walls, now), "{number} is called at {now}: {window:?}");
                        // What was let through may be sent until the hours end, and not a moment longer.
                        let Opening::Open { until } = open else { panic!("{number} {now}") };
                        assert!(
                            is_within(window, walls, until - SignedDuration::from_secs(1)),
                            "{number} {until}"
                        );
                        assert!(!is_within(window, walls, until), "{number}: open on at {until}");
                        calls += 1;
                        now += SignedDuration::from_mins(1);
                    }
                    Err(Closed::OutOfWindow { opens_at, .. }) => {
                        assert!(
                            !is_within(window, walls, now),
                            "{number} is not called at {now}: {window:?}"
                        );
                        assert!(opens_at > now, "{number} {now}");
                        now = opens_at.min(now + SignedDuration::from_mins(1));
                    }
                    // Two zones may have no hour in common, and then have none all night.
                    Err(Closed::WindowNeverOpens { .. }) if walls.len() > 1 => {
                        while now < ends {
                            assert!(!is_within(window, walls, now), "{number} is never called: {window:?}");
                            now += SignedDuration::from_mins(1);
                        }
                    }
                    Err(other) => panic!("{number} {now}: {other:?}"),
                }
                minutes += 1;
            }
        }
    }
    assert!(calls > 10_000 && calls < minutes, "the control: {calls} of {minutes} minutes");
}
