//! The table of the design: each place a leg can be in, reached by real facts, against each fact that can come.
//!
//! Under each fact, on the left, where the call goes (with its disposition once it is over) and what is now to be done,
//! or in brackets why the fact was refused; on the right, in which places that is so. A refused fact never moves the
//! call.

use crate::facts::*;
use trunkline_core::call::*;

const TABLE: &str = "
dial started
    dialing + post          queued
    (same)                  intent · posted · unclear
    (late)                  initiated · ringing · answered · ending · not placed · not placed, requeued · over · given up · inbound
post begun
    (illegal)               queued
    stays                   intent
    (same)                  posted · unclear · initiated · ringing · answered · ending · not placed · not placed, requeued · over · given up · inbound
post unclear
    (illegal)               queued
    unclear + reconcile     intent · posted
    (same)                  unclear
    (late)                  initiated · ringing · answered · ending · not placed · not placed, requeued · over · given up · inbound
post refused
    (illegal)               queued
    over: blocked           intent · posted · unclear
    (late)                  initiated · ringing · answered · ending · not placed · not placed, requeued · over · given up · inbound
accepted
    (illegal)               queued
    initiated               intent · posted · unclear · not placed
    (same)                  initiated · ringing · answered · ending · over · given up · inbound
    stays + hang up stray   not placed, requeued
accepted, other id
    (illegal)               queued
    initiated               intent · posted · unclear · not placed
    stays + hang up stray   initiated · ringing · answered · ending · not placed, requeued · over · given up · inbound
ringing
    (illegal)               queued
    ringing                 intent · posted · unclear · initiated · not placed
    (same)                  ringing · answered · ending · over · given up · inbound
    stays + hang up stray   not placed, requeued
answered
    (illegal)               queued
    answered                intent · posted · unclear · initiated · ringing · not placed · inbound
    (same)                  answered
    stays + hang up         ending
    stays + hang up stray   not placed, requeued
    (late)                  over · given up
ended busy
    (illegal)               queued
    over: busy              intent · posted · unclear · initiated · ringing · answered · ending · not placed · given up
    stays                   not placed, requeued
    (conflict)              over
    over: caller_gave_up    inbound
ended busy, other id
    (illegal)               queued
    over: busy              intent · posted · unclear · not placed
    stays                   initiated · ringing · answered · ending · not placed, requeued · over · given up · inbound
spoke
    (illegal)               queued
    answered                intent · posted · unclear · initiated · ringing · not placed · inbound
    stays                   answered · over · given up
    stays + hang up         ending
    stays + hang up stray   not placed, requeued
hang-up asked
    over: canceled          queued · intent · not placed, requeued
    stays                   posted · unclear
    ending + hang up        initiated · ringing · answered · inbound
    (same)                  ending · over · given up
    (late)                  not placed
listed nothing
    (illegal)               queued
    stays                   intent · posted · unclear
    (late)                  initiated · ringing · answered · ending · not placed · not placed, requeued · over · given up · inbound
ruled not placed
    (illegal)               queued · intent · posted
    over: not_placed        unclear
    (late)                  initiated · ringing · answered · ending · over · given up · inbound
    (same)                  not placed · not placed, requeued
carrier silent
    (illegal)               queued
    stays                   intent · posted · unclear · initiated · ringing · answered · ending · inbound
    (late)                  not placed · not placed, requeued · over · given up
gave up
    (illegal)               queued
    over: unknown           intent · posted · unclear · initiated · ringing · answered · ending · inbound
    (late)                  not placed · not placed, requeued · over · given up
expired
    over: expired           queued
    (late)                  intent · posted · unclear · initiated · ringing · answered · ending · not placed · not placed, requeued · over · given up · inbound
gated
    over: suppressed        queued · intent · not placed, requeued · inbound
    (late)                  posted · unclear · initiated · ringing · answered · ending · not placed · over · given up
requeued
    (illegal)               queued · intent · posted · unclear · initiated · ringing · answered · ending · over · given up · inbound
    queued                  not placed
    (same)                  not placed, requeued
taken over
    unclear + reconcile     queued · intent · posted · not placed, requeued
    stays                   unclear · initiated · ringing · answered · ending · not placed · over · given up · inbound
no such leg
    (no such leg)           everywhere
old fence
    (old fence)             everywhere
machine
    stays                   everywhere
priced
    stays                   everywhere
unknown word
    (unknown word)          everywhere
registered
    (not registered)        everywhere
status reported
    (not registered)        everywhere
unregistered
    (not registered)        everywhere
an app's news
    (no app call)           everywhere
";

/// The places, each with the facts that lead there.
fn places() -> Vec<(&'static str, Vec<Event>)> {
    let from = |mut facts: Vec<Event>, more: &[Event]| {
        facts.extend_from_slice(more);
        facts
    };
    let lost = from(
        posted(),
        &[
            event(12, unclear()),
            event(190, What::ListedNothing(leg(1))),
            event(221, What::ListedNothing(leg(1))),
            event(222, What::RuledNotPlaced(leg(1))),
        ],
    );
    let rings = from(posted(), &[event(3, accepted()), event(4, ringing())]);
    vec![
        ("queued", posted()[..1].to_vec()),
        ("intent", posted()[..2].to_vec()),
        ("posted", posted()),
        ("unclear", from(posted(), &[event(12, unclear())])),
        ("initiated", from(posted(), &[event(3, accepted())])),
        ("ringing", rings.clone()),
        ("answered", from(rings.clone(), &[event(9, answered())])),
        ("ending", from(rings.clone(), &[event(5, hang_up(HangUpReason::Asked))])),
        ("not placed", lost.clone()),
        ("not placed, requeued", from(lost, &[event(223, requeued(2, 230))])),
        ("over", from(rings.clone(), &[event(9, ended(EndWord::NoAnswer))])),
        ("given up", from(rings, &[event(250, What::GaveUp(leg(1)))])),
        ("inbound", vec![event(0, arrived(Direction::Inbound))]),
    ]
}

