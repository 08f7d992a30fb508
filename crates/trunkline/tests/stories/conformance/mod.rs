//! One suite for every carrier. Each story is told of four people at once: of one every callback comes as it should, of another
//! none at all, of another each three times, of the last each after the one that follows it. What comes out must be the
//! same of all four, and the same at each carrier.
//!
//! To add a story: a function that ends in [`Four::come_out`], and its name in the list. A new carrier is a line of the macro.

mod orders;
mod story;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use trunkline_sim::{CallEvent, CallRecord, CallSid, CallStatus, Fault, FaultKind, Habit, Heard};

use crate::day::{Day, Opening};
use crate::queue::{campaign, is_settled, job};

/// Each story of both carriers, and of calls at Telnyx that commands lead: there nobody asks for pages.
macro_rules! on_each_carrier {
    (where pages are asked for: $($page:ident),+; everywhere: $($story:ident),+ $(,)?) => {
        mod twilio {
            $(#[test]
            fn $page() {
                crate::day::through(trunkline_sim::Mouth::Twilio, super::story::$page);
            })+
            $(#[test]
            fn $story() {
                crate::day::through(trunkline_sim::Mouth::Twilio, super::story::$story);
            })+
        }
        mod telnyx {
            $(#[test]
            fn $page() {
                crate::day::through(trunkline_sim::Mouth::Telnyx, super::story::$page);
            })+
            $(#[test]
            fn $story() {
                crate::day::through(trunkline_sim::Mouth::Telnyx, super::story::$story);
            })+
        }
        mod telnyx_led {
            $(#[test]
            fn $story() {
                crate::day::led_by_commands(super::story::$story);
            })+
        }
    };
}

on_each_carrier! {
    where pages are asked for:
    a_page_that_is_asked_for_twice_is_one_step;
    everywhere:
    who_answers_is_asked_everything,
    who_presses_keys_is_understood,
    who_is_busy_was_busy,
    who_does_not_pick_up_did_not,
    who_declines_has_declined,
    who_cannot_be_reached_was_not,
    a_number_that_nobody_has_is_none,
    who_hangs_up_in_mid_question_leaves_what_was_said,
    who_says_nothing_is_asked_again_and_then_let_go,
    who_wants_never_to_be_called_again_is_not,
    a_call_is_ended_while_it_rings,
    a_call_is_ended_while_they_talk,
    a_call_that_lasts_too_long_is_cut,
    a_call_that_was_made_and_answered_500_is_the_call,
    a_call_that_was_made_and_never_answered_for_is_the_call,
    a_call_that_was_made_late_is_the_call,
    a_call_that_was_turned_away_is_made_later,
    a_machine_is_hung_up_on,
    a_person_is_not_taken_for_a_machine,
    a_restart_in_mid_questionnaire_is_not_noticed,
    a_database_that_is_away_is_not_noticed,
    an_end_that_nobody_was_there_to_hear_is_found,
    who_was_on_hold_goes_on,
    who_hangs_up_on_hold_has_hung_up,
    who_is_handed_on_talks_with_them,
    who_is_handed_to_nobody_goes_on,
    who_is_handed_on_by_consent_talks_with_them,
    who_is_not_wanted_goes_on,
    who_calls_us_is_asked_everything,
    who_calls_us_and_presses_keys_is_understood,
    who_calls_us_and_hangs_up_leaves_what_was_said,
    who_calls_us_and_is_cut_off_was_cut_off_by_us,
    who_calls_us_over_a_restart_goes_on,
    who_calls_us_and_waits_on_hold_goes_on,
    who_calls_us_and_is_handed_on_talks_with_them,
}

/// How long a record may take to come right once everybody has hung up.
const PATIENCE: Duration = Duration::from_secs(40);

/// What becomes of the callbacks of a person's calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Callbacks {
    Sent,
    Lost,
    Tripled,
    Swapped,
}

impl Callbacks {
    const ALL: [Self; 4] = [Self::Sent, Self::Lost, Self::Tripled, Self::Swapped];

