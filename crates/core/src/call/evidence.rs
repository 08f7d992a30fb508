//! What was said about a call's end, kept as it came: none of it is derived from another part of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a carrier reported beside its end word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// The carrier's status word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_status: Option<String>,
    /// The carrier's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_code: Option<String>,
    /// The carrier's cause in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_cause: Option<String>,
    /// The SIP response code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip: Option<u16>,
    /// The Q.850 cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q850: Option<u16>,
    /// Who hung up, where the carrier says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hangup_by: Option<HangUpBy>,
    /// An error's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// An error in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

impl Reported {
    /// Fills what is empty from another report of the same end. Where the two differ, the lesser word stands, so that
    /// it does not matter which came first.
    pub fn merge(&mut self, other: &Self) {
        fn fill<T: Clone + Ord>(mine: &mut Option<T>, theirs: &Option<T>) {
            let stands = match (&mine, theirs) {
                (Some(mine), Some(theirs)) => mine <= theirs,
                (_, None) => true,
                (None, Some(_)) => false,
            };
            if !stands {
                mine.clone_from(theirs);
            }
        }
        fill(&mut self.carrier_status, &other.carrier_status);
        fill(&mut self.carrier_code, &other.carrier_code);
        fill(&mut self.carrier_cause, &other.carrier_cause);
        fill(&mut self.sip, &other.sip);
        fill(&mut self.q850, &other.q850);
        fill(&mut self.hangup_by, &other.hangup_by);
        fill(&mut self.error_code, &other.error_code);
        fill(&mut self.error_message, &other.error_message);
    }
}

/// Who closed the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HangUpBy {
    /// Who called.
    Caller,
    /// Who was called.
    Callee,
    /// This server.
    Us,
    /// The carrier or the network.
    Carrier,
    /// Nobody said.
    Unknown,
}

/// Whether the far end rang.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rang {
    /// It did.
    Yes,
    /// It did not: nothing was ever placed.
    No,
    /// Nobody said.
    Unknown,
}

/// What the network vouches for of a caller's number (STIR/SHAKEN), as the carrier verified it. Shown, and never an identity:
/// nothing is decided by it, and a call without it is as good as one with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Attestation {
    /// Level A, verified: whoever put the call through knows the caller, and that the number is theirs.
    Full,
    /// Level B, verified: they know the caller, and not whether the number is theirs.
    Partial,
    /// Level C, verified: they only say where the call entered.
    Gateway,
    /// There was a signature, and it did not hold.
    Failed,
    /// There was none to verify.
    Unsigned,
}

impl Attestation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Full, Self::Partial, Self::Gateway, Self::Failed, Self::Unsigned];

    /// What a level means that was verified.
    pub fn of_level(level: &str) -> Option<Self> {
        Some(match level {
            "A" | "a" => Self::Full,
            "B" | "b" => Self::Partial,
            "C" | "c" => Self::Gateway,
            _ => return None,
        })
    }
}

/// Who took the call, by the carrier's answering-machine detection: both carriers' verdicts in one vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// A person.
    Human,
    /// A machine has begun to speak.
    Machine,
    /// A machine has finished its greeting: speak now.
    MachineReady,
    /// A fax.
    Fax,
    /// Nobody speaks.
    Silence,
    /// The carrier can't tell.
    Unknown,
}

impl AnsweredBy {
    /// The more telling of two verdicts on one call, whichever came first.
    pub fn refined(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }

    fn weight(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Silence => 1,
            Self::Human => 2,
            Self::Machine => 3,
            Self::MachineReady => 4,
            Self::Fax => 5,
        }
    }
}
