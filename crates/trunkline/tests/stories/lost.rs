//! What the carrier never told, or told nobody: every callback is lost, or the server is not there when calls end. Each call
//! ends nevertheless, by its deadline, with the carrier's own facts. P4.

use serde_json::json;
use trunkline_sim::{Fault, FaultKind, Habit};

use crate::day::Day;

/// People of every kind, and how a call to them must end. The carrier tells the SIP code in callbacks alone: who declined was
/// busy, and who does not exist failed.
fn people() -> [(&'static str, Habit, &'static str); 8] {
    [
        ("+15550100301", Habit::says(["Ann", "Tuesday", "no"]), "completed"),
        ("+15550100302", Habit::Busy, "busy"),
        ("+15550100303", Habit::NoAnswer, "no_answer"),
        ("+15550100304", Habit::Refuses, "busy"),
        ("+15550100305", Habit::Unreachable, "carrier_failed"),
        ("+15550100306", Habit::NotInService, "carrier_failed"),
        ("+15550100307", Habit::HangsUpInMidQuestion { question: 2 }, "completed"),
        ("+15550100308", Habit::Silent, "completed"),
    ]
}

/// Told of nothing, a call is asked about.
#[test]
pub fn with_every_callback_lost_each_call_ends_with_the_carriers_own_facts() {
    let day = Day::begin();
    day.sim.add_fault(Fault::new(FaultKind::CallbackLost));
    let calls = people().map(|(number, habit, end)| {
        day.person(number, habit);
        (number, day.call(number), end)
    });
    for (number, call, end) in &calls {
        let call = day.ended(call);
        assert_eq!(
            (&call["disposition"], &call["evidence"]["source"]),
            (&json!(end), &json!("observed")),
            "{call}"
        );
        assert_eq!(
            call["duration_seconds"].as_u64().is_some_and(|secs| secs > 0),
            *end == "completed",
            "{call}"
        );
        assert_eq!(day.dialed(number), 1, "{number}");
    }
    assert_eq!(day.get("/health").json()["active_calls"], 0, "nothing is left open");
    assert!(day.sim.faults()[0].struck >= 16, "the control: {:?}", day.sim.faults());
}

/// Some go on, some have ended while nobody was there.
#[test]
pub fn after_a_restart_live_calls_obey_and_ended_ones_have_the_carriers_facts() {
    let mut day = Day::with().at_speed(10.0).begin();
    let waiting = ["+15550100311", "+15550100312", "+15550100313"].map(|number| {
        day.person(number, Habit::NoAnswer);
        let call = day.call_with(&json!({ "to": number, "ring_timeout_secs": 600 }));
        day.is(&call, "ringing");
        call
    });
    let short = ["+15550100321", "+15550100322"].map(|number| {
        day.person(number, Habit::NoAnswer);
        let call = day.call_with(&json!({ "to": number, "ring_timeout_secs": 30 }));
        day.is(&call, "ringing");
        (number, call)
    });
    day.power_fails();
    for (number, _) in &short {
        day.until("it ends with the carrier", |day| {
            day.sim.calls_to(number).iter().all(|call| call.status.is_final()).then_some(())
        });
    }
    day.start();

    assert_eq!(day.get("/health").json()["recovered_calls"], 5);
    for (number, call) in &short {
        let (ended, carriers) = (day.ended(call), day.sim.calls_to(number).remove(0));
        assert_eq!(
            (&ended["disposition"], &ended["evidence"]["source"]),
            (&json!("no_answer"), &json!("observed"))
        );
        assert_eq!(ended["carrier_call_id"], carriers.sid.to_string(), "{ended}");
    }
    for call in &waiting {
        assert_eq!(day.look_at(call)["status"], "ringing");
        assert_eq!(day.end(call).status, 202);
        assert_eq!(day.disposition(call), "canceled");
    }
    assert_eq!(day.get("/health").json()["active_calls"], 0);
    assert_eq!(day.sim.dialed().values().sum::<u64>(), 5, "nobody was called again");
}