    /// Where calls are led by commands, what is lost is what no command waits for: what comes of the others is told in
    /// `led.rs`. `is_first_told` is said of those whose call is known by its first event alone.
    fn faults(self, is_led: bool, is_first_told: bool) -> Vec<Fault> {
        let lost = |event| Fault::new(FaultKind::CallbackLost).only(event);
        match self {
            Self::Sent => Vec::new(),
            Self::Lost if is_led && is_first_told => vec![lost(CallEvent::Completed)],
            Self::Lost if is_led => vec![lost(CallEvent::Initiated), lost(CallEvent::Completed)],
            Self::Lost => vec![Fault::new(FaultKind::CallbackLost)],
            Self::Tripled => vec![Fault::new(FaultKind::CallbackDoubled { copies: 3 })],
            Self::Swapped => vec![Fault::new(FaultKind::CallbackReordered)],
        }
    }
}

/// One of the four.
struct Someone {
    callbacks: Callbacks,
    number: String,
    /// To whom they may be handed; what becomes of their callbacks becomes of these.
    other: String,
    call: RefCell<String>,
}

impl Someone {
    fn call(&self) -> String {
        self.call.borrow().clone()
    }

    /// From now on callbacks of calls of this number, which is theirs or the other's, go wrong.
    fn goes_wrong(&self, day: &Day, number: &str, is_first_told: bool) {
        for fault in self.callbacks.faults(day.is_led(), is_first_told) {
            day.sim.add_fault(fault.on(number));
        }
    }
}

/// Four people who live through the same.
struct Four {
    day: Day,
    people: Vec<Someone>,
}

impl Four {
    /// Nobody is called yet.
    fn of(opening: Opening, habit: &Habit) -> Self {
        let four = Self::who_are_told_of(opening, habit);
        four.each(|day, one| {
            one.goes_wrong(day, &one.number, false);
            one.goes_wrong(day, &one.other, true);
        });
        four
    }

    /// Nobody has called us yet. Our numbers tell us of ends.
    fn of_callers(opening: Opening) -> Self {
        let four = Self::who_are_told_of(opening.with_synced_numbers(), &Habit::Busy);
        four.each(|day, one| {
            one.goes_wrong(day, &one.other, true);
            if !four.first_event_must_come(one) {
                one.goes_wrong(day, &one.number, true);
            }
        });
        four
    }

    /// A caller whose calls are led by commands is answered when the first event of the call comes, and hears nothing before:
    /// nobody could tell a call whose first event is lost, or waits for a second one.
    fn first_event_must_come(&self, one: &Someone) -> bool {
        self.day.is_led() && matches!(one.callbacks, Callbacks::Lost | Callbacks::Swapped)
    }

    fn who_are_told_of(opening: Opening, habit: &Habit) -> Self {
        let day = opening.begin();
        let people = Callbacks::ALL.into_iter().enumerate().map(|(n, callbacks)| {
            let (number, other) = (format!("+1555010310{n}"), format!("+1555010320{n}"));
            day.person(&number, habit.clone());
            Someone { callbacks, number, other, call: RefCell::default() }
        });
        let people = people.collect();
        Self { day, people }
    }

    fn each(&self, does: impl Fn(&Day, &Someone)) -> &Self {
        self.people.iter().for_each(|one| does(&self.day, one));
        self
    }

    /// Something goes wrong for each of them besides.
    fn with_fault(&self, kind: FaultKind) -> &Self {
        self.each(|day, one| {
            day.fault(kind, &one.number);
        })
    }

    fn are_called(&self) -> &Self {
        self.are_called_with(&json!({}))
    }

    fn are_called_with(&self, more: &Value) -> &Self {
        self.each(|day, one| {
            let mut order = json!({ "to": one.number });
            order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            one.call.replace(day.call_with(&order));
        })
    }

    /// They call us.
    fn call_us(&self, habit: &Habit) -> &Self {
        self.each(|day, one| {
            let sid = day.is_called_by(&one.number, habit.clone());
            one.call.replace(sid.as_str().to_owned());
            day.until("the call is known", |day| {
                let known = day.try_get(&format!("/api/calls/{}", one.call()))?;
                (known.status == 200)
                    .then(|| one.call.replace(known.json()["id"].as_str().unwrap().to_owned()))
            });
            if self.first_event_must_come(one) {
                one.goes_wrong(day, &one.number, true);
            }
        })
    }

