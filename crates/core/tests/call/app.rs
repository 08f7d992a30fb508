//! Calls between two users of an app: one rings, one takes it, one ends it, whoever else wants to.

use crate::facts::*;
use crate::properties::config;
use crate::table::is_the_table;
use proptest::prelude::*;
use trunkline_core::call::*;
use trunkline_core::id::{AccountId, AppUserId, ConversationId, DeviceId, TenantId};
use trunkline_core::private::Address;

const TABLE: &str = "
taken by phone
    answered                ringing · ringing, caller away
    (same)                  answered · answered, receiver away
    (late)                  answered by any · over · busy
taken by tablet
    answered                ringing · ringing, caller away
    (late)                  answered · answered, receiver away · answered by any · over · busy
taken by any
    answered                ringing · ringing, caller away
    (late)                  answered · answered, receiver away · answered by any · over · busy
asked again
    stays                   ringing · ringing, caller away
    (late)                  answered · answered, receiver away · answered by any · over · busy
phone silenced
    stays                   ringing · ringing, caller away
    (late)                  answered · answered, receiver away · answered by any · over · busy
declined
    over: declined          ringing · ringing, caller away
    (late)                  answered · answered, receiver away · answered by any · over · busy
caller hung up
    over: caller_gave_up    ringing · ringing, caller away
    over: completed         answered · answered, receiver away · answered by any
    (same)                  over · busy
receiver hung up
    over: declined          ringing · ringing, caller away
    over: completed         answered · answered, receiver away · answered by any
    (same)                  over · busy
rang out
    over: missed            ringing · ringing, caller away
    (late)                  answered · answered, receiver away · answered by any · over · busy
the caller's device again
    (same)                  ringing · answered · answered, receiver away · answered by any
    stays                   ringing, caller away
    (late)                  over · busy
another device of the caller
    (late)                  everywhere
another device of the caller, with proof
    stays                   ringing · ringing, caller away · answered · answered, receiver away · answered by any
    (late)                  over · busy
a first device of the receiver
    (late)                  ringing · ringing, caller away · answered, receiver away · over · busy
    (same)                  answered
    stays                   answered by any
another device of the receiver, with proof
    (late)                  ringing · ringing, caller away · over · busy
    stays                   answered · answered, receiver away · answered by any
the caller's device lost
    stays                   ringing · answered · answered, receiver away · answered by any
    (same)                  ringing, caller away
    (late)                  over · busy
some device lost
    (late)                  everywhere
the caller gone
    (late)                  everywhere
the receiver gone
    (late)                  ringing · ringing, caller away · answered · answered by any · over · busy
    over: completed         answered, receiver away
the receiver orphaned
    (late)                  ringing · ringing, caller away · over · busy
    stays                   answered · answered, receiver away
    (same)                  answered by any
hang-up asked
    over: canceled          ringing · ringing, caller away
    over: completed         answered · answered, receiver away · answered by any
    (same)                  over · busy
too long
    over: time_limit        ringing · ringing, caller away · answered · answered, receiver away · answered by any
    (same)                  over · busy
called again
    (same)                  everywhere
metadata
    stays                   everywhere
accepted by a carrier
    (no carrier)            everywhere
gave up
    (no carrier)            everywhere
registered
    (not registered)        everywhere
";

pub fn news(news: AppNews) -> What {
    What::App(Box::new(AppProgress { news }))
}

fn device(name: &str) -> DeviceId {
    DeviceId::new(name)
}

fn called(receiver: Receiver) -> What {
    let tenant = TenantId::default_tenant();
    What::AppCalled(Box::new(AppCall {
        account: AccountId::app(&tenant),
        tenant,
        party: Party { from: Address::new("ann"), to: Address::new("bob"), ..Party::default() },
        call_type: CallType::Voice,
        conversation: None,
        device: Some(device("laptop")),
        receiver,
        limits: Limits::default(),
        idempotency: None,
    }))
}

fn taken(by: Option<&str>) -> What {
    news(AppNews::Taken { device: by.map(device), asked_with: None })
}

fn key(key: &str) -> Idempotency {
    Idempotency { key: key.to_owned(), body: "hash".to_owned() }
}

