//! Calls that a client carries itself: its words move them, by rank, and nothing else does.

use crate::facts::*;
use crate::properties::config;
use crate::table::is_the_table;
use proptest::prelude::*;
use trunkline_core::call::*;
use trunkline_core::id::CallId;

const TABLE: &str = "
says queued
    (same)                  registered
    (late)                  ringing · answered · on hold · over · given up · unregistered
says ringing
    ringing                 registered
    (same)                  ringing
    (late)                  answered · on hold · over · given up · unregistered
says in-progress
    answered                registered · ringing
    (same)                  answered
    stays                   on hold
    (late)                  over · given up · unregistered
says on-hold
    answered                registered · ringing
    stays                   answered
    (same)                  on hold
    (late)                  over · given up · unregistered
says transferring
    answered                registered · ringing
    stays                   answered · on hold
    (late)                  over · given up · unregistered
says completed
    over: completed         registered · ringing · answered · on hold · given up
    (conflict)              over
    (same)                  unregistered
says no-answer
    over: no_answer         registered · ringing · answered · on hold · given up
    (same)                  over
    (conflict)              unregistered
hang-up asked
    over: completed         registered · ringing · answered · on hold
    (same)                  over · given up · unregistered
unregistered
    over: completed         registered · ringing · answered · on hold
    stays                   over · given up
    (same)                  unregistered
gave up
    over: unknown           registered · ringing · answered · on hold
    (late)                  over · given up · unregistered
metadata
    stays                   everywhere
registered again
    (same)                  everywhere
