//! Order does not matter: the facts that one call can truly have give the same call in any order, however often each
//! is repeated.
//!
//! All permutations are proven, not sampled: there is one call per *subset* of the facts (grown from a smaller
//! subset), and each fact leads from the subset without it to the very call of the subset with it, and changes nothing
//! when it comes again. By induction every path through the subsets, which is every permutation with any repetitions,
//! ends in the same call. A set of 12 facts has 479 million permutations and 4,096 subsets.

use crate::facts::*;
use trunkline_core::call::*;

/// What must not depend on the order: the record and what is owed.
fn view(call: &Call) -> (Call, Vec<Owed>, Vec<String>, bool) {
    let to_fetch = call.recordings_to_fetch().map(|(step, it)| format!("{step}:{}", it.id)).collect();
    (call.clone(), call.owed(), to_fetch, call.is_settled())
}

/// Merges a fact, as the server does: a refused one may still have filled a gap.
fn merge(call: &Call, event: &Event) -> Call {
    let mut call = call.clone();
    let _ = call.apply(event);
    call
}

/// Finds two orders of `facts` after `prefix` that differ.
fn first_difference(
    prefix: &[Event],
    facts: &[Event],
    merge: fn(&Call, &Event) -> Call,
) -> Result<Call, String> {
    let mut calls: Vec<Call> = vec![call_of(prefix)];
    for subset in 1..1_usize << facts.len() {
        let members = (0..facts.len()).filter(|fact| subset & (1 << fact) != 0);
        let mut grown: Option<(Call, usize)> = None;
        for last in members {
            let call = merge(&calls[subset & !(1 << last)], &facts[last]);
            let again = merge(&call, &facts[last]);
            if again != call {
                return Err(format!("{:?}\ntwice: {call:#?}\n{again:#?}", facts[last].what));
            }
            match &grown {
                None => grown = Some((call, last)),
                Some((first, by)) if view(first) != view(&call) => {
                    return Err(format!(
                        "of the facts {subset:b}:\n{:?} last: {first:#?}\n{:?} last: {call:#?}",
                        facts[*by].what, facts[last].what
                    ));
                }
                Some(_) => {}
            }
        }
        calls.extend(grown.map(|(call, _)| call));
    }
    Ok(calls.swap_remove(calls.len() - 1))
}

pub fn any_order(prefix: &[Event], facts: &[Event]) -> Call {
    first_difference(prefix, facts, merge).unwrap_or_else(|difference| panic!("{difference}"))
}

#[test]
fn an_answered_script_call() {
    let call = any_order(
        &posted(),
        &[
            event(3, accepted()),
            late(3, 4, news(1, "CA1", News::Accepted)),
            late(5, 7, ringing()),
            late(8, 9, answered()),
            event(10, spoke(None, question(0, 0))),
            event(15, spoke(recorded(0, 0, "RE1"), question(1, 0))),
            event(16, amd(AnsweredBy::Human)),
            event(20, spoke(keyed(1, 0, "3"), Says::Goodbye)),
            late(22, 24, ended_after(EndWord::Completed, 14)),
            event(40, priced()),
        ],
    );
    assert_eq!(call.disposition(), Some(Disposition::Completed));
    assert_eq!(call.outcome(), Some(Outcome::Finished));
    assert_eq!(call.answer_count(), 2);
    assert_eq!(call.answered_at(), Some(at(8)));
    assert_eq!(call.duration_secs(), Some(14));
    assert_eq!(call.updated_at, at(40));
}

