use proptest::prelude::*;

use super::{BadNumber, CountryCode, PhoneNumber};

fn country(letters: &str) -> CountryCode {
    letters.parse().unwrap()
}

fn parse(raw: &str, default: &str) -> Result<(String, bool), BadNumber> {
    let default = (!default.is_empty()).then(|| country(default));
    PhoneNumber::parse(raw, default).map(|parsed| (parsed.number.to_string(), parsed.warning.is_some()))
}

#[test]
fn what_people_type_becomes_e164() {
    let table = [
        ("+12125550123", "", "+12125550123"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("1 212 555 0123", "US", "+12125550123"),
        ("011 972 50 234 5678", "US", "+972502345678"),
        ("050-234-5678", "IL", "+972502345678"),
        ("03-123 4567", "IL", "+97231234567"),
        ("+972 (0)50 2345678", "", "+972502345678"),
        ("00972502345678", "IL", "+972502345678"),
        ("٠٥٠٢٣٤٥٦٧٨", "IL", "+972502345678"),
        ("۰۲۱ ۱۲۳۴ ۵۶۷۸", "IR", "+982112345678"),
        ("\u{202A}+972\u{2011}50\u{A0}234\u{200F}5678\u{202C}", "", "+972502345678"),
        ("＋４４ ２０ ７９４６ ０９５８", "", "+442079460958"),
        ("+44 (0)20 7946 0958", "", "+442079460958"),
        ("+39 06 6982", "", "+39066982"),
        ("030/123456", "DE", "+4930123456"),
        ("\u{feff}+12125550123\r\n", "", "+12125550123"),
    ];
    for (raw, default, expected) in table {
        assert_eq!(parse(raw, default), Ok((expected.to_owned(), false)), "{raw:?} in {default:?}");
    }
}

#[test]
fn an_unassigned_range_is_only_a_warning() {
    for number in ["+15550100123", "+15555550100", "+13125550199"] {
        assert_eq!(parse(number, "").map(|(parsed, _)| parsed), Ok(number.to_owned()));
    }
    assert_eq!(parse("+15550100123", ""), Ok(("+15550100123".to_owned(), true)));
    let parsed = PhoneNumber::parse("+15550100123", None).unwrap();
    let warning = parsed.warning.unwrap().to_string();
    assert_eq!(warning, "the number lies in a range that is not assigned for US: a call to it may fail");
}

#[test]
fn what_cannot_be_a_number_is_refused_with_the_reason() {
    let us = Some(country("US"));
    let il = Some(country("IL"));
    let table = [
        ("", "", BadNumber::Empty),
        (" \u{200F} ", "IL", BadNumber::Empty),
        ("+", "", BadNumber::TooShort(None)),
        ("0501234567", "", BadNumber::NoCountry),
        ("00972501234567", "", BadNumber::NoCountry),
        ("1-800-FLOWERS", "US", BadNumber::Letters),
        ("שלום", "IL", BadNumber::Letters),
        ("+12125550123 ext 5", "", BadNumber::Letters),
        ("sip:bob@example.com", "US", BadNumber::SipAddress),
        ("SIPS:12125550123", "US", BadNumber::SipAddress),
        ("+12125550123@example.com", "", BadNumber::SipAddress),
        ("+12125550123,,1", "", BadNumber::KeysToPress(',')),
        ("+12125550123;ext=5", "", BadNumber::KeysToPress(';')),
        ("+12125550123#", "", BadNumber::KeysToPress('#')),
        ("*67 212 555 0123", "US", BadNumber::KeysToPress('*')),
        ("+1212+5550123", "", BadNumber::UnexpectedCharacter('+')),
        ("+1212555\u{0}0123", "", BadNumber::UnexpectedCharacter('\0')),
        ("+999 123 4567", "", BadNumber::UnknownCallingCode),
        ("+0 123 456 789", "", BadNumber::UnknownCallingCode),
        ("+1 212 555", "", BadNumber::TooShort(us)),
        ("+15550100", "", BadNumber::NoAreaCode(us)),
        ("555-0100", "US", BadNumber::NoAreaCode(us)),
        ("+1 212 555 01234", "", BadNumber::TooLong(us)),
        ("+972 50 123 456", "", BadNumber::WrongLength(il)),
        ("+972 50 123 45678", "", BadNumber::WrongLength(il)),
        ("911", "US", BadNumber::TooShort(us)),
        ("+1 055 010 0123", "", BadNumber::WrongShape(us)),
        ("+1 155 010 0123", "", BadNumber::WrongShape(us)),
        ("1111111111111111111111111111111111111", "US", BadNumber::TooLong(None)),
    ];
    let mut wrong = Vec::new();
    for (raw, default, expected) in table {
        let got = parse(raw, default);
        if got != Err(expected) {
            wrong.push(format!("{raw:?} in {default:?}: {got:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_reason_reads_as_a_sentence() {
    let too_short = PhoneNumber::parse("+1 212 555", None).unwrap_err();
    assert_eq!(too_short.to_string(), "the number is too short for US");
    assert_eq!(BadNumber::TooLong(None).to_string(), "the number is too long");
}

#[test]
fn debug_hides_the_number_and_display_shows_it() {
    let number = PhoneNumber::from_e164("+15550100123").unwrap();
    assert_eq!(format!("{number:?}"), "+1555•••0123");
    assert_eq!(number.to_string(), "+15550100123");
}

#[test]
fn a_number_knows_its_country() {
    let of =
        |number: &str| PhoneNumber::from_e164(number).unwrap().country().map(|country| country.to_string());
    assert_eq!(of("+972502345678").as_deref(), Some("IL"));
    assert_eq!(of("+14165550123").as_deref(), Some("CA"));
    assert_eq!(of("+15550100123").as_deref(), Some("US"));
    assert_eq!(of("+870773111632"), None);
    assert_eq!(country("il").calling_code(), Some(972));
    assert!("ZZ".parse::<CountryCode>().is_err());
    assert!("ישראל".parse::<CountryCode>().is_err());
}

#[test]
fn json_is_checked_when_read() {
    let number: PhoneNumber = serde_json::from_str("\"+15550100123\"").unwrap();
    assert_eq!(serde_json::to_string(&number).unwrap(), "\"+15550100123\"");
    for bad in
        ["\"5550100\"", "\"+1555 0100\"", "\"+1\"", "\"+0155501001\"", "\"+1234567890123456\"", "12125550123"]
    {
        assert!(serde_json::from_str::<PhoneNumber>(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(raw in ".{0,60}", default in prop::sample::select(vec!["", "US", "IL", "IT", "BR"])) {
        let _ = parse(&raw, default);
    }

    #[test]
    fn what_was_parsed_is_read_back_and_parses_to_itself(raw in r"\+?[0-9 ()./-]{3,22}", default in prop::sample::select(vec!["US", "IL", "DE", "IT"])) {
        if let Ok(parsed) = PhoneNumber::parse(&raw, Some(country(default))) {
            let text = parsed.number.to_string();
            prop_assert_eq!(PhoneNumber::from_e164(&text).unwrap(), parsed.number.clone());
            let again = PhoneNumber::parse(&text, None).unwrap();
            prop_assert_eq!(again, parsed);
        }
    }

    #[test]
    fn marks_and_separators_never_change_a_number(places in prop::collection::vec((0usize..13, 0usize..8), 0..6)) {
        let marks = [" ", "-", "\u{200F}", "\u{202B}", "\u{A0}", ".", "(", "\u{2066}"];
        let mut raw: Vec<String> = "+972502345678".chars().map(String::from).collect();
        for (place, mark) in places {
            raw[place].push_str(marks[mark]);
        }
        prop_assert_eq!(parse(&raw.concat(), ""), Ok(("+972502345678".to_owned(), false)));
    }

    #[test]
    fn at_least_three_digits_stay_hidden(digits in "[1-9][0-9]{3,14}") {
        let masked = PhoneNumber::from_e164(&format!("+{digits}")).unwrap().masked();
        let shown = masked.chars().filter(char::is_ascii_digit).count();
        prop_assert!(shown + 3 <= digits.len());
    }
}
