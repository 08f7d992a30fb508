//! Calls that are led by commands: stories of all kinds told so, and what only such calls know, events that nobody tells.

use serde_json::json;
use trunkline_sim::{CallEvent, Fault, FaultKind, Habit};

use crate::day::{Day, led_by_commands};

macro_rules! told_so {
    ($($room:ident :: $story:ident),+ $(,)?) => {
        $(#[test]
        fn $story() {
            led_by_commands(crate::$room::$story);
        })+
    };
}

told_so! {
    inbound::who_calls_us_is_asked_the_script_of_the_number,
}

#[test]
fn a_caller_talks_with_a_bot_and_every_word_is_kept() {
    led_by_commands(crate::bots::talking::a_caller_talks_with_a_bot_and_every_word_is_kept);
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
