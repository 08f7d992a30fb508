//! What a number that nobody was given looks like: like a real one of a new range, or like a slip of the finger.
//!
//! The tables know exact ranges and lengths, but not how a country's numbers look in general. Two rules stand in:
//! where a number may begin with 0 (or, in North America, 1), and how long numbers are that begin as this one does.

use rlibphonenumber::PhoneNumberType::{self as Kind, FixedLine, Mobile, TollFree, VoIP};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber};

use super::{BadNumber, CountryCode};

/// The calling code of North America, where no area code begins with 0 or 1.
const NORTH_AMERICA: i32 = 1;
/// Countries whose numbers keep a leading zero after the country code (Italy, Ivory Coast, Gabon, Congo, San Marino).
/// Anywhere else a zero there is a trunk prefix that someone left in.
const KEEP_LEADING_ZERO: [i32; 5] = [39, 225, 241, 242, 378];
/// The kinds that people are reached on.
const KINDS: [Kind; 4] = [FixedLine, Mobile, TollFree, VoIP];

/// Refuses an unassigned number that no range, old or new, could hold.
pub(super) fn check(number: &PhoneNumber, country: Option<CountryCode>) -> Result<(), BadNumber> {
    let national = number.get_national_significant_number();
    let code = number.country_code;
    match national.bytes().next() {
        Some(b'0') if !KEEP_LEADING_ZERO.contains(&code) => Err(BadNumber::WrongShape(country)),
        Some(b'1') if code == NORTH_AMERICA => Err(BadNumber::WrongShape(country)),
        Some(first) if has_odd_length(number, first, country) => Err(BadNumber::WrongLength(country)),
        _ => Ok(()),
    }
}

/// Whether some kind of number begins with the same digit, and each such kind has other lengths: an Israeli mobile
/// number begins with 5 and has nine digits, so eight digits that begin with 5 are one short.
fn has_odd_length(number: &PhoneNumber, first: u8, country: Option<CountryCode>) -> bool {
    let Some(country) = country else { return false };
    let mut alike = KINDS
        .into_iter()
        .filter(|kind| {
            PHONE_NUMBER_UTIL
                .get_example_number_for_type_and_region(country.region(), *kind)
                .is_ok_and(|example| example.get_national_significant_number().bytes().next() == Some(first))
        })
        .peekable();
    alike.peek().is_some() && alike.all(|kind| !PHONE_NUMBER_UTIL.is_possible_number_for_type(number, kind))
}
