//! Why something can't be a phone number, in words for the person who typed it. Never repeats the number itself.

use std::fmt;

use super::CountryCode;

/// Why the text can't be a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Nothing but spaces and marks.
    #[error("the number is empty")]
    Empty,
    /// A national number, and nobody said of which country.
    #[error("the number has no country: begin it with + and the country code, or set a default country")]
    NoCountry,
    /// Letters, vanity numbers included.
    #[error("the number contains letters")]
    Letters,
    /// `sip:` or anything with `@`.
    #[error("this is a SIP address, not a phone number")]
    SipAddress,
    /// `,` `;` `*` `#`: keys to press after the answer.
    #[error("the number is followed by keys to press ({0:?}): give the number alone")]
    KeysToPress(char),
    /// A character that no phone number holds.
    #[error("the number contains {0:?}")]
    UnexpectedCharacter(char),
    /// The digits make no number.
    #[error("this is not a phone number")]
    NotANumber,
    /// After the `+` comes no country's code.
    #[error("no country has this calling code")]
    UnknownCallingCode,
    /// Fewer digits than any number there.
    #[error("the number is too short{}", In(*.0))]
    TooShort(Option<CountryCode>),
    /// More digits than any number there, or than E.164 allows.
    #[error("the number is too long{}", In(*.0))]
    TooLong(Option<CountryCode>),
    /// A length between two that exist.
    #[error("the number has the wrong count of digits{}", In(*.0))]
    WrongLength(Option<CountryCode>),
    /// A local number that only a neighbour can dial.
    #[error("the number lacks its area code{}", In(*.0))]
    NoAreaCode(Option<CountryCode>),
    /// The right length, but it begins as no number there can.
    #[error("the number begins with a digit that no number can begin with{}", In(*.0))]
    WrongShape(Option<CountryCode>),
}

/// The number could exist, but its range was given to nobody that we know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unassigned {
    /// Whose numbering plan it is, if it is a country's.
    pub country: Option<CountryCode>,
}

impl fmt::Display for Unassigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the number lies in a range that is not assigned{}: a call to it may fail",
            In(self.country)
        )
    }
}

/// ` for IL`, or nothing when the country isn't known.
struct In(Option<CountryCode>);

impl fmt::Display for In {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |country| write!(f, " for {country}"))
    }
}
