//! What became of a tool that the model asked for, and what those of one call have done together.

use super::tool::{EndReason, Tool};
use crate::id::{AppointmentId, ToolCallId};
use crate::phone::PhoneNumber;
use crate::private::Private;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A tool that was asked for, and its answer: a fact of the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The model's name of this call of the tool.
    pub id: ToolCallId,
    /// Which; `None`: none of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// What it did.
    #[serde(flatten)]
    pub did: Effect,
    /// What the model is told: JSON, in words of no person but the caller's own.
    pub says: Private<String>,
}

/// What a tool did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Effect {
    /// Nothing.
    Refused {
        /// Why.
        why: Refusal,
    },
    /// The caller's appointment is confirmed.
    Confirmed {
        /// Which.
        appointment: AppointmentId,
    },
    /// The caller's appointment is cancelled.
    Cancelled {
        /// Which.
        appointment: AppointmentId,
    },
    /// The caller's appointment is at another time.
    Rescheduled {
        /// Which.
        appointment: AppointmentId,
        /// When.
        start: Timestamp,
    },
    /// The caller has an appointment.
    Booked {
        /// Which.
        appointment: AppointmentId,
        /// When.
        start: Timestamp,
    },
    /// The caller was told which times are free.
    Told,
    /// The call is to be handed to somebody of the list.
    Transfer {
        /// To whom.
        to: PhoneNumber,
    },
    /// The call is to end when the goodbye has been heard.
    End {
        /// Why.
        reason: EndReason,
    },
}

/// Why a tool did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such tool.
    UnknownTool,
    /// Its arguments are not as they must be.
    BadArguments,
    /// This bot may not.
    NotAllowed,
    /// The caller has no appointment that is known.
    NoAppointment,
    /// The caller's appointment is cancelled, or has taken place.
    AppointmentOver,
    /// The caller has booked in this call already.
    BookedBefore,
    /// Nobody can say what the caller is called.
    NoName,
    /// There is nobody of this name.
    NoPractitioner,
    /// The time is not free.
    NotFree,
    /// Nobody of the list is meant.
    NotOnTheList,
    /// The calendar can't be read or changed now.
    CalendarAway,
    /// The call has used up what it may.
    OverLimit,
    /// Something of ours broke.
    Failed,
}

impl Refusal {
    /// Its word, for the model and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownTool => "unknown_tool",
            Self::BadArguments => "bad_arguments",
            Self::NotAllowed => "not_allowed",
            Self::NoAppointment => "no_appointment",
            Self::AppointmentOver => "appointment_over",
            Self::BookedBefore => "booked_before",
            Self::NoName => "no_name",
            Self::NoPractitioner => "no_practitioner",
            Self::NotFree => "not_free",
            Self::NotOnTheList => "not_on_the_list",
            Self::CalendarAway => "calendar_away",
            Self::OverLimit => "over_limit",
            Self::Failed => "failed",
        }
    }
}

/// What the tools of one call have done, in the order of their answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tools {
    answers: Vec<Answered>,
}

impl Tools {
    /// Takes in an answer; whether it is news.
    pub fn note(&mut self, answered: Answered) -> bool {
        let is_news = self.answer(&answered.id).is_none();
        if is_news {
            self.answers.push(answered);
        }
        is_news
    }

    /// The answer to this call of a tool, if it was given.
    pub fn answer(&self, id: &ToolCallId) -> Option<&Answered> {
        self.answers.iter().find(|answered| answered.id == *id)
    }

    /// How many were answered.
    pub fn count(&self) -> usize {
        self.answers.len()
    }

    /// The answers, the first one first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Answered> {
        self.answers.iter()
    }

    /// What was done, the first thing first.
    pub fn effects(&self) -> impl DoubleEndedIterator<Item = &Effect> {
        self.answers.iter().map(|answered| &answered.did)
    }

    /// The appointment that was booked in this call.
    pub fn booked(&self) -> Option<AppointmentId> {
        self.effects().find_map(|effect| match effect {
            Effect::Booked { appointment, .. } => Some(*appointment),
            _ => None,
        })
    }

    /// The appointments that are to be confirmed or cancelled because of this call: of each its last word.
    pub fn standing(&self) -> BTreeMap<AppointmentId, &Effect> {
        let of = |effect| match effect {
            &(Effect::Confirmed { appointment }
            | Effect::Cancelled { appointment }
            | Effect::Rescheduled { appointment, .. }
            | Effect::Booked { appointment, .. }) => Some(appointment),
            Effect::Refused { .. } | Effect::Told | Effect::Transfer { .. } | Effect::End { .. } => None,
        };
        self.effects().filter_map(|effect| Some((of(effect)?, effect))).collect()
    }
}
