//! What the table is too small for: attempts after attempts, calls that turn up late, calls that nobody owns.

use crate::facts::*;
use trunkline_core::call::*;
use trunkline_core::id::{Fence, LegNo};

fn apply(call: &mut Call, secs: i64, what: What) -> Vec<Effect> {
    call.apply(&event(secs, what)).unwrap_or_else(|refused| panic!("refused: {refused}"))
}

fn refusal(call: &mut Call, secs: i64, what: What) -> Refused {
    call.apply(&event(secs, what)).expect_err("is refused")
}

fn not_placed() -> Call {
    let mut facts = posted();
    facts.extend([event(12, unclear()), event(222, What::RuledNotPlaced(leg(1)))]);
    call_of(&facts)
}

#[test]
fn a_call_that_turns_up_after_the_ruling_is_adopted_if_no_later_attempt_exists() {
    let mut call = not_placed();
    assert_eq!(call.disposition(), Some(Disposition::NotPlaced));
    let effects = apply(&mut call, 230, ringing());
    assert_eq!(effects, [Effect::Announce(Status::Ringing)]);
    assert_eq!(call.state(), State::Ringing);
    let effects = apply(&mut call, 250, ended(EndWord::NoAnswer));
    assert_eq!(effects, [Effect::Announce(Status::NoAnswer), Effect::Released]);
}

#[test]
fn a_call_that_turns_up_after_a_later_attempt_is_a_stray_and_hung_up() {
    let mut call = not_placed();
    apply(&mut call, 223, requeued(2, 230));
    let effects = apply(&mut call, 231, accepted());
    assert_eq!(effects, [Effect::Owed(Owed::HangUpStray(sid("CA1")))]);
    assert_eq!(call.state(), State::Queued);
    assert_eq!(refusal(&mut call, 232, spoke(None, question(0, 0))), Refused::Same);
    assert_eq!(call.turns.len(), 0);
    apply(&mut call, 233, What::StrayHungUp { carrier_call_id: sid("CA1") });
    assert_eq!(call.owed(), []);
}

#[test]
fn a_stray_that_ends_by_itself_is_owed_nothing() {
    let mut call = not_placed();
    apply(&mut call, 223, requeued(2, 230));
    apply(&mut call, 231, ringing());
    apply(&mut call, 232, ended(EndWord::NoAnswer));
    assert_eq!(call.owed(), []);
    assert_eq!(call.disposition(), None, "the later attempt goes on");
}

#[test]
fn a_second_id_for_one_attempt_is_a_stray_and_never_bound() {
    let mut call = call_of(&posted());
    apply(&mut call, 3, accepted());
    let effects = apply(&mut call, 4, news(1, "CA2", News::Answered));
    assert_eq!(effects, [Effect::Owed(Owed::HangUpStray(sid("CA2")))]);
    assert_eq!(call.leg().carrier_call_id, Some(sid("CA1")));
    assert_eq!(call.state(), State::Initiated);
    apply(&mut call, 9, news(1, "CA2", end(EndWord::Completed, Some(4), Reported::default())));
    assert_eq!(call.state(), State::Initiated);
}

#[test]
fn a_call_made_by_an_owner_who_had_lost_the_attempt_is_hung_up() {
    let mut call = call_of(&posted());
    call.legs[0].fence = Fence(2);
    let by_the_earlier = OnLeg { leg: LegNo(1), fence: Fence(1) };
    let news = |id, news| What::Progress(Progress { on: by_the_earlier, carrier_call_id: sid(id), news });
    let effects = apply(&mut call, 4, news("CA1", News::Accepted));
    assert_eq!(effects, [Effect::Owed(Owed::HangUpStray(sid("CA1")))]);
    assert_eq!(call.state(), State::Dialing);
    assert_eq!(
        refusal(&mut call, 5, What::PostUnclear { on: by_the_earlier, why: "timeout".into() }),
        Refused::OldFence
    );
}

#[test]
fn a_stray_keeps_a_call_from_being_settled() {
    let mut call = call_of(&posted());
    apply(&mut call, 3, accepted());
    apply(&mut call, 4, news(1, "CA2", News::Ringing));
    apply(&mut call, 9, ended(EndWord::Busy));
    assert!(!call.is_settled());
    apply(&mut call, 10, What::StrayHungUp { carrier_call_id: sid("CA2") });
    assert!(call.is_settled());
}

