//! What holds for any facts whatever, true or not, in any order, at any times.
//!
//! The seed is printed; `PROPTEST_RNG_SEED` sets another.

use crate::facts::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use trunkline_core::call::*;
use trunkline_core::id::*;
use trunkline_core::private::Address;

pub fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    println!("seed: {:?}", config.rng_seed);
    config
}

/// Any fact that can follow the first, about any of three attempts and two carrier ids, under the right fence mostly.
fn any_fact() -> impl Strategy<Value = What> {
    let on = (1..4_u16, prop_oneof![9 => Just(1), 1 => Just(2)])
        .prop_map(|(no, fence)| OnLeg { leg: LegNo(no), fence: Fence(fence) });
    let id = prop_oneof![4 => Just(sid("CA1")), 1 => Just(sid("CA2"))];
    let of_leg = (on, id).prop_flat_map(|(on, id)| facts_of(on, &id));
    prop_oneof![
        8 => of_leg,
        2 => prop::sample::select(facts_of_the_call()),
        1 => ("[a-z]{0,3}", prop::option::of(-5..5_i64)).prop_map(|(key, value)| What::MetadataMerged {
            patch: Metadata::from([(key, value.into())]).into(),
        }),
    ]
}

fn facts_of(on: OnLeg, id: &CarrierCallId) -> impl Strategy<Value = What> + use<> {
    let progress = |news| What::Progress(Progress { on, carrier_call_id: id.clone(), news });
    let spoke = |heard, says| What::Spoke(Box::new(Spoke { on, carrier_call_id: id.clone(), heard, says }));
    let sip = Reported { sip: Some(603), error_message: Some("declined".into()), ..Reported::default() };
    let refusal = |class| Refusal { class, code: None, http: Some(429), message: "wait".into() };
    let over = FailOver {
        account: AccountId::new("other:1"),
        from: Address::new("+15550100003"),
        why: CarrierFault::TooManyRequests,
    };
    prop::sample::select(vec![
        What::DialStarted(on),
        What::DialStarted(on),
        What::PostBegun(on),
        What::PostUnclear { on, why: "timeout".into() },
        What::PostRefused { on, refusal: refusal(RefusalClass::TooMany) },
        What::PostRefused { on, refusal: refusal(RefusalClass::InvalidNumber) },
        What::Requeued { leg: on.leg, not_before: at(300), over: None },
        What::Requeued { leg: on.leg, not_before: at(300), over: Some(Box::new(over)) },
        progress(News::Accepted),
        progress(News::Ringing),
        progress(News::Answered),
        progress(end(EndWord::Completed, Some(30), Reported::default())),
        progress(end(EndWord::Completed, Some(u32::MAX), Reported::default())),
        progress(end(EndWord::Failed, None, sip)),
        spoke(None, question(0, 0)),
        spoke(recorded(0, 0, "RE1"), question(0, 1)),
        spoke(keyed(0, 1, "7"), Says::Goodbye),
        What::ListedNothing(on),
        What::RuledNotPlaced(on),
        What::CarrierSilent(on),
        What::GaveUp(on),
        What::Expired(on),
        What::AnsweredBy { on, verdict: AnsweredBy::Human },
        What::AnsweredBy { on, verdict: AnsweredBy::Fax },
        What::ActionBegun(Box::new(ActionBegun { on, carrier_call_id: id.clone(), no: ActionNo(1) })),
        What::ActionBegun(Box::new(ActionBegun { on, carrier_call_id: id.clone(), no: ActionNo(2) })),
        transfer_over(2, Some(("CA5", EndWord::NoAnswer))),
        transfer_over(2, None),
    ])
}

