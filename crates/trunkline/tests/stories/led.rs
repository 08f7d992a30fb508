//! Calls that are led by commands: stories of all kinds told so, and what only such calls know, events that nobody tells.

use jiff::SignedDuration;
use serde_json::{Value, json};
use trunkline_sim::{CallEvent, Fault, FaultKind, Habit};

use crate::day::{Day, led_by_commands};
use crate::hold::asked_twice;

macro_rules! told_so {
    ($($module:ident $(of $room:ident)?: [$($story:ident),+ $(,)?],)+) => {
        $(mod $module {
            use crate::$($room::)?$module as told;

            $(#[test]
            fn $story() {
                crate::day::led_by_commands(told::$story);
            })+
        })+
    };
}

told_so! {
    inbound: [who_calls_us_is_asked_the_script_of_the_number],
    hold: [
        a_call_can_be_held_before_its_first_answer_and_twice,
        whoever_is_on_hold_hears_the_music_that_is_set_and_goes_on_by_itself_in_the_end,
    ],
    transfer: [where_nobody_takes_it_the_person_hears_so_and_the_script_goes_on],
    attended: [
        where_nobody_takes_it_the_person_comes_back_to_the_script,
        a_server_that_is_killed_while_somebody_is_asked_joins_them_none_the_less,
    ],
    machines: [
        a_machine_hears_the_message_a_fax_nothing_and_a_person_the_script,
        who_is_judged_late_to_be_a_machine_is_hung_up_on_then,
    ],
    reconcile: [a_call_that_turns_up_after_it_was_given_up_is_taken_back_not_made_again],
    talking of bots: [a_caller_talks_with_a_bot_and_every_word_is_kept],
    lost of bots: [killed_in_the_middle_of_a_sentence_everything_heard_is_there_and_the_call_is_taken_up_again],
    appointments of bots: [a_caller_who_wants_a_person_is_put_through_to_the_list],
}

#[test]
fn what_nobody_tells_of_is_found_out_and_the_call_goes_on() {
    led_by_commands(|| {
        for event in [CallEvent::SpeakEnded, CallEvent::RecordingSaved, CallEvent::Answered] {
            let day = Day::with().begin();
            let number = "+15550104100";
            day.person(number, Habit::says(["Ann", "Tuesday", "no", "no", "no"]));
            day.sim.add_fault(Fault::new(FaultKind::CallbackLost).only(event).on(number));
            let call = day.call(number);
            let ended = day.ended(&call);
            assert_eq!(ended["disposition"], "completed", "{event:?}: {ended}");
            assert_eq!(day.dialed(number), 1);
            if event != CallEvent::Answered {
                assert_eq!(json!(day.answers(&call)), json!(["Ann", "Tuesday", "no"]), "{event:?}");
            }
            assert!(day.sim.faults().iter().all(|fault| fault.struck > 0), "the control");
        }
    });
}

#[test]
fn keys_of_which_nobody_tells_are_found() {
    led_by_commands(|| {
        let questions = r#"{"questions": [{"text": "Are you at home?", "type": "yes-no"},
            {"text": "Which day?", "type": "choice", "choices": ["Monday", "Tuesday"]}]}"#;
        let day = Day::with().questions(questions).begin();
        let number = "+15550104150";
        day.person(number, Habit::presses(["1", "2"]));
        let lost = Fault::new(FaultKind::CallbackLost);
        day.sim.add_fault(lost.only(CallEvent::GatherEnded).on(number));
        let call = day.call(number);
        assert_eq!(day.ended(&call)["outcome"], "finished");
        let turns = day.turns(&call);
        let values: Vec<_> = turns.iter().map(|turn| turn["answer"]["value"].clone()).collect();
        assert_eq!(values, [json!(true), json!({ "key": "2", "label": "Tuesday" })]);
        assert!(turns.iter().all(|turn| turn["asks"] == 1), "nobody is asked again: {turns:?}");
        assert!(day.sim.faults().iter().all(|fault| fault.struck > 0), "the control");
    });
}