/// What Telnyx tells of a call: no ringing need ever be told, causes stand beside words, and any of it may come first.
#[test]
fn what_telnyx_tells_in_any_order_with_and_without_ringing() {
    let told = |cause: &str, sip, hangup_by| Reported {
        carrier_cause: Some(cause.to_owned()),
        sip,
        hangup_by: Some(hangup_by),
        ..Reported::default()
    };
    let heard = |secs, what| event(secs, news(1, "CA1", what));
    for rings in [true, false] {
        let mut facts = vec![
            heard(3, News::Accepted),
            late(8, 9, news(1, "CA1", News::Answered)),
            event(10, spoke(None, question(0, 0))),
            event(15, spoke(recorded(0, 0, "35094891-3290-4142-b2c2-b2eda57534cf"), Says::Goodbye)),
            event(16, amd(AnsweredBy::Human)),
            event(17, amd(AnsweredBy::Unknown)),
            late(
                22,
                24,
                news(
                    1,
                    "CA1",
                    end(EndWord::Completed, Some(14), told("normal_clearing", Some(200), HangUpBy::Callee)),
                ),
            ),
            event(40, priced()),
        ];
        facts.extend(rings.then(|| late(5, 7, news(1, "CA1", News::Ringing))));
        let call = any_order(&posted(), &facts);
        assert_eq!((call.disposition(), call.duration_secs()), (Some(Disposition::Completed), Some(14)));
        assert_eq!((call.answered_at(), call.hang_up_by()), (Some(at(8)), HangUpBy::Callee));
    }
    for (cause, rings, disposition) in [
        ("call_rejected", true, Disposition::Rejected),
        ("call_rejected", false, Disposition::Blocked),
        ("user_busy", false, Disposition::Busy),
        ("not_found", false, Disposition::InvalidNumber),
    ] {
        let mut facts = vec![
            event(3, accepted()),
            event(12, unclear()),
            event(9, news(1, "CA1", end(EndWord::Failed, Some(0), told(cause, None, HangUpBy::Callee)))),
        ];
        facts.extend(rings.then(|| event(6, ringing())));
        assert_eq!(any_order(&posted(), &facts).disposition(), Some(disposition), "{cause}");
    }
}

#[test]
fn an_unclear_call_that_turns_up_after_the_ruling() {
    let call = any_order(
        &posted(),
        &[
            event(12, unclear()),
            event(190, What::ListedNothing(leg(1))),
            event(221, What::ListedNothing(leg(1))),
            event(222, What::RuledNotPlaced(leg(1))),
            event(223, hang_up(HangUpReason::Asked)),
            late(5, 224, accepted()),
            late(7, 225, ringing()),
            event(226, ended(EndWord::Canceled)),
            event(230, priced()),
        ],
    );
    assert_eq!(call.disposition(), Some(Disposition::Canceled));
    assert_eq!(call.hang_up_by(), HangUpBy::Us);
    assert!(call.is_settled());
}

#[test]
fn an_unclear_call_that_never_was() {
    let call = any_order(
        &posted(),
        &[
            event(12, unclear()),
            event(13, hang_up(HangUpReason::Asked)),
            event(100, What::CarrierSilent(leg(1))),
            event(190, What::ListedNothing(leg(1))),
            event(221, What::ListedNothing(leg(1))),
            event(222, What::RuledNotPlaced(leg(1))),
        ],
    );
    assert_eq!(call.disposition(), Some(Disposition::NotPlaced));
    assert_eq!(call.owed(), []);
}

#[test]
fn a_call_that_is_hung_up_while_it_rings() {
    let call = any_order(
        &posted(),
        &[
            event(3, accepted()),
            event(4, ringing()),
            event(6, hang_up(HangUpReason::Asked)),
            event(7, hang_up(HangUpReason::TimeLimit)),
            event(130, What::CarrierSilent(leg(1))),
            event(131, ended(EndWord::Canceled)),
        ],
    );
    assert_eq!(call.disposition(), Some(Disposition::Canceled));
}

#[test]
fn a_hang_up_asked_after_the_end_changes_nothing_of_it() {
    let call = any_order(
        &posted(),
        &[
            event(3, accepted()),
            event(5, answered()),
            late(30, 31, ended_after(EndWord::Completed, 25)),
            event(3_700, hang_up(HangUpReason::TimeLimit)),
        ],
    );
    assert_eq!(call.disposition(), Some(Disposition::Completed));
    assert_eq!(call.hang_up_by(), HangUpBy::Callee);
}

#[test]
fn a_question_asked_twice() {
    let call = any_order(
        &posted(),
        &[
            event(5, spoke(None, question(0, 0))),
            event(9, spoke(keyed(0, 0, "7"), question(0, 1))),
            event(13, spoke(keyed(0, 1, "2"), question(1, 0))),
            event(17, spoke(recorded(1, 0, "RE1"), question(1, 1))),
            event(21, spoke(recorded(1, 1, "RE2"), Says::Goodbye)),
            event(22, recording("RE1", Some(1), 0, RecordingState::Absent)),
            event(23, recording("RE2", Some(1), 1, RecordingState::Ready)),
            event(24, ended_after(EndWord::Completed, 20)),
        ],
    );
    assert_eq!(call.turns[&0].question, "question 0, asked 0 times before");
    assert_eq!(call.turns[&0].answer.as_ref().unwrap().ask, 1);
    assert_eq!(
        call.recordings_to_fetch().map(|(step, it)| (step, it.id.as_str())).collect::<Vec<_>>(),
        [(1, "RE2")]
    );
}