/// The facts that can come.
fn facts() -> Vec<(&'static str, What)> {
    vec![
        ("dial started", dial_started(1)),
        ("post begun", post_begun(1)),
        ("post unclear", unclear()),
        ("post refused", refused(RefusalClass::Blocked)),
        ("accepted", accepted()),
        ("accepted, other id", news(1, "CA9", News::Accepted)),
        ("ringing", ringing()),
        ("answered", answered()),
        ("ended busy", ended(EndWord::Busy)),
        ("ended busy, other id", news(1, "CA9", end(EndWord::Busy, None, Reported::default()))),
        ("spoke", spoke(None, question(0, 0))),
        ("hang-up asked", hang_up(HangUpReason::Asked)),
        ("listed nothing", What::ListedNothing(leg(1))),
        ("ruled not placed", What::RuledNotPlaced(leg(1))),
        ("carrier silent", What::CarrierSilent(leg(1))),
        ("gave up", What::GaveUp(leg(1))),
        ("expired", What::Expired(leg(1))),
        ("gated", What::Gated { gate: Gate::Suppressed }),
        ("requeued", requeued(2, 320)),
        ("taken over", What::TakenOver { by: trunkline_core::id::NodeId::new("b"), on: None, since: None }),
        ("no such leg", What::DialStarted(leg(7))),
        ("old fence", What::PostBegun(OnLeg { fence: trunkline_core::id::Fence(0), ..leg(1) })),
        ("machine", amd(AnsweredBy::Machine)),
        ("priced", priced()),
        ("unknown word", What::UnknownWord { word: "paused".into() }),
        ("registered", registered()),
        ("status reported", says("completed")),
        ("unregistered", What::Unregistered),
        ("an app's news", crate::app::news(AppNews::Declined)),
    ]
}

fn place(call: &Call) -> String {
    match call.disposition() {
        None if call.registered.is_none() && call.activity() != Activity::Talking => {
            call.status().as_str().into()
        }
        Some(disposition) => format!("over: {}", disposition.as_str()),
        None if call.leg().is_unclear() => "unclear".into(),
        None => call.state().as_str().into(),
    }
}

fn cell(before: &[Event], what: What) -> String {
    let mut call = call_of(before);
    let (place_before, state) = (place(&call), call.state());
    match call.apply(&event(300, what)) {
        Ok(effects) => {
            let place = place(&call);
            let mut cell = if place == place_before { "stays".into() } else { place };
            for effect in effects {
                match effect {
                    Effect::Owed(Owed::HangUp(..)) => cell += " + hang up",
                    Effect::Owed(Owed::HangUpStray(_)) => cell += " + hang up stray",
                    Effect::Owed(Owed::Act(..)) => cell += " + act",
                    Effect::Owed(Owed::Post(_)) => cell += " + post",
                    Effect::Owed(Owed::Reconcile(_)) => cell += " + reconcile",
                    Effect::FetchRecording(_) | Effect::Announce(_) | Effect::Released => {}
                }
            }
            cell
        }
        Err(refused) => {
            assert_eq!(call.state(), state, "a refused fact moved the call");
            let why = match refused {
                Refused::Same => "same",
                Refused::Late { .. } => "late",
                Refused::Illegal { .. } => "illegal",
                Refused::NoSuchLeg { .. } => "no such leg",
                Refused::OldFence => "old fence",
                Refused::Conflict => "conflict",
                Refused::ClientsOwn => "the client's own",
                Refused::NotRegistered => "not registered",
                Refused::NotApp => "no app call",
                Refused::NoCarrier => "no carrier",
                Refused::NoBot => "no bot",
                Refused::UnknownWord => "unknown word",
            };
            format!("({why})")
        }
    }
}

#[test]
fn every_fact_in_every_place() {
    is_the_table(TABLE, &places(), facts());
}

/// Puts each fact to each place, and compares what becomes of it with what should.
pub fn is_the_table(expected: &str, places: &[(&str, Vec<Event>)], facts: Vec<(&str, What)>) {
    let all = places.len();
    let mut table = String::from("\n");
    for (fact, what) in facts {
        table += &format!("{fact}\n");
        let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
        for (place, before) in places {
            let cell = cell(before, what.clone());
            match rows.iter_mut().find(|(row, _)| *row == cell) {
                Some((_, places)) => places.push(place),
                None => rows.push((cell, vec![place])),
            }
        }
        for (cell, places) in rows {
            let places = if places.len() == all { "everywhere".into() } else { places.join(" · ") };
            table += &format!("    {cell:<24}{places}\n");
        }
    }
    for (line, (is, should)) in table.lines().zip(expected.lines()).enumerate() {
        assert_eq!(is, should, "line {line} of the table:\n{table}");
    }
    assert_eq!(table, expected);
}
