//! Who may still act, and what becomes of calls that turn up late.

use super::*;

fn old(claim: Claim) -> JobRefused {
    JobRefused::OldFence { shown: claim.fence, current: claim.fence.next() }
}

#[test]
fn an_owner_who_was_counted_out_can_do_nothing_any_more() {
    let mut job = after(&[claimed]);
    let sleeper = job.claim();
    job.apply(&Happened::TakenOver { by: node("b") }, at(60)).unwrap();
    let refused =
        Happened::PostRefused { on: sleeper, class: crate::call::RefusalClass::NotSent, next: retry(70) };
    for act in [
        Happened::PostBegun { on: sleeper },
        Happened::GivenBack { on: sleeper, why: HandedBack::Restart },
        Happened::RuledNotPlaced { on: sleeper, next: retry(90) },
        refused,
    ] {
        assert_eq!(job.apply(&act, at(62)), Err(old(sleeper)), "{act:?}");
    }
}

#[test]
fn a_node_that_takes_over_reconciles_and_never_sends() {
    for facts in [&[claimed as fn(&Job) -> Happened][..], &[claimed, post_begun][..]] {
        let mut job = after(facts);
        let dead = job.claim();
        job.apply(&Happened::TakenOver { by: node("b") }, at(100)).unwrap();
        assert_eq!(job.apply(&Happened::PostBegun { on: dead }, at(101)), Err(old(dead)));
        assert_eq!(job.apply(&post_begun(&job), at(101)), Err(JobRefused::AlreadyPosted));
        assert_eq!(job.apply(&restart(&job), at(101)), Err(JobRefused::MayBeOut));
        // The dead owner's answer is news of the same call all the same.
        assert_eq!(job.apply(&Happened::Placed { attempt: dead.attempt }, at(102)), Ok(Applied::Changed));
    }
}

#[test]
fn a_call_that_turns_up_after_the_ruling_is_adopted_or_is_a_stray() {
    let ruled = after(&[claimed, post_begun, unclear, ruled]);
    let first = Happened::Placed { attempt: ruled.attempt };
    let mut adopted = ruled.clone();
    assert_eq!(adopted.apply(&first, at(150)), Ok(Applied::Changed));
    assert_eq!((adopted.state.as_str(), adopted.used), ("live", 0), "its end will use the attempt up");
    let mut parked = ruled.clone();
    parked.apply(&Happened::Parked { why: "looked at".into() }, at(149)).unwrap();
    assert_eq!(parked.apply(&first, at(150)), Ok(Applied::Changed));
    let mut later = ruled;
    later.apply(&claimed_by("b", &later), at(250)).unwrap();
    assert_eq!(later.apply(&first, at(251)), Err(JobRefused::Stray));
}

#[test]
fn a_cancelled_job_makes_no_call_whatever_its_owner_holds() {
    let mut job = after(&[claimed]);
    job.apply(&Happened::Canceled, at(10)).unwrap();
    assert_eq!(job.apply(&post_begun(&job), at(11)), Err(JobRefused::Not("canceled")));
    job.apply(&restart(&job), at(12)).unwrap();
    assert_eq!(job.state, JobState::Settled { at: at(12), done: Done::Canceled, ruled: None });
}

#[test]
fn whoever_was_reached_while_being_cancelled_was_reached() {
    let mut job = after(&[claimed, post_begun, placed]);
    let hang_up = Applied::AndDo(Order::HangUp(job.call().unwrap()));
    assert_eq!(job.apply(&Happened::ForceCanceled, at(10)), Ok(hang_up));
    let mut other = job.clone();
    job.apply(&reached(&job), at(11)).unwrap();
    assert_eq!(job.state.bucket(), Bucket::Completed);
    let busy = Happened::Ended {
        attempt: other.attempt,
        disposition: crate::call::Disposition::NoAnswer,
        next: retry(500),
    };
    other.apply(&busy, at(11)).unwrap();
    assert_eq!(other.state.bucket(), Bucket::Canceled, "and nobody else is tried again");
}
