//! Hold, resume and transfer: where each fact leads from each place, in any order, what is owed and when it is looked at again.

use crate::facts::*;
use crate::order::any_order;
use crate::table::is_the_table;
use trunkline_core::call::*;
use trunkline_core::id::ActionNo;

const TABLE: &str = "
hold asked
    stays                   rings · ending · over
    stays + act             talks
    (same)                  asked · was refused · on hold · goes on · dials · talks to another · nobody took it
hold begun
    answered                rings
    stays                   talks · ending · over
    on_hold                 asked · was refused
    (same)                  on hold · goes on · dials · talks to another · nobody took it
hold refused
    stays                   rings · talks · asked · ending · over
    (same)                  was refused
    (late)                  on hold · goes on · dials · talks to another · nobody took it
resume asked
    stays                   rings · dials · talks to another · nobody took it · ending · over
    stays + act             talks · asked · was refused · on hold
    (same)                  goes on
resume begun
    answered                rings · on hold
    stays                   talks · asked · was refused · dials · talks to another · nobody took it · ending · over
    (same)                  goes on
transfer asked
    stays                   rings · ending · over
    stays + act             talks · asked · was refused · on hold · goes on
    (same)                  dials · talks to another · nobody took it
transfer begun
    answered                rings · on hold
    stays                   talks · asked · was refused · goes on · ending · over
    (same)                  dials · talks to another · nobody took it
other leg rings
    stays                   rings · talks · asked · was refused · goes on · dials · nobody took it · ending · over
    answered                on hold
    (same)                  talks to another
other leg answers
    stays                   rings · talks · asked · was refused · goes on · nobody took it · ending · over
    answered                on hold · dials
    (same)                  talks to another
";

fn on_the_way() -> Vec<Event> {
    let mut facts = posted();
    facts.extend([event(3, accepted()), event(4, ringing())]);
    facts
}

fn with(more: &[Event]) -> Vec<Event> {
    let mut facts = on_the_way();
    facts.push(event(5, answered()));
    facts.extend_from_slice(more);
    facts
}

fn dials() -> Vec<Event> {
    let held = [event(10, hold(1)), event(11, begun(1))];
    let dials = [event(20, transfer(3)), event(21, begun(3))];
    with(&[held, dials].concat())
}

fn talks_to_another() -> Vec<Event> {
    let mut facts = dials();
    facts.extend([event(22, child(3, News::Ringing)), event(25, child(3, News::Answered))]);
    facts
}

fn nobody_took_it() -> Vec<Event> {
    let mut facts = dials();
    facts.push(event(41, transfer_over(3, Some(("CA5", EndWord::NoAnswer)))));
    facts
}

#[test]
fn every_fact_of_an_action_in_every_place() {
    let hang_up = hang_up(HangUpReason::Asked);
    let goes_on = [event(10, hold(1)), event(11, begun(1)), event(20, resume(2)), event(21, begun(2))];
    let places = vec![
        ("rings", on_the_way()),
        ("talks", with(&[])),
        ("asked", with(&[event(10, hold(1))])),
        ("was refused", with(&[event(10, hold(1)), event(12, not_done(1))])),
        ("on hold", with(&[event(10, hold(1)), event(11, begun(1))])),
        ("goes on", with(&goes_on)),
        ("dials", dials()),
        ("talks to another", talks_to_another()),
        ("nobody took it", nobody_took_it()),
        ("ending", with(&[event(10, hang_up)])),
        ("over", with(&[event(10, ended(EndWord::Completed))])),
    ];
    let facts = vec![
        ("hold asked", hold(1)),
        ("hold begun", begun(1)),
        ("hold refused", not_done(1)),
        ("resume asked", resume(2)),
        ("resume begun", begun(2)),
        ("transfer asked", transfer(3)),
        ("transfer begun", begun(3)),
        ("other leg rings", child(3, News::Ringing)),
        ("other leg answers", child(3, News::Answered)),
    ];
    is_the_table(TABLE, &places, facts);
}

