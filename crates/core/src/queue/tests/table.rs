//! Every state meets every fact.

use super::*;
use crate::call::{Disposition, RefusalClass};

type Fact = (&'static str, fn(&Job) -> Happened);

fn states() -> Vec<(&'static str, Job)> {
    let ruled_for_good =
        |job: &Job| Happened::RuledNotPlaced { on: job.claim(), next: done(Done::Exhausted) };
    let parked = |_: &Job| Happened::Parked { why: "no number".into() };
    vec![
        ("waiting", after(&[])),
        ("ruled", after(&[claimed, post_begun, unclear, ruled])),
        ("unsent", after(&[claimed])),
        ("out", after(&[claimed, post_begun])),
        ("unclear", after(&[claimed, post_begun, unclear])),
        ("live", after(&[claimed, post_begun, placed])),
        ("settled", after(&[claimed, post_begun, placed, reached])),
        ("given up", after(&[claimed, post_begun, unclear, ruled_for_good])),
        ("parked", after(&[parked])),
    ]
}

fn facts() -> Vec<Fact> {
    vec![
        ("claimed", claimed),
        ("dialed", |job| Happened::Dialed { by: node("a"), on: job.claim(), call: call(job) }),
        ("dialed next", |job| {
            let on = Claim { attempt: job.attempt.next(), fence: job.fence.next() };
            Happened::Dialed { by: node("a"), on, call: CallId::of_attempt(job.id, on.attempt) }
        }),
        ("given back", restart),
        ("not sent", |job| Happened::GivenBack {
            on: job.claim(),
            why: HandedBack::NotSent { not_before: at(500) },
        }),
        ("suppressed", suppressed),
        ("post begun", post_begun),
        ("unclear", unclear),
        ("429", |job| Happened::PostRefused {
            on: job.claim(),
            class: RefusalClass::TooMany,
            next: retry(330),
        }),
        ("placed", placed),
        ("ruled", ruled),
        ("busy", |job| Happened::Ended {
            attempt: job.attempt,
            disposition: Disposition::Busy,
            next: retry(600),
        }),
        ("taken over", |_| Happened::TakenOver { by: node("b") }),
        ("skipped", |_| Happened::Skipped { gate: Closed::Suppressed }),
        ("expired", |_| Happened::Expired),
        ("cancelled", |_| Happened::Canceled),
        ("forced", |_| Happened::ForceCanceled),
        ("parked", |_| Happened::Parked { why: "no script".into() }),
        ("unparked", |_| Happened::Unparked),
        ("call back", |_| Happened::CallBack { at: at(5_000) }),
    ]
}

/// What the fact makes of the job, in a word or two.
fn word(mut job: Job, fact: fn(&Job) -> Happened) -> String {
    let fact = fact(&job);
    // Late enough for delays to be over.
    let outcome = job.apply(&fact, at(300));
    let stands = match &job.state {
        JobState::Dialing { stop: Stop::AfterThis, .. } | JobState::Live { stop: Stop::AfterThis, .. } => {
            "last one"
        }
        JobState::Dialing { request: Request::Unsent, .. } => "unsent",
        JobState::Dialing { request: Request::Out, .. } => "out",
        JobState::Dialing { request: Request::Unclear, .. } => "unclear",
        JobState::Settled { done, .. } => done.as_str(),
        state => state.as_str(),
    };
    match outcome {
        Ok(Applied::Changed) => stands.to_owned(),
        Ok(Applied::Same) => "same".to_owned(),
        Ok(Applied::AndDo(Order::HangUp(_))) => "hang up".to_owned(),
        Err(JobRefused::Not(_)) => "–".to_owned(),
        Err(JobRefused::MayBeOut) => "MAY BE OUT".to_owned(),
        Err(JobRefused::AlreadyPosted) => "POSTED".to_owned(),
        Err(JobRefused::NoSuchAttempt) => "no such".to_owned(),
        Err(JobRefused::Stray) => "STRAY".to_owned(),
        Err(JobRefused::ForGood(_)) => "for good".to_owned(),
        Err(refused) => format!("{refused:?}").to_lowercase(),
    }
}

const EXPECTED: &str = "
            | waiting    | ruled      | unsent     | out        | unclear    | live       | settled    | given up   | parked
claimed     | unsent     | unsent     | –          | –          | –          | –          | –          | –          | –
dialed      | late       | late       | same       | same       | same       | same       | late       | late       | late
dialed next | unsent     | unsent     | unsent     | unsent     | unsent     | unsent     | unsent     | unsent     | unsent
given back  | –          | –          | waiting    | MAY BE OUT | MAY BE OUT | MAY BE OUT | –          | –          | –
not sent    | –          | –          | waiting    | waiting    | MAY BE OUT | MAY BE OUT | –          | –          | –
suppressed  | –          | –          | skipped    | MAY BE OUT | MAY BE OUT | MAY BE OUT | –          | –          | –
post begun  | –          | –          | out        | POSTED     | POSTED     | POSTED     | –          | –          | –
unclear     | late       | late       | unclear    | unclear    | same       | same       | late       | late       | late
429         | late       | late       | waiting    | waiting    | waiting    | late       | late       | late       | late
placed      | no such    | live       | live       | live       | live       | same       | late       | live       | no such
ruled       | –          | –          | –          | –          | waiting    | –          | –          | –          | –
busy        | late       | late       | waiting    | waiting    | waiting    | waiting    | late       | late       | late
taken over  | –          | –          | unclear    | unclear    | unclear    | live       | –          | –          | –
skipped     | skipped    | skipped    | MAY BE OUT | MAY BE OUT | MAY BE OUT | MAY BE OUT | –          | –          | –
expired     | expired    | expired    | MAY BE OUT | MAY BE OUT | MAY BE OUT | MAY BE OUT | –          | –          | –
cancelled   | canceled   | canceled   | last one   | last one   | last one   | last one   | –          | –          | canceled
forced      | canceled   | canceled   | hang up    | hang up    | hang up    | hang up    | –          | –          | canceled
parked      | parked     | parked     | MAY BE OUT | MAY BE OUT | MAY BE OUT | MAY BE OUT | –          | –          | –
unparked    | –          | –          | –          | –          | –          | –          | –          | –          | waiting
call back   | waiting    | waiting    | unsent     | out        | unclear    | live       | waiting    | waiting    | –
";

#[test]
fn every_state_meets_every_fact() {
    let states = states();
    let row = |name: &str, cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:<11}")).collect();
        format!("{name:<12}| {}", cells.join("| ")).trim_end().to_owned()
    };
    let mut rows = vec![row("", states.iter().map(|(name, _)| (*name).to_owned()).collect())];
    rows.extend(
        facts()
            .into_iter()
            .map(|(name, fact)| row(name, states.iter().map(|(_, job)| word(job.clone(), fact)).collect())),
    );
    let table = rows.join("\n");
    assert_eq!(table.trim(), EXPECTED.trim(), "\n{table}\n");
}

