//! A create request whose answer is lost, late or nonsense: F-16. A person is called at most once, nothing is stuck, and
//! `not_placed` is said of those alone whose phone never rang (P2, P4).

use trunkline_sim::{Fault, FaultKind, Habit};

use crate::day::Day;

/// A person per fault: what goes wrong, and how the call must end.
struct Case(FaultKind, &'static str, &'static str);

const CASES: [Case; 9] = [
    Case(FaultKind::CreateFails, "+15550100201", "not_placed"),
    Case(FaultKind::CreateUnavailable, "+15550100202", "not_placed"),
    Case(FaultKind::CreateResets, "+15550100203", "not_placed"),
    Case(FaultKind::CreateFailsAfterAccepting, "+15550100204", "completed"),
    Case(FaultKind::CreateResetsAfterAccepting, "+15550100205", "completed"),
    Case(FaultKind::CreateHangsAfterAccepting, "+15550100206", "completed"),
    Case(FaultKind::CreateAnswersGarbage, "+15550100207", "completed"),
    Case(FaultKind::CreateAcceptsLate { secs: 30 }, "+15550100208", "completed"),
    Case(FaultKind::CreateAcceptsLate { secs: 150 }, "+15550100209", "completed"),
];

#[test]
pub fn whatever_the_carrier_answers_a_person_is_called_at_most_once_and_the_end_is_true() {
    let day = Day::begin();
    let calls = CASES.map(|Case(kind, number, expected)| {
        day.person(number, Habit::says(["Ann", "Tuesday", "no"])).fault(kind, number);
        (kind, number, expected, day.call(number))
    });
    for (kind, _, expected, call) in &calls {
        day.until(&format!("{expected} after {kind:?}"), |day| {
            (day.look_at(call)["disposition"] == *expected).then_some(())
        });
    }
    day.is_quiet();
    for (kind, number, expected, call) in &calls {
        let placed = u64::from(*expected != "not_placed");
        assert_eq!(day.dialed(number), placed, "{kind:?}");
        assert_eq!(day.disposition(call), *expected, "{kind:?}: it stays");
        let answers = if placed == 1 { vec!["Ann", "Tuesday", "no"] } else { vec![] };
        assert_eq!(day.answers(call), answers, "{kind:?}");
    }
    assert!(day.sim.faults().iter().all(|fault| fault.struck == 1), "the control: each fault struck, once");
    assert_eq!(day.get("/health").json()["active_calls"], 0);
}

#[test]
pub fn a_call_that_only_the_carriers_list_knows_is_found_there() {
    let day = Day::begin();
    let lists = [
        ("+15550100211", None),
        ("+15550100212", Some(FaultKind::ListLag { secs: 60 })),
        ("+15550100213", Some(FaultKind::EmptyList)),
    ];
    // Nobody picks up and no callback comes: there is no other trace of these calls.
    day.sim.add_fault(Fault::new(FaultKind::CallbackLost));
    let calls = lists.map(|(number, fault)| {
        day.person(number, Habit::NoAnswer).fault(FaultKind::CreateFailsAfterAccepting, number);
        if let Some(kind) = fault {
            day.sim.add_fault(Fault::new(kind).on(number).times(1));
        }
        (number, day.call(number))
    });
    for (number, call) in &calls {
        assert_eq!(day.disposition(call), "no_answer", "{number}");
        assert_eq!(day.dialed(number), 1, "{number}");
    }
    assert!(day.sim.faults().iter().all(|fault| fault.struck >= 1), "the control: {:?}", day.sim.faults());
}

#[test]
pub fn a_call_that_turns_up_after_it_was_given_up_is_taken_back_not_made_again() {
    let day = Day::begin();
    let number = "+15550100221";
    day.person(number, Habit::says(["Ann", "Tuesday", "no"]));
    day.fault(FaultKind::CreateAcceptsLate { secs: 900 }, number);
    let call = day.call(number);
    assert_eq!(day.disposition(&call), "not_placed");
    assert_eq!(day.dialed(number), 0, "true at that moment");
    day.until("the call is made after all", |day| (day.dialed(number) == 1).then_some(()));
    day.is_quiet();
    day.until("and it counts", |day| (day.look_at(&call)["disposition"] == "completed").then_some(()));
    assert_eq!(day.answers(&call), ["Ann", "Tuesday", "no"]);
    assert_eq!(day.dialed(number), 1);
}

#[test]
pub fn a_storm_of_429_delays_a_call_and_uses_up_no_attempt() {
    let day = Day::begin();
    let number = "+15550100231";
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).on(number).times(4));
    let call = day.call(number);
    assert_eq!(day.disposition(&call), "completed");
    assert_eq!((day.dialed(number), day.sim.faults()[0].struck), (1, 4));
}

#[test]
pub fn slow_answers_of_the_carrier_change_nothing() {
    let day = Day::begin();
    day.sim.add_fault(Fault::new(FaultKind::SlowAnswers { millis: 700 }));
    let number = "+15550100241";
    let call = day.call(number);
    assert_eq!(day.disposition(&call), "completed");
    assert_eq!(day.dialed(number), 1);
}

#[test]
pub fn a_number_the_carrier_refuses_is_told_as_such_and_never_called() {
    // The carrier knows of no such caller id: its answer bears a code, and is final.
    let day = Day::begin();
    let answer = day.post("/api/calls", &serde_json::json!({ "to": "+15550100251", "from": "+15550109999" }));
    assert_eq!(answer.status, 202, "{}", answer.text());
    let call = day.ended(answer.json()["id"].as_str().unwrap());
    assert_eq!(
        (&call["disposition"], &call["status"]),
        (&"carrier_failed".into(), &"failed".into()),
        "{call}"
    );
    let code = call["evidence"]["carrier_code"].as_str();
    assert!(matches!(code, Some("21210" | "10002")), "Twilio's or Telnyx's: {call}");
    assert!(day.sim.dialed().is_empty());
}
