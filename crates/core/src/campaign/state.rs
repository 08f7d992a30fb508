//! Where a campaign stands, and what may be done with it.

use crate::dial::gates::Running;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where a campaign stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CampaignState {
    /// Being written; nothing is dialed.
    #[default]
    Draft,
    /// Jobs are dialed.
    Running,
    /// No job is dialed; open calls go on.
    Paused,
    /// No job is dialed any more; finished when the open calls are over.
    Draining,
    /// All jobs are settled, or it was drained.
    Finished,
    /// Somebody cancelled it.
    Cancelled,
}

/// What is done with a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// Begin.
    Start,
    /// Dial nothing for a while.
    Pause,
    /// Go on.
    Resume,
    /// Dial nothing more, and let open calls end.
    Drain,
    /// Nothing is left to do.
    Finish,
    /// Settle what waits as cancelled, and let open calls end.
    Cancel,
    /// The same, and hang up open calls.
    ForceCancel,
}

/// What can't be done with a campaign as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("can't {} a campaign that is {}", .asked.as_str(), .state.as_str())]
pub struct BadMove {
    /// What was asked.
    pub asked: Move,
    /// Where it stands.
    pub state: CampaignState,
}

impl Move {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Start, Self::Pause, Self::Resume, Self::Drain, Self::Finish, Self::Cancel, Self::ForceCancel];

    /// The word in commands and routes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Drain => "drain",
            Self::Finish => "finish",
            Self::Cancel => "cancel",
            Self::ForceCancel => "force-cancel",
        }
    }
}

impl CampaignState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Draft, Self::Running, Self::Paused, Self::Draining, Self::Finished, Self::Cancelled];

    /// The word in JSON and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
        }
    }

    /// Where it stands after this. What changes nothing is fine: who asks twice gets the same answer.
    ///
    /// # Errors
    /// [`BadMove`] when it can't be done as it stands.
    pub fn after(self, asked: Move) -> Result<Self, BadMove> {
        use CampaignState as S;
        match (asked, self) {
            (Move::Start, S::Draft | S::Running) => Ok(S::Running),
            (Move::Pause, S::Running | S::Paused) => Ok(S::Paused),
            // One that has run out goes on with who was added or set aside.
            (Move::Resume, S::Paused | S::Running | S::Draining | S::Finished) => Ok(S::Running),
            (Move::Drain, S::Running | S::Paused | S::Draining) => Ok(S::Draining),
            (Move::Finish, S::Running | S::Draining | S::Finished) => Ok(S::Finished),
            // A force-cancel after a cancel still hangs up what is open.
            (
                Move::Cancel | Move::ForceCancel,
                S::Draft | S::Running | S::Paused | S::Draining | S::Cancelled,
            ) => Ok(S::Cancelled),
            (Move::Start, S::Paused | S::Draining | S::Finished | S::Cancelled)
            | (Move::Pause, S::Draft | S::Draining | S::Finished | S::Cancelled)
            | (Move::Resume, S::Draft | S::Cancelled)
            | (Move::Drain, S::Draft | S::Finished | S::Cancelled)
            | (Move::Finish, S::Draft | S::Paused | S::Cancelled)
            | (Move::Cancel | Move::ForceCancel, S::Finished) => Err(BadMove { asked, state: self }),
        }
    }

    /// What the gates make of it.
    pub fn gate(self) -> Running {
        match self {
            Self::Draft => Running::NotStarted,
            Self::Running => Running::Running,
            Self::Paused => Running::Paused,
            Self::Draining => Running::Draining,
            Self::Finished | Self::Cancelled => Running::Over,
        }
    }
}
