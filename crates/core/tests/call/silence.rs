//! Every call ends: with every callback lost and nothing to follow but its own deadlines.

use crate::facts::*;
use crate::properties::{config, facts_in_our_time};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use trunkline_core::call::*;

/// What the carrier does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Carrier {
    /// It gives no answer at all.
    Silent,
    /// Its listings show nothing; of live calls it knows nothing.
    ShowsNothing,
}

/// Does what each deadline asks for, `slack` seconds late, until the call is over. Returns when it was over.
fn follow(call: &mut Call, carrier: Carrier, from: Timestamp, slack: i64) -> Timestamp {
    let mut now = from;
    let mut asked = None;
    for _ in 0..1_000 {
        let Some(deadline) = call.deadline(&Timing::default(), None, asked) else { return now };
        now = now.max(deadline.at) + SignedDuration::from_secs(slack);
        let on = OnLeg { leg: call.leg().no, fence: call.leg().fence };
        let what = match deadline.why {
            Why::Expire => What::Expired(on),
            Why::Unclear => What::PostUnclear { on, why: "timeout".into() },
            Why::List if carrier == Carrier::ShowsNothing => What::ListedNothing(on),
            Why::List | Why::Ask => What::CarrierSilent(on),
            Why::Rule => What::RuledNotPlaced(on),
            Why::TimeLimit => hang_up(HangUpReason::TimeLimit),
            Why::GiveUp => What::GaveUp(on),
            // The carrier is asked, and does nothing.
            Why::Act => {
                asked = Some(now);
                continue;
            }
            Why::NotDone => not_done(call.pending_action().unwrap().0.0),
            Why::HoldOver | Why::AskChild => resume(call.next_action().0),
            Why::RangOut | Why::CallerGone | Why::ReceiverGone => panic!("no carrier's call: {call:#?}"),
        };
        let asks = matches!(deadline.why, Why::Ask | Why::HoldOver | Why::AskChild);
        asked = asks.then_some(now).or(asked);
        let _ = call.apply(&Event { received_at: now, ..event(0, what) });
    }
    panic!("never over: {:?} {call:#?}", call.deadline(&Timing::default(), None, asked));
}

fn ends(facts: &[Event], carrier: Carrier) -> (Disposition, i64) {
    let mut call = call_of(facts);
    let from = call.updated_at;
    let over = follow(&mut call, carrier, from, 1);
    (call.disposition().unwrap(), over.duration_since(at(0)).as_secs())
}

#[test]
fn an_unclear_request_is_ruled_within_240_seconds() {
    for begun in [posted(), posted()[..2].to_vec()] {
        let (disposition, secs) = ends(&begun, Carrier::ShowsNothing);
        assert_eq!(disposition, Disposition::NotPlaced);
        assert!((180..240).contains(&secs), "ruled after {secs} s");
    }
}

#[test]
fn an_unclear_request_is_never_ruled_by_a_silent_carrier_but_given_up_within_the_hour() {
    let (disposition, secs) = ends(&posted(), Carrier::Silent);
    assert_eq!(disposition, Disposition::Unknown);
    assert!((3_600..3_640).contains(&secs), "given up after {secs} s");
}

#[test]
fn a_live_call_without_news_is_given_up_after_three_asks() {
    for live in [accepted(), ringing(), answered()] {
        let mut facts = posted();
        facts.push(event(3, live));
        let (disposition, secs) = ends(&facts, Carrier::Silent);
        assert_eq!(disposition, Disposition::Unknown);
        assert!((150..240).contains(&secs), "given up after {secs} s");
        let mut call = call_of(&facts);
        follow(&mut call, Carrier::Silent, at(3), 1);
        assert_eq!(call.leg().silent_asks(), 3);
        assert_eq!(call.end_source(), Some(EndSource::Inferred));
    }
}

#[test]
fn a_hang_up_that_is_never_confirmed_is_given_up_too() {
    let mut facts = posted();
    facts.extend([event(3, answered()), event(9, hang_up(HangUpReason::Asked))]);
    let (_, secs) = ends(&facts, Carrier::Silent);
    assert!((39..150).contains(&secs), "given up after {secs} s");
}

#[test]
fn a_call_that_never_gets_its_turn_expires() {
    let (disposition, secs) = ends(&posted()[..1], Carrier::Silent);
    assert_eq!((disposition, secs), (Disposition::Expired, 24 * 3_600 + 1));
}

#[test]
fn a_call_asked_for_later_waits_from_then_on() {
    let mut request = requested();
    if let What::Requested(request) = &mut request {
        request.not_before = Some(at(100_000));
    }
    let (disposition, secs) = ends(&[event(0, request)], Carrier::Silent);
    assert_eq!((disposition, secs), (Disposition::Expired, 100_000 + 24 * 3_600 + 1));
}

#[test]
fn attempt_after_attempt_does_not_wait_for_ever() {
    let mut facts = posted();
    facts.push(event(3, refused(RefusalClass::TooMany)));
    facts.push(event(4, requeued(2, 24 * 3_600 + 500)));
    let (disposition, secs) = ends(&facts, Carrier::Silent);
    assert_eq!((disposition, secs), (Disposition::Expired, 24 * 3_600 + 1));
}

#[test]
fn an_answer_by_a_wrong_clock_neither_kills_a_call_nor_keeps_it() {
    for wrong in [Timestamp::MIN, Timestamp::MAX] {
        let mut facts = posted();
        facts.push(Event { occurred_at: Some(wrong), ..event(10, answered()) });
        let call = call_of(&facts);
        // The carrier confirms the call again and again; it is asked every two minutes.
        let heard = Some(at(3_000));
        let deadline = call.deadline(&Timing::default(), heard, heard).unwrap();
        assert_eq!((deadline.at, deadline.why), (at(3_120), Why::Ask));
        let heard = Some(at(3_655));
        let deadline = call.deadline(&Timing::default(), heard, heard).unwrap();
        assert_eq!(deadline.why, Why::TimeLimit);
        assert!((at(3_661)..=at(3_670)).contains(&deadline.at));
    }
}

#[test]
fn a_confirmed_call_is_not_given_up() {
    let mut facts = posted();
    facts.extend([event(3, answered()), event(130, What::CarrierSilent(leg(1)))]);
    facts.push(event(165, What::CarrierSilent(leg(1))));
    let call = call_of(&facts);
    let next = call.deadline(&Timing::default(), Some(at(180)), Some(at(180))).unwrap();
    assert_eq!((next.at, next.why), (at(300), Why::Ask));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_call_ends_by_its_deadlines_alone(
        events in facts_in_our_time(),
        shows in prop::bool::ANY,
        slack in 0..5_i64,
    ) {
        let carrier = if shows { Carrier::ShowsNothing } else { Carrier::Silent };
        let mut call = call_of(&events);
        let was_queued = call.state() == State::Queued;
        let from = call.updated_at;
        let over = follow(&mut call, carrier, from, slack);
        let took = over.duration_since(from).as_secs();
        let bound = if was_queued { 24 * 3_600 + 100 } else { 3_600 + 100 };
        prop_assert!(took <= bound, "took {took} s: {:?}", call.disposition());
    }
}
