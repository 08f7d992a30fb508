//! Whatever happens, in whatever order.

use super::*;
use crate::call::{Disposition, RefusalClass};
use proptest::prelude::*;

/// A fact in outline: who acts and under which claim is filled in when it happens.
#[derive(Clone, Copy, Debug)]
struct Step {
    kind: u8,
    /// How many claims ago the actor's knowledge is from.
    behind: u32,
    secs: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0u8..20, prop::sample::select(vec![0u32, 0, 0, 1, 2]), 0i64..120)
        .prop_map(|(kind, behind, secs)| Step { kind, behind, secs });
    prop::collection::vec(step, 1..60)
}

fn fact(job: &Job, step: Step, now: Timestamp) -> Happened {
    let attempt = AttemptNo(job.attempt.0.saturating_sub(step.behind));
    let on = Claim { attempt, fence: Fence(job.fence.0.saturating_sub(step.behind)) };
    let later = now + SignedDuration::from_secs(30);
    let again = Next::Retry { at: later };
    match step.kind {
        0..=3 => Happened::Claimed { by: node("a"), call: CallId::of_attempt(job.id, job.attempt.next()) },
        4 => Happened::Dialed { by: node("a"), on, call: CallId::of_attempt(job.id, attempt) },
        5 => Happened::GivenBack { on, why: HandedBack::Restart },
        6 => Happened::GivenBack { on, why: HandedBack::NotSent { not_before: later } },
        7..=9 => Happened::PostBegun { on },
        10 => Happened::PostUnclear { attempt },
        11 => Happened::PostRefused { on, class: RefusalClass::TooMany, next: again },
        12 => Happened::Placed { attempt },
        13 => Happened::RuledNotPlaced { on, next: again },
        14 => Happened::Ended { attempt, disposition: Disposition::Busy, next: again },
        15 => Happened::TakenOver { by: node("b") },
        16 => Happened::GivenBack { on, why: HandedBack::Gate { gate: Closed::SamePairOpen } },
        17 => Happened::Parked { why: "looked at".into() },
        18 => Happened::CallBack { at: later },
        _ => Happened::Unparked,
    }
}

/// What ends an attempt whose request may be out: the carrier's word, a ruling, or the proof that nothing left.
fn is_the_word(fact: &Happened) -> bool {
    matches!(
        fact,
        Happened::PostRefused { .. }
            | Happened::RuledNotPlaced { .. }
            | Happened::Ended { .. }
            | Happened::GivenBack { why: HandedBack::NotSent { .. }, .. }
    )
}

proptest! {
    #[test]
    fn no_order_of_facts_breaks_a_rule(steps in steps()) {
        let mut job = job();
        let mut now = at(0);
        let mut posts: Vec<AttemptNo> = Vec::new();
        for step in steps {
            now += SignedDuration::from_secs(step.secs);
            let fact = fact(&job, step, now);
            let before = job.clone();
            let applied = job.apply(&fact, now);
            prop_assert!(job.fence >= before.fence && job.attempt >= before.attempt);
            if applied.is_err() {
                prop_assert_eq!(&job, &before, "refused, and yet changed by {:?}", fact);
            }
            let was_out = matches!(before.state, JobState::Live { .. })
                || matches!(&before.state, JobState::Dialing { request, .. } if *request != Request::Unsent);
            if was_out && !job.state.holds_slot() {
                prop_assert!(is_the_word(&fact), "{:?} let go of a request that may be out", fact);
            }
            if applied == Ok(Applied::Changed) && matches!(fact, Happened::PostBegun { .. }) {
                prop_assert!(!posts.contains(&job.attempt), "attempt {} posted twice", job.attempt);
                posts.push(job.attempt);
            }
            prop_assert!(u32::from(job.used) <= job.attempt.0);
            let text = serde_json::to_string(&job).unwrap();
            prop_assert_eq!(serde_json::from_str::<Job>(&text).unwrap(), job.clone());
        }
    }

    #[test]
    fn progress_adds_up_at_every_moment(all in prop::collection::vec(steps(), 1..20)) {
        let jobs: Vec<Job> = all.into_iter().map(|steps| {
            let mut job = job();
            for (place, step) in steps.into_iter().enumerate() {
                let now = at(i64::try_from(place).unwrap() * 60);
                let fact = fact(&job, step, now);
                let _ = job.apply(&fact, now);
            }
            job
        }).collect();
        let progress: Progress = jobs.iter().map(|job| &job.state).collect();
        prop_assert_eq!(progress.total(), u64::try_from(jobs.len()).unwrap());
    }
}
