//! What the events of a call mean for the job that it is an attempt of.

use super::happened::Happened;
use super::job::{Claim, Job, Next};
use crate::call::{Call, Cause, Disposition, Event, News as Heard, Outcome, RefusalClass, What};
use crate::campaign::{AttemptEnd, RetryPolicy, Wish, left_to_ask};
use crate::dial::earlier::PersonBudget;
use crate::id::AttemptNo;
use crate::script::Script;
use jiff::{SignedDuration, Timestamp};

/// How long a job waits that was sent away once; longer each time, up to twelve times as long.
const BACK_OFF: SignedDuration = SignedDuration::from_secs(5);

/// News of a job, from its call.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A fact as it stands.
    Fact(Happened),
    /// The carrier sent the call away for its own reasons, or nothing left this machine: it goes back to its place.
    SentAway {
        /// What the owner shows.
        on: Claim,
        /// What the answer means.
        class: RefusalClass,
    },
    /// The call is over because the carrier sent it away: whoever owns the attempt by now, nobody will make this call.
    TurnedAway {
        /// Which attempt.
        attempt: AttemptNo,
        /// What the answer meant.
        class: RefusalClass,
    },
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
            What::PostRefused { refusal, .. } if refusal.class.goes_back_to_queue() => {
                let away = Self::SentAway { on: of.on, class: refusal.class };
                away.unless_ended(call, attempt, event.received_at)
            }
            What::PostUnclear { .. } => Self::Fact(Happened::PostUnclear { attempt }),
            What::Progress(progress) if !matches!(progress.news, Heard::Ended(_)) => {
                Self::Fact(Happened::Placed { attempt })
            }
            What::RuledNotPlaced(_) => Self::Ruled { on: of.on, end: AttemptEnd::of(call, Wish::None)? },
            _ => return None,
        })
    }

    /// A call that somebody has ended meanwhile is not made again.
    fn unless_ended(self, call: &Call, attempt: AttemptNo, at: Timestamp) -> Self {
        if call.leg().hang_up.is_none() {
            return self;
        }
        let (disposition, person) = (Disposition::Canceled, Wish::None);
        Self::Over { attempt, end: AttemptEnd { disposition, outcome: None, at, person } }
    }

    /// That the call is over, if it is and is an attempt of a job. `script` is what it ran, where that is known.
    pub fn end_of(call: &Call, person: Wish, script: Option<&Script>) -> Option<Self> {
        let of = call.job.as_ref()?;
        let mut end = AttemptEnd::of(call, person)?;
        // The fold may be ahead of the event that says so: the end alone must not settle the job.
        if let Some(Cause::Refused(class)) = call.leg().cause()
            && class.goes_back_to_queue()
        {
            let attempt = of.on.attempt;
            return Some(Self::TurnedAway { attempt, class }.unless_ended(call, attempt, end.at));
        }
        // What a bot achieved, or failed at, stands: its script only went on where it could not.
        let is_bots =
            call.bot.is_some() && !matches!(end.outcome, None | Some(Outcome::Partial | Outcome::Finished));
        if let Some(script) = script.filter(|_| !is_bots) {
            end.outcome = left_to_ask(script, call).or(end.outcome);
        }
        Some(Self::Over { attempt: of.on.attempt, end })
    }

    /// The fact for this job, with what its campaign's policy makes of an end. Budgets of the person are the gates' to ask.
    pub fn happened(self, job: &Job, policy: &RetryPolicy, at: Timestamp) -> Happened {
        let budget = PersonBudget { per_day: None, per_week: None, min_gap_secs: 0 };
        let next = |end: &AttemptEnd, used: u16| policy.after(end, used, &budget, &[], at);
        match self {
            Self::Fact(fact) => fact,
            Self::SentAway { on, class } => {
                let next = Next::Retry { at: back_off(job, at) };
                Happened::PostRefused { on, class, next }
            }
            Self::TurnedAway { attempt, class } => {
                let on = Claim { attempt, fence: job.fence };
                Happened::PostRefused { on, class, next: Next::Retry { at: back_off(job, at) } }
            }
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

/// When a job that was sent away is tried again.
fn back_off(job: &Job, at: Timestamp) -> Timestamp {
    let in_vain = job.attempt.0.saturating_sub(u32::from(job.used)).clamp(1, 12);
    let wait = BACK_OFF * i32::try_from(in_vain).unwrap_or(1);
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
