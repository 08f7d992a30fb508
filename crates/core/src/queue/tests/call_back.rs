//! A call-back that a person asked for: it comes before what the retry policy says, and before nothing else.

use super::*;
use crate::call::{Disposition, RefusalClass};

const WANTED: i64 = 5_000;

fn asked(job: &mut Job) -> Result<Applied, JobRefused> {
    job.apply(&Happened::CallBack { at: at(WANTED) }, at(50))
}

fn ended(job: &Job, disposition: Disposition, next: Next) -> Happened {
    Happened::Ended { attempt: job.attempt, disposition, next }
}

fn is_promised(job: &Job) {
    let waiting = JobState::Waiting { not_before: Some(at(WANTED)), ruled: None };
    assert_eq!((&job.state, job.promised, job.call_back), (&waiting, Some(at(WANTED)), None));
    assert_eq!(job.since, at(WANTED), "its place in the queue");
}

#[test]
fn while_the_job_waits_it_takes_the_place_of_the_retry_sooner_or_later() {
    for delay in [60, 90_000] {
        let mut job = after(&[claimed, post_begun, placed]);
        job.apply(&ended(&job, Disposition::Busy, retry(delay)), at(10)).unwrap();
        assert_eq!(asked(&mut job), Ok(Applied::Changed));
        is_promised(&job);
        assert_eq!(asked(&mut job), Ok(Applied::Same), "asked again");
        assert_eq!(job.apply(&claimed(&job), at(WANTED - 1)), Err(JobRefused::NotDue(at(WANTED))));
        job.apply(&claimed(&job), at(WANTED)).unwrap();
        assert_eq!(job.promised, Some(at(WANTED)), "the gates still know");
    }
}

#[test]
fn while_a_call_is_under_way_it_counts_when_that_ends_however_it_ends() {
    let ends = [
        (Disposition::Completed, done(Done::Reached)),
        (Disposition::Busy, retry(600)),
        (Disposition::NoAnswer, done(Done::Exhausted)),
        (Disposition::Declined, done(Done::Declined)),
    ];
    let sent: [fn(&Job) -> Happened; 3] = [post_begun, unclear, placed];
    for begun in 0..=sent.len() {
        for (disposition, next) in ends.clone() {
            let mut job = after(&[claimed]);
            for fact in &sent[..begun] {
                job.apply(&fact(&job), at(1)).unwrap();
            }
            assert_eq!(asked(&mut job), Ok(Applied::Changed));
            assert!(job.state.holds_slot(), "the call goes on");
            job.apply(&ended(&job, disposition, next), at(60)).unwrap();
            is_promised(&job);
        }
    }
}

#[test]
fn a_claim_that_comes_to_nothing_loses_no_promise() {
    let given_back: [fn(&Job) -> Happened; 3] = [
        restart,
        |job| Happened::GivenBack { on: job.claim(), why: HandedBack::Gate { gate: Closed::SamePairOpen } },
        |job| Happened::PostRefused { on: job.claim(), class: RefusalClass::TooMany, next: retry(330) },
    ];
    for fact in given_back {
        let mut job = after(&[claimed]);
        asked(&mut job).unwrap();
        job.apply(&fact(&job), at(60)).unwrap();
        is_promised(&job);
    }
}

#[test]
fn nothing_is_promised_to_whom_may_not_be_called_any_more() {
    let never = [
        (Disposition::Completed, Done::OptedOut),
        (Disposition::InvalidNumber, Done::BadNumber),
        (Disposition::Suppressed, Done::Skipped { gate: Closed::Suppressed }),
        (Disposition::Canceled, Done::Canceled),
    ];
    for (disposition, over) in never {
        let mut job = after(&[claimed, post_begun, placed]);
        asked(&mut job).unwrap();
        job.apply(&ended(&job, disposition, done(over.clone())), at(60)).unwrap();
        assert_eq!(job.state, JobState::Settled { at: at(60), done: over.clone(), ruled: None });
        assert_eq!((job.promised, job.call_back), (None, None));
        assert_eq!(asked(&mut job), Err(JobRefused::ForGood(over.as_str())));
    }
    let mut canceled = after(&[claimed, post_begun, placed, |_| Happened::Canceled]);
    assert_eq!(asked(&mut canceled), Err(JobRefused::ForGood("canceled")), "this call is the last");
}

#[test]
fn a_promise_is_kept_once() {
    let mut job = after(&[claimed, post_begun, placed]);
    asked(&mut job).unwrap();
    job.apply(&ended(&job, Disposition::Completed, done(Done::Reached)), at(60)).unwrap();
    for (late, fact) in [claimed, post_begun, placed].into_iter().enumerate() {
        job.apply(&fact(&job), at(WANTED + i64::try_from(late).unwrap())).unwrap();
    }
    job.apply(&ended(&job, Disposition::NoAnswer, retry(9_000)), at(WANTED + 60)).unwrap();
    assert_eq!((job.promised, job.not_before()), (None, Some(at(9_000))), "from here on the policy says");
}

#[test]
fn a_call_that_turns_up_late_does_not_take_the_promise_along() {
    let mut job = after(&[claimed, post_begun, unclear, ruled]);
    asked(&mut job).unwrap();
    job.apply(&placed(&job), at(100)).unwrap();
    assert_eq!(job.state.as_str(), "live");
    job.apply(&ended(&job, Disposition::Completed, done(Done::Reached)), at(160)).unwrap();
    is_promised(&job);
}
