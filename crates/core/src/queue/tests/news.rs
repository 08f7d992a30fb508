//! What a call says of its job.

use super::{after, at, claimed, node};
use crate::call::{
    Call, Event, ForJob, Limits, OnLeg, Party, Refusal, RefusalClass, Request, ScriptRef, Source, What,
};
use crate::campaign::{RetryPolicy, Wish};
use crate::id::{AccountId, CallId, EventKey, LegNo};
use crate::queue::{Applied, Happened, JobRefused, News};

fn event(secs: i64, what: What) -> Event {
    Event {
        call: CallId::new(at(0), [1; 10]),
        key: EventKey::new(format!("{secs}")),
        received_at: at(secs),
        occurred_at: None,
        source: Source::Engine,
        what,
    }
}

/// An attempt that the carrier answered so.
fn answered(class: RefusalClass) -> Call {
    let job = after(&[claimed]);
    let (campaign, resume, machine) = (None, None, crate::campaign::Machine::default());
    let (lead, hours_end) = (None, None);
    let of =
        ForJob { job: job.id, campaign, lead, node: node("a"), on: job.claim(), resume, machine, hours_end };
    let request = Request {
        tenant: job.tenant,
        account: AccountId::new("sim:AC1"),
        party: Party::default(),
        script: ScriptRef { name: "s".into(), version: "v1".into() },
        bot: None,
        limits: Limits::default(),
        not_before: None,
        session: None,
        idempotency: None,
        job: Some(of),
    };
    let (mut call, _) = Call::begin(&event(0, What::Requested(Box::new(request)))).unwrap();
    let on = OnLeg::first(LegNo::FIRST);
    let refusal = Refusal { class, code: None, http: None, message: "no".into() };
    for (secs, what) in
        [(1, What::DialStarted(on)), (2, What::PostBegun(on)), (3, What::PostRefused { on, refusal })]
    {
        call.apply(&event(secs, what)).unwrap();
    }
    call
}

#[test]
fn the_end_of_a_call_that_was_sent_away_does_not_settle_its_job() {
    for (class, is_sent_away) in
        [(RefusalClass::TooMany, true), (RefusalClass::NotSent, true), (RefusalClass::Blocked, false)]
    {
        let end = News::end_of(&answered(class), Wish::None, None).unwrap();
        assert_eq!(matches!(end, News::TurnedAway { .. }), is_sent_away, "{class:?}");
    }
}

/// The old owner had the carrier's answer, and was counted out before it could tell the job: the job is moved on by whoever
/// holds it now, or nobody ever could.
#[test]
fn a_call_that_was_sent_away_gives_its_job_back_although_another_node_has_taken_it_over() {
    let call = answered(RefusalClass::TooMany);
    let mut job = after(&[claimed]);
    job.apply(&Happened::TakenOver { by: node("b") }, at(60)).unwrap();
    let end = News::end_of(&call, Wish::None, None).unwrap();
    let happened = end.happened(&job, &RetryPolicy::default(), at(61));
    assert_eq!(job.apply(&happened, at(61)), Ok(Applied::Changed));
    assert_eq!((job.state.as_str(), job.used), ("waiting", 0), "it keeps its place");
    // The control: what the old owner itself says is not believed any more.
    let mut other = after(&[claimed]);
    other.apply(&Happened::TakenOver { by: node("b") }, at(60)).unwrap();
    let said = News::SentAway { on: call.job.as_ref().unwrap().on, class: RefusalClass::TooMany };
    let said = said.happened(&other, &RetryPolicy::default(), at(61));
    assert!(matches!(other.apply(&said, at(61)), Err(JobRefused::OldFence { .. })));
}
