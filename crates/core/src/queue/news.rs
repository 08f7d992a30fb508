//! What the events of a call mean for the job that it is an attempt of.

use super::happened::Happened;
use super::job::{Claim, Job};
use crate::call::{Call, Event, News as Heard, What};
use crate::campaign::{AttemptEnd, RetryPolicy, Wish};
use crate::dial::earlier::PersonBudget;
use crate::id::AttemptNo;
use jiff::Timestamp;

/// News of a job, from its call.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A fact as it stands.
    Fact(Happened),
    /// The carrier never got the call: what comes next depends on the job.
    Ruled {
        /// What the owner shows.
        on: Claim,
        /// How the attempt ended.
        end: AttemptEnd,
    },
    /// The call is over: what comes next depends on the job.
    Over {
        /// Which attempt.
        attempt: AttemptNo,
        /// How it ended.
        end: AttemptEnd,
    },
}

impl News {
    /// What an event of a call says of its job. Ends are told by [`News::end_of`]: an event may be the last only by what
    /// others said before it.
    pub fn of(call: &Call, event: &Event) -> Option<Self> {
        let of = call.job.as_ref()?;
        let attempt = of.on.attempt;
        Some(match &event.what {
            What::Requested(_) => {
                Self::Fact(Happened::Dialed { by: of.node.clone(), on: of.on, call: call.id })
            }
            What::PostBegun(_) => Self::Fact(Happened::PostBegun { on: of.on }),
            What::PostUnclear { .. } => Self::Fact(Happened::PostUnclear { attempt }),
            What::Progress(progress) if !matches!(progress.news, Heard::Ended(_)) => {
                Self::Fact(Happened::Placed { attempt })
            }
            What::RuledNotPlaced(_) => Self::Ruled { on: of.on, end: AttemptEnd::of(call, Wish::None)? },
            _ => return None,
        })
    }

    /// That the call is over, if it is and is an attempt of a job.
    pub fn end_of(call: &Call, person: Wish) -> Option<Self> {
        Some(Self::Over { attempt: call.job.as_ref()?.on.attempt, end: AttemptEnd::of(call, person)? })
    }

    /// The fact for this job, with what its campaign's policy makes of an end. Budgets of the person are the gates' to ask.
    pub fn happened(self, job: &Job, policy: &RetryPolicy, at: Timestamp) -> Happened {
        let budget = PersonBudget { per_day: None, per_week: None, min_gap_secs: 0 };
        let next = |end: &AttemptEnd, used: u16| policy.after(end, used, &budget, &[], at);
        match self {
            Self::Fact(fact) => fact,
            Self::Ruled { on, end } => {
                Happened::RuledNotPlaced { on, next: next(&end, job.used_after(end.disposition)) }
            }
            Self::Over { attempt, end } => {
                let used = job.used_after(end.disposition);
                Happened::Ended { attempt, disposition: end.disposition, next: next(&end, used) }
            }
        }
    }
}
