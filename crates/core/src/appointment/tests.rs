//! What becomes of appointments, and which times are free.

use super::*;
use crate::id::PractitionerId;
use crate::numbers::OpeningHours;
use crate::window::{Days, Hours};
use jiff::civil::time;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn practitioner(zone: &str, from: (i8, i8), to: (i8, i8), slot_minutes: u16) -> Practitioner {
    Practitioner {
        id: PractitionerId::minted(at("2026-01-01T00:00:00Z"), [1; 10]),
        tenant: TenantId::default_tenant(),
        name: "Dr Lee".to_owned(),
        hours: OpeningHours {
            zone: zone.parse().unwrap(),
            hours: vec![Hours {
                days: Days::all(),
                from: time(from.0, from.1, 0, 0),
                to: time(to.0, to.1, 0, 0),
            }],
            holidays: BTreeSet::new(),
        },
        slot_minutes,
        version: 1,
    }
}

fn appointment(status: AppointmentStatus) -> Appointment {
    Appointment {
        id: AppointmentId::minted(at("2026-01-01T00:00:00Z"), [2; 10]),
        tenant: TenantId::default_tenant(),
        customer: Private::new("Ann".to_owned()),
        phone: Address::new("+15550100123"),
        practitioner: "Dr Lee".to_owned(),
        start: at("2026-03-02T10:00:00Z"),
        zone: Zone::utc(),
        minutes: 30,
        status,
        notes: None,
        booked_by: None,
        version: 1,
        created_at: at("2026-01-01T00:00:00Z"),
        updated_at: at("2026-01-01T00:00:00Z"),
    }
}

fn moved() -> Change {
    Change::Move { start: at("2026-03-03T10:00:00Z"), zone: None, practitioner: None, minutes: None }
}

#[test]
fn what_may_become_of_an_appointment() {
    use AppointmentStatus::{Cancelled, Completed, Confirmed, Rescheduled, Scheduled};
    let table = |status: AppointmentStatus| match status {
        Scheduled | Confirmed | Rescheduled => [Ok(Confirmed), Ok(Rescheduled), Ok(Cancelled), Ok(Completed)],
        Cancelled => {
            [Err(NotThat::Cancelled), Err(NotThat::Cancelled), Ok(Cancelled), Err(NotThat::Cancelled)]
        }
        Completed => {
            [Err(NotThat::Completed), Err(NotThat::Completed), Err(NotThat::Completed), Ok(Completed)]
        }
    };
    let now = at("2026-02-01T00:00:00Z");
    for status in AppointmentStatus::ALL {
        let changes = [Change::Confirm, moved(), Change::Cancel, Change::Complete];
        let became = changes.map(|change| appointment(status).apply(&change, now).map(|after| after.status));
        assert_eq!(became, table(status), "{status:?}");
    }
}

#[test]
fn what_is_so_already_is_no_change() {
    let now = at("2026-02-01T00:00:00Z");
    let before = appointment(AppointmentStatus::Confirmed);
    assert_eq!(before.apply(&Change::Confirm, now).unwrap().version, 1);
    let same = Change::Move { start: before.start, zone: None, practitioner: None, minutes: None };
    assert_eq!(before.apply(&same, now).unwrap(), before, "it was not moved");
    let after = before.apply(&moved(), now).unwrap();
    assert_eq!((after.version, after.updated_at, after.status), (2, now, AppointmentStatus::Rescheduled));
}

#[test]
fn words_of_a_status_are_read_as_they_are_written() {
    for (status, word) in AppointmentStatus::ALL.into_iter().zip(AppointmentStatus::WORDS) {
        assert_eq!((status.as_str(), AppointmentStatus::parse(word)), (word, Some(status)));
    }
    assert_eq!(AppointmentStatus::parse(" Canceled "), Some(AppointmentStatus::Cancelled));
    assert_eq!(AppointmentStatus::parse("gone"), None);
}

