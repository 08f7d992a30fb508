//! What came of one attempt to deliver, and what it means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What came of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The receiver answered with this HTTP status.
    Status(u16),
    /// It did not answer.
    Trouble(Trouble),
}

/// Why there was no answer. Nothing in it tells what was found behind an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Trouble {
    /// No answer in time.
    Timeout,
    /// No connection, no such host, or a bad certificate.
    Unreachable,
    /// The address is none that is sent to: inside, or not one of the web.
    AddressNotAllowed,
    /// What came back is no HTTP.
    BadAnswer,
    /// The endpoint's secret was sealed by a key that is gone: it needs a new one.
    SecretLost,
}

impl Trouble {
    const ALL: [Self; 5] =
        [Self::Timeout, Self::Unreachable, Self::AddressNotAllowed, Self::BadAnswer, Self::SecretLost];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::BadAnswer => "bad_answer",
            Self::SecretLost => "secret_lost",
        }
    }

    /// The trouble of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.as_str() == word)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "there was no answer in time",
            Self::Unreachable => "it can't be reached",
            Self::AddressNotAllowed => "its address is none that webhooks are sent to",
            Self::BadAnswer => "what it answers is no HTTP",
            Self::SecretLost => "its secret can't be opened any more: give it a new one",
        })
    }
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Taken,
    /// It does not; another attempt may help.
    Failed,
    /// It never wants anything again.
    Gone,
}

impl Answer {
    /// What it means. A redirect is not followed, and is no taking.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Status(200..=299) => Verdict::Taken,
            Self::Status(410) => Verdict::Gone,
            Self::Status(_) | Self::Trouble(_) => Verdict::Failed,
        }
    }

    /// Whether the receiver held the line until it was cut: others must not wait for such a one.
    pub fn is_slow(self) -> bool {
        matches!(self, Self::Trouble(Trouble::Timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_of_success_takes_a_delivery() {
        for (status, verdict) in [
            (200, Verdict::Taken),
            (204, Verdict::Taken),
            (299, Verdict::Taken),
            (301, Verdict::Failed),
            (308, Verdict::Failed),
            (404, Verdict::Failed),
            (410, Verdict::Gone),
            (429, Verdict::Failed),
            (503, Verdict::Failed),
        ] {
            assert_eq!(Answer::Status(status).verdict(), verdict, "{status}");
        }
        assert_eq!(Answer::Trouble(Trouble::Timeout).verdict(), Verdict::Failed);
    }

    #[test]
    fn every_trouble_is_read_back_from_its_word() {
        for trouble in Trouble::ALL {
            assert_eq!(Trouble::parse(trouble.as_str()), Some(trouble));
        }
    }
}
