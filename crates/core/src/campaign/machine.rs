//! What happens when a machine answers. The verdict comes when it comes, or never; it is kept with the call either way.

use super::check::Fault;
use crate::call::AnsweredBy;
use crate::script::Template;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const MAX_MESSAGE_CHARS: usize = 4_000;

/// What happens when a machine answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "machine", rename_all = "snake_case")]
pub enum Machine {
    /// The script speaks at once, whoever listens; the verdict is only kept.
    #[default]
    TalkFirst,
    /// Nothing is said before the verdict, or before so many milliseconds have passed; machines are hung up on.
    WaitForVerdict {
        /// How long a person may hear nothing.
        at_most_ms: u32,
    },
    /// People hear the script; a machine that has finished its greeting hears this message.
    LeaveMessage {
        /// What is said; may hold `{{name}}` and `{{variable}}`.
        text: String,
    },
    /// The script speaks at once; a machine is hung up on as soon as it is known to be one.
    HangUp,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Let the script speak, or go on speaking.
    Talk,
    /// Say nothing yet.
    Wait,
    /// Say the message, then hang up.
    LeaveMessage,
    /// Hang up.
    HangUp,
}

impl Machine {
    /// What to do on this verdict; `None` while there is none. Whatever can't be told from a person is treated as one.
    pub fn on(&self, verdict: Option<AnsweredBy>) -> Act {
        use AnsweredBy as By;
        let is_machine = matches!(verdict, Some(By::Machine | By::MachineReady | By::Fax));
        match (self, verdict) {
            (Self::TalkFirst, _) => Act::Talk,
            (Self::WaitForVerdict { .. }, None) => Act::Wait,
            (Self::LeaveMessage { .. }, Some(By::Fax)) => Act::HangUp,
            (Self::LeaveMessage { .. }, Some(By::MachineReady)) => Act::LeaveMessage,
            (Self::LeaveMessage { .. }, Some(By::Machine)) => Act::Wait,
            (Self::WaitForVerdict { .. } | Self::HangUp, Some(_)) if is_machine => Act::HangUp,
            (Self::WaitForVerdict { .. } | Self::LeaveMessage { .. } | Self::HangUp, _) => Act::Talk,
        }
    }

    /// What a bot's campaign does unless it says otherwise: a model that talks to a machine costs, and nobody hears it.
    pub fn usual_for_bots() -> Self {
        Self::HangUp
    }

    /// Whether the script just speaks, as in a call of no campaign.
    pub fn only_talks(&self) -> bool {
        matches!(self, Self::TalkFirst)
    }

    /// Whether the carrier is asked for a verdict at all.
    pub fn wants_verdict(&self) -> bool {
        !self.only_talks()
    }

    pub(super) fn check(&self, faults: &mut Vec<Fault>) {
        match self {
            Self::WaitForVerdict { at_most_ms } if !(500..=10_000).contains(at_most_ms) => {
                faults.push(Fault::new(
                    "machine.at_most_ms",
                    "people hang up on a long silence",
                    "500 to 10000 milliseconds",
                ));
            }
            Self::LeaveMessage { text } if text.trim().is_empty() => {
                faults.push(Fault::new(
                    "machine.text",
                    "it is empty, so nothing would be said",
                    "what the machine is to hear",
                ));
            }
            Self::LeaveMessage { text } if text.chars().count() > MAX_MESSAGE_CHARS => {
                faults.push(Fault::new(
                    "machine.text",
                    "it is longer than a carrier says",
                    "at most 4000 characters",
                ));
            }
            Self::LeaveMessage { text } => {
                if let Err(bad) = Template::parse(text.as_str()) {
                    faults.push(Fault::new(
                        "machine.text",
                        bad.to_string(),
                        "such as: Hello {{name}}, please call us",
                    ));
                }
            }
            Self::WaitForVerdict { .. } | Self::TalkFirst | Self::HangUp => {}
        }
    }
}
