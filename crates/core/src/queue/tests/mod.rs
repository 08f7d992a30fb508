//! The queue's rules as tables and properties.

mod call_back;
mod fences;
mod news;
mod order;
mod properties;
mod table;

use super::*;
use crate::dial::gates::Closed;
use crate::id::*;
use jiff::{SignedDuration, Timestamp};

pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(secs)
}

pub(super) fn node(name: &str) -> NodeId {
    NodeId::new(name)
}

pub(super) fn job() -> Job {
    let tenant = TenantId::default_tenant();
    Job::new(JobId::minted(at(0), [1; 10]), tenant, None, LeadId::minted(at(0), [2; 10]), at(0))
}

pub(super) fn retry(secs: i64) -> Next {
    Next::Retry { at: at(secs) }
}

pub(super) fn done(done: Done) -> Next {
    Next::Done { done }
}

pub(super) fn call(job: &Job) -> CallId {
    CallId::of_attempt(job.id, job.attempt)
}

/// The job after these facts, each of which must take effect. Facts are made from the job as it is then.
pub(super) fn after(facts: &[fn(&Job) -> Happened]) -> Job {
    let mut job = job();
    for (secs, fact) in facts.iter().enumerate() {
        let fact = fact(&job);
        job.apply(&fact, at(i64::try_from(secs).unwrap())).unwrap();
    }
    job
}

/// Claimed by this node, for the attempt that comes next.
pub(super) fn claimed_by(by: &str, job: &Job) -> Happened {
    Happened::Claimed { by: node(by), call: CallId::of_attempt(job.id, job.attempt.next()) }
}
pub(super) fn claimed(job: &Job) -> Happened {
    claimed_by("a", job)
}
pub(super) fn post_begun(job: &Job) -> Happened {
    Happened::PostBegun { on: job.claim() }
}
pub(super) fn unclear(job: &Job) -> Happened {
    Happened::PostUnclear { attempt: job.attempt }
}
pub(super) fn placed(job: &Job) -> Happened {
    Happened::Placed { attempt: job.attempt }
}
pub(super) fn ruled(job: &Job) -> Happened {
    Happened::RuledNotPlaced { on: job.claim(), next: retry(200) }
}
pub(super) fn reached(job: &Job) -> Happened {
    Happened::Ended {
        attempt: job.attempt,
        disposition: crate::call::Disposition::Completed,
        next: done(Done::Reached),
    }
}
pub(super) fn restart(job: &Job) -> Happened {
    Happened::GivenBack { on: job.claim(), why: HandedBack::Restart }
}
pub(super) fn suppressed(job: &Job) -> Happened {
    Happened::GivenBack { on: job.claim(), why: HandedBack::Gate { gate: Closed::Suppressed } }
}