#[test]
fn a_hold_and_its_end_in_any_order() {
    let call = any_order(
        &on_the_way(),
        &[
            event(5, answered()),
            event(6, spoke(None, question(0, 0))),
            event(10, hold(1)),
            event(11, begun(1)),
            event(20, resume(2)),
            event(21, begun(2)),
            event(22, spoke(None, question(0, 1))),
            event(30, spoke(recorded(0, 1, "RE1"), Says::Goodbye)),
            late(33, 34, ended_after(EndWord::Completed, 28)),
        ],
    );
    assert_eq!(call.disposition(), Some(Disposition::Completed));
    assert_eq!(call.outcome(), Some(Outcome::Finished));
    assert_eq!(call.activity(), Activity::Talking);
}

#[test]
fn a_transfer_that_is_answered_in_any_order() {
    let call = any_order(
        &on_the_way(),
        &[
            event(5, answered()),
            event(20, transfer(1)),
            event(21, begun(1)),
            late(21, 22, child(1, News::Accepted)),
            late(22, 23, child(1, News::Ringing)),
            late(25, 26, child(1, News::Answered)),
            late(40, 41, child(1, end(EndWord::Completed, Some(15), Reported::default()))),
            event(42, transfer_over(1, Some(("CA5", EndWord::Completed)))),
            late(43, 44, ended_after(EndWord::Completed, 38)),
        ],
    );
    assert!(call.is_handed_over());
    assert_eq!(call.outcome(), Some(Outcome::Transferred), "nobody is called again for what was not asked");
    let (no, _, leg) = call.children().next().unwrap();
    assert_eq!((no.0, leg.answered_at(), leg.duration_secs()), (2, Some(at(25)), Some(15)));
    assert_eq!(call.leg().duration_secs(), Some(38), "the person's own leg is its own");
    assert_eq!(call.children().count(), 1);
}

#[test]
fn a_transfer_that_nobody_takes_in_any_order_also_where_its_refusal_was_ruled_too_early() {
    let call = any_order(
        &on_the_way(),
        &[
            event(5, answered()),
            event(6, spoke(None, question(0, 0))),
            event(20, transfer(1)),
            event(21, begun(1)),
            event(22, not_done(1)),
            late(22, 23, child(1, News::Ringing)),
            late(24, 25, child(1, end(EndWord::Busy, None, Reported::default()))),
            event(26, transfer_over(1, Some(("CA5", EndWord::Busy)))),
            event(27, spoke(None, question(0, 1))),
        ],
    );
    assert_eq!((call.status(), call.is_handed_over()), (Status::Answered, false));
    assert!(call.may(&ActionKind::Hold).is_ok());
}

#[test]
fn an_inbound_call_that_is_forwarded_owes_nobody_a_request() {
    let facts = [event(0, arrived(Direction::Inbound)), event(1, What::Forwarded(Box::new(asked_for(1))))];
    let call = call_of(&facts);
    assert_eq!(call.owed(), []);
    assert_eq!(call.activity(), Activity::Transferring);
}

#[test]
fn news_of_the_other_leg_say_nothing_of_the_call() {
    let before = call_of(&dials());
    for news in
        [News::Accepted, News::Ringing, News::Answered, end(EndWord::Failed, None, Reported::default())]
    {
        let mut call = before.clone();
        call.apply(&event(60, child(3, news))).unwrap();
        assert_eq!(call.legs, before.legs);
        assert!(!call.is_over());
    }
}