/// Each is asked twice, for some forty seconds each time. Where it can't be looked for, the key is told while they are asked again, or
/// when they were given up.
#[test]
fn the_key_of_whoever_is_asked_to_take_a_call_counts_as_long_as_they_can_be_joined_and_a_no_for_ever() {
    led_by_commands(|| {
        let day = Day::with().at_speed(20.0).begin();
        let (late, lost) = (|secs| FaultKind::CallbackLate { secs }, FaultKind::CallbackLost);
        let told = [
            ("1", late(50), "transferred"),
            ("2", late(50), "finished"),
            ("2", late(150), "finished"),
            ("1", lost, "transferred"),
            ("2", lost, "finished"),
        ];
        let calls: Vec<String> = (0..told.len())
            .map(|n| {
                let (key, what, _) = told[n];
                let (person, other) = (format!("+1555010420{n}"), format!("+1555010421{n}"));
                let digits = vec![key.to_owned()];
                day.person(&other, Habit::Answers { ring_secs: Some(3), said: vec![], digits });
                day.sim.add_fault(Fault::new(what).only(CallEvent::GatherEnded).on(&other));
                if what != lost {
                    day.fault(FaultKind::LookupFails, &other);
                }
                let call = asked_twice(&day, &person);
                let order = json!({ "to": other, "ring_timeout_secs": 20, "mode": "attended" });
                let answer = day.post(&format!("/api/calls/{call}/transfer"), &order);
                assert_eq!(answer.status, 202, "{}", answer.text());
                call
            })
            .collect();
        for (call, told) in calls.iter().zip(told) {
            let over = day.ended(call);
            assert_eq!(over["outcome"], told.2, "{told:?}: {over}");
            day.until("what they said is known", |day| {
                let legs = day.look_at(call)["legs"].as_array().cloned().unwrap_or_default();
                let leg = legs.into_iter().find(|leg| leg["role"] == "transfer")?;
                let said = (leg["joined_at"].is_string(), leg["declined_at"].is_string());
                (said == (told.0 == "1", told.0 == "2")).then_some(())
            });
        }
        day.is_quiet();
        assert_eq!((day.sim.live(), day.get("/health").json()["active_calls"].as_u64()), (0, Some(0)));
    });
}

#[test]
fn what_was_said_while_no_server_was_there_is_not_asked_again() {
    led_by_commands(|| {
        let mut day = Day::with().at_speed(20.0).begin();
        let number = "+15550104300";
        day.person(number, Habit::says(["Ann", "Tuesday", "no"]));
        let lost = Fault::new(FaultKind::CallbackLost).only(CallEvent::RecordingSaved);
        day.sim.add_fault(lost.on(number).times(1));
        let call = day.call(number);
        day.has_answered(number, 1);
        day.power_fails();
        let (sid, said) = (day.sid(number), day.said_by(number).len());
        day.until("it is recorded", |day| (day.sim.recordings(&sid).len() == said).then_some(()));
        let begins_again = day.now() + jiff::SignedDuration::from_secs(15);
        day.until("some time has passed", |day| (day.now() >= begins_again).then_some(()));
        day.start();
        assert_eq!(day.ended(&call)["outcome"], "finished");
        assert_eq!(day.answers(&call), ["Ann", "Tuesday", "no"]);
        assert_eq!(day.dialed(number), 1);
    });
}

/// Where the other one of a transfer is, as the record says.
fn other_leg(day: &Day, call: &str) -> Option<Value> {
    let legs = day.look_at(call)["legs"].as_array().cloned()?;
    legs.into_iter().find(|leg| leg["role"] == "transfer")
}

fn is_handed(day: &Day, call: &str, other: &str) {
    day.person(other, Habit::Answers { ring_secs: Some(3), said: vec![], digits: vec![] });
    let order = json!({ "to": other, "ring_timeout_secs": 5 });
    assert_eq!(day.post(&format!("/api/calls/{call}/transfer"), &order).status, 202);
}

/// Somebody else took the call, and it ended with them.
fn was_taken_by(day: &Day, call: &str, other: &str) {
    let over = day.ended(call);
    assert_eq!(over["outcome"], "transferred", "{over}");
    let leg = other_leg(day, call).unwrap();
    assert_eq!(leg["end"], "completed", "{over}");
    assert!(leg["ended_at"].is_string(), "{over}");
    assert_eq!(day.sim.calls_to(other).len(), 1, "nobody is called twice");
}

/// Neither that they picked up nor that they hung up is told.
#[test]
fn whoever_took_a_call_unheard_took_it() {
    led_by_commands(|| {
        let day = Day::with().at_speed(20.0).begin();
        let other = "+15550104161";
        let call = asked_twice(&day, "+15550104160");
        for event in [CallEvent::Answered, CallEvent::Completed] {
            day.sim.add_fault(Fault::new(FaultKind::CallbackLost).only(event).on(other));
        }
        is_handed(&day, &call, other);
        was_taken_by(&day, &call, other);
        assert!(day.sim.faults().iter().all(|fault| fault.struck > 0), "the control");
    });
}

/// As above, and the process that would have looked at them is gone.
#[test]
fn whoever_took_a_call_while_no_server_was_there_took_it() {
    led_by_commands(|| {
        let mut day = Day::with().at_speed(20.0).begin();
        let other = "+15550104171";
        let call = asked_twice(&day, "+15550104170");
        is_handed(&day, &call, other);
        day.until("their phone rings", |day| other_leg(day, &call)?["carrier_call_id"].as_str().map(|_| ()));
        day.power_fails();
        // Longer than it may ring, and than they talk.
        let later = day.now() + SignedDuration::from_mins(3);
        day.until("they have talked", |day| {
            (day.now() > later && day.sim.calls_to(other)[0].ended_at.is_some()).then_some(())
        });
        day.start();
        was_taken_by(&day, &call, other);
    });
}