#[test]
fn free_times_are_within_the_hours_and_nobody_elses() {
    let lee = practitioner("Europe/London", (9, 0), (10, 45), 30);
    let asked = FreeTimes { since: at("2026-03-02T00:00:00Z"), until: at("2026-03-03T00:00:00Z"), most: 99 };
    let free = |taken: &[(&str, u16)]| {
        let taken = taken.iter().flat_map(|(start, minutes)| cells(at(start), *minutes)).collect();
        lee.free(&taken, asked).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let all = ["2026-03-02T09:00:00Z", "2026-03-02T09:30:00Z", "2026-03-02T10:00:00Z"];
    assert_eq!(free(&[]), all, "the last quarter of an hour is too short");
    assert_eq!(free(&[("2026-03-02T09:30:00Z", 30)]), [all[0], all[2]]);
    assert_eq!(free(&[("2026-03-02T09:25:00Z", 10)]), [all[2]], "one that reaches into two");
    assert_eq!(
        free(&[("2026-03-02T08:30:00Z", 30), ("2026-03-02T10:30:00Z", 15)]),
        all,
        "one beside another"
    );
    assert_eq!(lee.free(&Taken::new(), FreeTimes { most: 1, ..asked }).len(), 1);
}

#[test]
fn hours_that_pass_midnight_and_holidays_and_nights_that_lose_an_hour() {
    let night = practitioner("UTC", (23, 0), (1, 0), 60);
    let on = |lee: &Practitioner, since: &str, until: &str| {
        let asked = FreeTimes { since: at(since), until: at(until), most: 99 };
        lee.free(&Taken::new(), asked).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let found = on(&night, "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z");
    assert_eq!(found, ["2026-03-02T00:00:00Z", "2026-03-02T23:00:00Z"]);
    assert!(night.begins_at(at("2026-03-02T00:00:00Z")) && !night.begins_at(at("2026-03-02T01:00:00Z")));
    let mut closed = practitioner("UTC", (9, 0), (11, 0), 60);
    closed.hours.holidays.insert(jiff::civil::date(2026, 3, 2));
    assert!(on(&closed, "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z").is_empty());
    // New York, 8 March 2026: 01:59:59 is followed by 03:00:00.
    let early = practitioner("America/New_York", (1, 0), (4, 0), 60);
    let found = on(&early, "2026-03-08T05:00:00Z", "2026-03-08T12:00:00Z");
    assert_eq!(found, ["2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z"], "two hours, and not three");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn two_appointments_that_share_a_moment_share_a_cell(
        first in 0i64..10_000, second in 0i64..10_000, long in 5u16..480, other in 5u16..480,
    ) {
        let start = |minute: i64| Timestamp::from_second(1_772_000_000 + minute * 60).unwrap();
        let (a, b) = (start(first), start(second));
        let meet = a < end(b, other) && b < end(a, long);
        let shared = cells(a, long).any(|cell| cells(b, other).contains(&cell));
        prop_assert!(!meet || shared);
    }

    #[test]
    fn whatever_is_free_begins_where_it_may_and_meets_nothing(
        from in 0i8..24, to in 0i8..24, slot in prop::sample::select(vec![5u16, 10, 20, 30, 45, 60, 90]),
        taken in prop::collection::vec((0i64..4_000, 5u16..200), 0..12),
    ) {
        let lee = practitioner("Asia/Jerusalem", (from, 0), (to, 0), slot);
        let since = at("2026-03-24T22:00:00Z");
        let begin = |minute: i64| since + SignedDuration::from_mins(minute);
        let cells_taken: Taken = taken.iter().flat_map(|(minute, long)| cells(begin(*minute), *long)).collect();
        let asked = FreeTimes { since, until: begin(4_320), most: 500 };
        let free = lee.free(&cells_taken, asked);
        prop_assert!(free.is_sorted());
        for start in free {
            prop_assert!(lee.begins_at(start) && lee.hours.are_open(start));
            for (minute, long) in &taken {
                let other = begin(*minute);
                prop_assert!(end(start, slot) <= other || end(other, *long) <= start);
            }
        }
    }
}
