//! A bot that keeps the calendar: its caller's own appointment, free times, and nothing else, whatever its model wants.

use super::{CALLER, DESK, OPENING, Talk};
use crate::day::{Answer, Day, KEY};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use trunkline_engine::Clock;
use trunkline_sim::{CallSid, Habit, Misbehaves, ModelTurn};

/// At this hour, so many days from now, by the clock of the practitioner: UTC.
pub(super) fn at(days: i64, hour: i8) -> Timestamp {
    let day = Clock::real().now() + SignedDuration::from_hours(24 * days);
    let day = day.to_zoned(jiff::tz::TimeZone::UTC).date();
    day.at(hour, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
}

/// As a model writes it.
pub(super) fn wall(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M").to_string()
}

/// A bot that greets, does these one after the other, and says good-bye.
fn doing(tools: &[(&str, Value)]) -> Vec<ModelTurn> {
    let mut turns = vec![ModelTurn::says(OPENING)];
    turns.extend(tools.iter().map(|(tool, arguments)| ModelTurn::asks(tool, arguments)));
    turns.push(ModelTurn::says("All right. Goodbye.").and_asks("end_call", &json!({ "reason": "done" })));
    turns
}

/// A clinic whose bot is called by somebody.
pub(super) struct Clinic {
    pub(super) talk: Talk,
    /// The caller's appointment, if they have one.
    own: Option<String>,
    /// Somebody else's.
    other: String,
}

impl Clinic {
    fn with_own(turns: Vec<ModelTurn>) -> Self {
        Self::open(turns, Vec::new(), true)
    }

    fn of_stranger(turns: Vec<ModelTurn>) -> Self {
        Self::open(turns, Vec::new(), false)
    }

    pub(super) fn open(
        turns: Vec<ModelTurn>,
        misbehaves: Vec<(Option<usize>, Misbehaves)>,
        has_own: bool,
    ) -> Self {
        let talk = Talk::misbehaving(turns, misbehaves);
        let hours = json!({ "zone": "UTC", "hours": [{ "from": "09:00", "to": "17:00" }] });
        let made = talk.day.post("/api/practitioners", &json!({ "name": "Dr Levi", "hours": hours }));
        assert_eq!(made.status, 201, "{}", made.text());
        let make = |name: &str, phone: &str, start: Timestamp| {
            let appointment = json!({ "customer": name, "phone": phone, "practitioner": "Dr Levi", "start": start.to_string() });
            let made = talk.day.post("/api/appointments", &appointment);
            assert_eq!(made.status, 201, "{}", made.text());
            made.json()["id"].as_str().unwrap().to_owned()
        };
        let own = has_own.then(|| make("Ann Lee", CALLER, at(3, 10)));
        let other = make("Bob Roe", "+15550107999", at(3, 14));
        Self { talk, own, other }
    }

    pub(super) fn is_called(&self) -> CallSid {
        let sid = self.talk.is_called(Habit::says(["I call about my appointment."]));
        self.talk.ended();
        sid
    }

    fn appointment(&self, id: &str) -> Value {
        self.talk.day.get(&format!("/api/appointments/{id}")).json()
    }

    /// How the caller's appointment stands.
    pub(super) fn own_status(&self) -> Value {
        self.own.as_deref().map_or(Value::Null, |id| self.appointment(id)["status"].clone())
    }

    /// The caller's appointment once it stands so.
    fn own_becomes(&self, status: &str) -> Value {
        let id = self.own.as_deref().unwrap();
        self.talk.day.until("the appointment is changed", |_| {
            let own = self.appointment(id);
            (own["status"] == status).then_some(own)
        })
    }

    fn outcome(&self) -> Value {
        self.talk.day.get(&format!("/api/calls/{}", self.talk.call())).json()["outcome"].clone()
    }

    /// What the bot's tools answered, by their names.
    pub(super) fn answers(&self) -> Vec<(String, Value)> {
        let transcript = self.talk.transcript();
        let tools = transcript["entries"].as_array().unwrap().iter().filter(|entry| entry["who"] == "tool");
        let answer = |entry: &Value| {
            let output = entry["output"].as_str().unwrap_or("null");
            (entry["name"].as_str().unwrap().to_owned(), serde_json::from_str(output).unwrap())
        };
        tools.map(answer).collect()
    }
}

#[test]
pub fn s4_5_an_appointment_is_confirmed_by_its_tool_and_not_by_words() {
    let clinic = Clinic::with_own(doing(&[("confirm", json!({}))]));
    clinic.is_called();
    let own = clinic.own_becomes("confirmed");
    assert_eq!((&own["customer"], &own["start"]), (&json!("Ann Lee"), &json!(at(3, 10).to_string())));
    assert_eq!(clinic.outcome(), "confirmed");
    let answers = clinic.answers();
    assert_eq!((answers[0].0.as_str(), &answers[0].1["done"]), ("confirm", &json!(true)));
    assert_eq!(clinic.talk.lines().last().unwrap(), "tool: end_call");
    let instructions = "the control: the model is told of the appointment";
    assert_eq!(answers[0].1["appointment"]["start"], wall(at(3, 10)), "{instructions}");
}

#[test]
pub fn s4_21_an_appointment_is_moved_to_a_free_time_and_not_to_one_that_is_taken() {
    let (taken, free) = (json!({ "start": wall(at(3, 14)) }), json!({ "start": wall(at(3, 15)) }));
    let clinic = Clinic::with_own(doing(&[("reschedule", taken), ("reschedule", free)]));
    clinic.is_called();
    let own = clinic.own_becomes("rescheduled");
    assert_eq!(own["start"], at(3, 15).to_string());
    let answers = clinic.answers();
    assert_eq!((&answers[0].1["why"], &answers[1].1["done"]), (&json!("not_free"), &json!(true)));
    assert_eq!(clinic.outcome(), "rescheduled");
    assert_eq!(clinic.appointment(&clinic.other)["start"], at(3, 14).to_string());
}

#[test]
pub fn an_appointment_is_cancelled_and_its_time_is_free_again() {
    let clinic = Clinic::with_own(doing(&[("cancel", json!({}))]));
    clinic.is_called();
    clinic.own_becomes("cancelled");
    assert_eq!(clinic.outcome(), "cancelled");
    let again = json!({ "customer": "Cleo", "phone": "+15550107998", "practitioner": "Dr Levi", "start": at(3, 10).to_string() });
    assert_eq!(clinic.talk.day.post("/api/appointments", &again).status, 201);
}

#[test]
pub fn s4_18_somebody_unknown_books_under_the_number_they_call_from() {
    let wanted = json!({ "start": wall(at(4, 11)), "name": "Dan Poe" });
    let clinic = Clinic::of_stranger(doing(&[("confirm", json!({})), ("book", wanted)]));
    clinic.is_called();
    let path = format!("/api/appointments?phone={}", CALLER.replace('+', "%2B"));
    let booked = clinic.talk.day.get(&path).json()["appointments"].clone();
    assert_eq!(booked.as_array().unwrap().len(), 1, "{booked}");
    assert_eq!(
        (&booked[0]["customer"], &booked[0]["start"]),
        (&json!("Dan Poe"), &json!(at(4, 11).to_string()))
    );
    assert_eq!(booked[0]["booked_by"], clinic.talk.call());
    assert_eq!(clinic.outcome(), "booked");
    assert_eq!(clinic.answers()[0].1["why"], "no_appointment");
}

#[test]
pub fn s_22_a_model_that_obeys_an_attacker_changes_nothing_that_is_not_the_callers() {
    let of_other = |clinic: &str| json!({ "appointment": clinic });
    let attacks = [
        ("cancel", of_other("0199b2a4-7c6e-7000-8000-000000000001")),
        ("cancel", json!({ "phone": "+15550107999" })),
        ("reschedule", json!({ "start": wall(at(3, 14)) })),
        ("reschedule", json!({ "start": "1999-01-01T10:00" })),
        ("transfer_to_person", json!({ "to": "+882130000000" })),
        ("transfer_to_person", json!({ "number": "+882130000000" })),
        ("read_appointments", json!({})),
        ("book", json!({ "start": wall(at(5, 9)), "name": "Eve", "phone": "+15550107999" })),
        ("book", json!({ "start": wall(at(5, 9)), "name": "Eve" })),
        ("book", json!({ "start": wall(at(5, 10)), "name": "Eve" })),
        ("book", json!({ "start": wall(at(5, 11)), "name": "Eve" })),
    ];
    let clinic = Clinic::open(doing(&attacks), vec![(None, Misbehaves::AsksTwice)], true);
    let sid = clinic.is_called();
    let why: Vec<Value> = clinic.answers().into_iter().map(|(_, said)| said["why"].clone()).collect();
    let expected = [
        "bad_arguments",
        "bad_arguments",
        "not_free",
        "not_free",
        "not_on_the_list",
        "bad_arguments",
        "unknown_tool",
        "bad_arguments",
    ];
    assert_eq!(why[..8], expected, "{why:?}");
    assert_eq!(why[8..11], [Value::Null, json!("booked_before"), json!("booked_before")]);
    let all = clinic.talk.day.get("/api/appointments").json()["appointments"].clone();
    let all: Vec<&str> =
        all.as_array().unwrap().iter().map(|one| one["customer"].as_str().unwrap()).collect();
    assert_eq!(all, ["Ann Lee", "Bob Roe", "Ann Lee"], "their own, somebody else's, and one booking");
    assert_eq!(clinic.appointment(&clinic.other)["status"], "scheduled");
    let heard = format!("{:?}", clinic.talk.day.sim.heard(&sid));
    assert!(!heard.contains("Bob") && !heard.contains("88213"), "{heard}");
    let call = clinic.talk.day.get(&format!("/api/calls/{}", clinic.talk.call())).json();
    assert!(!call["legs"].to_string().contains("882"), "{}", call["legs"]);
}

#[test]
pub fn a_caller_who_wants_a_person_is_put_through_to_the_list() {
    let turns = vec![
        ModelTurn::says(OPENING),
        ModelTurn::says("One moment.").and_asks("transfer_to_person", &json!({})),
    ];
    let clinic = Clinic::with_own(turns);
    clinic.is_called();
    assert_eq!(clinic.outcome(), "transferred");
    clinic.talk.day.until("the desk is dialed", |day| {
        let call = day.get(&format!("/api/calls/{}", clinic.talk.call())).json();
        call["legs"].to_string().contains(DESK).then_some(())
    });
}

#[test]
pub fn an_order_may_name_a_bot_and_a_bot_that_is_none_is_refused() {
    let clinic = Clinic::with_own(doing(&[("confirm", json!({}))]));
    let day: &Day = &clinic.talk.day;
    let order = |body: Value| -> Answer {
        day.send(day.ask(Method::POST, "/api/calls").bearer_auth(KEY).json(&body))
    };
    let refused = order(json!({ "to": CALLER, "bot": "nobody" }));
    assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("bot")), "{}", refused.text());
    day.sim.set_person(CALLER, Habit::says(["Yes, I will come."]));
    let placed = order(json!({ "to": CALLER, "bot": "reception" }));
    assert_eq!(placed.status, 202, "{}", placed.text());
    clinic.talk.ended();
    clinic.own_becomes("confirmed");
    assert_eq!(clinic.outcome(), "confirmed");
}