#[test]
fn what_may_be_asked_where() {
    use NotNow as N;
    let transfer = || ActionKind::Transfer(Box::default());
    let over = with(&[event(10, ended(EndWord::Completed))]);
    for (facts, hold, resume, hand_over) in [
        (
            posted(),
            Err(N::NotAnswered(Status::Initiated)),
            Err(N::NotAnswered(Status::Initiated)),
            Err(N::NotAnswered(Status::Initiated)),
        ),
        (with(&[]), Ok(()), Err(N::NotOnHold), Ok(())),
        (with(&[event(9, hold(1))]), Err(N::UnderWay), Err(N::UnderWay), Err(N::UnderWay)),
        (with(&[event(9, hold(1)), event(10, begun(1))]), Err(N::OnHold), Ok(()), Ok(())),
        (dials(), Err(N::Transferring), Err(N::Transferring), Err(N::Transferring)),
        (talks_to_another(), Err(N::HandedOver), Err(N::HandedOver), Err(N::HandedOver)),
        (nobody_took_it(), Ok(()), Err(N::NotOnHold), Ok(())),
        (
            over,
            Err(N::Over(Status::Completed)),
            Err(N::Over(Status::Completed)),
            Err(N::Over(Status::Completed)),
        ),
        (with(&[event(9, hang_up(HangUpReason::Asked))]), Err(N::Ending), Err(N::Ending), Err(N::Ending)),
        (vec![event(0, registered())], Err(N::ClientsOwn), Err(N::ClientsOwn), Err(N::ClientsOwn)),
    ] {
        let call = call_of(&facts);
        let may = [call.may(&ActionKind::Hold), call.may(&ActionKind::Resume), call.may(&transfer())];
        assert_eq!(may, [hold, resume, hand_over], "{:?} {:?}", call.state(), call.activity());
    }
}

#[test]
fn what_was_asked_is_owed_until_the_carrier_does_it_or_it_is_given_up() {
    let acts = |facts: &[Event]| call_of(&with(facts)).owed();
    let owed = Owed::Act(leg(1).leg, ActionNo(1));
    assert_eq!(acts(&[event(10, hold(1))]), [owed]);
    assert_eq!(acts(&[event(10, hold(1)), event(11, begun(1))]), []);
    assert_eq!(acts(&[event(10, hold(1)), event(11, not_done(1))]), []);
    assert_eq!(acts(&[event(10, hold(1)), event(11, ended(EndWord::Completed))]), []);
}

#[test]
fn nothing_that_was_asked_for_lasts_for_ever() {
    let timing = Timing::default();
    let due = |facts: &[Event], asked: Option<i64>| {
        let deadline = call_of(facts).deadline(&timing, None, asked.map(at)).unwrap();
        (deadline.why, deadline.at.duration_since(at(0)).as_secs())
    };
    let asked = with(&[event(10, hold(1))]);
    assert_eq!(due(&asked, None), (Why::Act, 20), "asked again");
    assert_eq!(due(&asked, Some(20)), (Why::Act, 30));
    assert_eq!(due(&asked, Some(39)), (Why::NotDone, 40), "then given up");
    let held = with(&[event(10, hold(1)), event(11, begun(1))]);
    assert_eq!(due(&held, None).0, Why::Ask, "the carrier is asked as ever");
    let patient = Timing { silent_secs: 100_000, ..timing };
    let over = call_of(&held).deadline(&patient, None, None).unwrap();
    assert_eq!((over.why, over.at), (Why::HoldOver, at(11 + 1_800)));
    let over = call_of(&dials()).deadline(&patient, None, None).unwrap();
    assert_eq!((over.why, over.at), (Why::AskChild, at(21 + 20 + 60)));
    let over = call_of(&talks_to_another()).deadline(&patient, None, None).unwrap();
    assert!(matches!(over.why, Why::Ask | Why::TimeLimit), "whoever talks, talks");
}

/// Somebody else rings, to be asked whether they take the call.
fn offers() -> Vec<Event> {
    with(&[event(20, attended(1)), event(21, begun(1)), event(22, child(1, News::Ringing))])
}

/// They have picked up, and hear who is on the line.
fn is_asked() -> Vec<Event> {
    [offers(), vec![event(25, child(1, News::Answered))]].concat()
}

fn takes() -> Event {
    event(33, consulted(1, Consent::Takes))
}

#[test]
fn an_attended_transfer_that_is_taken_in_any_order() {
    let call = any_order(
        &on_the_way(),
        &[
            event(5, answered()),
            event(6, spoke(None, question(0, 0))),
            event(20, attended(1)),
            event(21, begun(1)),
            late(22, 23, child(1, News::Ringing)),
            event(25, child(1, News::Answered)),
            takes(),
            late(50, 51, child(1, end(EndWord::Completed, Some(25), Reported::default()))),
            event(52, transfer_over(1, Some(("CA5", EndWord::Completed)))),
            late(53, 54, ended_after(EndWord::Completed, 48)),
        ],
    );
    assert_eq!((call.status(), call.outcome()), (Status::Completed, Some(Outcome::Transferred)));
    let (_, action, leg) = call.children().next().unwrap();
    assert_eq!((leg.answered_at(), action.joined_at()), (Some(at(25)), Some(at(33))));
    assert_eq!((leg.duration_secs(), call.leg().duration_secs()), (Some(25), Some(48)));
    assert_eq!(call.children().count(), 1);
}