#[test]
fn only_an_attempt_that_made_no_call_is_followed_by_another() {
    let ends: [(&str, Vec<What>, bool); 8] = [
        ("refused", vec![refused(RefusalClass::TooMany)], true),
        ("not placed", vec![unclear(), What::RuledNotPlaced(leg(1))], true),
        ("unclear", vec![unclear()], false),
        ("given up while unclear", vec![unclear(), What::GaveUp(leg(1))], false),
        ("ended", vec![ended(EndWord::NoAnswer)], false),
        ("given up", vec![accepted(), What::GaveUp(leg(1))], false),
        (
            "withdrawn, then refused",
            vec![hang_up(HangUpReason::Asked), refused(RefusalClass::TooMany)],
            false,
        ),
        (
            "refused, then withdrawn",
            vec![refused(RefusalClass::TooMany), hang_up(HangUpReason::Asked)],
            false,
        ),
    ];
    for (end, facts, may) in ends {
        let mut call = call_of(&posted());
        for (secs, what) in (10..).zip(facts) {
            let _ = call.apply(&event(secs, what));
        }
        assert_eq!(call.apply(&event(300, requeued(2, 310))).is_ok(), may, "{end}");
    }
}

#[test]
fn a_hang_up_asked_while_the_request_is_out_is_done_when_the_id_is_known() {
    let mut call = call_of(&posted());
    assert_eq!(apply(&mut call, 3, hang_up(HangUpReason::Asked)), []);
    assert_eq!(call.state(), State::Dialing);
    let effects = apply(&mut call, 4, accepted());
    assert!(effects.contains(&Effect::Owed(Owed::HangUp(leg(1).leg, sid("CA1")))));
    assert_eq!(call.state(), State::Ending);
}

#[test]
fn an_answer_that_crosses_our_hang_up_is_hung_up_again_once() {
    let mut call = call_of(&posted());
    apply(&mut call, 3, accepted());
    apply(&mut call, 4, hang_up(HangUpReason::Asked));
    let again = apply(&mut call, 5, answered());
    assert_eq!(again, [Effect::Owed(Owed::HangUp(leg(1).leg, sid("CA1")))]);
    assert_eq!(call.state(), State::Ending);
    assert_eq!(refusal(&mut call, 6, answered()), Refused::Same);
}

#[test]
fn a_second_different_end_is_kept_and_told_once() {
    let mut call = call_of(&posted());
    apply(&mut call, 9, ended(EndWord::NoAnswer));
    assert_eq!(refusal(&mut call, 10, ended(EndWord::Completed)), Refused::Conflict);
    assert_eq!(refusal(&mut call, 11, ended(EndWord::Completed)), Refused::Same);
    assert_eq!(call.disposition(), Some(Disposition::NoAnswer));
    assert_eq!(call.leg().conflict, Some(Cause::Carrier(EndWord::Completed)));
}

#[test]
fn an_inferred_end_yields_once_to_the_carriers_own() {
    let mut call = call_of(&posted());
    apply(&mut call, 3, accepted());
    let gone = apply(&mut call, 300, What::GaveUp(leg(1)));
    assert_eq!(gone, [Effect::Announce(Status::Failed), Effect::Released]);
    assert_eq!(call.end_source(), Some(EndSource::Inferred));
    let corrected = apply(&mut call, 400, ended_after(EndWord::Completed, 20));
    assert_eq!(corrected, [Effect::Announce(Status::Completed)], "the slot is not released twice");
    assert_eq!(call.end_source(), Some(EndSource::Observed));
    assert_eq!(refusal(&mut call, 500, ended(EndWord::Busy)), Refused::Conflict);
}

#[test]
fn an_unclear_call_that_was_given_up_learns_how_it_ended() {
    let mut call = call_of(&posted());
    apply(&mut call, 12, unclear());
    apply(&mut call, 3_700, What::GaveUp(leg(1)));
    apply(&mut call, 3_800, ended_after(EndWord::Completed, 20));
    assert_eq!(call.disposition(), Some(Disposition::Completed));
    assert_eq!(call.strays.len(), 0);
}

#[test]
fn an_end_seen_while_dialing_fills_in_what_we_missed() {
    let mut call = call_of(&posted());
    apply(&mut call, 60, ended_after(EndWord::Completed, 42));
    assert_eq!(call.leg().answered, Some(Stamp { at: at(18), by: Certainty::Inferred }));
    assert_eq!(call.duration_secs(), Some(42));
}

