//! Countries by their two letters (ISO 3166-1), those that have phones.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};
use serde::{Deserialize, Serialize};

/// A country with a numbering plan, as two capital letters: `IL`, `US`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct CountryCode([u8; 2]);

/// Two letters that no country with phones has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a country: give its two letters, such as US or IL")]
pub struct UnknownCountry;

impl CountryCode {
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Built from ASCII letters only.
        std::str::from_utf8(&self.0).unwrap_or("ZZ")
    }

    /// The country's calling code without the `+`: 972 for `IL`.
    #[must_use]
    pub fn calling_code(self) -> Option<u16> {
        let code = PHONE_NUMBER_UTIL.get_country_code_for_region(self.region())?;
        u16::try_from(code).ok()
    }

    /// The country of a number: the one that it is assigned in, else the main one of its calling code.
    pub(super) fn of(number: &rlibphonenumber::PhoneNumber) -> Option<Self> {
        let region = number
            .get_region_code()
            .or_else(|| PHONE_NUMBER_UTIL.get_region_for_country_code(number.country_code))?;
        region.as_region_str().parse().ok()
    }

    pub(super) fn region(self) -> Region {
        self.as_str().parse().unwrap_or(Region::ZZ)
    }
}

impl FromStr for CountryCode {
    type Err = UnknownCountry;

    fn from_str(letters: &str) -> Result<Self, UnknownCountry> {
        let letters = <[u8; 2]>::try_from(letters.as_bytes()).map_err(|_| UnknownCountry)?;
        if !letters.iter().all(u8::is_ascii_alphabetic) {
            return Err(UnknownCountry);
        }
        let country = Self(letters.map(|letter| letter.to_ascii_uppercase()));
        country.calling_code().map(|_| country).ok_or(UnknownCountry)
    }
}

impl TryFrom<String> for CountryCode {
    type Error = UnknownCountry;

    fn try_from(letters: String) -> Result<Self, UnknownCountry> {
        letters.parse()
    }
}

impl From<CountryCode> for String {
    fn from(country: CountryCode) -> Self {
        country.as_str().to_owned()
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