fn facts_of_the_call() -> Vec<What> {
    vec![
        hang_up(HangUpReason::Asked),
        hang_up(HangUpReason::TimeLimit),
        What::Gated { gate: Gate::Duplicate },
        What::StrayHungUp { carrier_call_id: sid("CA2") },
        recording("RE1", None, 0, RecordingState::Ready),
        recording("RE1", Some(1), 0, RecordingState::Failed { why: "gone".into() }),
        recording("RE2", Some(0), 1, stored()),
        What::Transcribed { step: 0, text: "Tuesday".to_owned().into() },
        transcription("RE2", TranscriptionStage::Promised),
        transcription("RE2", TranscriptionStage::Failed { why: "late".into() }),
        priced(),
        What::UnknownWord { word: "paused".into() },
        requested(),
        hold(1),
        transfer(2),
        resume(3),
        not_done(2),
        child(2, News::Ringing),
        child(2, end(EndWord::Completed, Some(4), Reported::default())),
    ]
}

fn transcription(of: &str, stage: TranscriptionStage) -> What {
    What::Transcription(Box::new(TranscriptionNews {
        step: 0,
        ask: 1,
        recording: RecordingId::new(of),
        stage,
    }))
}

/// Facts heard of within an hour and a half, at times that the carrier may have got wrong by ten thousand years.
pub fn facts_in_our_time() -> impl Strategy<Value = Vec<Event>> {
    let happened = prop_oneof![
        3 => Just(None),
        3 => (0..5_000_i64).prop_map(|secs| Some(at(secs))),
        1 => any_time().prop_map(Some),
    ];
    let fact = (0..5_000_i64, happened, any_fact());
    prop::collection::vec(fact, 0..24).prop_map(|mut facts| {
        facts.sort_by_key(|(heard, _, _)| *heard);
        let heard = |(heard, occurred_at, what)| Event { occurred_at, ..event(heard, what) };
        let mut events = posted();
        events.extend(facts.into_iter().map(heard));
        events
    })
}

fn any_time() -> impl Strategy<Value = jiff::Timestamp> {
    let (min, max) = (jiff::Timestamp::MIN.as_nanosecond(), jiff::Timestamp::MAX.as_nanosecond());
    let time = |nanos| jiff::Timestamp::from_nanosecond(nanos).unwrap();
    prop_oneof![Just(min), Just(max), min..=max].prop_map(time)
}

/// Facts whose times are all wrong: our own clock too.
fn facts_at_any_time() -> impl Strategy<Value = Vec<Event>> {
    let times = prop::collection::vec((any_time(), prop::option::of(any_time())), 32);
    (facts_in_our_time(), times).prop_map(|(events, times)| {
        let moved = |(event, (received_at, occurred_at))| Event { received_at, occurred_at, ..event };
        events.into_iter().zip(times).map(moved).collect()
    })
}

/// Begins a call and looks at it before and after each fact.
fn watch(events: &[Event], mut look: impl FnMut(&Call, &Event, &Call, &Applied)) -> Call {
    let (mut call, _) = Call::begin(&events[0]).unwrap();
    for event in &events[1..] {
        let before = call.clone();
        let applied = call.apply(event);
        look(&before, event, &call, &applied);
    }
    call
}