#[test]
fn what_the_carrier_sent_away_uses_up_no_attempt() {
    let out = after(&[claimed, post_begun]);
    for (class, used) in [
        (RefusalClass::TooMany, 0),
        (RefusalClass::NotSent, 0),
        (RefusalClass::InvalidNumber, 1),
        (RefusalClass::Blocked, 1),
        (RefusalClass::Configuration, 1),
    ] {
        let mut job = out.clone();
        job.apply(&Happened::PostRefused { on: job.claim(), class, next: retry(600) }, at(10)).unwrap();
        assert_eq!(job.used, used, "{class:?}");
    }
    for (disposition, uses) in [
        (Disposition::RateLimited, false),
        (Disposition::Suppressed, false),
        (Disposition::OutOfWindow, false),
        (Disposition::Busy, true),
        (Disposition::NotPlaced, true),
        (Disposition::Completed, true),
        (Disposition::Unknown, true),
    ] {
        assert_eq!(uses_up(disposition), uses, "{disposition:?}");
    }
    assert_eq!(after(&[claimed, restart]).used, 0, "a claim that sent nothing");
}

#[test]
fn a_lead_keeps_its_place_when_a_worker_dies() {
    let mut job = after(&[claimed]);
    job.apply(&restart(&job), at(100)).unwrap();
    assert_eq!((job.since, job.state.as_str()), (at(0), "waiting"));
    job.apply(&claimed_by("b", &job), at(101)).unwrap();
    assert_eq!((job.attempt, job.fence), (AttemptNo(2), Fence(2)));
}