    /// They are called by a campaign that treats machines so, once.
    fn are_called_by_a_campaign(&self, machine: &Value) -> &Self {
        let once = json!({ "by_class": {}, "by_disposition": {}, "unfinished": [] });
        let more = json!({ "machine": machine, "retry": once });
        let numbers: Vec<String> = self.people.iter().map(|one| one.number.clone()).collect();
        let (_, jobs) = campaign(&self.day, "suite", &more, &numbers);
        let settled: Vec<Value> = jobs.iter().map(|id| is_settled(&self.day, id)).collect();
        self.each(|day, one| {
            let call = settled.iter().find_map(|settled| {
                let job = job(day, settled["id"].as_str()?);
                let call = job["attempts"][0]["call_id"].as_str()?.to_owned();
                (day.look_at(&call)["to"] == one.number.as_str()).then_some(call)
            });
            one.call.replace(call.expect("everybody has a job"));
        })
    }

    /// Waits until each of them hears the second question; as soon as they do, this is done.
    fn as_they_are_asked_twice(&self, does: impl Fn(&Day, &Someone)) -> &Self {
        let mut waiting: Vec<&Someone> = self.people.iter().collect();
        self.day.until("the second question", |day| {
            waiting.retain(|one| {
                let is_asked = day.look_at(&one.call())["question"] == 1;
                if is_asked {
                    does(day, one);
                }
                !is_asked
            });
            waiting.is_empty().then_some(())
        });
        self
    }

    fn are_asked_twice(&self) -> &Self {
        self.as_they_are_asked_twice(|_, _| {})
    }

    /// What came of it is this, of each of them.
    fn come_out(&self, record: &Value) {
        self.come_out_but(record, &json!({}));
    }

    /// The same; who was told of nothing knows no SIP code, which is what tells some ends from others.
    fn come_out_but(&self, record: &Value, if_lost: &Value) {
        self.each(|day, one| drop(day.ended(&one.call())));
        self.day.is_quiet();
        for one in &self.people {
            let mut expected = record.clone();
            if one.callbacks == Callbacks::Lost && !self.day.is_led() {
                expected.as_object_mut().unwrap().extend(if_lost.as_object().unwrap().clone());
            }
            let begun = Instant::now();
            loop {
                let seen = self.record_of(one, record);
                if seen == expected {
                    break;
                }
                assert!(
                    begun.elapsed() < PATIENCE,
                    "callbacks {:?}: {seen}\ninstead of {expected}\n{}",
                    one.callbacks,
                    self.day.look_at(&one.call())
                );
                std::thread::sleep(Duration::from_millis(20));
            }
            self.times_are_right(one);
        }
        for fault in self.day.sim.faults() {
            // Of a call that comes in its end alone is told, where pages lead it: there is nothing to come before or after it.
            let is_in = self.people.iter().any(|one| self.came_in(one));
            if is_in && !self.day.is_led() && fault.fault.kind == FaultKind::CallbackReordered {
                continue;
            }
            let is_dialed = |number: &String| {
                fault.fault.on.matches(number)
                    && (self.day.dialed(number) > 0 || is_in && self.is_one(number))
            };
            let is_told = self.people.iter().any(|one| is_dialed(&one.number) || is_dialed(&one.other));
            assert!(!is_told || fault.struck > 0, "the control: {fault:?}");
        }
        assert_eq!(self.day.get("/health").json()["active_calls"], 0);
        assert_eq!(self.day.sim.live(), 0);
    }

    fn came_in(&self, one: &Someone) -> bool {
        self.day.look_at(&one.call())["direction"] == "inbound"
    }

    fn is_one(&self, number: &str) -> bool {
        self.people.iter().any(|one| one.number == number)
    }