#[test]
fn a_recording_whose_news_names_no_question() {
    let call = any_order(
        &posted(),
        &[
            event(5, spoke(None, question(1, 0))),
            event(6, spoke(None, question(2, 0))),
            event(9, spoke(recorded(2, 1, "RE1"), Says::Goodbye)),
            event(10, recording("RE1", None, 0, RecordingState::Ready)),
            event(11, recording("RE1", None, 0, stored())),
            event(12, ended_after(EndWord::Completed, 8)),
        ],
    );
    assert_eq!(call.turns.keys().collect::<Vec<_>>(), [&1, &2]);
    assert_eq!(call.turns[&2].recordings.len(), 1);
    assert_eq!(call.turns[&2].recordings[0].ask, 1);
    assert!(call.is_settled());
}

#[test]
fn one_end_reported_by_callback_and_by_asking() {
    let sip = Reported { sip: Some(486), carrier_status: Some("busy".into()), ..Reported::default() };
    let fetched =
        Reported { q850: Some(17), carrier_status: Some("busy (17)".into()), ..Reported::default() };
    let call = any_order(
        &posted(),
        &[
            event(3, ringing()),
            late(8, 9, news(1, "CA1", end(EndWord::Busy, None, sip))),
            late(7, 60, news(1, "CA1", end(EndWord::Busy, Some(0), fetched))),
            event(70, priced()),
        ],
    );
    assert_eq!(call.ended_at(), Some(at(7)));
    assert_eq!(call.disposition(), Some(Disposition::Busy));
}

#[test]
fn a_missed_answer_is_reckoned_from_one_end_told_twice() {
    let call = any_order(
        &posted(),
        &[
            event(3, accepted()),
            late(50, 51, ended(EndWord::Completed)),
            late(49, 80, ended_after(EndWord::Completed, 20)),
            event(52, amd(AnsweredBy::Machine)),
            event(53, amd(AnsweredBy::Human)),
        ],
    );
    assert_eq!(call.leg().answered, Some(Stamp { at: at(29), by: Certainty::Inferred }));
    assert_eq!(call.duration_secs(), Some(20));
    assert_eq!(call.disposition(), Some(Disposition::Voicemail));
}

#[test]
fn a_call_that_was_given_up_and_ended_after_all() {
    let mut prefix = posted();
    prefix.push(event(3, accepted()));
    let call = any_order(
        &prefix,
        &[
            event(150, What::CarrierSilent(leg(1))),
            event(180, What::CarrierSilent(leg(1))),
            event(210, What::CarrierSilent(leg(1))),
            event(211, What::GaveUp(leg(1))),
            late(60, 400, ended_after(EndWord::Completed, 30)),
            late(4, 401, ringing()),
        ],
    );
    assert_eq!(call.disposition(), Some(Disposition::Completed));
    assert_eq!(call.end_source(), Some(EndSource::Observed));
}

#[test]
fn a_refused_request() {
    let call = any_order(
        &posted(),
        &[
            event(3, hang_up(HangUpReason::Asked)),
            event(12, unclear()),
            event(13, refused(RefusalClass::InvalidNumber)),
        ],
    );
    assert_eq!(call.disposition(), Some(Disposition::InvalidNumber));
    assert!(call.is_settled());
}

#[test]
fn an_inbound_call() {
    let call = any_order(
        &[event(0, arrived(Direction::Inbound))],
        &[
            event(1, spoke(None, question(0, 0))),
            late(1, 2, answered()),
            event(8, spoke(recorded(0, 0, "RE1"), Says::Goodbye)),
            event(9, recording("RE1", Some(0), 0, RecordingState::Ready)),
            late(10, 11, ended_after(EndWord::Completed, 9)),
            event(12, recording("RE1", Some(0), 0, stored())),
            event(20, priced()),
        ],
    );
    assert_eq!(call.disposition(), Some(Disposition::Completed));
    assert!(call.is_settled());
}

/// The control: were a refused fact thrown away whole, order would matter, and the proof must find it.
#[test]
fn the_proof_finds_a_merge_that_depends_on_order() {
    fn by_arrival(call: &Call, event: &Event) -> Call {
        let mut next = call.clone();
        if next.apply(event).is_ok() { next } else { call.clone() }
    }
    let facts = [event(3, accepted()), event(5, ringing()), event(8, answered())];
    assert!(first_difference(&posted(), &facts, by_arrival).is_err());
}