/// To the carrier whoever picked up has completed a call, in both of these.
#[test]
fn who_declines_or_says_nothing_has_not_taken_the_call_in_any_order() {
    for declines in [true, false] {
        let mut facts = vec![
            event(5, answered()),
            event(6, spoke(None, question(0, 0))),
            event(20, attended(1)),
            event(21, begun(1)),
            event(25, child(1, News::Answered)),
            late(34, 35, child(1, end(EndWord::Completed, Some(9), Reported::default()))),
            event(36, transfer_over(1, Some(("CA5", EndWord::Completed)))),
            event(37, spoke(None, question(0, 1))),
        ];
        facts.extend(declines.then(|| event(33, consulted(1, Consent::Declines))));
        let call = any_order(&on_the_way(), &facts);
        assert_eq!((call.status(), call.is_handed_over()), (Status::Answered, false));
        assert_eq!(call.activity(), Activity::Talking);
        assert!(call.may(&ActionKind::Hold).is_ok());
        let (_, action, leg) = call.children().next().unwrap();
        assert_eq!((action.joined_at(), action.declined_at), (None, declines.then(|| at(33))));
        assert_eq!(leg.duration_secs(), Some(9));
    }
}

#[test]
fn nobody_is_joined_before_they_say_so() {
    for (facts, stands, handed_over) in [
        (offers(), Status::Transferring, false),
        (is_asked(), Status::Transferring, false),
        ([is_asked(), vec![takes()]].concat(), Status::Answered, true),
    ] {
        let call = call_of(&facts);
        assert_eq!((call.status(), call.is_handed_over()), (stands, handed_over));
        assert!(call.holds_second_slot(), "their leg is one more");
    }
}

/// At any moment of an attended transfer, whoever hangs up: the call is over, or goes on, and is looked at again.
#[test]
fn nothing_is_stuck_whoever_hangs_up_at_any_moment_of_an_attended_transfer() {
    let whole = [is_asked(), vec![takes()]].concat();
    let patient = Timing { silent_secs: 100_000, ..Timing::default() };
    for moment in on_the_way().len() + 2..=whole.len() {
        let so_far = &whole[..moment];
        let is_joined = moment == whole.len();
        let with_end = |end: &[Event]| call_of(&[so_far, end].concat());

        let person_gone = with_end(&[event(40, ended(EndWord::Completed))]);
        assert!(person_gone.is_over() && person_gone.owed().is_empty(), "{moment}");
        assert_eq!(person_gone.deadline(&patient, None, None), None);
        assert!(!person_gone.holds_second_slot(), "{moment}");

        let other = child(1, end(EndWord::Completed, None, Reported::default()));
        let other_gone = with_end(&[event(40, other)]);
        assert_eq!(other_gone.status(), Status::Answered, "{moment}");
        assert_eq!(other_gone.is_handed_over(), is_joined, "{moment}");
        assert!(!other_gone.holds_second_slot() && other_gone.deadline(&patient, None, None).is_some());

        // Nobody tells us anything any more.
        let silent = with_end(&[]);
        let next = silent.deadline(&patient, None, None).unwrap();
        let why = match silent.pending_action() {
            Some(_) => Why::Act,
            None if is_joined => Why::TimeLimit,
            None => Why::AskChild,
        };
        assert!(next.why == why || is_joined, "{moment} {next:?}");
    }
    let asked = call_of(&is_asked()).deadline(&patient, None, None).unwrap();
    let longest = 20 + i64::from(CONSULT_SECS) + 60;
    assert_eq!(
        (asked.why, asked.at),
        (Why::AskChild, at(21 + longest)),
        "time to ring, to be asked, and grace"
    );
}