fn joined(side: Side, name: &str, how: Joining) -> What {
    news(AppNews::Joined { side, device: device(name), how })
}

fn lost(side: Side, name: &str) -> What {
    news(AppNews::Lost { side, device: device(name) })
}

/// A call that rings, and what happens to it, second by second.
fn after(more: &[What]) -> Vec<Event> {
    let mut facts = vec![event(0, called(Receiver::Free))];
    facts.extend((1..).zip(more).map(|(secs, what)| event(secs, what.clone())));
    facts
}

fn facts() -> Vec<(&'static str, What)> {
    use Joining::{Again, First};
    use Side::{Caller, Receiver as Called};
    vec![
        ("taken by phone", taken(Some("phone"))),
        ("taken by tablet", taken(Some("tablet"))),
        ("taken by any", taken(None)),
        ("asked again", news(AppNews::AskedAgain { idempotency: key("k") })),
        ("phone silenced", news(AppNews::Silenced { device: device("phone") })),
        ("declined", news(AppNews::Declined)),
        ("caller hung up", news(AppNews::HungUp { by: Caller })),
        ("receiver hung up", news(AppNews::HungUp { by: Called })),
        ("rang out", news(AppNews::RangOut)),
        ("the caller's device again", joined(Caller, "laptop", Again)),
        ("another device of the caller", joined(Caller, "other", First)),
        ("another device of the caller, with proof", joined(Caller, "other", Again)),
        ("a first device of the receiver", joined(Called, "phone", First)),
        ("another device of the receiver, with proof", joined(Called, "other", Again)),
        ("the caller's device lost", lost(Caller, "laptop")),
        ("some device lost", lost(Caller, "other")),
        ("the caller gone", news(AppNews::Gone { side: Caller })),
        ("the receiver gone", news(AppNews::Gone { side: Called })),
        ("the receiver orphaned", news(AppNews::Orphaned { side: Called })),
        ("hang-up asked", hang_up(HangUpReason::Asked)),
        ("too long", hang_up(HangUpReason::TimeLimit)),
        ("called again", called(Receiver::Free)),
        ("metadata", What::MetadataMerged { patch: Metadata::from([("a".into(), 1.into())]).into() }),
        ("accepted by a carrier", accepted()),
        ("gave up", What::GaveUp(leg(1))),
        ("registered", registered()),
    ]
}

#[test]
fn every_fact_in_every_place_of_an_app_call() {
    let phone = || taken(Some("phone"));
    let places = [
        ("ringing", after(&[])),
        ("ringing, caller away", after(&[lost(Side::Caller, "laptop")])),
        ("answered", after(&[phone()])),
        ("answered, receiver away", after(&[phone(), lost(Side::Receiver, "phone")])),
        ("answered by any", after(&[taken(None)])),
        ("over", after(&[news(AppNews::Declined)])),
        ("busy", vec![event(0, called(Receiver::Busy))]),
    ];
    is_the_table(TABLE, &places, facts());
}

#[test]
fn every_end_has_its_status_and_who_made_it() {
    let phone = || taken(Some("phone"));
    for (facts, status, by) in [
        (after(&[news(AppNews::Declined)]), Status::Rejected, HangUpBy::Callee),
        (after(&[news(AppNews::HungUp { by: Side::Caller })]), Status::Canceled, HangUpBy::Caller),
        (after(&[news(AppNews::RangOut)]), Status::Missed, HangUpBy::Us),
        (vec![event(0, called(Receiver::Busy))], Status::Busy, HangUpBy::Us),
        (
            after(&[phone(), news(AppNews::HungUp { by: Side::Receiver })]),
            Status::Completed,
            HangUpBy::Callee,
        ),
        (after(&[phone(), hang_up(HangUpReason::TimeLimit)]), Status::Completed, HangUpBy::Us),
    ] {
        let call = call_of(&facts);
        assert_eq!((call.status(), call.hang_up_by()), (status, by));
    }
}

#[test]
fn a_call_that_is_over_as_it_begins_is_released_then() {
    let effects = |receiver| Call::begin(&event(0, called(receiver))).unwrap().1;
    assert_eq!(effects(Receiver::Busy), [Effect::Announce(Status::Busy), Effect::Released]);
    assert_eq!(effects(Receiver::Free), [Effect::Announce(Status::Ringing)]);
}