#[test]
fn facts_after_the_end_attach_without_reopening() {
    let mut call = call_of(&posted());
    apply(&mut call, 5, answered());
    apply(&mut call, 20, ended_after(EndWord::Completed, 15));
    apply(&mut call, 21, recording("RE1", Some(0), 0, RecordingState::Ready));
    apply(&mut call, 22, priced());
    apply(&mut call, 23, What::Transcribed { step: 0, text: "Tuesday".to_owned().into() });
    let refined = apply(&mut call, 24, amd(AnsweredBy::MachineReady));
    assert_eq!(refined, [], "voicemail is completed in the flat view");
    assert_eq!(call.state(), State::Ended);
    assert_eq!(call.disposition(), Some(Disposition::Voicemail));
    assert!(!call.is_settled(), "its recording is still at the carrier");
    apply(&mut call, 25, recording("RE1", None, 0, stored()));
    assert!(call.is_settled());
}

#[test]
fn a_ring_told_after_the_end_refines_it_and_is_announced() {
    let declined = Reported { sip: Some(603), ..Reported::default() };
    let mut call = call_of(&posted());
    apply(&mut call, 9, news(1, "CA1", end(EndWord::Failed, None, declined)));
    assert_eq!(call.disposition(), Some(Disposition::Blocked));
    assert_eq!(apply(&mut call, 10, ringing()), [Effect::Announce(Status::Rejected)]);
    assert_eq!(call.disposition(), Some(Disposition::Rejected));
}

#[test]
fn an_inbound_call_begins_ringing_and_one_placed_by_others_does_not() {
    let inbound = call_of(&[event(0, arrived(Direction::Inbound))]);
    assert_eq!((inbound.state(), inbound.leg().rang()), (State::Ringing, Rang::Yes));
    let others = call_of(&[event(0, arrived(Direction::Outbound))]);
    assert_eq!((others.state(), others.leg().rang()), (State::Initiated, Rang::Unknown));
}

#[test]
fn an_inbound_call_without_room_ends_as_rejected_and_its_carriers_end_is_no_conflict() {
    let mut call = call_of(&[event(0, arrived(Direction::Inbound))]);
    let effects = apply(&mut call, 0, What::Gated { gate: Gate::Capacity });
    assert!(effects.contains(&Effect::Released));
    apply(&mut call, 4, ended_after(EndWord::Completed, 3));
    assert_eq!(call.disposition(), Some(Disposition::RejectedCapacity));
    assert_eq!(call.leg().conflict, None);
}

#[test]
fn a_gate_never_closes_an_attempt_whose_request_may_be_out() {
    let mut call = call_of(&posted()[..2]);
    apply(&mut call, 2, What::Gated { gate: Gate::Suppressed });
    assert_eq!(call.disposition(), Some(Disposition::Suppressed));
    assert_eq!(call.owed(), []);
    let mut call = call_of(&posted());
    let late = refusal(&mut call, 3, What::Gated { gate: Gate::Suppressed });
    assert_eq!(late, Refused::Late { state: State::Dialing });
}

#[test]
fn whoever_takes_a_call_over_settles_from_then_on_and_lists_from_the_intent() {
    let mut call = call_of(&posted()[..1]);
    apply(&mut call, 40, What::TakenOver { by: trunkline_core::id::NodeId::new("b"), on: None, since: None });
    let leg = call.leg();
    assert_eq!(
        (leg.dial_started_at, leg.post_begun_at, leg.unclear_at),
        (Some(at(0)), Some(at(40)), Some(at(40)))
    );
    let timing = Timing::default();
    assert_eq!(call.deadline(&timing, None, None).map(|deadline| deadline.why), Some(Why::List));
    assert!(
        trunkline_core::dial::matches_attempt(leg, Some(at(1)), || false),
        "posted long before it was taken over"
    );
    assert_eq!(
        trunkline_core::dial::guard(leg, leg.fence),
        Err(trunkline_core::dial::Withheld::AlreadyPosted)
    );
}

#[test]
fn what_was_taken_over_twice_settles_from_the_first_time() {
    let mut call = call_of(&posted()[..1]);
    let by = trunkline_core::id::NodeId::new("a");
    apply(&mut call, 90, What::TakenOver { by, on: None, since: Some(at(40)) });
    assert_eq!((call.leg().post_begun_at, call.leg().unclear_at), (Some(at(40)), Some(at(40))));
}

#[test]
fn it_does_not_matter_what_of_the_old_owners_journal_turns_up_late() {
    let taken =
        event(40, What::TakenOver { by: trunkline_core::id::NodeId::new("b"), on: None, since: None });
    let before: Vec<Event> = posted().into_iter().chain([event(12, unclear()), taken.clone()]).collect();
    let after: Vec<Event> = posted()[..1]
        .iter()
        .cloned()
        .chain([taken])
        .chain(posted()[1..].to_vec())
        .chain([event(12, unclear())])
        .collect();
    assert_eq!(call_of(&before), call_of(&after));
}
