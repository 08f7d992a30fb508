//! Phone numbers: whatever people paste goes in, E.164 or a plain reason comes out.
//!
//! [`PhoneNumber::parse`] is for people: spaces, dashes, Arabic digits, right-to-left marks, a national number with a
//! default country. What *cannot* be a number (wrong length or shape for its country) is a [`BadNumber`]; what nobody
//! has assigned yet is only a warning, because ranges are handed out faster than tables are updated, and test numbers
//! live there. [`PhoneNumber::from_e164`] is for machines (carriers, the journal) and checks the form alone, so that
//! a number once written down is always read back, under any later table.
//!
//! `Debug` never shows the whole number; `Display` does, for those who dial it.
//!
//! The tables come from rlibphonenumber, which nothing outside this room may name.

mod country;
mod error;
mod kind;
mod shape;
mod spelling;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumberFormat, ValidationError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use country::{CountryCode, UnknownCountry};
pub use error::{BadNumber, Unassigned};
pub use kind::NumberKind;

/// E.164 allows fifteen digits, country code included.
const MAX_DIGITS: usize = 15;
/// The shortest numbers that can be dialed from abroad have a few digits after the country code.
const MIN_DIGITS: usize = 4;
/// A phone number in E.164: `+`, country code, national number; 4 to 15 digits.
///
/// Serialized as that string and checked when read. `Debug` is masked, `Display` is the full number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// A number that can be dialed, and a doubt about it if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The number, in E.164.
    pub number: PhoneNumber,
    /// Set when the number has the right length and shape but lies in a range that nobody was given.
    pub warning: Option<Unassigned>,
}

impl PhoneNumber {
    /// Reads what a person typed. `default_country` is whose national form is understood when there is no `+`.
    ///
    /// # Errors
    /// [`BadNumber`] says in words why this can't be a number; it never repeats the number.
    pub fn parse(raw: &str, default_country: Option<CountryCode>) -> Result<Parsed, BadNumber> {
        let plain = spelling::plain(raw)?;
        if !plain.starts_with('+') && default_country.is_none() {
            return Err(BadNumber::NoCountry);
        }
        let parsed =
            PHONE_NUMBER_UTIL.parse(&plain, default_country.map(CountryCode::region)).map_err(|error| {
                match error {
                    ParseError::InvalidCountryCode => BadNumber::UnknownCallingCode,
                    ParseError::TooShortAfterIdd | ParseError::TooShortNsn => {
                        BadNumber::TooShort(default_country)
                    }
                    ParseError::TooLongNsn => BadNumber::TooLong(default_country),
                    ParseError::NotANumber(_) => BadNumber::NotANumber,
                }
            })?;
        let country = CountryCode::of(&parsed);
        match parsed.is_possible_with_reason() {
            Ok(NumberLengthType::IsPossible) => {}
            Ok(NumberLengthType::IsPossibleLocalOnly) => return Err(BadNumber::NoAreaCode(country)),
            Err(ValidationError::TooShort) => return Err(BadNumber::TooShort(country)),
            Err(ValidationError::TooLong) => return Err(BadNumber::TooLong(country)),
            Err(ValidationError::InvalidLength) => return Err(BadNumber::WrongLength(country)),
            Err(ValidationError::InvalidCountryCode) => return Err(BadNumber::UnknownCallingCode),
        }
        let assigned = parsed.is_valid();
        if !assigned {
            shape::check(&parsed, country)?;
        }
        let number = Self::from_e164(&parsed.format_as(PhoneNumberFormat::E164))?;
        Ok(Parsed { number, warning: (!assigned).then_some(Unassigned { country }) })
    }

    /// Reads a number that a machine wrote: `+` and 4 to 15 ASCII digits, the first not 0.
    ///
    /// # Errors
    /// [`BadNumber`] when it has another form. Whether such a number exists is not asked.
    pub fn from_e164(number: &str) -> Result<Self, BadNumber> {
        let digits = number.strip_prefix('+').ok_or(BadNumber::NoCountry)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadNumber::NotANumber);
        }
        if digits.starts_with('0') {
            return Err(BadNumber::UnknownCallingCode);
        }
        match digits.len() {
            ..MIN_DIGITS => Err(BadNumber::TooShort(None)),
            MIN_DIGITS..=MAX_DIGITS => Ok(Self(number.to_owned())),
            _ => Err(BadNumber::TooLong(None)),
        }
    }

    /// The number in E.164, as it is dialed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number for eyes that need not know it: `+1555•••0123`. At least three digits stay hidden.
    #[must_use]
    pub fn masked(&self) -> String {
        let digits = self.0.trim_start_matches('+');
        let shown = digits.len().saturating_sub(3);
        let tail = (shown / 2).min(4);
        let head = (shown - tail).min(4);
        // ASCII digits only, so every index is a character border; `get` keeps this total all the same.
        let head = digits.get(..head).unwrap_or_default();
        let tail = digits.get(digits.len() - tail..).unwrap_or_default();
        format!("+{head}•••{tail}")
    }

    /// The country whose numbering plan the number belongs to. In a plan that countries share (+1, +44, +7) an
    /// unassigned number counts as the main country's. `None` for satellite and other stateless networks.
    #[must_use]
    pub fn country(&self) -> Option<CountryCode> {
        PHONE_NUMBER_UTIL.parse(&self.0, None).ok().and_then(|number| CountryCode::of(&number))
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl FromStr for PhoneNumber {
    type Err = BadNumber;

    fn from_str(number: &str) -> Result<Self, BadNumber> {
        Self::from_e164(number)
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = BadNumber;

    fn try_from(number: String) -> Result<Self, BadNumber> {
        Self::from_e164(&number)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}
