//! Asked directly before the create request is written: may this attempt still be posted?

use crate::call::{Leg, State};
use crate::id::Fence;
use thiserror::Error;

/// Why the create request is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Withheld {
    /// The attempt belongs to a later owner.
    #[error("another owner has taken the attempt")]
    OldFence,
    /// Its one request has been written before, by this process or by one that died: reconcile instead.
    #[error("the attempt's one request may already be out")]
    AlreadyPosted,
    /// Its intent is not durable, or it is past dialing.
    #[error("the attempt is {}", .0.as_str())]
    NotDialing(State),
    /// Somebody asked to hang up meanwhile.
    #[error("the call was withdrawn")]
    Withdrawn,
}

/// Whether the one create request of `leg` may be written by the owner with `fence`.
///
/// This is the rule that keeps a person from being called twice by one attempt; the model checker in this crate's
/// tests must fail when it is taken out.
pub fn guard(leg: &Leg, fence: Fence) -> Result<(), Withheld> {
    if leg.fence != fence {
        return Err(Withheld::OldFence);
    }
    if leg.post_begun_at.is_some() || leg.unclear_at.is_some() {
        return Err(Withheld::AlreadyPosted);
    }
    if leg.hang_up.is_some() {
        return Err(Withheld::Withdrawn);
    }
    match leg.state() {
        State::Dialing => Ok(()),
        state => Err(Withheld::NotDialing(state)),
    }
}