#[test]
fn a_call_to_somebody_who_blocks_its_caller_is_to_its_caller_as_any_other_and_to_them_none() {
    let users = ["ann", "bob"].map(|name| AppUserId::parse(name).unwrap());
    for (blocked, as_any) in
        [(Receiver::Unreached, Receiver::Free), (Receiver::UnreachedBusy, Receiver::Busy)]
    {
        let begun = |receiver| Call::begin(&event(0, called(receiver))).unwrap();
        let ((hidden, effects), (open, others)) = (begun(blocked), begun(as_any));
        assert_eq!((hidden.status(), hidden.state(), effects), (open.status(), open.state(), others));
        assert_eq!(hidden.leg(), open.leg());
        assert_eq!(users.each_ref().map(|user| hidden.side_of(user)), [Some(Side::Caller), None]);
        assert_eq!(hidden.app_user(Side::Receiver), open.app_user(Side::Receiver), "its caller knows whom");
        let deadline = |call: &Call| call.deadline(&Timing::default(), None, None);
        assert_eq!(deadline(&hidden), deadline(&open));
    }
}

#[test]
fn a_call_is_asked_for_again_and_silenced_a_few_times_and_not_without_end() {
    let mut call = call_of(&after(&[]));
    for n in 0..ASKED_AGAIN_MAX {
        call.apply(&event(1, news(AppNews::AskedAgain { idempotency: key(&n.to_string()) }))).unwrap();
    }
    for n in 0..SILENCED_MAX {
        call.apply(&event(1, news(AppNews::Silenced { device: device(&n.to_string()) }))).unwrap();
    }
    let refused = Err(Refused::Illegal { state: State::Ringing });
    assert_eq!(call.apply(&event(2, news(AppNews::AskedAgain { idempotency: key("more") }))), refused);
    assert_eq!(call.apply(&event(2, news(AppNews::Silenced { device: device("more") }))), refused);
    let known = call.apply(&event(2, news(AppNews::Silenced { device: device("1") })));
    assert_eq!(known, Err(Refused::Same));
}

#[test]
fn each_place_has_the_deadline_that_ends_it() {
    let timing = Timing { away_secs: 15, ..Timing::default() };
    let due =
        |facts: &[What]| call_of(&after(facts)).deadline(&timing, None, None).map(|due| (due.at, due.why));
    let phone = || taken(Some("phone"));
    assert_eq!(due(&[]), Some((at(30), Why::RangOut)));
    assert_eq!(due(&[lost(Side::Caller, "laptop")]), Some((at(30), Why::RangOut)), "it rings on");
    assert_eq!(due(&[phone()]), Some((at(3_601), Why::TimeLimit)));
    assert_eq!(due(&[phone(), lost(Side::Receiver, "phone")]), Some((at(17), Why::ReceiverGone)));
    let back = joined(Side::Receiver, "phone", Joining::Again);
    assert_eq!(due(&[phone(), lost(Side::Receiver, "phone"), back]), Some((at(3_601), Why::TimeLimit)));
    let away_when_taken = due(&[lost(Side::Caller, "laptop"), phone()]);
    assert_eq!(
        away_when_taken,
        Some((at(17), Why::CallerGone)),
        "the time to come back begins with the answer"
    );
    assert_eq!(due(&[news(AppNews::Declined)]), None);
}

#[test]
fn one_device_speaks_for_each_side_and_the_receivers_only_once_it_has_taken_the_call() {
    let may = |facts: &[What], side, name| call_of(&after(facts)).may_signal(side, &device(name));
    let (caller, receiver) = (Side::Caller, Side::Receiver);
    assert_eq!(may(&[], caller, "laptop"), Ok(MaySignal::Speaks));
    assert_eq!(may(&[], caller, "other"), Err(NoSignal::OtherDevice));
    assert_eq!(may(&[], receiver, "phone"), Err(NoSignal::NotTaken));
    assert_eq!(may(&[taken(Some("phone"))], receiver, "phone"), Ok(MaySignal::Speaks));
    assert_eq!(may(&[taken(Some("phone"))], receiver, "tablet"), Err(NoSignal::OtherDevice));
    assert_eq!(may(&[taken(None)], receiver, "tablet"), Ok(MaySignal::Joins));
    assert_eq!(may(&[news(AppNews::Declined)], caller, "laptop"), Err(NoSignal::Over));
}

