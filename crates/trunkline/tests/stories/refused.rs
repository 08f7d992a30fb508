//! A call that the database refuses, for whatever reason: it is set aside and said so, the rest goes on, nothing of it is
//! lost, and once the reason is gone a restart brings it in. F-27.

use serde_json::json;
use trunkline_sim::Habit;

use crate::beneath::{Beneath, Kind, Trouble, is_well};
use crate::day::{Day, KEY};

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";
const EVE: &str = "+15550100125";

#[test]
fn on_sqlite_a_refused_call_is_set_aside_and_the_rest_goes_on() {
    a_refused_call_is_set_aside_and_the_rest_goes_on(Kind::Sqlite);
}

#[test]
fn on_postgresql_a_refused_call_is_set_aside_and_the_rest_goes_on() {
    a_refused_call_is_set_aside_and_the_rest_goes_on(Kind::Postgres);
}

fn a_refused_call_is_set_aside_and_the_rest_goes_on(kind: Kind) {
    let beneath = Beneath::of_kind(kind, Trouble::None);
    let mut day = beneath.of(Day::with().at_speed(30.0)).in_its_own_process().begin();
    is_well(&day);
    refuses(&day, &beneath, kind);
    let people =
        [(ANN, ["Ann", "Tuesday", "no"]), (BEN, ["Ben", "Monday", "yes"]), (EVE, ["Eve", "Friday", "maybe"])];
    let [ann, ben, eve] = people.map(|(number, said)| {
        day.person(number, Habit::says(said));
        day.call(number)
    });
    day.post("/api/suppressions", &json!({ "number": "+15550100199", "reason": "asked" }));

    for (call, (_, said)) in [(&ann, people[0]), (&eve, people[2])] {
        assert_eq!(day.disposition(call), "completed");
        day.until("the rest goes on", |day| (day.database().answers(call) == said).then_some(()));
    }
    assert_eq!(day.disposition(&ben), "completed", "it goes on too");
    day.until("those who look are told", |day| {
        let ready = day.get("/readyz").json();
        (ready["parked_calls"] == 1 && ready["status"] == "degraded" && ready["lag_events"] == 0)
            .then_some(())
    });
    is_read_as_it_is(&day, &ben);
    assert_eq!(day.database().disposition(&ben), None, "the control: it is refused");

    day.restarts();
    is_read_as_it_is(&day, &ben);
    day.until("it is refused again", |day| (day.get("/readyz").json()["parked_calls"] == 1).then_some(()));
    is_read_as_it_is(&day, &ben);

    takes(&day, &beneath, kind);
    day.restarts();
    is_well(&day);
    for (call, (number, said)) in [&ann, &ben, &eve].into_iter().zip(people) {
        day.until("the database has it", |day| day.database().disposition(call));
        assert_eq!(day.database().answers(call), said);
        let events = day.get(&format!("/api/calls/{call}/events")).json()["events"].as_array().unwrap().len();
        assert_eq!(day.database().rows(call), [format!("1 {events} 3")], "once each");
        assert_eq!(day.dialed(number), 1);
    }
    let listed = day.send(day.ask(reqwest::Method::GET, "/api/suppressions").bearer_auth(KEY)).text();
    assert!(listed.contains("+15550100199"), "{listed}");
}

/// Whoever asks for it gets it whole, database or not.
fn is_read_as_it_is(day: &Day, call: &str) {
    assert_eq!(day.look_at(call)["disposition"], "completed");
    assert_eq!(day.answers(call), ["Ben", "Monday", "yes"]);
    let events = day.get(&format!("/api/calls/{call}/events")).json();
    assert_eq!(events["events"][0]["kind"], "requested", "its history from the beginning: {events}");
    let listed = day.get("/api/calls").json();
    let ids: Vec<_> = listed["calls"].as_array().unwrap().iter().map(|call| &call["id"]).collect();
    assert!(ids.contains(&&json!(call)), "{ids:?}");
}

/// From now on the database takes no call to Ben.
fn refuses(day: &Day, beneath: &Beneath, kind: Kind) {
    match kind {
        Kind::Postgres => drop(
            beneath
                .server()
                .sql(
                    "postgres",
                    "ALTER TABLE calls ADD CONSTRAINT not_ben CHECK (to_number <> '+15550100124')",
                )
                .unwrap(),
        ),
        _ => day.database().is_told(
            "CREATE TRIGGER not_ben BEFORE INSERT ON calls WHEN NEW.to_number = '+15550100124' \
             BEGIN SELECT RAISE(ABORT, 'not him'); END",
        ),
    }
}

/// It takes him again.
fn takes(day: &Day, beneath: &Beneath, kind: Kind) {
    match kind {
        Kind::Postgres => {
            drop(beneath.server().sql("postgres", "ALTER TABLE calls DROP CONSTRAINT not_ben").unwrap());
        }
        _ => day.database().is_told("DROP TRIGGER not_ben"),
    }
}