#[test]
fn a_database_that_came_back_older_is_told_of_the_claim_it_has_lost() {
    let known = after(&[claimed, post_begun]);
    let mut lost = job();
    let dialed = Happened::Dialed { by: node("a"), on: known.claim(), call: call(&known) };
    lost.apply(&dialed, at(100)).unwrap();
    assert_eq!((lost.attempt, lost.fence, lost.call()), (known.attempt, known.fence, known.call()));
    assert_eq!(lost.apply(&dialed, at(101)), Ok(Applied::Same));
    // Whoever has taken it over keeps it, whatever the dead one's journal says late.
    lost.apply(&Happened::TakenOver { by: node("b") }, at(102)).unwrap();
    assert_eq!(lost.apply(&dialed, at(103)), Ok(Applied::Same));
    assert_eq!(lost.fence, known.fence.next());
}

#[test]
fn a_retry_waits_at_the_end_of_the_queue_and_what_the_carrier_sent_away_at_its_place() {
    let out = after(&[claimed, post_begun]);
    let mut sent_away = out.clone();
    let class = RefusalClass::TooMany;
    sent_away.apply(&Happened::PostRefused { on: out.claim(), class, next: retry(330) }, at(10)).unwrap();
    assert_eq!((sent_away.since, sent_away.not_before()), (at(0), Some(at(330))));
    let mut busy = out;
    let next = retry(600);
    assert_eq!((busy.used_after(Disposition::Busy), busy.used_after(Disposition::RateLimited)), (1, 0));
    busy.apply(&Happened::Ended { attempt: busy.attempt, disposition: Disposition::Busy, next }, at(10))
        .unwrap();
    assert_eq!((busy.since, busy.not_before()), (at(600), Some(at(600))));
}

#[test]
fn a_job_whose_claims_come_to_nothing_is_parked_with_a_reason() {
    let mut job = job();
    let mut tries = 0;
    while job.state == JobState::waiting() {
        tries += 1;
        job.apply(&claimed(&job), at(0)).unwrap();
        let broken = HandedBack::Broken { what: "its script is gone".into() };
        job.apply(&Happened::GivenBack { on: job.claim(), why: broken }, at(1)).unwrap();
    }
    assert_eq!(tries, 5);
    let why = "5 tries came to nothing: its script is gone".to_owned();
    assert_eq!(job.state, JobState::Parked { at: at(1), why, ruled: None });
    job.apply(&Happened::Unparked, at(2)).unwrap();
    assert_eq!((job.stumbles, job.state.as_str()), (0, "waiting"));
}

#[test]
fn a_rolling_restart_never_parks_a_job() {
    let mut job = job();
    for _ in 0..20 {
        job.apply(&claimed(&job), at(0)).unwrap();
        job.apply(&restart(&job), at(1)).unwrap();
    }
    assert_eq!((job.state.as_str(), job.stumbles, job.used), ("waiting", 0, 0));
}

#[test]
fn a_job_reads_back_from_json() {
    for (name, job) in states() {
        let text = serde_json::to_string(&job).unwrap();
        assert_eq!(serde_json::from_str::<Job>(&text).unwrap(), job, "{name}: {text}");
    }
}

/// A time of its own would be shown as a retry's, though nobody was called.
#[test]
fn a_job_that_a_closed_gate_gave_back_waits_for_the_gate_and_for_no_time() {
    let mut job = after(&[claimed]);
    let gate = Closed::OutOfWindow { opens_at: at(900), zone: None };
    job.apply(&Happened::GivenBack { on: job.claim(), why: HandedBack::Gate { gate } }, at(1)).unwrap();
    assert_eq!((job.not_before(), job.used), (None, 0));
}
