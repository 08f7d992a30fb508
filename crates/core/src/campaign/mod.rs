//! A campaign: whom to reach and how.
//!
//! [`Campaign`] is the policy: what is said, at which hours, how fast, shown as which caller, what a machine hears, and what
//! comes after each end. [`Campaign::check`] tells a reader what is wrong with it and what would be right, and
//! [`CampaignState`] what may be done with it now. [`RetryPolicy::after`] is the one place that decides what comes
//! after an attempt; [`resume()`] where a questionnaire goes on in the next call.
//!
//! Serialized as JSON; fields are only ever added, each with a default.
//!
//! Left to others: leads and jobs (rows), whether a call may begin now (`dial::gates`), what may happen to a job
//! (`queue`).

mod caller_id;
mod check;
mod machine;
mod policy;
mod resume;
mod retry;
mod state;
#[cfg(test)]
mod tests;

pub use caller_id::{CallerIds, Choose, Health, Sent};
pub use check::Fault;
pub use machine::{Act, Machine};
pub use policy::{Campaign, Pacing, People};
pub use resume::{Resume, left_to_ask, resume, standing};
pub use retry::{AttemptEnd, Delays, RetryPolicy, Wish};
pub use state::{BadMove, CampaignState, Move};
