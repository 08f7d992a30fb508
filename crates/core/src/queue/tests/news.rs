//! What a call says of its job.

use super::{after, at, claimed, node};
use crate::call::{
    Call, Event, ForJob, Limits, OnLeg, Party, Refusal, RefusalClass, Request, ScriptRef, Source, What,
};
use crate::campaign::Wish;
use crate::id::{AccountId, CallId, EventKey, LegNo};
use crate::queue::News;

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
        assert_eq!(matches!(end, News::SentAway { .. }), is_sent_away, "{class:?}");
    }
}
