//! Webhooks lost, doubled, late and out of order: F-17. The record comes out as the carrier knows it, and every call ends
//! (P3, P4).

use trunkline_sim::{CallEvent, Fault, FaultKind, Habit};

use crate::day::Day;

const PEOPLE: [(&str, &str); 5] = [
    ("+15550100301", "completed"),
    ("+15550100302", "busy"),
    ("+15550100303", "no_answer"),
    ("+15550100304", "completed"),
    ("+15550100305", "failed"),
];

/// Whether the last callback comes at all: it alone bears the SIP code that tells a wrong number from a broken network.
#[derive(Clone, Copy, PartialEq)]
enum TheEnd {
    Told,
    FoundByAsking,
}

fn habit(number: &str) -> Habit {
    match number {
        "+15550100302" => Habit::Busy,
        "+15550100303" => Habit::NoAnswer,
        "+15550100304" => Habit::HangsUpInMidQuestion { question: 2 },
        "+15550100305" => Habit::NotInService,
        _ => Habit::says(["Ann", "Tuesday", "no"]),
    }
}

/// Everybody is called while something is wrong with callbacks; every record must come out as the carrier's own.
fn comes_out_right(fault: Option<Fault>, end: TheEnd) {
    let day = Day::begin();
    let is_faulty = fault.is_some();
    fault.into_iter().for_each(|fault| day.sim.add_fault(fault));
    let calls = PEOPLE.map(|(number, _)| {
        day.person(number, habit(number));
        day.call(number)
    });
    for call in &calls {
        day.ended(call);
    }
    day.is_quiet();
    for ((number, status), call) in PEOPLE.iter().zip(&calls) {
        let seen = day.look_at(call);
        let disposition = match (*status, end) {
            ("failed", TheEnd::Told) => "invalid_number",
            ("failed", TheEnd::FoundByAsking) => "carrier_failed",
            (status, _) => status,
        };
        assert_eq!(
            (&seen["disposition"], &seen["status"]),
            (&disposition.into(), &(*status).into()),
            "{seen}"
        );
        assert_eq!(seen["evidence"]["source"], "observed", "{seen}");
        let truth = day.sim.call(&day.sid(number)).unwrap();
        if truth.answered_at.is_some() {
            // The carrier's own figure leaves out the time that our answers took, which fast time makes long: ours is
            // never the shorter, but for the rounding of both ends.
            let (ours, theirs) = (seen["duration_seconds"].as_u64().unwrap(), truth.duration_secs.unwrap());
            assert!(ours + 2 >= u64::from(theirs), "{theirs}: {seen}");
            assert!(seen["answered_at"].is_string(), "{seen}");
        }
        assert!(seen["ended_at"].is_string() && seen["evidence"]["conflict"].is_null(), "{seen}");
        assert_eq!(day.dialed(number), 1);
    }
    assert_eq!(day.answers(&calls[0]), ["Ann", "Tuesday", "no"]);
    assert_eq!(is_faulty, day.sim.faults().iter().any(|fault| fault.struck > 0), "the control");
    day.until("the database has them all", |day| {
        calls.iter().all(|call| day.database().disposition(call).is_some()).then_some(())
    });
    assert_eq!(day.get("/health").json()["active_calls"], 0);
}

#[test]
pub fn a_day_without_faults_comes_out_right() {
    comes_out_right(None, TheEnd::Told);
}

#[test]
pub fn a_day_without_any_callback_comes_out_right() {
    comes_out_right(Some(Fault::new(FaultKind::CallbackLost)), TheEnd::FoundByAsking);
}

#[test]
pub fn a_day_with_every_callback_three_times_comes_out_right() {
    comes_out_right(Some(Fault::new(FaultKind::CallbackDoubled { copies: 3 })), TheEnd::Told);
}

#[test]
pub fn a_day_with_late_callbacks_comes_out_right() {
    comes_out_right(Some(Fault::new(FaultKind::CallbackLate { secs: 100 })), TheEnd::Told);
}

#[test]
pub fn a_day_with_reordered_callbacks_comes_out_right() {
    comes_out_right(Some(Fault::new(FaultKind::CallbackReordered).with_chance(0.5)), TheEnd::Told);
}

#[test]
pub fn the_end_alone_may_be_lost_and_is_found_within_two_minutes() {
    comes_out_right(
        Some(Fault::new(FaultKind::CallbackLost).only(CallEvent::Completed)),
        TheEnd::FoundByAsking,
    );
}

#[test]
pub fn a_voice_document_asked_for_twice_at_once_is_one_step() {
    let day = Day::begin();
    day.sim.add_fault(Fault::new(FaultKind::VoiceFetchDoubled));
    let number = "+15550100311";
    day.person(number, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.call(number);
    assert_eq!(day.disposition(&call), "completed");
    assert_eq!(day.answers(&call), ["Ann", "Tuesday", "no"]);
    let turns = day.turns(&call);
    assert!(turns.len() == 3 && turns.iter().all(|turn| turn["asks"] == 1), "{turns:?}");
}
