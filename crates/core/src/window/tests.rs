use super::*;
use crate::phone::{CountryCode, PhoneNumber};
use jiff::civil::{Time, Weekday, date, time};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

fn zones(names: &[&str]) -> Zones {
    names.iter().map(|name| name.parse::<Zone>().unwrap()).collect()
}

fn of(number: &str) -> Vec<String> {
    Zones::of(&PhoneNumber::from_e164(number).unwrap()).iter().map(ToString::to_string).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The moment at which a wall clock there first shows this.
fn wall(zone: &str, text: &str) -> Timestamp {
    let shown: jiff::civil::DateTime = text.parse().unwrap();
    zone.parse::<Zone>().unwrap().rules().to_ambiguous_timestamp(shown).earlier().unwrap()
}

fn daily(from: Time, to: Time) -> CallingWindow {
    CallingWindow::daily(from, to)
}

fn office() -> CallingWindow {
    daily(time(9, 0, 0, 0), time(20, 0, 0, 0))
}

fn opens(window: &CallingWindow, zone: &str, now: Timestamp) -> Opening {
    window.open_at(&zones(&[zone]), now)
}

#[test]
fn each_zone_of_the_table_is_one_that_the_compiled_in_database_knows() {
    let unknown: Vec<_> = Zones::table()
        .flat_map(|(key, zones)| zones.iter().map(move |zone| (key, *zone)))
        .filter(|(_, zone)| zone.parse::<Zone>().is_err())
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(Zones::table().all(|(_, zones)| !zones.is_empty()));
}

#[test]
fn each_country_with_phones_has_its_zones() {
    let keys: Vec<&str> = Zones::table().map(|(key, _)| key).collect();
    let letters = || ('A'..='Z').flat_map(|first| ('A'..='Z').map(move |second| format!("{first}{second}")));
    let countries = letters().filter(|letters| letters.parse::<CountryCode>().is_ok());
    let without: Vec<String> = countries.filter(|country| !keys.contains(&country.as_str())).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn a_number_tells_the_zones_it_may_be_in() {
    assert_eq!(of("+972502345678"), ["Asia/Jerusalem"]);
    assert_eq!(of("+12125550123"), ["America/New_York"]);
    assert_eq!(of("+14165550123"), ["America/Toronto"]);
    assert_eq!(of("+18505550123"), ["America/Chicago", "America/New_York"], "northern Florida has two");
    assert_eq!(of("+442079460958"), ["Europe/London"]);
    assert_eq!(of("+34928123456"), ["Atlantic/Canary"]);
    assert_eq!(of("+34612345678"), ["Atlantic/Canary", "Europe/Madrid"], "a mobile phone may be on either");
    assert_eq!(of("+61291234567"), ["Australia/Lord_Howe", "Australia/Sydney"]);
    assert_eq!(of("+17875550123"), ["America/Puerto_Rico"]);
}

#[test]
fn a_number_that_nobody_was_given_may_be_anywhere_in_its_plan() {
    let toll_free = of("+15550100123");
    for zone in ["America/St_Johns", "America/New_York", "Pacific/Honolulu", "America/Puerto_Rico"] {
        assert!(toll_free.iter().any(|it| it == zone), "{zone} in {toll_free:?}");
    }
}

#[test]
fn a_number_of_no_country_is_never_called() {
    let satellite = PhoneNumber::from_e164("+870773111632").unwrap();
    assert!(Zones::of(&satellite).is_empty());
    let opening = CallingWindow::always().open_at(&Zones::of(&satellite), at("2026-05-04T12:00:00Z"));
    assert_eq!(opening, Opening::Never(NeverOpens::UnknownZone));
}

#[test]
fn the_zone_of_the_lead_overrides_that_of_the_number() {
    let number = PhoneNumber::from_e164("+12125550123").unwrap();
    let own: Zone = "Europe/Paris".parse().unwrap();
    assert_eq!(Zones::of_lead(&number, Some(&own)), zones(&["Europe/Paris"]));
    assert_eq!(Zones::of_lead(&number, None), zones(&["America/New_York"]));
}

#[test]
fn it_opens_and_closes_by_the_wall_clock_of_the_callee() {
    let table = [
        ("Asia/Jerusalem", "2026-01-15T06:59:59Z", Opening::OpensAt(at("2026-01-15T07:00:00Z"))),
        ("Asia/Jerusalem", "2026-01-15T07:00:00Z", Opening::Open { until: at("2026-01-15T18:00:00Z") }),
        ("Asia/Jerusalem", "2026-01-15T18:00:00Z", Opening::OpensAt(at("2026-01-16T07:00:00Z"))),
        ("Asia/Kolkata", "2026-01-15T03:29:59Z", Opening::OpensAt(at("2026-01-15T03:30:00Z"))),
        ("America/New_York", "2026-07-15T13:00:00Z", Opening::Open { until: at("2026-07-16T00:00:00Z") }),
    ];
    for (zone, now, expected) in table {
        assert_eq!(opens(&office(), zone, at(now)), expected, "{zone} {now}");
    }
}

#[test]
fn on_the_nights_on_which_clocks_change_it_opens_at_nine_on_the_wall() {
    let nights = [
        ("Asia/Jerusalem", "2026-03-27"),
        ("Asia/Jerusalem", "2026-10-25"),
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("Europe/London", "2026-03-29"),
        ("Europe/London", "2026-10-25"),
        ("Australia/Sydney", "2026-04-05"),
        ("Australia/Sydney", "2026-10-04"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("America/Santiago", "2026-04-05"),
    ];
    for (zone, day) in nights {
        let midnight = wall(zone, &format!("{day}T00:30"));
        let expected = Opening::OpensAt(wall(zone, &format!("{day}T09:00")));
        assert_eq!(opens(&office(), zone, midnight), expected, "{zone} {day}");
    }
}

#[test]
fn hours_that_the_clock_skips_begin_when_it_has_skipped() {
    // On 8 March 2026 New York's clocks go from 02:00 to 03:00.
    let window = daily(time(2, 30, 0, 0), time(4, 0, 0, 0));
    let before = wall("America/New_York", "2026-03-08T01:00");
    assert_eq!(opens(&window, "America/New_York", before), Opening::OpensAt(at("2026-03-08T07:00:00Z")));
    let skipped = daily(time(2, 10, 0, 0), time(2, 50, 0, 0));
    assert_eq!(
        opens(&skipped, "America/New_York", before),
        Opening::OpensAt(wall("America/New_York", "2026-03-09T02:10"))
    );
}

#[test]
fn hours_that_the_clock_shows_twice_are_open_twice_and_closed_between() {
    // On 1 November 2026 New York's clocks go from 02:00 back to 01:00, at 06:00 UTC.
    let window = daily(time(1, 15, 0, 0), time(1, 45, 0, 0));
    let table = [
        ("2026-11-01T05:00:00Z", Opening::OpensAt(at("2026-11-01T05:15:00Z"))),
        ("2026-11-01T05:20:00Z", Opening::Open { until: at("2026-11-01T05:45:00Z") }),
        ("2026-11-01T05:50:00Z", Opening::OpensAt(at("2026-11-01T06:15:00Z"))),
        ("2026-11-01T06:20:00Z", Opening::Open { until: at("2026-11-01T06:45:00Z") }),
    ];
    for (now, expected) in table {
        assert_eq!(opens(&window, "America/New_York", at(now)), expected, "{now}");
    }
    // Hours until two o'clock: the clock jumps back into them.
    let until_two = daily(time(1, 0, 0, 0), time(1, 30, 0, 0));
    let closed = at("2026-11-01T05:40:00Z");
    assert_eq!(opens(&until_two, "America/New_York", closed), Opening::OpensAt(at("2026-11-01T06:00:00Z")));
}

#[test]
fn several_possible_zones_get_the_hours_they_have_in_common() {
    let coasts = zones(&["America/New_York", "America/Los_Angeles"]);
    // 09:00 in Los Angeles is 12:00 in New York, whose day ends at 20:00.
    let morning = at("2026-01-15T14:00:00Z");
    assert_eq!(office().open_at(&coasts, morning), Opening::OpensAt(at("2026-01-15T17:00:00Z")));
    let open = Opening::Open { until: at("2026-01-16T01:00:00Z") };
    assert_eq!(office().open_at(&coasts, at("2026-01-15T17:00:00Z")), open);
}

#[test]
fn zones_without_a_common_hour_are_never_called() {
    let apart = zones(&["Pacific/Honolulu", "Asia/Tokyo"]);
    let short = daily(time(9, 0, 0, 0), time(12, 0, 0, 0));
    let now = at("2026-01-15T14:00:00Z");
    assert_eq!(short.open_at(&apart, now), Opening::Never(NeverOpens::NoCommonHour));
    let closed = CallingWindow { hours: Vec::new(), ..CallingWindow::default() };
    assert_eq!(closed.open_at(&apart, now), Opening::Never(NeverOpens::NoHours));
}

#[test]
fn hours_past_midnight_belong_to_the_day_they_begin_on() {
    let night = CallingWindow {
        hours: vec![Hours {
            days: Days::new([Weekday::Friday]),
            from: time(22, 0, 0, 0),
            to: time(2, 0, 0, 0),
        }],
        ..CallingWindow::default()
    };
    // 16 January 2026 is a Friday.
    let table = [
        ("2026-01-16T01:00:00Z", Opening::OpensAt(at("2026-01-16T22:00:00Z"))),
        ("2026-01-16T23:00:00Z", Opening::Open { until: at("2026-01-17T02:00:00Z") }),
        ("2026-01-17T01:59:59Z", Opening::Open { until: at("2026-01-17T02:00:00Z") }),
        ("2026-01-17T22:30:00Z", Opening::OpensAt(at("2026-01-23T22:00:00Z"))),
    ];
    for (now, expected) in table {
        assert_eq!(opens(&night, "UTC", at(now)), expected, "{now}");
    }
}

#[test]
fn on_a_holiday_nobody_is_called_by_the_date_at_the_callee() {
    let mut window = office();
    window.holidays.insert(date(2026, 1, 16));
    assert_eq!(
        opens(&window, "Asia/Tokyo", at("2026-01-15T12:00:00Z")),
        Opening::OpensAt(at("2026-01-17T00:00:00Z"))
    );
    let night =
        CallingWindow { holidays: window.holidays.clone(), ..daily(time(22, 0, 0, 0), time(2, 0, 0, 0)) };
    let eve = opens(&night, "UTC", at("2026-01-15T23:00:00Z"));
    assert_eq!(eve, Opening::Open { until: at("2026-01-16T00:00:00Z") }, "the holiday ends its eve's night");
    let holiday = opens(&night, "UTC", at("2026-01-16T00:00:00Z"));
    assert_eq!(holiday, Opening::OpensAt(at("2026-01-17T22:00:00Z")), "and its own night does not begin");
}

#[test]
fn a_window_of_days_and_hours_reads_as_json() {
    let text = r#"{"hours":[{"days":["sun","mon"],"from":"09:00","to":"17:30"}],"holidays":["2026-09-12"]}"#;
    let window: CallingWindow = serde_json::from_str(text).unwrap();
    assert_eq!(window.hours[0].days, Days::new([Weekday::Monday, Weekday::Sunday]));
    assert_eq!(window.hours[0].to, time(17, 30, 0, 0));
    let again: CallingWindow = serde_json::from_str(&serde_json::to_string(&window).unwrap()).unwrap();
    assert_eq!(again, window);
    assert!(serde_json::from_str::<Days>(r#"["someday"]"#).is_err());
    assert!(serde_json::from_str::<Zone>(r#""Mars/Phobos""#).is_err());
}

fn any_time() -> impl Strategy<Value = Time> {
    (0i8..24, prop::sample::select(vec![0i8, 15, 30, 59])).prop_map(|(hour, minute)| time(hour, minute, 0, 0))
}

fn any_window() -> impl Strategy<Value = CallingWindow> {
    let days = prop::sample::subsequence(vec![0, 1, 2, 3, 4, 5, 6], 1..=7).prop_map(|days| {
        Days::new(days.into_iter().map(|day| Weekday::from_monday_zero_offset(day).unwrap()))
    });
    let hours = (days, any_time(), any_time()).prop_map(|(days, from, to)| Hours { days, from, to });
    let holidays =
        prop::collection::btree_set((0i64..400).prop_map(|days| date(2026, 1, 1) + days.days()), 0..5);
    (prop::collection::vec(hours, 1..3), holidays)
        .prop_map(|(hours, holidays)| CallingWindow { hours, holidays })
}

fn any_zones() -> impl Strategy<Value = Zones> {
    let names = vec![
        "Asia/Jerusalem",
        "America/New_York",
        "America/Los_Angeles",
        "Europe/London",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Pacific/Chatham",
        "Africa/Casablanca",
        "Africa/Cairo",
        "America/Santiago",
        "Pacific/Kiritimati",
    ];
    prop::sample::subsequence(names, 1..3).prop_map(|names| zones(&names))
}

fn all_hold(window: &CallingWindow, zones: &Zones, moment: Timestamp) -> bool {
    zones.iter().all(|zone| window.holds(zone.rules().to_datetime(moment)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_open_is_within_the_hours_of_every_zone(
        window in any_window(), zones in any_zones(), minutes in 0i64..(400 * 1_440), sample in 0.0f64..1.0,
    ) {
        let now = at("2026-01-01T00:00:00Z") + minutes.minutes();
        match window.open_at(&zones, now) {
            Opening::Open { until } => {
                prop_assert!(all_hold(&window, &zones, now) && until > now);
                let within = now + jiff::SignedDuration::from_secs_f64(until.duration_since(now).as_secs_f64() * sample * 0.999);
                prop_assert!(all_hold(&window, &zones, within), "closed at {within}, open until {until}");
            }
            Opening::OpensAt(opens) => {
                prop_assert!(!all_hold(&window, &zones, now) && opens > now);
                prop_assert!(all_hold(&window, &zones, opens));
                // Nothing earlier was missed.
                let before = now + jiff::SignedDuration::from_secs_f64(opens.duration_since(now).as_secs_f64() * sample * 0.999);
                prop_assert!(!all_hold(&window, &zones, before), "open at {before} already, not from {opens}");
            }
            Opening::Never(_) => {
                let later = now + jiff::SignedDuration::from_secs_f64(sample * 86_400.0 * 360.0);
                prop_assert!(!all_hold(&window, &zones, later));
            }
        }
    }
}
