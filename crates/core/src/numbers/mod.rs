//! Our own numbers: whose they are, what answers them, and at which hours.
//!
//! In go a number's row ([`Number`]) and the time; out comes what answers a call to it now ([`Answering::at`]). Rows are
//! decision data: the store keeps them and every node mirrors them. Each change counts the row's version up, and of two
//! versions the higher one stands: that is what lets a mirror and a database be brought together without a history.
//!
//! Left to others: reading scripts and speaking (engine, [`crate::script`]), who may change a number ([`crate::tenancy`]).

mod opening;

pub use opening::{BadHours, OpeningHours};

use crate::bot::BotName;
use crate::id::TenantId;
use crate::phone::PhoneNumber;
use crate::private::Address;
use crate::script::{Language, ScriptName};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest message, in characters: two minutes of speech.
pub const MESSAGE_CHARS: usize = 2_000;

/// One of our numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// The number, in E.164.
    pub number: Address,
    /// Whose calls those to it are.
    pub tenant: TenantId,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What answers it.
    pub answering: Answering,
    /// Counted up with every change; the higher one stands.
    pub version: u64,
    /// Since when it is its tenant's.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Since when it is nobody's. It may be given again, which is another version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
}

/// What answers a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answering {
    /// What answers while it is open.
    pub answer: Answer,
    /// When it is open; always if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening_hours: Option<OpeningHours>,
    /// What answers at other times, and whoever is put through to nobody; the language's own words if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_hours: Option<AfterHours>,
}

/// What answers a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A script is run.
    Script(ScriptName),
    /// The caller is put through to this number.
    Forward(PhoneNumber),
    /// A bot talks.
    Bot(BotName),
}

/// What answers a call while a number is closed, or where nobody is reached: a message, a script, or a script that begins with the message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterHours {
    /// What is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// In which language; that of the script if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The script that is run; the call ends after the message if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<ScriptName>,
}

/// Which way a number sent a call that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// To its script.
    Script,
    /// To its bot.
    Bot,
    /// It was closed: to what answers then.
    AfterHours,
    /// To another number.
    Forward,
}

/// A message that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("give 1 to {MESSAGE_CHARS} characters to be said")]
pub struct BadMessage;

impl Number {
    /// The next version of it, nobody's from this time on.
    #[must_use]
    pub fn removed(self, at: Timestamp) -> Self {
        let removed_at = Some(self.removed_at.unwrap_or(at));
        Self { version: self.version.saturating_add(1), updated_at: at, removed_at, ..self }
    }

    /// Whether it is anybody's.
    pub fn is_given(&self) -> bool {
        self.removed_at.is_none()
    }

    /// The one of two versions that stands; this one if they are equally new.
    #[must_use]
    pub fn newer(self, other: &Self) -> Self {
        if other.version > self.version { other.clone() } else { self }
    }
}

impl Answering {
    /// A script, at any time.
    pub fn always(script: ScriptName) -> Self {
        Self { answer: Answer::Script(script), opening_hours: None, after_hours: None }
    }

    /// Which way a call goes that comes in at this time.
    pub fn at(&self, now: Timestamp) -> Route {
        match &self.opening_hours {
            Some(hours) if !hours.are_open(now) => Route::AfterHours,
            _ => match self.answer {
                Answer::Script(_) => Route::Script,
                Answer::Bot(_) => Route::Bot,
                Answer::Forward(_) => Route::Forward,
            },
        }
    }
}

/// Reads a message, without the space around it.
///
/// # Errors
/// [`BadMessage`].
pub fn message(words: &str) -> Result<String, BadMessage> {
    let words = words.trim();
    let is_odd = |char: char| char.is_control() && !char.is_whitespace();
    let is_good = (1..=MESSAGE_CHARS).contains(&words.chars().count()) && !words.contains(is_odd);
    if is_good { Ok(words.to_owned()) } else { Err(BadMessage) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    fn number(version: u64, script: &str) -> Number {
        Number {
            number: Address::new("+15550100100"),
            tenant: TenantId::new("acme"),
            label: None,
            answering: Answering::always(script.parse().unwrap()),
            version,
            created_at: at(1),
            updated_at: at(1),
            removed_at: None,
        }
    }

    #[test]
    fn of_two_versions_the_higher_one_stands_whichever_side_has_it() {
        let (old, new) = (number(1, "old"), number(2, "new"));
        assert_eq!(old.clone().newer(&new), new);
        assert_eq!(new.clone().newer(&old), new);
        let other = number(2, "other");
        assert_eq!(new.clone().newer(&other), new, "equally new: this side's word stands");
    }

    #[test]
    fn a_number_that_was_taken_back_is_a_newer_version_and_may_be_given_again() {
        let gone = number(1, "x").removed(at(5));
        assert!(!gone.is_given() && gone.version == 2);
        let again = Number { version: 3, removed_at: None, ..gone.clone() };
        assert_eq!(gone.newer(&again), again);
    }

    #[test]
    fn a_message_has_words() {
        assert_eq!(message(" We are closed.\nCall again. ").unwrap(), "We are closed.\nCall again.");
        for bad in ["", "  ", "a\0b", &"x".repeat(MESSAGE_CHARS + 1)] {
            assert_eq!(message(bad), Err(BadMessage), "{bad:?}");
        }
    }
}