dial started
    (the client's own)      everywhere
accepted
    (the client's own)      everywhere
a carrier's end
    (the client's own)      everywhere
spoke
    (the client's own)      everywhere
hold asked
    (the client's own)      everywhere
gated
    (the client's own)      everywhere
expired
    (the client's own)      everywhere
unknown word
    (the client's own)      everywhere
";

/// A registered call of which its client has said this, second by second.
fn after(words: &[&str]) -> Vec<Event> {
    let mut facts = vec![event(0, registered())];
    facts.extend((1..).zip(words).map(|(secs, word)| event(secs, says(word))));
    facts
}

fn with(mut facts: Vec<Event>, more: Event) -> Vec<Event> {
    facts.push(more);
    facts
}

#[test]
fn every_fact_in_every_place_of_a_registered_call() {
    let places = [
        ("registered", after(&[])),
        ("ringing", after(&["ringing"])),
        ("answered", after(&["ringing", "answered"])),
        ("on hold", after(&["answered", "on_hold"])),
        ("over", after(&["ringing", "no-answer"])),
        ("given up", with(after(&["ringing"]), event(250, What::GaveUp(leg(1))))),
        ("unregistered", with(after(&["answered"]), event(250, What::Unregistered))),
    ];
    let word = |word: &'static str| says(word);
    let facts = vec![
        ("says queued", word("queued")),
        ("says ringing", word("ringing")),
        ("says in-progress", word("in-progress")),
        ("says on-hold", word("on-hold")),
        ("says transferring", word("transferring")),
        ("says completed", word("completed")),
        ("says no-answer", word("no-answer")),
        ("hang-up asked", hang_up(HangUpReason::Asked)),
        ("unregistered", What::Unregistered),
        ("gave up", What::GaveUp(leg(1))),
        ("metadata", What::MetadataMerged { patch: Metadata::from([("a".into(), 1.into())]).into() }),
        ("registered again", registered()),
        ("dial started", dial_started(1)),
        ("accepted", accepted()),
        ("a carrier's end", news(1, "CA7", end(EndWord::Busy, None, Reported::default()))),
        ("spoke", spoke(None, question(0, 0))),
        ("hold asked", hold(1)),
        ("gated", What::Gated { gate: Gate::Suppressed }),
        ("expired", What::Expired(leg(1))),
        ("unknown word", What::UnknownWord { word: "paused".into() }),
    ];
    is_the_table(TABLE, &places, facts);
}

#[test]
fn every_status_a_client_can_give_is_the_status_that_is_shown() {
    for status in Status::ALL {
        let call = call_of(&after(&[status.as_str()]));
        assert_eq!(call.status(), status);
    }
}

#[test]
fn every_accepted_word_is_read_and_no_other() {
    for word in Status::WORDS {
        assert!(Status::parse(word).is_some(), "{word}");
        assert!(Status::parse(&word.to_uppercase()).is_some(), "{word}");
    }
    for status in Status::ALL {
        assert!(Status::WORDS.contains(&status.as_str()), "{status:?}");
    }
    for word in ["", "ended", "done", "answered!", "paused"] {
        assert_eq!(Status::parse(word), None, "{word}");
    }
}

#[test]
fn a_ringing_that_comes_after_the_end_is_late_and_its_metadata_is_kept() {
    let mut call = call_of(&after(&["answered", "completed"]));
    let late = call.apply(&event(9, says_with("ringing", [("rang", 1)])));
    assert_eq!(late, Err(Refused::Late { state: State::Ended }));
    assert_eq!((call.status(), call.ringing_at()), (Status::Completed, None));
    assert_eq!(call.party.metadata.reveal()["rang"], 1);
}

#[test]
fn metadata_comes_on_top_of_what_there_is() {
    let mut call = call_of(&after(&[]));
    call.apply(&event(1, says_with("ringing", [("a", 1), ("b", 1)]))).unwrap();
    call.apply(&event(2, says_with("ringing", [("b", 2)]))).unwrap();
    let kept = call.party.metadata.reveal();
    assert_eq!((&kept["a"], &kept["b"]), (&1.into(), &2.into()));
}

#[test]
fn the_length_of_a_call_is_reckoned_here() {
    let call = call_of(&after(&["ringing", "answered", "on_hold", "completed"]));
    assert_eq!(call.duration_secs(), Some(2));
    assert_eq!(call.leg().end.as_ref().unwrap().reported.carrier_status.as_deref(), Some("completed"));
}

#[test]
fn an_imported_call_bears_its_own_times_and_none_in_the_future() {
    let times = |happened| call_of(&[late(happened, 500, registered())]).created_at;
    assert_eq!(times(20), at(20));
    assert_eq!(times(9_000), at(500));
}

#[test]
fn a_second_hold_is_told_from_the_first_one_sent_twice() {
    let mut call = call_of(&after(&["answered"]));
    let mut move_of = |secs, word| {
        let which = call.move_of(Status::parse(word).unwrap());
        let _ = call.apply(&event(secs, says(word)));
        which
    };
    let [hold, hold_again] = [move_of(2, "on_hold"), move_of(3, "on_hold")];
    let [resumed, resumed_again] = [move_of(4, "in-progress"), move_of(5, "in-progress")];
    let second_hold = move_of(6, "on_hold");
    assert_eq!((hold, resumed), (hold_again, resumed_again));
    assert_ne!(hold, second_hold);
}

#[test]
fn a_registered_call_has_no_deadline_unless_there_is_an_idle_limit() {
    let call = call_of(&after(&["answered"]));
    assert_eq!(call.deadline(&Timing::default(), None, None), None);
    let timing = Timing { idle_secs: Some(600), ..Timing::default() };
    assert_eq!(call.deadline(&timing, None, None), Some(Deadline { at: at(601), why: Why::GiveUp }));
    let word = with(after(&["answered"]), event(300, says("answered")));
    let heard = call_of(&word).deadline(&timing, None, None);
    assert_eq!(heard, Some(Deadline { at: at(900), why: Why::GiveUp }), "any word of its client counts");
    assert_eq!(call_of(&after(&["completed"])).deadline(&timing, None, None), None);
}

#[test]
fn an_idle_call_that_was_given_up_yields_once_to_its_clients_own_end() {
    let mut call = call_of(&with(after(&["answered"]), event(601, What::GaveUp(leg(1)))));
    assert_eq!(
        (call.disposition(), call.end_source()),
        (Some(Disposition::Unknown), Some(EndSource::Inferred))
    );
    let corrected = call.apply(&event(700, says("completed"))).unwrap();
    assert_eq!(corrected, [Effect::Announce(Status::Completed)], "the call is not released twice");
    assert_eq!(call.apply(&event(701, says("busy"))), Err(Refused::Conflict));
    assert_eq!(call.apply(&event(702, says("busy"))), Err(Refused::Same), "a conflict is told once");
}

#[test]
fn one_client_id_is_one_call_of_its_tenant_and_of_no_other() {
    let ids = ["default", "other"].map(|tenant| {
        let tenant = trunkline_core::id::TenantId::new(tenant);
        CallId::registered(&tenant, &sid("CA7"))
    });
    assert_ne!(ids[0], ids[1]);
    assert_ne!(ids[0], CallId::derived(&account(), &sid("CA7")));
}

/// Any fact that can reach a registered call, true or not.
fn any_fact() -> impl Strategy<Value = What> {
    let word = prop::sample::select(Status::WORDS.to_vec());
    let patch = (0..3_usize, -2..2_i64).prop_map(|(key, value)| [(["a", "b", "c"][key], value)]);
    prop_oneof![
        8 => word.clone().prop_map(says),
        4 => (word, patch).prop_map(|(word, patch)| says_with(word, patch)),
        1 => Just(What::Unregistered),
        1 => Just(hang_up(HangUpReason::Asked)),
        1 => Just(What::GaveUp(leg(1))),
        1 => Just(registered()),
        1 => prop::sample::select(vec![accepted(), ringing(), ended(EndWord::Busy), requeued(2, 9), dial_started(1)]),
    ]
}

fn any_facts() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((0..5_000_i64, any_fact()), 0..24).prop_map(|mut facts| {
        facts.sort_by_key(|(secs, _)| *secs);
        let mut events = vec![event(0, registered())];
        events.extend(facts.into_iter().map(|(secs, what)| event(secs, what)));
        events
    })
}

/// Begins a call and looks at it before and after each fact.
fn watch(events: &[Event], mut look: impl FnMut(&Call, &Event, &Call, &Result<Vec<Effect>, Refused>)) {
    let (mut call, _) = Call::begin(&events[0]).unwrap();
    for event in &events[1..] {
        let before = call.clone();
        let applied = call.apply(event);
        look(&before, event, &call, &applied);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_fact_twice_is_a_fact_once(events in any_facts()) {
        watch(&events, |_, event, after, _| {
            let mut again = after.clone();
            let effects = again.apply(event).unwrap_or_default();
            assert_eq!(effects, []);
            assert_eq!(&again, after);
        });
    }

    #[test]
    fn the_rank_never_falls_and_an_end_stays(events in any_facts()) {
        watch(&events, |before, _, after, _| {
            assert!(after.state() >= before.state());
            let corrected = before.end_source() == Some(EndSource::Inferred);
            assert!(!before.is_over() || corrected || after.disposition() == before.disposition());
        });
    }

    #[test]
    fn a_refused_fact_moves_no_status_and_a_moved_one_is_announced(events in any_facts()) {
        watch(&events, |before, _, after, applied| {
            let announced = applied.as_ref().is_ok_and(|all| all.contains(&Effect::Announce(after.status())));
            assert_eq!(announced, before.status() != after.status());
        });
    }

    #[test]
    fn nothing_is_owed_and_no_slot_is_held(events in any_facts()) {
        watch(&events, |_, _, call, applied| {
            let wanted = |effect: &Effect| matches!(effect, Effect::Owed(_) | Effect::FetchRecording(_));
            assert!(!applied.as_ref().is_ok_and(|all| all.iter().any(wanted)));
            assert_eq!((call.owed(), call.holds_slot(), call.legs.len()), (vec![], false, 1));
            assert!(call.is_settled() == call.is_over());
        });
    }

    #[test]
    fn where_it_ends_does_not_depend_on_the_order_of_what_came_before(
        words in prop::collection::vec(prop::sample::select(vec!["queued", "ringing", "active"]), 0..6),
        end in prop::sample::select(vec!["completed", "busy", "failed"]),
        place in 0..6_usize,
    ) {
        let mut told: Vec<&str> = words;
        told.insert(place.min(told.len()), end);
        let call = call_of(&after(&told));
        prop_assert_eq!(call.status().as_str(), end);
    }

    #[test]
    fn a_replay_of_the_written_journal_is_the_live_call(events in any_facts()) {
        let journal: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        let read: Vec<Event> = journal.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(&read, &events);
        let live = call_of(&events);
        let written = serde_json::to_string(&live).unwrap();
        prop_assert_eq!(serde_json::from_str::<Call>(&written).unwrap(), live);
    }

    #[test]
    fn what_is_sealed_is_put_back_as_it_was(events in any_facts()) {
        for event in &events {
            let mut bare = event.what.clone();
            let personal = bare.take_personal();
            prop_assert_eq!(personal.is_some(), event.what.is_personal());
            if let Some(personal) = personal {
                bare.put_personal(personal);
            }
            prop_assert_eq!(&bare, &event.what);
        }
    }
}
