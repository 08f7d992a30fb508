//! The outbound queue: what may happen to a job, whom to dial next, and how far a campaign is.
//!
//! A *job* is "reach this lead once for this campaign"; an *attempt* is one dial for it. [`Job::apply`] is the one place
//! that says what may happen to a job: claims with fences, the answer of the carrier, the end of
//! the call, cancelling and parking. What it promises: **a job that may have a request out never goes back to the queue
//! by time**; only the carrier's word or a ruling brings it back.
//!
//! In: facts with their times, and the [`Next`] that the retry policy (`campaign::retry`) worked out of an end. Out:
//! the changed job, or a [`JobRefused`] with its reason. [`Shares`] picks whom to dial next from the heads of each
//! tenant's queue; [`Progress`] counts jobs so that the figures always add up.
//!
//! Left to others: rows and guarded statements (store), the carrier and the journal (engine), whether a job may be
//! dialed now (`dial::gates`), when it is tried again (`campaign::retry`).
//!
//! To add a fact: a variant of [`Happened`], an arm in `apply.rs`, a row in the table of `tests/table.rs`.

mod apply;
mod happened;
mod job;
mod level;
mod news;
mod progress;
mod shares;
#[cfg(test)]
mod tests;

pub use apply::uses_up;
pub use happened::{Applied, HandedBack, Happened, JobRefused, Order};
pub use job::{Bound, Claim, Done, Job, JobState, Next, Request, Stop};
pub use level::{Levels, Priority};
pub use news::News;
pub use progress::{Bucket, Progress};
pub use shares::{Head, Shares, Weight};