type Applied = Result<Vec<Effect>, Refused>;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_fact_twice_is_a_fact_once(events in facts_in_our_time()) {
        watch(&events, |_, event, after, _| {
            let mut again = after.clone();
            let effects = again.apply(event).unwrap_or_default();
            assert_eq!(effects, []);
            assert_eq!(&again, after);
        });
    }

    #[test]
    fn the_rank_of_an_attempt_falls_only_when_a_ruling_is_undone(events in facts_at_any_time()) {
        watch(&events, |before, _, after, _| {
            for (was, is) in before.legs.iter().zip(&after.legs) {
                let reopened = was.is_ruled_not_placed() && !is.is_ruled_not_placed();
                assert!(is.state() >= was.state() || reopened, "{was:#?}\n{is:#?}");
            }
            assert!(after.legs.len() >= before.legs.len());
        });
    }

    #[test]
    fn an_attempt_keeps_its_carrier_id_and_other_ids_are_strays(events in facts_in_our_time()) {
        let call = watch(&events, |before, _, after, _| {
            for (was, is) in before.legs.iter().zip(&after.legs) {
                assert!(was.carrier_call_id.is_none() || was.carrier_call_id == is.carrier_call_id);
            }
        });
        for (id, stray) in &call.strays {
            assert!(*stray == Stray::Gone || call.owed().contains(&Owed::HangUpStray(id.clone())));
        }
    }

    #[test]
    fn no_clock_makes_an_answer_later_than_the_end(events in facts_at_any_time()) {
        watch(&events, |_, _, call, _| {
            for leg in &call.legs {
                if let (Some(answered), Some(ended)) = (leg.answered_at(), leg.ended_at()) {
                    assert!(answered <= ended);
                    let length = ended.duration_since(answered).as_secs();
                    assert_eq!(leg.duration_secs(), u32::try_from(length).ok());
                }
                let _ = (leg.ring_ms(), leg.hung_up_for());
            }
            let _ = call.deadline(&Timing::default(), None, None);
        });
    }

    #[test]
    fn exactly_the_calls_that_are_over_have_no_deadline_and_one_disposition(events in facts_at_any_time()) {
        watch(&events, |_, _, call, _| {
            assert_eq!(call.deadline(&Timing::default(), None, None).is_none(), call.is_over());
            assert_eq!(call.disposition().is_some(), call.is_over());
            assert_eq!(call.status().is_over(), call.is_over());
            assert_eq!(call.ended_at().is_some(), call.is_over());
        });
    }

    #[test]
    fn a_replay_of_the_written_journal_is_the_live_call(events in facts_at_any_time()) {
        let journal: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        let read: Vec<Event> = journal.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(&read, &events);
        let live = call_of(&events);
        prop_assert_eq!(&call_of(&read), &live);
        let written = serde_json::to_string(&live).unwrap();
        prop_assert_eq!(serde_json::from_str::<Call>(&written).unwrap(), live);
    }

    #[test]
    fn each_effect_is_asked_for_once(events in facts_in_our_time()) {
        let mut all = Vec::new();
        let mut reopened = 0;
        watch(&events, |before, _, after, applied| {
            all.extend(applied.clone().unwrap_or_default());
            reopened += usize::from(before.is_over() && !after.is_over());
        });
        let times = |effect: &Effect| all.iter().filter(|other| *other == effect).count();
        for effect in &all {
            let allowed = match effect {
                // Once more for a leg that is answered meanwhile; once more when it is ready.
                Effect::Owed(Owed::HangUp(..)) | Effect::FetchRecording(_) => 2,
                Effect::Owed(Owed::Post(_) | Owed::Reconcile(_) | Owed::HangUpStray(_) | Owed::Act(..)) => 1,
                Effect::Released => 1 + reopened,
                Effect::Announce(_) => usize::MAX,
            };
            assert!(times(effect) <= allowed, "{effect:?} in {all:?}");
        }
    }

    #[test]
    fn what_is_owed_was_asked_for(events in facts_in_our_time()) {
        let mut asked = Vec::new();
        watch(&events, |_, _, after, applied| {
            asked.extend(applied.clone().unwrap_or_default());
            for owed in after.owed() {
                assert!(asked.contains(&Effect::Owed(owed.clone())), "{owed:?} was never asked for");
            }
        });
    }

    #[test]
    fn a_turn_changes_only_by_a_fact_that_may_change_it(events in facts_at_any_time()) {
        watch(&events, |before, event, after, applied| {
            for step in before.turns.keys().chain(after.turns.keys()) {
                if before.turns.get(step) != after.turns.get(step) {
                    assert!(applied.is_ok(), "{applied:?}");
                    assert!(event.what.may_change_turn(*step), "{step}: {:?}", event.what);
                }
            }
        });
    }

    #[test]
    fn a_status_that_changed_is_announced(events in facts_at_any_time()) {
        watch(&events, |before, _, after, applied| {
            let announced = applied.as_ref().is_ok_and(|all| all.contains(&Effect::Announce(after.status())));
            assert_eq!(announced, before.status() != after.status());
        });
    }
}