#[test]
fn a_user_has_one_side_and_strangers_have_none() {
    let mut call = call_of(&after(&[]));
    let user = |name| AppUserId::parse(name).unwrap();
    assert_eq!(call.side_of(&user("ann")), Some(Side::Caller));
    assert_eq!(call.side_of(&user("bob")), Some(Side::Receiver));
    assert_eq!(call.side_of(&user("eve")), None);
    call.forget_person();
    assert_eq!(call.side_of(&user("bob")), None, "nor has who was erased");
}

#[test]
fn a_call_that_forgot_one_of_its_users_is_what_its_events_make_it_without_them() {
    let user = |name| AppUserId::parse(name).unwrap();
    let mut facts = after(&[taken(Some("phone")), news(AppNews::HungUp { by: Side::Caller })]);
    let What::AppCalled(asked) = &mut facts[0].what else { unreachable!() };
    asked.conversation = Some(ConversationId::new("7"));
    asked.party.name = Some("Ann Lee".to_owned().into());

    let mut without_caller = call_of(&facts);
    without_caller.callers_own().unwrap().forget();
    let mut blanked = facts.clone();
    blanked[0].what.callers_own().unwrap().forget();
    assert_eq!(without_caller, call_of(&blanked));
    assert_eq!(["ann", "bob"].map(|name| without_caller.side_of(&user(name))), [None, Some(Side::Receiver)]);

    let mut without_receiver = call_of(&facts);
    without_receiver.forget_person();
    let taken_out = facts[0].what.take_personal().unwrap();
    assert_eq!(without_receiver, call_of(&facts));
    for call in [&without_caller, &without_receiver] {
        let json = serde_json::to_string(call).unwrap();
        assert!(!json.contains("ann") && !json.contains("Ann Lee") && !json.contains("\"7\""), "{json}");
    }
    facts[0].what.put_personal(taken_out);
    assert_eq!(call_of(&facts).side_of(&user("ann")), Some(Side::Caller), "what was taken out goes back in");
}

fn any_facts() -> impl Strategy<Value = Vec<Event>> {
    let what: Vec<What> = facts().into_iter().map(|(_, what)| what).collect();
    prop::collection::vec((0..5_000_i64, prop::sample::select(what)), 0..24).prop_map(|mut facts| {
        facts.sort_by_key(|(secs, _)| *secs);
        let mut events = vec![event(0, called(Receiver::Free))];
        events.extend(facts.into_iter().map(|(secs, what)| event(secs, what)));
        events
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_app_call_ends_once_owes_nothing_and_never_goes_back(events in any_facts()) {
        let (mut call, _) = Call::begin(&events[0]).unwrap();
        let timing = Timing::default();
        let (mut ends, mut answers) = (0, 0);
        for event in &events[1..] {
            let before = call.clone();
            let applied = call.apply(event);
            prop_assert!(call.state() >= before.state(), "it went back");
            prop_assert!(!before.is_over() || call.leg().end == before.leg().end, "it ended twice");
            ends += usize::from(call.is_over() && !before.is_over());
            answers += usize::from(call.answered_at().is_some() && before.answered_at().is_none());
            prop_assert!(call.owed().is_empty() && !call.holds_slot());
            prop_assert_eq!(call.deadline(&timing, None, None).is_none(), call.is_over());
            let moved = applied.as_ref().is_ok_and(|effects| effects.iter().any(|effect| matches!(effect, Effect::Announce(_))));
            prop_assert_eq!(moved, call.status() != before.status());
            let once = call.clone();
            let _ = call.apply(event);
            prop_assert_eq!(&call, &once, "twice is once");
        }
        prop_assert!(ends <= 1 && answers <= 1);
        prop_assert!(call.duration_secs().is_none() == (call.answered_at().is_none() || !call.is_over()));
        let kept: Call = serde_json::from_str(&serde_json::to_string(&call).unwrap()).unwrap();
        prop_assert_eq!(kept, call);
    }
}
