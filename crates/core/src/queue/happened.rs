//! What can happen to a job, what it does, and why it may do nothing.

use super::job::{Claim, Next};
use crate::call::{Disposition, RefusalClass};
use crate::dial::gates::Closed;
use crate::id::{AttemptNo, CallId, Fence, NodeId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A fact about a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happened {
    /// A node took it, and bound it to the call that the attempt will be. Nothing has been sent.
    Claimed {
        /// Which node.
        by: NodeId,
        /// The call of this attempt.
        call: CallId,
    },
    /// The owner proves that nothing was sent, and puts it back.
    GivenBack {
        /// What the owner shows.
        on: Claim,
        /// Why.
        why: HandedBack,
    },
    /// A journal holds the intent of this claim. Says what [`Claimed`](Self::Claimed) said, to a database that came back older and
    /// has lost it.
    Dialed {
        /// Which node claimed it.
        by: NodeId,
        /// The claim.
        on: Claim,
        /// The call of this attempt.
        call: CallId,
    },
    /// The one request of this attempt is about to be written.
    PostBegun {
        /// What the owner shows.
        on: Claim,
    },
    /// The request's answer never came or made no sense.
    PostUnclear {
        /// Of which attempt.
        attempt: AttemptNo,
    },
    /// The carrier will not place this call.
    PostRefused {
        /// What the owner shows: who has lost the attempt no longer says where its job goes.
        on: Claim,
        /// What its refusal means.
        class: RefusalClass,
        /// What comes next.
        next: Next,
    },
    /// The carrier has the call: by its answer, a callback, or a listing.
    Placed {
        /// Of which attempt.
        attempt: AttemptNo,
    },
    /// After the settle time and enough empty listings: the carrier never got it.
    RuledNotPlaced {
        /// What the owner shows.
        on: Claim,
        /// What comes next.
        next: Next,
    },
    /// The call of this attempt is over.
    Ended {
        /// Of which attempt.
        attempt: AttemptNo,
        /// How.
        disposition: Disposition,
        /// What comes next.
        next: Next,
    },
    /// Another node goes on where a dead one stopped. Never sends anything: the guard knows the request.
    TakenOver {
        /// Which node.
        by: NodeId,
    },
    /// A gate closed for good.
    Skipped {
        /// Which.
        gate: Closed,
    },
    /// It waited too long.
    Expired,
    /// Somebody cancelled it: an open attempt goes on to its end, no other follows.
    Canceled,
    /// Somebody cancelled it, and the open call is to be hung up.
    ForceCanceled,
    /// It is set aside.
    Parked {
        /// Why, in words.
        why: String,
    },
    /// A person said retry.
    Unparked,
    /// The person asked to be called back: it comes before what the retry policy says, and lets a job go on that was over.
    CallBack {
        /// At this time, or as soon after it as the calling window allows.
        at: Timestamp,
    },
}

/// Why an owner puts a job back of which nothing was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum HandedBack {
    /// A gate is closed.
    Gate {
        /// Which.
        gate: Closed,
    },
    /// The owner shuts down, or a restart proved from its journal that nothing was sent.
    Restart,
    /// The request never left this machine: the one safe retry.
    NotSent {
        /// Not before this time.
        not_before: Timestamp,
    },
    /// Something about the job itself is broken. Counted: after some of these in a row it is parked.
    Broken {
        /// What, in words.
        what: String,
    },
}

/// What a fact did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The job changed.
    Changed,
    /// It knew already.
    Same,
    /// The job changed, and this is to be done.
    AndDo(Order),
}

/// What is to be done about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Ask for this call to be hung up. The call remembers the wish when the carrier has it not yet.
    HangUp(CallId),
}

/// Why a fact changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JobRefused {
    /// The owner has been replaced.
    #[error("another owner has taken the job (fence {shown:?}, now {current:?})")]
    OldFence {
        /// What the owner showed.
        shown: Fence,
        /// What holds now.
        current: Fence,
    },
    /// A request may be out: time never brings such a job back, only the carrier's word or a ruling.
    #[error("a request may be out: the job is reconciled, never queued again by time")]
    MayBeOut,
    /// The request of this attempt has been begun before.
    #[error("the attempt's one request may already be out")]
    AlreadyPosted,
    /// Not before this time.
    #[error("not before {0}")]
    NotDue(Timestamp),
    /// News of a call of an earlier attempt, or of one that sent nothing: unless the call itself is known to be over, it
    /// must be hung up.
    #[error("the call belongs to an attempt that is over: a stray")]
    Stray,
    /// News of an attempt that is over, and nothing is left of it.
    #[error("the attempt is over")]
    Late,
    /// An attempt that was never begun.
    #[error("the job never began this attempt")]
    NoSuchAttempt,
    /// The person is not called again, whoever asks for it.
    #[error("the job is over for good: {0}")]
    ForGood(&'static str),
    /// Not in this state.
    #[error("the job is {0}")]
    Not(&'static str),
}
