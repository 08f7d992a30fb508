//! Where two carriers that use the same names mean something else by them, or write it differently.
//!
//! Telnyx's TeXML took over Twilio's parameters and verbs. Its ids, its times, its directions, how it tells of an end and
//! who answered are its own, and so are the defaults of its verbs (`voice/twiml.rs`).

use crate::form::Form;
use crate::words::UnknownWord;
use crate::{telnyx, twilio};
use jiff::Timestamp;
use trunkline_core::call::{AnsweredBy, Attestation, CarrierEnd, Direction, EndWord};
use trunkline_core::id::AccountId;

/// Whose words a form or a document is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Twilio's, and that of whoever speaks its API.
    Twilio,
    /// Telnyx's TeXML.
    Telnyx,
}

impl Dialect {
    /// The one that this account's carrier speaks.
    pub fn of(account: &AccountId) -> Self {
        match account.kind() {
            telnyx::NAME => Self::Telnyx,
            _ => Self::Twilio,
        }
    }

    /// Whether this is an id of an account.
    pub(crate) fn is_account(self, text: &str) -> bool {
        match self {
            Self::Twilio => twilio::is_sid(text, "AC"),
            Self::Telnyx => telnyx::is_uuid(text),
        }
    }

    /// Whether this is an id of a leg.
    pub(crate) fn is_call(self, text: &str) -> bool {
        match self {
            Self::Twilio => twilio::is_sid(text, "CA"),
            Self::Telnyx => telnyx::is_call_id(text),
        }
    }

    /// Whether this is an id of a recording.
    pub(crate) fn is_recording(self, text: &str) -> bool {
        match self {
            Self::Twilio => twilio::is_sid(text, "RE"),
            Self::Telnyx => telnyx::is_uuid(text),
        }
    }

    /// When it happened, by the carrier.
    pub(crate) fn occurred_at(self, form: &Form) -> Option<Timestamp> {
        match self {
            Self::Twilio => form.get("Timestamp").and_then(twilio::words::time),
            Self::Telnyx => telnyx::words::occurred_at(form),
        }
    }

    /// Which way a call goes.
    pub(crate) fn direction(self, form: &Form) -> Direction {
        let word = form.get("Direction").unwrap_or_default();
        match self {
            Self::Twilio => twilio::words::direction(word),
            Self::Telnyx => telnyx::words::direction(word),
        }
    }

    /// What the network vouches for of the caller's number. A word that we do not know says nothing.
    pub(crate) fn attestation(self, form: &Form) -> Option<Attestation> {
        match self {
            Self::Twilio => form.get("StirVerstat").and_then(twilio::words::attestation),
            Self::Telnyx => telnyx::words::attestation(form),
        }
    }

    /// Who took a call.
    pub(crate) fn answered_by(self, word: &str) -> Result<AnsweredBy, UnknownWord> {
        match self {
            Self::Twilio => twilio::words::answered_by(word),
            Self::Telnyx => telnyx::words::answered_by(word),
        }
    }

    /// The end as the carrier tells it.
    pub(crate) fn end(self, end: EndWord, word: &str, form: &Form) -> CarrierEnd {
        match self {
            Self::Twilio => twilio::words::end(end, word, form),
            Self::Telnyx => telnyx::words::end(end, word, form),
        }
    }

    /// Whether the carrier reads delivery settings out of a URL's fragment. Who does not would send it, or refuse it.
    pub(crate) fn reads_fragments(self) -> bool {
        match self {
            Self::Twilio => true,
            Self::Telnyx => false,
        }
    }
}
