//! `recover`: the carrier is asked about every live call now, with a server or without one.

use serde_json::json;
use trunkline_sim::{Fault, FaultKind, Habit};

use super::{code, run, stderr, stdout, told, with};
use crate::day::{ACCOUNT, Day, OURS, TOKEN};

const SHORT: &str = "+15550100321";
const LONG: &str = "+15550100311";

/// A call that goes on ringing, and one that ends soon.
fn two_calls(day: &Day) -> [String; 2] {
    [(LONG, 600), (SHORT, 30)].map(|(number, secs)| {
        day.person(number, Habit::NoAnswer);
        let call = day.call_with(&json!({ "to": number, "ring_timeout_secs": secs }));
        day.is(&call, "ringing");
        call
    })
}

fn the_short_one_ends_at_the_carrier(day: &Day) {
    day.until("it ends with the carrier", |day| {
        day.sim.calls_to(SHORT).iter().all(|call| call.status.is_final()).then_some(())
    });
}

#[test]
fn without_a_server_dead_calls_are_closed_and_live_ones_are_left_alone() {
    let mut day = Day::with().at_speed(10.0).begin();
    let [long, short] = two_calls(&day);
    day.power_fails();
    the_short_one_ends_at_the_carrier(&day);
    let base = day.sim.base_url();
    let account = [
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_AUTH_TOKEN", TOKEN),
        ("TWILIO_PHONE_NUMBER", OURS),
        ("TWILIO_API_BASE", base.as_str()),
    ];
    let recover = |more: &[&str]| with(&day.folder(), &[&["recover"], more].concat(), &account);
    let dry = recover(&["--dry-run"]);
    assert_eq!(
        stdout(&dry).trim(),
        "recovered 2, ended 1, still live 1. Nothing was changed.",
        "{}",
        stderr(&dry)
    );
    assert_eq!(stdout(&recover(&["--dry-run"])), stdout(&dry));
    let done = recover(&[]);
    assert_eq!(
        (stdout(&done).trim(), code(&done)),
        ("recovered 2, ended 1, still live 1", 0),
        "{}",
        stderr(&done)
    );
    assert_eq!(day.database().disposition(&short).as_deref(), Some("no_answer"), "and the database knows");
    let again = told(&recover(&["--json"]));
    assert_eq!(
        (&again["recovered"], &again["ended"], &again["still_live"]),
        (&1.into(), &0.into(), &1.into())
    );

    day.start();
    assert_eq!(day.get("/health").json()["recovered_calls"], 1);
    let ended = day.ended(&short);
    assert_eq!(
        (&ended["disposition"], &ended["evidence"]["source"]),
        (&json!("no_answer"), &json!("observed"))
    );
    assert_eq!(day.look_at(&long)["status"], "ringing");
    assert_eq!(day.end(&long).status, 202);
    assert_eq!(day.disposition(&long), "canceled");
    assert_eq!(day.dialed(LONG) + day.dialed(SHORT), 2, "nobody was called again");
}

#[test]
fn a_running_server_is_told_to_ask_now() {
    let day = Day::with().at_speed(10.0).begin();
    day.sim.add_fault(Fault::new(FaultKind::CallbackLost).on(SHORT));
    day.person(SHORT, Habit::NoAnswer);
    let call = day.call_with(&json!({ "to": SHORT, "ring_timeout_secs": 30 }));
    day.sid(SHORT);
    the_short_one_ends_at_the_carrier(&day);
    assert_ne!(
        day.look_at(&call)["state"],
        "ended",
        "the control: its end was lost, and it would be asked about later"
    );
    assert_eq!(
        stdout(&run(&day, &["recover", "--dry-run"])).trim(),
        "recovered 1, ended 1, still live 0. Nothing was changed."
    );
    assert_ne!(day.look_at(&call)["state"], "ended");
    assert_eq!(stdout(&run(&day, &["recover"])).trim(), "recovered 1, ended 1, still live 0");
    assert_eq!(day.look_at(&call)["disposition"], "no_answer");
}

#[test]
fn a_simulated_carrier_that_is_down_with_its_server_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let refused = super::on(&data, &["recover"]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("start it, and it recovers them"), "{}", stderr(&refused));
}
