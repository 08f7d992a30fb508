//! Another carrier is asked where the first was at fault, and nowhere else.

use crate::facts::*;
use trunkline_core::call::*;
use trunkline_core::id::*;
use trunkline_core::private::Address;

fn other() -> AccountId {
    AccountId::new("other:1")
}

fn ours_there() -> Address {
    Address::new("+15550100003")
}

fn over_to(account: AccountId, why: CarrierFault) -> What {
    let over = FailOver { account, from: ours_there(), why };
    What::Requeued { leg: LegNo(2), not_before: at(9), over: Some(Box::new(over)) }
}

/// The call after what became of its first attempt, if `why` then leads to another carrier.
fn goes_over(became: &[What], why: CarrierFault) -> Option<Call> {
    let mut events = posted();
    events.extend(became.iter().cloned().map(|what| event(5, what)));
    let mut call = call_of(&events);
    call.apply(&event(9, over_to(other(), why))).ok()?;
    Some(call)
}

#[test]
fn only_a_fault_of_the_carrier_leads_to_another_one() {
    use CarrierFault as F;
    use RefusalClass as R;
    let ruled = || vec![unclear(), What::RuledNotPlaced(leg(1))];
    let taken_over = || What::TakenOver { by: NodeId::new("b"), on: None, since: None };
    let table: Vec<(&str, Vec<What>, Option<F>)> = vec![
        ("not reached", vec![refused(R::NotSent)], Some(F::NotReached)),
        ("too many", vec![refused(R::TooMany)], Some(F::TooManyRequests)),
        ("our own settings there", vec![refused(R::Configuration)], Some(F::Refused)),
        ("never placed", ruled(), Some(F::NotPlaced)),
        ("no such number", vec![refused(R::InvalidNumber)], None),
        ("refused number", vec![refused(R::Blocked)], None),
        ("can't be reached there", vec![refused(R::Unreachable)], None),
        ("still unclear", vec![unclear()], None),
        ("accepted", vec![news(1, "CA1", News::Accepted)], None),
        ("busy", vec![ended(EndWord::Busy)], None),
        ("no answer", vec![ended(EndWord::NoAnswer)], None),
        ("failed on its way", vec![ended(EndWord::Failed)], None),
        ("talked", vec![news(1, "CA1", News::Answered), ended(EndWord::Completed)], None),
        ("given up", vec![news(1, "CA1", News::Accepted), What::GaveUp(leg(1))], None),
        (
            "hung up meanwhile",
            vec![What::HangUpAsked { reason: HangUpReason::Asked }, refused(R::TooMany)],
            None,
        ),
        ("another node's by now", [vec![taken_over()], ruled()].concat(), None),
        ("turned up after all", [ruled(), vec![news(1, "CA1", News::Accepted)]].concat(), None),
    ];
    for (name, became, expected) in table {
        for why in [F::NotReached, F::TooManyRequests, F::Refused, F::NotPlaced] {
            let went = goes_over(&became, why);
            assert_eq!(went.is_some(), expected == Some(why), "{name}, {why:?}");
        }
    }
}

#[test]
fn the_attempt_at_the_other_carrier_is_that_carriers_in_everything() {
    let call = goes_over(&[refused(RefusalClass::TooMany)], CarrierFault::TooManyRequests).unwrap();
    let leg = call.leg();
    assert_eq!((call.state(), leg.no, &leg.account), (State::Queued, LegNo(2), &other()));
    assert_eq!((&call.account, call.shown_as(leg)), (&other(), &ours_there()));
    assert_eq!(leg.instead_for, Some(CarrierFault::TooManyRequests));
    assert_eq!(call.shown_as(&call.legs[0]), &party().from, "the first stays as it was");
    assert_eq!(call.owed(), Vec::new(), "it waits for its turn");
}

#[test]
fn a_carrier_that_was_asked_is_not_asked_instead_of_another() {
    let mut call = goes_over(&[refused(RefusalClass::TooMany)], CarrierFault::TooManyRequests).unwrap();
    let on = OnLeg::first(LegNo(2));
    for what in [What::DialStarted(on), What::PostBegun(on)] {
        call.apply(&event(10, what)).unwrap();
    }
    let refusal = Refusal { class: RefusalClass::TooMany, code: None, http: None, message: String::new() };
    call.apply(&event(11, What::PostRefused { on, refusal })).unwrap();
    for account in [account(), other()] {
        let over = FailOver { account, from: ours_there(), why: CarrierFault::TooManyRequests };
        let again = What::Requeued { leg: LegNo(3), not_before: at(12), over: Some(Box::new(over)) };
        assert!(call.apply(&event(12, again)).is_err());
    }
    // Nor under another name.
    assert!(call.was_asked(&AccountId::at("other", "renamed", "1")));
    assert!(!call.was_asked(&AccountId::at("other", "renamed", "2")), "the control");
    call.apply(&event(13, requeued(3, 20))).unwrap();
    let leg = call.leg();
    assert_eq!((&leg.account, call.shown_as(leg)), (&other(), &ours_there()), "it waits where it is");
}

#[test]
fn the_first_carriers_call_that_turns_up_after_the_other_was_asked_is_a_stray() {
    let ruled = [unclear(), What::RuledNotPlaced(leg(1))];
    let mut call = goes_over(&ruled, CarrierFault::NotPlaced).unwrap();
    let effects = call.apply(&event(20, news(1, "CA1", News::Ringing))).unwrap();
    assert!(effects.contains(&Effect::Owed(Owed::HangUpStray(sid("CA1")))), "{effects:?}");
    assert_eq!((call.state(), call.leg().no), (State::Queued, LegNo(2)), "the other attempt goes on");
    assert_eq!(call.account_of_stray(&sid("CA1")), &account(), "it is hung up where it is");
}

#[test]
fn an_attempt_of_a_job_goes_back_to_the_queue_instead() {
    let mut request = requested();
    if let What::Requested(request) = &mut request {
        let text = r#"{"job":"00000000-0000-7000-8000-000000000001","node":"a","attempt":1,"fence":1}"#;
        request.job = serde_json::from_str(text).ok();
        assert!(request.job.is_some(), "the control: it is an attempt of a job");
    }
    let mut events = posted();
    events[0] = event(0, request);
    events.push(event(5, refused(RefusalClass::TooMany)));
    let call = call_of(&events);
    assert_eq!(
        (call.leg().carrier_fault(), call.may_fail_over()),
        (Some(CarrierFault::TooManyRequests), None)
    );
}
