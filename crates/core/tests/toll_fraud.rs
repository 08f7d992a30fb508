//! What a stolen key can't make the server dial (S-07): what no setting allows is refused, in whatever spelling.

use trunkline_core::dial::destination::{Destinations, Expensive};
use trunkline_core::phone::PhoneNumber;

fn is_called(raw: &str, destinations: &Destinations) -> bool {
    PhoneNumber::parse(raw, None).is_ok_and(|parsed| destinations.permit(&parsed.number).is_ok())
}

/// Satellite and worldwide networks, premium rates, and countries that fraud calls most.
const DEAR: [&str; 7] = [
    "+882 13 123456",
    "+883 5100 12345678",
    "+870 773 123456",
    "+881 6 12345678",
    "+979 1 2345 6789",
    "+1 900 555 0123",
    "+232 25 123456",
];

#[test]
fn s_07_numbers_that_fraud_lives_on_are_not_called_unless_a_setting_says_so() {
    let usual = Destinations::default();
    assert!(is_called("+1 212 555 0123", &usual), "the control");
    for number in DEAR {
        assert!(!is_called(number, &usual), "{number}");
    }
    let listed = Destinations::only(["SL".parse().unwrap(), "US".parse().unwrap()]);
    assert!(is_called("+232 25 123456", &listed), "the control: somebody listed the country");
    assert!(!is_called("+44 20 7946 0123", &listed), "and that is a list of all");
    let dear = Destinations { expensive: Expensive::Allow, ..listed };
    assert!(is_called("+1 900 555 0123", &dear), "the control: somebody allowed them");
    assert!(!is_called("+882 13 123456", &dear), "which no country listed here has");
}

#[test]
fn s_07_what_is_more_than_a_number_is_none() {
    let all = Destinations { expensive: Expensive::Allow, ..Destinations::default() };
    for trick in [
        "sip:12125550123@evil.example",
        "sips:x",
        "+12125550123@evil.example",
        "+12125550123,,900",
        "+12125550123;postd=900",
        "+12125550123#",
        "*67+12125550123",
        "+1212555\u{0}0123",
        "client:bob",
        "+12125550123 ext 900",
    ] {
        assert!(!is_called(trick, &all), "{trick:?}");
    }
    assert!(is_called("+1 (212) 555-0123", &all), "the control");
}

#[test]
fn s_07_in_test_mode_only_the_test_numbers_are_called() {
    let tested = PhoneNumber::parse("+12125550123", None).unwrap().number;
    let test_mode = Destinations { test_numbers: Some([tested].into()), ..Destinations::default() };
    assert!(is_called("+12125550123", &test_mode) && !is_called("+12125550124", &test_mode));
}