    /// What came of it, as far as `asked` asks.
    fn record_of(&self, one: &Someone, asked: &Value) -> Value {
        let call = self.day.look_at(&one.call());
        let legs = call["legs"].as_array().cloned().unwrap_or_default();
        let handed = legs.iter().find(|leg| leg["role"] == "transfer");
        let all = json!({
            "status": call["status"],
            "disposition": call["disposition"],
            "outcome": call["outcome"],
            "hangup_by": call["hangup_by"],
            "answers": self.day.answers(&one.call()),
            "answer_count": call["answer_count"],
            "dialed": self.day.dialed(&one.number),
            "source": call["evidence"]["source"],
            "conflict": call["evidence"]["conflict"],
            "amd": call["evidence"]["amd"],
            "attempts": legs.iter().filter(|leg| leg["role"] != "transfer").count(),
            "handed": handed.map(|leg| json!({
                "end": leg["end"], "mode": leg["mode"],
                "answered": leg["answered_at"].is_string(), "joined": leg["joined_at"].is_string(),
                "declined": leg["declined_at"].is_string(), "over": leg["ended_at"].is_string(),
                "dialed": self.day.dialed(&one.other),
            })),
        });
        asked
            .as_object()
            .unwrap()
            .keys()
            .map(|name| (name.clone(), all[name].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// Times stand in their order, and what lasted lasted as long as the carrier says.
    fn times_are_right(&self, one: &Someone) {
        let call = self.day.look_at(&one.call());
        in_order(&call, &["created_at", "ringing_at", "answered_at", "ended_at"]);
        let own = call["carrier_call_id"].as_str().map(|sid| CallSid::from(sid.to_owned()));
        let theirs = self.day.sim.calls_to(&one.number).pop();
        let Some(theirs) = theirs.or_else(|| self.day.sim.call(&own?)) else { return };
        lasted(&call, &theirs);
        let legs = call["legs"].as_array().cloned().unwrap_or_default();
        if let Some(leg) = legs.iter().find(|leg| leg["role"] == "transfer") {
            in_order(leg, &["answered_at", "joined_at", "ended_at"]);
            let theirs = self.day.sim.calls_to(&one.other).pop().expect("they were called");
            assert_eq!(leg["carrier_call_id"], theirs.sid.as_str(), "{:?} {leg}", one.callbacks);
            let (ours, theirs) = (leg["duration_seconds"].as_u64(), theirs.duration_secs.map(u64::from));
            let (ours, theirs) = (ours.unwrap_or(0), theirs.unwrap_or(0));
            // Who was told of nothing knows that they picked up from the page that was fetched then.
            let is_right = ours.abs_diff(theirs) <= 1 || one.callbacks == Callbacks::Lost && ours < theirs;
            assert!(is_right, "{:?}: {theirs} {leg}", one.callbacks);
        }
    }
}

fn in_order(of: &Value, names: &[&str]) {
    let times = names.iter().filter_map(|name| of[*name].as_str());
    let times: Vec<Timestamp> = times.map(|time| time.parse().unwrap()).collect();
    assert!(times.is_sorted(), "{names:?}: {of}");
}

/// The carrier's own figure leaves out the time that our answers took, which fast time makes long: ours is never the
/// shorter, but for the rounding of both ends.
fn lasted(call: &Value, theirs: &CallRecord) {
    assert_eq!(call["answered_at"].is_string(), theirs.answered_at.is_some(), "{theirs:?}: {call}");
    if theirs.answered_at.is_some() {
        let (ours, theirs) = (call["duration_seconds"].as_u64(), theirs.duration_secs.map(u64::from));
        assert!(ours.unwrap_or(0) + 2 >= theirs.unwrap_or(0), "{theirs:?}: {call}");
    }
}

/// Waits until a phone stands so, by the carrier's own word.
fn stands(day: &Day, number: &str, status: CallStatus) {
    day.until(&format!("{number} is {status:?}"), |day| {
        day.sim.calls_to(number).iter().any(|call| call.status == status).then_some(())
    });
}

/// Waits until somebody has heard a question to its end.
fn has_heard(day: &Day, number: &str, question: u32) {
    let is_it = |heard: &Heard| matches!(heard, Heard::Asked { question: asked, .. } if *asked >= question);
    day.until("they hear it", |day| {
        day.sim.calls_to(number).iter().any(|call| day.sim.heard(&call.sid).iter().any(is_it)).then_some(())
    });
}
