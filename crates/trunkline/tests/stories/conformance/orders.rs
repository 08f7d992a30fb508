//! Callbacks in every order there is. The carrier tells nothing by itself; the story has what it would have told, and tells each
//! person's callbacks in another order, some of them twice. All orders make one record, at each carrier.

use serde_json::{Value, json};
use trunkline_sim::{CallStatus, Habit, Mouth, WebhookKind, WebhookRecord};

use super::{in_order, lasted};
use crate::day::{Day, led_by_commands, through};

/// All orders of so many things.
fn orders(of: usize) -> Vec<Vec<usize>> {
    let Some(last) = of.checked_sub(1) else { return vec![vec![]] };
    let shorter = orders(last);
    let with_last = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, last);
        order
    };
    shorter.iter().flat_map(|order| (0..of).map(move |at| with_last(order, at))).collect()
}

/// Somebody of this habit for each order of the callbacks that a call to them has.
struct Crowd {
    habit: Habit,
    callbacks: usize,
    record: Value,
}

fn crowds(is_led: bool) -> [Crowd; 4] {
    let record = |status: &str, disposition: &str, answers: u64, rang: bool| {
        json!({
            "status": status, "disposition": disposition, "answer_count": answers, "source": "observed",
            "conflict": null, "rang": rang, "answered": status == "completed", "ended": true,
        })
    };
    if is_led {
        // Nobody is told that a phone rings. And nobody is asked anything before the answer is told, which waits here for the end: who
        // picks up hangs up at once.
        return [
            Crowd {
                habit: Habit::Answers { ring_secs: Some(1), said: vec![], digits: vec![] },
                callbacks: 3,
                record: record("completed", "completed", 0, false),
            },
            Crowd {
                habit: Habit::NoAnswer,
                callbacks: 2,
                record: record("no_answer", "no_answer", 0, false),
            },
            Crowd { habit: Habit::Refuses, callbacks: 2, record: record("rejected", "rejected", 0, false) },
            Crowd { habit: Habit::Busy, callbacks: 2, record: record("busy", "busy", 0, false) },
        ];
    }
    [
        Crowd {
            habit: Habit::HangsUpInMidQuestion { question: 1 },
            callbacks: 4,
            record: record("completed", "completed", 1, true),
        },
        Crowd { habit: Habit::NoAnswer, callbacks: 3, record: record("no_answer", "no_answer", 0, true) },
        Crowd { habit: Habit::Refuses, callbacks: 3, record: record("rejected", "rejected", 0, true) },
        Crowd { habit: Habit::Busy, callbacks: 2, record: record("busy", "busy", 0, false) },
    ]
}

fn record_of(day: &Day, call: &str) -> Value {
    let call = day.look_at(call);
    json!({
        "status": call["status"], "disposition": call["disposition"], "answer_count": call["answer_count"],
        "source": call["evidence"]["source"], "conflict": call["evidence"]["conflict"],
        "rang": call["ringing_at"].is_string(), "answered": call["answered_at"].is_string(),
        "ended": call["ended_at"].is_string(),
    })
}

fn every_order_makes_one_record() {
    // Slowly: all is told before the server would ask for itself, which is after two minutes, however busy the machine is.
    let mut opening = Day::with().at_speed(5.0).at_most(60);
    for limit in ["SYSTEM", "CARRIER", "TENANT"] {
        opening = opening.set(&format!("TRUNKLINE_LIMITS_{limit}_CALLS"), "100");
    }
    let day = opening.begin();
    day.sim.add_fault(trunkline_sim::Fault::new(trunkline_sim::FaultKind::CallbackLost));
    let mut called = Vec::new();
    let expected: usize =
        crowds(day.is_led()).iter().map(|crowd| (1..=crowd.callbacks).product::<usize>()).sum();
    for (c, crowd) in crowds(day.is_led()).into_iter().enumerate() {
        for (n, order) in orders(crowd.callbacks).into_iter().enumerate() {
            let number = format!("+15550105{c}{n:02}");
            day.person(&number, crowd.habit.clone());
            // A phone that may ring for long is not asked about while it might.
            let rings = if matches!(crowd.habit, Habit::Answers { .. }) { 120 } else { 10 };
            let order_of_ours = json!({ "to": number, "ring_timeout_secs": rings });
            called.push((day.call_with(&order_of_ours), number, order, crowd.record.clone()));
        }
    }
    assert_eq!(called.len(), expected);
    day.until("the carrier has called them all", |day| {
        called.iter().all(|(_, number, ..)| day.dialed(number) == 1).then_some(())
    });
    if day.is_led() {
        // Whoever picks up and hears nothing.
        day.until("nobody's phone rings", |day| {
            let calls = day.sim.calls();
            for call in calls.iter().filter(|call| call.status == CallStatus::InProgress) {
                day.sim.hang_up(&call.sid);
            }
            calls.iter().all(|call| call.status.is_final()).then_some(())
        });
    }
    day.is_quiet();
    let lost: Vec<WebhookRecord> =
        day.sim.webhooks().into_iter().filter(|hook| hook.kind == WebhookKind::Status).collect();
    for (nth, (_, number, order, _)) in called.iter().enumerate() {
        let sid = day.sid(number);
        let theirs: Vec<&WebhookRecord> = lost.iter().filter(|hook| hook.call == sid).collect();
        assert_eq!(theirs.len(), order.len(), "{number}: {theirs:?}");
        for (at, which) in order.iter().enumerate() {
            for _ in 0..=usize::from((nth + at) % 3 == 0) {
                assert_eq!(day.send(day.tells(theirs[*which])).status, 204);
            }
        }
    }
    for (call, number, order, record) in &called {
        let seen = day.until("all is told", |day| {
            let ended = day.ended(call);
            ended["ended_at"].is_string().then(|| record_of(day, call))
        });
        let told = || day.get(&format!("/api/calls/{call}/events")).text();
        assert_eq!(seen, *record, "{order:?} {} {}", day.look_at(call), told());
        let seen = day.look_at(call);
        in_order(&seen, &["created_at", "ringing_at", "answered_at", "ended_at"]);
        lasted(&seen, &day.sim.calls_to(number)[0]);
        assert_eq!(day.dialed(number), 1);
    }
    assert_eq!(day.get("/health").json()["active_calls"], 0);
}

#[test]
fn all_orders_of_what_telnyx_tells_of_calls_that_commands_lead_make_one_record() {
    led_by_commands(every_order_makes_one_record);
}

#[test]
fn all_orders_of_what_twilio_tells_make_one_record() {
    through(Mouth::Twilio, every_order_makes_one_record);
}

#[test]
fn all_orders_of_what_telnyx_tells_make_one_record() {
    through(Mouth::Telnyx, every_order_makes_one_record);
}
