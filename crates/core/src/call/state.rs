//! Where a leg is, and the flat status that users see. Both are derived from facts, never stored beside them.

use super::disposition::Disposition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a leg is. The order is the rank: within a leg it never falls, but for one reopening of `not_placed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Accepted by us, nothing sent.
    Queued,
    /// The intent is durable; a request may be out.
    Dialing,
    /// The carrier accepted.
    Initiated,
    /// The far end rings. May never be seen.
    Ringing,
    /// Connected.
    Answered,
    /// We asked to hang up; the carrier has not confirmed.
    Ending,
    /// Over, with one disposition.
    Ended,
}

impl State {
    /// All of them, in rank order.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Dialing,
        Self::Initiated,
        Self::Ringing,
        Self::Answered,
        Self::Ending,
        Self::Ended,
    ];

    /// The word in JSON and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Dialing => "dialing",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Ending => "ending",
            Self::Ended => "ended",
        }
    }
}

/// What an answered call is doing. It moves freely and has no rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// The two sides talk.
    Talking,
    /// One side hears music.
    OnHold,
    /// It is being handed to somebody else.
    Transferring,
}

/// The flat view of state and disposition that users know from other systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Queued, dialing, or accepted by the carrier.
    Initiated,
    /// The far end rings.
    Ringing,
    /// Connected.
    Answered,
    /// Connected, on hold.
    OnHold,
    /// Being handed over.
    Transferring,
    /// Over, and it was connected.
    Completed,
    /// Over: could not be connected.
    Failed,
    /// Over: busy.
    Busy,
    /// Over: rang out.
    NoAnswer,
    /// Over: withdrawn.
    Canceled,
    /// Over: a person said no.
    Rejected,
    /// Over: an app call rang out.
    Missed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Initiated,
        Self::Ringing,
        Self::Answered,
        Self::OnHold,
        Self::Transferring,
        Self::Completed,
        Self::Failed,
        Self::Busy,
        Self::NoAnswer,
        Self::Canceled,
        Self::Rejected,
        Self::Missed,
    ];

    /// The words that people and carriers use for a status, as [`Status::parse`] reads them.
    pub const WORDS: [&'static str; 18] = [
        "queued",
        "initiated",
        "ringing",
        "answered",
        "in-progress",
        "active",
        "on_hold",
        "on-hold",
        "transferring",
        "completed",
        "failed",
        "busy",
        "no_answer",
        "no-answer",
        "canceled",
        "cancelled",
        "rejected",
        "missed",
    ];

    /// Folds a live state and its activity into the flat view.
    pub fn live(state: State, activity: Activity) -> Self {
        match (state, activity) {
            (State::Queued | State::Dialing | State::Initiated, _) => Self::Initiated,
            (State::Ringing, _) => Self::Ringing,
            (State::Answered | State::Ending, Activity::OnHold) => Self::OnHold,
            (State::Answered | State::Ending, Activity::Transferring) => Self::Transferring,
            (State::Answered | State::Ending, Activity::Talking) => Self::Answered,
            (State::Ended, _) => Self::Failed,
        }
    }

    /// Folds a disposition into the flat view.
    pub fn ended(disposition: Disposition) -> Self {
        use Disposition as D;
        match disposition {
            D::Completed | D::Voicemail | D::Fax | D::TimeLimit | D::Abandoned => Self::Completed,
            D::Busy => Self::Busy,
            D::NoAnswer => Self::NoAnswer,
            D::Rejected | D::Declined => Self::Rejected,
            D::Canceled
            | D::CallerGaveUp
            | D::AnsweredElsewhere
            | D::GlareMerged
            | D::Suppressed
            | D::OutOfWindow
            | D::Duplicate => Self::Canceled,
            D::Missed => Self::Missed,
            D::Blocked
            | D::Unreachable
            | D::InvalidNumber
            | D::CarrierFailed
            | D::RateLimited
            | D::BotFailed
            | D::RejectedCapacity
            | D::Expired
            | D::NotPlaced
            | D::Unknown => Self::Failed,
        }
    }

    /// The state and activity that a live status stands for; of a status that is an end, the last state.
    pub fn live_parts(self) -> (State, Activity) {
        match self {
            Self::Initiated => (State::Initiated, Activity::Talking),
            Self::Ringing => (State::Ringing, Activity::Talking),
            Self::Answered => (State::Answered, Activity::Talking),
            Self::OnHold => (State::Answered, Activity::OnHold),
            Self::Transferring => (State::Answered, Activity::Transferring),
            Self::Completed
            | Self::Failed
            | Self::Busy
            | Self::NoAnswer
            | Self::Canceled
            | Self::Rejected
            | Self::Missed => (State::Ended, Activity::Talking),
        }
    }

    /// The disposition of a call of which no more is known than this status; `None` if it is not an end.
    pub fn as_end(self) -> Option<Disposition> {
        Some(match self {
            Self::Completed => Disposition::Completed,
            Self::Failed => Disposition::CarrierFailed,
            Self::Busy => Disposition::Busy,
            Self::NoAnswer => Disposition::NoAnswer,
            Self::Canceled => Disposition::Canceled,
            Self::Rejected => Disposition::Rejected,
            Self::Missed => Disposition::Missed,
            Self::Initiated | Self::Ringing | Self::Answered | Self::OnHold | Self::Transferring => {
                return None;
            }
        })
    }

    /// Whether the call is over.
    pub fn is_over(self) -> bool {
        self >= Self::Completed
    }

    /// The word in JSON and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::OnHold => "on_hold",
            Self::Transferring => "transferring",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Canceled => "canceled",
            Self::Rejected => "rejected",
            Self::Missed => "missed",
        }
    }

    /// Reads a status as people and carriers write it: ours, with dashes, and the older words.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase().replace('-', "_");
        Some(match word.as_str() {
            "in_progress" | "active" => Self::Answered,
            "queued" => Self::Initiated,
            "cancelled" => Self::Canceled,
            other => return Self::ALL.into_iter().find(|status| status.as_str() == other),
        })
    }
}
