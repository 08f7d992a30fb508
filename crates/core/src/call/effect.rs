//! What must now be done, and why a fact changed nothing.

use super::state::{State, Status};
use crate::id::{ActionNo, CarrierCallId, LegNo, RecordingId};
use serde::{Deserialize, Serialize};

/// What must be done after an event is durable. Emitted once per (call, kind, step); what is owed beyond a crash is
/// derived from the state again by [`super::Call::owed`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// A command that stays owed until a fact confirms it.
    Owed(Owed),
    /// A recording can be fetched from the carrier: emitted when it is first named, and once more when the carrier says
    /// that it is ready.
    FetchRecording(RecordingId),
    /// The call's flat status changed: tell who listens.
    Announce(Status),
    /// The call is over: its slot is free.
    Released,
}

/// A command that is derivable from the state: if the process dies before it is done, it is done at recovery.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owed {
    /// Send this attempt's one create request.
    Post(LegNo),
    /// Find out what became of an unclear create request.
    Reconcile(LegNo),
    /// Hang this leg up.
    HangUp(LegNo, CarrierCallId),
    /// Send this leg to the page of the action that was asked for.
    Act(LegNo, ActionNo),
    /// Hang up a call at the carrier that belongs to no open attempt.
    HangUpStray(CarrierCallId),
}

/// Why a fact changed nothing. Kept in the history, counted, answered politely to the carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refused", rename_all = "snake_case")]
pub enum Refused {
    /// It was known already.
    #[error("known already")]
    Same,
    /// The call is past it.
    #[error("late: the leg is already {}", state.as_str())]
    Late {
        /// Where the leg is.
        state: State,
    },
    /// It cannot happen in this state.
    #[error("impossible while the leg is {}", state.as_str())]
    Illegal {
        /// Where the leg is.
        state: State,
    },
    /// The call has no such attempt.
    #[error("the call has no leg {leg}")]
    NoSuchLeg {
        /// Which was named.
        leg: LegNo,
    },
    /// It bears an older owner's fence.
    #[error("it bears the fence of an earlier owner")]
    OldFence,
    /// A second end that differs from the first, which stands: an operator should know. Said once.
    #[error("a second, different end")]
    Conflict,
    /// A client carries the call itself: nobody else moves it.
    #[error("only its client moves this call")]
    ClientsOwn,
    /// A client's word on a call that is not its own.
    #[error("not a registered call")]
    NotRegistered,
    /// A user's word on a call that is not one between users of an app.
    #[error("not an app call")]
    NotApp,
    /// News of a bot in a call in which none talks.
    #[error("no bot talks in this call")]
    NoBot,
    /// A carrier's fact about a call that none connects.
    #[error("no carrier connects this call")]
    NoCarrier,
    /// The carrier used a word we do not know.
    #[error("unknown word")]
    UnknownWord,
}
